//! Cuts the stream of a tar archive at its members, on a thread of its own.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read as _, Take},
};

use tokio::task;

use super::{
    super::feed::fill,
    block::{Blocks, Stop},
    lane::{self, Split, unlike},
    raw::Raw,
};
use crate::dump::{self, Contents, Data, TAR_BLOCK};

/// Starts to cut. Must be called inside a Tokio runtime.
pub(super) fn start(contents: &Contents, reader: dump::Bytes) -> Split {
    let (lane, split) = lane::pair();
    let int = contents.data.map_or(4, |data| data.int);
    let data = || contents.toc.iter().filter(|entry| entry.has_data());
    let tables = data().filter(|entry| entry.is_table_data());
    let tables = tables.filter_map(|entry| match &entry.data {
        Data::Member(name) => Some((name.to_string(), entry.id)),
        _ => None,
    });
    let objects = data().filter(|entry| !entry.is_table_data());
    let thread = Thread {
        blocks: Blocks::new(lane, int),
        raw: Raw::new(reader),
        tables: tables.collect(),
        objects: objects.map(|entry| entry.id).collect(),
    };
    task::spawn_blocking(move || thread.run());
    split
}

struct Thread {
    blocks: Blocks,
    raw: Raw,
    /// Tables whose members were not met yet.
    tables: HashMap<String, i32>,
    /// Entries of large objects whose members were not met yet, in their order.
    objects: VecDeque<i32>,
}

impl Thread {
    fn run(mut self) {
        let cut = self.members();
        // Read to the end, which is part of the proof.
        let cut = self.raw.settle(cut);
        match cut.and_then(|()| Ok(self.blocks.lane.share()?)) {
            Ok(()) | Err(Stop::Gone) => {}
            Err(Stop::Broken(broken)) => self.blocks.lane.fail(broken),
        }
    }

    fn members(&mut self) -> Result<(), Stop> {
        loop {
            let mut header = [0; TAR_BLOCK];
            let count = fill(&mut self.raw, &mut header).map_err(|_| unlike())?;
            if count == TAR_BLOCK && header.iter().all(|&byte| byte == 0) {
                let all = self.tables.is_empty() && self.objects.is_empty();
                return if all { Ok(()) } else { Err(unlike().into()) };
            }
            let known = dump::tar_member(&header).filter(|_| count == TAR_BLOCK);
            let (name, size) = known.ok_or_else(unlike)?;
            let mut data = self.raw.clone().take(size);
            self.member(&name, &mut data)?;
            // What of it was not wanted, and the padding.
            let padding = size.next_multiple_of(TAR_BLOCK as u64) - size;
            let mut rest = self.raw.clone().take(data.limit() + padding);
            io::copy(&mut rest, &mut io::sink()).map_err(|_| unlike())?;
            if rest.limit() > 0 {
                return Err(unlike().into());
            }
        }
    }

    fn member(&mut self, name: &str, data: &mut Take<Raw>) -> Result<(), Stop> {
        if name == "toc.dat" {
            let mut toc = Vec::new();
            data.read_to_end(&mut toc).map_err(|_| unlike())?;
            return Ok(self.blocks.lane.head(dump::as_custom(&toc)?)?);
        }
        if let Some(entry) = self.tables.remove(name) {
            let between = self.blocks.lane.is_between();
            between.then_some(()).ok_or_else(unlike)?;
            return self.blocks.table(entry, data);
        }
        let object = name.strip_prefix("blob_");
        let object = object.and_then(|rest| rest.strip_suffix(".dat")?.parse().ok());
        if let Some(number) = object {
            self.begin_objects()?;
            return self.blocks.object(number, data);
        }
        // Their list follows them.
        if name.starts_with("blobs") {
            self.begin_objects()?;
            return self.blocks.no_more_objects();
        }
        Ok(())
    }

    /// Begins the next large objects where none are passing.
    fn begin_objects(&mut self) -> Result<(), Stop> {
        if !self.blocks.lane.is_between() {
            return Ok(());
        }
        let entry = self.objects.pop_front().ok_or_else(unlike)?;
        self.blocks.objects(entry)
    }
}
