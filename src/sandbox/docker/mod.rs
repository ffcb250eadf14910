//! A container: no network, no capability, PostgreSQL reached over its socket in a folder that is mounted.

mod container;
mod exec;
mod image;
mod leftovers;
mod look;
mod ready;

use std::path::PathBuf;

use testcontainers::{
    ContainerAsync, GenericImage, bollard, bollard::models::ContainerInspectResponse,
    core::client::docker_client_instance,
};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_util::task::AbortOnDropHandle;

use super::{
    DATABASE, Needs, PATIENCE, SUPERUSER, Server, Started, Tool, connection, effort::Effort,
    folder::Folder,
};
use crate::error::{Error, OrStop, Result, sentence, whole};

pub use image::Image;
pub(super) use leftovers::clean;

const HINT: &str =
    "Start Docker and check that you may use it (\"docker ps\"), or choose --sandbox local.";

/// A server in a container.
pub(super) struct Docker {
    client: bollard::Docker,
    name: String,
    image: String,
    /// What the image's name meant when the container was made.
    image_id: Option<String>,
    effort: Effort,
    /// `None` once it is left to itself: dropping it removes the container.
    container: Option<ContainerAsync<GenericImage>>,
    folder: Folder,
    programs: exec::Programs,
    spool: PathBuf,
    /// Ends the container when we end, however we end. None when it is kept.
    _hold: Option<AbortOnDropHandle<()>>,
}

/// How PostgreSQL is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Over its socket in a mounted folder; the container has no network at all.
    Socket,
    /// Over a port on 127.0.0.1; the container has a network.
    Port,
}

/// Asks the daemon whether it is there.
async fn daemon() -> Result<bollard::Docker> {
    if std::env::var_os("DOCKER_HOST").is_some_and(|host| host.is_empty()) {
        let hint = "Unset DOCKER_HOST: it is set, and empty.";
        return Err(Error::new("Docker does not answer", hint));
    }
    let client = docker_client_instance()
        .await
        .or_stop(|| "Docker does not answer".to_owned(), HINT)?;
    let ping = tokio::time::timeout(std::time::Duration::from_secs(15), client.ping()).await;
    match ping {
        Ok(Ok(_)) => Ok(client),
        Ok(Err(error)) => {
            Err(Error::new("Docker does not answer", HINT).because(sentence(&whole(&error))))
        }
        Err(_) => {
            Err(Error::new("Docker does not answer", HINT).because("It took longer than 15 s."))
        }
    }
}

/// What Docker calls its version, the image that would be used, and where it is.
pub(super) async fn examine(needs: &Needs) -> Result<(String, String, Image)> {
    let client = daemon().await?;
    let version = client.version().await.ok().and_then(|about| about.version);
    let (image, place) = image::examine(&client, needs).await?;
    Ok((version.unwrap_or_default(), image, place))
}

/// Starts a container and waits until its server answers.
pub(super) async fn start(needs: &Needs) -> Result<Started> {
    let client = daemon().await?;
    let image = image::find(&client, needs).await?;
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let mut notes = vec![format!("Image \"{image}\" is used.")];
    if !is_remote(&host) {
        match attempt(&client, needs, &image, Way::Socket).await? {
            Outcome::Ready(started) => return Ok(with_notes(*started, notes)),
            Outcome::SocketDoesNotCross => {}
        }
    }
    notes.push(
        "Egress was not blocked: the socket does not cross from Docker to this machine, so the container has a network and a port on 127.0.0.1."
            .to_owned(),
    );
    match attempt(&client, needs, &image, Way::Port).await? {
        Outcome::Ready(started) => Ok(with_notes(*started, notes)),
        Outcome::SocketDoesNotCross => Err(unreachable_port()),
    }
}

fn with_notes(mut started: Started, notes: Vec<String>) -> Started {
    started.notes = notes;
    started
}

fn unreachable_port() -> Error {
    Error::new(
        "the container runs and its PostgreSQL cannot be reached from here",
        "Run pgdrill on the machine that Docker runs on, or choose --sandbox local or service.",
    )
}

/// Whether the daemon is asked over TCP: it cannot mount a folder of ours.
fn is_remote(host: &str) -> bool {
    ["tcp://", "http://", "https://"]
        .iter()
        .any(|scheme| host.starts_with(scheme))
}

/// What came of one try.
enum Outcome {
    Ready(Box<Started>),
    SocketDoesNotCross,
}

async fn attempt(
    client: &bollard::Docker,
    needs: &Needs,
    image: &str,
    way: Way,
) -> Result<Outcome> {
    let folder = Folder::make(&needs.run, false)?;
    if needs.keep {
        folder.keep()?;
    }
    // The container's user is a stranger here: it must be able to write, and nobody else can get this far.
    let socket = folder.inner("server", 0o777, None)?;
    let password = connection::password()?;
    let plan = container::Plan {
        needs,
        image,
        way,
        password: &password,
        socket: &socket,
    };
    let started = match container::start(client, &plan).await {
        Ok(Some(container)) => Some(container),
        Ok(None) => None,
        Err(error) => {
            let _ = folder.remove();
            return Err(error);
        }
    };
    let Some(container) = started else {
        folder.remove()?;
        return Ok(Outcome::SocketDoesNotCross);
    };
    let mut superuser = connection::base(SUPERUSER, &password);
    let reached = ready::wait(client, &plan, &mut superuser).await;
    let finished = match reached {
        Ok(true) => finish(client, &plan, container, folder, superuser)
            .await
            .map(Some),
        Ok(false) => discard(container, folder).await.map(|()| None),
        Err(error) => {
            let _ = discard(container, folder).await;
            Err(error)
        }
    }?;
    Ok(finished.map_or(Outcome::SocketDoesNotCross, |started| {
        Outcome::Ready(Box::new(started))
    }))
}

async fn discard(container: ContainerAsync<GenericImage>, folder: Folder) -> Result<()> {
    let removed = container.rm().await.or_stop(
        || "could not remove the container".to_owned(),
        "Run \"pgdrill clean\".",
    );
    folder.remove().and(removed)
}

/// Ties the container to us and learns where things are in it.
async fn finish(
    client: &bollard::Docker,
    plan: &container::Plan<'_>,
    container: ContainerAsync<GenericImage>,
    folder: Folder,
    superuser: Config,
) -> Result<Started> {
    let name = container::name(&plan.needs.run);
    let ((bin, spool), about, hold) =
        tokio::try_join!(ready::places(&superuser), inspected(client, &name), async {
            if plan.needs.keep {
                return Ok(None);
            }
            exec::hold(client, &name).await.map(Some)
        })?;
    let variables = about.config.and_then(|config| config.env);
    let variables = variables.unwrap_or_default();
    let process = about.state.and_then(|state| state.pid);
    let effort = Effort::of_container(about.id.as_deref(), process);
    let container = if plan.needs.keep {
        // Its destructor would remove it.
        std::mem::forget(container);
        None
    } else {
        Some(container)
    };
    Ok(Started {
        server: Server::Docker(Box::new(Docker {
            client: client.clone(),
            programs: exec::Programs::new(&name, plan.image, bin, plan.password, &variables),
            name,
            image: plan.image.to_owned(),
            image_id: about.image,
            effort,
            container,
            folder,
            spool,
            _hold: hold,
        })),
        superuser,
        database: DATABASE.to_owned(),
        notes: Vec::new(),
    })
}

async fn inspected(client: &bollard::Docker, name: &str) -> Result<ContainerInspectResponse> {
    client.inspect_container(name, None).await.or_stop(
        || "could not look at the container".to_owned(),
        "Run again.",
    )
}

impl Docker {
    pub(super) fn image(&self) -> &str {
        &self.image
    }

    pub(super) fn image_id(&self) -> Option<&str> {
        self.image_id.as_deref()
    }

    pub(super) fn effort(&self) -> Effort {
        self.effort.clone()
    }

    pub(super) async fn tool(&self, program: &str, arguments: &[&str]) -> Result<Tool> {
        exec::tool(&self.client, &self.programs, program, arguments).await
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.spool.clone()
    }

    pub(super) async fn free_bytes(&self) -> Result<u64> {
        exec::free_bytes(self, &self.spool).await
    }

    pub(super) async fn autopsy(&self) -> Option<Error> {
        look::autopsy(&self.client, &self.name).await
    }

    /// The command that opens `psql` on it.
    pub(super) fn psql(&self) -> String {
        format!(
            "docker exec -it {} {}/psql -U {SUPERUSER} {DATABASE}",
            self.name,
            self.programs.bin()
        )
    }

    pub(super) async fn stop(mut self, keep: bool) -> Result<()> {
        if keep {
            return Ok(());
        }
        let container = self.container.take();
        let removed = self
            .while_docker_answers(Box::pin(self.remove(container)))
            .await;
        self.folder.remove().and(removed)
    }

    async fn remove(&self, container: Option<ContainerAsync<GenericImage>>) -> Result<()> {
        match container {
            Some(container) => container.rm().await.or_stop(
                || format!("could not remove the container \"{}\"", self.name),
                "Run \"pgdrill clean\".",
            ),
            None => leftovers::remove(&self.client, &self.name).await,
        }
    }

    /// Removing large volumes may take long: it is waited for as long as Docker answers.
    async fn while_docker_answers(&self, work: impl Future<Output = Result<()>>) -> Result<()> {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = timeout(PATIENCE, work.as_mut()).await {
                return done;
            }
            if daemon().await.is_err() {
                return Err(Error::new(
                    format!("could not remove the container \"{}\"", self.name),
                    "Run \"pgdrill clean\".",
                )
                .because(
                    "Docker does not answer; once it does, \"pgdrill clean\" removes what is left.",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_remote;

    #[test]
    fn a_daemon_over_tcp_is_remote() {
        assert!(is_remote("tcp://docker:2375"));
        assert!(!is_remote("unix:///var/run/docker.sock"));
        assert!(!is_remote(""));
    }
}
