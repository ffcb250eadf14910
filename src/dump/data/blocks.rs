//! The data of a custom archive, block by block.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Shown,
    feed::Feed,
    frame::Frame,
    member::{decoder, spoiled},
    trailing,
    witness::witness,
};
use crate::{
    dump::{Bytes, Data, Entry, LARGE_BLOCK, TABLE_BLOCK, archive::Archive},
    error::Broken,
    finding::{Code, Finding},
};

/// Passes an archive through and tells when its data are cut, damaged, or not those of its table of contents.
pub(in super::super) fn custom(reader: Bytes, archive: &Archive, tap: Shown) -> Bytes {
    // How data follow is not known for a version that we do not know.
    let Some(start) = archive.data else {
        return reader;
    };
    let walk = Walk {
        start: start as u64,
        int: archive.int,
        compression: archive.contents.compression.clone().unwrap_or_default(),
        entries: archive.contents.toc.clone(),
        tap,
    };
    witness(reader, move |feed| walk.follow(feed))
}

struct Walk {
    start: u64,
    int: usize,
    compression: String,
    entries: Vec<Entry>,
    tap: Shown,
}

impl Walk {
    fn follow(self, mut feed: Feed) -> Result<(), Broken> {
        feed.skip(self.start);
        let data = self.entries.iter().filter(|entry| entry.has_data());
        let mut left: HashMap<i32, &Entry> = data.map(|entry| (entry.id, entry)).collect();
        let chunks = Arc::new(Mutex::new(Chunks {
            feed,
            int: self.int,
            left: 0,
            over: true,
            broken: None,
        }));
        let mut met = None;
        while !left.is_empty() {
            let (kind, at, id) = lock(&chunks).block(left.len())?;
            let entry = i32::try_from(id).ok().and_then(|id| left.remove(&id));
            let Some(entry) = entry else {
                let what = format!("there are the data of an entry {id} that has none");
                return Err(lock(&chunks).corrupt(&what));
            };
            fits(entry, kind, at)?;
            if kind == LARGE_BLOCK {
                let met = met.get_or_insert_with(HashSet::new);
                loop {
                    // The lock must be free again before the data are read.
                    let number = lock(&chunks).object(entry)?;
                    let Some(number) = number else { break };
                    met.insert(number);
                    let frame = Frame::object(number, &*self.tap);
                    self.data(entry, frame, &chunks)?;
                }
            } else {
                lock(&chunks).begin();
                self.data(entry, Frame::table(entry, &*self.tap), &chunks)?;
            }
        }
        if let Some(met) = &met {
            self.all_there(met)?;
        }
        if let Some(at) = lock(&chunks).rest(met.is_some())? {
            self.tap.remark(trailing("archive", at));
        }
        Ok(())
    }

    /// Whether every large object was met that the table of contents names: one by one, or the first and the last of many.
    fn all_there(&self, met: &HashSet<u32>) -> Result<(), Broken> {
        let kinds = ["BLOB", "BLOB METADATA"];
        let listed = self
            .entries
            .iter()
            .filter(|entry| kinds.contains(&&*entry.desc));
        for number in listed.flat_map(|entry| entry.tag.split("..")) {
            if number.parse().is_ok_and(|number| !met.contains(&number)) {
                let what = format!("large object {number}");
                let message = format!("the data of \"{what}\" are not in the dump");
                let found = Finding::new(Code::DumpIncomplete, message).about(what);
                return Err(found.detail("The table of contents names it.").into());
            }
        }
        Ok(())
    }

    /// Decodes the data that follow, to their end.
    fn data(
        &self,
        entry: &Entry,
        mut frame: Frame,
        chunks: &Arc<Mutex<Chunks>>,
    ) -> Result<(), Broken> {
        let from = Box::new(Shared(Arc::clone(chunks)));
        let read =
            decoder(&self.compression, from, &self.tap).and_then(|mut from| frame.read(&mut *from));
        if let Err(error) = read {
            let mut chunks = lock(chunks);
            return Err(match chunks.broken.take() {
                Some(broken) => broken,
                None => spoiled(entry, &error, chunks.feed.at()),
            });
        }
        lock(chunks).nothing_left(entry)?;
        frame.finish()
    }
}

/// Whether a block is what the table of contents says.
fn fits(entry: &Entry, kind: u8, at: u64) -> Result<(), Broken> {
    let large = &*entry.desc == "BLOBS";
    let there = match entry.data {
        Data::At(place) => place == at,
        _ => true,
    };
    if large == (kind == LARGE_BLOCK) && there {
        return Ok(());
    }
    let name = entry.name();
    let message = format!("the data of \"{name}\" are not where the table of contents says");
    let found = Finding::new(Code::DumpCorrupt, message).about(name);
    Err(found.detail(format!("They start at byte {at}.")).into())
}

fn lock(chunks: &Mutex<Chunks>) -> std::sync::MutexGuard<'_, Chunks> {
    chunks.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The chunks of one block after another.
struct Chunks {
    feed: Feed,
    int: usize,
    /// Bytes to come in the current chunk.
    left: u64,
    /// The chunk of no bytes was met.
    over: bool,
    broken: Option<Broken>,
}

impl Chunks {
    /// The next block: its kind, where it starts, and the number of its entry.
    fn block(&mut self, waiting: usize) -> Result<(u8, u64, u64), Broken> {
        let at = self.feed.at();
        let mut kind = [0];
        if !self.feed.exactly(&mut kind) {
            return Err(cut(
                at,
                &format!("the data of {waiting} of its entries are cut off"),
            ));
        }
        if kind[0] != TABLE_BLOCK && kind[0] != LARGE_BLOCK {
            return Err(self.corrupt("there should be the data of an entry"));
        }
        Ok((kind[0], at, self.number(false)?))
    }

    /// A number; one that comes out as negative is that of a large object, which uses all 32 bits.
    fn number(&mut self, object: bool) -> Result<u64, Broken> {
        let mut bytes = [0; 9];
        let bytes = &mut bytes[..=self.int];
        if !self.feed.exactly(bytes) {
            return Err(cut(self.feed.at(), "the data of an entry are cut off"));
        }
        let digits = bytes[1..].iter().rev();
        let value = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        match u32::try_from(value) {
            Ok(value) if bytes[0] == 0 => Ok(value.into()),
            Ok(value) if bytes[0] == 1 && object => Ok(value.wrapping_neg().into()),
            _ => Err(self.corrupt("a number makes no sense")),
        }
    }

    /// Begins the next large object, and gives its number; none when there is none.
    fn object(&mut self, entry: &Entry) -> Result<Option<u32>, Broken> {
        let number = self.number(true).map_err(|broken| about(broken, entry))?;
        if number == 0 {
            return Ok(None);
        }
        self.begin();
        Ok(u32::try_from(number).ok())
    }

    fn begin(&mut self) {
        self.left = 0;
        self.over = false;
    }

    /// The decoder must have used all of them.
    fn nothing_left(&mut self, entry: &Entry) -> Result<(), Broken> {
        while !self.over {
            if self.left > 0 {
                let what = "bytes after the end of the compressed data";
                return Err(about(self.corrupt(what), entry));
            }
            self.next().map_err(|broken| about(broken, entry))?;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(), Broken> {
        self.left = self.number(false)?;
        self.over = self.left == 0;
        Ok(())
    }

    /// Where the data ended, when something else than the padding of a storage follows them. Large objects have no end
    /// of their own: zeros within them look like the end of all, and the rest of them follows.
    fn rest(&mut self, large: bool) -> Result<Option<u64>, Broken> {
        let at = self.feed.at();
        let zeros = self.feed.zeros();
        match self.feed.rest_is_not_zero() {
            true if large && zeros > 0 => {
                Err(self.corrupt("there are zeros among the large objects"))
            }
            more => Ok(more.then_some(at)),
        }
    }

    fn corrupt(&self, what: &str) -> Broken {
        Finding::new(Code::DumpCorrupt, "the dump's data are damaged")
            .detail(format!("After {} bytes {what}.", self.feed.at()))
            .into()
    }
}

fn cut(at: u64, what: &str) -> Broken {
    Finding::new(Code::DumpTruncated, "the dump ends too early")
        .detail(format!("It ends after {at} bytes; {what}."))
        .into()
}

/// Names the entry that a finding is about.
fn about(broken: Broken, entry: &Entry) -> Broken {
    match broken {
        Broken::Backup(finding) => finding.about(entry.name()).into(),
        run @ Broken::Run(_) => run,
    }
}

/// One block's bytes for a decoder.
struct Shared(Arc<Mutex<Chunks>>);

impl Read for Shared {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut chunks = lock(&self.0);
        if into.is_empty() {
            return Ok(0);
        }
        if chunks.left == 0
            && !chunks.over
            && let Err(broken) = chunks.next()
        {
            chunks.broken = Some(broken.clone());
            return Err(broken.into());
        }
        if chunks.over {
            return Ok(0);
        }
        let wanted = usize::try_from(chunks.left)
            .unwrap_or(usize::MAX)
            .min(into.len());
        let count = chunks.feed.read(&mut into[..wanted])?;
        if count == 0 {
            let broken = cut(chunks.feed.at(), "the data of an entry are cut off");
            chunks.broken = Some(broken.clone());
            return Err(broken.into());
        }
        chunks.left -= count as u64;
        Ok(count)
    }
}
