//! Where statements of a script begin and end, as `psql` sees it.
//!
//! A script that changes `standard_conforming_strings` other than by a plain `SET` is read otherwise
//! than by `psql`. That can only be done on purpose, and is why `psql` runs inside the sandbox.

use std::mem;

use memchr::{memchr2, memchr3};

use super::shape::Statement;

/// More bytes than a name may have: longer words are no keywords.
const WORD: usize = 64;
/// How much of a comment is kept, in bytes: the heading of a function names all of its arguments.
const COMMENT: usize = 1024;

/// What stopped the lexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Event {
    /// The bytes are used up, or it needs to see more of them.
    More,
    /// A statement begins at the next byte.
    Begin,
    /// The statement ended with the last byte.
    End,
    /// A comment between statements ended with the last byte; see [`Lexer::comment`].
    Comment,
    /// The next byte is a backslash outside quotes.
    Backslash,
    /// The next byte is a NUL.
    Nul,
    /// The next byte is a quote that versions of `psql` read differently.
    Ambiguous,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Sql,
    Word,
    String { escapes: bool },
    Name,
    Dollar(Vec<u8>),
    Line,
    Block { depth: u32, before: u8 },
}

/// What an ended string leaves behind: another one on a later line continues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ended {
    escapes: bool,
    space: bool,
    line: bool,
}

/// Follows a script byte by byte, in chunks of any size.
#[derive(Clone, Debug)]
pub(in super::super) struct Lexer {
    state: State,
    word: Vec<u8>,
    comment: Vec<u8>,
    ended: Option<Ended>,
    /// Whether a backslash escapes nothing in plain strings.
    pub(super) standard_strings: bool,
    /// Whether no statement has begun.
    pub(super) blank: bool,
    pub(in super::super) statement: Statement,
}

impl Lexer {
    pub(in super::super) fn new() -> Self {
        Self {
            state: State::Sql,
            word: Vec::new(),
            comment: Vec::new(),
            ended: None,
            standard_strings: true,
            blank: true,
            statement: Statement::default(),
        }
    }

    /// The comment that [`Event::Comment`] told of, or its beginning.
    pub(super) fn comment(&self) -> &[u8] {
        &self.comment
    }

    /// Ends a word that the bytes end with.
    pub(super) fn finish(&mut self) {
        if self.state == State::Word {
            self.end_word(0);
            self.state = State::Sql;
        }
    }

    /// Whether a quote or a comment is open.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self.state, State::Sql | State::Word | State::Line)
    }

    /// Reads on. Gives how many bytes it is through, and why it stopped.
    pub(in super::super) fn run(&mut self, bytes: &[u8], last: bool) -> (usize, Event) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let (count, event) = match &mut self.state {
                State::Sql => self.sql(rest, last),
                State::Word => self.word(rest),
                State::String { escapes } => {
                    let escapes = *escapes;
                    self.string(rest, escapes, last)
                }
                State::Name => self.name(rest),
                State::Dollar(tag) => {
                    let (count, event, over) = dollar(rest, tag, last);
                    if over {
                        self.state = State::Sql;
                    }
                    (count, event)
                }
                State::Line => self.line(rest),
                State::Block { .. } => self.block(rest),
            };
            at += count;
            if let Some(event) = event {
                return (at, event);
            }
        }
        (at, Event::More)
    }

    fn sql(&mut self, rest: &[u8], last: bool) -> (usize, Option<Event>) {
        let byte = rest[0];
        if byte.is_ascii_whitespace() || byte == 0x0b {
            let line = byte == b'\n' || byte == b'\r';
            if let Some(ended) = &mut self.ended {
                ended.space = true;
                ended.line |= line;
            }
            return (1, None);
        }
        if byte == 0 {
            return (0, Some(Event::Nul));
        }
        if byte == b'\\' {
            return (0, Some(Event::Backslash));
        }
        if matches!(byte, b'-' | b'/') {
            match (byte, rest.get(1)) {
                (_, None) if !last => return (0, Some(Event::More)),
                (b'-', Some(b'-')) => return self.begin_line(),
                (b'/', Some(b'*')) => return self.begin_block(),
                _ => {}
            }
        }
        if self.blank {
            self.blank = false;
            self.statement = Statement::default();
            return (0, Some(Event::Begin));
        }
        self.token(rest, last)
    }

    fn begin_line(&mut self) -> (usize, Option<Event>) {
        self.comment.clear();
        self.state = State::Line;
        (2, None)
    }

    fn begin_block(&mut self) -> (usize, Option<Event>) {
        self.ended = None;
        self.state = State::Block {
            depth: 1,
            before: 0,
        };
        (2, None)
    }

    fn token(&mut self, rest: &[u8], last: bool) -> (usize, Option<Event>) {
        let ended = self.ended.take();
        match rest[0] {
            b'\'' => {
                // A string continues the one before it: at once (a doubled quote) or on a later line.
                let escapes = match ended {
                    Some(ended) if ended.line || !ended.space => ended.escapes,
                    _ => !self.standard_strings,
                };
                self.state = State::String { escapes };
            }
            b'"' => self.state = State::Name,
            b'$' => return self.begin_dollar(rest, last),
            b'(' => self.statement.open(),
            b')' => {
                self.statement.parentheses = self.statement.parentheses.saturating_sub(1);
            }
            b';' if self.statement.parentheses == 0 && self.statement.blocks == 0 => {
                self.blank = true;
                return (1, Some(Event::End));
            }
            byte if in_word(byte) => {
                self.word.clear();
                self.state = State::Word;
                return (0, None);
            }
            _ => {}
        }
        self.statement.from = false;
        (1, None)
    }

    /// `$tag$`, or a dollar that means nothing.
    fn begin_dollar(&mut self, rest: &[u8], last: bool) -> (usize, Option<Event>) {
        self.statement.from = false;
        let letters = rest[1..]
            .iter()
            .take(WORD)
            .take_while(|&&byte| in_word(byte) && byte != b'$')
            .count();
        match rest.get(1 + letters) {
            None if !last && letters < WORD => (0, Some(Event::More)),
            Some(b'$') if !rest[1].is_ascii_digit() => {
                self.state = State::Dollar(rest[..letters + 2].to_vec());
                (letters + 2, None)
            }
            _ => (1, None),
        }
    }

    fn word(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        let number = self.word.first().unwrap_or(&rest[0]).is_ascii_digit();
        // A dollar after a number begins a quote; inside a name it is a letter.
        let count = rest
            .iter()
            .take_while(|&&byte| in_word(byte) && !(byte == b'$' && number))
            .count();
        let kept = count.min(WORD - self.word.len().min(WORD));
        self.word.extend_from_slice(&rest[..kept]);
        let Some(&next) = rest.get(count) else {
            return (count, None);
        };
        let plain = self
            .word
            .iter()
            .all(|&byte| byte.is_ascii_digit() || byte == b'_');
        if number && !plain && matches!(next, b'$' | b'\'') {
            return (count, Some(Event::Ambiguous));
        }
        let escapes = self.end_word(next);
        self.state = State::Sql;
        if let (b'\'', Some(escapes)) = (next, escapes) {
            self.state = State::String { escapes };
            return (count + 1, None);
        }
        (count, None)
    }

    /// Notes what a word means for the statement; for one that belongs to a string, whether a
    /// backslash escapes in it.
    fn end_word(&mut self, next: u8) -> Option<bool> {
        self.word.make_ascii_lowercase();
        let word = mem::take(&mut self.word);
        let string = match &*word {
            b"e" => Some(true),
            b"b" | b"x" => Some(false),
            _ => None,
        };
        if next == b'\'' && string.is_some() {
            self.statement.from = false;
            return string;
        }
        self.statement.word(&word);
        self.word = word;
        self.word.clear();
        None
    }

    fn string(&mut self, rest: &[u8], escapes: bool, last: bool) -> (usize, Option<Event>) {
        let found = if escapes {
            memchr3(b'\'', b'\\', 0, rest)
        } else {
            memchr2(b'\'', 0, rest)
        };
        let Some(at) = found else {
            return (rest.len(), None);
        };
        match rest[at] {
            0 => (at, Some(Event::Nul)),
            b'\\' if rest.len() > at + 1 && rest[at + 1] != 0 => (at + 2, None),
            b'\\' if rest.len() > at + 1 => (at + 1, Some(Event::Nul)),
            b'\\' if last => (at + 1, None),
            b'\\' => (at, Some(Event::More)),
            _ => {
                self.ended = Some(Ended {
                    escapes,
                    space: false,
                    line: false,
                });
                self.state = State::Sql;
                (at + 1, None)
            }
        }
    }

    fn name(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        match memchr2(b'"', 0, rest) {
            None => (rest.len(), None),
            Some(at) if rest[at] == 0 => (at, Some(Event::Nul)),
            Some(at) => {
                self.state = State::Sql;
                (at + 1, None)
            }
        }
    }

    fn line(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        let end = memchr3(b'\n', b'\r', 0, rest);
        let text = &rest[..end.unwrap_or(rest.len())];
        let kept = text.len().min(COMMENT - self.comment.len().min(COMMENT));
        self.comment.extend_from_slice(&text[..kept]);
        match end {
            None => (rest.len(), None),
            Some(at) if rest[at] == 0 => (at, Some(Event::Nul)),
            Some(at) => {
                self.state = State::Sql;
                (at, self.blank.then_some(Event::Comment))
            }
        }
    }

    fn block(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        let State::Block { depth, before } = &mut self.state else {
            return (0, None);
        };
        for (at, &byte) in rest.iter().enumerate() {
            let pair = (*before, byte);
            *before = byte;
            match pair {
                (_, 0) => return (at, Some(Event::Nul)),
                (b'/', b'*') => {
                    *depth += 1;
                    *before = 0;
                }
                (b'*', b'/') => {
                    *depth -= 1;
                    *before = 0;
                    if *depth == 0 {
                        self.state = State::Sql;
                        return (at + 1, None);
                    }
                }
                _ => {}
            }
        }
        (rest.len(), None)
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

/// Looks for the closing tag; tells whether it was passed.
fn dollar(rest: &[u8], tag: &[u8], last: bool) -> (usize, Option<Event>, bool) {
    let Some(at) = memchr2(b'$', 0, rest) else {
        return (rest.len(), None, false);
    };
    let here = &rest[at..];
    if here[0] == 0 {
        (at, Some(Event::Nul), false)
    } else if here.starts_with(tag) {
        (at + tag.len(), None, true)
    } else if tag.starts_with(here) && !last {
        (at, Some(Event::More), false)
    } else {
        (at + 1, None, false)
    }
}
