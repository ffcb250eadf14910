//! How far a proof goes: every object and every row of a dump is compared with what was restored.

use std::{fs, io::Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::support::{
    cluster::Cluster,
    place::Place,
    program::{assert_found, findings},
};

/// A server that holds what comparing has trouble with.
fn server() -> Option<Cluster> {
    let server = Cluster::start()?;
    server.psql("postgres", b"CREATE DATABASE shop");
    server.psql("shop", &fs::read("tests/it/complete.sql").unwrap());
    Some(server)
}

/// A dump taken in this time zone.
fn dump_in(server: &Cluster, zone: &str, arguments: &[&str]) -> Vec<u8> {
    let mut command = server.client("pg_dump");
    command
        .args(arguments)
        .env("PGTZ", zone)
        .env("PGDATABASE", "shop");
    super::support::cluster::succeed(&mut command).stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn level(report: &Value) -> &str {
    report["proof"]["level"].as_str().unwrap_or("none")
}

fn assert_complete(name: &str, code: i32, report: &Value) {
    let told = findings(report)
        .into_iter()
        .filter(|(_, severity)| severity != "info")
        .count();
    assert_eq!((code, told), (0, 0), "{name}: {}", report["findings"]);
    assert_eq!(level(report), "complete", "{name}: {}", report["proof"]);
    let proof = &report["proof"];
    assert_eq!(
        proof["rows_expected"], proof["rows_found"],
        "{name}: {proof}"
    );
    assert_eq!(proof["objects_expected"], proof["objects_found"], "{name}");
    assert_eq!(proof["large_objects"], 3, "{name}: {proof}");
}

/// The message of the first finding whose code starts so.
fn first<'a>(report: &'a Value, code: &str) -> &'a str {
    let found = report["findings"].as_array().unwrap().iter();
    let mut found = found.filter(|finding| finding["code"].as_str().unwrap().starts_with(code));
    found.next().unwrap()["message"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_dump_is_complete_in_every_format_and_from_every_time_zone() {
    let Some(server) = server() else {
        return;
    };
    for (format, zone, digests) in [
        ("-Fc", "Asia/Tokyo", 9),
        ("-Fc", "UTC", 9),
        ("-Ft", "America/New_York", 9),
        ("-Fp", "Asia/Kathmandu", 9),
        ("-Fc -Z0", "Europe/Dublin", 9),
        ("-Fc --load-via-partition-root", "Asia/Tokyo", 8),
        ("-Fp --load-via-partition-root", "Asia/Tokyo", 8),
    ] {
        let arguments: Vec<_> = format.split(' ').collect();
        let place = Place::new("");
        place.store("shop", &dump_in(&server, zone, &arguments));
        let (code, report) = place.drill("local").await;
        assert_complete(&format!("{format} in {zone}"), code, &report);
        assert_eq!(
            report["proof"]["digests_compared"], digests,
            "{format}: {report}"
        );
        assert_eq!(
            report["proof"]["not_compared"],
            Value::Array(Vec::new()),
            "{format}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_dump_and_rows_as_statements_are_complete() {
    let Some(server) = server() else {
        return;
    };
    for compression in ["-Z0", "-Z6"] {
        let place = Place::new("");
        let folder = place.file("shop");
        let folder = folder.to_str().unwrap();
        dump_in(&server, "Asia/Tokyo", &["-Fd", compression, "-f", folder]);
        let (code, report) = place.drill("local").await;
        assert_complete(compression, code, &report);
    }
    for arguments in [
        &["-Fc", "--inserts"][..],
        &["-Fp", "--rows-per-insert=7", "--column-inserts"],
        &["-Ft", "--rows-per-insert=7"],
    ] {
        let place = Place::new("");
        place.store("shop", &dump_in(&server, "Asia/Tokyo", arguments));
        let (code, report) = place.drill("local").await;
        assert_complete(&arguments.join(" "), code, &report);
        assert_eq!(report["proof"]["digests_compared"], 0, "{report}");
        let not = report["proof"]["not_compared"].as_array().unwrap();
        assert!(
            not.iter().any(|table| table
                .as_str()
                .unwrap()
                .contains("Sales.T able: its rows are INSERT")),
            "{not:?}"
        );
    }
}

/// A dump whose script is changed before it is restored.
async fn changed(from: &str, to: &str, plan: &str) -> Option<(i32, Value)> {
    let server = server()?;
    let script = String::from_utf8(dump_in(&server, "UTC", &["-Fp"])).unwrap();
    assert!(script.contains(from), "{from} is not in the script");
    let place = Place::new(plan);
    place.store(
        "shop.sql.gz",
        &gzip(script.replacen(from, to, 1).as_bytes()),
    );
    Some(place.drill("local").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_script_does_beyond_a_dump_is_told_and_never_complete() {
    let end = "--\n-- PostgreSQL database dump complete";
    let script = format!("UPDATE public.parent SET id = 3;\n\n{end}");
    let Some((code, report)) = changed(end, &script, "").await else {
        return;
    };
    assert_eq!((code, level(&report)), (0, "restored"), "{report}");
    assert!(
        report["proof"]["notes"]
            .to_string()
            .contains("cannot be foretold from its text: UPDATE"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_row_and_a_changed_value_are_noticed() {
    // A trigger of the dump itself loses a row of one table and changes one of another: the tool says nothing.
    let before = "COPY public.lines ";
    let trigger = "CREATE FUNCTION public.eats() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NEW.id = 7 THEN RETURN NULL; END IF; IF NEW.id = 8 THEN NEW.kind = 'z'; END IF; RETURN NEW; END $$;\n\
        CREATE TRIGGER eats BEFORE INSERT ON public.lines FOR EACH ROW EXECUTE FUNCTION public.eats();\n";
    let Some((code, report)) = changed(before, &format!("{trigger}{before}"), "").await else {
        return;
    };
    assert_eq!((code, level(&report)), (1, "restored"), "{report}");
    assert_found(&report, "restore.rows");
    let message = first(&report, "restore.");
    assert_eq!(
        message,
        "the table \"public.lines\" holds other rows than the dump: 199 rows of 200"
    );

    let changes = trigger.replace("RETURN NULL", "NEW.kind = 'y'");
    let Some((code, report)) = changed(before, &format!("{changes}{before}"), "").await else {
        return;
    };
    assert_eq!(code, 1, "{report}");
    let message = first(&report, "restore.");
    assert_eq!(
        message,
        "the table \"public.lines\" holds other rows than the dump: 200 rows, other contents"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_only_the_heading_of_a_script_still_names_is_missed() {
    // The end of a line was lost, so that a comment swallows the statement; and one bit of a name was flipped.
    let index = "CREATE UNIQUE INDEX \"lines Kind\"";
    for (from, to) in [
        (format!("\n--\n\n{index}"), format!("\n-- {index}")),
        (index.to_owned(), index.replace("Kind", "Kine")),
    ] {
        let Some((code, report)) = changed(&from, &to, "").await else {
            return;
        };
        assert_eq!(code, 1, "{report}");
        // Its comment ends the restore, so that it is missed among others.
        let found = report["findings"].as_array().unwrap();
        let mut missing = found.iter().filter(|one| one["code"] == "restore.missing");
        let index = "index \"public.lines Kind\"";
        let named = |finding: &Value| {
            let mut told = [&finding["message"], &finding["detail"]].into_iter();
            told.any(|text| text.as_str().is_some_and(|text| text.contains(index)))
        };
        assert!(missing.any(named), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_whose_error_is_ignored_is_still_missed() {
    let Some(server) = server() else {
        return;
    };
    // A default that only the source can compute: the restore of the index fails.
    server.psql("shop", b"CREATE FUNCTION public.home() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN \
        IF current_database() <> 'shop' THEN RAISE EXCEPTION 'not at home'; END IF; RETURN 'x'; END $$; \
        CREATE INDEX at_home ON public.lines ((kind || public.home()));");
    let ignore =
        "restore:\n  ignore:\n    - { error: 'not at home', reason: known, until: 2099-01-01 }\n";
    let place = Place::new(ignore);
    place.store("shop.dump", &dump_in(&server, "UTC", &["-Fc"]));
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "restored"), "{report}");
    assert_found(&report, "restore.missing");
    let message = first(&report, "restore.");
    assert_eq!(message, "the index \"public.at_home\" is missing");
    let proof = &report["proof"];
    assert_eq!(
        proof["objects_expected"].as_u64().unwrap(),
        proof["objects_found"].as_u64().unwrap() + 1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_beside_the_dump_raises_the_proof_or_fails_the_dump() {
    let Some(server) = server() else {
        return;
    };
    let place = Place::new("");
    let dump = dump_in(&server, "UTC", &["-Fc", "-Z0"]);
    place.store("shop.dump", &dump);
    let (_, report) = place.drill("local").await;
    assert!(
        report["proof"]["notes"]
            .to_string()
            .contains("does not notice a flipped bit"),
        "{report}"
    );

    let digest: String = Sha256::digest(&dump)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    place.store("SHA256SUMS", format!("{digest}  shop.dump\n").as_bytes());
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (0, "transport-proved"), "{report}");

    let other = digest.replace(
        &digest[..1],
        if digest.starts_with('0') { "1" } else { "0" },
    );
    place.store(
        "shop.dump.sha256",
        format!("{other}  shop.dump\n").as_bytes(),
    );
    let (code, report) = place.drill("local").await;
    assert_eq!((code, level(&report)), (1, "complete"), "{report}");
    assert_found(&report, "dump.corrupt");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_and_a_comment_that_are_gone_after_the_restore_fail_it() {
    let end = "--\n-- PostgreSQL database dump complete";
    for (sql, told) in [
        (
            "UPDATE pg_catalog.pg_class SET relacl = NULL WHERE oid = 'public.seen'::regclass",
            "the privilege on the relation \"public.seen\" (SELECT for public) is missing",
        ),
        (
            "DELETE FROM pg_catalog.pg_description WHERE objoid = 'public.seen'::regclass",
            "the comment on the relation \"public.seen\" is missing",
        ),
        (
            "UPDATE pg_catalog.pg_class SET relowner = 'reader'::regrole WHERE oid = 'public.lines'::regclass",
            "the relation \"public.lines\" does not belong to whom the dump says",
        ),
    ] {
        let script = format!("{sql};\n\n{end}");
        let Some((code, report)) = changed(end, &script, "").await else {
            return;
        };
        assert_eq!((code, level(&report)), (1, "restored"), "{sql}: {report}");
        assert_found(&report, "restore.missing");
        let found = report["findings"].to_string();
        assert!(found.contains(&told.replace('"', "\\\"")), "{found}");
    }
}
