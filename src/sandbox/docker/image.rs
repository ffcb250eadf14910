//! Which image to use, and getting it.

use testcontainers::{GenericImage, bollard, runners::AsyncRunner};

use super::Needs;
use crate::error::{Error, OrStop, Result, sentence, whole};

/// Majors to look for, newest first, when the dump does not say which it was taken from.
const MAJORS: [u32; 6] = [18, 17, 16, 15, 14, 13];

/// The image to use; it is here when this returns.
pub(super) async fn find(client: &bollard::Docker, needs: &Needs) -> Result<String> {
    let image = match &needs.image {
        Some(image) => image.clone(),
        None => default(client, needs).await?,
    };
    if !is_here(client, &image).await? {
        pull(&image).await?;
    }
    Ok(image)
}

/// The image of the dump's major; for a dump that does not say, the newest that is here.
async fn default(client: &bollard::Docker, needs: &Needs) -> Result<String> {
    if let Some(major) = needs.oldest_major() {
        return Ok(named(major));
    }
    for major in MAJORS {
        if is_here(client, &named(major)).await? {
            return Ok(named(major));
        }
    }
    Ok(named(MAJORS[0]))
}

/// `postgres:15`; before 10 a major had two numbers, and 9.6 read what 9.0 to 9.5 wrote.
fn named(major: u32) -> String {
    if major < 10 {
        "postgres:9.6".to_owned()
    } else {
        format!("postgres:{major}")
    }
}

async fn is_here(client: &bollard::Docker, image: &str) -> Result<bool> {
    match client.inspect_image(image).await {
        Ok(_) => Ok(true),
        Err(bollard::errors::Error::DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(false),
        Err(error) => Err(error).or_stop(
            || format!("could not look for the image \"{image}\""),
            "Check the image's name and that Docker works.",
        ),
    }
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// On this machine.
    Here,
    /// In its registry, which lets us have it.
    InRegistry,
    /// Neither here nor to be had.
    Nowhere(Error),
}

/// The image that would be used, and where it is. Nothing is downloaded.
pub(super) async fn examine(client: &bollard::Docker, needs: &Needs) -> Result<(String, Image)> {
    let image = match &needs.image {
        Some(image) => image.clone(),
        None => default(client, needs).await?,
    };
    if is_here(client, &image).await? {
        return Ok((image, Image::Here));
    }
    let asked = client.inspect_registry_image(&image, None).await;
    let place = match asked {
        Ok(_) => Image::InRegistry,
        Err(error) => Image::Nowhere(
            Error::new(
                format!("image \"{image}\" is neither here nor in its registry"),
                format!("docker pull {image}"),
            )
            .because(sentence(&whole(&error))),
        ),
    };
    Ok((image, place))
}

async fn pull(image: &str) -> Result<()> {
    match generic(image).pull_image().await {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::new(
            format!("image \"{image}\" is not here and could not be pulled"),
            format!("Run \"docker pull {image}\", name another image in `sandbox.image`, or choose --sandbox local."),
        )
        .because(sentence(&whole(&error)))),
    }
}

/// The image as testcontainers wants it: what stands after the last colon is the tag.
pub(super) fn generic(image: &str) -> GenericImage {
    let (name, tag) = split(image);
    GenericImage::new(name, tag)
}

fn split(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_split_as_docker_reads_them() {
        assert_eq!(split("postgres:15"), ("postgres", "15"));
        assert_eq!(split("postgres"), ("postgres", "latest"));
        assert_eq!(
            split("host:5000/postgres"),
            ("host:5000/postgres", "latest")
        );
        assert_eq!(split("host:5000/postgres:15"), ("host:5000/postgres", "15"));
        assert_eq!(split("postgres@sha256:abc"), ("postgres@sha256", "abc"));
    }

    #[test]
    fn majors_before_ten_share_an_image() {
        assert_eq!(named(9), "postgres:9.6");
        assert_eq!(named(15), "postgres:15");
    }
}
