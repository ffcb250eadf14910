//! The connection to the live database: encrypted and verified, unless it stays on this machine or the plan says so.

use std::{
    env,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::called::{Called, LIVE, SOURCE};
use crate::{
    error::{Error, OrStop, Result, sentence, whole},
    plan::LivePlan,
    units::Secret,
};

/// How long one host may take to answer, unless the plan's DSN says otherwise.
const ATTEMPT: Duration = Duration::from_secs(10);

/// How long all of its hosts may take together, TLS and login included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the connection; its transactions are made read only one by one, so that a pooler between us and the
/// database keeps no setting of ours.
///
/// # Errors
/// When the DSN cannot be read, the certificates cannot be read or do not match, or nobody answers. No error holds
/// the password.
pub(super) async fn open(plan: &LivePlan) -> Result<Client> {
    open_as(plan, LIVE).await
}

/// Opens a connection to a database that a dump is taken from, encrypted and verified in the same way.
///
/// # Errors
/// As for the live database.
pub async fn connect(dsn: &Secret, ca: Option<&Path>) -> Result<Client> {
    let plan = LivePlan {
        dsn: dsn.clone(),
        ca: ca.map(Path::to_owned),
    };
    open_as(&plan, SOURCE).await
}

async fn open_as(plan: &LivePlan, called: Called) -> Result<Client> {
    let mut config = parsed(plan.dsn.reveal(), called)?;
    if config.get_application_name().is_none() {
        config.application_name("pgdrill");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(ATTEMPT);
    }
    let name = name(&config);
    let doing = || format!("could not reach {} \"{name}\"", called.database);
    let connecting = async {
        if encrypts(&config, plan.ca.is_some()) {
            config.ssl_mode(SslMode::Require);
            let tls = tls(plan.ca.as_deref(), called)?;
            let connected = config.connect(tls).await;
            connected
                .map(|(client, connection)| driven(client, connection))
                .map_err(|error| refused(&config, called, &doing(), &error))
        } else {
            config.ssl_mode(SslMode::Disable);
            let connected = config.connect(NoTls).await;
            connected
                .map(|(client, connection)| driven(client, connection))
                .map_err(|error| refused(&config, called, &doing(), &error))
        }
    };
    match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(Error::new(doing(), called.hint).because(format!(
            "It did not answer within {} s.",
            PATIENCE.as_secs()
        ))),
    }
}

/// What points libpq's programs at the same database, encrypted and verified as we are, so that no password stands on a
/// command line and none goes to somebody else.
#[must_use]
pub fn environment(dsn: &str, ca: Option<&Path>) -> Vec<(&'static str, String)> {
    let Ok(config) = parsed(dsn, SOURCE) else {
        return Vec::new();
    };
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let ports = config.get_ports().iter().map(u16::to_string);
    let join = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join(","));
    let encrypted = encrypts(&config, ca.is_some());
    let roots = ca.map(Path::to_owned).or_else(trusted_here);
    let password = config
        .get_password()
        .map(|word| String::from_utf8_lossy(word).into_owned());
    [
        ("PGHOST", join(hosts.collect())),
        ("PGHOSTADDR", join(addresses.collect())),
        ("PGPORT", join(ports.collect())),
        ("PGUSER", config.get_user().map(str::to_owned)),
        ("PGPASSWORD", password),
        ("PGDATABASE", config.get_dbname().map(str::to_owned)),
        ("PGSSLMODE", encrypted.then(|| "verify-full".to_owned())),
        (
            "PGSSLROOTCERT",
            (roots.filter(|_| encrypted)).map(|path| path.display().to_string()),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// The file of the authorities that this machine trusts, for libpq, which looks for one in the home folder only; none
/// where the environment names one.
fn trusted_here() -> Option<PathBuf> {
    /// Of Debian and Alpine, of Fedora, of openSUSE, of macOS and the BSDs.
    const PLACES: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    if env::var_os("PGSSLROOTCERT").is_some() {
        return None;
    }
    let own = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    own.into_iter()
        .chain(PLACES.map(PathBuf::from))
        .find(|path| path.is_file())
}

/// Drives the connection in the background; its errors reach whoever uses the client.
fn driven<C>(client: Client, connection: C) -> Client
where
    C: Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(connection);
    client
}

/// A DSN as libpq takes it. We always verify as `verify-full` does, so its two words for that are `require` here. What
/// the parser says of a DSN that it cannot read may quote the password, so it is not repeated.
fn parsed(dsn: &str, called: Called) -> Result<Config> {
    let ours = dsn
        .replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require");
    let config: std::result::Result<Config, _> = ours.parse();
    // An "@" in a password cuts it, and its end would be taken for the name of a host and shown as one.
    let whole = |config: &Config| {
        let cut = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        !config.get_hosts().iter().any(cut)
    };
    config.ok().filter(whole).ok_or_else(|| {
        let hint = if dsn.contains("sslrootcert") {
            format!("Name the certificates in {} rather than in `sslrootcert`.", called.ca)
        } else {
            "Write postgres://user:password@host:5432/database, or host=… user=… dbname=…; an \"@\" in a password is %40.".to_owned()
        };
        Error::new(format!("{} cannot be read", called.dsn), hint)
    })
}

/// Whether the connection is encrypted. A socket and the loopback interface stay on this machine; anywhere else an
/// unencrypted connection must be asked for by `sslmode=disable`, as falling back to one by itself would let anybody
/// on the way switch the encryption off.
fn encrypts(config: &Config, has_ca: bool) -> bool {
    let hosts = config.get_hosts();
    let sockets = !hosts.is_empty() && hosts.iter().all(|host| matches!(host, Host::Unix(_)));
    match config.get_ssl_mode() {
        SslMode::Disable => false,
        _ if sockets => false,
        SslMode::Prefer => has_ca || !at_home(config),
        _ => true,
    }
}

fn at_home(config: &Config) -> bool {
    let is_loopback = |name: &str| {
        name == "localhost"
            || name
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    };
    let named = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => is_loopback(name),
        Host::Unix(_) => true,
    });
    let addressed = config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    named && addressed
}

fn tls(ca: Option<&Path>, called: Called) -> Result<MakeRustlsConnect> {
    let Some(path) = ca else {
        let found = MakeRustlsConnect::with_native_certs();
        return found.map(|(tls, _)| tls).map_err(|_| {
            Error::new(
                "this machine trusts no certificate authority",
                format!("Install ca-certificates, or name a file in {}.", called.ca),
            )
        });
    };
    let doing = || format!("could not read the certificates in \"{}\"", path.display());
    let ca = called.ca;
    let hint = &format!("Check {ca}: a file in PEM with the authority's certificate.");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).or_stop(doing, hint)? {
        let certificate = certificate.or_stop(doing, hint)?;
        roots.add(certificate).or_stop(doing, hint)?;
    }
    if roots.is_empty() {
        return Err(Error::new(doing(), hint).because("There is no certificate in it."));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .or_stop(|| "could not set up TLS".to_owned(), called.hint)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// `host:port/database` of the first host, without user and password.
fn name(config: &Config) -> String {
    let host = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (Some(Host::Unix(path)), _) => path.display().to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => "?".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or_else(|| config.get_user());
    format!("{host}:{port}/{}", database.unwrap_or_default())
}

fn refused(config: &Config, called: Called, doing: &str, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        // Never its DETAIL: it is not written for strangers.
        Some(answer) => answer.message().to_owned(),
        None => whole(error),
    };
    let hint = if cause.contains("certificate") {
        format!(
            "Name the authority's certificate in {}, and the host as the certificate names it; certificates are always verified.",
            called.ca
        )
    } else {
        called.hint.to_owned()
    };
    Error::new(doing, hint).because(sentence(&without_password(config, &cause)))
}

/// No driver should repeat a password; should one do it, it ends here.
fn without_password(config: &Config, text: &str) -> String {
    let password = config.get_password().map(String::from_utf8_lossy);
    match password {
        Some(password) if !password.is_empty() => text.replace(password.as_ref(), "***"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted(dsn: &str) -> bool {
        encrypts(&parsed(dsn, LIVE).unwrap(), false)
    }

    #[test]
    fn only_what_stays_here_or_is_asked_for_is_not_encrypted() {
        assert!(encrypted("postgres://u@db.example.com/shop"));
        assert!(encrypted("postgres://u@10.0.0.1/shop?sslmode=prefer"));
        assert!(encrypted("postgres://u@localhost,db.example.com/shop"));
        assert!(encrypted("postgres://u@localhost/shop?sslmode=require"));
        assert!(encrypted("host=127.0.0.1 sslmode=verify-full user=u"));
        assert!(encrypted("host=localhost hostaddr=10.0.0.1 user=u"));
        assert!(!encrypted("postgres://u@localhost/shop"));
        assert!(!encrypted("host=::1 user=u"));
        assert!(!encrypted("host=/run/postgresql user=u sslmode=require"));
        assert!(!encrypted(
            "postgres://u@db.example.com/shop?sslmode=disable"
        ));
        assert!(encrypts(
            &parsed("host=localhost user=u", LIVE).unwrap(),
            true
        ));
    }

    #[test]
    fn a_name_holds_no_password() {
        let config = parsed("postgres://u:hunter2@db.example.com:6432/shop", LIVE).unwrap();
        assert_eq!(name(&config), "db.example.com:6432/shop");
        let told = without_password(&config, "cannot use hunter2");
        assert_eq!(told, "cannot use ***");
    }

    #[test]
    fn a_dsn_that_cannot_be_read_is_not_quoted() {
        for dsn in [
            "postgreSQL://u:hunter2@host/db?x=y",
            "postgres://u:hunter2@host:port/db",
            "host=h user=u password=hunter2 sslrootcert=/x",
        ] {
            let error = parsed(dsn, LIVE).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn whoever_takes_a_dump_hears_of_a_source_and_its_options_and_of_no_plan() {
        let errors = [
            parsed("host=h sslrootcert=/x", SOURCE).map(drop),
            parsed("nonsense", SOURCE).map(drop),
            tls(Some(Path::new("/nowhere")), SOURCE).map(drop),
        ];
        for error in errors {
            let finding = crate::finding::Finding::from(error.unwrap_err());
            let hint = finding.hint;
            assert!(
                !finding.message.contains("live") && !hint.contains("live"),
                "{hint}"
            );
        }
    }
}
