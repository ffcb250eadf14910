//! What is done in a sandbox over connections to its server: its database, and the roles that a dump names.

use std::sync::{MutexGuard, PoisonError};

use tokio_postgres::Client;

use super::{
    DatabaseOptions, RoleStubs, Sandbox, Server, Wire, connection, database, order, roles,
};
use crate::error::Result;

impl Sandbox {
    /// Makes the database to restore into, from `template0`. Returns a note when the locale could not be had.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_database(&self, options: &DatabaseOptions) -> Result<Vec<String>> {
        let client = self.maintenance().await?;
        let notes = database::create(
            &client,
            &self.database,
            connection::major(&self.version),
            options,
        )
        .await?;
        if let Server::Service(service) = &self.server {
            service.mark_database(&self.database).await?;
        }
        Ok(notes)
    }

    /// Whether text sorts by its bytes in a database where nothing else is said for a column.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn sorts_by_bytes(&self, database: &str) -> Result<bool> {
        order::sorts_by_bytes(&self.superuser(database).await?).await
    }

    /// Takes the collation of the database to restore into: its text sorts by its bytes in sessions to come, where it does so
    /// anyway and only asks the operating system for it. Returns the name, for [`Sandbox::give_collation`]; nothing where the
    /// database keeps it. The catalogue of a service is not ours to change.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn take_collation(&self) -> Result<Option<String>> {
        match &self.server {
            Server::Service(_) => Ok(None),
            Server::Docker(_) | Server::Local(_) => {
                order::take(&self.maintenance().await?, &self.database).await
            }
        }
    }

    /// Gives the database the collation back that [`Sandbox::take_collation`] returned, for sessions to come.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn give_collation(&self, collation: &str) -> Result<()> {
        order::give(&self.maintenance().await?, &self.database, collation).await
    }

    /// Lets indexes be built with workers, or by their sessions alone, in sessions to come. How a service builds them is not ours
    /// to say.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn index_workers(&self, allowed: bool) -> Result<()> {
        /// The first version that has them.
        const WORKERS: u32 = 11;
        if matches!(self.server, Server::Service(_)) || connection::major(&self.version) < WORKERS {
            return Ok(());
        }
        let change = if allowed {
            "alter system reset max_parallel_maintenance_workers"
        } else {
            "alter system set max_parallel_maintenance_workers = 0"
        };
        let client = self.maintenance().await?;
        for sql in [change, "select pg_reload_conf()"] {
            let told = client.batch_execute(sql).await;
            told.map_err(|error| {
                connection::refused("could not say how indexes are to be built", &error)
            })?;
        }
        Ok(())
    }

    /// A connection as the sandbox's superuser.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn superuser(&self, database: &str) -> Result<Client> {
        connection::open(self.superuser.clone().dbname(database)).await
    }

    /// The same, over what this makes of the way to the server.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn superuser_over<W: Wire + 'static>(
        &self,
        database: &str,
        over: impl FnOnce(Box<dyn Wire>) -> W,
    ) -> Result<Client> {
        connection::open_over(self.superuser.clone().dbname(database), over).await
    }

    /// A connection as another role.
    ///
    /// # Errors
    /// When the server does not answer, or refuses the role.
    pub async fn connect(&self, database: &str, role: &str, password: &str) -> Result<Client> {
        let mut config = self.superuser.clone();
        connection::open(config.dbname(database).user(role).password(password)).await
    }

    /// Makes every role that is missing, without the right to log in, so that ownership and privileges can be
    /// restored. [`Sandbox::stop`] drops those that it made.
    ///
    /// # Errors
    /// When the server does not answer. A role that it refuses to make is no error: it is in the answer.
    pub async fn create_role_stubs(&self, names: &[String]) -> Result<RoleStubs> {
        let client = self.maintenance().await?;
        let stubs = roles::create(&client, names, &self.run).await?;
        self.lock_roles().extend(stubs.made.iter().cloned());
        Ok(stubs)
    }

    /// Remembers a role that the caller made, so that [`Sandbox::stop`] drops it and [`clean`](super::clean) finds it.
    ///
    /// # Errors
    /// When the server refuses to mark it.
    pub async fn remember_role(&self, name: &str) -> Result<()> {
        roles::mark(&self.maintenance().await?, name, &self.run).await?;
        self.lock_roles().push(name.to_owned());
        Ok(())
    }

    /// A connection to the database that every server has: our own does not exist yet.
    async fn maintenance(&self) -> Result<Client> {
        match &self.server {
            Server::Service(service) => service.maintenance().await,
            Server::Docker(_) | Server::Local(_) => self.superuser("postgres").await,
        }
    }

    fn lock_roles(&self) -> MutexGuard<'_, Vec<String>> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
