//! A throwaway PostgreSQL.
//!
//! A dump is code that runs as superuser. The sandbox is the boundary, not the role: no way out to the network, a
//! random password, limits on what it may take, none of our environment inside.

mod autopsy;
mod choose;
mod connection;
mod database;
mod docker;
mod effort;
mod examine;
mod folder;
mod installed;
mod jail;
mod leftovers;
mod lines;
mod local;
mod needs;
mod order;
mod paced;
mod process;
mod reach;
mod roles;
mod service;

use std::{
    fmt,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_postgres::Config;

use choose::Started;

use crate::{
    error::{Error, Result},
    plan::Provider,
};

pub use connection::Wire;
pub use docker::Image;
pub use effort::{Effort, read as counted};
pub use examine::{DockerFacts, Programs, docker_facts, programs};
pub use leftovers::clean;
pub use lines::CUT;
pub use needs::{DatabaseOptions, Kept, Needs, Tool};
pub use roles::RoleStubs;

/// A throwaway PostgreSQL that is ready.
pub struct Sandbox {
    server: Server,
    /// How the superuser connects; it names no database.
    superuser: Config,
    database: String,
    version: String,
    notes: Vec<String>,
    /// The database to restore into, as a tool is told of it.
    target: String,
    /// Roles that this run made, in the order in which they were made.
    roles: Mutex<Vec<String>>,
    run: String,
    keep: bool,
}

/// What runs it. A new provider is a variant here and a row in `choose`'s table.
enum Server {
    Docker(Box<docker::Docker>),
    Local(Box<local::Local>),
    Service(Box<service::Service>),
}

/// The database in a server that is wholly ours.
const DATABASE: &str = "restored";

/// The superuser of a server that is wholly ours: no dump owns anything by that name, while many name `postgres`.
const SUPERUSER: &str = "pgdrill_superuser";

/// How long one that does not answer holds up the end of a run.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts a sandbox and waits until it answers. When this is given up half-way, [`clean`] with the run's name removes
/// what there is of it.
///
/// # Errors
/// When no provider can run one here; the hint says what each of them lacks.
pub async fn start(needs: &Needs) -> Result<Sandbox> {
    folder::check_name(&needs.run)?;
    let started = choose::start(needs).await?;
    Sandbox::ready(started, needs).await
}

impl Sandbox {
    async fn ready(started: Started, needs: &Needs) -> Result<Self> {
        let mut sandbox = Self {
            server: started.server,
            superuser: started.superuser,
            database: started.database,
            version: String::new(),
            notes: started.notes,
            target: String::new(),
            roles: Mutex::default(),
            run: needs.run.clone(),
            keep: needs.keep,
        };
        match sandbox.learn_version(needs).await {
            Ok(version) => {
                sandbox.version = version;
                sandbox.target = sandbox.target_of(&sandbox.database);
            }
            Err(error) => {
                // Nothing was restored: there is nothing to keep.
                sandbox.keep = false;
                let _ = sandbox.stop().await;
                return Err(error);
            }
        }
        Ok(sandbox)
    }

    async fn learn_version(&self, needs: &Needs) -> Result<String> {
        let version = connection::version(&self.superuser).await?;
        let needed = match self.server {
            // Its client programs are chosen by themselves.
            Server::Service(_) => needs.major,
            Server::Docker(_) | Server::Local(_) => needs.oldest_major(),
        };
        match needed {
            Some(needed) if connection::major(&version) < needed => Err(Error::new(
                format!("the dump needs PostgreSQL {needed} and the sandbox has {version}"),
                format!(
                    "Name an image, a service or an installation of PostgreSQL {needed} or newer."
                ),
            )),
            _ => Ok(version),
        }
    }

    /// `docker`, `local` or `service`.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self.server {
            Server::Docker(_) => Provider::Docker,
            Server::Local(_) => Provider::Local,
            Server::Service(_) => Provider::Service,
        }
    }

    /// The image, where there is one.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        match &self.server {
            Server::Docker(docker) => Some(docker.image()),
            Server::Local(_) | Server::Service(_) => None,
        }
    }

    /// What the image's name means today: the digest of its contents, where there is an image.
    #[must_use]
    pub fn image_id(&self) -> Option<&str> {
        match &self.server {
            Server::Docker(docker) => docker.image_id(),
            Server::Local(_) | Server::Service(_) => None,
        }
    }

    /// The server's version as it reports it, such as `15.20`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        &self.version
    }

    /// Where the CPU time of its server and its client programs can be read.
    #[must_use]
    pub fn effort(&self) -> Effort {
        match &self.server {
            Server::Docker(docker) => docker.effort(),
            Server::Local(_) => Effort::Children,
            Server::Service(_) => Effort::Elsewhere,
        }
    }

    /// Why this provider, what could not be had, what was used in its place; sentences for the report.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The name of the database to restore into. It exists once [`Sandbox::create_database`] returned.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// What a tool is told to restore into it: [`Sandbox::target_of`] the database.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What a tool is told to restore into a database: its name, and that event triggers fire as they do wherever it is
    /// restored. They do not when pgdrill looks: what fires on login would write rows that are not the dump's.
    #[must_use]
    pub fn target_of(&self, database: &str) -> String {
        let ours = self.provider() != Provider::Service;
        let has_switch = connection::major(&self.version) >= 17;
        let options = (ours && has_switch).then_some("-c event_triggers=on");
        connection::target(database, options)
    }

    /// Starts a program beside the server: `pg_restore`, `psql`, or `sh` and `tar` for the spool. `PGHOST`,
    /// `PGUSER`, `PGPASSWORD` and `PGDATABASE` point at the database to restore into.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn tool(&self, program: &str, arguments: &[&str]) -> Result<Tool> {
        match &self.server {
            Server::Docker(docker) => docker.tool(program, arguments).await,
            Server::Local(local) => local.tool(program, arguments),
            Server::Service(service) => service.tool(program, arguments),
        }
    }

    /// A folder beside the server in which [`Sandbox::tool`] may write.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        match &self.server {
            Server::Docker(docker) => docker.spool(),
            Server::Local(local) => local.spool(),
            Server::Service(service) => service.spool(),
        }
    }

    /// How many bytes are free in [`Sandbox::spool`].
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn free_bytes(&self) -> Result<u64> {
        match &self.server {
            Server::Docker(docker) => docker.free_bytes().await,
            Server::Local(_) | Server::Service(_) => process::free_bytes(&self.spool()),
        }
    }

    /// Why the server went away, where the provider can tell: out of memory, disk full, killed. Asked before
    /// [`Sandbox::stop`], when something broke.
    pub async fn autopsy(&self) -> Option<Error> {
        let silent = || Some(autopsy::gone("It runs and does not answer."));
        // One that is silent answers none of the questions below, and takes its time for each.
        let asked = tokio::time::timeout(PATIENCE, Box::pin(self.examine())).await;
        asked.unwrap_or_else(|_| silent())
    }

    async fn examine(&self) -> Option<Error> {
        let mut answers = 0;
        // A server takes a moment to end, and the kernel one to tell who it killed.
        for _ in 0..40 {
            if let Some(error) = self.look().await {
                return Some(error);
            }
            answers += u32::from(connection::answers(&self.superuser).await);
            if answers == 2 {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Some(autopsy::gone("It runs and does not answer."))
    }

    async fn look(&self) -> Option<Error> {
        match &self.server {
            Server::Docker(docker) => docker.autopsy().await,
            Server::Local(local) => local.autopsy(),
            Server::Service(service) => service.autopsy(&self.superuser).await,
        }
    }

    /// How to get into it and how to remove it, when it is kept.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        self.keep.then(|| Kept {
            psql: match &self.server {
                Server::Docker(docker) => docker.psql(),
                Server::Local(local) => local.psql(),
                Server::Service(service) => service.psql(&self.database),
            },
            remove: format!("pgdrill clean --run {}", self.run),
        })
    }

    /// Removes everything that it made, though it was to be kept: another takes its place.
    ///
    /// # Errors
    /// When something is left; the hint names it.
    pub async fn discard(mut self) -> Result<()> {
        self.keep = false;
        self.stop().await
    }

    /// Removes everything that it made, unless it is kept.
    ///
    /// # Errors
    /// When something is left; the hint names it.
    pub async fn stop(self) -> Result<()> {
        let roles = self
            .roles
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match self.server {
            Server::Docker(docker) => docker.stop(self.keep).await,
            Server::Local(local) => local.stop(self.keep).await,
            Server::Service(service) => service.stop(self.keep, &self.database, &roles).await,
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox")
            .field("provider", &self.provider())
            .field("version", &self.version)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
