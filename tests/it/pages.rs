//! The pages as a reader meets them: in a real browser, wide and narrow, light and dark.

mod standalone;

use std::sync::Arc;

use axum::{Router, extract::Path, response::Html, routing::get};
use fantoccini::{Client, Locator};
use pgdrill::{
    finding::{Code, Finding},
    history::Past,
    pages::{self, Board, PlanState},
    report::{CheckStatus, Report},
};

use super::support::{
    browser::{Driver, Screen, ask, picture},
    reports::{NOW, ago, at, check, drill, look, stopped, truncated, with},
};

const HOSTILE: &str = "x'\"<&>|{}/..?#<script>alert(1)</script>{{ 7919*6841 }}{% if %}";

fn state(name: &str, health: Option<Report>, runs: Vec<Report>) -> PlanState {
    PlanState {
        name: name.to_owned(),
        health,
        past: Past {
            runs,
            damaged: Vec::new(),
        },
        ..PlanState::default()
    }
}

/// A drill a day, newest first.
fn daily(plan: &str, days: i64) -> Vec<Report> {
    (0..days).map(|day| drill(plan, ago(day, 3))).collect()
}

fn healthy() -> PlanState {
    let mut shop = state("shop", Some(look("shop", ago(0, 0))), daily("shop", 60));
    shop.past.runs[17] = stopped("shop", ago(17, 3));
    shop.past.runs.drain(30..36);
    shop.next = Some(at("2026-11-25T06:30:00Z"));
    shop
}

fn failed() -> PlanState {
    let name = "billing-production-eu-central-1";
    let mut runs = vec![truncated(name, ago(0, 2))];
    runs[0].sinks[0].delivered = false;
    runs[0].sinks[0].error = Some("status 404: no_service".to_owned());
    runs.extend((1..14).map(|week| drill(name, ago(week * 7, 2))));
    let stale = Finding::new(Code::BackupStale, "newest backup is 73 hours old")
        .detail("\"db-backups/billing-20261121.dump\" was written at 2026-11-21T03:00:00Z, 264600 seconds ago; `limits.max_age` allows 48 hours.");
    let shrunk = Finding::new(
        Code::BackupShrunk,
        "newest backup is 43 % of the one before",
    );
    state(
        name,
        Some(with(with(look(name, ago(0, 0)), stale), shrunk)),
        runs,
    )
}

fn warned() -> PlanState {
    let name = "注文データベース";
    let mut runs = daily(name, 20);
    let slow = Finding::new(
        Code::RestoreSlow,
        "the restore took 3.4 times as long as usual",
    );
    runs[0] = with(runs[0].clone(), slow);
    let mut plan = state(name, Some(look(name, ago(0, 0))), runs);
    plan.running = true;
    plan
}

fn hostile() -> PlanState {
    let mut run = drill(HOSTILE, ago(1, 0));
    HOSTILE.clone_into(&mut run.run);
    run.checks.push(check(
        HOSTILE,
        CheckStatus::Failed,
        HOSTILE,
        HOSTILE,
        Some(HOSTILE),
    ));
    let finding = Finding::new(Code::CheckFailed, HOSTILE)
        .detail(HOSTILE)
        .hint(HOSTILE)
        .about(HOSTILE);
    let mut plan = state(HOSTILE, None, vec![with(run, finding)]);
    plan.problem = Some(HOSTILE.to_owned());
    plan
}

fn board() -> Board {
    let never = state("archive", Some(look("archive", ago(0, 1))), Vec::new());
    let mut single = state(
        "docs",
        Some(look("docs", ago(0, 0))),
        vec![drill("docs", ago(3, 0))],
    );
    single.next = Some(at("2026-12-01T00:00:00Z"));
    let blind = state(
        "mail",
        None,
        vec![stopped("mail", ago(0, 1)), drill("mail", ago(1, 1))],
    );
    Board {
        now: at(NOW),
        plans: vec![
            healthy(),
            single,
            warned(),
            never,
            blind,
            hostile(),
            failed(),
            state("new", None, Vec::new()),
        ],
    }
}

/// Serves the pages as the program does: the same paths.
async fn serve(board: Board) -> String {
    let board = Arc::new(board);
    let (home, plans, runs) = (board.clone(), board.clone(), board);
    let find =
        |board: &Board, name: &str| board.plans.iter().find(|plan| plan.name == name).cloned();
    let app = Router::new()
        .route(
            "/",
            get(move || async move { Html(pages::dashboard(&home)) }),
        )
        .route(
            "/plans/{name}",
            get(move |Path(name): Path<String>| async move {
                Html(pages::plan(&find(&plans, &name).unwrap(), plans.now))
            }),
        )
        .route(
            "/runs/{plan}/{run}",
            get(
                move |Path((plan, run)): Path<(String, String)>| async move {
                    let plan = find(&runs, &plan).unwrap();
                    let report = plan
                        .past
                        .runs
                        .into_iter()
                        .chain(plan.health)
                        .find(|report| report.run == run);
                    Html(pages::run(&report.unwrap()))
                },
            ),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    format!("http://{address}")
}

/// What must hold on every page and every screen.
async fn assert_readable(client: &Client, name: &str) {
    picture(client, name).await;
    let wide = ask(
        client,
        "return [document.documentElement.scrollWidth, innerWidth]",
    )
    .await;
    assert!(
        wide[0].as_u64() <= wide[1].as_u64(),
        "{name} scrolls sideways: {wide}"
    );
    assert!(
        client.get_alert_text().await.is_err(),
        "{name} ran a script"
    );
    let errors = ask(
        client,
        "return document.body.innerText.includes('could not be made')",
    )
    .await;
    assert_eq!(errors, false, "{name}");
    let cut = "return [...document.querySelectorAll('.plot')].filter(plot => {
        const room = plot.getBoundingClientRect();
        const texts = [...plot.querySelectorAll('text')].map(text => text.getBoundingClientRect());
        const inside = text => text.left >= Math.max(0, room.left - 1) && text.right <= Math.min(innerWidth, room.right + 1);
        return room.width < 200 || room.height < 40 || !texts.every(inside);
    }).map(plot => plot.getAttribute('aria-label'))";
    assert_eq!(
        ask(client, cut).await,
        serde_json::json!([]),
        "{name}: charts are cut or have no size"
    );
    let small = "return [...document.querySelectorAll('.plot text')].filter(text => text.textContent && text.getBoundingClientRect().height < 9).length";
    assert_eq!(
        ask(client, small).await,
        0,
        "{name}: letters in charts are too small"
    );
}

async fn text(client: &Client, css: &str) -> String {
    client
        .find(Locator::Css(css))
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
}

/// Goes through every page as a reader does, by its links.
async fn read(client: &Client, url: &str, screen: Screen) {
    client.goto(url).await.unwrap();
    assert_readable(client, &format!("{screen:?}-dashboard")).await;
    let first = text(client, ".card").await;
    assert!(
        first.contains("billing-production-eu-central-1") || first.contains(HOSTILE),
        "{first}"
    );
    assert!(first.contains("failed"), "{first}");
    assert!(
        text(client, "main").await.contains(HOSTILE),
        "the name shows as it is"
    );

    for (plan, word) in [
        ("billing-production-eu-central-1", "failed"),
        ("注文データベース", "healthy"),
        ("shop", "healthy"),
        (HOSTILE, "failed"),
        ("archive", "never drilled"),
        ("new", "not looked at yet"),
        ("docs", "healthy"),
    ] {
        client.goto(url).await.unwrap();
        client
            .find(Locator::LinkText(plan))
            .await
            .unwrap()
            .click()
            .await
            .unwrap();
        assert_eq!(text(client, "h1").await, plan);
        assert!(text(client, ".state").await.contains(word), "{plan}");
        let shown = plan
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect::<String>();
        assert_readable(client, &format!("{screen:?}-plan-{shown}")).await;
        let Ok(run) = client.find(Locator::Css("#drills ~ table a")).await else {
            continue;
        };
        run.click().await.unwrap();
        assert!(
            text(client, "h1").await.starts_with("Drill of 2026-11-2"),
            "{plan}"
        );
        assert!(text(client, "main").await.contains(plan));
        for closed in client.find_all(Locator::Css("summary")).await.unwrap() {
            closed.click().await.unwrap();
        }
        assert_readable(client, &format!("{screen:?}-run-{shown}")).await;
    }
}

async fn ground(client: &Client) -> u64 {
    let colour = ask(
        client,
        "return getComputedStyle(document.body).backgroundColor",
    )
    .await;
    let parts = colour
        .as_str()
        .unwrap()
        .split(|c: char| !c.is_ascii_digit());
    parts
        .filter_map(|part| part.parse::<u64>().ok())
        .take(3)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_readable_on_a_desk_and_on_a_phone_by_day_and_by_night() {
    let Some(driver) = Driver::start() else {
        return;
    };
    let url = serve(board()).await;
    for screen in [Screen::Desktop, Screen::Phone] {
        let client = driver.open(screen).await;
        read(&client, &url, screen).await;
        assert!(ground(&client).await > 600, "light by day");
        client.close().await.unwrap();
    }
    for screen in [Screen::Dark, Screen::DarkPhone] {
        let client = driver.open(screen).await;
        client.goto(&url).await.unwrap();
        assert_readable(&client, &format!("{screen:?}-dashboard")).await;
        assert!(ground(&client).await < 150, "dark by night");
        client.goto(&format!("{url}/plans/shop")).await.unwrap();
        assert_readable(&client, &format!("{screen:?}-plan-shop")).await;
        client.close().await.unwrap();
    }
}

#[test]
fn pages_need_nothing_but_themselves() {
    let board = board();
    let mut all = vec![
        pages::dashboard(&board),
        pages::dashboard(&Board::default()),
    ];
    for plan in &board.plans {
        all.push(pages::plan(plan, board.now));
        all.extend(plan.past.runs.iter().take(3).map(pages::run));
    }
    for page in all {
        assert!(!page.contains("could not be made"), "{page}");
        for forbidden in [
            "<script",
            " src=",
            "url(",
            "@import",
            "http://",
            "https://",
            "onerror=",
            " onclick=",
        ] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
        assert!(
            !page.contains("{{") || page.contains("{{ 7919*6841 }}"),
            "a template was not filled"
        );
        assert!(
            !page.contains("54173879"),
            "what comes from outside was run as a template"
        );
        assert_eq!(page.matches("<style>").count(), 1);
    }
}

#[test]
fn an_empty_board_says_what_to_do_next() {
    let page = pages::dashboard(&Board::default());
    assert!(page.contains("No plan is served.") && page.contains("pgdrill serve"));
    let page = pages::plan(&state("new", None, Vec::new()), at(NOW));
    assert!(
        page.contains("No drill yet.") && page.contains("pgdrill verify"),
        "{page}"
    );
}

#[test]
fn a_run_that_proved_nothing_does_not_say_that_anything_passed() {
    let page = pages::run(&stopped("shop", at(NOW)));
    assert!(page.contains("this says nothing about the backup"));
    assert!(!page.to_lowercase().contains("passed"), "{page}");
    let page = pages::run(&look("shop", at(NOW)));
    assert!(page.contains("Nothing was restored"));
    assert!(!page.to_lowercase().contains("passed"), "{page}");
}
