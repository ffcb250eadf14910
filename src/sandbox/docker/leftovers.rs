//! Containers that killed runs left behind.

use std::{collections::HashMap, time::Duration};

use testcontainers::{
    bollard,
    bollard::{
        errors::Error as DockerError,
        models::{ContainerSummary, ContainerSummaryStateEnum},
        query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
    },
};

use super::container::{HOST, KEEP, RUN, machine};
use crate::{
    error::{OrStop, Result},
    sandbox::leftovers::Sweep,
};

/// How often a container is looked at that somebody else removes, until it is left to them.
const GOING: u32 = 100;

/// Removes a container with its volumes, by its name or id.
pub(super) async fn remove(client: &bollard::Docker, name: &str) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::new()
        .force(true)
        .v(true)
        .build();
    for _ in 0..GOING {
        match client.remove_container(name, Some(options.clone())).await {
            Err(DockerError::DockerResponseServerError {
                status_code: 404, ..
            })
            | Ok(()) => return Ok(()),
            Err(DockerError::DockerResponseServerError {
                status_code: 409, ..
            }) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(error) => {
                return Err(error).or_stop(
                    || format!("could not remove the container \"{name}\""),
                    "Remove it with \"docker rm --force --volumes\".",
                );
            }
        }
    }
    Ok(())
}

/// Removes containers whose run is over. Where Docker is not, there are none; one that the environment names must answer.
pub(in crate::sandbox) async fn clean(sweep: &Sweep<'_>) -> Result<Vec<String>> {
    let client = match super::daemon().await {
        Ok(client) => client,
        Err(error) if is_named() => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    let filters = HashMap::from([("label".to_owned(), vec![RUN.to_owned()])]);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let all = client
        .list_containers(Some(options))
        .await
        .or_stop(|| "could not list the containers".to_owned(), super::HINT)?;
    let mut removed = Vec::new();
    for one in all.iter().filter(|one| is_over(one, sweep)) {
        let Some(id) = &one.id else { continue };
        remove(&client, id).await?;
        let run = one.labels.as_ref().and_then(|labels| labels.get(RUN));
        removed.push(format!(
            "removed the container of run \"{}\"",
            run.map_or("?", String::as_str)
        ));
    }
    Ok(removed)
}

/// Whether somebody says where Docker is.
fn is_named() -> bool {
    std::env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty())
}

/// Whether nobody uses it any more and nobody asked to keep it.
fn is_over(one: &ContainerSummary, sweep: &Sweep<'_>) -> bool {
    let label = |name: &str| one.labels.as_ref().and_then(|labels| labels.get(name));
    let Some(run) = label(RUN) else { return false };
    let kept = label(KEEP).is_some_and(|keep| keep == "1");
    if !sweep.wants(run, kept) {
        return false;
    }
    match sweep.alive(run) {
        Some(alive) if label(HOST) == Some(&machine()) => !alive,
        // Another machine's, or another user's: what runs is tied to somebody who lives.
        _ => {
            kept || matches!(
                one.state,
                Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::DEAD)
            )
        }
    }
}
