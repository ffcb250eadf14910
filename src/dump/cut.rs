//! Cuts a custom archive at the headers of its blocks, without looking into what is compressed.

use bytes::{Buf as _, Bytes};

use super::archive::{LARGE_BLOCK, TABLE_BLOCK};

/// A part of an archive, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Some of the bytes before the first block: the header and the table of contents.
    Head(Bytes),
    /// The block of this entry begins.
    Begin(u32),
    /// Some of its bytes, from the first of its header on.
    Piece(Bytes),
    /// It ended.
    End,
}

/// What is no block where one should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBlock;

/// Follows the lengths in an archive.
#[derive(Debug)]
pub struct Cut {
    /// How many bytes a number takes, without its sign.
    int: usize,
    state: State,
    /// What is known of a number that a piece ended in.
    begun: Vec<u8>,
    large: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of the head.
    Head(u64),
    /// The byte that tells what a block is.
    Kind,
    /// The number of the block's entry.
    Entry,
    /// The number of a large object; 0 ends the block.
    Object,
    /// The length of a chunk; 0 ends the data of a table or a large object.
    Length,
    /// So many bytes of a chunk.
    Chunk(u64),
}

impl Cut {
    /// Of an archive whose data start at `head`, and whose numbers take `int` bytes.
    #[must_use]
    pub const fn new(head: u64, int: usize) -> Self {
        Self {
            int,
            state: if head == 0 {
                State::Kind
            } else {
                State::Head(head)
            },
            begun: Vec::new(),
            large: false,
        }
    }

    /// Whether a block may end here.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.state == State::Kind && self.begun.is_empty()
    }

    /// Takes the next bytes of the archive, as many as come.
    ///
    /// # Errors
    /// When no block begins where one should; what came before was given to `each`.
    pub fn feed(&mut self, bytes: &Bytes, each: &mut dyn FnMut(Part)) -> Result<(), NoBlock> {
        let mut rest = bytes.clone();
        // Where what was not given yet begins.
        let mut from = rest.clone();
        while rest.has_remaining() {
            match self.state {
                State::Head(left) => {
                    let part = rest.split_to(at_most(left, rest.len()));
                    let left = left - part.len() as u64;
                    self.state = if left == 0 {
                        State::Kind
                    } else {
                        State::Head(left)
                    };
                    each(Part::Head(part));
                }
                State::Kind => self.kind(rest.get_u8())?,
                State::Entry => self.entry(&mut rest, &mut from, each)?,
                State::Chunk(left) => {
                    let step = at_most(left, rest.len());
                    rest.advance(step);
                    let left = left - step as u64;
                    self.state = if left == 0 {
                        State::Length
                    } else {
                        State::Chunk(left)
                    };
                }
                State::Object | State::Length => {
                    if let Some(number) = self.number(&mut rest)?
                        && self.ends_with(number)
                    {
                        give(&mut from, &rest, each);
                        each(Part::End);
                    }
                }
            }
        }
        if matches!(self.state, State::Object | State::Length | State::Chunk(_)) {
            give(&mut from, &rest, each);
        }
        Ok(())
    }

    fn kind(&mut self, byte: u8) -> Result<(), NoBlock> {
        self.large = match byte {
            TABLE_BLOCK => false,
            LARGE_BLOCK => true,
            _ => return Err(NoBlock),
        };
        self.state = State::Entry;
        Ok(())
    }

    /// Begins a block once the number of its entry is there. Its header may lie in two pieces and is given as one.
    fn entry(
        &mut self,
        rest: &mut Bytes,
        from: &mut Bytes,
        each: &mut dyn FnMut(Part),
    ) -> Result<(), NoBlock> {
        let mut header = vec![if self.large { LARGE_BLOCK } else { TABLE_BLOCK }];
        let mut begun = self.begun.clone();
        let Some(entry) = self.number(rest)? else {
            return Ok(());
        };
        let digits = 1 + self.int - begun.len();
        let before = from.len() - rest.len();
        begun.extend_from_slice(&from[before - digits..before]);
        header.extend(begun);
        from.advance(before);
        self.state = if self.large {
            State::Object
        } else {
            State::Length
        };
        each(Part::Begin(entry));
        each(Part::Piece(header.into()));
        Ok(())
    }

    /// Takes the number of a large object or the length of a chunk; tells whether the block ended with it.
    fn ends_with(&mut self, number: u32) -> bool {
        let (next, ends) = match (self.state, number) {
            (State::Object, 0) => (State::Kind, true),
            (State::Object, _) => (State::Length, false),
            (_, 0) if self.large => (State::Object, false),
            (_, 0) => (State::Kind, true),
            (_, length) => (State::Chunk(u64::from(length)), false),
        };
        self.state = next;
        ends
    }

    /// A sign, and bytes from the lowest; none when its end is still to come. The sign of a large object's number means
    /// nothing: they use all 32 bits.
    fn number(&mut self, rest: &mut Bytes) -> Result<Option<u32>, NoBlock> {
        let long = 1 + self.int;
        let missing = (long - self.begun.len()).min(rest.len());
        self.begun.extend_from_slice(&rest[..missing]);
        rest.advance(missing);
        if self.begun.len() < long {
            return Ok(None);
        }
        let digits = self.begun[1..].iter().rev();
        let value = digits.fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        let signed = self.begun[0] != 0 && self.state != State::Object;
        self.begun.clear();
        match u32::try_from(value) {
            Ok(value) if !signed => Ok(Some(value)),
            _ => Err(NoBlock),
        }
    }
}

fn at_most(left: u64, there: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(there)
}

/// Gives what lies between `from` and `rest`, and goes on from there.
fn give(from: &mut Bytes, rest: &Bytes, each: &mut dyn FnMut(Part)) {
    let passed = from.len() - rest.len();
    if passed > 0 {
        each(Part::Piece(from.split_to(passed)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: u32) -> Vec<u8> {
        [&[0], &value.to_le_bytes()[..]].concat()
    }

    /// Two tables and a block of large objects, after a head of three bytes.
    fn archive() -> (Vec<u8>, Vec<Vec<u8>>) {
        let one = [
            &[TABLE_BLOCK][..],
            &number(7),
            &number(2),
            b"ab",
            &number(0),
        ]
        .concat();
        let empty = [&[TABLE_BLOCK][..], &number(300), &number(0)].concat();
        // The number of a large object beyond 2^31 is written with a sign.
        let far = [&[1][..], &1_u32.to_le_bytes()].concat();
        let large = [
            &[LARGE_BLOCK][..],
            &number(9),
            &number(5),
            &number(1),
            b"x",
            &number(0),
        ]
        .concat();
        let large = [&large[..], &far, &number(0), &number(0)].concat();
        let blocks = vec![one, empty, large];
        ([b"abc".to_vec(), blocks.concat()].concat(), blocks)
    }

    /// The head, and every block with the number of its entry.
    type Found = (Vec<u8>, Vec<(u32, Vec<u8>, bool)>);

    fn cut(pieces: &[&[u8]]) -> Result<Found, NoBlock> {
        let mut cut = Cut::new(3, 4);
        let mut found = Found::default();
        for piece in pieces {
            cut.feed(&Bytes::copy_from_slice(piece), &mut |part| match part {
                Part::Head(bytes) => found.0.extend_from_slice(&bytes),
                Part::Begin(entry) => found.1.push((entry, Vec::new(), false)),
                Part::Piece(bytes) => found.1.last_mut().unwrap().1.extend_from_slice(&bytes),
                Part::End => found.1.last_mut().unwrap().2 = true,
            })?;
        }
        assert!(cut.is_between());
        Ok(found)
    }

    proptest! {
        #[test]
        fn blocks_are_cut_whole_wherever_the_pieces_end(at in prop::collection::vec(0_usize..70, 0..6)) {
            let (bytes, blocks) = archive();
            let mut ends: Vec<usize> = at.into_iter().map(|at| at.min(bytes.len())).collect();
            ends.extend([0, bytes.len()]);
            ends.sort_unstable();
            let pieces: Vec<&[u8]> = ends.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
            let (head, found) = cut(&pieces).unwrap();
            prop_assert_eq!(head, b"abc");
            let expected: Vec<_> = [7, 300, 9].into_iter().zip(blocks).map(|(id, block)| (id, block, true)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        assert_eq!(cut(&[b"abc", &[2]]), Err(NoBlock));
        let negative = [&[TABLE_BLOCK, 1][..], &7_u32.to_le_bytes()].concat();
        assert_eq!(cut(&[b"abc", &negative]), Err(NoBlock));
    }
}
