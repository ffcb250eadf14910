//! One statement of a script: what it names, and whether it is left out.

use std::io::Read;

use super::{PIECE, Piece, Script, seen::NAMED};
use crate::dump::sql;

impl<R: Read> Script<R> {
    /// Looks at the current statement, once.
    pub(super) fn statement(&mut self) {
        let Some(start) = self.start.take() else {
            return;
        };
        let end = self.at.min(start + PIECE);
        let whole = end == self.at && (self.lexer.blank || self.over);
        match &*self.lexer.statement.first {
            b"drop" | b"alter" | b"select" => {
                let text = sql::decode(&self.bytes[start..end]);
                if whole && sql::drops(&text, self.prelude) {
                    self.dropped += 1;
                    self.leave_out();
                } else {
                    self.seeing.head(&self.lexer.statement.first, &text, whole);
                    self.tell(&text);
                }
            }
            b"create" | b"grant" | b"revoke" => self.makes(start, end, whole),
            b"insert" if !self.ends.inserts || !self.foreign.is_empty() => {
                let text = sql::decode(&self.bytes[start..end]);
                self.seeing.head(&self.lexer.statement.first, &text, whole);
                let table = sql::inserted(&text);
                let is_first = !std::mem::replace(&mut self.ends.inserts, true);
                if is_first || self.foreign.contains(&table) {
                    self.rows_of(table);
                }
            }
            b"set" => {
                let text = sql::decode(&self.bytes[start..end]);
                if let Some(value) = sql::setting(&text, "standard_conforming_strings") {
                    let off = ["off", "false", "no", "0"];
                    self.lexer.standard_strings =
                        !off.iter().any(|word| value.eq_ignore_ascii_case(word));
                }
                // The server has none of the source's tablespaces; an archive is restored without them, too.
                if whole && sql::chooses_tablespace(&text) {
                    self.leave_out();
                } else {
                    self.tell(&text);
                }
            }
            first => {
                let named = self.at.min(start + NAMED);
                let end = match first {
                    b"copy" | b"comment" | b"security" => end,
                    _ => named,
                };
                let text = sql::decode(&self.bytes[start..end]);
                self.seeing.escapes = !self.lexer.standard_strings;
                self.seeing.head(first, &text, whole);
            }
        }
    }

    /// Looks at a statement that makes something, or lets somebody do something.
    fn makes(&mut self, start: usize, end: usize, whole: bool) {
        let text = sql::decode(&self.bytes[start..end]);
        if whole && sql::makes_again(&text, self.prelude) {
            self.tell(&text);
            self.leave_out();
            return;
        }
        self.prelude &= self.lexer.statement.first != b"create";
        self.seeing.head(&self.lexer.statement.first, &text, whole);
        self.foreign.extend(sql::foreign_table(&text));
        self.tell(&text);
        if whole
            && let Some(length) = sql::before_grantor(&self.bytes[self.at - (end - start)..self.at])
        {
            self.shorten(end - start, length);
        }
    }

    /// Hands out the beginning of the current statement in place of all of it.
    fn shorten(&mut self, from: usize, to: usize) {
        self.sure = self.at - from;
        self.flush();
        let statement = self.bytes.split_to(self.at);
        self.at = 0;
        let short = [&statement[..to], b";"].concat();
        self.ready.push_back(Piece::Sql(short.into()));
    }

    /// Tells what must be there before the statement.
    fn tell(&mut self, text: &str) {
        let facts = sql::facts(text);
        let mut pieces = Vec::new();
        for role in facts.roles {
            if !facts.created.contains(&role) && self.roles.insert(role.clone()) {
                pieces.push(Piece::Role(role));
            }
        }
        self.roles.extend(facts.created);
        pieces.extend(facts.extensions.into_iter().map(Piece::Extension));
        if facts.creates_public {
            pieces.push(Piece::CreatesPublic);
        }
        if facts.creates_database {
            pieces.push(Piece::CreatesDatabase);
        }
        if facts.creates_tablespace {
            pieces.push(Piece::CreatesTablespace);
        }
        if !pieces.is_empty() {
            self.flush();
            self.ready.extend(pieces);
        }
    }
}
