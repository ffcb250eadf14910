//! A database in a server that CI provides. Only what the run made itself is ever dropped.

mod about;
mod claim;
mod drop;
mod leftovers;

use std::path::PathBuf;

use tokio::time::timeout;
use tokio_postgres::{Client, Config, config::Host};

use super::{
    Needs, PATIENCE, Server, Tool, choose::Started, connection, folder::Folder, installed,
    jail::Jail, process::Programs, roles,
};
use crate::{
    error::{Error, OrStop, Result, sentence},
    units::Secret,
};

use claim::comment;

pub(super) use claim::mark;
pub(super) use leftovers::clean;

const HINT: &str = "Give the URL of a running server that may be used by --service-url or PGDRILL_SERVICE_URL, such as postgres://postgres:password@localhost:5432/postgres.";

/// A database of ours in somebody's server.
pub(super) struct Service {
    config: Config,
    /// Holds the lock that says that the run lives: it goes when we do, however we end.
    keeper: Client,
    folder: Folder,
    programs: Programs,
    run: String,
    version: u32,
}

/// Checks the server and takes the run's lock in it.
pub(super) async fn start(needs: &Needs) -> Result<Started> {
    let config = parse(needs.service_url.as_ref())?;
    let keeper = connect(&config).await?;
    let about = about::look(&keeper).await?;
    let options = about.options()?;
    claim::hold(&keeper, &needs.run).await?;
    let all = installed::all();
    let tools = installed::tools_for(&all, needs.tools_major.max(needs.major), about.major)?;
    let jail = jail(&config);
    let folder = Folder::make(&needs.run, jail.user().is_some())?;
    let home = match folder.inner("server", 0o700, jail.user()) {
        Ok(home) => home,
        Err(error) => {
            let _ = folder.remove();
            return Err(error);
        }
    };
    let database = claim::database_name(&needs.run);
    let programs = Programs {
        bin: tools.bin.clone(),
        environment: environment(&config, &database, &options),
        folder: home,
        jail,
    };
    let notes = about.notes(tools.major);
    let service = Service {
        config: config.clone(),
        keeper,
        folder,
        programs,
        run: needs.run.clone(),
        version: about.major,
    };
    Ok(Started {
        server: Server::Service(Box::new(service)),
        superuser: config,
        database,
        notes,
    })
}

/// With what the URL asks of every session, and what we do.
fn environment(config: &Config, database: &str, ours: &[&str]) -> Vec<(&'static str, String)> {
    let mut environment = connection::environment(config, database);
    let options: Vec<_> = config
        .get_options()
        .into_iter()
        .chain(ours.iter().copied())
        .collect();
    if !options.is_empty() {
        environment.push(("PGOPTIONS", options.join(" ")));
    }
    environment
}

fn parse(url: Option<&Secret>) -> Result<Config> {
    let url = url.ok_or_else(|| Error::new("no service URL is given", HINT))?;
    // The driver's own message may repeat a part of the URL, and so of the password.
    let mut config: Config = url
        .reveal()
        .parse()
        .map_err(|_| Error::new("the service URL is not a PostgreSQL URL", HINT))?;
    if config.get_hosts().is_empty() {
        return Err(Error::new("the service URL names no host", HINT));
    }
    if connection::holds_half_a_password(&config) {
        return Err(Error::new(
            "the service URL is not a PostgreSQL URL",
            "Write an \"@\" in a password as %40.",
        ));
    }
    config.application_name("pgdrill");
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(std::time::Duration::from_secs(20));
    }
    Ok(config)
}

async fn connect(config: &Config) -> Result<Client> {
    connection::try_open(config).await.or_stop(
        || format!("could not connect to the service at \"{}\"", host(config)),
        HINT,
    )
}

fn host(config: &Config) -> String {
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "?".to_owned(),
    }
}

/// Programs must reach the server over the network; over a socket it may know us by our user.
fn jail(config: &Config) -> Jail {
    match config.get_hosts().first() {
        Some(Host::Unix(_)) => Jail::none(),
        _ => Jail::open(),
    }
}

impl Service {
    pub(super) fn tool(&self, program: &str, arguments: &[&str]) -> Result<Tool> {
        self.programs.tool(program, arguments)
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.programs.folder.clone()
    }

    pub(super) async fn maintenance(&self) -> Result<Client> {
        connect(&self.config).await
    }

    /// Says in the database itself whose it is.
    pub(super) async fn mark_database(&self, name: &str) -> Result<()> {
        comment(&self.keeper, name, &mark(&self.run, false)).await
    }

    /// Somebody else's server can only be asked whether it is there.
    pub(super) async fn autopsy(&self, superuser: &Config) -> Option<Error> {
        match connection::try_open(superuser).await {
            Ok(_) if !self.keeper.is_closed() => None,
            Ok(_) => Some(super::autopsy::gone("The service was restarted during the run.")),
            Err(error) => Some(
                Error::new(
                    "the service went away",
                    "Look at its log: it may have run out of memory or of disk, or have been stopped.",
                )
                .because(sentence(&crate::error::whole(&error))),
            ),
        }
    }

    /// The command that opens `psql` on it; it asks for the password.
    pub(super) fn psql(&self, database: &str) -> String {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!(
            "{}/psql \"host={} port={port} user={} dbname={database}\"",
            self.programs.bin.display(),
            host(&self.config),
            self.config.get_user().unwrap_or("postgres")
        )
    }

    pub(super) async fn stop(self, keep: bool, database: &str, names: &[String]) -> Result<()> {
        let ended = if keep {
            self.while_it_answers(database, Box::pin(self.mark_kept(database, names)))
                .await
        } else {
            self.while_it_answers(database, Box::pin(self.drop_all(database, names)))
                .await
        };
        self.folder.remove().and(ended)
    }

    /// Dropping a large database may take long: it is waited for as long as the server answers others.
    async fn while_it_answers(
        &self,
        database: &str,
        work: impl Future<Output = Result<()>>,
    ) -> Result<()> {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = timeout(PATIENCE, work.as_mut()).await {
                return done;
            }
            if !connection::answers(&self.config).await {
                return Err(still_there(database));
            }
        }
    }

    async fn mark_kept(&self, database: &str, names: &[String]) -> Result<()> {
        let client = self.maintenance().await?;
        for name in names {
            roles::comment(&client, name, &mark(&self.run, true)).await?;
        }
        comment(&client, database, &mark(&self.run, true)).await
    }

    async fn drop_all(&self, database: &str, names: &[String]) -> Result<()> {
        drop::database(&self.config, database, self.version).await?;
        let client = self.maintenance().await?;
        for name in names.iter().rev() {
            roles::drop(&client, name).await?;
        }
        Ok(())
    }
}

fn still_there(database: &str) -> Error {
    Error::new(
        format!("could not drop the database \"{database}\" of the service"),
        "Run \"pgdrill clean\".",
    )
    .because(
        "It does not answer; once it does, \"pgdrill clean\" with its URL removes what is left.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Config> {
        parse(Some(&Secret::new(url)))
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        let error = read("postgres://u:hunter2@h:port/db").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(read("user=postgres").is_err());
        assert!(read("postgres://u:p@localhost/postgres").is_ok());
    }
}
