//! An archive of which a stretch is followed elsewhere.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
    ops::Range,
    sync::{Arc, Mutex, OnceLock},
};

use super::{super::*, fixture::tables};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// What is shown, by the numbers of the entries; and what is followed elsewhere.
#[derive(Default)]
struct Seen {
    rows: Arc<Mutex<BTreeMap<i32, usize>>>,
    elsewhere: OnceLock<Range<u64>>,
}

struct One {
    id: i32,
    bytes: usize,
    rows: Arc<Mutex<BTreeMap<i32, usize>>>,
}

impl Rows for One {
    fn piece(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
    }

    fn end(self: Box<Self>) {
        let shown = self.rows.lock().unwrap().insert(self.id, self.bytes);
        assert_eq!(shown, None, "entry {} was shown twice", self.id);
    }
}

impl Viewer for Seen {
    fn table(&self, of: &Of<'_>) -> Option<Box<dyn Rows>> {
        Some(Box::new(One {
            id: of.entry?.id,
            bytes: 0,
            rows: Arc::clone(&self.rows),
        }))
    }

    fn object(&self, _: u32) -> Option<Box<dyn Rows>> {
        None
    }
}

impl Tap for Seen {
    fn remark(&self, finding: Finding) {
        panic!("{finding:?}");
    }

    fn unpacked(&self, _: u64) -> Result<(), Broken> {
        Ok(())
    }

    fn elsewhere(&self) -> Option<Range<u64>> {
        self.elsewhere.get().cloned()
    }
}

fn end(mut reader: Bytes) -> Result<(), Finding> {
    match reader.read_to_end(&mut Vec::new()) {
        Ok(_) => Ok(()),
        Err(error) => Err(Broken::inside(&error).unwrap().clone().into()),
    }
}

/// Follows an archive of four tables without the bytes of a stretch, and the stretch; gives what both said, and how many
/// bytes of rows each table was shown.
fn followed(
    archive: &[u8],
    stretch: Range<u64>,
) -> ([Result<(), Finding>; 2], BTreeMap<i32, usize>) {
    let seen = Arc::new(Seen::default());
    let bytes = usize::try_from(stretch.start).unwrap()..usize::try_from(stretch.end).unwrap();
    let here = [&archive[..bytes.start], &archive[bytes.end..]].concat();
    let Ok(Opened::Archive(contents, mut rest)) = open_shown(Cursor::new(here), seen.clone())
    else {
        panic!("not taken for an archive")
    };
    // Nobody chooses a stretch before the table of contents was read.
    before_data(&contents, &mut rest).unwrap();
    seen.elsewhere.set(stretch.clone()).unwrap();
    let early = Box::new(Cursor::new(archive[bytes].to_vec()));
    let early = super::super::stretch(&contents, stretch, early, seen.clone());
    let said = [end(early), end(rest)];
    let rows = seen.rows.lock().unwrap().clone();
    (said, rows)
}

const ROWS: [usize; 4] = [1_000, 2, 50, 7];

#[test]
fn every_table_is_shown_once_here_or_elsewhere() {
    let (archive, at) = tables(&ROWS);
    let all = BTreeMap::from([(1, 2_000), (2, 4), (3, 100), (4, 14)]);
    for stretch in [at[1]..at[3], at[1]..at[2], at[2]..at[3], at[0]..at[1]] {
        assert_eq!(followed(&archive, stretch), ([Ok(()), Ok(())], all.clone()));
    }
}

#[test]
fn damage_is_found_where_it_is() {
    let (mut archive, at) = tables(&ROWS);
    let place = usize::try_from(at[2]).unwrap() + 14;
    archive[place] ^= 0xff;
    let (said, _) = followed(&archive, at[1]..at[3]);
    let [Err(damaged), Ok(())] = said else {
        panic!("{said:?}")
    };
    assert_eq!(damaged.code, Code::DumpCorrupt);
    let (said, _) = followed(&archive, at[1]..at[2]);
    assert!(matches!(said, [Ok(()), Err(_)]), "{said:?}");
}

#[test]
fn a_stretch_that_is_not_of_whole_tables_is_nothing_proven() {
    let (archive, at) = tables(&ROWS);
    for stretch in [at[1]..at[2] + 1, at[1]..at[3] - 1] {
        let ([early, rest], _) = followed(&archive, stretch.clone());
        assert!(early.is_err() && rest.is_err(), "{stretch:?}");
    }
    let ([early, rest], _) = followed(&archive, at[1] + 1..at[3]);
    assert!(early.is_err() && rest.is_err());
}

#[test]
fn an_archive_that_ends_behind_the_stretch_is_cut() {
    let (archive, at) = tables(&ROWS);
    let cut = &archive[..usize::try_from(at[3]).unwrap()];
    let (said, _) = followed(cut, at[1]..at[3]);
    let [Ok(()), Err(cut)] = said else {
        panic!("{said:?}")
    };
    assert_eq!(cut.code, Code::DumpTruncated);
}
