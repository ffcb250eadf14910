//! Chooses a provider: the service that was named, else Docker, else what is installed here.

use super::{Needs, Started, start_with};
use crate::{
    error::{Error, Result},
    plan::Provider,
};

/// Starts the first provider that can, and notes why the ones before it could not.
pub(super) async fn start(needs: &Needs) -> Result<Started> {
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
