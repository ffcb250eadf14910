//! Connections to the sandbox's server.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_postgres::{Client, Config, NoTls, config::Host};

use super::paced::Paced;
use crate::{
    error::{Error, OrStop, Result, sentence, whole},
    units::hex,
};

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(20);

/// A configuration that all our own connections start from.
pub(super) fn base(user: &str, password: &str) -> Config {
    let mut config = Config::new();
    config
        .user(user)
        .password(password)
        .application_name("pgdrill")
        .connect_timeout(ATTEMPT);
    config
}

/// Opens a connection and drives it in the background.
pub(super) async fn open(config: &Config) -> Result<Client> {
    or_gone(config, try_open(config).await)
}

fn or_gone<T, E: std::error::Error + Send + Sync + 'static>(
    config: &Config,
    opened: std::result::Result<T, E>,
) -> Result<T> {
    opened.or_stop(
        || {
            format!(
                "could not connect to the sandbox as \"{}\"",
                config.get_user().unwrap_or("?")
            )
        },
        "The sandbox may be gone; run again.",
    )
}

/// As [`open`], with the driver's own error.
pub(super) async fn try_open(config: &Config) -> io::Result<Client> {
    let (client, connection) = in_time(limit(config), Box::pin(config.connect(NoTls))).await?;
    drive(connection);
    Ok(client)
}

/// How long a step of connecting may take in all: the driver may try one host after another.
fn limit(config: &Config) -> Duration {
    let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(1).max(1);
    let each = config.get_connect_timeout().copied().unwrap_or_default();
    each.max(ATTEMPT).saturating_mul(hosts)
}

/// Waits for such a step. The driver's own limit is over once the server is reached, which may be silent then.
async fn in_time<T>(
    limit: Duration,
    step: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> io::Result<T> {
    match timeout(limit, step).await {
        Ok(done) => done.map_err(io::Error::other),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("It did not answer within {} s.", limit.as_secs()),
        )),
    }
}

/// Its errors reach whoever uses the client.
fn drive<F: Future + Send + 'static>(connection: F)
where
    F::Output: Send,
{
    tokio::spawn(async move {
        let _ = connection.await;
    });
}

/// What a connection goes over.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// As [`open`], over what this makes of the way to the server.
pub(super) async fn open_over<W: Wire + 'static>(
    config: &Config,
    over: impl FnOnce(Box<dyn Wire>) -> W,
) -> Result<Client> {
    let reached = timeout(ATTEMPT, reach(config)).await;
    let wire = or_gone(config, reached.map_err(io::Error::from).flatten())?;
    let greeted = in_time(
        limit(config),
        Box::pin(config.connect_raw(over(wire), NoTls)),
    )
    .await;
    let (client, connection) = or_gone(config, greeted)?;
    drive(connection);
    Ok(client)
}

/// The way to the first server of a configuration that can be reached.
async fn reach(config: &Config) -> io::Result<Box<dyn Wire>> {
    let ports = config.get_ports();
    let mut failed = io::ErrorKind::AddrNotAvailable.into();
    for (at, host) in config.get_hosts().iter().enumerate() {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match dial(host, port).await {
            Ok(wire) => return Ok(wire),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn dial(host: &Host, port: u16) -> io::Result<Box<dyn Wire>> {
    Ok(match host {
        Host::Unix(folder) => {
            let socket = UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?;
            Box::new(Paced::over(socket.into_std()?)?)
        }
        Host::Tcp(name) => {
            let stream = TcpStream::connect((name.as_str(), port)).await?;
            // As the driver's own connections: what is asked is not held back.
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
    })
}

/// Whether the server is there: a refusal is an answer too, unless it says that it starts or ends.
pub(super) async fn answers(config: &Config) -> bool {
    match try_open(&at_home(config)).await {
        Ok(_) => true,
        Err(error) => (error.get_ref())
            .and_then(|inner| inner.downcast_ref::<tokio_postgres::Error>()?.code())
            .is_some_and(|code| !code.code().starts_with("57P")),
    }
}

/// With a database that is there before ours is.
fn at_home(config: &Config) -> Config {
    let mut config = config.clone();
    if config.get_dbname().is_none() {
        config.dbname("postgres");
    }
    config
}

/// What the server calls its version, such as `15.20`, without the packager's addition.
pub(super) async fn version(config: &Config) -> Result<String> {
    let client = open(&at_home(config)).await?;
    let row = client
        .query_one("SHOW server_version", &[])
        .await
        .map_err(|error| refused("could not ask the sandbox for its version", &error))?;
    let whole: &str = row.get(0);
    Ok(whole.split(' ').next().unwrap_or(whole).to_owned())
}

/// `15` of `15.20` and of `18beta1`; zero of nonsense.
pub(super) fn major(version: &str) -> u32 {
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().unwrap_or(0)
}

/// An error for a statement of ours that the server refused.
pub(super) fn refused(doing: impl Into<String>, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        // Never its DETAIL: it may hold a row.
        Some(answer) => answer.message().to_owned(),
        None => whole(error),
    };
    Error::new(
        doing,
        "See what the server says above; run again when it is mended.",
    )
    .because(sentence(&cause))
}

/// Whether a password with an "@" in it was cut there, so that its end would be taken for the name of a host.
pub(super) fn holds_half_a_password(config: &Config) -> bool {
    let of_password = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    config.get_hosts().iter().any(of_password)
}

/// A database as libpq's programs are told of it: a name alone that holds an "=" would be taken for more than a name.
pub(super) fn target(database: &str, options: Option<&str>) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let options = options.map(|options| format!(" options='{}'", quoted(options)));
    format!(
        "dbname='{}'{}",
        quoted(database),
        options.unwrap_or_default()
    )
}

/// The environment that points libpq at the same server.
pub(super) fn environment(config: &Config, database: &str) -> Vec<(&'static str, String)> {
    let mut names = Vec::new();
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => names.push(("PGHOST", host.clone())),
        Some(Host::Unix(path)) => names.push(("PGHOST", path.display().to_string())),
        None => {}
    }
    if let Some(port) = config.get_ports().first() {
        names.push(("PGPORT", port.to_string()));
    }
    if let Some(user) = config.get_user() {
        names.push(("PGUSER", user.to_owned()));
    }
    if let Some(password) = config.get_password() {
        names.push(("PGPASSWORD", String::from_utf8_lossy(password).into_owned()));
    }
    names.push(("PGDATABASE", database.to_owned()));
    // The driver does not ask for the address of a host that has one; neither may libpq.
    let addresses = config.get_hostaddrs().first();
    names.extend(addresses.map(|address| ("PGHOSTADDR", address.to_string())));
    // Messages are parsed, so they must be in English.
    names.push(("LC_ALL", "C".to_owned()));
    names
}

/// A password of 32 random bytes.
pub(super) fn password() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::new(
            "could not make a random password",
            "The system's random source must work.",
        )
        .because(sentence(&error.to_string()))
    })?;
    Ok(hex(&bytes))
}

/// A name as SQL writes it, whatever it holds.
pub(super) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it, whatever it holds.
pub(super) fn quote_text(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!(" E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_takes_a_connection_and_says_nothing_is_not_waited_for_for_ever() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = base("me", "secret");
        config
            .host("127.0.0.1")
            .port(listener.local_addr().unwrap().port());
        let error = in_time(Duration::from_millis(100), config.connect(NoTls)).await;
        assert_eq!(error.err().unwrap().kind(), io::ErrorKind::TimedOut);
        assert_eq!(limit(&config), ATTEMPT);
        config.host("::1").connect_timeout(ATTEMPT * 2);
        assert_eq!(limit(&config), ATTEMPT * 4);
    }

    #[test]
    fn majors_are_read_from_what_servers_report() {
        assert_eq!((major("15.20"), major("18beta1"), major("?")), (15, 18, 0));
    }

    #[test]
    fn names_and_texts_cannot_end_their_quotes() {
        assert_eq!(quote_name("a\"; drop"), "\"a\"\"; drop\"");
        assert_eq!(quote_text("it's"), "'it''s'");
        assert_eq!(quote_text("\\'"), " E'\\\\'''");
    }

    #[test]
    fn tools_are_pointed_at_the_same_server() {
        let mut config = base("me", "secret");
        config.host("/run/x").port(5433);
        let names = environment(&config, "restored");
        assert!(names.contains(&("PGHOST", "/run/x".to_owned())));
        assert!(names.contains(&("PGPORT", "5433".to_owned())));
        assert!(names.contains(&("PGDATABASE", "restored".to_owned())));
    }
}
