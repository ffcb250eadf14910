//! Chooses a provider: the service that was named, else Docker, else what is installed here.

use std::pin::Pin;

use tokio_postgres::Config;

use super::{Needs, Server, docker, local, service};
use crate::{
    error::{Error, Result},
    plan::Provider,
};

/// What a provider hands over when its server answers.
pub(super) struct Started {
    pub(super) server: Server,
    pub(super) superuser: Config,
    pub(super) database: String,
    pub(super) notes: Vec<String>,
}

type Starting<'a> = Pin<Box<dyn Future<Output = Result<Started>> + Send + 'a>>;

type Start = for<'a> fn(&'a Needs) -> Starting<'a>;

/// How each provider starts its server.
const PROVIDERS: [(Provider, Start); 3] = [
    (Provider::Docker, |needs| Box::pin(docker::start(needs))),
    (Provider::Local, |needs| Box::pin(local::start(needs))),
    (Provider::Service, |needs| Box::pin(service::start(needs))),
];

/// Starts the provider that is asked for.
pub(super) async fn start(needs: &Needs) -> Result<Started> {
    match needs.provider {
        Provider::Auto => first(needs).await,
        chosen => start_with(chosen, needs).await,
    }
}

async fn start_with(provider: Provider, needs: &Needs) -> Result<Started> {
    match PROVIDERS.iter().find(|(name, _)| *name == provider) {
        Some((_, start)) => start(needs).await,
        None => Err(Error::new(
            format!("no sandbox is called \"{}\"", provider.name()),
            "Use docker, local or service.",
        )),
    }
}

/// Starts the first provider that can, and notes why the ones before it could not.
async fn first(needs: &Needs) -> Result<Started> {
    if needs.service_url.is_some() {
        // A server that somebody named is the one to use: falling back would hide that it is broken.
        let started = start_with(Provider::Service, needs).await?;
        return Ok(noted(
            started,
            "service was chosen: a service URL is given.",
        ));
    }
    let docker = match start_with(Provider::Docker, needs).await {
        Ok(started) => {
            return Ok(noted(
                started,
                "docker was chosen: it answers and has the image.",
            ));
        }
        Err(error) => error,
    };
    match start_with(Provider::Local, needs).await {
        Ok(started) => Ok(noted(
            started,
            &format!(
                "local was chosen: docker could not be used ({}).",
                bare(&docker)
            ),
        )),
        Err(local) => Err(neither(&docker, &local)),
    }
}

fn noted(mut started: Started, note: &str) -> Started {
    started.notes.insert(0, note.to_owned());
    started
}

fn neither(docker: &Error, local: &Error) -> Error {
    Error::new(
        "no throwaway PostgreSQL can be started here",
        "Start Docker, install PostgreSQL's server package, or give the URL of a server that may be used with --service-url.",
    )
    .because(format!("docker: {}; local: {}.", bare(docker), bare(local)))
}

/// An error as a part of a sentence.
fn bare(error: &Error) -> String {
    error.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_what_each_provider_lacks() {
        let docker = Error::new("Docker does not answer", "Start it.").because("No socket.");
        let local = Error::new("no PostgreSQL is installed here", "Install it.");
        let text = neither(&docker, &local).to_string();
        assert!(
            text.contains("docker: Docker does not answer: No socket; local: no PostgreSQL"),
            "{text}"
        );
    }
}
