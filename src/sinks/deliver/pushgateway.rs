//! A Pushgateway: the metrics are posted into the plan's own group, where what is not told stays as it was.

use std::time::Duration;

use aws_smithy_types::base64;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE, redirect};
use tokio::time::{Instant, sleep};

use crate::{
    error::{Error, OrStop as _, Result, sentence, whole},
    sinks::visible,
    units::Secret,
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before the second try; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(500);

/// How much of a refusal is shown, in characters.
const SHOWN: usize = 200;

const HINT: &str = "Check `metrics.pushgateway` in the plan, and that the Pushgateway runs.";

/// Why a push did not arrive, as a sentence.
enum Trouble {
    /// It may arrive the next time.
    Passing(String),
    /// It never will.
    Lasting(String),
}

/// Posts the metrics of a plan; tries again until `patience` ends.
///
/// # Errors
/// When the Pushgateway did not take them. Nothing of the URL but host and port is told.
pub(super) async fn push(url: &Secret, backup: &str, text: &str, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    let url = address(url.reveal(), backup)?;
    let doing = || format!("could not push the metrics to \"{}\"", place(&url));
    let client = client().or_stop(doing, HINT)?;
    let mut pause = PAUSE;
    loop {
        let left = until.saturating_duration_since(Instant::now()).min(TIMEOUT);
        let cause = match post(&client, &url, text, left).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Passing(cause)) if Instant::now() + pause >= until => cause,
            Err(Trouble::Passing(_)) => {
                sleep(pause).await;
                pause *= 2;
                continue;
            }
            Err(Trouble::Lasting(cause)) => cause,
        };
        return Err(Error::new(doing(), HINT).because(sentence(&cause)));
    }
}

/// A redirect is not followed: it could take the password in the URL elsewhere.
fn client() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .user_agent(concat!("pgdrill/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn post(
    client: &Client,
    url: &Url,
    text: &str,
    timeout: Duration,
) -> std::result::Result<(), Trouble> {
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .timeout(timeout)
        .body(text.to_owned());
    let answer = request
        .send()
        .await
        .map_err(|error| Trouble::Passing(whole(&error.without_url())))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let cause = format!("It answered {status}{}", said(answer).await);
    Err(if passing {
        Trouble::Passing(cause)
    } else {
        Trouble::Lasting(cause)
    })
}

/// What the Pushgateway says against metrics. Any other answer may come from a proxy, and repeat the URL.
async fn said(mut answer: reqwest::Response) -> String {
    if answer.status() != StatusCode::BAD_REQUEST {
        return String::new();
    }
    let Ok(Some(chunk)) = answer.chunk().await else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&chunk);
    let line = text.lines().next().unwrap_or_default().trim();
    let shown: String = line.chars().take(SHOWN).collect();
    format!(": {}", visible(&shown))
}

/// Host and port: all of the URL that may be told.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
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

    #[tokio::test]
    async fn a_password_in_the_url_is_never_told() {
        // Nobody listens on the port of a socket that was just closed.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let url = Secret::new(format!("http://me:hunter2@127.0.0.1:{port}/hunter3"));
        let error = push(&url, "shop", "", Duration::ZERO).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains(&format!("127.0.0.1:{port}")), "{told}");
        assert!(!told.contains("hunter"), "{told}");
        let error = address("http://me:hunter2@[", "shop").unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
