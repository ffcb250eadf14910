//! Whether the server has the extensions that a dump creates, asked before anything is restored.

use tokio_postgres::Client;

use crate::{
    error::{Error, OrStop, Result},
    finding::Code,
};

/// Images that carry an extension, as their projects publish them; `{}` is the PostgreSQL major.
const IMAGES: &[(&str, &str)] = &[
    ("postgis", "postgis/postgis:{}-3.5"),
    ("postgis_raster", "postgis/postgis:{}-3.5"),
    ("postgis_topology", "postgis/postgis:{}-3.5"),
    ("postgis_tiger_geocoder", "postgis/postgis:{}-3.5"),
    ("vector", "pgvector/pgvector:pg{}"),
    ("timescaledb", "timescale/timescaledb:latest-pg{}"),
    ("timescaledb_toolkit", "timescale/timescaledb-ha:pg{}"),
    ("vchord", "tensorchord/vchord-postgres:pg{}"),
    ("pg_search", "paradedb/paradedb:latest-pg{}"),
];

/// Stops the run when the server lacks one of them: that says nothing about the backup.
///
/// # Errors
/// `sandbox.extension` when one is missing, naming an image that has it where one is known.
pub(super) async fn require(server: &Client, needed: &[String], major: Option<u32>) -> Result<()> {
    if needed.is_empty() {
        return Ok(());
    }
    let rows = server
        .query(
            "select needed from unnest($1::text[]) needed \
             where needed not in (select name from pg_available_extensions) order by 1",
            &[&needed],
        )
        .await
        .or_stop(
            || "could not ask the sandbox which extensions it has".to_owned(),
            "Run again; the server may have stopped.",
        )?;
    let missing: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    match missing.as_slice() {
        [] => Ok(()),
        missing => Err(lacking(missing, major)),
    }
}

fn lacking(missing: &[String], major: Option<u32>) -> Error {
    let names = missing.join("\", \"");
    let word = if missing.len() == 1 {
        "extension"
    } else {
        "extensions"
    };
    let image = missing.iter().find_map(|name| image(name, major?));
    let hint = match image {
        Some(image) => {
            format!("Set `sandbox: {{ provider: docker, image: {image} }}` in the plan.")
        }
        None => Code::SandboxExtension.hint().to_owned(),
    };
    Error::new(
        format!("the dump needs the {word} \"{names}\", which the sandbox's server does not have"),
        hint,
    )
    .because("Nothing was restored, so nothing is known about the backup.")
    .coded(Code::SandboxExtension)
}

fn image(extension: &str, major: u32) -> Option<String> {
    let (_, image) = IMAGES.iter().find(|(name, _)| *name == extension)?;
    Some(image.replace("{}", &major.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;

    #[test]
    fn a_known_extension_names_its_image() {
        let finding: Finding = lacking(&["postgis".to_owned()], Some(17)).into();
        assert_eq!(finding.code, Code::SandboxExtension);
        assert!(
            finding.hint.contains("postgis/postgis:17-3.5"),
            "{}",
            finding.hint
        );
    }

    #[test]
    fn an_unknown_extension_still_says_what_to_do() {
        let finding: Finding = lacking(&["ours".to_owned()], Some(17)).into();
        assert!(finding.message.contains("\"ours\""));
        assert!(finding.hint.contains("sandbox.image"));
    }
}
