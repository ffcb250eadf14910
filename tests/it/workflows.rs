//! The monthly restore test, run as GitHub would run it: steps, artefacts, summary, and a job that fails unless the
//! backup was proven.
//!
//! What only GitHub can show is not shown here: its service containers, its own actions, its releases.

use std::{collections::HashMap, fs, path::Path};

use serde_json::Value;

use super::support::{
    act::{Ran, Repository},
    postgres::Postgres,
    s3::{ACCESS_KEY, BUCKET, S3Server, SECRET},
    web::Web,
};

const KEY: &str = "db-backups/shop-2026-11-25.dump";
const ARTEFACT: &str = "backup-verify-1";

fn plan() -> String {
    format!(
        "version: 1\nname: shop\nbackup:\n  url: s3://{BUCKET}/db-backups/\n  endpoint: ${{S3_ENDPOINT:-}}\n\
         tables:\n  customers:\n    row_count: {{ min: 3 }}\n    unique: [email]\n"
    )
}

/// A dump of a small shop in custom format.
fn dump() -> Option<Vec<u8>> {
    let server = Postgres::start(15)?;
    let sql = b"create table customers (id int primary key, email text);\n\
                insert into customers select n, 'c' || n || '@example.com' from generate_series(1, 500) n;";
    server.load("shop", sql);
    Some(server.sh("pg_dump -Fc shop", b""))
}

/// A repository whose secrets lead to the bucket, to Slack, and to whoever waits for a heartbeat.
fn repository(plan: &str, bucket: &S3Server, web: &Web) -> Option<Repository> {
    let repository = Repository::with(plan)?;
    Some(
        repository
            .secret("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .secret("AWS_SECRET_ACCESS_KEY", SECRET)
            .secret("S3_ENDPOINT", &bucket.endpoint)
            .secret("SLACK_WEBHOOK_URL", &format!("{}/slack", web.url))
            .secret("HEARTBEAT_URL", &format!("{}/heartbeat", web.url)),
    )
}

fn reports(ran: &Ran) -> HashMap<String, String> {
    let folder = ran.artefacts.join(ARTEFACT);
    let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("no artefact: {}", ran.log));
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    files
        .flatten()
        .map(|file| {
            (
                file.file_name().to_string_lossy().into_owned(),
                read(&file.path()),
            )
        })
        .collect()
}

fn assert_complete(ran: &Ran, verdict: &str) -> Value {
    let reports = reports(ran);
    let report: Value = serde_json::from_str(&reports["report.json"]).unwrap();
    assert_eq!(report["verdict"], verdict, "{}", ran.log);
    assert_eq!(report["backup"]["key"], KEY);
    assert!(reports["report.html"].contains("<html"), "{}", ran.log);
    assert!(
        reports["report.junit.xml"].contains("<testsuite"),
        "{}",
        ran.log
    );
    let kept = ran.artefacts.join(format!("{ARTEFACT}.retention-days"));
    assert_eq!(fs::read_to_string(kept).unwrap(), "90\n");
    // What the program told the runner, as act shows it.
    for told in [
        format!("::set-output:: verdict={verdict}"),
        format!("::set-output:: backup-key={KEY}"),
        "Summary - ".to_owned(),
    ] {
        assert!(ran.log.contains(&told), "{told}: {}", ran.log);
    }
    let everything = reports.values().chain([&ran.log]);
    for text in everything {
        assert!(!text.contains(SECRET), "a secret is told: {text}");
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_backup_makes_the_job_succeed_with_reports_summary_and_heartbeat() {
    let Some(dump) = dump() else { return };
    let (bucket, web) = (S3Server::start().await, Web::start(HashMap::new()).await);
    bucket.put(KEY, &dump, 3600);
    let Some(repository) = repository(&plan(), &bucket, &web) else {
        return;
    };
    let ran = repository.dispatch(&[("sandbox", "docker")]).await;
    assert!(ran.success, "{}", ran.log);
    let report = assert_complete(&ran, "passed");
    assert_eq!(report["sandbox"]["provider"], "docker");
    let seen = web.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("GET", "/heartbeat")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_makes_the_job_fail_and_its_reports_are_kept() {
    let Some(mut dump) = dump() else { return };
    let (bucket, web) = (S3Server::start().await, Web::start(HashMap::new()).await);
    dump.truncate(dump.len() / 2);
    bucket.put(KEY, &dump, 3600);
    let Some(repository) = repository(&plan(), &bucket, &web) else {
        return;
    };
    let ran = repository.dispatch(&[]).await;
    assert!(!ran.success, "{}", ran.log);
    assert_complete(&ran, "failed");
    assert!(
        ran.log.contains("::set-output:: exit-code=1"),
        "{}",
        ran.log
    );
    let seen = web.seen();
    assert!(
        seen.is_empty(),
        "no heartbeat, and the plan names no Slack: {seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_reached_is_unverified_and_fails_the_job() {
    let (bucket, web) = (S3Server::start().await, Web::start(HashMap::new()).await);
    bucket.faults.deny("list");
    let Some(repository) = repository(&plan(), &bucket, &web) else {
        return;
    };
    let ran = repository.dispatch(&[("select", "newest-good")]).await;
    assert!(!ran.success, "{}", ran.log);
    assert!(
        ran.log.contains("::set-output:: exit-code=3"),
        "{}",
        ran.log
    );
    assert!(
        ran.log.contains("::set-output:: verdict=unverified"),
        "{}",
        ran.log
    );
    assert!(web.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_plan_fails_the_job_and_the_workflow_tells_slack_itself() {
    let (bucket, web) = (S3Server::start().await, Web::start(HashMap::new()).await);
    let plan = plan().replace("row_count", "row_cuont");
    let Some(repository) = repository(&plan, &bucket, &web) else {
        return;
    };
    let ran = repository.dispatch(&[]).await;
    assert!(!ran.success, "{}", ran.log);
    assert!(
        ran.log.contains("::set-output:: exit-code=2"),
        "{}",
        ran.log
    );
    let seen = web.seen();
    assert_eq!(seen.len(), 1, "{seen:?} {}", ran.log);
    let message: Value = serde_json::from_str(&seen[0].body).unwrap();
    let text = message["text"].as_str().unwrap();
    assert!(
        text.starts_with("UNVERIFIED  the restore test of example/shop"),
        "{text}"
    );
    assert!(
        text.ends_with("https://github.com/example/shop/actions/runs/1"),
        "{text}"
    );
}
