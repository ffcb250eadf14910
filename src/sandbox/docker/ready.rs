//! Waits until the server in the container answers, and learns where things are in it.

use std::{path::PathBuf, time::Duration};

use testcontainers::bollard;
use tokio::time::Instant;
use tokio_postgres::Config;

use super::{
    Way,
    container::{self, Plan},
    look,
};
use crate::{
    error::{Error, OrStop, Result, sentence},
    sandbox::connection,
};

/// How long initdb and the start may take on a slow disk.
const START: Duration = Duration::from_mins(3);

/// How often it is asked whether it answers, and how often the container is looked at, which takes longer than asking.
const ASKING: Duration = Duration::from_millis(10);
const LOOKING: Duration = Duration::from_millis(500);

/// How long a server may be ready inside and not be reached from here, before we say that its socket does not cross.
const CROSSING: Duration = Duration::from_secs(3);

/// Waits, and completes the configuration with where the server is. `false`: it is ready and cannot be reached.
pub(super) async fn wait(
    client: &bollard::Docker,
    plan: &Plan<'_>,
    config: &mut Config,
) -> Result<bool> {
    let name = container::name(&plan.needs.run);
    address(client, plan, &name, config).await?;
    let mut maintenance = config.clone();
    maintenance.dbname("postgres");
    let begun = Instant::now();
    let mut ready_since = None;
    loop {
        if answers_within(&maintenance, LOOKING).await {
            return Ok(true);
        }
        let seen = look::at(client, &name).await?;
        if !seen.running || begun.elapsed() > START {
            return Err(did_not_start(plan.image, &seen));
        }
        if seen.log.contains("ready to accept connections") {
            let since = *ready_since.get_or_insert_with(Instant::now);
            if since.elapsed() > CROSSING {
                return Ok(false);
            }
        }
    }
}

async fn answers_within(config: &Config, time: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < time {
        if connection::try_open(config).await.is_ok() {
            return true;
        }
        tokio::time::sleep(ASKING).await;
    }
    false
}

fn did_not_start(image: &str, seen: &look::Seen) -> Error {
    let of_the_machine = seen.out_of_memory || seen.log.contains("No space left on device");
    if let Some(error) = look::judge(seen).filter(|_| of_the_machine) {
        return error;
    }
    // Nothing of the dump was there yet: the log is the server's own.
    let lines: Vec<&str> = seen.log.lines().rev().take(3).collect();
    let said = lines.into_iter().rev().collect::<Vec<_>>().join("; ");
    let hint = if said.is_empty() {
        "Run again: a busy machine starts slowly. If it stays silent, name an image with a PostgreSQL server in `sandbox.image`."
    } else {
        "Name an image with a PostgreSQL server in `sandbox.image`, such as the official ones or those made from them."
    };
    Error::new(
        format!("the server in the image \"{image}\" did not start"),
        hint,
    )
    .because(sentence(if said.is_empty() {
        "It said nothing"
    } else {
        &said
    }))
}

async fn address(
    client: &bollard::Docker,
    plan: &Plan<'_>,
    name: &str,
    config: &mut Config,
) -> Result<()> {
    if plan.way == Way::Socket {
        config.host_path(plan.socket);
        return Ok(());
    }
    let about = client.inspect_container(name, None).await.or_stop(
        || format!("could not look at the container \"{name}\""),
        super::HINT,
    )?;
    let port = about
        .network_settings
        .and_then(|network| network.ports?.remove("5432/tcp")?)
        .and_then(|bindings| bindings.into_iter().next()?.host_port?.parse().ok())
        .ok_or_else(super::unreachable_port)?;
    config.host("127.0.0.1").port(port);
    Ok(())
}

/// The folder of PostgreSQL's programs, and the spool beside its data.
pub(super) async fn places(superuser: &Config) -> Result<(String, PathBuf)> {
    let client = connection::open(superuser.clone().dbname("postgres")).await?;
    let row = client
        .query_one(
            "SELECT setting, pg_catalog.current_setting('data_directory') FROM pg_catalog.pg_config WHERE name = 'BINDIR'",
            &[],
        )
        .await
        .map_err(|error| connection::refused("could not ask the sandbox where its programs are", &error))?;
    let data: String = row.get(1);
    Ok((row.get(0), PathBuf::from(data).with_file_name("spool")))
}
