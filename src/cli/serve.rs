//! `pgdrill serve`: the watch.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;

use super::{output, plans, signals};
use crate::{
    error::Result,
    plan::Plan,
    serve::{Server, Settings},
    units::{Age, Secret},
};

const HELP: &str = "\
The admin key is read from PGDRILL_ADMIN_KEY. Callers give it as X-Admin-Key, as a bearer token, or as the password of a
basic login; without it they learn one word of /ops/health/backup and nothing else. Without a key in the environment only
this machine may ask.

Exit codes:
  0  ended by SIGTERM or Ctrl-C
  2  wrong usage or an invalid plan
  3  could not listen, or a drill could not be cleaned up

Examples:
  pgdrill serve checks/
  PGDRILL_ADMIN_KEY=… pgdrill serve --listen 0.0.0.0:8080 checks/shop.yaml";

/// The environment variable with the admin key: a flag would show in the list of processes.
const KEY: &str = "PGDRILL_ADMIN_KEY";

/// A shorter key can be guessed.
const LONG_ENOUGH: usize = 16;

/// Answers over HTTP how the backups stand, and drills them on their schedules.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Serve {
    /// Plans, or folders with plans
    #[arg(value_name = "PLAN", default_value = "checks/")]
    plans: Vec<PathBuf>,
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How often the storage is looked at
    #[arg(long, value_name = "AGE", value_parser = refresh, default_value = "5m")]
    refresh: Age,
    /// The header in which a proxy in front tells who asks, such as X-Forwarded-For; wrong keys are counted by it
    #[arg(long, value_name = "HEADER")]
    client_ip_header: Option<String>,
    /// The server that CI provides; drills make a database of their own in it and drop only that
    #[arg(
        long,
        env = "PGDRILL_SERVICE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    service_url: Option<String>,
}

/// At least a second.
fn refresh(text: &str) -> std::result::Result<Age, String> {
    let age: Age = text.parse()?;
    if age < Age::from_secs(1) {
        return Err("look at most once a second, such as 1s".to_owned());
    }
    Ok(age)
}

impl Serve {
    pub(super) async fn run(self) -> u8 {
        let mut plans = match plans::read(&self.plans) {
            Ok(plans) => plans,
            Err(code) => return code,
        };
        if plans.len() > 1 {
            plans.retain(|plan| plan.backup.is_some());
        }
        if plans.iter().all(|plan| plan.backup.is_none()) {
            output::tell(
                "error  no plan says where backups are\n    hint  Add `backup: { url: … }` to a plan.\n",
            );
            return 2;
        }
        match self.serve(plans).await {
            Ok(()) => 0,
            Err(error) => {
                output::tell_error(&error);
                3
            }
        }
    }

    async fn serve(self, mut plans: Vec<Plan>) -> Result<()> {
        if let Some(url) = super::service(self.service_url.as_deref()) {
            for plan in &mut plans {
                plan.sandbox.service_url = Some(url.clone());
            }
        }
        let settings = Settings {
            listen: self.listen,
            refresh: self.refresh.0,
            lang: output::lang(),
            key: key(),
            proxy: self.client_ip_header,
        };
        let server = Server::bind(plans, &settings)?;
        let interrupt = signals::first();
        output::tell(&format!("listening on http://{}\n", server.address()?));
        server.run(interrupt).await
    }
}

/// The admin key. An empty one is none.
fn key() -> Option<Secret> {
    let key = std::env::var(KEY).ok().filter(|key| !key.is_empty())?;
    if key.len() < LONG_ENOUGH {
        tracing::warn!("{KEY} has fewer than {LONG_ENOUGH} letters: it can be guessed");
    }
    Some(Secret::new(key))
}
