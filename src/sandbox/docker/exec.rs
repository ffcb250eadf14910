//! Programs inside the container, fed through an exec's standard input.

use std::{path::Path, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt};
use testcontainers::{
    bollard,
    bollard::{
        container::LogOutput,
        errors::Error as DockerError,
        exec::{CreateExecOptions, StartExecOptions, StartExecResults},
    },
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

use super::{DATABASE, Docker, SUPERUSER, Tool, container::INSIDE};
use crate::{
    error::{Error, OrStop, Result},
    sandbox::{lines::Lines, process::WAITING_LINES},
};

/// Between the caller and the daemon.
const PIPE: usize = 256 * 1024;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Tells the first process that somebody is there, and that they are gone when this connection ends.
const HOLD: &str = "kill -USR1 1; cat >/dev/null; kill -TERM 1";

type Output = Pin<Box<dyn Stream<Item = std::result::Result<LogOutput, DockerError>> + Send>>;
type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// How programs are started in a container.
#[derive(Debug)]
pub(super) struct Programs {
    container: String,
    image: String,
    bin: String,
    environment: Vec<String>,
    /// Variables of the container that they do not get.
    strange: Vec<String>,
}

/// PostgreSQL's own: those beside the server, not those of that name elsewhere, which may be another version's or a wrapper's.
const BESIDE: [&str; 2] = ["pg_restore", "psql"];

/// What `env` ends with when there is no such program.
const MISSING: i64 = 127;

/// What a program may need of the image's own variables: where its libraries and its user are.
const KNOWN: [&str; 2] = ["LD_LIBRARY_PATH", "HOME"];

impl Programs {
    /// With everything that points them at the database to restore into, in a container with these variables.
    pub(super) fn new(
        container: &str,
        image: &str,
        bin: String,
        password: &str,
        variables: &[String],
    ) -> Self {
        let environment = vec![
            format!("PATH={bin}:{PATH}"),
            format!("PGHOST={INSIDE}"),
            "PGPORT=5432".to_owned(),
            format!("PGUSER={SUPERUSER}"),
            format!("PGPASSWORD={password}"),
            format!("PGDATABASE={DATABASE}"),
            "LC_ALL=C".to_owned(),
        ];
        let ours = names(&environment);
        let strange = (names(variables).into_iter())
            .filter(|name| !name.is_empty() && !ours.contains(name) && !KNOWN.contains(name))
            .map(str::to_owned)
            .collect();
        Self {
            container: container.to_owned(),
            image: image.to_owned(),
            bin,
            strange,
            environment,
        }
    }

    /// The words that start a program. Docker only adds variables, so the container's `env` takes away what the image sets:
    /// one that `libpq` or `psql` knows would change what they do.
    fn command(&self, program: &str, arguments: &[&str]) -> Vec<String> {
        let program = if BESIDE.contains(&program) {
            format!("{}/{program}", self.bin)
        } else {
            program.to_owned()
        };
        let without = self.strange.iter().flat_map(|name| ["-u", name]);
        let words = std::iter::once("env").chain(without).chain([&*program]);
        let words = words.chain(arguments.iter().copied());
        words.map(str::to_owned).collect()
    }

    /// The error of a program that the image does not have.
    fn missing(&self, program: &str) -> Option<Error> {
        let Self { image, bin, .. } = self;
        BESIDE.contains(&program).then(|| {
            Error::new(
                format!("the image \"{image}\" has no \"{program}\" in \"{bin}\""),
                "Name an image in `sandbox.image` that has PostgreSQL's client programs beside its server.",
            )
        })
    }

    /// The folder of PostgreSQL's programs.
    pub(super) fn bin(&self) -> &str {
        &self.bin
    }
}

fn names(environment: &[String]) -> Vec<&str> {
    let variables = environment.iter();
    (variables.filter_map(|variable| variable.split('=').next())).collect()
}

/// A program's ends.
struct Attached {
    id: String,
    output: Output,
    input: Input,
}

async fn attach(
    client: &bollard::Docker,
    container: &str,
    command: Vec<String>,
    environment: Vec<String>,
) -> std::result::Result<Attached, DockerError> {
    let options = CreateExecOptions {
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(command),
        env: Some(environment),
        ..CreateExecOptions::default()
    };
    let id = client.create_exec(container, options).await?.id;
    let attached = client.start_exec(&id, None::<StartExecOptions>).await?;
    match attached {
        StartExecResults::Attached { output, input } => Ok(Attached { id, output, input }),
        StartExecResults::Detached => Err(DockerError::IOError {
            err: std::io::Error::other("Docker detached from the program"),
        }),
    }
}

/// Starts a program.
pub(super) async fn tool(
    client: &bollard::Docker,
    programs: &Programs,
    program: &str,
    arguments: &[&str],
) -> Result<Tool> {
    let command = programs.command(program, arguments);
    let container = &programs.container;
    let attached = attach(client, container, command, programs.environment.clone())
        .await
        .or_stop(
            || format!("could not start \"{program}\" in the container \"{container}\""),
            "The container may have ended; run again.",
        )?;
    let (near, far) = duplex(PIPE);
    let (send, lines) = mpsc::channel(WAITING_LINES);
    // Dropping the set ends both, and with them the connection and the program's input.
    let mut tasks = JoinSet::new();
    let feeding = tasks.spawn(feed(far, attached.input));
    let mut draining = JoinSet::new();
    draining.spawn(drain(attached.output, send));
    let missing = programs.missing(program);
    let (client, id, program) = (client.clone(), attached.id, program.to_owned());
    let status = async move {
        while draining.join_next().await.is_some() {}
        feeding.abort();
        while tasks.join_next().await.is_some() {}
        match (exit_code(&client, &id, &program).await, missing) {
            (Ok(MISSING), Some(error)) => Err(error),
            (code, _) => code,
        }
    };
    Ok(Tool {
        stdin: Box::pin(near),
        lines,
        status: Box::pin(status),
    })
}

/// Passes bytes on and then says that there are no more; where nobody reads them, the caller sees a broken pipe.
async fn feed(mut far: DuplexStream, mut input: Input) {
    let _ = tokio::io::copy(&mut far, &mut input).await;
    let _ = input.shutdown().await;
}

/// Reads until the end, also when nobody wants the lines any more.
async fn drain(mut output: Output, send: mpsc::Sender<String>) {
    let (mut standard, mut error) = (Lines::default(), Lines::default());
    while let Some(Ok(part)) = output.next().await {
        let found = match part {
            LogOutput::StdErr { message } => error.push(&message),
            LogOutput::StdOut { message }
            | LogOutput::Console { message }
            | LogOutput::StdIn { message } => standard.push(&message),
        };
        for line in found {
            let _ = send.send(line).await;
        }
    }
    for line in [standard.last(), error.last()].into_iter().flatten() {
        let _ = send.send(line).await;
    }
}

/// How it ended. The output can end a moment before the daemon knows.
async fn exit_code(client: &bollard::Docker, id: &str, program: &str) -> Result<i64> {
    let doing = || format!("lost \"{program}\" in the container");
    let hint = "The container may have ended; run again.";
    let moments = (0..4).map(|_| 5).chain((0..600).map(|_| 50));
    for moment in moments.map(Duration::from_millis) {
        let about = client.inspect_exec(id).await.or_stop(doing, hint)?;
        match (about.running, about.exit_code) {
            (Some(true), _) => tokio::time::sleep(moment).await,
            (_, Some(code)) => return Ok(code),
            _ => break,
        }
    }
    Err(Error::new(doing(), hint))
}

/// Ties a container to us: while the handle lives, so does the container.
pub(super) async fn hold(
    client: &bollard::Docker,
    container: &str,
) -> Result<AbortOnDropHandle<()>> {
    let command = ["sh", "-c", HOLD].map(str::to_owned).to_vec();
    let attached = attach(client, container, command, Vec::new())
        .await
        .or_stop(
            || format!("could not hold the container \"{container}\""),
            super::HINT,
        )?;
    let hold = tokio::spawn(async move {
        let (mut output, _input) = (attached.output, attached.input);
        while output.next().await.is_some() {}
    });
    Ok(AbortOnDropHandle::new(hold))
}

/// How many bytes are free at a path inside.
pub(super) async fn free_bytes(docker: &Docker, path: &Path) -> Result<u64> {
    let shown = path.display().to_string();
    let mut tool = docker.tool("df", &["-P", "-k", &shown]).await?;
    drop(tool.stdin);
    let status = tool.status.await?;
    let mut last = String::new();
    while let Some(line) = tool.lines.recv().await {
        last = line;
    }
    match (status, free_kilobytes(&last)) {
        (0, Some(kilobytes)) => Ok(kilobytes.saturating_mul(1024)),
        _ => Err(Error::new(
            format!("could not look at the free space of \"{shown}\" in the container"),
            "The container may have ended; run again.",
        )),
    }
}

/// The fourth word of `df -P -k`.
fn free_kilobytes(line: &str) -> Option<u64> {
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Programs, free_kilobytes};

    #[test]
    fn a_program_gets_no_variable_of_the_image_that_could_change_what_it_does() {
        let image = [
            "PATH=/x",
            "PGSERVICE=nowhere",
            "HOME=/h",
            "PGUSER=u",
            "=",
            "PGOPTIONS",
        ];
        let image = image.map(str::to_owned);
        let programs = Programs::new("c", "i", "/bin".to_owned(), "p", &image);
        let expected = ["env", "-u", "PGSERVICE", "-u", "PGOPTIONS", "sh", "-c", "x"];
        assert_eq!(programs.command("sh", &["-c", "x"]), expected);
        assert_eq!(programs.command("psql", &[]).last().unwrap(), "/bin/psql");
    }

    #[test]
    fn the_free_space_is_the_fourth_word() {
        assert_eq!(
            free_kilobytes("/dev/vda 263174212 15728640 80740352 17% /"),
            Some(80_740_352)
        );
        assert_eq!(
            free_kilobytes("Filesystem 1024-blocks Used Available"),
            None
        );
    }
}
