//! The engine `stream`: several `pg_restore` inside the sandbox, each fed over its standard input with the table of
//! contents and the blocks of its tables, while the dump arrives. Nothing of the data is written to a disk of ours.
//!
//! ```text
//!  dump ──▶ followed and decoded, once ──▶ queue (bounded) ──▶ pg_restore --section=data   ┐
//!   │                └─▶ counted                          └──▶ pg_restore --section=data   ├─▶ barrier ─▶ pg_restore
//!   └─ table of contents ──▶ pg_restore --section=pre-data, before the first row           ┘    --section=post-data -jN
//! ```
//!
//! One ordered stream feeds all of them, so that its checksum, its rows and its end are seen as they are by the other
//! engine; of a directory dump every member is such a stream. A stretch of it may come ahead of its turn. Foreign keys are made
//! behind the barrier, when every row is there.
//!
//! Whoever follows the dump to its end decodes it and shows its rows, to be counted and to be loaded: every format reaches
//! `pg_restore` as a custom archive whose table of contents was written once more, and whose data are not compressed.
//! `pg_restore` reads a directory dump from a folder only, and a tar archive with one job and in its order only.

mod after;
mod apart;
mod arrive;
mod before;
mod block;
mod ends;
mod fit;
mod lane;
mod load;
mod members;
mod pace;
mod stretch;
#[cfg(test)]
mod tests;
mod workers;

use std::{
    sync::{Arc, Weak},
    time::Instant,
};

pub(super) use fit::unfit;
pub use stretch::stretch;

use super::{Members, Restored, alone, archive, spool};
use crate::{
    dump::{self, Contents, Relay, Viewer},
    error::Broken,
    sandbox::Sandbox,
};

/// A dump that arrives.
pub enum Arriving {
    /// A custom or a tar archive.
    Whole(Whole),
    /// The members of a directory dump, several of them side by side.
    Members(Members),
}

/// A dump of one file.
pub struct Whole {
    /// All of it, or all but the stretch.
    pub bytes: dump::Bytes,
    /// What of it comes ahead of its turn: see [`stretch()`].
    pub stretch: Option<dump::Bytes>,
}

/// Is told about every large table that was loaded.
pub trait Along: Sync {
    /// The rows of this entry are there; others may still arrive.
    fn loaded(&self, entry: i32);
}

/// Who works along with a restore.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    /// Through it the reader of the dump shows what is loaded.
    pub relay: &'a Relay,
    /// Who is told what was loaded; nobody where that is not wanted.
    pub along: Option<&'a dyn Along>,
}

/// Restores a dump as it arrives, with so many connections at the same time.
///
/// # Errors
/// When the stream breaks, or `pg_restore` cannot be run.
pub async fn streamed(
    sandbox: &Sandbox,
    contents: &Contents,
    dump: Arriving,
    hooks: Hooks<'_>,
    jobs: u16,
) -> Result<Restored, Broken> {
    let started = Instant::now();
    let (lane, mut split) = lane::pair(contents);
    hooks.relay.to(Arc::downgrade(&lane) as Weak<dyn Viewer>);
    let ours = fit::ours(contents);
    let is_ahead = matches!(&dump, Arriving::Whole(whole) if whole.stretch.is_some());
    match dump {
        Arriving::Whole(whole) => arrive::start(lane, contents, whole, ours),
        Arriving::Members(members) => members::start(lane, members, ours, jobs),
    }
    let (first, rest) = fit::without_data(contents);
    let head = split.head().await?;
    let mut order = load::Order {
        head: &head,
        first,
        rest,
        indexes: after::early(contents),
        jobs: usize::from(jobs),
        more: usize::from(is_ahead),
        along: hooks.along,
    };
    let load = async {
        let before = before::all(sandbox, &head, contents, jobs).await?;
        if before.environment().is_some() {
            return Ok::<_, Broken>((before, load::Loading::default()));
        }
        let loading = load::all(sandbox, &mut order, split).await?;
        Ok((before, loading))
    };
    let alone = async { workers::rest(sandbox).await.map_err(Broken::from) };
    let ((mut complaints, mut loading), path, ()) =
        tokio::try_join!(load, spool::small(sandbox, head.whole()), alone)?;
    complaints.extend(std::mem::take(&mut loading.complaints));
    if complaints.environment().is_none() {
        let after = after::all(sandbox, &head, contents, &loading, &path, jobs).await?;
        complaints.extend(alone::again(sandbox, &path, after).await?);
    }
    let bytes = head.whole().len() as u64 + loading.bytes;
    Ok(Restored {
        engine: "stream",
        ..archive::restored(sandbox, started, bytes, complaints)
    })
}

#[cfg(test)]
pub(super) fn table(name: &str, copy: Option<&str>, data: dump::Data) -> dump::Entry {
    let target = copy
        .and_then(|copy| copy.split(['.', ' ']).nth(2))
        .map(|table| dump::Target {
            schema: Some("public".to_owned()),
            table: table.to_owned(),
            columns: None,
        });
    dump::Entry {
        id: 1,
        oid: 0,
        tag: name.into(),
        desc: "TABLE DATA".into(),
        namespace: Some("public".into()),
        owner: None,
        section: dump::Section::Data,
        copy: copy.map(Into::into),
        depends: [].into(),
        data,
        detail: target.map_or(dump::Detail::None, |target| {
            dump::Detail::Lines(Box::new(target))
        }),
    }
}

/// What has no data.
#[cfg(test)]
pub(super) fn object(id: i32, desc: &str, section: dump::Section, depends: &[i32]) -> dump::Entry {
    dump::Entry {
        id,
        desc: desc.into(),
        section,
        depends: depends.into(),
        ..table("x", None, dump::Data::Nowhere)
    }
}
