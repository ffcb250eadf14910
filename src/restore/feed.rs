//! Feeds a tool's standard input while its complaints are read, without holding more than a few megabytes.

use std::io::{self, Read};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, sync::mpsc, task};

use super::{Chunk, Complaints, watchdog};
use crate::{
    dump,
    error::{Broken, Error, OrStop, Result},
    finding::{Code, Finding},
    sandbox::Tool,
};

/// How much is read at a time: large enough that no stage waits for a system call.
pub(super) const CHUNK: usize = 256 * 1024;

/// How many chunks may wait for the tool.
const WAITING: usize = 16;

/// How a tool ended and what it was fed.
#[derive(Debug)]
pub(super) struct Fed {
    /// How many bytes it was fed.
    pub(super) bytes: u64,
    /// Its exit code.
    pub(super) code: i64,
    /// What it complained about.
    pub(super) complaints: Complaints,
}

/// Reads a dump on a thread of its own.
pub(super) fn chunks(mut reader: dump::Bytes) -> mpsc::Receiver<Chunk> {
    let (sender, receiver) = mpsc::channel(WAITING);
    task::spawn_blocking(move || {
        loop {
            let mut buffer = vec![0; CHUNK];
            let chunk = match fill(&mut reader, &mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    buffer.truncate(count);
                    Ok(Bytes::from(buffer))
                }
                Err(error) => Err(broken(&error)),
            };
            let last = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// Reads until the buffer is full or the end is reached.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Bytes that are all there.
pub(super) fn whole(bytes: Bytes) -> mpsc::Receiver<Chunk> {
    let (sender, receiver) = mpsc::channel(1);
    // There is room for one, and its other end is here.
    let _ = sender.try_send(Ok(bytes));
    receiver
}

/// What a reader's error says: the download's or the decoder's own words, else a damaged dump.
#[must_use]
pub fn broken(error: &io::Error) -> Broken {
    Broken::inside(error).cloned().unwrap_or_else(|| {
        let message = "the dump could not be read to its end";
        Finding::new(Code::DumpCorrupt, message)
            .detail(crate::error::sentence(&error.to_string()))
            .into()
    })
}

/// Feeds everything to the tool, and waits for it to end.
///
/// The stream is read to its end even when the tool stops reading early: what comes after the last byte that it needs is
/// part of the proof, and what it stumbled over may be told better by who follows the stream.
///
/// # Errors
/// When the stream breaks: then nothing that the tool says counts, for it saw only a part.
pub(super) async fn feed(
    tool: Tool,
    chunks: mpsc::Receiver<Chunk>,
) -> std::result::Result<Fed, Broken> {
    let Tool {
        stdin,
        lines,
        status,
    } = tool;
    // A broken stream ends the tool at once: pg_restore would wait for ever for the rest of a tar archive.
    let ((bytes, rest), complaints, code) = tokio::try_join!(
        write(stdin, chunks),
        async { Ok::<_, Broken>(listen(lines).await) },
        async { status.await.map_err(Broken::from) },
    )?;
    let ours = complaints.environment().is_some();
    if let Some(rest) = rest.filter(|_| !ours) {
        drain(rest).await?;
    }
    Ok(Fed {
        bytes,
        code,
        complaints,
    })
}

/// What is left of a stream when the tool stopped reading.
type Rest = Option<mpsc::Receiver<Chunk>>;

async fn write(
    mut stdin: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
    mut chunks: mpsc::Receiver<Chunk>,
) -> std::result::Result<(u64, Rest), Broken> {
    let mut bytes = 0;
    watchdog::wants_bytes(true);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        watchdog::wants_bytes(false);
        if stdin.write_all(&chunk).await.is_err() {
            return Ok((bytes, Some(chunks)));
        }
        bytes += chunk.len() as u64;
        watchdog::fed(chunk.len() as u64);
        watchdog::wants_bytes(true);
    }
    watchdog::wants_bytes(false);
    // A tool that ended already has nothing to be told.
    let _ = stdin.shutdown().await;
    Ok((bytes, None))
}

async fn drain(mut rest: mpsc::Receiver<Chunk>) -> std::result::Result<(), Broken> {
    watchdog::wants_bytes(true);
    while let Some(chunk) = rest.recv().await {
        watchdog::fed(chunk?.len() as u64);
    }
    watchdog::wants_bytes(false);
    Ok(())
}

pub(super) async fn listen(mut lines: mpsc::Receiver<String>) -> Complaints {
    let mut complaints = Complaints::default();
    while let Some(line) = lines.recv().await {
        tracing::trace!(bytes = line.len(), "a line of the tool");
        complaints.read(&line);
    }
    complaints
}

/// Runs a tool that needs nothing on its standard input.
///
/// # Errors
/// When it cannot be started or watched.
pub(super) async fn run(tool: Tool) -> std::result::Result<Fed, Broken> {
    let (sender, nothing) = mpsc::channel(1);
    drop(sender);
    feed(tool, nothing).await
}

/// What a program says that needs no input.
///
/// # Errors
/// When it cannot be run.
pub(super) async fn said(tool: Tool) -> Result<Vec<String>> {
    answered(tool, Bytes::new()).await.map(|(said, _)| said)
}

/// What a program says of these bytes, and its exit code.
///
/// # Errors
/// When it cannot be run.
pub(super) async fn answered(tool: Tool, input: Bytes) -> Result<(Vec<String>, i64)> {
    let Tool {
        mut stdin,
        mut lines,
        status,
    } = tool;
    let write = async move {
        // One that stops reading early says why.
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    };
    let listen = async {
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        all
    };
    let (all, status, ()) = tokio::join!(listen, status, write);
    status.map(|code| (all, code))
}

/// Runs a tool of ours that only fails when the machine does: copying into the spool.
///
/// # Errors
/// When it fails.
pub(super) fn must_succeed(fed: &Fed, failed: &str) -> Result<()> {
    if fed.code == 0 {
        return Ok(());
    }
    let cause = io::Error::other(format!("the program ended with exit code {}", fed.code));
    Err::<(), _>(cause).or_stop(
        || failed.to_owned(),
        "Check that the sandbox has enough free disk space.",
    )
}

/// A stream that may not grow over what the disk can take.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    all: u64,
}

impl Budget {
    /// Nine tenths of what is free: the server needs some of it, too.
    pub(super) fn of(free: u64) -> Self {
        let all = free / 10 * 9;
        Self { left: all, all }
    }

    /// Takes a part of it.
    ///
    /// # Errors
    /// When it is used up.
    pub(super) fn take(&mut self, bytes: u64) -> Result<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Error::new(
                "the sandbox has too little disk space to spool the dump",
                "Free disk space, or restore with one job: most dumps need no spool then.",
            )
            .because(format!(
                "{} may be used for it.",
                crate::units::Bytes(self.all)
            ))),
        }
    }
}
