//! What can be asked for, and by whom.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{ConnectInfo, Path, Query, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{self, HOST, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    answers::{Answer, Answers, json},
    gate::Peer,
    health,
    key::{Caller, Door},
    known::Watch,
};
use crate::{pages, report::Report};

const HEALTH: &str = "/ops/health/backup";
const ALIVE: &str = "/livez";

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// The classic text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What every answer carries: nothing is kept, nothing is loaded, nothing is framed.
const DRESS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// What the answers are made from.
pub(super) struct House {
    pub(super) watch: Arc<Watch>,
    pub(super) answers: Answers,
    pub(super) door: Door,
    /// The header in which a proxy in front tells who asks.
    pub(super) proxy: Option<HeaderName>,
}

type Shared = State<Arc<House>>;

/// Every route. GET and HEAD only.
pub(super) fn routes(house: Arc<House>) -> Router {
    Router::new()
        .route("/", get(dashboard))
        .route("/plans/{plan}", get(plan))
        .route("/runs/{plan}/{run}", get(run))
        .route(HEALTH, get(all))
        .route("/ops/health/backup/{plan}", get(one))
        .route("/metrics", get(metrics))
        .route(ALIVE, get(async || text(StatusCode::OK, "ok\n")))
        .fallback(async || text(StatusCode::NOT_FOUND, "there is nothing here\n"))
        .layer(middleware::from_fn_with_state(Arc::clone(&house), admit))
        .layer(middleware::map_response(dress))
        .with_state(house)
}

/// Adds what every answer carries.
async fn dress(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in DRESS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Asks who asks. Whether the process lives, anybody may know; how the backups stand, too, in one word.
async fn admit(
    State(house): Shared,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if path == ALIVE {
        return next.run(request).await;
    }
    // Without a key only this machine may ask, and a page from elsewhere in its browser is not this machine.
    if house.door.stands_open() && !names_this_machine(request.headers()) {
        return text(
            StatusCode::MISDIRECTED_REQUEST,
            "ask for localhost, or set PGDRILL_ADMIN_KEY\n",
        );
    }
    let from = caller(&house, peer, request.headers());
    match house.door.admit(from, request.headers()) {
        Caller::Guesser(wait) => {
            let seconds = wait.as_secs() + 1;
            let told = text(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys\n");
            ([(RETRY_AFTER, seconds.to_string())], told).into_response()
        }
        Caller::Stranger if !path.starts_with(HEALTH) => {
            let ask = HeaderValue::from_static("Basic realm=\"pgdrill\", charset=\"UTF-8\"");
            let told = text(StatusCode::UNAUTHORIZED, "the admin key is needed\n");
            ([(WWW_AUTHENTICATE, ask)], told).into_response()
        }
        who => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
    }
}

/// The address that asks: what the proxy in front added last to its header, or the other end of the connection.
fn caller(house: &House, Peer(peer): Peer, headers: &HeaderMap) -> IpAddr {
    let told = || {
        let header = headers.get_all(house.proxy.as_ref()?).iter().next_back()?;
        let last = header.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse().ok()
    };
    told().unwrap_or(peer.ip())
}

/// Whether the caller's browser believes that it talks to this machine.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return true;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    let name = name.unwrap_or_default();
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[derive(Deserialize)]
struct Which {
    plan: Option<String>,
}

async fn all(
    State(house): Shared,
    Extension(who): Extension<Caller>,
    Query(which): Query<Which>,
) -> Response {
    let told = house.answers.health(Timestamp::now());
    match &which.plan {
        None => standing(who, &told.all),
        Some(plan) => told
            .of(plan)
            .map_or_else(|| no_such_plan(who), |answer| standing(who, answer)),
    }
}

async fn one(
    State(house): Shared,
    Extension(who): Extension<Caller>,
    Path(plan): Path<String>,
) -> Response {
    let told = house.answers.health(Timestamp::now());
    told.of(&plan)
        .map_or_else(|| no_such_plan(who), |answer| standing(who, answer))
}

/// The answer of the health endpoint: everything for those with the key, one word for the others.
fn standing(who: Caller, answer: &Answer) -> Response {
    let status = if answer.healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = if who == Caller::Known {
        answer.body.clone()
    } else {
        json(&serde_json::json!({ "status": health::word(answer.healthy) }))
    };
    typed(status, JSON, body)
}

/// Never healthy: a monitor whose plan was renamed must notice.
fn no_such_plan(who: Caller) -> Response {
    let mut told = serde_json::json!({ "status": health::word(false) });
    if who == Caller::Known {
        told["error"] = "no plan has this name".into();
    }
    typed(StatusCode::NOT_FOUND, JSON, json(&told))
}

async fn metrics(State(house): Shared) -> Response {
    let text = aside(move || house.answers.metrics(Timestamp::now())).await;
    text.map_or_else(broke, |text| typed(StatusCode::OK, METRICS, text))
}

async fn dashboard(State(house): Shared) -> Response {
    let page = aside(move || house.answers.dashboard(Timestamp::now())).await;
    page.map_or_else(broke, |page| typed(StatusCode::OK, HTML, page))
}

async fn plan(State(house): Shared, Path(name): Path<String>) -> Response {
    let page = aside(move || {
        let watched = house.watch.plans.get(house.watch.position(&name)?)?;
        Some(pages::plan(&watched.state(), Timestamp::now()))
    });
    page.await.map_or_else(broke, |page| found(page, HTML))
}

/// A run as a page, or with `.json` at its end as the report itself.
async fn run(State(house): Shared, Path((plan, run)): Path<(String, String)>) -> Response {
    let as_json = run.strip_suffix(".json").map(ToOwned::to_owned);
    let kind = if as_json.is_some() { JSON } else { HTML };
    let write = if as_json.is_some() {
        report
    } else {
        pages::run
    };
    let name = as_json.unwrap_or(run);
    let text = aside(move || {
        let known = house.watch.plans.get(house.watch.position(&plan)?)?.known();
        known
            .past
            .runs
            .iter()
            .find(|run| run.run == name)
            .map(write)
    });
    text.await.map_or_else(broke, |text| found(text, kind))
}

fn report(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

/// Makes something beside the thread that answers, so that a large page does not hold up a monitor.
async fn aside<T: Send + 'static>(make: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(make).await.ok()
}

fn found(text: Option<String>, kind: &'static str) -> Response {
    match text {
        Some(text) => typed(StatusCode::OK, kind, text.into()),
        None => self::text(
            StatusCode::NOT_FOUND,
            "there is no plan or run of this name\n",
        ),
    }
}

/// The page could not be written: a fault of pgdrill, told on standard error.
fn broke() -> Response {
    text(
        StatusCode::INTERNAL_SERVER_ERROR,
        "this page could not be made: a fault of pgdrill\n",
    )
}

fn text(status: StatusCode, text: &'static str) -> Response {
    typed(status, TEXT, Bytes::from_static(text.as_bytes()))
}

fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}
