//! Which stretch of an archive is worth being read ahead of its turn. Pure.

use std::ops::Range;

use crate::dump::{Codec, Contents, Data, Format};

/// What stands behind so many bytes of one table waits for its turn: more than half a second at 25 MB/s.
const LONG: u64 = 16 << 20;

/// Fewer are not worth a second reader.
const LEAST: u64 = 4 << 20;

/// What follows the next long table of an archive of so many bytes that was asked for up to a byte: whole tables, as many as
/// there is room for, and no more than half of what is still to come: the rest must not end long before. While the rows of
/// the long one arrive, which one connection loads, the others have something to do.
///
/// None where the table of contents does not say where everything is.
#[must_use]
pub fn stretch(
    contents: &Contents,
    size: u64,
    asked: u64,
    room: Option<u64>,
) -> Option<Range<u64>> {
    if contents.format != Format::Custom || contents.codec != Codec::None {
        return None;
    }
    let blocks = blocks(contents)?;
    let half = size.saturating_sub(asked) / 2;
    let most = room.map_or(half, |room| room.min(half));
    let worth = |pair: &[Block]| {
        let &[long, Block { at: start, .. }] = pair else {
            return None;
        };
        let waits = start.saturating_sub(asked.max(long.at)) >= LONG;
        let end = waits.then(|| end(&blocks, start, size.min(start + most)))?;
        (end >= start + LEAST).then_some(start..end)
    };
    blocks.windows(2).find_map(worth)
}

/// Where the data of an entry begin.
#[derive(Clone, Copy)]
struct Block {
    at: u64,
    is_table: bool,
}

/// All of them, in their order.
fn blocks(contents: &Contents) -> Option<Vec<Block>> {
    let data = contents.toc.iter().filter(|entry| entry.has_data());
    let block = |entry: &crate::dump::Entry| match entry.data {
        Data::At(at) => Some(Block {
            at,
            is_table: entry.is_table_data(),
        }),
        _ => None,
    };
    let mut blocks: Vec<Block> = data.map(block).collect::<Option<_>>()?;
    blocks.sort_unstable_by_key(|block| block.at);
    Some(blocks)
}

/// Where the last of the tables from `start` on ends that end before `most`. The very last block of an archive ends where
/// only its own bytes say.
fn end(blocks: &[Block], start: u64, most: u64) -> u64 {
    let ahead = blocks.iter().skip_while(|block| block.at < start);
    let tables = ahead.clone().take_while(|block| block.is_table);
    let ends = tables.zip(ahead.skip(1)).map(|(_, next)| next.at);
    let held = ends.take_while(|&end| end <= most);
    held.last().unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::{super::table, *};
    use crate::dump::Entry;

    const MB: u64 = 1 << 20;

    /// An archive whose tables begin at these megabytes.
    fn archive(begin: &[u64]) -> Contents {
        let entry = |&at: &u64| table("t", Some("COPY public.t FROM stdin;"), Data::At(at * MB));
        Contents {
            toc: begin.iter().map(entry).collect(),
            ..Contents::empty()
        }
    }

    fn chosen(contents: &Contents, size: u64, asked: u64) -> Option<(u64, u64)> {
        let range = stretch(contents, size * MB, asked * MB, Some(64 * MB))?;
        Some((range.start / MB, range.end / MB))
    }

    #[test]
    fn whole_tables_behind_a_long_one_are_read_ahead_of_their_turn() {
        let archive = archive(&[1, 101, 111, 125, 139, 153, 166]);
        assert_eq!(chosen(&archive, 200, 1), Some((101, 153)));
        assert_eq!(chosen(&archive, 200, 85), Some((101, 153)));
        assert_eq!(chosen(&archive, 200, 86), None, "its turn comes soon");
        assert_eq!(
            chosen(&archive, 120, 1),
            Some((101, 111)),
            "there is no more"
        );
    }

    #[test]
    fn no_more_than_half_of_what_comes_is_read_ahead_of_its_turn() {
        let archive = archive(&[1, 41, 61, 81, 101, 121]);
        let range = stretch(&archive, 141 * MB, MB, None).unwrap();
        assert_eq!((range.start / MB, range.end / MB), (41, 101));
    }

    #[test]
    fn the_last_table_waits_for_its_turn() {
        assert_eq!(chosen(&archive(&[1, 101]), 120, 1), None);
        assert_eq!(chosen(&archive(&[1, 101, 111]), 120, 1), Some((101, 111)));
        assert_eq!(chosen(&archive(&[1]), 120, 1), None);
        assert_eq!(chosen(&archive(&[]), 120, 1), None);
    }

    #[test]
    fn tables_of_some_size_one_after_another_need_nobody_else() {
        let begin: Vec<u64> = (0..20).map(|number| 1 + number * 15).collect();
        assert_eq!(chosen(&archive(&begin), 300, 1), None);
    }

    #[test]
    fn a_table_that_cannot_be_held_is_passed_over_for_what_follows_the_next_long_one() {
        assert_eq!(
            chosen(&archive(&[1, 101, 201, 220, 230]), 240, 1),
            Some((201, 230))
        );
    }

    #[test]
    fn large_objects_and_whatever_has_no_known_place_stay_in_their_order() {
        let mut large = archive(&[1, 101, 111, 121]);
        large.toc[2].desc = "BLOBS".into();
        assert_eq!(chosen(&large, 130, 1), Some((101, 111)));
        let mut unknown = archive(&[1, 101, 111, 121]);
        unknown.toc.push(Entry {
            data: Data::Somewhere,
            ..unknown.toc[0].clone()
        });
        assert_eq!(chosen(&unknown, 130, 1), None);
    }

    #[test]
    fn what_is_wrapped_has_its_tables_at_other_places() {
        let mut wrapped = archive(&[1, 101, 111, 121]);
        wrapped.codec = Codec::Gzip;
        assert_eq!(chosen(&wrapped, 130, 1), None);
    }
}
