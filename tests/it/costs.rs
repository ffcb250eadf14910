//! What a drill took: the time, the CPU time and the bytes of its stages, and how near the whole was to its floor.

use serde_json::Value;

use super::support::{cluster::Cluster, place::Place, program::verify, server::Server};

/// Enough for the server to be at work for longer than a tick of the kernel's clock.
const ROWS: &[u8] = b"create database shop;
\\connect shop
create table line (id int primary key, word text);
insert into line select n, md5(n::text) from generate_series(1, 100000) n;
create index on line (word);
";

/// The kernel counts in hundredths of a second, and a process may hold one of them that it used before.
const TICKS: f64 = 0.1;

fn figure(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stages_of_a_local_drill_have_their_cpu_time_and_their_bytes() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", ROWS);
    let place = Place::new("");
    let dump = cluster.dump(&["-Fc", "shop"]);
    place.store("shop.dump", &dump);
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    let stages = report["stages"].as_array().unwrap();
    let cores = figure(&report["floor"], "cores");
    for stage in stages {
        let (cpu, most) = (
            figure(stage, "cpu_seconds"),
            figure(stage, "seconds") * cores,
        );
        assert!(stage["cpu_seconds"].is_number(), "{stage}");
        assert!(cpu <= most + TICKS, "{stage}");
    }
    let restore = stages.iter().find(|stage| stage["name"] == "restore");
    assert!(figure(restore.unwrap(), "cpu_seconds") > 0.0, "{restore:?}");
    let arrived = stages.iter().filter_map(|stage| stage["bytes"].as_u64());
    assert_eq!(arrived.sum::<u64>(), dump.len() as u64, "{stages:#?}");
    let spent: f64 = stages
        .iter()
        .map(|stage| figure(stage, "cpu_seconds"))
        .sum();
    let floor = &report["floor"];
    assert!(
        (figure(floor, "cpu_seconds") - spent).abs() < 1e-9,
        "{floor}"
    );
    let share = figure(floor, "share");
    assert!(share > 0.0 && share <= 1.0, "{floor}");
    assert!(
        figure(floor, "seconds") <= figure(&report, "seconds"),
        "{floor}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_uses_is_not_known_and_not_guessed() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", ROWS);
    let place = Place::new("");
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    let Some(server) = Server::start() else {
        return;
    };
    let more = ["--sandbox", "service", "--service-url", &server.url];
    let (code, report) = verify(&place.path("shop.yaml"), &more).await;
    assert_eq!(code, 0, "{report:#}");
    let known = report["stages"].as_array().unwrap().iter();
    let known: Vec<_> = known
        .filter(|stage| stage.get("cpu_seconds").is_some())
        .map(|stage| stage["name"].as_str().unwrap())
        .collect();
    assert_eq!(known, ["list", "open"]);
    assert_eq!(report.get("floor"), None);
}
