//! What damage is noticed: dumps of every format, damaged by seed, for pgdrill and for the bare programs.
//!
//! `cargo bench --bench campaign`, or with another number of each kind of damage: `… -- --each 200`. Every damaged dump
//! is restored once by the bare program (`pg_restore`, `psql -f`, `gunzip | psql`), and what came of it compared with a
//! `pg_dump` of the source. pgdrill is counted as noticing when reading the dump to its end finds something, or when the
//! program that it feeds (psql with `ON_ERROR_STOP`) reports an error. Comparing rows and checks come on top of that.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark that cannot go on should fail loudly, and its result is what it prints"
)]

#[path = "../it/support/cluster.rs"]
mod cluster;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cluster::Cluster;
use pgdrill::dump;

/// Seconds after which a program that does not end is ended.
const PATIENCE: &str = "20";

const SEED: &str = "
    create table customers (id int primary key, name text not null, note jsonb);
    insert into customers select n, md5(n::text), jsonb_build_object('n', n) from generate_series(1, 4000) n;
    create table events (at timestamptz, what text);
    insert into events select '2026-01-01'::timestamptz + n * interval '1 minute', md5((n * 3)::text) from generate_series(1, 8000) n;
    create table orders (id int primary key, customer int references customers, total numeric check (total >= 0));
    insert into orders select n, n, n * 1.5 from generate_series(1, 3000) n;
    create index on events (at);
    create view totals as select customer, sum(total) from orders group by customer;
    select lo_create(70001); select lo_put(70001, 0, decode(repeat('ab', 20000), 'hex'));
";

/// The formats, and how each is dumped.
const FORMATS: [(&str, &[&str]); 7] = [
    ("custom, gzip", &["-Fc"]),
    ("custom, -Z0", &["-Fc", "-Z0"]),
    ("directory, gzip", &["-Fd", "-Z6"]),
    ("directory, -Z0", &["-Fd", "-Z0"]),
    ("tar", &["-Ft"]),
    ("plain", &["-Fp"]),
    ("plain in .gz", &["-Fp"]),
];

const KINDS: [&str; 4] = ["flip", "cut", "zero", "drop"];

type Files = BTreeMap<String, Vec<u8>>;

/// Numbers that look random and are the same each time (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).unwrap()
    }
}

/// How often which of the four came of it.
#[derive(Default)]
struct Count {
    detected: u32,
    hung: u32,
    harmless: u32,
    silent: u32,
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--each");
    let each: u64 = given.map_or(10, |at| arguments[at + 1].parse().unwrap());
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create database shop");
    cluster.psql("shop", SEED.as_bytes());
    let truth = content(&cluster, "shop").unwrap();
    println!(
        "| format | damaged | bare: noticed | hung | harmless | **silent** | pgdrill: noticed | harmless | **silent** |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (format, arguments) in FORMATS {
        let whole = take(&cluster, format, arguments);
        let (mut bare, mut ours) = (Count::default(), Count::default());
        let mut count = 0;
        for kind in KINDS {
            for seed in 0..each {
                let mut random =
                    Random(seed * 4 + KINDS.iter().position(|one| *one == kind).unwrap() as u64);
                let Some(damaged) = damage(&whole, kind, &mut random) else {
                    continue;
                };
                count += 1;
                trial(&cluster, format, &damaged, &truth, (&mut bare, &mut ours));
            }
        }
        println!(
            "| {format} | {count} | {} | {} | {} | **{}** | {} | {} | **{}** |",
            bare.detected,
            bare.hung,
            bare.harmless,
            bare.silent,
            ours.detected,
            ours.harmless,
            ours.silent
        );
    }
}

fn take(cluster: &Cluster, format: &str, arguments: &[&str]) -> Files {
    let one = |bytes| Files::from([("shop.dump".to_owned(), bytes)]);
    if !format.starts_with("directory") {
        let bytes = cluster.dump(&[arguments, &["shop"]].concat());
        return one(if format.strip_suffix(".gz").is_some() {
            gzip(&bytes)
        } else {
            bytes
        });
    }
    let folder = cluster.socket().join("campaign");
    let _ = fs::remove_dir_all(&folder);
    cluster.dump(&[arguments, &["-f", folder.to_str().unwrap(), "shop"]].concat());
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        (
            file.file_name().into_string().unwrap(),
            fs::read(file.path()).unwrap(),
        )
    });
    files.collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// One kind of damage at one place; none where the format knows no such damage.
fn damage(whole: &Files, kind: &str, random: &mut Random) -> Option<Files> {
    let mut files = whole.clone();
    // A place anywhere in the bytes of all members.
    let mut at = random.next(files.values().map(Vec::len).sum());
    let name = files.iter().find_map(|(name, bytes)| {
        let here = at < bytes.len();
        if !here {
            at -= bytes.len();
        }
        here.then(|| name.clone())
    })?;
    if kind == "drop" {
        return (files.len() > 1).then(|| {
            files.remove(&name);
            files
        });
    }
    let bytes = files.get_mut(&name)?;
    match kind {
        "flip" => bytes[at] ^= 1 << random.next(8),
        "cut" => bytes.truncate(at),
        _ => {
            let end = bytes.len().min(at + 512);
            bytes[at..end].fill(0);
        }
    }
    Some(files)
}

fn trial(
    cluster: &Cluster,
    format: &str,
    damaged: &Files,
    truth: &str,
    counts: (&mut Count, &mut Count),
) {
    let (bare, ours) = counts;
    let path = write(cluster, damaged);
    let plain = format.starts_with("plain");
    let (code, came) = restore(cluster, format, &path, false, truth);
    match (code, came) {
        (124, _) => bare.hung += 1,
        (0, true) => bare.harmless += 1,
        (0, false) => bare.silent += 1,
        _ => bare.detected += 1,
    }
    let seen = notices(damaged);
    let (code, same) = if plain && !seen {
        restore(cluster, format, &path, true, truth)
    } else {
        (code, came)
    };
    match (seen || code != 0, same) {
        (true, _) => ours.detected += 1,
        (false, true) => ours.harmless += 1,
        (false, false) => ours.silent += 1,
    }
}

fn write(cluster: &Cluster, files: &Files) -> PathBuf {
    let place = cluster.socket().join("damaged");
    let _ = fs::remove_dir_all(&place);
    let _ = fs::remove_file(&place);
    if let (1, Some(bytes)) = (files.len(), files.get("shop.dump")) {
        fs::write(&place, bytes).unwrap();
        return place;
    }
    fs::create_dir(&place).unwrap();
    for (name, bytes) in files {
        fs::write(place.join(name), bytes).unwrap();
    }
    place
}

/// Restores into a new database; gives the exit code, and whether the source's content came of it.
fn restore(cluster: &Cluster, format: &str, path: &Path, stop: bool, truth: &str) -> (i32, bool) {
    let sql = "drop database if exists trial with (force)";
    cluster.psql("postgres", sql.as_bytes());
    cluster.psql("postgres", b"create database trial template template0");
    let path = path.to_str().unwrap();
    let stop = if stop { "-v ON_ERROR_STOP=1" } else { "" };
    let command = match format {
        "plain" => format!("psql -Xq {stop} -o /dev/null -d trial -f '{path}'"),
        "plain in .gz" => {
            format!("gunzip -c '{path}' | psql -Xq {stop} -o /dev/null -d trial -f -")
        }
        _ => format!("pg_restore -d trial '{path}'"),
    };
    let psql = cluster.client("psql").get_program().to_owned();
    let bin = Path::new(&psql).parent().unwrap().display().to_string();
    let mut shell = Command::new("timeout");
    shell.args(["-k", "1", PATIENCE, "sh", "-c", &command]);
    shell.env("PATH", format!("{bin}:/usr/bin:/bin"));
    shell
        .env("PGHOST", cluster.socket())
        .env("PGUSER", "postgres");
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let code = shell.status().unwrap().code().unwrap_or(255);
    (
        code,
        content(cluster, "trial").is_some_and(|found| found == truth),
    )
}

/// Everything in a database, as `pg_dump` writes it, its lines in order; none when it cannot be dumped.
fn content(cluster: &Cluster, database: &str) -> Option<String> {
    let mut command = cluster.client("pg_dump");
    let output = command.args(["--no-owner", database]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("restrict "))
        .collect();
    lines.sort_unstable();
    output.status.success().then(|| lines.join("\n"))
}

/// Whether reading the dump to its end finds anything.
fn notices(files: &Files) -> bool {
    let nobody = dump::nobody();
    if let (1, Some(bytes)) = (files.len(), files.get("shop.dump")) {
        return dump::scan(Cursor::new(bytes.clone()), &nobody).is_err();
    }
    let members = files.iter().map(|(name, bytes)| {
        let reader: dump::Bytes = Box::new(Cursor::new(bytes.clone()));
        (name.clone(), bytes.len() as u64, reader)
    });
    dump::scan_members(members.collect(), &nobody).is_err()
}
