//! A Pushgateway: the metrics are posted into the plan's own group, where what is not told stays as it was.

use aws_smithy_types::base64;
use reqwest::{
    StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use tokio::time::Instant;

use super::{http::Request, reach::Reach};
use crate::{
    error::{Error, Result},
    plan::decoded,
    units::Secret,
};

/// The path of every plan's group, below what the URL itself names.
const GROUPS: &str = "/metrics/job/pgdrill/";

/// A shorter part of a path is a word such as `push`, which an answer may hold for itself.
const SECRET: usize = 8;

/// Posts the metrics of a plan; tries again until `until`. It may lie in a private network, and mostly does.
///
/// # Errors
/// When the Pushgateway did not take them. Nothing of the URL but host and port is told.
pub(super) async fn push(url: &Secret, backup: &str, text: &str, until: Instant) -> Result<()> {
    let url = address(url.reveal(), backup)?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let request = Request {
        doing: "push the metrics",
        hint: "Check `metrics.pushgateway` in the plan, and that the Pushgateway runs.",
        headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
        explain: why,
        ..Request::post(url, Reach::Any, text)
    };
    let pushed = request.deliver(until).await;
    pushed.map_err(|failure| failure.error)
}

/// What the Pushgateway says against metrics. Any other answer may come from a proxy, and repeat the URL; so may this one.
fn why(url: &Url, status: StatusCode, said: &str) -> Option<String> {
    let repeats = untold(url).iter().any(|part| said.contains(part));
    (status == StatusCode::BAD_REQUEST && !repeats).then(|| said.to_owned())
}

/// What of a URL nobody is told, as it is written there and as what it stands for.
fn untold(url: &Url) -> Vec<String> {
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let path = url.path().rsplit_once(GROUPS).map_or("", |(own, _)| own);
    let parts = path.split('/').filter(|part| part.len() >= SECRET);
    let written: Vec<_> = parts.chain([path, user, password]).collect();
    let meant: Vec<_> = written.iter().filter_map(|part| decoded(part)).collect();
    let login = decoded(&format!("{user}:{password}")).map(base64::encode);
    let all = written.into_iter().map(str::to_owned).chain(meant);
    let all = all.chain(login.filter(|_| !user.is_empty() || !password.is_empty()));
    all.filter(|part| !part.is_empty()).collect()
}

/// The group of a plan: `/metrics/job/pgdrill/backup/NAME`.
fn address(url: &str, backup: &str) -> Result<Url> {
    let wrong = || {
        Error::new(
            "the URL of the Pushgateway cannot be read",
            "Write http://host:9091.",
        )
    };
    // The parser's own error is not told: it could repeat a password.
    let mut url = Url::parse(url).map_err(|_| wrong())?;
    let (key, value) = group(backup);
    url.path_segments_mut()
        .map_err(|()| wrong())?
        .pop_if_empty()
        .extend(["metrics", "job", "pgdrill", key, &value]);
    Ok(url)
}

/// A path cannot hold every name: a slash would end it and `..` would leave it, so such names go in base64.
fn group(backup: &str) -> (&'static str, String) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !backup.is_empty() && backup.bytes().all(plain) {
        return ("backup", backup.to_owned());
    }
    let text = base64::encode(backup).replace('+', "-").replace('/', "_");
    // An empty value is written as one sign of padding.
    let text = if text.is_empty() {
        "=".to_owned()
    } else {
        text
    };
    ("backup@base64", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str, backup: &str) -> String {
        address(url, backup).unwrap().path().to_owned()
    }

    #[test]
    fn a_plan_has_its_own_group_below_any_prefix() {
        let group = "/metrics/job/pgdrill/backup/shop";
        assert_eq!(path("http://h:9091", "shop"), group);
        assert_eq!(path("http://h:9091/", "shop"), group);
        assert_eq!(path("http://h/push/", "shop"), format!("/push{group}"));
    }

    #[test]
    fn a_name_that_a_path_cannot_hold_goes_in_base64() {
        let group = "/metrics/job/pgdrill/backup@base64/";
        assert_eq!(path("http://h", "a/b"), format!("{group}YS9i"));
        assert_eq!(path("http://h", ".."), format!("{group}Li4="));
        assert_eq!(path("http://h", "??>"), format!("{group}Pz8-"));
        assert_eq!(path("http://h", ""), format!("{group}="));
    }

    #[test]
    fn an_answer_is_shown_unless_it_repeats_what_of_the_url_is_secret() {
        let invalid = "pushed metrics are invalid: help text differs";
        let shown = |url: &str, said: &str| {
            let url = address(url, "shop").unwrap();
            why(&url, StatusCode::BAD_REQUEST, said)
        };
        for url in ["http://h:9091", "http://h/", "http://ops:hunter2@h/push"] {
            assert_eq!(shown(url, invalid).as_deref(), Some(invalid), "{url}");
        }
        let group = "nothing at /metrics/job/pgdrill/backup/shop";
        assert!(shown("http://h/", group).is_some());
        let url = "http://ops%40x:hunter%2F2@h/push/hunter%2D345/";
        for said in [
            "nothing at /push/hunter%2D345/metrics/job/pgdrill/backup/shop",
            "no token hunter%2D345",
            "no token hunter-345",
            "ops@x may not",
            "wrong password hunter/2",
            "wrong password hunter%2F2",
            "Authorization: Basic b3BzQHg6aHVudGVyLzI=",
        ] {
            assert_eq!(shown(url, said), None, "{said}");
        }
        let url = address("http://h/", "shop").unwrap();
        assert_eq!(why(&url, StatusCode::NOT_FOUND, invalid), None);
    }

    #[tokio::test]
    async fn a_password_in_the_url_is_never_told() {
        // Nobody listens on the port of a socket that was just closed.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = Secret::new(format!("http://me:hunter2@127.0.0.1:{port}/hunter3"));
        let error = push(&url, "shop", "", Instant::now()).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
        assert!(!told.contains("hunter"), "{told}");
        let error = address("http://me:hunter2@[", "shop").unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
