//! Which PostgreSQL majors are installed here.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::{Error, Result};

/// Where packages put PostgreSQL's programs.
const PLACES: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib/postgresql*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

const HINT: &str = "Install PostgreSQL's server package of that major or newer, or start Docker.";

/// One installed PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) major: u32,
    /// What its `pg_restore` calls its version, such as `15.20`.
    pub(super) version: String,
    pub(super) bin: PathBuf,
    /// Whether it can run a server, and not only connect to one.
    pub(super) server: bool,
}

/// Every one that is installed, oldest first.
pub(super) fn all() -> Vec<Installed> {
    let globbed = PLACES
        .iter()
        .filter_map(|pattern| glob::glob(pattern).ok())
        .flatten()
        .filter_map(std::result::Result::ok);
    let on_path = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let bins: BTreeSet<PathBuf> = globbed
        .chain(on_path)
        .filter_map(|bin| bin.canonicalize().ok())
        .collect();
    let mut found: Vec<Installed> = bins.iter().filter_map(|bin| look(bin)).collect();
    found.sort_by_key(|one| (one.major, one.server));
    found
}

fn look(bin: &Path) -> Option<Installed> {
    let restore = bin.join("pg_restore").canonicalize().ok()?;
    // Debian's wrapper chooses a version by itself, which is what must not happen.
    if restore.file_name()? == "pg_wrapper" || !bin.join("psql").exists() {
        return None;
    }
    let answer = Command::new(&restore)
        .arg("--version")
        .env_clear()
        .output()
        .ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let version = text.split(' ').nth(2)?.trim();
    Some(Installed {
        major: super::connection::major(version),
        version: version.to_owned(),
        bin: bin.to_owned(),
        server: bin.join("initdb").exists() && bin.join("postgres").exists(),
    })
}

/// The server to run: the major asked for, else the smallest one above it, else (nothing asked for) the newest.
pub(super) fn server_for(all: &[Installed], oldest: Option<u32>) -> Result<&Installed> {
    let servers = || all.iter().filter(|one| one.server);
    let chosen = match oldest {
        Some(oldest) => servers().find(|one| one.major >= oldest),
        None => servers().next_back(),
    };
    chosen.ok_or_else(|| none(servers().next_back(), oldest, "server"))
}

/// The client programs to use against a server of `server_major`: never older than those that wrote the dump, and
/// as near to the server as can be, because newer ones set what an older server does not know.
pub(super) fn tools_for(
    all: &[Installed],
    tools: Option<u32>,
    server_major: u32,
) -> Result<&Installed> {
    all.iter()
        .filter(|one| one.major >= tools.unwrap_or(0))
        .min_by_key(|one| (one.major.abs_diff(server_major), one.major))
        .ok_or_else(|| none(all.last(), tools, "client programs"))
}

fn none(newest: Option<&Installed>, oldest: Option<u32>, what: &str) -> Error {
    match (newest, oldest) {
        (Some(newest), Some(oldest)) => Error::new(
            format!(
                "the dump was written by PostgreSQL {oldest} and the newest {what} here: {}",
                newest.major
            ),
            HINT,
        ),
        (_, Some(oldest)) => Error::new(
            format!("no PostgreSQL {what} is installed here and the dump needs {oldest}"),
            HINT,
        ),
        _ => Error::new(format!("no PostgreSQL {what} is installed here"), HINT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(majors: &[u32]) -> Vec<Installed> {
        let one = |&major| Installed {
            major,
            version: format!("{major}.0"),
            bin: PathBuf::new(),
            server: true,
        };
        majors.iter().map(one).collect()
    }

    fn server(majors: &[u32], oldest: Option<u32>) -> Option<u32> {
        server_for(&these(majors), oldest).ok().map(|one| one.major)
    }

    #[test]
    fn the_dumps_major_is_taken_else_the_next_one_up() {
        assert_eq!(server(&[13, 15, 17], Some(15)), Some(15));
        assert_eq!(server(&[13, 15, 17], Some(14)), Some(15));
        assert_eq!(server(&[13, 15, 17], Some(16)), Some(17));
        assert_eq!(server(&[13, 15], Some(16)), None);
        assert_eq!(server(&[13, 15], None), Some(15));
    }

    #[test]
    fn a_dump_that_is_too_new_is_told_what_there_is() {
        let error = server_for(&these(&[13, 15]), Some(17))
            .unwrap_err()
            .to_string();
        assert!(error.contains("17") && error.contains("15"), "{error}");
    }

    #[test]
    fn client_programs_alone_are_no_server() {
        let mut all = these(&[15]);
        all[0].server = false;
        assert!(server_for(&all, None).is_err());
        assert!(tools_for(&all, None, 15).is_ok());
    }

    #[test]
    fn tools_are_new_enough_first_and_near_the_server_second() {
        let all = these(&[13, 15, 17, 18]);
        let tools = |oldest, server| tools_for(&all, oldest, server).ok().map(|one| one.major);
        assert_eq!(tools(None, 15), Some(15));
        assert_eq!(tools(Some(17), 15), Some(17));
        assert_eq!(tools(Some(13), 14), Some(13));
        assert_eq!(tools(Some(19), 15), None);
    }
}
