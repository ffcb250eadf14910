//! A throwaway PostgreSQL.

use std::{path::PathBuf, pin::Pin, time::Duration};

use tokio::io::AsyncWrite;

use crate::{
    error::{Error, Result},
    plan::Provider,
};

/// What a sandbox must be able to do.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The run's name: it labels everything that the run leaves on the machine.
    pub run: String,
    /// Which provider; `auto` chooses and says why.
    pub provider: Provider,
    /// The PostgreSQL major that the dump was taken from.
    pub major: Option<u32>,
    /// The `pg_dump` major that wrote it: no older tool reads it.
    pub tools_major: Option<u32>,
    /// The Docker image that the plan names.
    pub image: Option<String>,
    /// The server that CI provides.
    pub service_url: Option<crate::units::Secret>,
    /// Whether it outlives the run.
    pub keep: bool,
    /// The longest that it may live, as a net under every other way to end it.
    pub deadline: Duration,
}

/// How the database in the sandbox is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// The encoding of the dump, such as `UTF8`.
    pub encoding: Option<String>,
    /// `LC_COLLATE`.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// `libc`, `icu` or `builtin`.
    pub provider: Option<String>,
    /// The ICU or builtin locale.
    pub locale: Option<String>,
}

/// A throwaway PostgreSQL that is ready.
#[derive(Debug)]
pub enum Sandbox {}

/// A PostgreSQL program that runs beside the server and is fed through its standard input.
pub struct Tool {
    /// Its standard input; closing it says that the dump is over.
    pub stdin: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it writes to its standard error and output, line by line, while it runs.
    pub lines: tokio::sync::mpsc::Receiver<String>,
    /// How it ended.
    pub status: Pin<Box<dyn Future<Output = Result<i64>> + Send>>,
}

/// How to get into a sandbox that was kept, and how to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The command that opens `psql` on the restored database.
    pub psql: String,
    /// The command that removes it.
    pub remove: String,
}

/// Starts a sandbox and waits until it answers.
///
/// # Errors
/// When no provider can run one here; the hint says what each of them lacks.
pub async fn start(_needs: &Needs) -> Result<Sandbox> {
    Err(Error::new("not built", "Build it."))
}

impl Sandbox {
    /// `docker`, `local` or `service`.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match *self {}
    }

    /// The image, where there is one.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        match *self {}
    }

    /// The server's version as it reports it, such as `15.20`.
    #[must_use]
    pub fn server_version(&self) -> &str {
        match *self {}
    }

    /// Why this provider, what could not be had, what was used in its place; sentences for the report.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        match *self {}
    }

    /// The name of the database to restore into. It exists once [`Sandbox::create_database`] returned.
    #[must_use]
    pub fn database(&self) -> &str {
        match *self {}
    }

    /// Makes the database to restore into, from `template0`. Returns a note when the locale could not be had.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_database(&self, _options: &DatabaseOptions) -> Result<Vec<String>> {
        match *self {}
    }

    /// A connection as the sandbox's superuser.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn superuser(&self, _database: &str) -> Result<tokio_postgres::Client> {
        match *self {}
    }

    /// A connection as another role.
    ///
    /// # Errors
    /// When the server does not answer, or refuses the role.
    pub async fn connect(
        &self,
        _database: &str,
        _role: &str,
        _password: &str,
    ) -> Result<tokio_postgres::Client> {
        match *self {}
    }

    /// Starts a program beside the server: `pg_restore`, `psql`, or `sh` and `tar` for the spool. `PGHOST`,
    /// `PGUSER`, `PGPASSWORD` and `PGDATABASE` point at the database to restore into.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub async fn tool(&self, _program: &str, _arguments: &[&str]) -> Result<Tool> {
        match *self {}
    }

    /// A folder beside the server in which [`Sandbox::tool`] may write, and how many bytes are free there.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn spool(&self) -> Result<(PathBuf, u64)> {
        match *self {}
    }

    /// Why the server went away, where the provider can tell: out of memory, disk full, killed. Asked before
    /// [`Sandbox::stop`], when something broke.
    pub async fn autopsy(&self) -> Option<Error> {
        match *self {}
    }

    /// How to get into it and how to remove it, when it is kept.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        match *self {}
    }

    /// Removes everything that it made, unless it is kept.
    ///
    /// # Errors
    /// When something is left; the hint names it.
    pub async fn stop(self) -> Result<()> {
        match self {}
    }
}

/// Removes what killed runs left behind; returns what was removed, one line each.
///
/// # Errors
/// When something could not be removed.
pub async fn clean(
    _service_url: Option<&crate::units::Secret>,
    _kept_too: bool,
) -> Result<Vec<String>> {
    Err(Error::new("not built", "Build it."))
}
