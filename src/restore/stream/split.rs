//! Cuts the stream of a custom archive into the work of several `pg_restore`, on a thread of its own.

use std::collections::HashSet;

use bytes::{Bytes, BytesMut};
use tokio::task;

use super::{
    super::feed::{CHUNK, broken, fill},
    lane::{self, Gone, Lane, Split, unlike},
};
use crate::{
    dump::{self, Contents, Cut, Part},
    error::Broken,
};

/// Starts to cut. Must be called inside a Tokio runtime.
pub(super) fn start(contents: &Contents, reader: dump::Bytes) -> Split {
    let (lane, split) = lane::pair();
    let start = contents.data.unwrap_or(dump::DataStart { at: 0, int: 4 });
    let data = contents.toc.iter().filter(|entry| entry.has_data());
    let thread = Thread {
        cut: Cut::new(start.at, start.int),
        start: start.at,
        left: data.map(|entry| entry.id).collect(),
        head: BytesMut::new(),
        lane,
    };
    task::spawn_blocking(move || thread.run(reader));
    split
}

struct Thread {
    cut: Cut,
    /// Where the first block begins.
    start: u64,
    /// Entries whose data did not begin yet.
    left: HashSet<i32>,
    head: BytesMut,
    lane: Lane,
}

impl Thread {
    fn run(mut self, mut reader: dump::Bytes) {
        match self.read(&mut reader) {
            Ok(true) => {
                // Nobody may be there any more: then nobody needs to know.
                let _ = self.lane.share();
            }
            // Whoever follows the stream tells what is wrong with it, once it was read to its end.
            Ok(false) => self.lane.fail(unlike().into()),
            Err(broken) => self.lane.fail(broken),
        }
    }

    /// Reads to the end, which is part of the proof; `false` when it was not what the table of contents says.
    fn read(&mut self, reader: &mut dump::Bytes) -> Result<bool, Broken> {
        let mut like = true;
        loop {
            let mut buffer = vec![0; CHUNK];
            let count = fill(reader, &mut buffer).map_err(|error| broken(&error))?;
            if count == 0 {
                return Ok(like && self.all_met());
            }
            if like && !self.is_over() {
                buffer.truncate(count);
                match self.pass(&Bytes::from(buffer)) {
                    Ok(fits) => like = fits,
                    Err(Gone) => return Ok(true),
                }
            }
        }
    }

    fn all_met(&self) -> bool {
        self.left.is_empty() && self.lane.is_between()
    }

    /// Whether all data were met: what follows is padding, or remarked by who follows the stream.
    fn is_over(&self) -> bool {
        self.all_met() && self.cut.is_between()
    }

    /// `false` when it cannot be cut.
    fn pass(&mut self, bytes: &Bytes) -> Result<bool, Gone> {
        let mut parts = Vec::new();
        let fits = self.cut.feed(bytes, &mut |part| parts.push(part)).is_ok();
        for part in parts {
            if !self.part(part)? {
                return Ok(false);
            }
            if self.all_met() {
                return Ok(true);
            }
        }
        Ok(fits)
    }

    fn part(&mut self, part: Part) -> Result<bool, Gone> {
        match part {
            Part::Head(bytes) => {
                self.head.extend_from_slice(&bytes);
                if self.head.len() as u64 == self.start {
                    let head = std::mem::take(&mut self.head).freeze();
                    self.lane.head(head)?;
                }
            }
            Part::Begin(entry) => {
                let Some(entry) = i32::try_from(entry)
                    .ok()
                    .filter(|entry| self.left.remove(entry))
                else {
                    return Ok(false);
                };
                self.lane.begin(entry);
            }
            Part::Piece(bytes) => self.lane.piece(bytes)?,
            Part::End => self.lane.end()?,
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Cursor, Read},
        sync::Arc,
    };

    use super::{super::lane::AHEAD, *};
    use crate::{dump::Data, finding::Code, restore::stream::table};

    const HEAD: &[u8] = b"a head";

    fn number(value: usize) -> Vec<u8> {
        [&[0][..], &u32::try_from(value).unwrap().to_le_bytes()].concat()
    }

    fn block(entry: usize, size: usize) -> Vec<u8> {
        let mut block = [&[1][..], &number(entry)].concat();
        for chunk in vec![7; size].chunks(50_000) {
            block.extend([&number(chunk.len())[..], chunk].concat());
        }
        [block, number(0)].concat()
    }

    /// An archive of tables of these sizes, the first of them with the number 1.
    fn archive(sizes: &[usize]) -> (Contents, Vec<Vec<u8>>) {
        let mut contents = Contents::empty();
        contents.data = Some(dump::DataStart {
            at: HEAD.len() as u64,
            int: 4,
        });
        let ids = 1..=sizes.len();
        contents.toc = ids
            .clone()
            .map(|id| dump::Entry {
                id: i32::try_from(id).unwrap(),
                ..table("t", None, Data::Somewhere)
            })
            .collect();
        (
            contents,
            ids.zip(sizes).map(|(id, &size)| block(id, size)).collect(),
        )
    }

    async fn taken(split: &mut Split) -> Result<Vec<(Vec<i32>, Vec<u8>)>, Broken> {
        let mut found = Vec::new();
        while let Some(mut work) = split.next().await? {
            let mut bytes = Vec::new();
            while let Some(piece) = work.pieces.recv().await {
                bytes.extend_from_slice(&piece.bytes);
            }
            found.push((work.entries, bytes));
        }
        Ok(found)
    }

    #[tokio::test]
    async fn large_tables_go_alone_and_small_ones_together_and_no_byte_is_lost() {
        let (contents, blocks) = archive(&[100, 3 << 20, 0, 200_000, 5 << 20, 9]);
        let bytes = [HEAD.to_vec(), blocks.concat(), vec![0; 700]].concat();
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        assert_eq!(split.head().await.unwrap(), HEAD);
        let found = taken(&mut split).await.unwrap();
        let small = [0, 2, 3, 5].map(|at| blocks[at].clone()).concat();
        let expected = [
            (vec![2], blocks[1].clone()),
            (vec![5], blocks[4].clone()),
            (vec![1, 3, 4, 6], small),
        ];
        assert!(
            found == expected,
            "{:?}",
            found.iter().map(|one| &one.0).collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn more_waits_for_nobody_than_may_wait() {
        let (contents, blocks) = archive(&[AHEAD as usize + (40 << 20)]);
        let bytes = [HEAD.to_vec(), blocks.concat()].concat();
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        split.head().await.unwrap();
        let places = Arc::clone(&split.places);
        while places.available_permits() > CHUNK {
            tokio::task::yield_now().await;
        }
        let found = taken(&mut split).await.unwrap();
        assert!(found == [(vec![1], blocks[0].clone())]);
    }

    /// A reader that breaks at its end.
    struct Breaks(Cursor<Vec<u8>>);

    impl Read for Breaks {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(Broken::from(crate::finding::Finding::new(Code::DumpCorrupt, "x")).into()),
                count => Ok(count),
            }
        }
    }

    #[tokio::test]
    async fn what_the_reader_says_outranks_what_cannot_be_cut() {
        let (contents, blocks) = archive(&[10, 10]);
        let bytes = [HEAD.to_vec(), blocks[0].clone(), vec![9; 100]].concat();
        let mut split = start(&contents, Box::new(Breaks(Cursor::new(bytes.clone()))));
        let broken = taken_after_head(&mut split).await.unwrap_err();
        assert!(matches!(broken, Broken::Backup(_)));
        let mut split = start(&contents, Box::new(Cursor::new(bytes)));
        let broken = taken_after_head(&mut split).await.unwrap_err();
        assert!(matches!(broken, Broken::Run(_)));
    }

    async fn taken_after_head(split: &mut Split) -> Result<Vec<(Vec<i32>, Vec<u8>)>, Broken> {
        split.head().await?;
        taken(split).await
    }
}
