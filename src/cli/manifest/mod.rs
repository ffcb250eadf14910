//! `pgdrill manifest`: takes a dump, and beside it what the database held in the same snapshot.

mod files;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};

use clap::Args;
use tokio::process::Command;

use super::{output, signals};
use crate::{
    checks,
    error::{Error, OrStop, Result},
    manifest::{self, Manifest, Snapshot, Told},
    units::Secret,
};

const HELP: &str = "\
Exit codes:
  0    the dump and its manifest are written
  2    wrong usage; nothing was looked at
  3    the database could not be read, or pg_dump failed
  129  interrupted by a closed terminal (SIGHUP)
  130  interrupted by Ctrl-C
  143  interrupted by SIGTERM

Examples:
  pgdrill manifest postgres://backup@db/shop -- pg_dump -Fc -f /backups/shop.dump
  pgdrill manifest postgres://backup@db/shop --snapshot --dump /backups/shop.dump   # prints the snapshot, waits";

/// Takes a dump with `pg_dump`, and writes beside it what every table held in the very snapshot that the dump holds
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct TakeManifest {
    /// The database: a URL or keywords, as libpq takes them
    #[arg(value_name = "DSN", env = "PGDRILL_SOURCE_URL", hide_env_values = true)]
    dsn: String,
    #[arg(
        long,
        help = "Print a snapshot for your own pg_dump, and wait until standard input ends",
        requires = "dump"
    )]
    snapshot: bool,
    #[arg(
        long,
        help = "The dump that your own pg_dump writes",
        value_name = "FILE",
        requires = "snapshot"
    )]
    dump: Option<PathBuf>,
    /// The certificates of the authorities to trust, in PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[arg(
        last = true,
        help = "pg_dump and its arguments",
        value_name = "PG_DUMP"
    )]
    command: Vec<String>,
}

/// What went on while the snapshot was open.
struct Dumped {
    path: PathBuf,
    told: Told,
}

impl TakeManifest {
    pub(super) async fn run(self) -> u8 {
        let path = match self.path() {
            Ok(path) => path,
            Err(error) => {
                output::tell_error(&error);
                return 2;
            }
        };
        let taken = tokio::select! {
            biased;
            // A snapshot that somebody else dumps from ends by a signal as well as by the end of its input: nothing may take
            // a signal here that it waits for there.
            signal = async { signals::first().await }, if !self.snapshot => return signal.exit_code(),
            taken = self.take(path) => taken,
        };
        match taken {
            Ok((manifest, path)) => {
                output::print(&format!(
                    "{}: {} tables\n",
                    path.display(),
                    manifest.tables.len()
                ));
                match manifest.exit_status {
                    None | Some(0) => 0,
                    Some(status) => {
                        let hint = "Read what pg_dump said above.";
                        output::tell_error(&Error::new(
                            format!("pg_dump ended with exit code {status}"),
                            hint,
                        ));
                        3
                    }
                }
            }
            Err(error) => {
                output::tell_error(&error);
                3
            }
        }
    }

    /// Where the dump goes.
    fn path(&self) -> Result<PathBuf> {
        if let Some(path) = &self.dump {
            return Ok(path.clone());
        }
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Error::new(
                "no pg_dump to run",
                "Write `-- pg_dump -Fc -f FILE` at the end, or use `--snapshot --dump FILE`.",
            ));
        };
        let name = Path::new(program)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        if name == "pg_dumpall" {
            return Err(Error::new(
                "pg_dumpall takes no snapshot",
                "Take one dump a database with pg_dump.",
            ));
        }
        file_of(arguments).ok_or_else(|| {
            Error::new(
                "pg_dump would write to standard output",
                "Name the file with `-f FILE`: the manifest is written beside it.",
            )
        })
    }

    async fn take(&self, path: PathBuf) -> Result<(Manifest, PathBuf)> {
        let client = checks::connect(&Secret::new(&self.dsn), self.ca.as_deref()).await?;
        let snapshot = Snapshot::begin(client, encoding_of(&self.command)).await?;
        let id = snapshot.id.clone();
        let before = written(&path);
        let dumping = async {
            if self.snapshot {
                self.wait(&id, path).await
            } else {
                self.dump(&id, path).await
            }
        };
        // Where one fails the other is not worth waiting for.
        let (dumped, taken) = tokio::try_join!(dumping, snapshot.read())?;
        if let Some(status) = failed(&dumped.told)
            && written(&dumped.path) == before
        {
            let hint = "Read what pg_dump said above; the manifest of a dump that lay there before is as it was.";
            let message = format!("pg_dump ended with exit code {status} and wrote no dump");
            return Err(Error::new(message, hint));
        }
        let to = PathBuf::from(manifest::name_of(&dumped.path.to_string_lossy()));
        let file = dumped.path.clone();
        let is_others = self.snapshot;
        let about = tokio::task::spawn_blocking(move || {
            if is_others {
                files::must_be_dump(&file)?;
            }
            files::about(&file)
        });
        let about = about
            .await
            .or_stop(|| "could not read the dump".to_owned(), "Run again.")??;
        let manifest = taken.manifest(about, dumped.told).await?;
        files::write(&to, &manifest)?;
        Ok((manifest, to))
    }

    /// Keeps the snapshot open until standard input ends or a signal comes.
    async fn wait(&self, id: &str, path: PathBuf) -> Result<Dumped> {
        output::print(&format!("{id}\n"));
        let (ended, end) = tokio::sync::oneshot::channel();
        // A thread of its own: it may wait for ever, and then ends with the process.
        std::thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            let _ = ended.send(());
        });
        tokio::select! {
            _ = signals::first() => {}
            _ = end => {}
        }
        Ok(Dumped {
            path,
            // What it was told is not known.
            told: Told::default(),
        })
    }

    /// Runs `pg_dump` on the same snapshot.
    async fn dump(&self, id: &str, path: PathBuf) -> Result<Dumped> {
        let hint = "Check that pg_dump is installed, or write its whole path.";
        let doing = || "could not run pg_dump".to_owned();
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| Error::new(doing(), hint))?;
        let version = Command::new(program)
            .arg("--version")
            .output()
            .await
            .or_stop(doing, hint)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg(format!("--snapshot={id}"))
            .envs(checks::environment(&self.dsn, self.ca.as_deref()));
        let status = command
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .status()
            .await
            .or_stop(doing, hint)?;
        Ok(Dumped {
            path,
            told: Told {
                exit_status: Some(status.code().unwrap_or(-1)),
                selects: Some(manifest::selects(arguments)),
                without: manifest::without(arguments),
                tool: Some(String::from_utf8_lossy(&version.stdout).trim().to_owned()),
            },
        })
    }
}

/// The exit code of a `pg_dump` that did not come to its end.
fn failed(told: &Told) -> Option<i32> {
    told.exit_status.filter(|&status| status != 0)
}

/// When a dump was written, if one is there.
fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|about| about.modified()).ok()
}

/// The file that `pg_dump`'s arguments name.
fn file_of(arguments: &[String]) -> Option<PathBuf> {
    value_of(arguments, "-f", "--file").map(PathBuf::from)
}

/// The encoding that they name, else the one that the environment gives `pg_dump`.
fn encoding_of(arguments: &[String]) -> Option<String> {
    let from_environment = || env::var("PGCLIENTENCODING").ok();
    let named = value_of(arguments, "-E", "--encoding").or_else(from_environment);
    named.filter(|name| !name.is_empty())
}

fn value_of(arguments: &[String], short: &str, long: &str) -> Option<String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == short || argument == long {
            return arguments.next().cloned();
        }
        let joined = argument
            .strip_prefix(long)
            .and_then(|rest| rest.strip_prefix('='));
        if let Some(value) = joined.or_else(|| argument.strip_prefix(short)) {
            return Some(value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_however_it_is_written() {
        for text in [
            "-Fc -f x.dump",
            "-fx.dump",
            "--file=x.dump -v",
            "--file x.dump",
        ] {
            let arguments: Vec<_> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(file_of(&arguments), Some(PathBuf::from("x.dump")), "{text}");
        }
        assert_eq!(file_of(&["-Fc".to_owned(), "--format=c".to_owned()]), None);
    }
}
