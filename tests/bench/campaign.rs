//! What damage is noticed: dumps of every format, damaged by seed, for the bare programs and for pgdrill.
//!
//! `cargo bench --bench campaign -- --of 500`. Every damaged dump is restored once by the bare program (`pg_restore`,
//! `psql -f`, `gunzip | psql`) and drilled once by pgdrill, in one PostgreSQL server (the provider `service`). Whoever
//! says that all is well is checked: the database must be equal to the source in everything that `pg_dump` writes. What
//! pgdrill did not notice alone is drilled again with a checksum beside the file, or a manifest beside the folder.
//!
//! `--format NAME` (more than once) takes some formats, `--seed N` other damages, `--jobs N` so many at a time. `--log
//! FILE` keeps what came of each, and goes on where an earlier run ended.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark that cannot go on should fail loudly, and its result is what it prints"
)]

#[expect(dead_code, reason = "the tests dump in more ways")]
#[path = "../it/support/cluster.rs"]
mod cluster;
#[path = "campaign/content.rs"]
mod content;
#[path = "campaign/damage.rs"]
mod damage;
#[path = "campaign/dumps.rs"]
mod dumps;
#[path = "campaign/log.rs"]
mod log;
#[path = "campaign/trial.rs"]
mod trial;

use std::{env, fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Mutex, thread};

use cluster::Cluster;
use content::Content;
use dumps::{Dumped, FORMATS, Format};
use log::{Line, Log};
use trial::{Bench, Came};

/// What the command line asks for.
struct Asked {
    of: u64,
    seed: u64,
    jobs: usize,
    formats: Vec<String>,
    log: Option<PathBuf>,
}

impl Asked {
    fn read() -> Self {
        let arguments: Vec<String> = env::args().collect();
        let all = |name: &str| -> Vec<String> {
            let pairs = arguments.windows(2).filter(|pair| pair[0] == name);
            pairs.map(|pair| pair[1].clone()).collect()
        };
        let number = |name: &str, usual: u64| {
            all(name)
                .last()
                .map_or(usual, |text| text.parse::<u64>().unwrap())
        };
        Self {
            of: number("--of", 50),
            seed: number("--seed", 1),
            jobs: usize::try_from(number("--jobs", 2)).unwrap(),
            formats: all("--format"),
            log: all("--log").pop().map(PathBuf::from),
        }
    }

    fn wants(&self, format: &Format) -> bool {
        self.formats.is_empty() || self.formats.iter().any(|name| name == format.name)
    }
}

fn main() {
    let asked = Asked::read();
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", b"create database shop template template0");
    cluster.psql("shop", dumps::SEED.as_bytes());
    let truth = Content::of(&cluster, "shop").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = Mutex::new(Log::open(asked.log.as_deref(), asked.seed));
    for format in FORMATS.iter().filter(|format| asked.wants(format)) {
        let todo = log.lock().unwrap().todo(format.name, asked.of);
        if todo.is_empty() {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let Some(whole) = format.take(&cluster, place.path()) else {
            eprintln!("{}: this pg_dump has no such format", format.name);
            continue;
        };
        let bench = |slot: usize| Bench {
            cluster: &cluster,
            truth: &truth,
            runtime: runtime.handle(),
            place: place.path().join(format!("slot{slot}")),
            database: format!("bare_{slot}"),
        };
        healthy(&bench(0), format, &whole);
        let todo = Mutex::new(todo.into_iter());
        thread::scope(|scope| {
            for slot in 0..asked.jobs {
                let bench = bench(slot);
                let (todo, log, whole, seed) = (&todo, &log, &whole, asked.seed);
                scope.spawn(move || {
                    loop {
                        let next = todo.lock().unwrap().next();
                        let Some(at) = next else { return };
                        let line = one(&bench, format, whole, seed, at);
                        log.lock().unwrap().add(line);
                    }
                });
            }
        });
        let bytes: usize = whole.files.values().map(Vec::len).sum();
        eprintln!("{}: {bytes} bytes", format.name);
    }
    print!("{}", log.lock().unwrap().table(asked.of));
}

/// An undamaged dump passes and is restored whole, with and without what vouches for it.
fn healthy(bench: &Bench<'_>, format: &Format, whole: &Dumped) {
    for came in [
        bench.bare(format, &whole.files),
        bench.drill(whole, &whole.files, false),
        bench.drill(whole, &whole.files, true),
    ] {
        assert_eq!(came, Came::Harmless, "{}, undamaged", format.name);
    }
}

fn one(bench: &Bench<'_>, format: &Format, whole: &Dumped, seed: u64, at: u64) -> Line {
    let (kind, damaged) = damage::damage(&whole.files, seed, at);
    let bare = bench.bare(format, &damaged);
    let alone = bench.drill(whole, &damaged, false);
    // What is noticed without a checksum is noticed with one: it is only compared, when all else was well.
    let vouched = match alone {
        Came::Noticed(_) | Came::Hung => alone.clone(),
        _ => bench.drill(whole, &damaged, true),
    };
    Line {
        format: format.name.to_owned(),
        at,
        kind: kind.to_owned(),
        came: [bare, alone, vouched],
    }
}
