//! What is shown of a dump reaches the programs whole, in blocks that they can read.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    lane::{self, AHEAD, Lane, Split},
    table,
};
use crate::{
    dump::{Contents, Data, DataStart, Entry, Of, Recast, Rows, Viewer as _},
    error::Broken,
    finding::{Code, Finding},
    restore::feed::CHUNK,
};

/// The entry of large objects.
const OBJECTS: i32 = 9;

/// A dump of some tables, the first of them with the number 1, and of large objects.
fn contents(tables: i32) -> Contents {
    let mut contents = Contents::empty();
    contents.data = Some(DataStart { at: 100, int: 4 });
    let entry = |id| Entry {
        id,
        ..table(
            "t",
            Some("COPY public.t (a) FROM stdin;\n"),
            Data::Somewhere,
        )
    };
    contents.toc = (1..=tables).map(entry).collect();
    contents.toc.push(Entry {
        desc: "BLOBS".into(),
        copy: None,
        ..entry(OBJECTS)
    });
    contents
}

/// Shows so many bytes of something.
fn show(rows: Option<Box<dyn Rows>>, size: usize) {
    let mut rows = rows.unwrap();
    for piece in vec![b'7'; size].chunks(100_000) {
        rows.piece(piece);
    }
    rows.end();
}

fn show_table(lane: &Lane, contents: &Contents, id: i32, size: usize) {
    let entry = contents.toc.iter().find(|entry| entry.id == id);
    let of = Of {
        entry,
        table: "public.t",
        copy: None,
        database: None,
    };
    show(lane.table(&of), size);
}

/// One block as `pg_restore` reads it: its kind, its entry, and the data in it; objects with their numbers.
type Read = (u8, i32, Vec<(u32, Vec<u8>)>);

fn number(from: &mut &[u8]) -> i32 {
    let (number, rest) = from.split_at(5);
    *from = rest;
    let digits = u32::from_le_bytes(number[1..].try_into().unwrap());
    digits.cast_signed() * if number[0] == 0 { 1 } else { -1 }
}

fn data(from: &mut &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let length = usize::try_from(number(from)).unwrap();
        if length == 0 {
            return all;
        }
        assert!(length <= CHUNK);
        let (chunk, rest) = from.split_at(length);
        *from = rest;
        all.extend_from_slice(chunk);
    }
}

fn read(mut bytes: &[u8]) -> Vec<Read> {
    let mut blocks = Vec::new();
    while let Some((&kind, mut rest)) = bytes.split_first() {
        let entry = number(&mut rest);
        let mut held = Vec::new();
        if kind == 1 {
            held.push((0, data(&mut rest)));
        } else {
            loop {
                let object = number(&mut rest);
                if object == 0 {
                    break;
                }
                held.push((object.cast_unsigned(), data(&mut rest)));
            }
        }
        blocks.push((kind, entry, held));
        bytes = rest;
    }
    blocks
}

struct Taken {
    entries: Vec<i32>,
    alone: bool,
    blocks: Vec<Read>,
}

async fn taken(split: &mut Split) -> Result<Vec<Taken>, Broken> {
    let mut found = Vec::new();
    while let Some(mut work) = split.next().await? {
        let mut bytes = Vec::new();
        while let Some(piece) = work.pieces.recv().await {
            bytes.extend_from_slice(&piece.bytes);
        }
        found.push(Taken {
            entries: work.entries,
            alone: work.alone,
            blocks: read(&bytes),
        });
    }
    Ok(found)
}

/// What comes of a dump of so many tables of which this is shown.
async fn of(
    tables: i32,
    shown: impl FnOnce(&Lane, &Contents) -> Result<(), Broken> + Send + 'static,
) -> Result<Vec<Taken>, Broken> {
    let contents = contents(tables);
    let (lane, mut split) = lane::pair(&contents);
    tokio::task::spawn_blocking(move || {
        let _ = lane.head(Recast::default());
        lane.end(shown(&lane, &contents));
    });
    split.head().await?;
    taken(&mut split).await
}

fn rows(size: usize) -> Vec<u8> {
    [&vec![b'7'; size][..], b"\\.\n\n\n"].concat()
}

const LARGE: usize = 9 << 20;

#[tokio::test]
async fn large_tables_go_alone_and_small_ones_together_and_no_byte_is_lost() {
    let sizes = [100, LARGE, 0, 200_000, LARGE + CHUNK, 9];
    let found = of(6, move |lane, contents| {
        for (id, size) in (1..).zip(sizes) {
            show_table(lane, contents, id, size);
        }
        Ok(())
    });
    let found = found.await.unwrap();
    let order: Vec<_> = found
        .iter()
        .map(|one| (&one.entries[..], one.alone))
        .collect();
    assert_eq!(
        order,
        [(&[2][..], true), (&[5], true), (&[1, 3, 4, 6], false)]
    );
    for (kind, entry, held) in found.iter().flat_map(|one| &one.blocks) {
        let size = sizes[usize::try_from(entry - 1).unwrap()];
        assert_eq!(*kind, 1);
        assert!(held[..] == [(0, rows(size))], "{entry}");
    }
    assert_eq!(found.iter().map(|one| one.blocks.len()).sum::<usize>(), 6);
}

#[tokio::test]
async fn large_objects_are_all_in_one_block_but_for_those_of_some_size() {
    let found = of(1, |lane, contents| {
        for (object, size) in [(7, 10), (u32::MAX, LARGE), (8, 0), (4_000_000_000, 300_000)] {
            show(lane.object(object), size);
        }
        show_table(lane, contents, 1, 3);
        Ok(())
    });
    let found = found.await.unwrap();
    let sevens = |size| vec![b'7'; size];
    assert!(found[0].blocks == [(3, OBJECTS, vec![(u32::MAX, sevens(LARGE))])]);
    let small = vec![
        (7, sevens(10)),
        (8, Vec::new()),
        (4_000_000_000, sevens(300_000)),
    ];
    assert!(found[1].blocks == [(1, 1, vec![(0, rows(3))]), (3, OBJECTS, small)]);
    assert_eq!(found[1].entries, [1, OBJECTS]);
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn more_waits_for_nobody_than_may_wait_and_none_waits_for_another() {
    let contents = contents(3);
    let (lane, mut split) = lane::pair(&contents);
    let _ = lane.head(Recast::default());
    let size = LARGE + AHEAD + (40 << 20);
    let shown = Arc::new(AtomicUsize::new(0));
    for id in 1..=3 {
        let (lane, contents, shown) = (Arc::clone(&lane), contents.clone(), Arc::clone(&shown));
        tokio::task::spawn_blocking(move || {
            show_table(&lane, &contents, id, size);
            shown.fetch_add(1, Ordering::Relaxed);
        });
    }
    split.head().await.unwrap();
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(split.next().await.unwrap().unwrap());
    }
    let ahead = |work: &lane::Work| work.pieces.len() * CHUNK;
    let most = super::block::LARGE + AHEAD;
    while all.iter().any(|work| ahead(work) < most - 2 * CHUNK) {
        tokio::task::yield_now().await;
    }
    assert!(all.iter().all(|work| ahead(work) <= most));
    assert_eq!(shown.load(Ordering::Relaxed), 0);
    // The one that came last is taken first.
    while let Some(mut work) = all.pop() {
        let mut bytes = Vec::new();
        while let Some(piece) = work.pieces.recv().await {
            bytes.extend_from_slice(&piece.bytes);
        }
        assert!(read(&bytes)[0].2 == [(0, rows(size))]);
    }
}

#[tokio::test]
async fn a_table_that_was_not_shown_to_its_end_is_no_success() {
    let damaged = || Broken::from(Finding::new(Code::DumpCorrupt, "x"));
    let part = |lane: &Lane, contents: &Contents| show_table(lane, contents, 1, 5);
    let found = of(2, move |lane, contents| {
        part(lane, contents);
        Ok(())
    });
    assert!(matches!(found.await, Err(Broken::Run(_))));
    let found = of(2, move |lane, contents| {
        part(lane, contents);
        Err(damaged())
    });
    assert!(matches!(found.await, Err(Broken::Backup(_))));
}

#[tokio::test]
async fn a_dump_is_read_to_its_end_when_nobody_takes_it() {
    let contents = contents(1);
    let (lane, split) = lane::pair(&contents);
    drop(split);
    assert!(lane.is_gone());
    let shown = tokio::task::spawn_blocking(move || {
        show_table(&lane, &contents, 1, LARGE + AHEAD + CHUNK);
        lane.end(Ok(()));
    });
    shown.await.unwrap();
}
