//! From a stored backup to a dump that is being read: what it holds is known, most of its bytes are still to come.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::{Arc, OnceLock},
};

use bytes::BytesMut;
use tokio::{runtime::Handle, task};

use super::{files::Files, unpack, watched::Watched};
use crate::{
    backup::{Ahead, Backup, Evidence, Object, Store},
    dump::{self, Contents, Opened},
    error::{Broken, Error, OrStop},
    finding::Code,
    progress::Progress,
    restore::{self, Member, Members},
};

/// The largest table of contents of a directory dump that we take: 24,000 entries need 6 MB.
pub(super) const TOC_LIMIT: u64 = 1 << 30;

/// A dump that is being read.
pub(super) struct Source {
    /// What it holds.
    pub(super) contents: Contents,
    /// Everything before its data; none of a script, and of an archive whose version is not known.
    pub(super) toc: Option<bytes::Bytes>,
    /// Its bytes.
    pub(super) input: Input,
    /// What reading a dump of one file to its end showed.
    pub(super) evidence: Option<Arc<OnceLock<Evidence>>>,
    /// The same for each file of a directory dump.
    pub(super) files: Files,
    /// Who is shown it.
    pub(super) watched: Arc<Watched>,
    /// Lets more of it arrive ahead of whoever reads it.
    pub(super) ahead: Option<Ahead>,
    /// Why one connection alone has to load it, in the dump's own order; a sentence.
    pub(super) by_one: Option<String>,
}

/// The bytes of a dump.
pub(super) enum Input {
    /// For `pg_restore`'s standard input.
    Archive(dump::Bytes),
    /// For `psql`'s.
    Script(dump::Bytes),
    /// File by file.
    Members(Members),
    /// The table of contents alone.
    Head(bytes::Bytes),
}

/// How much is asked for at first, in bytes: enough for some 250 entries.
const HEAD: u64 = 64 << 10;

/// Reads nothing but the table of contents of a backup: a small part, four times as much when it was too little, and so on.
///
/// # Errors
/// When it cannot be read, or is no dump that has one in front.
pub(super) async fn head(
    store: &Store,
    backup: &Backup,
    watched: Arc<Watched>,
    progress: &Progress,
) -> Result<Source, Broken> {
    if backup.is_directory() {
        let whole = store.whole(backup.clone()).await?;
        let toc = toc(store, &whole).await?;
        let contents = dump::directory(&toc)?;
        return Ok(Source::head(contents, toc, watched));
    }
    let object = backup.object();
    let mut start = BytesMut::new();
    let mut wanted = HEAD;
    loop {
        let part = store.part(&object, start.len() as u64..wanted, progress);
        start.extend_from_slice(&part.await?);
        match dump::head(start.clone().freeze()) {
            Ok((contents, head)) => return Ok(Source::head(contents, head, watched)),
            Err(Broken::Backup(finding))
                if finding.code == Code::DumpTruncated && wanted < object.size =>
            {
                wanted = wanted.saturating_mul(4);
            }
            Err(broken) => return Err(broken),
        }
    }
}

impl Source {
    fn head(contents: Contents, toc: bytes::Bytes, watched: Arc<Watched>) -> Self {
        let input = Input::Head(toc.clone());
        Self::new(contents, Some(toc), input, watched)
    }

    /// The table of contents, where nothing else was read.
    pub(super) fn only_head(&self) -> Option<bytes::Bytes> {
        match &self.input {
            Input::Head(head) => Some(head.clone()),
            _ => None,
        }
    }

    fn new(
        contents: Contents,
        toc: Option<bytes::Bytes>,
        input: Input,
        watched: Arc<Watched>,
    ) -> Self {
        Self {
            contents,
            toc,
            input,
            evidence: None,
            files: Files::default(),
            watched,
            ahead: None,
            by_one: None,
        }
    }
}

/// Reads the head of a backup.
///
/// # Errors
/// When it cannot be read, or is no dump.
pub(super) async fn open(
    store: Arc<Store>,
    backup: &Backup,
    watched: Arc<Watched>,
    progress: &Progress,
) -> Result<Source, Broken> {
    if backup.is_directory() {
        let whole = store.whole(backup.clone()).await?;
        return directory(store, &whole, watched, progress).await;
    }
    let body = store.read(&backup.object(), progress);
    let (evidence, ahead) = (Some(body.evidence()), Some(body.ahead()));
    let reader = body.into_reader();
    let shown: dump::Shown = watched.clone();
    let (contents, toc, input) = task::spawn_blocking(move || whole(reader, &shown))
        .await
        .or_stop(|| "could not read the dump".to_owned(), "Run again.")??;
    Ok(Source {
        evidence,
        ahead,
        ..Source::new(contents, toc, input, watched)
    })
}

/// What a dump of one file holds, what stands before its data, and all of it.
type Whole = (Contents, Option<bytes::Bytes>, Input);

fn whole(reader: impl Read + Send + 'static, shown: &dump::Shown) -> Result<Whole, Broken> {
    match dump::open_shown(reader, shown.clone())? {
        Opened::Archive(contents, mut bytes) => {
            let toc = dump::before_data(&contents, &mut bytes)?;
            let again = io::Cursor::new(toc.clone().unwrap_or_default());
            let bytes = Box::new(again.chain(bytes));
            Ok((contents, toc, Input::Archive(bytes)))
        }
        Opened::Script(contents, bytes) => Ok((contents, None, Input::Script(bytes))),
        Opened::Wrapped(codec, bytes) => {
            let (contents, toc, members) = unpack::unpack(codec, bytes, shown)?;
            Ok((contents, Some(toc), Input::Members(members)))
        }
    }
}

/// A directory dump whose files are objects of their own.
async fn directory(
    store: Arc<Store>,
    backup: &Backup,
    watched: Arc<Watched>,
    progress: &Progress,
) -> Result<Source, Broken> {
    let toc = toc(&store, backup).await?;
    let contents = dump::directory(&toc)?;
    let files = Files::default();
    let members = stream(store, backup, &contents, &files, watched.clone(), progress)?;
    Ok(Source {
        files,
        ..Source::new(contents, Some(toc), Input::Members(members), watched)
    })
}

/// The table of contents of a directory dump.
async fn toc(store: &Store, backup: &Backup) -> Result<bytes::Bytes, Broken> {
    let toc = member(backup, "toc.dat").ok_or_else(|| {
        Error::new(
            format!("the directory dump \"{}\" has no toc.dat", backup.key),
            "Check `backup.url`.",
        )
    })?;
    store.read_all(toc, TOC_LIMIT).await
}

fn member<'a>(backup: &'a Backup, name: &str) -> Option<&'a Object> {
    backup
        .members
        .iter()
        .find(|object| object.key.rsplit('/').next() == Some(name))
}

/// Reads each file when its turn has come.
fn stream(
    store: Arc<Store>,
    backup: &Backup,
    contents: &Contents,
    files: &Files,
    shown: dump::Shown,
    progress: &Progress,
) -> Result<Members, Broken> {
    let files = files.clone();
    let runtime = Handle::current();
    let progress = progress.clone();
    let contents = contents.clone();
    let known = backup.members.clone().into_iter().filter_map(|object| {
        let name = object.key.rsplit('/').next()?.to_owned();
        dump::member_name_ok(&name).then_some((name, object))
    });
    let known: BTreeMap<String, Object> = known.collect();
    let sizes: BTreeMap<String, u64> = known
        .iter()
        .map(|(name, object)| (name.clone(), object.size))
        .collect();
    dump::complete(&contents, &sizes)?;
    if let Some(others) = dump::unnamed(&contents, &sizes) {
        shown.remark(others);
    }
    Ok(Members {
        files: sizes.clone().into_iter().collect(),
        open: Box::new(move |name| {
            let object = known.get(name).ok_or_else(unknown)?;
            let _inside = runtime.enter();
            let body = store.read(object, &progress);
            files.note(name, body.evidence());
            let member = Member {
                name: name.to_owned(),
                size: object.size,
                bytes: Box::new(body.into_reader()),
            };
            harmless(member, &sizes).map(|member| followed(member, &contents, &shown))
        }),
    })
}

/// Only what was listed is asked for.
pub(super) fn unknown() -> Error {
    Error::new("could not read the dump", "Run again.")
}

/// Shows the rows of a member, and tells when it is not whole.
pub(super) fn followed(mut member: Member, contents: &Contents, shown: &dump::Shown) -> Member {
    member.bytes = dump::member(contents, &member.name, member.bytes, shown);
    member
}

/// The largest list of large objects that we take: a line an object, of some thirty bytes.
const BLOBS_LIMIT: u64 = 1 << 28;

fn too_many_blobs() -> Error {
    Error::new(
        "the dump's list of large objects is too large to be looked at",
        "Take the dump with `-Fc`: it has no such list.",
    )
}

/// A list of large objects names files, and an old `pg_restore` opens whatever it names: it is looked at first.
pub(super) fn harmless(
    mut member: Member,
    sizes: &BTreeMap<String, u64>,
) -> Result<Member, Broken> {
    if !member.name.starts_with("blobs") {
        return Ok(member);
    }
    let mut list = Vec::new();
    let read = (&mut member.bytes).take(BLOBS_LIMIT).read_to_end(&mut list);
    read.map_err(|error| restore::broken(&error))?;
    if list.len() as u64 != member.size {
        return Err(too_many_blobs().into());
    }
    dump::check_blobs(&list)?;
    dump::listed_are_there(&list, &|name| sizes.contains_key(name))?;
    member.bytes = Box::new(io::Cursor::new(list));
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &'static str) -> Member {
        Member {
            name: "blobs.toc".to_owned(),
            size: text.len() as u64,
            bytes: Box::new(text.as_bytes()),
        }
    }

    #[test]
    fn a_list_of_large_objects_that_leads_outside_never_reaches_a_tool() {
        let sizes = BTreeMap::from([("blob_70001.dat".to_owned(), 1)]);
        assert!(harmless(list("70001 ../host_secret.txt\n"), &sizes).is_err());
        assert!(harmless(list("70002 blob_70002.dat\n"), &sizes).is_err());
        let mut same = String::new();
        let mut member = harmless(list("70001 blob_70001.dat\n"), &sizes).unwrap();
        member.bytes.read_to_string(&mut same).unwrap();
        assert_eq!(same, "70001 blob_70001.dat\n");
    }
}
