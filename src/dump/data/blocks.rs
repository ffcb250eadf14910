//! The data of a custom archive, block by block.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Shown,
    chunks::{Chunks, about, corrupt},
    feed::Feed,
    frame::Frame,
    member::{decoder, spoiled},
    pool::{ONE_BY_ONE, Pool, SIDE_BY_SIDE},
    trailing,
    witness::witness,
};
use crate::{
    dump::{Bytes, Contents, Data, DataStart, Entry, LARGE_BLOCK, archive::Archive},
    error::Broken,
    finding::{Code, Finding},
};

/// Passes an archive through and tells when its data are cut, damaged, or not those of its table of contents.
pub(in super::super) fn custom(reader: Bytes, archive: &Archive, tap: Shown) -> Bytes {
    // How data follow is not known for a version that we do not know.
    let Some(data) = archive.contents.data else {
        return reader;
    };
    let walk = Walk::new(&archive.contents, data, tap);
    witness(reader, move |feed| walk.follow(feed, data.at))
}

/// Passes a stretch of an archive through whose blocks are all whole, and tells when they are damaged, or not those of the
/// table of contents. Whoever follows the rest of the archive is told by [`Tap::elsewhere`] what is missing there.
///
/// [`Tap::elsewhere`]: super::Tap::elsewhere
#[must_use]
pub fn stretch(contents: &Contents, range: Range<u64>, reader: Bytes, tap: Shown) -> Bytes {
    let Some(data) = contents.data else {
        return reader;
    };
    let walk = Walk::new(contents, data, tap);
    witness(reader, move |feed| walk.follow_stretch(feed, &range))
}

struct Walk {
    int: usize,
    compression: String,
    entries: Vec<Entry>,
    tap: Shown,
}

impl Walk {
    fn new(contents: &Contents, data: DataStart, tap: Shown) -> Self {
        Self {
            int: data.int,
            compression: contents.compression.clone().unwrap_or_default(),
            entries: contents.toc.clone(),
            tap,
        }
    }

    fn follow(self, mut feed: Feed, start: u64) -> Result<(), Broken> {
        feed.skip(start);
        // The table of contents is read long before anybody knows what of the data comes ahead of its turn; a byte of the
        // data is not.
        feed.next_piece();
        let elsewhere = self.tap.elsewhere();
        let mut chunks = Chunks::new(feed, self.int, elsewhere.clone());
        let here = |at| elsewhere.as_ref().is_none_or(|range| !range.contains(&at));
        let pool = Pool::start(SIDE_BY_SIDE);
        let walked = self.blocks(self.waiting(here), &mut chunks, &pool);
        let met = pool.finish(walked)?;
        if let Some(met) = &met {
            self.all_there(met)?;
        }
        if let Some(at) = chunks.rest(met.is_some())? {
            self.tap.remark(trailing("archive", at));
        }
        Ok(())
    }

    fn follow_stretch(self, mut feed: Feed, range: &Range<u64>) -> Result<(), Broken> {
        feed.jump(range.start);
        let mut chunks = Chunks::new(feed, self.int, None);
        let pool = Pool::start(ONE_BY_ONE);
        let walked = self.blocks(self.waiting(|at| range.contains(&at)), &mut chunks, &pool);
        pool.finish(walked)?;
        if chunks.at() != range.end || chunks.rest(false)?.is_some() {
            let what = "there should be the end of what was read ahead of its turn";
            return Err(chunks.corrupt(what));
        }
        Ok(())
    }

    /// The entries whose data are waited for, by their numbers, of those that begin at these places.
    fn waiting(&self, here: impl Fn(u64) -> bool) -> HashMap<i32, &Entry> {
        let data = self.entries.iter().filter(|entry| match entry.data {
            Data::Nowhere => false,
            Data::At(at) => here(at),
            Data::Somewhere | Data::Member(_) => true,
        });
        data.map(|entry| (entry.id, entry)).collect()
    }

    /// Follows every block; gives the large objects that were met, where there are any.
    fn blocks(
        &self,
        mut left: HashMap<i32, &Entry>,
        chunks: &mut Chunks,
        pool: &Pool,
    ) -> Result<Option<HashSet<u32>>, Broken> {
        let mut met = None;
        while !left.is_empty() && !pool.is_broken() {
            let (kind, at, id) = chunks.block(left.len())?;
            let entry = i32::try_from(id).ok().and_then(|id| left.remove(&id));
            let Some(entry) = entry else {
                let what = format!("there are the data of an entry {id} that has none");
                return Err(chunks.corrupt(&what));
            };
            fits(entry, kind, at)?;
            if kind == LARGE_BLOCK {
                let met = met.get_or_insert_with(HashSet::new);
                while let Some(number) = chunks.object(entry)? {
                    met.insert(number);
                    self.data(entry, Frame::object(number, &*self.tap), chunks, pool)?;
                }
            } else {
                self.data(entry, Frame::table(entry, &*self.tap), chunks, pool)?;
            }
        }
        Ok(met)
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

    /// Lets the data that follow be decoded, to their end.
    fn data(
        &self,
        entry: &Entry,
        mut frame: Frame,
        chunks: &mut Chunks,
        pool: &Pool,
    ) -> Result<(), Broken> {
        let (name, tap) = (entry.name(), self.tap.clone());
        let compression = self.compression.clone();
        let block = pool.block(chunks.at(), move |pieces| {
            let from = Box::new(pieces.clone());
            let read =
                decoder(&compression, from, &tap).and_then(|mut from| frame.read(&mut *from));
            read.map_err(|error| spoiled(&name, &error, pieces.at()))?;
            if pieces.has_more() {
                let what = "bytes after the end of the compressed data";
                return Err(about(corrupt(pieces.at(), what), &name));
            }
            frame.finish()
        });
        if chunks.pass(&block)? {
            block.end();
        }
        Ok(())
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
