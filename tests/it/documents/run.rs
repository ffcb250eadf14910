//! What the documents tell the reader to type is typed, block after block, in a folder like the reader's.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{DOCUMENTS, blocks, fences};
use crate::support::{
    cluster::{Cluster, succeed},
    program::pgdrill,
    receiver::Receiver,
    s3::{ACCESS_KEY, S3Server, SECRET},
};

/// The documents with commands; the Japanese README holds those of the other, which is tested elsewhere.
const TYPED: [&str; 4] = [
    "README.md",
    ".github/RUNBOOKS.md",
    ".github/TELLING.md",
    ".github/WATCHING.md",
];

/// What the README's first plan asks for.
const SOURCE: &[u8] = b"create database shop;
\\c shop
create table users (id int primary key, email text not null unique);
insert into users select n, 'reader' || n || '@example.com' from generate_series(1, 6000) n;
create table orders (id int primary key, user_id int not null references users, created_at timestamptz not null);
insert into orders select n, n, now() - interval '1 hour' from generate_series(1, 500) n;
create table ledger (id int primary key, debit numeric not null, credit numeric not null);
insert into ledger select n, n, n from generate_series(1, 100) n;
create role shop login;
";

/// A server answers for as long as it is left alone: here it is told to end once it listens. `cargo` builds what is built
/// already, and tests what is being tested: its own two lines are the gate's.
const PROGRAMS: [(&str, &str); 2] = [
    (
        "pgdrill",
        "#!/bin/bash
if [ \"$1\" != serve ]; then exec \"$REAL\" \"$@\"; fi
[[ $* == *--listen* ]] || set -- \"$@\" --listen 127.0.0.1:0
# Of the one before it.
rm -f served
\"$REAL\" \"$@\" 2>served & server=$!
until grep -qs '^listening on ' served; do
  kill -0 $server 2>/dev/null || { cat served >&2; exit 1; }
  sleep 0.1
done
kill -TERM $server
wait $server
",
    ),
    (
        "cargo",
        "#!/bin/bash
case $* in
  'run --release -- demo') exec pgdrill demo ;;
  'test' | 'install --locked --path .') ;;
  *) exit 1 ;;
esac
",
    ),
];

/// A folder with a plan in `checks/`, a source database, and a bucket with its dumps.
struct Place {
    folder: TempDir,
    source: Cluster,
    bucket: S3Server,
}

impl Place {
    async fn new() -> Option<Self> {
        let source = Cluster::start()?;
        source.psql("postgres", SOURCE);
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            source,
            bucket: S3Server::start().await,
        };
        place.fill();
        Some(place)
    }

    fn fill(&self) {
        let before = self.source.dump(&["-Fc", "shop"]);
        let more = b"insert into ledger select n, 7, 7 from generate_series(101, 200) n";
        self.source.psql("shop", more);
        let dump = self.source.dump(&["-Fc", "shop"]);
        for folder in ["db", "db-backups"] {
            for (name, bytes, age) in [
                ("shop-1.dump", &before, 90_000),
                ("shop-2.dump", &dump, 3_600),
            ] {
                let key = format!("../my-backups/{folder}/{name}");
                self.bucket.put(&key, bytes, age);
            }
        }
        self.bucket.put("shop.dump", &dump, 3_600);
        for folder in ["checks", "backups", "bin"] {
            fs::create_dir(self.path(folder)).unwrap();
        }
        fs::write(self.path("shop.dump"), &dump).unwrap();
        let readme = fs::read_to_string("README.md").unwrap();
        let plan = blocks(&readme, "yaml").remove(0);
        let more = "history: ../history\nsandbox: { provider: local }\n";
        fs::write(self.path("checks/shop.yaml"), plan + more).unwrap();
        for (name, text) in PROGRAMS {
            let file = self.path("bin").join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(file, PermissionsExt::from_mode(0o755)).unwrap();
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The block with this folder, these servers and free ports in the place of the reader's.
    fn here(&self, block: &str) -> String {
        let folder = self.folder.path().display();
        let waits = "pgdrill manifest \"$DSN\" --snapshot --dump /backups/shop.dump\n";
        let dumps =
            "coproc held { pgdrill manifest \"$DSN\" --snapshot --dump /backups/shop.dump; }
read -r -u \"${held[0]}\" name
pg_dump -Fc --snapshot=\"$name\" -f /backups/shop.dump shop
ended=$held_PID
exec {held[1]}>&-
wait \"$ended\"\n";
        let replaced = [
            (waits, dumps),
            ("ID=… ", &format!("ID={ACCESS_KEY} ")),
            ("KEY=… ", &format!("KEY={SECRET} ")),
            ("postgres://backup@db.example.com/shop", "\"$DSN\""),
            (" /backups/", &format!(" {folder}/backups/")),
            ("/etc/pgdrill/", &format!("{folder}/checks/")),
            (" -h old.example.com", ""),
            ("/etc/prometheus/", &format!("{folder}/")),
            (":8080", ":0"),
        ];
        let text = block.to_owned();
        replaced
            .iter()
            .fold(text, |text, (theirs, ours)| text.replace(theirs, ours))
    }

    fn run(&self, language: &str, block: &str) {
        if language == "sql" {
            self.source.psql("postgres", block.as_bytes());
            return;
        }
        let script = self.path("script");
        fs::write(&script, self.here(block)).unwrap();
        let mut shell = Command::new("bash");
        if block.starts_with("#!/bin/sh\n") {
            shell = Command::new("sh");
        } else {
            shell.args(["-euo", "pipefail"]);
        }
        self.prepare(shell.arg(script));
        let output = shell.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            output.status.success(),
            "{block}: {}: {said}",
            output.status
        );
    }

    /// Nothing of the tester's environment but the path, with PostgreSQL's programs and ours before it.
    fn prepare(&self, shell: &mut Command) {
        let postgres = self.source.client("psql");
        let bin = Path::new(postgres.get_program()).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", self.path("bin").display(), bin.display());
        let socket = self.source.socket().display().to_string();
        shell
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", "/nonexistent")
            .env("REAL", env!("CARGO_BIN_EXE_pgdrill"))
            .env("DSN", format!("host={socket} user=postgres dbname=shop"))
            .envs([("PGHOST", socket.as_str()), ("PGUSER", "postgres")])
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_ENDPOINT_URL", &self.bucket.endpoint)
            .env("S3_ENDPOINT", &self.bucket.endpoint)
            .env("PGDRILL_ADMIN_KEY", "a key of thirty-two letters or so");
    }
}

/// Types what a document shows, after these lines; returns how many blocks there were.
async fn types(document: &'static str, first: &str) -> Option<usize> {
    let place = Place::new().await?;
    let text = fs::read_to_string(document).unwrap();
    let typed: Vec<_> = fences(&format!("```sh\n{first}\n```\n{text}"))
        .into_iter()
        .filter(|(language, _)| ["sh", "sql"].contains(&language.as_str()))
        .collect();
    let count = typed.len();
    let run = move || {
        for (language, block) in typed {
            place.run(&language, &block);
        }
    };
    tokio::task::spawn_blocking(run).await.unwrap();
    Some(count)
}

async fn all_of(document: &'static str, least: usize) {
    let typed = types(document, "pgdrill verify checks/shop.yaml").await;
    assert!(typed.is_none_or(|typed| typed > least), "{typed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_can_be_followed() {
    all_of("README.md", 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runbooks_can_be_followed() {
    all_of(".github/RUNBOOKS.md", 13).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_telling_can_be_followed() {
    all_of(".github/TELLING.md", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_watching_can_be_followed() {
    all_of(".github/WATCHING.md", 4).await;
}

#[test]
fn no_other_document_has_commands_and_what_stands_for_cargo_is_run_by_the_gate() {
    for document in DOCUMENTS {
        let text = fs::read_to_string(document).unwrap();
        let mut languages = fences(&text).into_iter().map(|(language, _)| language);
        let typed = TYPED.contains(&document) || document == "README.ja.md";
        let shell =
            languages.any(|language| ["sh", "bash", "console", ""].contains(&language.as_str()));
        assert!(typed || !shell, "{document} shows commands");
    }
    let gate = fs::read_to_string(".ci/run").unwrap();
    for line in [
        "cargo test --locked\n",
        "cargo install --locked ",
        "cargo run --locked --quiet -- demo\n",
    ] {
        assert!(gate.contains(line), "the gate does not run {line}");
    }
}

/// The function that the page shows, asked about a real message.
const ASK: &str = "
import hashlib, hmac, json, sys, time
exec(open('shown.py').read())
headers, body = json.load(open('headers.json')), open('body', 'rb').read()
assert is_ours(headers, body, b'planted-hmac')
assert not is_ours(headers, body, b'another')
assert not is_ours(headers, body + b' ', b'planted-hmac')
headers['X-Pgdrill-Timestamp'] = str(int(headers['X-Pgdrill-Timestamp']) - 301)
assert not is_ours(headers, body, b'planted-hmac')
";

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_can_be_checked_as_the_page_about_telling_shows() {
    let page = fs::read_to_string(".github/TELLING.md").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("shown.py"), &blocks(&page, "python")[0]).unwrap();
    let plan = "version: 1\nbackup: { url: ./nothing }\nnotify:\n  allow_private: true\n  webhook:\n    url: ${HOOK}\n    secret: ${KEY}\n";
    fs::write(path("plan.yaml"), plan).unwrap();
    let receiver = Receiver::start(vec![]).await;
    let mut told = pgdrill(&["health"]);
    told.arg(path("plan.yaml"))
        .env("HOOK", receiver.url("/hook"))
        .env("KEY", "planted-hmac");
    tokio::task::spawn_blocking(move || told.output().unwrap())
        .await
        .unwrap();
    let got = receiver.take("/hook").remove(0);
    let headers = ["X-Pgdrill-Timestamp", "X-Pgdrill-Signature"]
        .map(|name| (name, got.header(&name.to_lowercase()).to_owned()));
    let headers: std::collections::BTreeMap<_, _> = headers.into();
    fs::write(
        path("headers.json"),
        serde_json::to_string(&headers).unwrap(),
    )
    .unwrap();
    fs::write(path("body"), got.body).unwrap();
    let mut python = Command::new("python3");
    succeed(python.args(["-c", ASK]).current_dir(folder.path()));
}
