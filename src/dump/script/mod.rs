//! Plain SQL on its way to `psql`: what must exist first is told, and no command gets through.

mod after;
mod again;
mod command;
mod ends;
mod lexer;
mod obey;
mod rows;
mod seen;
mod shape;
mod statement;

use std::{
    collections::{HashSet, VecDeque},
    io::{self, Read},
    mem,
};

use after::After;
use bytes::BytesMut;
use command::is_harmless;
use ends::Ends;
pub(super) use lexer::{Event, Lexer};
use seen::Seeing;
pub use seen::Seen;

use super::{Of, Piece, Rows, Shown, head::broken, nobody, sql};
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// How much is read at once.
const STEP: usize = 256 * 1024;
/// The longest line, in bytes: neither a row nor a statement of more fits into a message to the server.
const WIDEST: u64 = 1 << 30;
/// How much goes into one piece, and how much of a statement is looked at.
const PIECE: usize = 64 * 1024;

/// The pieces of a script, in its order. Memory does not grow with it.
pub struct Script<R> {
    reader: R,
    /// Bytes that were read and not handed out.
    bytes: BytesMut,
    /// How many of them were looked at, and how many may be handed out.
    at: usize,
    sure: usize,
    ended: bool,
    over: bool,
    mode: Mode,
    lexer: Lexer,
    /// Where the current statement starts, until it was looked at.
    start: Option<usize>,
    line: u64,
    /// How many bytes of it were looked at, and how many it may have.
    width: u64,
    widest: u64,
    ready: VecDeque<Piece>,
    ends: Ends,
    restrict: Option<String>,
    roles: HashSet<String>,
    /// The foreign tables that it made.
    foreign: HashSet<String>,
    /// Whether nothing was created in the current database.
    prelude: bool,
    dropped: u64,
    /// The database that it changed to.
    database: Option<String>,
    tap: Shown,
    /// Who is shown the rows of the current COPY.
    rows: Option<Box<dyn Rows>>,
    seeing: Seeing,
}

/// What the next bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    /// A byte order mark, perhaps.
    First,
    Sql,
    /// The rest of the line of a `COPY … FROM stdin;` into this table.
    BeforeRows(String),
    /// Rows of this table; whether a line starts here.
    Rows(String, bool),
    /// Nothing that `psql` would run.
    After(After),
}

impl<R: Read> Script<R> {
    /// The pieces of what `reader` gives.
    pub fn new(reader: R) -> Self {
        Self::shown(reader, nobody())
    }

    /// Like [`Script::new`], and shows the rows as they pass.
    pub fn shown(reader: R, tap: Shown) -> Self {
        Self {
            reader,
            bytes: BytesMut::new(),
            at: 0,
            sure: 0,
            ended: false,
            over: false,
            mode: Mode::First,
            lexer: Lexer::new(),
            start: None,
            line: 1,
            width: 0,
            widest: WIDEST,
            ready: VecDeque::new(),
            ends: Ends::default(),
            restrict: None,
            roles: HashSet::new(),
            foreign: HashSet::new(),
            prelude: true,
            dropped: 0,
            database: None,
            tap,
            rows: None,
            seeing: Seeing::default(),
        }
    }

    /// How many statements were left out because an empty database has nothing to drop.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Looks at what was read; reads more when that is used up.
    fn advance(&mut self) -> Result<(), Broken> {
        let waits = match &self.mode {
            Mode::First => self.first(),
            Mode::Sql => self.sql()?,
            Mode::BeforeRows(_) => self.before_rows()?,
            Mode::Rows(..) => self.rows()?,
            Mode::After(after) => {
                let after = *after;
                self.after(after)?
            }
        };
        if self.width > self.widest {
            return Err(self.corrupt("a line of the script is longer than 1 GiB".to_owned()));
        }
        if self.sure >= PIECE {
            self.flush();
        }
        if !waits {
            return Ok(());
        }
        if self.ended {
            self.finish()
        } else {
            self.read()
        }
    }

    fn read(&mut self) -> Result<(), Broken> {
        let length = self.bytes.len();
        self.bytes.resize(length + STEP, 0);
        let read = self.reader.read(&mut self.bytes[length..]);
        self.bytes.truncate(length + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(&error)),
        }
        Ok(())
    }

    /// Hands out what may be handed out.
    fn flush(&mut self) {
        if self.sure > 0 {
            let piece = self.bytes.split_to(self.sure).freeze();
            self.at -= piece.len();
            self.start = self.start.map(|start| start.saturating_sub(piece.len()));
            self.sure = 0;
            self.ready.push_back(Piece::Sql(piece));
        }
    }

    /// Leaves out what lies before `self.at` and may not be handed out.
    fn leave_out(&mut self) {
        self.flush();
        let _ = self.bytes.split_to(self.at);
        self.at = 0;
    }

    /// A byte order mark says nothing that `psql` needs.
    fn first(&mut self) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let short = self.bytes.len() < MARK.len() && MARK.starts_with(&self.bytes);
        if short && !self.ended {
            return true;
        }
        if self.bytes.starts_with(MARK) {
            self.at = MARK.len();
            self.leave_out();
        }
        self.mode = Mode::Sql;
        false
    }

    /// Goes to the next event; tells whether more bytes are needed.
    fn sql(&mut self) -> Result<bool, Broken> {
        let (count, event) = self.lexer.run(&self.bytes[self.at..], self.ended);
        self.step(count);
        match event {
            Event::More => {
                let long = self.start.is_some_and(|start| self.at - start >= PIECE);
                if long {
                    self.statement();
                }
                if self.start.is_none() {
                    self.sure = self.at;
                }
                return Ok(true);
            }
            Event::Begin => {
                self.sure = self.at;
                self.start = Some(self.at);
            }
            Event::End => self.end(),
            Event::Comment => {
                self.sure = self.at;
                let comment = self.lexer.comment().to_vec();
                self.ends.comment(&comment)?;
                self.seeing.heading(&comment);
            }
            Event::Backslash => return self.command(),
            Event::Nul if self.is_padding() => {
                self.sure = self.at;
                self.mode = Mode::After(After::End);
            }
            Event::Nul => return Err(self.corrupt("a NUL byte in the script".to_owned())),
            Event::Ambiguous => {
                let what = "a quote after a number, which versions of psql read differently";
                return Err(self.corrupt(what.to_owned()));
            }
        }
        Ok(false)
    }

    /// Moves on over bytes that were looked at.
    fn step(&mut self, count: usize) {
        let passed = &self.bytes[self.at..self.at + count];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.width = match memchr::memrchr(b'\n', passed) {
            Some(at) => (count - at - 1) as u64,
            None => self.width + count as u64,
        };
        self.at += count;
    }

    /// A statement is at its end.
    fn end(&mut self) {
        let table = self.lexer.statement.copies.then(|| self.copy());
        self.statement();
        self.seeing.end(self.lexer.statement.rows());
        self.sure = self.at;
        if let Some(table) = table {
            self.mode = Mode::BeforeRows(table);
        }
    }

    /// The table of the current COPY, as it is written, whose rows are shown from here on.
    fn copy(&mut self) -> String {
        let start = self.start.unwrap_or(self.at);
        let end = self.at.min(start + PIECE);
        let statement = sql::decode(&self.bytes[start..end]);
        let table = sql::copied(&statement);
        self.rows = self.tap.table(&Of {
            entry: None,
            table: &table,
            copy: Some(&statement),
            database: self.database.as_deref(),
        });
        self.rows_of(table.clone());
        table
    }

    /// Tells whose rows follow.
    fn rows_of(&mut self, table: String) {
        self.flush();
        if self.foreign.contains(&table) {
            self.ready.push_back(Piece::ForeignRows(table.clone()));
        }
        self.ready.push_back(Piece::Rows(table));
    }

    fn corrupt(&self, message: String) -> Broken {
        Finding::new(Code::DumpCorrupt, message)
            .detail(format!("It stands in line {}.", self.line))
            .into()
    }

    /// There are no more bytes.
    fn finish(&mut self) -> Result<(), Broken> {
        self.over = true;
        self.lexer.finish();
        let table = match mem::replace(&mut self.mode, Mode::Sql) {
            Mode::BeforeRows(table) | Mode::Rows(table, _) => Some(table),
            Mode::First | Mode::Sql | Mode::After(_) => None,
        };
        self.ends.judge(table.as_deref(), &self.lexer, self.line)?;
        if self.start.is_some() {
            self.statement();
        }
        self.sure = self.at;
        self.flush();
        self.seeing.end_of_script(self.ends.are_told());
        self.hand_over_seen();
        Ok(())
    }
}

/// Whether a line before the first statement is a command that does nothing to a database.
pub(super) fn may_stand_first(line: &str) -> bool {
    let line = line.trim();
    ["\\restrict ", "\\connect ", "\\c "]
        .iter()
        .any(|start| line.starts_with(start))
        || is_harmless(line)
}

impl<R: Read> Iterator for Script<R> {
    type Item = Result<Piece, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(Ok(piece));
            }
            if self.over {
                return None;
            }
            if let Err(broken) = self.advance() {
                self.over = true;
                self.ready.clear();
                return Some(Err(broken));
            }
        }
    }
}

#[cfg(test)]
mod tests;
