//! Client programs with known holes: what they are fed is code, and these run more of it than they should.

use super::feed;
use crate::{
    error::Broken,
    finding::{Code, Finding},
    sandbox::Sandbox,
};

/// Each major and the first minor release without the known holes: CVE-2026-116314 (`pg_restore` reads and runs what an
/// archive names), CVE-2026-18408 and CVE-2026-6464 (`psql` runs what a script holds as data). As the project's release
/// notes of 2026-11-12 list them.
pub const MENDED: [(u32, u32); 5] = [(14, 25), (15, 20), (16, 16), (17, 12), (18, 7)];

/// Asks the sandbox's `pg_restore` for its version, and judges it.
///
/// # Errors
/// When it cannot be run.
pub async fn vulnerable(sandbox: &Sandbox) -> Result<Option<Finding>, Broken> {
    let tool = sandbox.tool("pg_restore", &["--version"]).await?;
    let said = feed::said(tool).await?;
    Ok(said.iter().find_map(|line| judge(line)))
}

/// What there is to say about `pg_restore (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn judge(line: &str) -> Option<Finding> {
    let version = line.split_once("(PostgreSQL) ")?.1;
    let version = version.split_whitespace().next()?;
    let (major, minor) = version.split_once('.')?;
    let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    let mended = MENDED.iter().find(|(known, _)| *known == major);
    let oldest = MENDED[0].0;
    let (hint, known) = match mended {
        Some((_, mended)) if minor >= *mended => return None,
        Some((_, mended)) => (
            format!(
                "Use the client programs of {major}.{mended} or newer, or an image that has them."
            ),
            true,
        ),
        None if major < oldest => (
            format!(
                "PostgreSQL {major} gets no more fixes: name an image of a newer major in `sandbox.image`."
            ),
            true,
        ),
        None => (String::new(), false),
    };
    known.then(|| {
        Finding::new(
            Code::ToolsVulnerable,
            format!("pg_restore and psql {version} have holes that a dump can use"),
        )
        .detail("A hostile dump could make them read files or run programs inside the sandbox (CVE-2026-116314, CVE-2026-18408, CVE-2026-6464).")
        .hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_release_with_the_hole_is_told_and_the_first_without_it_is_not() {
        for (holed, mended) in [
            ("18.6", "18.7"),
            ("17.11", "17.12"),
            ("16.15", "16.16"),
            ("15.19", "15.20"),
            ("14.24", "14.25"),
        ] {
            let line =
                |version: &str| format!("pg_restore (PostgreSQL) {version} (Debian {version}-1)");
            let told = judge(&line(holed)).unwrap();
            assert_eq!(told.code, Code::ToolsVulnerable);
            assert!(told.hint.contains(mended), "{told:?}");
            assert_eq!(judge(&line(mended)), None);
        }
    }

    #[test]
    fn what_gets_no_fix_any_more_says_so_and_what_is_newer_is_fine() {
        let told = judge("pg_restore (PostgreSQL) 13.23").unwrap();
        assert!(told.hint.contains("no more fixes"), "{told:?}");
        assert_eq!(judge("pg_restore (PostgreSQL) 19.0"), None);
        assert_eq!(judge("pg_restore (PostgreSQL) 19beta1"), None);
        assert_eq!(judge("something else"), None);
    }
}
