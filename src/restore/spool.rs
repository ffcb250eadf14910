//! Puts a dump into the sandbox's spool, for formats and jobs that cannot be fed through a pipe.

use std::io::{self, Write};

use bytes::Bytes;
use tokio::{sync::mpsc, task};

use super::{
    Chunk, Members,
    feed::{self, Budget, broken},
    watchdog,
};
use crate::{
    dump,
    error::{Broken, Result},
    sandbox::Sandbox,
};

/// The name of the spooled dump inside the spool.
const NAME: &str = "dump";

/// The name of a table of contents that is only listed.
const LISTED: &str = "contents";

/// Writes its standard input to a file.
const WRITE: &str = "cat >\"$1\"";

/// The same into a folder of its own, as the table of contents of a directory dump.
const FOLDER: &str = "mkdir -p \"$1\" && cat >\"$1/toc.dat\"";

/// Room for a tar header and the padding of a member.
const TAR_OVERHEAD: u64 = 1024;

/// Writes the archive as one file; returns its path inside the sandbox and its size.
///
/// # Errors
/// When the stream breaks, or the disk is too small.
pub(super) async fn file(
    sandbox: &Sandbox,
    reader: dump::Bytes,
    size: u64,
) -> std::result::Result<(String, u64), Broken> {
    let free = sandbox.free_bytes().await?;
    let mut budget = Budget::of(free);
    // Fail before the download where the size alone is too much.
    Budget::of(free).take(size)?;
    let path = place(sandbox, NAME);
    let tool = sandbox.tool("sh", &["-c", WRITE, "sh", &path]).await?;
    let counted = watched(feed::chunks(reader), move |bytes| budget.take(bytes));
    watchdog::spools(true);
    let fed = feed::feed(tool, counted).await?;
    watchdog::spools(false);
    feed::must_succeed(&fed, "could not spool the dump")?;
    Ok((path, fed.bytes))
}

/// Writes a table of contents that is all there; returns its path inside the sandbox.
///
/// # Errors
/// When the disk is too small.
pub(super) async fn small(sandbox: &Sandbox, bytes: &Bytes) -> std::result::Result<String, Broken> {
    written(sandbox, NAME, bytes, WRITE).await
}

/// Writes the table of contents of a directory dump; returns the path of its folder inside the sandbox.
///
/// # Errors
/// When the disk is too small.
pub(super) async fn toc(sandbox: &Sandbox, bytes: &Bytes) -> std::result::Result<String, Broken> {
    written(sandbox, NAME, bytes, FOLDER).await
}

/// The same of one that is only listed, beside the folder that is restored.
///
/// # Errors
/// When the disk is too small.
pub(super) async fn listed(
    sandbox: &Sandbox,
    bytes: &Bytes,
) -> std::result::Result<String, Broken> {
    written(sandbox, LISTED, bytes, FOLDER).await
}

async fn written(
    sandbox: &Sandbox,
    name: &str,
    bytes: &Bytes,
    script: &str,
) -> std::result::Result<String, Broken> {
    let path = place(sandbox, name);
    let tool = sandbox.tool("sh", &["-c", script, "sh", &path]).await?;
    let fed = feed::feed(tool, feed::whole(bytes.clone())).await?;
    feed::must_succeed(&fed, "could not spool the dump's table of contents")?;
    Ok(path)
}

/// Unpacks a directory dump into a folder; returns its path inside the sandbox and how many bytes it holds.
///
/// # Errors
/// When a member breaks, or the disk is too small.
pub(super) async fn folder(
    sandbox: &Sandbox,
    members: Members,
) -> std::result::Result<(String, u64), Broken> {
    let free = sandbox.free_bytes().await?;
    let path = place(sandbox, NAME);
    let script = "mkdir \"$1\" && tar -x -f - -C \"$1\"";
    let tool = sandbox.tool("sh", &["-c", script, "sh", &path]).await?;
    watchdog::spools(true);
    let fed = feed::feed(tool, packed(members, Budget::of(free))).await?;
    watchdog::spools(false);
    feed::must_succeed(&fed, "could not spool the dump")?;
    Ok((path, fed.bytes))
}

fn place(sandbox: &Sandbox, name: &str) -> String {
    sandbox.spool().join(name).display().to_string()
}

/// Lets every chunk pass that `allow` allows.
fn watched(
    mut chunks: mpsc::Receiver<Chunk>,
    mut allow: impl FnMut(u64) -> Result<()> + Send + 'static,
) -> mpsc::Receiver<Chunk> {
    let (sender, receiver) = mpsc::channel(1);
    task::spawn(async move {
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk.and_then(|bytes| {
                allow(bytes.len() as u64)?;
                Ok(bytes)
            });
            if sender.send(chunk).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// Packs the members into a tar stream, on a thread of its own.
fn packed(members: Members, budget: Budget) -> mpsc::Receiver<Chunk> {
    let (sender, receiver) = mpsc::channel(16);
    task::spawn_blocking(move || {
        let to_tool = io::BufWriter::with_capacity(256 * 1024, ToTool(sender.clone()));
        if let Err(error) = pack(members, budget, to_tool) {
            // The other end is gone when the tool died: then its exit code tells.
            let _ = sender.blocking_send(Err(broken(&error)));
        }
    });
    receiver
}

fn pack(mut members: Members, mut budget: Budget, to: impl Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(to);
    for (name, _) in &members.files {
        let mut member = (members.open)(name)?;
        budget
            .take(member.size + TAR_OVERHEAD)
            .map_err(Broken::from)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(member.size);
        header.set_mode(0o600);
        tar.append_data(&mut header, &member.name, &mut member.bytes)?;
    }
    tar.into_inner()?.flush()
}

/// The writing end of a channel of chunks.
struct ToTool(mpsc::Sender<Chunk>);

impl Write for ToTool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::Member;

    fn one(name: &str, bytes: &'static [u8], size: u64) -> Members {
        let open = move |name: &str| {
            Ok(Member {
                name: name.to_owned(),
                size,
                bytes: Box::new(bytes),
            })
        };
        Members {
            files: vec![(name.to_owned(), size)],
            open: Box::new(open),
        }
    }

    #[test]
    fn members_arrive_as_a_tar_with_their_names() {
        let members = one("toc.dat", b"abc", 3);
        let mut packed = Vec::new();
        pack(members, Budget::of(1 << 20), &mut packed).unwrap();
        let mut tar = tar::Archive::new(packed.as_slice());
        let names: Vec<_> = tar
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["toc.dat"]);
    }

    #[test]
    fn a_dump_larger_than_the_disk_is_an_error_of_the_run() {
        let members = one("1.dat", b"", 1 << 30);
        let error = pack(members, Budget::of(1 << 20), Vec::new()).unwrap_err();
        assert!(matches!(broken(&error), Broken::Run(_)));
    }
}
