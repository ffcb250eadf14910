//! HTTP as every sink needs it: only to addresses that may be reached, no redirects, again until the patience ends.
//! Nothing of a URL but host and port is told.

use std::{error, io, net::IpAddr, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};
use tokio::time::{Instant, sleep};

use super::reach::{Reach, Refused};
use crate::{
    error::{Error, OrStop as _, Result, sentence, whole},
    sinks::visible,
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before the second try; then twice as long each time.
const PAUSE: Duration = Duration::from_millis(500);

/// Who asks for patience is given this much at most: a report is worth more than an hour's wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How much of a refusal is shown, in characters.
const SHOWN: usize = 200;

/// How much of a refusal is read, in bytes.
const READ: usize = 16_384;

/// One message, and where it goes.
pub(super) struct Request {
    /// What is done, for errors: `tell Slack`.
    pub(super) doing: &'static str,
    /// What to do when it does not work.
    pub(super) hint: &'static str,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) reach: Reach,
    /// What of a refusal is worth showing: any other could repeat the URL, which is given for that.
    pub(super) explain: fn(&Url, StatusCode, &str) -> Option<String>,
}

/// Why a message did not arrive.
pub(super) struct Failure {
    pub(super) error: Error,
    /// What was answered the last time, if anything was.
    pub(super) status: Option<StatusCode>,
}

/// Why one try did not work.
struct Trouble {
    /// As a sentence.
    cause: String,
    status: Option<StatusCode>,
    /// It may work the next time, which should not be earlier than this.
    again: Option<Duration>,
}

impl Request {
    /// A POST of some bytes.
    pub(super) fn post(url: Url, reach: Reach, body: impl Into<Vec<u8>>) -> Self {
        Self {
            doing: "deliver",
            hint: "Check the address.",
            method: Method::POST,
            url,
            headers: HeaderMap::new(),
            body: body.into(),
            reach,
            explain: |_, _, _| None,
        }
    }

    /// Delivers it; tries again until `until`.
    pub(super) async fn deliver(&self, until: Instant) -> std::result::Result<(), Failure> {
        let client = self.client().map_err(|error| Failure {
            error,
            status: None,
        })?;
        let mut pause = PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now()).min(TIMEOUT);
            let trouble = match self.send(&client, left).await {
                Ok(()) => return Ok(()),
                Err(trouble) => trouble,
            };
            let wait = trouble.again.map(|least| least.max(pause));
            match wait.filter(|wait| Instant::now() + *wait < until) {
                Some(wait) => sleep(wait).await,
                None => return Err(self.failure(&trouble)),
            }
            pause *= 2;
        }
    }

    /// Connects, and says nothing.
    pub(super) async fn connect(&self) -> Result<()> {
        super::probe::connect(&self.url, self.reach)
            .await
            .map_err(|error| Error::new(self.failed(), self.hint).because(sentence(&whole(&error))))
    }

    fn failed(&self) -> String {
        format!("could not {} at \"{}\"", self.doing, place(&self.url))
    }

    fn failure(&self, trouble: &Trouble) -> Failure {
        Failure {
            error: Error::new(self.failed(), self.hint).because(sentence(&trouble.cause)),
            status: trouble.status,
        }
    }

    /// A redirect is not followed: it could take what is secret elsewhere. A proxy would resolve names by itself, so only
    /// who may be told anything may be told through one.
    fn client(&self) -> Result<Client> {
        let builder = Client::builder()
            .redirect(redirect::Policy::none())
            .dns_resolver(Resolver(self.reach))
            .user_agent(concat!("pgdrill/", env!("CARGO_PKG_VERSION")));
        let builder = if self.reach == Reach::Any {
            builder
        } else {
            builder.no_proxy()
        };
        builder.build().or_stop(|| self.failed(), self.hint)
    }

    async fn send(&self, client: &Client, timeout: Duration) -> std::result::Result<(), Trouble> {
        // The resolver is not asked about an address.
        if let Some(address) = literal(&self.url) {
            self.reach.allows(address).map_err(|refused| Trouble {
                cause: refused.to_string(),
                status: None,
                again: None,
            })?;
        }
        let request = client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone())
            .timeout(timeout)
            .body(self.body.clone());
        let answer = request.send().await.map_err(|error| Trouble {
            status: None,
            again: (!is_lasting(&error)).then_some(Duration::ZERO),
            cause: whole(&error.without_url()),
        })?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(self.refusal(answer).await)
    }

    async fn refusal(&self, answer: Response) -> Trouble {
        let status = answer.status();
        let busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let again = busy.then(|| asked_to_wait(answer.headers(), Timestamp::now()));
        let said = said(answer).await;
        let said = (self.explain)(&self.url, status, &said).map_or_else(String::new, |said| {
            let shown: String = said.chars().take(SHOWN).collect();
            format!(": {}", visible(&shown))
        });
        Trouble {
            cause: format!("It answered {status}{said}"),
            status: Some(status),
            again,
        }
    }
}

/// Host and port: all of a URL that may be told.
pub(super) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The address in a URL that names none.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// How long the other side asks to wait: in seconds, or until a time.
fn asked_to_wait(headers: &HeaderMap, now: Timestamp) -> Duration {
    let text = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let until = |text: &str| {
        let until = rfc2822::parse(text).ok()?.timestamp();
        u64::try_from(until.as_second() - now.as_second()).ok()
    };
    let seconds = text.map(str::trim);
    let seconds = seconds.and_then(|text| text.parse().ok().or_else(|| until(text)));
    Duration::from_secs(seconds.unwrap_or_default()).min(LONGEST_PAUSE)
}

/// The first line of an answer, as far as it came.
async fn said(mut answer: Response) -> String {
    let mut text = Vec::new();
    while text.len() < READ
        && !text.contains(&b'\n')
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        text.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or_default().trim().to_owned()
}

/// Whether the next try would end as this one did: the address must not be reached, or its certificate is not trusted.
fn is_lasting(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let lasting = |error: &(dyn error::Error + 'static)| {
            let tls = error.downcast_ref::<rustls::Error>();
            let untrusted = matches!(tls, Some(rustls::Error::InvalidCertificate(_)));
            untrusted || error.is::<Refused>()
        };
        if lasting(error) || inner.is_some_and(|inner| lasting(inner)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Resolves names to addresses that may be reached.
#[derive(Clone, Copy)]
struct Resolver(Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let addresses = reach.addresses(name.as_str(), 0).await?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_given_in_seconds_or_until_a_time_and_has_an_end() {
        let now: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        let waits = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            asked_to_wait(&headers, now).as_secs()
        };
        assert_eq!(waits("3"), 3);
        assert_eq!(waits("Tue, 24 Nov 2026 09:30:07 GMT"), 7);
        assert_eq!(waits("Tue, 24 Nov 2026 09:29:00 GMT"), 0);
        assert_eq!(waits("3600"), 20);
        assert_eq!(waits("soon"), 0);
        assert_eq!(asked_to_wait(&HeaderMap::new(), now), Duration::ZERO);
    }

    #[test]
    fn an_address_in_a_url_is_seen_in_every_spelling() {
        for url in [
            "http://127.0.0.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://127.1/",
        ] {
            let address = literal(&Url::parse(url).unwrap()).unwrap();
            assert!(Reach::Public.allows(address).is_err(), "{url}");
        }
        let address = literal(&Url::parse("https://[::ffff:127.0.0.1]/").unwrap()).unwrap();
        assert!(Reach::Public.allows(address).is_err());
        assert_eq!(literal(&Url::parse("https://localhost/").unwrap()), None);
    }
}
