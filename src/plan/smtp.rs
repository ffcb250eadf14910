//! The server that takes mail, as a URL: `smtp://user:password@host:587` or `smtps://…:465`.

use std::net::IpAddr;

use reqwest::Url;

use crate::units::Secret;

/// The server that takes mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpPlan {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who logs in, when anybody does.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// `smtp://`: the server must offer STARTTLS, before anybody logs in.
    StartTls,
    /// `smtps://`: TLS from the first byte.
    Wrapped,
    /// `smtp://…?tls=none`: not at all.
    None,
}

/// What is wrong, and what to write instead. Neither holds a part of the URL.
type Wrong = (&'static str, &'static str);

const HELP: &str = "write smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465; \
                    write %40 for an @ in the user's name, %2F for a / in the password";

/// Reads the URL of a mail server.
pub(super) fn read(text: &str) -> Result<SmtpPlan, Wrong> {
    let url = Url::parse(text).map_err(|_| ("\"smtp\" is no URL", HELP))?;
    let (tls, port) = match url.scheme() {
        "smtp" => (SmtpTls::StartTls, 587),
        "smtps" => (SmtpTls::Wrapped, 465),
        _ => return Err(("\"smtp\" is not the URL of a mail server", HELP)),
    };
    let tls = match (url.query(), tls) {
        (None, tls) => tls,
        (Some("tls=none"), SmtpTls::StartTls) => SmtpTls::None,
        (Some(_), _) => {
            let help =
                "after smtp://… nothing may follow but ?tls=none, which sends mail unprotected";
            return Err(("the parameters of \"smtp\" are not known", help));
        }
    };
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or(("\"smtp\" names no host", HELP))?;
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let unreadable = ("the user or the password in \"smtp\" is not UTF-8", HELP);
    let user = decoded(url.username()).ok_or(unreadable)?;
    let password = decoded(url.password().unwrap_or_default()).ok_or(unreadable)?;
    let user = Some(user).filter(|user| !user.is_empty());
    if tls == SmtpTls::None && user.is_some() && !is_here(&host) {
        let help = "remove ?tls=none, or log in nowhere but on this machine";
        return Err(("the password in \"smtp\" would be sent unprotected", help));
    }
    Ok(SmtpPlan {
        host,
        port: url.port().unwrap_or(port),
        tls,
        user,
        password: Secret::new(password),
    })
}

fn is_here(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The text with `%40` and the like as what they stand for; nothing when that is no UTF-8.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        if let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            bytes.push(byte);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_decides_over_tls_and_port() {
        let of = |text| read(text).map(|smtp| (smtp.host, smtp.port, smtp.tls));
        let host = |port, tls| Ok(("mail.example.com".to_owned(), port, tls));
        assert_eq!(of("smtp://mail.example.com"), host(587, SmtpTls::StartTls));
        assert_eq!(
            of("smtp://mail.example.com:25/"),
            host(25, SmtpTls::StartTls)
        );
        assert_eq!(of("smtps://mail.example.com"), host(465, SmtpTls::Wrapped));
        assert_eq!(
            of("smtp://mail.example.com?tls=none"),
            host(587, SmtpTls::None)
        );
        assert!(of("smtps://mail.example.com?tls=none").is_err());
        assert!(of("smtp://mail.example.com?tls=required").is_err());
        assert!(of("https://mail.example.com").is_err());
        assert!(of("mail.example.com:587").is_err());
        assert!(of("smtp://").is_err());
    }

    #[test]
    fn user_and_password_may_hold_any_letter() {
        let smtp = read("smtp://ops%40example.com:p%2Fa%20s%25@[::1]:2525").unwrap();
        assert_eq!(smtp.user.as_deref(), Some("ops@example.com"));
        assert_eq!(smtp.password.reveal(), "p/a s%");
        assert_eq!((smtp.host.as_str(), smtp.port), ("::1", 2525));
        assert!(read("smtp://%ff@mail.example.com").is_err());
    }

    #[test]
    fn a_password_is_not_sent_unprotected_but_to_this_machine() {
        assert!(read("smtp://me:x@mail.example.com?tls=none").is_err());
        assert!(read("smtp://me:x@127.0.0.1?tls=none").is_ok());
        assert!(read("smtp://mail.example.com?tls=none").is_ok());
    }

    #[test]
    fn no_mistake_repeats_the_password() {
        for url in [
            "smtp://me:hunter2@mail?tls=none",
            "smtp://me:hunter2@",
            "x://me:hunter2@m",
        ] {
            let (message, help) = read(url).unwrap_err();
            assert!(!message.contains("hunter2") && !help.contains("hunter2"));
        }
    }
}
