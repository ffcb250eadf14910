//! Runs that are kept: in a folder and in a bucket, by many writers, with damage among them.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use pgdrill::{
    backup::{Keys, Reason, Store},
    finding::{Code, Finding},
    history::History,
    plan::HistoryPlan,
    report::{Command, Report, Verdict},
    units::Secret,
};
use tempfile::TempDir;
use ulid::Ulid;

use crate::support::s3::{ACCESS_KEY, BUCKET, S3Server, SECRET, hasty, open};

/// When the first run of every test began.
const FIRST: i64 = 1_700_000_000;

/// A run that began so many hours after the first one.
fn run(plan: &str, hour: i64) -> Report {
    let started = Timestamp::from_second(FIRST + hour * 3_600).unwrap();
    let millisecond = u64::try_from(started.as_millisecond()).unwrap();
    let name = Ulid::from_parts(millisecond, Ulid::generate().random());
    let mut run = Report::new(plan, &name.to_string(), started);
    run.verdict = Verdict::Failed;
    run.findings = vec![Finding::new(Code::BackupStale, "it is old")];
    run
}

fn health(plan: &str, hour: i64) -> Report {
    let mut run = run(plan, hour);
    run.command = Command::Health;
    run
}

async fn folder(at: &Path) -> History {
    let plan = HistoryPlan {
        url: "runs".to_owned(),
        endpoint: None,
        region: None,
    };
    History::open(&plan, at).await.unwrap()
}

async fn bucket(server: &S3Server, path: &str) -> History {
    let plan = HistoryPlan {
        url: format!("s3://{BUCKET}/{path}"),
        endpoint: Some(server.endpoint.clone()),
        region: None,
    };
    let keys = Keys {
        id: ACCESS_KEY.to_owned(),
        secret: Secret::new(SECRET),
    };
    let history = History::open_with(&plan, Path::new("."), Some(keys), hasty());
    history.await.unwrap()
}

/// A folder and a bucket: what holds for one holds for the other.
struct Both {
    here: TempDir,
    server: S3Server,
    places: Vec<(History, PathBuf)>,
}

impl Both {
    async fn new() -> Self {
        let here = tempfile::tempdir().unwrap();
        let server = S3Server::start().await;
        let places = vec![
            (folder(here.path()).await, here.path().join("runs")),
            (bucket(&server, "runs/").await, server.file("runs")),
        ];
        Self {
            here,
            server,
            places,
        }
    }
}

/// Every file below a folder, s3s-fs's own notes aside.
fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in glob::glob(&format!("{}/**/*", root.display())).unwrap() {
        let path = entry.unwrap();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_file() && !name.contains(".s3s-fs.") {
            found.insert(name);
        }
    }
    found
}

#[tokio::test]
async fn runs_are_read_newest_first_as_they_were_written() {
    let both = Both::new().await;
    for (history, root) in &both.places {
        assert_eq!(history.read("shop", None).await.unwrap().runs, []);
        let (first, second, third) = (run("shop", 1), health("shop", 2), run("shop", 3));
        for run in [&second, &third, &first] {
            history.append(run).await.unwrap();
        }
        let past = history.read("shop", None).await.unwrap();
        assert_eq!(past.damaged, []);
        assert_eq!(past.runs, [third.clone(), second.clone(), first.clone()]);
        let names = [&first, &second, &third].map(|run| match run.command {
            Command::Verify => format!("shop/{}.json", run.run),
            Command::Health => format!("shop/{}.health.json", run.run),
        });
        assert_eq!(files(root), BTreeSet::from(names));
    }
}

#[tokio::test]
async fn who_wants_drills_alone_does_not_fetch_the_others() {
    let server = S3Server::start().await;
    let history = bucket(&server, "runs/").await;
    let drill = run("shop", 3);
    for run in [&health("shop", 1), &drill, &health("shop", 4)] {
        history.append(run).await.unwrap();
    }
    let past = history.drills("shop", None).await.unwrap();
    assert_eq!(past.runs, [drill]);
    let log = server.faults.log();
    let read = log.iter().filter(|what| what.starts_with("get"));
    assert_eq!(read.count(), 1, "{log:?}");
}

#[tokio::test]
async fn only_runs_since_then_are_fetched() {
    let both = Both::new().await;
    for (history, _) in &both.places {
        for hour in 0..40 {
            history.append(&run("shop", hour)).await.unwrap();
        }
        let since = Timestamp::from_second(FIRST + 30 * 3_600).unwrap();
        let past = history.read("shop", Some(since)).await.unwrap();
        assert_eq!(past.runs.len(), 10);
        let exact = past.runs.last().unwrap();
        assert_eq!(exact.started, since);
        let later = since + SignedDuration::from_millis(1);
        let past = history.read("shop", Some(later)).await.unwrap();
        assert_eq!(past.runs.len(), 9);
    }
    let log = both.server.faults.log();
    let count = |start: &str| log.iter().filter(|what| what.starts_with(start)).count();
    assert_eq!(count("list after runs/shop/"), 2, "{log:?}");
    assert_eq!(count("get"), 20, "{log:?}");
}

#[tokio::test]
async fn many_runs_are_read_side_by_side_and_never_more_than_sixteen() {
    let server = S3Server::start().await;
    let history = bucket(&server, "runs/").await;
    for hour in 0..100 {
        history.append(&run("shop", hour)).await.unwrap();
    }
    let past = history.read("shop", None).await.unwrap();
    assert_eq!(past.runs.len(), 100);
    let most = server.faults.reading_most();
    assert!((2..=16).contains(&most), "{most}");
}

#[tokio::test]
async fn a_history_of_many_pages_is_read_whole() {
    let server = S3Server::start().await;
    let history = bucket(&server, "runs/").await;
    for hour in 0..1_100 {
        let run = run("shop", hour);
        let text = serde_json::to_vec(&run).unwrap();
        server.put(&format!("runs/shop/{}.json", run.run), &text, 0);
    }
    assert_eq!(history.read("shop", None).await.unwrap().runs.len(), 1_100);
}

#[tokio::test]
async fn a_run_is_never_replaced() {
    let both = Both::new().await;
    for (history, _) in &both.places {
        let first = run("shop", 1);
        history.append(&first).await.unwrap();
        // The same once more: an earlier try whose answer was lost.
        history.append(&first).await.unwrap();
        let mut other = first.clone();
        other.verdict = Verdict::Passed;
        let refused = history.append(&other).await.unwrap_err().to_string();
        assert!(refused.contains("never replaced"), "{refused}");
        assert_eq!(history.read("shop", None).await.unwrap().runs, [first]);
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_conflict() {
    let server = S3Server::start().await;
    let history = bucket(&server, "runs/").await;
    server.faults.lose_puts(1);
    let run = run("shop", 1);
    history.append(&run).await.unwrap();
    assert_eq!(history.read("shop", None).await.unwrap().runs, [run]);
    let puts = server.faults.log();
    assert!(puts.iter().filter(|what| what.starts_with("put")).count() > 1);
}

#[tokio::test]
async fn a_service_without_conditions_is_written_to_without_them() {
    let server = S3Server::start().await;
    let history = bucket(&server, "").await;
    server.faults.no_new_only();
    let run = run("shop", 1);
    history.append(&run).await.unwrap();
    let key = format!("shop/{}.json", run.run);
    let log = server.faults.log();
    let puts = [format!("put {key} if-none-match"), format!("put {key}")];
    assert_eq!(log, puts);
    assert_eq!(history.read("shop", None).await.unwrap().runs, [run]);
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let server = S3Server::start().await;
    let history = bucket(&server, "runs/").await;
    server.faults.busy(7);
    let run = run("shop", 1);
    history.append(&run).await.unwrap();
    server.faults.busy(7);
    assert_eq!(history.read("shop", None).await.unwrap().runs.len(), 1);
    server.faults.cut(&[20, 0]);
    assert_eq!(history.read("shop", None).await.unwrap().runs, [run]);
}

#[tokio::test]
async fn a_missing_right_is_named() {
    for (denied, right) in [
        ("list", "s3:ListBucket"),
        ("get", "s3:GetObject"),
        ("put", "s3:PutObject"),
    ] {
        let server = S3Server::start().await;
        let history = bucket(&server, "runs/").await;
        history.append(&run("shop", 1)).await.unwrap();
        server.faults.deny(denied);
        let error = match denied {
            "put" => history.append(&run("shop", 2)).await.unwrap_err(),
            _ => history.read("shop", None).await.unwrap_err(),
        };
        let finding = Finding::from(error);
        assert!(finding.hint.contains(right), "{}", finding.hint);
        // Who may not list may still write.
        let written = history.append(&run("shop", 3)).await;
        assert_eq!(written.is_ok(), denied != "put");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_with_the_key_of_the_plan() {
    let server = S3Server::start().await;
    let plan = HistoryPlan {
        url: "s3://no-such-bucket/runs/".to_owned(),
        endpoint: Some(server.endpoint.clone()),
        region: None,
    };
    let keys = Keys {
        id: ACCESS_KEY.to_owned(),
        secret: Secret::new(SECRET),
    };
    let history = History::open_with(&plan, Path::new("."), Some(keys), hasty());
    let error = history.await.unwrap().read("shop", None).await;
    let finding = Finding::from(error.unwrap_err());
    assert!(finding.hint.contains("`history`"), "{}", finding.hint);
}

#[tokio::test]
async fn plans_never_share_a_folder_and_never_leave_it() {
    let names = [
        "shop",
        "Shop",
        "a/b",
        "a b",
        "../shop",
        "..",
        ".",
        "/etc",
        "大阪メネス",
        "shop\n",
        "",
    ];
    let both = Both::new().await;
    for (history, root) in &both.places {
        for (hour, name) in (0..).zip(names) {
            history.append(&run(name, hour)).await.unwrap();
        }
        for name in names {
            let past = history.read(name, None).await.unwrap();
            let plans: Vec<_> = past.runs.iter().map(|run| run.plan.as_str()).collect();
            assert_eq!((plans, past.damaged), (vec![name], Vec::new()));
        }
        let folders: BTreeSet<_> = files(root)
            .iter()
            .map(|file| file.split_once('/').unwrap().0.to_owned())
            .collect();
        assert_eq!(folders.len(), names.len(), "{folders:?}");
    }
    let outside = files(both.here.path());
    assert_eq!(outside.len(), names.len(), "{outside:?}");
}

#[tokio::test]
async fn a_damaged_record_is_skipped_and_told_and_the_others_count() {
    let both = Both::new().await;
    for (history, root) in &both.places {
        let whole = run("shop", 1);
        history.append(&whole).await.unwrap();
        let text = serde_json::to_string(&whole).unwrap();
        let damage = [
            ("A", String::new(), "It is empty."),
            ("B", text[..text.len() / 2].to_owned(), "It is cut off"),
            ("C", "hunter2".to_owned(), "It is no JSON"),
            (
                "D",
                text.replace("\"failed\"", "\"hunter2\""),
                "Its verdict",
            ),
            (
                "E",
                text.replace("\"schema\":1", "\"schema\":9"),
                "in schema 9",
            ),
            ("F", text.clone(), "It is another run"),
            (
                "G",
                text.replace("\"shop\"", "\"bar\""),
                "It is a run of another plan",
            ),
        ];
        for (name, text, _) in &damage {
            fs::write(root.join(format!("shop/{name}.json")), text).unwrap();
        }
        // 65 MB of nothing: told by its size, and not read.
        let large = File::create(root.join("shop/H.json")).unwrap();
        large.set_len(65_000_000).unwrap();
        fs::write(root.join("shop/notes.txt"), "not a record").unwrap();
        fs::create_dir(root.join("shop/X.json")).unwrap();
        let past = history.read("shop", None).await.unwrap();
        assert_eq!(past.runs, [whole]);
        let keys: Vec<_> = past.damaged.iter().map(|one| one.key.as_str()).collect();
        let expected =
            ["A", "B", "C", "D", "E", "F", "G", "H"].map(|name| format!("shop/{name}.json"));
        assert_eq!(keys, expected);
        for ((name, _, why), told) in damage.iter().zip(&past.damaged) {
            assert!(
                told.why.starts_with(why) || told.why.contains(why),
                "{name}: {}",
                told.why
            );
            assert!(!told.why.contains("hunter2"), "{}", told.why);
        }
        assert!(
            past.damaged[7].why.contains("larger than"),
            "{}",
            past.damaged[7].why
        );
    }
    let log = both.server.faults.log();
    assert!(!log.contains(&"get runs/shop/H.json".to_owned()), "{log:?}");
}

#[tokio::test]
async fn a_run_of_the_future_hides_none_that_came_after_it() {
    let place = tempfile::tempdir().unwrap();
    let history = folder(place.path()).await;
    let last = run("shop", 1);
    let years = 100 * 365 * 24;
    for record in [&last, &run("shop", years)] {
        history.append(record).await.unwrap();
    }
    let past = history.read("shop", None).await.unwrap();
    assert_eq!(past.runs, [last]);
    assert!(past.damaged[0].why.starts_with("It began in the future"));
}

#[tokio::test]
async fn what_a_killed_writer_left_behind_is_no_record() {
    let here = tempfile::tempdir().unwrap();
    let history = folder(here.path()).await;
    let run = run("shop", 1);
    history.append(&run).await.unwrap();
    let left = here.path().join("runs/shop/.Xyz123.tmp");
    fs::write(&left, "{\"schema\":1,").unwrap();
    let past = history.read("shop", None).await.unwrap();
    assert_eq!((past.runs, past.damaged), (vec![run], Vec::new()));
    assert_eq!(files(here.path()).len(), 2, "nothing else was left behind");
}

#[tokio::test]
async fn a_record_is_for_its_owner_alone() {
    let here = tempfile::tempdir().unwrap();
    let history = folder(here.path()).await;
    let run = run("shop", 1);
    history.append(&run).await.unwrap();
    let mode = |path: &str| {
        let about = fs::metadata(here.path().join(path)).unwrap();
        about.permissions().mode() & 0o777
    };
    assert_eq!((mode("runs"), mode("runs/shop")), (0o700, 0o700));
    assert_eq!(mode(&format!("runs/shop/{}.json", run.run)), 0o600);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_with_its_path() {
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("runs"), "a file").unwrap();
    let history = folder(here.path()).await;
    let error = history.append(&run("shop", 1)).await.unwrap_err();
    assert!(error.to_string().contains("runs/shop/"), "{error}");
    let error = history.read("shop", None).await.unwrap_err();
    assert!(error.to_string().contains("could not list"), "{error}");
}

#[tokio::test]
async fn an_unknown_scheme_is_told_with_the_key_of_the_plan() {
    let plan = HistoryPlan {
        url: "gs://bucket/runs".to_owned(),
        endpoint: None,
        region: None,
    };
    let error = History::open(&plan, Path::new(".")).await.err().unwrap();
    let finding = Finding::from(error);
    assert!(finding.hint.contains("`history`"), "{}", finding.hint);
}

#[tokio::test]
async fn runs_below_the_backups_are_no_backups() {
    let server = S3Server::start().await;
    let here = tempfile::tempdir().unwrap();
    server.put("db/shop.dump", b"dump", 3_600);
    fs::create_dir_all(here.path().join("db")).unwrap();
    fs::write(here.path().join("db/shop.dump"), "dump").unwrap();
    let in_bucket = bucket(&server, "db/runs/").await;
    let in_folder = folder(&here.path().join("db")).await;
    for history in [&in_bucket, &in_folder] {
        history.append(&run("shop", 1)).await.unwrap();
        history.append(&health("Shop", 2)).await.unwrap();
    }
    for pattern in [None, Some("*"), Some("*.json"), Some("*.dump")] {
        let mut plan = server.plan("db/");
        plan.pattern = pattern.map(str::to_owned);
        let stores = [open(&plan, SECRET, hasty()).await.unwrap(), {
            plan.url = "db".to_owned();
            Store::open(&plan, here.path()).await.unwrap()
        }];
        for store in stores {
            let listing = store.list().await.unwrap();
            let dumps = usize::from(pattern != Some("*.json"));
            let keys: Vec<_> = listing.backups.iter().map(|backup| &backup.key).collect();
            assert_eq!(keys.len(), dumps, "{keys:?}");
            let rejected = listing.rejected.iter();
            let records = rejected.filter(|rejected| rejected.reason == Reason::History);
            assert_eq!(records.count(), 2);
        }
    }
    assert_eq!(Reason::History.to_string(), "history");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_writers_lose_nothing() {
    let both = Both::new().await;
    for (history, _) in &both.places {
        let runs: Vec<_> = (0..64).map(|at| run("shop", at / 8)).collect();
        let written = runs.iter().map(|run| history.append(run));
        for one in futures_util::future::join_all(written).await {
            one.unwrap();
        }
        let past = history.read("shop", None).await.unwrap();
        let names =
            |runs: &[Report]| -> BTreeSet<_> { runs.iter().map(|run| run.run.clone()).collect() };
        assert_eq!(past.damaged, []);
        assert_eq!(names(&past.runs), names(&runs));
    }
}
