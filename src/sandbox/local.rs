//! A cluster of the PostgreSQL that is installed here: an own user, an own socket, no TCP, no network.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::process::Child;
use tokio_postgres::Config;

use super::{
    DATABASE, Needs, SUPERUSER, Server, Tool,
    choose::Started,
    connection,
    folder::Folder,
    installed::{self, Installed},
    jail::Jail,
    process::{Group, Programs, free_bytes},
};
use crate::{
    error::{Error, OrStop, Result},
    units::Bytes,
};

/// What starts it and ends with it.
pub(super) const SCRIPT: &str = include_str!("server.sh");

/// The settings of every throwaway server.
pub(super) const SETTINGS: &str = include_str!("throwaway.conf");

/// The folder of the socket, the data and the spool.
pub(super) const SERVER: &str = "server";

/// What a kept server listens to for the word to end.
pub(super) const STOP: &str = "stop";

const LOG: &str = "log";

/// How long initdb and the start may take on a slow disk.
const START: Duration = Duration::from_mins(2);

/// How long the script takes at most to end its server, and a little.
const STOPPING: Duration = Duration::from_secs(15);

/// A server that runs as our own child.
pub(super) struct Local {
    folder: Folder,
    child: Mutex<Child>,
    programs: Programs,
}

/// Starts one with the installed PostgreSQL that fits best.
pub(super) async fn start(needs: &Needs) -> Result<Started> {
    let all = installed::all();
    let chosen = installed::server_for(&all, needs.oldest_major())?;
    let jail = Jail::find().await;
    let folder = Folder::make(&needs.run, jail.user().is_some())?;
    match launch(needs, &folder, &jail, chosen).await {
        Ok((child, superuser, programs)) => Ok(Started {
            notes: notes(chosen, needs, &jail),
            superuser,
            database: DATABASE.to_owned(),
            server: Server::Local(Box::new(Local {
                folder,
                child: Mutex::new(child),
                programs,
            })),
        }),
        Err(error) => {
            let _ = folder.remove();
            Err(error)
        }
    }
}

async fn launch(
    needs: &Needs,
    folder: &Folder,
    jail: &Jail,
    chosen: &Installed,
) -> Result<(Child, Config, Programs)> {
    let home = folder.inner(SERVER, 0o700, jail.user())?;
    let password = connection::password()?;
    let mut superuser = connection::base(SUPERUSER, &password);
    superuser.host_path(&home);
    let mut child = spawn(needs, folder, jail, chosen, &password)?;
    // Whoever gives up the waiting ends it: the script hears of nothing while initdb runs.
    let mut group = Group::of(&child);
    let ready = wait_until_ready(&mut child, &superuser, folder).await;
    if ready.is_err() {
        end(&mut child).await;
    }
    group.ended();
    ready?;
    if needs.keep {
        write_passfile(folder, &home, &password)?;
        folder.keep()?;
    }
    let programs = Programs {
        jail: jail.clone(),
        bin: chosen.bin.clone(),
        environment: connection::environment(&superuser, DATABASE),
        folder: home,
    };
    Ok((child, superuser, programs))
}

fn spawn(
    needs: &Needs,
    folder: &Folder,
    jail: &Jail,
    chosen: &Installed,
    password: &str,
) -> Result<Child> {
    let home = folder.path().join(SERVER);
    let log = folder.file(LOG)?;
    let mut command = jail.server("sh");
    command
        .args(["-c", SCRIPT])
        .env("PGDRILL_BINS", &chosen.bin)
        .env("PGDRILL_PLACES", &home)
        .env("PGDRILL_SOCKETS", &home)
        .env("PGDRILL_LISTEN", "")
        .env("PGDRILL_CACHE", cache(folder, jail))
        .env("PGDRILL_SETTINGS", SETTINGS)
        .env("PGDRILL_TIE", "stdin")
        .env("PGPASSWORD", password)
        .env("LC_ALL", "C")
        .env("HOME", &home)
        .current_dir(&home)
        .stdout(Stdio::null())
        .stderr(log);
    if needs.keep {
        // It listens to a pipe that has a name, so that `clean` can find it; we are not the only one who holds it.
        command
            .env("PGDRILL_DEADLINE", "")
            .stdin(open_stop(folder)?);
    } else {
        command
            .env("PGDRILL_DEADLINE", needs.deadline_seconds().to_string())
            .stdin(Stdio::piped());
    }
    command.spawn().or_stop(
        || "could not start the local sandbox".to_owned(),
        "Check that \"sh\" and \"unshare\" can be started.",
    )
}

/// Where initialised data directories are kept; nowhere for a server under a user of its own. What a dump runs there is shut
/// in, and must find nothing that later runs begin with.
fn cache(folder: &Folder, jail: &Jail) -> PathBuf {
    match jail.user() {
        Some(_) => PathBuf::new(),
        None => folder.cache(),
    }
}

/// A named pipe, open at both ends, so that it neither blocks nor ends.
fn open_stop(folder: &Folder) -> Result<File> {
    let path = folder.path().join(STOP);
    let doing = || format!("could not make the pipe \"{}\"", path.display());
    let hint = "Check that the folder for temporary files can hold named pipes.";
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).or_stop(doing, hint)?;
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .or_stop(doing, hint)
}

/// Tells a kept server to end; `false` when nothing listens.
pub(super) fn say_stop(folder: &Path) -> bool {
    use std::io::Write;
    OpenOptions::new()
        .write(true)
        // Without a reader this fails at once, where it would wait for one.
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(folder.join(STOP))
        .and_then(|mut pipe| pipe.write_all(b"stop\n"))
        .is_ok()
}

async fn wait_until_ready(child: &mut Child, superuser: &Config, folder: &Folder) -> Result<()> {
    let mut config = superuser.clone();
    config.dbname("postgres");
    let begun = tokio::time::Instant::now();
    loop {
        if connection::try_open(&config).await.is_ok() {
            return Ok(());
        }
        let ended = child.try_wait().ok().flatten();
        if ended.is_some() || begun.elapsed() > START {
            // Nothing of the dump was there yet: the log is the server's own.
            return Err(Error::new(
                "the local sandbox did not start",
                "Check that PostgreSQL runs here: its initdb must work in the folder for temporary files.",
            )
            .because(why(folder)));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Why it did not start. On a full disk the log may hold no word of it.
fn why(folder: &Folder) -> String {
    /// An initialised data directory takes about so many bytes (PostgreSQL 15: 39 MB).
    const NEEDED: u64 = 50_000_000;
    match free_bytes(folder.path()) {
        Ok(free) if free < NEEDED => {
            format!(
                "Only {} are free where temporary files go (TMPDIR).",
                Bytes(free)
            )
        }
        _ => crate::error::sentence(&last_lines(folder)),
    }
}

fn last_lines(folder: &Folder) -> String {
    let log = read_log(folder.path());
    // What initdb says last is only that it tidied up.
    if let Some(full) = log
        .lines()
        .find(|line| line.contains("No space left on device"))
    {
        return full.to_owned();
    }
    let lines: Vec<&str> = log.lines().rev().take(3).collect();
    if lines.is_empty() {
        return "It said nothing".to_owned();
    }
    lines.into_iter().rev().collect::<Vec<_>>().join("; ")
}

/// The last 256 KiB of the server's log.
fn read_log(folder: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(folder.join(LOG)) {
        let size = file.metadata().map_or(0, |about| about.len());
        let _ = file.seek(SeekFrom::Start(size.saturating_sub(256 * 1024)));
        let _ = file.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// So that `psql` gets in without a password on its command line.
fn write_passfile(folder: &Folder, home: &Path, password: &str) -> Result<()> {
    use std::io::Write;
    let mut file = folder.file("pgpass")?;
    let host = home.display().to_string().replace(':', "\\:");
    writeln!(file, "{host}:5432:*:{SUPERUSER}:{password}").or_stop(
        || "could not write the password file".to_owned(),
        "Check the space that is left in the folder for temporary files.",
    )
}

fn notes(chosen: &Installed, needs: &Needs, jail: &Jail) -> Vec<String> {
    let mut notes = vec![format!(
        "PostgreSQL {} of this machine is used.",
        chosen.major
    )];
    if let Some(wanted) = needs.major.filter(|major| *major != chosen.major) {
        notes.push(format!(
            "The dump was taken from PostgreSQL {wanted} and is restored into {}.",
            chosen.major
        ));
    }
    if !jail.has_no_network() {
        notes.push(
            "Egress was not blocked: this system grants no network namespace (unshare).".to_owned(),
        );
    }
    if !jail.has_no_sockets() {
        notes.push(
            "Sockets of other programs could be reached: this system lets nothing be mounted over them."
                .to_owned(),
        );
    }
    notes
}

/// Ends the child and everything under it: its standard input ends, and the script knows what to do.
async fn end(child: &mut Child) {
    drop(child.stdin.take());
    if tokio::time::timeout(STOPPING, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

impl Local {
    pub(super) fn tool(&self, program: &str, arguments: &[&str]) -> Result<Tool> {
        self.programs.tool(program, arguments)
    }

    pub(super) fn spool(&self) -> PathBuf {
        self.programs.folder.join("pgdrill/spool")
    }

    pub(super) fn autopsy(&self) -> Option<Error> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = child.try_wait().ok().flatten().is_some();
        super::autopsy::from_log(&read_log(self.folder.path()), gone)
    }

    /// The command that opens `psql` on it.
    pub(super) fn psql(&self) -> String {
        format!(
            "PGPASSFILE={} {}/psql \"host={} user={SUPERUSER} dbname={DATABASE}\"",
            self.folder.path().join("pgpass").display(),
            self.programs.bin.display(),
            self.programs.folder.display()
        )
    }

    pub(super) async fn stop(self, keep: bool) -> Result<()> {
        if keep {
            return Ok(());
        }
        let mut child = self
            .child
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        say_stop(self.folder.path());
        end(&mut child).await;
        self.folder.remove()
    }
}
