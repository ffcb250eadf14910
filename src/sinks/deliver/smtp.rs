//! Mail by SMTP: over TLS unless the plan says otherwise, to a server whose address may be reached.

use std::{error::Error as _, io, ops::Range, path::PathBuf, time::Duration};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    address::{AddressError, Envelope},
    message::{Mailbox, MultiPart},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
    },
};
use reqwest::Url;
use tokio::time::{Instant, sleep, timeout};

use super::reach::Reach;
use crate::{
    error::{Error, OrStop as _, Result, sentence, whole},
    finding::Code,
    plan::{EmailPlan, SmtpTls},
    sinks::{mail::Mail, visible},
};

/// How long one command of the protocol may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before the second try; then twice as long each time.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of what a server says is shown, in characters.
const SHOWN: usize = 200;

const HINT: &str =
    "Check `notify.email` in the plan: the server, its port, user and password, and the addresses.";

/// The codes by which a server wants another login, or another way to log in (RFC 4954).
const OF_LOGIN: Range<u16> = 530..540;

const NO_MAIL_SERVER: &str = "It did not answer as a mail server does.";

/// A mail, and the server that takes it.
pub(super) struct Parcel {
    pub(super) plan: EmailPlan,
    /// The folder that `ca` is relative to.
    pub(super) folder: PathBuf,
    pub(super) reach: Reach,
    pub(super) mail: Mail,
}

/// Why one try did not work.
struct Trouble {
    cause: String,
    lasting: bool,
    /// Whether the server may have refused one of the addresses alone.
    of_address: bool,
}

impl Trouble {
    fn passing(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            lasting: false,
            of_address: false,
        }
    }

    fn lasting(cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            lasting: true,
            of_address: false,
        }
    }
}

type Tried<T> = std::result::Result<T, Trouble>;

impl Parcel {
    /// Delivers it; tries again until `until`. What the server refuses for all together is sent to each alone: one mailbox
    /// that is gone keeps nobody else from the mail.
    ///
    /// # Errors
    /// With the code `notify.failed` when some were told, and with the usual one when nobody was.
    pub(super) async fn deliver(&self, until: Instant) -> Result<()> {
        let message = self.message()?;
        let tls = self.tls()?;
        let all = message.envelope();
        let refused = match self.try_until(until, &tls, all, &message).await {
            Err(refused) if refused.of_address && all.to().len() > 1 => refused,
            told => return told.map_err(|trouble| self.error(&trouble)),
        };
        let mut without = Vec::new();
        for (place, to) in all.to().iter().enumerate() {
            let alone = Envelope::new(all.from().cloned(), vec![to.clone()]);
            let alone = alone.or_stop(|| self.failed(), HINT)?;
            if self.try_until(until, &tls, &alone, &message).await.is_err() {
                without.push((place + 1).to_string());
            }
        }
        if without.is_empty() {
            return Ok(());
        }
        if without.len() == all.to().len() {
            return Err(self.error(&refused));
        }
        let cause = format!(
            "Of the {} addresses in `notify.email.to` the server refused number {}.",
            all.to().len(),
            without.join(", ")
        );
        Err(self
            .error(&refused)
            .because(cause)
            .coded(Code::NotifyFailed))
    }

    async fn try_until(
        &self,
        until: Instant,
        tls: &Tls,
        envelope: &Envelope,
        message: &Message,
    ) -> Tried<()> {
        let mut pause = PAUSE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let trouble = match timeout(left, self.send(tls.clone(), envelope, message)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::lasting("It did not answer in time"),
            };
            if trouble.lasting || Instant::now() + pause >= until {
                return Err(trouble);
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    fn error(&self, trouble: &Trouble) -> Error {
        Error::new(self.failed(), HINT).because(sentence(&trouble.cause))
    }

    /// Connects and logs in, and sends nothing.
    pub(super) async fn connect(&self) -> Result<()> {
        let tls = self.tls()?;
        let tried = async {
            let transport = self.transport(tls).await?;
            let usable = transport.test_connection().await.map_err(|e| told(&e))?;
            usable
                .then_some(())
                .ok_or_else(|| Trouble::passing("It takes no commands"))
        };
        let tried = timeout(TIMEOUT, tried).await;
        let tried = tried.unwrap_or_else(|_| Err(Trouble::passing("It did not answer in time")));
        tried.map_err(|trouble| Error::new(self.failed(), HINT).because(sentence(&trouble.cause)))
    }

    fn failed(&self) -> String {
        let (host, port) = (&self.plan.smtp.host, self.plan.smtp.port);
        format!("could not send mail through \"{}:{port}\"", visible(host))
    }

    fn message(&self) -> Result<Message> {
        let wrong = |_| {
            Error::new(
                "a mail address in the plan cannot be used",
                "Check `notify.email.to` and `notify.email.from`.",
            )
        };
        let mailbox = |text: &String| {
            let mailbox: Mailbox = text.parse().map_err(wrong)?;
            let email = in_ascii(&mailbox.email).map_err(wrong)?;
            Ok::<_, Error>(Mailbox { email, ..mailbox })
        };
        let from = mailbox(&self.plan.from)?;
        let mut builder = Message::builder()
            .from(from)
            .subject(self.mail.subject.clone())
            .message_id(None);
        for to in &self.plan.to {
            builder = builder.to(mailbox(to)?);
        }
        let (text, html) = (self.mail.text.clone(), self.mail.html.clone());
        builder
            .multipart(MultiPart::alternative_plain_html(text, html))
            .or_stop(|| self.failed(), HINT)
    }

    fn tls(&self) -> Result<Tls> {
        let smtp = &self.plan.smtp;
        if smtp.tls == SmtpTls::None {
            return Ok(Tls::None);
        }
        let mut parameters = TlsParameters::builder(smtp.host.clone());
        if let Some(ca) = &self.plan.ca {
            let path = self.folder.join(ca);
            let doing = || format!("could not read the certificates in \"{}\"", path.display());
            let hint = "Check `notify.email.ca` in the plan: a file in PEM with the authority's certificate.";
            let pem = std::fs::read(&path).or_stop(doing, hint)?;
            let certificate = Certificate::from_pem(&pem).or_stop(doing, hint)?;
            parameters = parameters
                .certificate_store(CertificateStore::None)
                .add_root_certificate(certificate);
        }
        let parameters = parameters.build().or_stop(|| self.failed(), HINT)?;
        Ok(if smtp.tls == SmtpTls::Wrapped {
            Tls::Wrapper(parameters)
        } else {
            Tls::Required(parameters)
        })
    }

    async fn send(&self, tls: Tls, envelope: &Envelope, message: &Message) -> Tried<()> {
        let transport = self.transport(tls).await?;
        let sent = transport.send_raw(envelope, &message.formatted()).await;
        sent.map(drop).map_err(|error| told(&error))
    }

    /// The connection goes to the address that was judged; the certificate must be that of the name.
    async fn transport(&self, tls: Tls) -> Tried<AsyncSmtpTransport<Tokio1Executor>> {
        let smtp = &self.plan.smtp;
        let addresses = self.reach.addresses(&smtp.host, smtp.port).await;
        let addresses = addresses.map_err(|error| match error.get_ref() {
            Some(refused) if refused.is::<super::reach::Refused>() => {
                Trouble::lasting(refused.to_string())
            }
            _ => Trouble::passing(whole(&error)),
        })?;
        let address = self.first_open(&addresses).await;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address)
            .port(smtp.port)
            .timeout(Some(TIMEOUT))
            .tls(tls);
        if let Some(user) = &smtp.user {
            let password = smtp.password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(builder.build())
    }

    /// A name may have an address of IPv6 where there is no way to it: the first that listens is taken.
    async fn first_open(&self, addresses: &[std::net::SocketAddr]) -> String {
        for address in addresses {
            let open = timeout(TIMEOUT, tokio::net::TcpStream::connect(address)).await;
            if addresses.len() == 1 || matches!(open, Ok(Ok(_))) {
                return address.ip().to_string();
            }
        }
        addresses
            .first()
            .map_or_else(String::new, |address| address.ip().to_string())
    }
}

/// The same address with its domain as the network knows it: not every server takes other letters than ASCII.
fn in_ascii(address: &Address) -> std::result::Result<Address, AddressError> {
    let url = Url::parse(&format!("http://{}/", address.domain()));
    match url.as_ref().ok().and_then(Url::host_str) {
        Some(domain) if !address.domain().is_ascii() => Address::new(address.user(), domain),
        _ => Ok(address.clone()),
    }
}

/// What a server says may repeat what it was sent, the password and addresses included: its code and class are told, and of
/// what went wrong below them only what this machine says.
fn told(error: &lettre::transport::smtp::Error) -> Trouble {
    if let Some(code) = error.status() {
        let what = if error.is_permanent() {
            "refused it for good"
        } else {
            "refused it for now"
        };
        return Trouble {
            cause: format!("The server {what}, with code {code}"),
            lasting: error.is_permanent(),
            of_address: error.is_permanent() && !OF_LOGIN.contains(&u16::from(code)),
        };
    }
    let lasting = error.is_client() || error.is_tls();
    // An error about an answer quotes it. That of the client has words of its own, such as that there is no STARTTLS.
    let mut below = error.source();
    while !lasting && below.is_some_and(|below| !below.is::<io::Error>()) {
        below = below.and_then(std::error::Error::source);
    }
    let cause = below.map_or_else(
        || NO_MAIL_SERVER.to_owned(),
        |below| visible(&whole(below).chars().take(SHOWN).collect::<String>()),
    );
    Trouble {
        cause,
        lasting,
        of_address: false,
    }
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::response::Response;

    use super::*;

    #[test]
    fn a_domain_of_other_letters_is_written_as_the_network_knows_it() {
        let ascii = |address: &str| in_ascii(&address.parse().unwrap()).unwrap().to_string();
        assert_eq!(ascii("ops@exämple.com"), "ops@xn--exmple-cua.com");
        assert_eq!(ascii("Ops@Example.com"), "Ops@Example.com");
    }

    #[test]
    fn what_a_server_says_that_is_none_is_not_repeated() {
        let said = "nonsense AUTH PLAIN AG1lAGh1bnRlcjI=\r\n";
        let trouble = told(&said.parse::<Response>().unwrap_err());
        assert_eq!(trouble.cause, NO_MAIL_SERVER);
        assert!(!trouble.lasting);
    }
}
