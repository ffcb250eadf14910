//! The members of a tar archive that `pg_dump` wrote: all are there, each is whole, and the archive has its end.

use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

use super::{
    Shown,
    feed::Feed,
    frame::Frame,
    member::{holds_rows, missing, object},
    trailing,
    witness::witness,
};
use crate::{
    dump::{
        Bytes, Data, Entry,
        archive::Archive,
        check_blobs, listed,
        tar::{self, BLOCK, truncated},
    },
    error::Broken,
    finding::{Code, Finding},
};

/// The longest list of large objects that is looked at, in bytes.
const LIST: u64 = 256 << 20;

/// Passes an archive through and tells when it is cut: `pg_restore` waits for ever for the rest.
pub(in super::super) fn tar(reader: Bytes, archive: &Archive, tap: Shown) -> Bytes {
    let entries = archive.contents.toc.clone();
    let known = archive.data.is_some();
    witness(reader, move |feed| {
        let mut walk = Walk {
            feed,
            tap,
            known,
            met: HashSet::new(),
            listed: HashMap::new(),
        };
        let data = entries.iter().filter_map(|entry| match &entry.data {
            Data::Member(name) => Some((&**name, entry)),
            _ => None,
        });
        let data: HashMap<&str, &Entry> = data.collect();
        walk.members(&data)?;
        if known { walk.all_there(&data) } else { Ok(()) }
    })
}

struct Walk {
    feed: Feed,
    tap: Shown,
    /// Whether the table of contents was read.
    known: bool,
    met: HashSet<String>,
    /// Members that lists of large objects name, and the numbers of these.
    listed: HashMap<String, u32>,
}

impl Walk {
    fn members(&mut self, data: &HashMap<&str, &Entry>) -> Result<(), Broken> {
        loop {
            let mut header = [0; BLOCK];
            if !self.feed.exactly(&mut header) {
                return Err(truncated(self.feed.at()));
            }
            if header.iter().all(|&byte| byte == 0) {
                return self.end();
            }
            let Some((name, size)) = tar::member(&header) else {
                return Err(self.no_header());
            };
            self.member(&name, size, data)?;
            let padding = size.next_multiple_of(BLOCK as u64) - size;
            if self.feed.skip(padding) < padding {
                return Err(truncated(self.feed.at()));
            }
            self.met.insert(name);
        }
    }

    fn member(
        &mut self,
        name: &str,
        size: u64,
        data: &HashMap<&str, &Entry>,
    ) -> Result<(), Broken> {
        if name
            .strip_suffix(".toc")
            .is_some_and(|list| list.starts_with("blobs"))
        {
            return self.list(size);
        }
        let entry = data.get(name).filter(|entry| entry.is_table_data());
        let mut frame = match (entry, object(name)) {
            (Some(entry), _) => Frame::table(entry, &*self.tap),
            (None, Some((number, _))) => Frame::object(number, &*self.tap),
            (None, None) => return self.other(name, size, data),
        };
        let mut rows = (&mut self.feed).take(size);
        // A feed has no errors of its own.
        let _ = frame.read(&mut rows);
        if rows.limit() > 0 {
            return Err(truncated(self.feed.at()));
        }
        frame.finish()
    }

    /// A member that holds no rows. One that does and that nothing names was lost by the table of contents: unlike a folder,
    /// an archive keeps no files of others.
    fn other(&mut self, name: &str, size: u64, data: &HashMap<&str, &Entry>) -> Result<(), Broken> {
        if self.known && !data.contains_key(name) && holds_rows(name) {
            let damaged = Finding::new(Code::DumpCorrupt, "the tar archive is damaged");
            let detail = format!("Its table of contents does not name the member \"{name}\".");
            return Err(damaged.detail(detail).about(name).into());
        }
        if self.feed.skip(size) < size {
            return Err(truncated(self.feed.at()));
        }
        Ok(())
    }

    /// A list of large objects.
    fn list(&mut self, size: u64) -> Result<(), Broken> {
        if size > LIST {
            return Err(self.damaged("a list of large objects has an impossible length"));
        }
        let mut list = Vec::new();
        let read = (&mut self.feed).take(size).read_to_end(&mut list);
        if read.map_or(0, |count| count as u64) < size {
            return Err(truncated(self.feed.at()));
        }
        check_blobs(&list)?;
        self.listed.extend(listed(&list));
        Ok(())
    }

    /// The empty blocks that close an archive are two; what follows them is padding, or does not belong to it.
    fn end(&mut self) -> Result<(), Broken> {
        let mut second = [0; BLOCK];
        if !self.feed.exactly(&mut second) {
            return Err(truncated(self.feed.at()));
        }
        if second.iter().any(|&byte| byte != 0) {
            return Err(self.damaged("there should be an empty block"));
        }
        let at = self.feed.at();
        if self.feed.rest_is_not_zero() {
            self.tap.remark(trailing("tar archive", at));
        }
        Ok(())
    }

    /// Whether every member was met that the table of contents and the lists name.
    fn all_there(&self, data: &HashMap<&str, &Entry>) -> Result<(), Broken> {
        for (name, entry) in data {
            // What is named for large objects is never written: a list is, of one name or the other.
            let lists = [format!("blobs_{}.toc", entry.id), "blobs.toc".to_owned()];
            let listed =
                &*entry.desc == "BLOBS" && lists.iter().any(|name| self.met.contains(name));
            if !listed && !self.met.contains(*name) {
                return Err(missing(&entry.name(), name));
            }
        }
        for (name, number) in &self.listed {
            if !self.met.contains(name) {
                return Err(missing(&format!("large object {number}"), name));
            }
        }
        Ok(())
    }

    fn no_header(&self) -> Broken {
        let at = self.feed.at() - BLOCK as u64;
        let detail = format!("After {at} bytes there should be the header of a member.");
        Finding::new(Code::DumpCorrupt, "the tar archive is damaged")
            .detail(detail)
            .into()
    }

    fn damaged(&self, what: &str) -> Broken {
        Finding::new(Code::DumpCorrupt, "the tar archive is damaged")
            .detail(format!("After {} bytes {what}.", self.feed.at()))
            .into()
    }
}
