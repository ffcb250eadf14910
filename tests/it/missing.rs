//! Everything that a dump holds is missed, by its name, when the restored database does not have it.

use std::{fs, io::Cursor, sync::Arc};

use pgdrill::{
    dump::{self, Contents, Opened, Piece, Script},
    proof::{self, Ahead, Compared},
};
use tokio_postgres::{Client, Config, NoTls};

use super::support::{cluster::Cluster, shown::Shown};

/// What is done to a restored database, and what must be told of it: the message of a finding, or how it begins.
const LOSSES: &[(&str, &str)] = &[
    // Objects.
    (
        "DROP TABLE public.empty",
        "the table \"public.empty\" is missing",
    ),
    ("DROP VIEW public.seen", "2 objects of the dump are missing"),
    (
        "DROP MATERIALIZED VIEW public.counted",
        "2 objects of the dump are missing",
    ),
    (
        "DROP INDEX public.\"lines Kind\"",
        "the index \"public.lines Kind\" is missing",
    ),
    (
        "ALTER TABLE public.instants DROP CONSTRAINT instants_pkey",
        "the constraint \"public.instants instants_pkey\" is missing",
    ),
    (
        "ALTER TABLE public.lines DROP CONSTRAINT later",
        "the constraint \"public.lines later\" is missing",
    ),
    (
        "ALTER TABLE public.lines DROP CONSTRAINT lines_item_fkey",
        "the constraint \"public.lines lines_item_fkey\" is missing",
    ),
    (
        "ALTER TABLE public.lines DROP CONSTRAINT lines_item_fkey; ALTER TABLE public.lines ADD CONSTRAINT \
         lines_item_fkey FOREIGN KEY (item) REFERENCES \"Sales\".\"T able\" (id) NOT VALID",
        "the constraint \"public.lines lines_item_fkey\" is not valid, validated or populated",
    ),
    (
        "DROP TRIGGER touched ON public.lines",
        "the trigger \"public.lines touched\" is missing",
    ),
    (
        "DROP FUNCTION \"Sales\".sum_of(int, public.positive[])",
        "the function \"Sales.sum_of",
    ),
    (
        "DROP PROCEDURE public.work(int)",
        "the procedure \"public.work",
    ),
    (
        "DROP AGGREGATE public.total(int)",
        "the aggregate \"public.total",
    ),
    (
        "DROP POLICY mine ON public.lines",
        "the policy \"public.lines mine\" is missing",
    ),
    (
        "ALTER TABLE public.lines DISABLE ROW LEVEL SECURITY",
        "the row security \"public.lines\" is missing",
    ),
    (
        "DROP SEQUENCE public.unused",
        "the sequence \"public.unused\" is missing",
    ),
    (
        "DROP EXTENSION hstore CASCADE; ALTER TABLE \"Sales\".\"T able\" ADD COLUMN tags text",
        "the extension \"hstore\" is missing",
    ),
    (
        "DROP TYPE public.mood CASCADE; ALTER TABLE \"Sales\".\"T able\" ADD COLUMN mood text",
        "the type \"public.mood\" is missing",
    ),
    (
        "DROP RULE hidden ON public.seen",
        "the rule \"public.seen hidden\" is missing",
    ),
    (
        "DROP STATISTICS public.both",
        "the statistics \"public.both\" is missing",
    ),
    (
        "DROP EVENT TRIGGER noticed",
        "the event trigger \"noticed\" is missing",
    ),
    ("DROP PUBLICATION told", "2 objects of the dump are missing"),
    (
        "DROP FOREIGN TABLE public.elsewhere",
        "the foreign table \"public.elsewhere\" is missing",
    ),
    (
        "DROP COLLATION public.plain",
        "the collation \"public.plain\" is missing",
    ),
    (
        "DROP OPERATOR public.=+= (int, int)",
        "the operator \"public.=+=\" is missing",
    ),
    (
        "DROP CAST (public.pair AS int)",
        "the cast \"CAST (public.pair AS integer)\" is missing",
    ),
    (
        "ALTER TABLE public.cut DETACH PARTITION public.cut_2",
        "2 objects of the dump are missing",
    ),
    (
        "ALTER TABLE public.instants ALTER id DROP DEFAULT",
        "the default \"public.instants id\" is missing",
    ),
    (
        "UPDATE pg_catalog.pg_class SET relispopulated = false WHERE relname = 'counted'",
        "the materialized view data \"public.counted\" is not valid, validated or populated",
    ),
    // Owners.
    (
        "ALTER TABLE public.lines OWNER TO postgres",
        // Its sequence goes with it.
        "2 objects do not belong to whom the dump says",
    ),
    // Privileges.
    (
        "REVOKE SELECT ON public.lines FROM reader; GRANT SELECT (id) ON public.lines TO reader",
        "the privilege on the relation \"public.lines\" (SELECT for reader) is missing",
    ),
    (
        "REVOKE UPDATE (kind) ON public.lines FROM reader",
        "the privilege on the column \"public.lines.kind\" (UPDATE for reader) is missing",
    ),
    (
        "REVOKE INSERT ON public.lines FROM PUBLIC; SET SESSION AUTHORIZATION reader; REVOKE INSERT ON public.lines \
         FROM PUBLIC; RESET SESSION AUTHORIZATION",
        "the privilege on the relation \"public.lines\" (INSERT for public) is missing",
    ),
    (
        "GRANT DELETE ON public.lines TO shop_owner",
        "the privilege on the relation \"public.lines\" (DELETE for shop_owner) is there, and the dump takes it away",
    ),
    (
        "REVOKE USAGE ON SCHEMA \"Sales\" FROM reader",
        "the privilege on the schema \"Sales\" (USAGE for reader) is missing",
    ),
    (
        "REVOKE USAGE ON SEQUENCE public.unused FROM reader",
        "the privilege on the sequence \"public.unused\" (USAGE for reader) is missing",
    ),
    (
        "REVOKE ALL ON TYPE public.mood FROM reader",
        "the privilege on the type \"public.mood\" (USAGE for reader) is missing",
    ),
    (
        "GRANT ALL ON PROCEDURE public.work(int) TO PUBLIC",
        "the privilege on the routine \"public.work\" (EXECUTE for public) is there, and the dump takes it away",
    ),
    (
        "UPDATE pg_catalog.pg_proc SET proacl = NULL WHERE proname = 'work'",
        "the privilege on the routine \"public.work\" (EXECUTE for public) is there, and the dump takes it away",
    ),
    (
        "REVOKE ALL ON FUNCTION \"Sales\".sum_of(int, public.positive[]) FROM reader",
        "the privilege on the routine \"Sales.sum_of\" (EXECUTE for reader) is missing",
    ),
    (
        "REVOKE ALL ON FUNCTION public.touch(int) FROM reader",
        "the privilege on the routine \"public.touch(integer)\" (EXECUTE for reader) is missing",
    ),
    (
        "GRANT ALL ON FUNCTION public.touch() TO PUBLIC",
        "the privilege on the routine \"public.touch()\" (EXECUTE for public) is there, and the dump takes it away",
    ),
    (
        "REVOKE ALL ON FOREIGN DATA WRAPPER nothing FROM reader",
        "the privilege on the foreign-data wrapper \"nothing\" (USAGE for reader) is missing",
    ),
    (
        "REVOKE ALL ON FOREIGN SERVER away FROM reader",
        "the privilege on the server \"away\" (USAGE for reader) is missing",
    ),
    (
        "REVOKE ALL ON LARGE OBJECT 70001 FROM reader",
        "the privilege on the large object \"70001\" (SELECT for reader) is missing",
    ),
    (
        "REVOKE ALL ON public.seen FROM PUBLIC",
        "the privilege on the relation \"public.seen\" (SELECT for public) is missing",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public REVOKE ALL ON TABLES FROM reader",
        "the privilege on the default privileges \"shop_owner for every relation in public\" (SELECT for reader) is missing",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        "the privilege on the default privileges \"shop_owner for every routine\" (EXECUTE for public) is there, and the \
         dump takes it away",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner REVOKE ALL ON SCHEMAS FROM reader",
        "the privilege on the default privileges \"shop_owner for every schema\" (USAGE for reader) is missing",
    ),
    // Comments.
    (
        "COMMENT ON TABLE public.lines IS NULL",
        "the comment on the relation \"public.lines\" is missing",
    ),
    (
        "COMMENT ON TABLE public.lines IS 'others'",
        "the comment on the relation \"public.lines\" has other words than in the dump",
    ),
    (
        "COMMENT ON COLUMN \"Sales\".\"T able\".note IS E'a \\\\ and 日木'",
        "the comment on the column \"Sales.T able.note\" has other words than in the dump",
    ),
    (
        "COMMENT ON FUNCTION public.touch(int) IS NULL",
        "the comment on the routine \"public.touch\" is missing",
    ),
    (
        "COMMENT ON CONSTRAINT positive_check ON DOMAIN public.positive IS NULL",
        "the comment on the constraint \"positive_check on public.positive\" is missing",
    ),
    (
        "COMMENT ON TRIGGER touched ON public.lines IS NULL",
        "the comment on the trigger \"touched on public.lines\" is missing",
    ),
    (
        "COMMENT ON OPERATOR public.=+= (int, int) IS NULL",
        "the comment on the operator \"public.=+=(integer,integer)\" is missing",
    ),
    (
        "COMMENT ON CAST (public.pair AS int) IS NULL",
        "the comment on the cast \"(public.pair as integer)\" is missing",
    ),
    (
        "COMMENT ON TYPE public.pair IS NULL",
        "the comment on the type \"public.pair\" is missing",
    ),
    (
        "COMMENT ON LARGE OBJECT 70001 IS NULL",
        "the comment on the large object \"70001\" is missing",
    ),
    // Labels.
    (
        "DELETE FROM pg_catalog.pg_seclabel WHERE objsubid = 1",
        "the security label of anon on the column \"public.lines.id\" is missing",
    ),
    (
        "UPDATE pg_catalog.pg_seclabel SET label = 'x' WHERE objsubid = 0",
        "the security label of anon on the relation \"public.lines\" has other words than in the dump",
    ),
    // Last: no transaction takes it back.
    (
        "SELECT setval('public.down', -100)",
        "the sequence \"public.down\" does not have the value that the dump sets",
    ),
];

/// No provider of labels comes with PostgreSQL: a superuser writes them into the catalogue.
const LABELS: &str = "SET allow_system_table_mods = on;
    INSERT INTO pg_catalog.pg_seclabel SELECT 'public.lines'::regclass, 'pg_class'::regclass, n, 'anon', 'MASKED ' || n
    FROM generate_series(0, 1) n;";

fn server() -> Option<Cluster> {
    let server = Cluster::start()?;
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", &fs::read("tests/it/complete.sql").unwrap());
    server.psql("shop", LABELS.as_bytes());
    Some(server)
}

pub(crate) async fn client(server: &Cluster, database: &str) -> Client {
    let mut config = Config::new();
    config
        .host_path(server.socket())
        .user("postgres")
        .dbname(database);
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A dump, and what follows from its bytes.
struct Read {
    contents: Contents,
    expected: proof::Expected,
    ledger: dump::Ledger,
}

fn read(bytes: &[u8]) -> Read {
    let shown = Arc::new(Shown::default());
    match dump::open_shown(Cursor::new(bytes.to_vec()), shown.clone()).unwrap() {
        Opened::Archive(contents, bytes) => Read {
            expected: proof::expected(&contents),
            ledger: shown.ledger(&contents, bytes),
            contents,
        },
        Opened::Script(contents, bytes) => {
            let seen = Script::new(bytes).find_map(|piece| match piece.unwrap() {
                Piece::Seen(seen) => Some(*seen),
                _ => None,
            });
            let seen = seen.unwrap();
            Read {
                expected: proof::expected_of_script(&seen, None),
                ledger: seen.ledger,
                contents,
            }
        }
        Opened::Wrapped(..) => unreachable!("no such dump is taken here"),
    }
}

/// Compares a database to which this was done; it is as before afterwards, but for the values of sequences.
async fn compare(server: &Cluster, lost: &str, read: &Read) -> Compared {
    let dump = proof::Dump {
        contents: read.contents.clone(),
        expected: read.expected.clone(),
        ledger: read.ledger.clone(),
        refused: Vec::new(),
    };
    let client = client(server, "shop").await;
    let sql = format!("BEGIN; SET LOCAL allow_system_table_mods = on; {lost}");
    client.batch_execute(&sql).await.unwrap();
    // The connection ends with its transaction.
    proof::compare(&dump, vec![client.into()], Ahead::default())
        .await
        .unwrap()
}

/// Losses that were not told, with what was told of them.
async fn untold(server: &Cluster, read: &Read, losses: &[(&str, &str)]) -> Vec<String> {
    let mut untold = Vec::new();
    for (sql, told) in losses {
        let compared = compare(server, sql, read).await;
        let messages: Vec<_> = compared.findings.iter().map(|f| &f.message).collect();
        let named = messages.iter().any(|message| message.starts_with(told));
        if !named || compared.complete {
            untold.push(format!(
                "{sql}\n  should tell: {told}\n  tells: {messages:?}"
            ));
        }
    }
    untold
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_gone_after_a_restore_is_named() {
    let Some(server) = server() else {
        return;
    };
    let read = read(&server.dump(&["-Fc", "shop"]));
    // The labels are in the source, which is what a restore with their provider gives.
    let whole = compare(&server, "", &read).await;
    assert!(whole.complete && whole.findings.is_empty(), "{whole:?}");
    assert_eq!(whole.objects_expected, whole.objects_found);
    assert_eq!(whole.notes, [""; 0]);
    let untold = untold(&server, &read, LOSSES).await;
    assert!(untold.is_empty(), "{}", untold.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_told_once_and_nothing_else_with_it() {
    let Some(server) = server() else {
        return;
    };
    let read = read(&server.dump(&["-Fc", "shop"]));
    // It has a comment, privileges, a rule with a comment, and no rows of its own.
    let compared = compare(&server, "DROP VIEW public.seen", &read).await;
    let told: Vec<_> = compared
        .findings
        .iter()
        .map(|f| f.message.as_str())
        .collect();
    assert_eq!(told, ["2 objects of the dump are missing"]);
    let detail = compared.findings[0].detail.as_deref().unwrap();
    assert!(detail.contains("view \"public.seen\""), "{detail}");
    assert!(detail.contains("rule \"public.seen hidden\""), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_compared_as_far_as_its_statements_tell() {
    let Some(server) = server() else {
        return;
    };
    let read = read(&server.dump(&["-Fp", "shop"]));
    let whole = compare(&server, "", &read).await;
    assert!(whole.complete && whole.findings.is_empty(), "{whole:?}");
    // Kinds that a script's reader does not follow.
    let unseen = [
        "ROW LEVEL SECURITY",
        "DROP RULE",
        "DROP STATISTICS",
        "DROP PUBLICATION",
        "DROP COLLATION",
        "DROP OPERATOR",
        "DROP CAST",
        "DETACH",
        "DROP DEFAULT",
        "relispopulated",
    ];
    let seen = |(sql, _): &&(&str, &str)| !unseen.iter().any(|part| sql.contains(part));
    let losses = LOSSES.iter().filter(seen);
    // What a script calls an object is told in other words here and there.
    let losses: Vec<_> = losses.map(|&(sql, _)| (sql, "")).collect();
    let untold = untold(&server, &read, &losses).await;
    assert!(untold.is_empty(), "{}", untold.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_without_their_provider_are_counted_and_raise_no_alarm() {
    let Some(server) = server() else {
        return;
    };
    for format in ["-Fc", "-Fp"] {
        let read = read(&server.dump(&[format, "shop"]));
        let compared = compare(&server, "DELETE FROM pg_catalog.pg_seclabel", &read).await;
        assert!(compared.findings.is_empty(), "{:?}", compared.findings);
        let told = "Security labels of a provider that the server does not have: 2 of \"anon\".";
        assert!(
            compared.notes.iter().any(|note| note == told),
            "{:?}",
            compared.notes
        );
    }
}
