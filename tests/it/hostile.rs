//! Dumps that mean harm, drilled by the real program, looked at from outside: no file, no connection, nothing believed.

use std::{
    fs,
    io::Cursor,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use pgdrill::dump::{self, Script};
use serde_json::Value;
use tempfile::TempDir;

use super::support::{
    cluster::{Cluster, installed},
    listener::listener,
    postgres::has_image,
    program::{findings, pgdrill, report, run, verify},
};

/// A folder with a plan, and a file that must never come to be.
struct Trap {
    folder: TempDir,
}

impl Trap {
    fn with(dump: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        fs::write(folder.path().join("backups/shop.dump"), dump).unwrap();
        let plan =
            "version: 1\nname: shop\nbackup:\n  url: ./backups\ndatabase:\n  tables: { min: 1 }\n";
        fs::write(folder.path().join("plan.yaml"), plan).unwrap();
        // Whoever runs the tools could write here.
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(folder.path(), open).unwrap();
        Self { folder }
    }

    fn marker(&self) -> PathBuf {
        self.folder.path().join("marker")
    }

    async fn drill(&self, provider: &str) -> (i32, Value) {
        verify(
            &self.folder.path().join("plan.yaml"),
            &["--sandbox", provider],
        )
        .await
    }
}

fn codes(report: &Value) -> Vec<String> {
    findings(report).into_iter().map(|(code, _)| code).collect()
}

/// Where a hostile line is put, and what goes around it.
fn scripts(marker: &Path) -> Vec<(&'static str, String)> {
    let touch = format!("touch {}", marker.display());
    let head = "--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (id int);\n";
    let end = "--\n-- PostgreSQL database dump complete\n--\n";
    let rows = "COPY public.t (id) FROM stdin;\n1\n\\.\n";
    // The table of these rows cannot be made: an old psql takes them for commands.
    let failed = format!(
        "CREATE TABLE public.bad (id no_such_type);\nCOPY public.bad (id) FROM stdin;\n\\! {touch}\n;copy (select 1) to program '{touch}';\n\\.\n"
    );
    vec![
        ("bare", format!("{head}\\! {touch}\n{rows}{end}")),
        (
            "inside restrict",
            format!("\\restrict k\n{head}\\! {touch}\n{rows}\\unrestrict k\n{end}"),
        ),
        (
            "in unrestrict",
            format!("\\restrict k\n{head}{rows}\\unrestrict `{touch}`\n\\! {touch}\n{end}"),
        ),
        (
            "behind a statement",
            format!("{head}{rows}SELECT 1 \\g | {touch}\n{end}"),
        ),
        (
            "in a name",
            format!("{head}-- Name: x\n\\! {touch}\n; Type: TABLE\n{rows}{end}"),
        ),
        (
            "rows of a table that failed",
            format!("{head}{rows}{failed}{end}"),
        ),
        (
            "the same inside restrict",
            format!("\\restrict k\n{head}{rows}{failed}\\unrestrict k\n{end}"),
        ),
        ("include", format!("{head}{rows}\\i /etc/passwd\n{end}")),
        (
            "copy to a program",
            format!("{head}\\copy public.t to program '{touch}'\n{rows}{end}"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_of_psql_in_a_dump_is_ever_run() {
    if Cluster::start().is_none() {
        return;
    }
    let marker = Trap::with(b"").marker();
    for (name, script) in scripts(&marker) {
        let trap = Trap::with(
            script
                .replace(marker.to_str().unwrap(), "MARKER")
                .as_bytes(),
        );
        let path = trap.marker();
        let script = script.replace(marker.to_str().unwrap(), path.to_str().unwrap());
        fs::write(trap.folder.path().join("backups/shop.dump"), script).unwrap();
        let (code, report) = trap.drill("local").await;
        assert!(!path.exists(), "{name}: it ran");
        assert_eq!(
            (code, &report["verdict"]),
            (1, &"failed".into()),
            "{name}: {report}"
        );
        let known = ["dump.corrupt", "restore.failed"];
        assert!(
            codes(&report)
                .iter()
                .any(|code| known.contains(&code.as_str())),
            "{name}: {report}"
        );
    }
}

/// A dump that calls home from wherever a restore computes something.
fn calls_home(port: u16) -> String {
    let home = format!("host=127.0.0.1 port={port} user=x connect_timeout=2");
    format!(
        "--\n-- PostgreSQL database dump\n--\nCREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n\
         CREATE FUNCTION public.home(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ begin \
         begin perform public.dblink_connect('{home}'); exception when others then null; end; return n; end $$;\n\
         CREATE TABLE public.t (id int CHECK (public.home(id) > 0), g int GENERATED ALWAYS AS (public.home(id)) STORED);\n\
         COPY public.t (id) FROM stdin;\n1\n2\n\\.\n\
         CREATE INDEX i ON public.t (public.home(id));\n\
         CREATE MATERIALIZED VIEW public.m AS SELECT public.home(id) FROM public.t WITH NO DATA;\n\
         REFRESH MATERIALIZED VIEW public.m;\n--\n-- PostgreSQL database dump complete\n--\n"
    )
}

async fn nobody_is_called(provider: &str) {
    let (port, count) = listener();
    let trap = Trap::with(calls_home(port).as_bytes());
    let (_, report) = trap.drill(provider).await;
    let notes = report["sandbox"]["notes"].to_string();
    let reached = count.load(Ordering::SeqCst);
    assert!(
        reached == 0 || notes.contains("Egress was not blocked"),
        "{provider}: {reached} connections, and the report says {notes}"
    );
    assert_eq!(
        report["proof"]["rows_found"], 2,
        "the dump did restore: {report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_calls_home_from_the_local_sandbox_reaches_nobody() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let there = cluster.psql(
        "postgres",
        b"select count(*) from pg_available_extensions where name = 'dblink'",
    );
    if there.trim() == "1" {
        nobody_is_called("local").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_a_dump_starts_in_the_container_leave_nothing_here() {
    if !has_image(15) {
        return;
    }
    let trap = Trap::with(b"");
    let marker = trap.marker();
    let script = format!(
        "--\n-- PostgreSQL database dump\n--\n-- Dumped from database version 15.4\n-- Dumped by pg_dump version 15.4\n\
         CREATE TABLE public.t (id int);\nCOPY public.t (id) FROM stdin;\n1\n\\.\n\
         COPY (SELECT 1) TO PROGRAM 'mkdir -p {folder}; touch {file}';\n--\n-- PostgreSQL database dump complete\n--\n",
        folder = trap.folder.path().display(),
        file = marker.display(),
    );
    fs::write(trap.folder.path().join("backups/shop.dump"), script).unwrap();
    let (_, report) = trap.drill("docker").await;
    assert!(!marker.exists(), "{report}");
}

/// A dump whose statement never ends, under limits on the restore.
async fn never_ends(statement: &str, limits: &str) -> (i32, Value) {
    let script = format!(
        "--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (id int);\nCOPY public.t (id) FROM stdin;\n1\n\\.\n\
         {statement};\n--\n-- PostgreSQL database dump complete\n--\n"
    );
    let trap = Trap::with(script.as_bytes());
    let plan = trap.folder.path().join("plan.yaml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, format!("{text}restore: {{ {limits} }}\n")).unwrap();
    trap.drill("local").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_only_waits_is_ended_and_says_so_of_the_backup() {
    if Cluster::start().is_none() {
        return;
    }
    let (code, report) = never_ends("SELECT pg_sleep(86400)", "stall: 2s").await;
    assert_eq!(code, 1, "{report}");
    assert!(
        codes(&report).contains(&"restore.stalled".to_owned()),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_works_for_too_long_says_nothing_of_the_backup() {
    if Cluster::start().is_none() {
        return;
    }
    let busy = "DO $$ begin loop perform 1; end loop; end $$";
    let (code, report) = never_ends(busy, "stall: 1s, wall: 4s").await;
    assert_eq!(code, 3, "{report}");
    assert!(
        codes(&report).contains(&"run.stopped".to_owned()),
        "{report}"
    );
    assert!(
        report["findings"].to_string().contains("restore.wall"),
        "{report}"
    );
}

/// Programs of PostgreSQL whose `pg_restore` starts a child and then hangs, as it does itself; `pids` names both of each.
fn hanging_programs(place: &Path) -> PathBuf {
    let bin = place.join("bin");
    fs::create_dir(&bin).unwrap();
    let real = installed().unwrap();
    for program in fs::read_dir(&real).unwrap().map(Result::unwrap) {
        std::os::unix::fs::symlink(program.path(), bin.join(program.file_name())).unwrap();
    }
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then exec '{}' --version; fi\n\
         sleep 86400 & echo $$ $! >>'{}'\nexec sleep 86400\n",
        real.join("pg_restore").display(),
        place.join("pids").display(),
    );
    let fake = bin.join("pg_restore");
    fs::remove_file(&fake).unwrap();
    fs::write(&fake, script).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    bin
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_hangs_is_ended_with_those_that_it_started() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create table t as select 1 id");
    let trap = Trap::with(&cluster.dump(&["-Fc"]));
    let plan = trap.folder.path().join("plan.yaml");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, format!("{text}restore: {{ stall: 2s }}\n")).unwrap();
    let bin = hanging_programs(trap.folder.path());
    let mut command = pgdrill(&["verify", plan.to_str().unwrap(), "--format", "json"]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    command.args(["--sandbox", "local"]).env("PATH", path);
    let (code, report) = report(&run(command).await);
    assert_eq!(code, 1, "{report}");
    assert!(
        codes(&report).contains(&"restore.stalled".to_owned()),
        "{report}"
    );
    let pids = fs::read_to_string(trap.folder.path().join("pids")).unwrap();
    let pids: Vec<i32> = pids
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 4, "what lists the dump, and what restores it");
    for pid in pids {
        // The kernel ends what was killed in its own time.
        let gone = || !Path::new(&format!("/proc/{pid}")).exists();
        for _ in 0..200 {
            if gone() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(gone(), "process {pid} was left behind");
    }
}

/// Small dumps that fuzzing starts from: none of them, whole or changed in any byte, makes a reader panic.
#[test]
fn the_corpus_of_the_fuzzers_makes_nothing_panic() {
    let mut files = 0;
    for target in ["dump", "toc", "script"] {
        for file in fs::read_dir(Path::new("tests/fuzz/corpus").join(target)).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            files += 1;
            for at in (0..bytes.len()).step_by(37) {
                let mut changed = bytes.clone();
                changed[at] ^= 0x55;
                let _ = dump::scan(Cursor::new(changed.clone()), &dump::nobody());
                let _ = dump::directory(&changed);
                let _ = dump::check_blobs(&changed);
                let _ = Script::new(&changed[..]).take_while(Result::is_ok).count();
            }
        }
    }
    assert!(files > 10, "{files} files");
}
