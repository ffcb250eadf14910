//! The members of a directory dump on their way to the programs: read by a few threads, the largest first, so that no table
//! waits for another and the last to come are the smallest.
//!
//! Each thread reads one member at a time and there are no more threads than programs, so that whichever program waits
//! for bytes, somebody is reading them.

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task;

use super::{
    block::{Blocks, Stop},
    lane::{self, Split},
    raw::Raw,
};
use crate::{
    dump::{self, Contents, Data, Entry},
    restore::{Members, Open},
};

/// How many threads read members. Each of them holds the ranges of a download.
const READERS: u16 = 3;

/// What a thread reads next.
enum Item {
    /// The rows of an entry.
    Table(i32, String),
    /// The large objects of an entry: their numbers and their members.
    Objects(i32, Vec<(u32, String)>),
    /// A member that no entry names. It is part of the dump that was listed, so it is read.
    Stray(String),
}

/// What the threads share.
struct Shared {
    items: Mutex<VecDeque<Item>>,
    open: Mutex<Open>,
}

struct Reader {
    blocks: Blocks,
    shared: Arc<Shared>,
}

/// Starts to read. Must be called inside a Tokio runtime.
pub(super) fn start(contents: &Contents, members: Members, jobs: u16) -> Split {
    let (lane, split) = lane::pair();
    let int = contents.data.map_or(4, |data| data.int);
    let blocks = Blocks::new(lane, int);
    let data = contents.toc.iter().filter(|entry| entry.has_data());
    let data: Vec<Entry> = data.cloned().collect();
    let readers = jobs.clamp(1, READERS);
    task::spawn_blocking(move || begin(blocks, &data, members, readers));
    split
}

/// Reads what says where everything belongs, and lets the threads read the rest.
fn begin(blocks: Blocks, data: &[Entry], mut members: Members, readers: u16) {
    let items = match head(&blocks, data, &mut members) {
        Ok(items) => items,
        Err(Stop::Gone) => return,
        Err(Stop::Broken(broken)) => return blocks.lane.fail(broken),
    };
    let shared = Arc::new(Shared {
        items: Mutex::new(items),
        open: Mutex::new(members.open),
    });
    for _ in 1..readers {
        let (blocks, shared) = (blocks.another(), Arc::clone(&shared));
        task::spawn_blocking(move || Reader { blocks, shared }.run());
    }
    Reader { blocks, shared }.run();
}

/// Hands over the table of contents; gives what there is to read.
fn head(blocks: &Blocks, data: &[Entry], members: &mut Members) -> Result<VecDeque<Item>, Stop> {
    let toc = held(&mut members.open, "toc.dat")?;
    blocks.lane.head(dump::as_custom(&toc)?)?;
    let mut lists = HashMap::new();
    for (name, _) in &members.files {
        if name.starts_with("blobs") {
            let list = dump::listed(&held(&mut members.open, name)?);
            lists.insert(name.clone(), list);
        }
    }
    Ok(in_order(data, &lists, &members.files))
}

/// All of a member that was found to be no longer than can be held.
fn held(open: &mut Open, name: &str) -> Result<Vec<u8>, Stop> {
    let mut raw = Raw::new(open(name)?.bytes);
    let mut all = Vec::new();
    // The reader itself remembers why it broke.
    let _ = raw.read_to_end(&mut all);
    raw.settle(Ok(all))
}

/// What the lists of large objects say: the number of each by the name of its member, for every list.
type Lists = HashMap<String, HashMap<String, u32>>;

/// What there is to read, the largest first.
fn in_order(data: &[Entry], lists: &Lists, files: &[(String, u64)]) -> VecDeque<Item> {
    let named = data.iter().filter_map(|entry| match &entry.data {
        Data::Member(name) => Some((entry, &**name)),
        _ => None,
    });
    let mut tables = HashMap::new();
    let mut objects: HashMap<&str, (u32, usize)> = HashMap::new();
    let mut items = Vec::new();
    for (entry, name) in named {
        if let Some(list) = lists.get(name) {
            objects.extend(
                list.iter()
                    .map(|(name, number)| (&**name, (*number, items.len()))),
            );
            items.push((0, Item::Objects(entry.id, Vec::new())));
        } else if entry.is_table_data() {
            tables.insert(name, entry.id);
        }
    }
    let mut stray = Vec::new();
    for (name, size) in files {
        let stem = name.find(".dat").map_or(&**name, |at| &name[..at + 4]);
        if let Some(entry) = tables.remove(stem) {
            items.push((*size, Item::Table(entry, name.clone())));
        } else if let Some((number, at)) = objects.remove(stem)
            && let Some((all, Item::Objects(_, of))) = items.get_mut(at)
        {
            *all += size;
            of.push((number, name.clone()));
        } else if name != "toc.dat" && !lists.contains_key(name) {
            stray.push(Item::Stray(name.clone()));
        }
    }
    items.sort_by_key(|(size, _)| Reverse(*size));
    items
        .into_iter()
        .map(|(_, item)| item)
        .chain(stray)
        .collect()
}

impl Reader {
    fn run(mut self) {
        match self.read() {
            Ok(()) | Err(Stop::Gone) => {}
            Err(Stop::Broken(broken)) => self.blocks.lane.fail(broken),
        }
    }

    fn read(&mut self) -> Result<(), Stop> {
        while let Some(item) = self.next() {
            match item {
                Item::Table(entry, name) => {
                    self.member(&name, |blocks, data| blocks.table(entry, data))?;
                }
                Item::Objects(entry, all) => {
                    self.blocks.objects(entry)?;
                    for (number, name) in all {
                        self.member(&name, |blocks, data| blocks.object(number, data))?;
                    }
                    self.blocks.no_more_objects()?;
                }
                Item::Stray(name) => self.member(&name, |_, _| Ok(()))?,
            }
        }
        Ok(self.blocks.lane.share()?)
    }

    fn next(&self) -> Option<Item> {
        let items = self.shared.items.lock();
        items.unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Reads a member to its end.
    fn member(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut Blocks, &mut dyn Read) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let open = self.shared.open.lock();
        let member = open.unwrap_or_else(PoisonError::into_inner)(name)?;
        let mut raw = Raw::new(member.bytes);
        let mut data = dump::unpacked(name, Box::new(raw.clone()));
        let written = write(&mut self.blocks, &mut *data);
        raw.settle(written)
    }
}
