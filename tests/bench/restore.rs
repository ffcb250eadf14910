//! How fast a whole drill is, beside what people do by hand: each row is the ratio to a named rival in the same
//! interleaved run, and the median of at least five pairs.
//!
//! `cargo bench --bench restore`; `-- --rounds 9 --only 25` for more pairs of some rows. `PGDRILL=path` takes another
//! build of the program. The databases are generated once into `target/bench` (some 2 GB, and 24,000 objects); the dumps
//! are read from a loopback server that sends no faster than 25 or 100 MB/s, or as fast as it can. Needs the server
//! programs of PostgreSQL, `pgbench` and `curl`, and for their rows `aws`, `firedrill` and Docker with an image of
//! `tests/images`. A rival's time holds its download and its restore, not the start of its server, unless it starts one
//! itself; ours holds everything: start, restore, comparison of every row, and the checks. `TMPDIR` names another disk
//! for the servers of both.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    reason = "a benchmark that cannot go on should fail loudly, and its result is what it prints"
)]

#[path = "../it/support/peak.rs"]
mod peak;
#[path = "restore/rivals.rs"]
mod rivals;
#[path = "restore/stored.rs"]
mod stored;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use rivals::{Rival, Settings, succeed};
use serde_json::Value;
use stored::Stored;

/// The fewest pairs that a median is taken of.
const ROUNDS: usize = 5;

/// One row: our drill of a dump beside a rival's restore of it.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    dump: &'static str,
    /// Megabytes a second; none: the dump lies in a folder.
    link: Option<u64>,
    settings: Settings,
    /// What the rival runs, or [`OURS`]; `$DUMP` is the dump, `$S3` the server that stores it, `$URL` where it is there,
    /// `$FILE` where it may be written.
    rival: &'static str,
    sandbox: &'static str,
    more: &'static [&'static str],
    /// The ratio to reach.
    goal: f64,
}

/// The rival is our own other engine, with the same proof: it shows what `auto` should take.
const OURS: &str = "pgdrill --engine pg-restore";

/// A megabyte is sent in less than this machine's own copying takes.
const UNLIMITED: u64 = 1_000_000;

const ROW: Row = Row {
    name: "",
    dump: "large.dump",
    link: None,
    settings: Settings::Tuned,
    rival: "",
    sandbox: "local",
    more: &[],
    goal: 1.0,
};

const ROWS: [Row; 15] = [
    Row {
        name: "25 MB/s: download, then tuned pg_restore -j2",
        link: Some(25),
        rival: "curl -sf -o $FILE $URL && pg_restore -j2 -d x $FILE",
        goal: 0.70,
        ..ROW
    },
    Row {
        name: "100 MB/s: download, then tuned pg_restore -j2",
        link: Some(100),
        rival: "curl -sf -o $FILE $URL && pg_restore -j2 -d x $FILE",
        goal: 0.85,
        ..ROW
    },
    Row {
        name: "100 MB/s: download, then stock pg_restore",
        link: Some(100),
        settings: Settings::Stock,
        rival: "curl -sf -o $FILE $URL && pg_restore -d x $FILE",
        goal: 0.55,
        ..ROW
    },
    Row {
        name: "100 MB/s: download | stock pg_restore",
        link: Some(100),
        settings: Settings::Stock,
        rival: "curl -sf $URL | pg_restore -d x",
        goal: 0.65,
        ..ROW
    },
    Row {
        name: "100 MB/s: tuned pg_restore -j2 of a local file",
        link: Some(100),
        rival: "pg_restore -j2 -d x $DUMP",
        goal: 1.08,
        ..ROW
    },
    Row {
        name: "piped dump, local: tuned pg_restore -j2",
        dump: "large-piped.dump",
        rival: "pg_restore -j2 -d x $DUMP",
        goal: 0.50,
        ..ROW
    },
    Row {
        name: "24,000 objects, local: stock pg_restore",
        dump: "many.dump",
        settings: Settings::Stock,
        rival: "pg_restore -d x $DUMP",
        goal: 0.48,
        ..ROW
    },
    Row {
        name: "schema alone, 25 MB/s: download, then stock pg_restore -s",
        link: Some(25),
        settings: Settings::Stock,
        rival: "curl -sf -o $FILE $URL && pg_restore -s -d x $FILE",
        more: &["--tier", "schema"],
        goal: 0.30,
        ..ROW
    },
    Row {
        name: "no limit: aws s3 cp - | stock pg_restore",
        link: Some(UNLIMITED),
        settings: Settings::Stock,
        rival: "aws s3 cp --quiet --endpoint-url $S3 s3://backups/db/shop.dump - | pg_restore -d x",
        goal: 0.65,
        ..ROW
    },
    Row {
        name: "one huge table, 100 MB/s: download, then tuned pg_restore -j2",
        dump: "huge.dump",
        link: Some(100),
        rival: "curl -sf -o $FILE $URL && pg_restore -j2 -d x $FILE",
        goal: 0.95,
        ..ROW
    },
    Row {
        name: "engines, local",
        rival: OURS,
        ..ROW
    },
    Row {
        name: "engines, 25 MB/s",
        link: Some(25),
        rival: OURS,
        ..ROW
    },
    Row {
        name: "engines, piped dump, local",
        dump: "large-piped.dump",
        rival: OURS,
        ..ROW
    },
    Row {
        name: "160 KB, Docker: firedrill run",
        dump: "small.dump",
        rival: "firedrill run $DUMP --image pgdrill-bench:{major}",
        sandbox: "docker",
        goal: 0.40,
        ..ROW
    },
    Row {
        name: "160 KB, local: firedrill run",
        dump: "small.dump",
        rival: "firedrill run $DUMP --image pgdrill-bench:{major}",
        goal: 0.25,
        ..ROW
    },
];

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let given = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let rounds = given("--rounds").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let only = given("--only").unwrap_or_default();
    let bin = bin();
    let dumps = generated(&bin);
    println!(
        "| against | ours s | rival s | ratio | to reach | peak MB | spooled |\n|---|---|---|---|---|---|---|"
    );
    for row in ROWS.iter().filter(|row| row.name.contains(&only)) {
        measure(row, rounds, &bin, &dumps);
    }
}

/// What one of our runs came to.
struct Ours {
    seconds: f64,
    peak: u64,
    sent: u64,
    report: Value,
}

fn measure(row: &Row, rounds: usize, bin: &Path, dumps: &Path) {
    let dump = dumps.join(row.dump);
    let mut pairs = Vec::new();
    let mut last = None;
    for _ in 0..rounds {
        let own = ours(row, &dump, &[]);
        let other = if row.rival == OURS {
            ours(row, &dump, &["--engine", "pg-restore"]).seconds
        } else {
            theirs(row, bin, &dump)
        };
        pairs.push((own.seconds, other, own.seconds / other));
        last = Some(own);
    }
    let Some(last) = last else { return };
    let middle = |pick: fn(&(f64, f64, f64)) -> f64| {
        let mut all: Vec<f64> = pairs.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let engine = last.report["restore"]["engine"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let spooled = if engine == "stream" || engine == "psql" {
        0
    } else {
        last.sent
    };
    println!(
        "| {} ({engine}) | {:.2} | {:.2} | {:.3} | ≤ {:.2} | {:.0} | {spooled} |",
        row.name,
        middle(|pair| pair.0),
        middle(|pair| pair.1),
        middle(|pair| pair.2),
        row.goal,
        last.peak as f64 / 1e6,
    );
    for stage in last.report["stages"].as_array().into_iter().flatten() {
        println!(
            "    {:<8} {:.2} s",
            stage["name"].as_str().unwrap_or_default(),
            figure(&stage["seconds"])
        );
    }
    let floor = &last.report["floor"];
    println!(
        "    floor    {:.2} s, {:.2} of the run",
        figure(&floor["seconds"]),
        figure(&floor["share"]),
    );
}

fn figure(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// Runs our drill, in an own runtime so that the server of the dump ends with it.
fn ours(row: &Row, dump: &Path, more: &[&str]) -> Ours {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored = Stored::of(dump, row.link.map(|link| link * 1_000_000));
    // Beside the dump: a link goes no further than its disk.
    let folder = tempfile::tempdir_in(dump.parent().unwrap()).unwrap();
    let url = if row.link.is_some() {
        let endpoint = runtime.block_on(stored.serve());
        format!("s3://backups/db/\n  endpoint: {endpoint}")
    } else {
        let backups = folder.path().join("backups");
        fs::create_dir(&backups).unwrap();
        fs::hard_link(dump, backups.join("shop.dump")).unwrap();
        backups.display().to_string()
    };
    let plan = folder.path().join("shop.yaml");
    let text = format!("version: 1\nbackup:\n  url: {url}\ndatabase: {{ tables: {{ min: 1 }} }}\n");
    fs::write(&plan, text).unwrap();
    let program = env::var("PGDRILL").unwrap_or_else(|_| env!("CARGO_BIN_EXE_pgdrill").to_owned());
    let mut command = Command::new(program);
    command.args([
        "verify",
        "--sandbox",
        row.sandbox,
        "--format",
        "json",
        "--quiet",
    ]);
    command.args(row.more).args(more).arg(&plan);
    command
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let began = Instant::now();
    let ended = peak::run(&mut command);
    let seconds = began.elapsed().as_secs_f64();
    let report: Value = serde_json::from_slice(&ended.output).unwrap();
    let expected = if row.more.is_empty() { 0 } else { 3 };
    assert_eq!(ended.code, Some(expected), "{report:#}");
    Ours {
        seconds,
        peak: ended.peak,
        sent: stored.sent(),
        report,
    }
}

/// Runs the rival; its server is started beforehand.
fn theirs(row: &Row, bin: &Path, dump: &Path) -> f64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored = Stored::of(dump, row.link.map(|link| link * 1_000_000));
    let endpoint = runtime.block_on(stored.serve());
    let url = format!("{endpoint}/backups/{}", stored::KEY);
    let rival = Rival::start(bin, row.settings);
    // It starts a server of its own, and takes it away.
    let alone = row.rival.starts_with("firedrill");
    if alone {
        rivals::image(bin);
    }
    let file = rival.file().display().to_string();
    let dump = dump.display().to_string();
    let began = Instant::now();
    rival.sh(
        row.rival,
        &[
            ("S3", &endpoint),
            ("URL", &url),
            ("FILE", &file),
            ("DUMP", &dump),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ],
    );
    let seconds = began.elapsed().as_secs_f64();
    // A schema alone has no rows.
    assert!(rival.rows("x") > 0 || !row.more.is_empty() || alone);
    seconds
}

/// The folder of the newest installed server's programs.
fn bin() -> PathBuf {
    let all = fs::read_dir("/usr/lib/postgresql").unwrap();
    let newest = all.filter_map(|major| major.unwrap().file_name().to_str()?.parse::<u32>().ok());
    let newest = newest
        .max()
        .unwrap_or_else(|| panic!("no PostgreSQL server is installed"));
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// Generates the databases once, and dumps them: `large` into a file and through a pipe, `many` into a file.
fn generated(bin: &Path) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let target = env::var_os("PGDRILL_BENCH_DUMPS").map_or(target, PathBuf::from);
    if target.join("many.dump").is_file() {
        return target;
    }
    println!("generating the databases; this takes some minutes");
    fs::create_dir_all(&target).unwrap();
    let rival = Rival::start(bin, Settings::Tuned);
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/restore");
    let to = target.display();
    let steps = [
        "createdb large && pgbench -q -i -s 60 --partitions=4 --foreign-keys large 2>&1".to_owned(),
        format!(
            "psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d large -f {}",
            here.join("large.sql").display()
        ),
        format!("pg_dump -Fc -f {to}/large.dump large"),
        format!("pg_dump -Fc large | cat >{to}/large-piped.dump"),
        "createdb huge && psql -Xq -v ON_ERROR_STOP=1 -d huge -c \"create table events (id bigint primary key, at timestamptz, \
         what text); insert into events select n, '2026-01-01Z'::timestamptz + n * interval '1 s', md5(n::text) from \
         generate_series(1, 8000000) n; create index on events (at)\""
            .to_owned(),
        format!("pg_dump -Fc -f {to}/huge.dump huge"),
        "createdb small && psql -Xq -v ON_ERROR_STOP=1 -d small -c \"create table users (id int primary key, name text); \
         insert into users select n, md5(n::text) from generate_series(1, 7000) n\""
            .to_owned(),
        format!("pg_dump -Fc -f {to}/small.dump small"),
        "createdb many".to_owned(),
        format!(
            "psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d many -f {}",
            here.join("many.sql").display()
        ),
        format!("pg_dump -Fc -f {to}/many.part many && mv {to}/many.part {to}/many.dump"),
    ];
    for step in steps {
        rival.sh(&step, &[]);
    }
    succeed(Command::new("ls").args(["-l"]).arg(&target));
    target
}
