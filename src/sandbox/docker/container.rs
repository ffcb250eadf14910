//! Makes the container.

use std::path::Path;

use testcontainers::{
    ContainerAsync, GenericImage, ImageExt, TestcontainersError, bollard,
    bollard::models::{HostConfig, HostConfigLogConfig, Mount, MountType, PortBinding, SystemInfo},
    core::{ContainerPort, error::ClientError},
    runners::AsyncRunner,
};

use super::{Needs, Way, image, leftovers};
use crate::{
    error::{Error, Result, sentence, whole},
    sandbox::{
        folder,
        local::{SCRIPT, SETTINGS},
    },
};

/// The label with the run's name.
pub(super) const RUN: &str = "pgdrill.run";
/// The label with the machine's name.
pub(super) const HOST: &str = "pgdrill.host";
/// The label that says whether it outlives its run.
pub(super) const KEEP: &str = "pgdrill.keep";

/// Where the host's folder is mounted.
const MOUNTED: &str = "/pgdrill";

/// The socket's folder that only the container sees.
pub(super) const INSIDE: &str = "/tmp";

/// Where images keep PostgreSQL's data, the ones that are volumes in some images first.
const PLACES: &str = "/var/lib/postgresql/data\n/var/lib/postgresql\n/var/lib/pgsql\n/tmp";

/// The parent of all data folders: a volume there is faster than the image's layers.
const HOME: &str = "/var/lib/postgresql";

/// The smallest limit on memory: below it PostgreSQL cannot restore anything worth the name.
const LEAST_MEMORY: i64 = 1 << 30;

/// All that is needed to make it.
pub(super) struct Plan<'a> {
    pub(super) needs: &'a Needs,
    pub(super) image: &'a str,
    pub(super) way: Way,
    pub(super) password: &'a str,
    pub(super) socket: &'a Path,
}

/// The container's name.
pub(super) fn name(run: &str) -> String {
    format!("{}{run}", folder::PREFIX)
}

/// Makes and starts it. `None` when the daemon cannot see our folder.
pub(super) async fn start(
    client: &bollard::Docker,
    plan: &Plan<'_>,
) -> Result<Option<ContainerAsync<GenericImage>>> {
    let host = host_config(client, plan).await;
    let mut image = image::generic(plan.image).with_entrypoint("sh");
    if plan.way == Way::Port {
        // Docker publishes only what is also exposed.
        image = image.with_exposed_port(ContainerPort::Tcp(5432));
    }
    let request = image
        .with_cmd(["-c", SCRIPT])
        .with_container_name(name(&plan.needs.run))
        .with_user("postgres")
        .with_labels(labels(plan.needs))
        .with_host_config_modifier(move |config| merge(config, &host));
    let request = environment(plan)
        .into_iter()
        .fold(request, |request, (name, value)| {
            request.with_env_var(name, value)
        });
    match request.start().await {
        Ok(container) => Ok(Some(container)),
        Err(error) => {
            // What could not start is there all the same.
            let _ = leftovers::remove(client, &name(&plan.needs.run)).await;
            let text = whole(&error);
            if plan.way == Way::Socket && text.contains("bind source path does not exist") {
                return Ok(None);
            }
            Err(explain(plan.image, &error, &text))
        }
    }
}

fn explain(image: &str, error: &TestcontainersError, text: &str) -> Error {
    let hint = if text.contains("unable to find user") {
        "Name an image that has a user \"postgres\" in `sandbox.image`, as the official ones and those made from them do."
    } else if matches!(
        error,
        TestcontainersError::Client(ClientError::CreateContainer(_))
    ) {
        "Look at what Docker says above; \"pgdrill clean\" removes what an earlier run left."
    } else {
        "Look at what Docker says above: the image must have a shell and a PostgreSQL server."
    };
    Error::new(format!("could not start a container of \"{image}\""), hint).because(sentence(text))
}

fn labels(needs: &Needs) -> [(&'static str, String); 3] {
    [
        (RUN, needs.run.clone()),
        (HOST, machine()),
        (KEEP, u8::from(needs.keep).to_string()),
    ]
}

/// This machine's name.
pub(super) fn machine() -> String {
    nix::sys::utsname::uname()
        .map(|about| about.nodename().to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn environment(plan: &Plan<'_>) -> Vec<(&'static str, String)> {
    let (listen, tie, deadline) = (
        if plan.way == Way::Port { "*" } else { "" },
        if plan.needs.keep { "" } else { "hold" },
        if plan.needs.keep {
            String::new()
        } else {
            plan.needs.deadline_seconds().to_string()
        },
    );
    let bins = match (&plan.needs.image, plan.needs.oldest_major()) {
        (None, Some(major)) => format!("/usr/lib/postgresql/{major}/bin"),
        _ => String::new(),
    };
    vec![
        ("PGDRILL_BINS", bins),
        ("PGDRILL_PLACES", PLACES.to_owned()),
        ("PGDRILL_SOCKETS", format!("{INSIDE}\n{MOUNTED}")),
        ("PGDRILL_LISTEN", listen.to_owned()),
        ("PGDRILL_SETTINGS", SETTINGS.to_owned()),
        ("PGDRILL_DEADLINE", deadline),
        ("PGDRILL_TIE", tie.to_owned()),
        ("PGHOST", INSIDE.to_owned()),
        ("PGPASSWORD", plan.password.to_owned()),
        ("LC_ALL", "C".to_owned()),
    ]
}

/// Limits and isolation.
async fn host_config(client: &bollard::Docker, plan: &Plan<'_>) -> HostConfig {
    let info = client.info().await.unwrap_or_default();
    let volumes = client
        .inspect_image(plan.image)
        .await
        .ok()
        .and_then(|image| image.config?.volumes)
        .unwrap_or_default();
    let mut mounts = Vec::new();
    if !volumes.iter().any(|volume| volume.starts_with(HOME)) {
        mounts.push(Mount {
            target: Some(HOME.to_owned()),
            typ: Some(MountType::VOLUME),
            ..Mount::default()
        });
    }
    let mut host = HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        // Parallel workers share memory there; it counts as the container's own.
        shm_size: Some(1 << 30),
        // Our script must be the first process: signals and the end of everything hang on it.
        init: Some(false),
        publish_all_ports: Some(false),
        log_config: Some(log_config()),
        ..HostConfig::default()
    };
    limit(&mut host, &info);
    match plan.way {
        Way::Socket => {
            host.network_mode = Some("none".to_owned());
            mounts.push(Mount {
                target: Some(MOUNTED.to_owned()),
                source: Some(plan.socket.display().to_string()),
                typ: Some(MountType::BIND),
                ..Mount::default()
            });
        }
        Way::Port => {
            let loopback = PortBinding {
                host_ip: Some("127.0.0.1".to_owned()),
                host_port: None,
            };
            host.port_bindings = Some(
                [("5432/tcp".to_owned(), Some(vec![loopback]))]
                    .into_iter()
                    .collect(),
            );
        }
    }
    host.mounts = Some(mounts);
    host
}

/// The log stays here, whatever the daemon does with other containers' logs, and it is small.
fn log_config() -> HostConfigLogConfig {
    let options = [("max-size", "8m"), ("max-file", "2")];
    HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some(
            options
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ),
    }
}

/// At most half of the machine, and no swap: only what the kernel can enforce is asked for.
fn limit(host: &mut HostConfig, info: &SystemInfo) {
    let total = info.mem_total.unwrap_or(0);
    if info.memory_limit == Some(true) && total > LEAST_MEMORY {
        let memory = (total / 2).max(LEAST_MEMORY);
        host.memory = Some(memory);
        if info.swap_limit == Some(true) {
            host.memory_swap = Some(memory);
        }
    }
    if info.pids_limit == Some(true) {
        host.pids_limit = Some(512);
    }
}

/// Ours over what testcontainers sets.
fn merge(config: &mut HostConfig, ours: &HostConfig) {
    let privileged = config.privileged;
    *config = ours.clone();
    config.privileged = privileged;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_half_of_the_machine_where_it_can_be_limited() {
        let mut host = HostConfig::default();
        let mut info = SystemInfo {
            mem_total: Some(16 << 30),
            memory_limit: Some(true),
            swap_limit: Some(false),
            ..SystemInfo::default()
        };
        limit(&mut host, &info);
        assert_eq!((host.memory, host.memory_swap), (Some(8 << 30), None));
        info.memory_limit = Some(false);
        let mut host = HostConfig::default();
        limit(&mut host, &info);
        assert_eq!(host.memory, None);
    }
}
