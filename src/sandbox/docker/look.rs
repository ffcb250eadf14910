//! Looks at a container before it is removed: out of memory and disk full are known only then.

use futures_util::StreamExt;
use testcontainers::{
    bollard,
    bollard::{
        errors::Error as DockerError, models::ContainerStateStatusEnum,
        query_parameters::LogsOptionsBuilder,
    },
};

use crate::{
    error::{Error, OrStop, Result},
    sandbox::autopsy,
};

/// What can be seen of a container from outside.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) running: bool,
    pub(super) out_of_memory: bool,
    pub(super) exit_code: i64,
    pub(super) log: String,
}

/// Looks at it.
pub(super) async fn at(client: &bollard::Docker, name: &str) -> Result<Seen> {
    let state = match client.inspect_container(name, None).await {
        Ok(about) => about.state.unwrap_or_default(),
        Err(DockerError::DockerResponseServerError {
            status_code: 404, ..
        }) => return Ok(Seen::default()),
        Err(error) => {
            return Err(error).or_stop(
                || format!("could not look at the container \"{name}\""),
                super::HINT,
            );
        }
    };
    Ok(Seen {
        // A container that is being started counts: it did not end.
        running: state.running == Some(true)
            || state.status == Some(ContainerStateStatusEnum::CREATED),
        out_of_memory: state.oom_killed == Some(true),
        exit_code: state.exit_code.unwrap_or(0),
        log: log(client, name).await,
    })
}

/// The end of its log; empty when it cannot be read.
async fn log(client: &bollard::Docker, name: &str) -> String {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail("1000")
        .build();
    let mut stream = std::pin::pin!(client.logs(name, Some(options)));
    let mut log = Vec::new();
    while let Some(Ok(part)) = stream.next().await {
        log.extend_from_slice(&part.into_bytes());
    }
    String::from_utf8_lossy(&log).into_owned()
}

/// Why it went away, when it did.
pub(super) async fn autopsy(client: &bollard::Docker, name: &str) -> Option<Error> {
    match at(client, name).await {
        Ok(seen) => judge(&seen),
        Err(error) => Some(error),
    }
}

/// What was seen, as an error.
pub(super) fn judge(seen: &Seen) -> Option<Error> {
    let told = autopsy::from_log(&seen.log, false);
    if seen.out_of_memory {
        return Some(autopsy::out_of_memory(
            "Docker reports that the container was out of memory.",
        ));
    }
    match told {
        Some(error) => Some(error),
        None if seen.running => None,
        None if seen.exit_code == 137 => Some(autopsy::gone(
            "The container was killed (exit code 137): by somebody, or by a machine without memory.",
        )),
        None => Some(autopsy::gone(&format!(
            "The container ended with exit code {}.",
            seen.exit_code
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seen: &Seen) -> Option<String> {
        judge(seen).map(|error| error.to_string())
    }

    #[test]
    fn a_running_container_has_no_autopsy() {
        let seen = Seen {
            running: true,
            ..Seen::default()
        };
        assert_eq!(told(&seen), None);
    }

    #[test]
    fn memory_disk_and_killing_are_told_apart() {
        let memory = Seen {
            out_of_memory: true,
            exit_code: 137,
            ..Seen::default()
        };
        assert!(told(&memory).is_some_and(|text| text.contains("memory")));
        let disk = Seen {
            log: "PANIC:  could not write: No space left on device".to_owned(),
            exit_code: 1,
            ..Seen::default()
        };
        assert!(told(&disk).is_some_and(|text| text.contains("disk is full")));
        let killed = Seen {
            exit_code: 137,
            ..Seen::default()
        };
        assert!(told(&killed).is_some_and(|text| text.contains("137")));
    }
}
