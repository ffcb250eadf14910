//! The run's private folder, and the lock that tells a run that lives from one that was killed.

use std::{
    env, fs,
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{Gid, Uid};

use crate::error::{Error, OrStop, Result};

/// What the names of our folders, containers and volumes begin with.
pub(super) const PREFIX: &str = "pgdrill-";

/// What the name of the folder begins with that outlives all runs; a user's number follows.
const CACHE: &str = ".pgdrill-initialised-";

/// The lock's name inside the folder.
const LOCK: &str = "lock";

/// The file that says that the folder is to outlive its run.
const KEPT: &str = "kept";

/// A socket's whole path fits 103 bytes on every system that we know.
const LONGEST_SOCKET: usize = 103;

/// A folder without a lock that is older than this was left by a run that was killed while it made it.
const SOON: Duration = Duration::from_mins(1);

const HINT: &str = "Check that the folder for temporary files (TMPDIR) is there and writable, and has space and inodes left.";

/// A private folder that is the run's own. Dropping it gives up the lock and leaves the folder: what is in it may
/// still be used by a server that is kept.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    // Held, not used: the kernel gives it up when the process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder of a run and takes its lock. Others may pass through it when `shared`, and no more.
    pub(super) fn make(run: &str, shared: bool) -> Result<Self> {
        let path = place(run);
        let doing = || format!("could not make the folder \"{}\"", path.display());
        // It gets its name when its lock is held, so that no sweep takes it for a dead run's.
        let unnamed = path.with_file_name(format!(".{PREFIX}{run}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&unnamed)
            .or_stop(doing, HINT)?;
        let named = named(&unnamed, &path, shared);
        if named.is_err() {
            // It cannot be looked into where not even its owner may.
            let _ = fs::remove_file(unnamed.join(LOCK));
            let _ = fs::remove_dir(&unnamed);
        }
        let lock = named.or_stop(doing, HINT)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where our own user's servers may keep initialised data directories for later runs: beside it, so that copying them
    /// crosses no disk.
    pub(super) fn cache(&self) -> PathBuf {
        self.path
            .with_file_name(format!("{CACHE}{}", Uid::effective()))
    }

    /// Makes a folder inside it.
    pub(super) fn inner(
        &self,
        name: &str,
        mode: u32,
        owner: Option<(Uid, Gid)>,
    ) -> Result<PathBuf> {
        let path = self.path.join(name);
        let doing = || format!("could not make the folder \"{}\"", path.display());
        fs::create_dir(&path).or_stop(doing, HINT)?;
        fs::set_permissions(&path, Permissions::from_mode(mode)).or_stop(doing, HINT)?;
        if let Some((user, group)) = owner {
            chown(&path, Some(user.as_raw()), Some(group.as_raw())).or_stop(doing, HINT)?;
        }
        Ok(path)
    }

    /// Makes a private file inside it.
    pub(super) fn file(&self, name: &str) -> Result<File> {
        let path = self.path.join(name);
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .or_stop(
                || format!("could not make the file \"{}\"", path.display()),
                HINT,
            )
    }

    /// Says that it is to outlive the run.
    pub(super) fn keep(&self) -> Result<()> {
        self.file(KEPT).map(drop)
    }

    /// Removes it with all that is in it.
    pub(super) fn remove(self) -> Result<()> {
        remove(&self.path)
    }
}

/// Takes the lock of a new folder, and gives the folder its name.
fn named(unnamed: &Path, path: &Path, shared: bool) -> io::Result<File> {
    let lock = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(unnamed.join(LOCK))?;
    lock.lock()?;
    let mode = if shared { 0o711 } else { 0o700 };
    fs::set_permissions(unnamed, Permissions::from_mode(mode))?;
    fs::rename(unnamed, path)?;
    Ok(lock)
}

/// Removes a folder with all that is in it.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).or_stop(
            || format!("could not remove the folder \"{}\"", path.display()),
            "Remove it by hand, as root if need be.",
        ),
        _ => Ok(()),
    }
}

/// A folder that a run left or still uses.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) run: String,
    pub(super) path: PathBuf,
    pub(super) alive: bool,
    pub(super) kept: bool,
}

/// Every run's folder here that is ours.
pub(super) fn all() -> Vec<Found> {
    let mut found: Vec<Found> = roots()
        .iter()
        .filter_map(|root| fs::read_dir(root).ok())
        .flatten()
        .filter_map(|entry| look(&entry.ok()?.path()))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

/// What a folder is, when it is one of ours: by its name, its owner and its lock.
fn look(path: &Path) -> Option<Found> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with(CACHE) {
        return None;
    }
    let unnamed = name.strip_prefix('.');
    let run = unnamed.unwrap_or(name).strip_prefix(PREFIX)?;
    check_name(run).ok()?;
    let about = fs::symlink_metadata(path).ok()?;
    if !about.is_dir() || about.uid() != Uid::effective().as_raw() {
        return None;
    }
    let lock = OpenOptions::new().write(true).open(path.join(LOCK));
    // Its run may be about to make the lock.
    let young = || {
        about
            .modified()
            .is_ok_and(|made| made.elapsed().is_ok_and(|age| age < SOON))
    };
    let alive = match lock {
        Ok(lock) => lock.try_lock().is_err(),
        Err(_) if unnamed.is_some() => young(),
        Err(_) => return None,
    };
    Some(Found {
        run: run.to_owned(),
        path: path.to_owned(),
        alive,
        kept: path.join(KEPT).exists(),
    })
}

/// Refuses a run's name that could mean something to a shell, a path or SQL.
pub(super) fn check_name(run: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=40).contains(&run.len()) && run.chars().all(plain) {
        return Ok(());
    }
    Err(Error::new(
        "the run's name is not one that a container can have",
        "Use up to 40 letters, digits, \"-\" and \"_\".",
    ))
}

/// Where the folder of a run goes: where temporary files go, unless a socket's path would be too long there or not be
/// understood, or a server's own user could not get there.
fn place(run: &str) -> PathBuf {
    place_in(&temporary(), run)
}

fn place_in(temporary: &Path, run: &str) -> PathBuf {
    let path = temporary.join(format!("{PREFIX}{run}"));
    let socket = path.join("server/.s.PGSQL.5432");
    if socket.as_os_str().len() <= LONGEST_SOCKET && plain(temporary) && passable(&path) {
        path
    } else {
        Path::new("/tmp").join(format!("{PREFIX}{run}"))
    }
}

/// Where temporary files are; programs that are run elsewhere must find it, too.
fn temporary() -> PathBuf {
    let folder = match env::temp_dir() {
        unset if unset.as_os_str().is_empty() => PathBuf::from("/tmp"),
        folder => folder,
    };
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Whether PostgreSQL takes the path for one folder's: a comma ends one in its settings and in `PGHOST`, where nothing can be
/// quoted, and a backslash takes a meaning from what follows it.
fn plain(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    !bytes.iter().any(|byte| b",\\\n".contains(byte))
}

/// Whether everybody may pass through every folder above; only root starts servers as somebody else.
fn passable(path: &Path) -> bool {
    !Uid::effective().is_root()
        || path
            .ancestors()
            .skip(1)
            .all(|above| fs::metadata(above).is_ok_and(|about| about.mode() & 0o001 != 0))
}

fn roots() -> Vec<PathBuf> {
    let mut roots = vec![temporary(), PathBuf::from("/tmp")];
    roots.dedup();
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_refused() {
        assert!(check_name("01JD8Z").is_ok());
        for bad in ["", "a/b", "a b", "a\"", "..", "a;b", &"x".repeat(41)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_that_postgresql_reads_otherwise_is_not_used() {
        for odd in ["/tmp/a,b", "/tmp/a\\b", "/tmp/a\nb"] {
            assert_eq!(place_in(Path::new(odd), "x"), Path::new("/tmp/pgdrill-x"));
        }
        let plain = Path::new("/tmp/a b's \"c\"");
        assert!(super::plain(plain) && !super::plain(Path::new(",")));
    }

    #[test]
    fn a_folder_is_alive_while_its_run_holds_it() {
        let run = format!("unit-{}", std::process::id());
        let folder = Folder::make(&run, false).unwrap();
        let path = folder.path().to_owned();
        assert!(look(&path).is_some_and(|found| found.alive && !found.kept));
        folder.keep().unwrap();
        drop(folder);
        assert!(look(&path).is_some_and(|found| !found.alive && found.kept));
        remove(&path).unwrap();
        assert!(look(&path).is_none());
    }

    #[test]
    fn two_runs_cannot_have_one_name() {
        let run = format!("unit-twice-{}", std::process::id());
        let first = Folder::make(&run, false).unwrap();
        std::fs::write(first.path().join("file"), "x").unwrap();
        assert!(Folder::make(&run, false).is_err());
        first.remove().unwrap();
        assert!(!env::temp_dir().join(format!(".{PREFIX}{run}")).exists());
    }
}
