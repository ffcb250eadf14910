//! What a script does at a command of `psql`: it is swallowed, told, or refused.

use std::io::Read;

use super::{
    Mode, PIECE, Piece, Script,
    after::After,
    command::{Command, command, may_be_cut, shown},
    ends,
    lexer::Lexer,
};
use crate::{dump::sql, error::Broken};

impl<R: Read> Script<R> {
    /// Deals with a backslash outside quotes; tells whether more bytes are needed.
    pub(super) fn command(&mut self) -> Result<bool, Broken> {
        let rest = &self.bytes[self.at..];
        let end = memchr::memchr(b'\n', rest);
        if end.is_none() && !self.ended && rest.len() < PIECE {
            return Ok(true);
        }
        let count = end.map_or(rest.len(), |end| end + 1);
        let line = sql::decode(&rest[..count]);
        let command = if self.lexer.blank {
            command(&line).ok().filter(|known| self.expects(known))
        } else {
            None
        };
        let Some(command) = command else {
            if end.is_none() && self.ended && self.lexer.blank && may_be_cut(&line) {
                return Err(ends::cut(self.line));
            }
            return Err(self.refused(&shown(&line)));
        };
        self.sure = self.at;
        let line = self.line;
        self.step(count);
        self.leave_out();
        match command {
            Command::Quit => self.mode = Mode::After(After::Quit(line)),
            Command::Restrict(key) => self.restrict = Some(key),
            Command::Unrestrict(_) => self.restrict = None,
            Command::Encoding | Command::Harmless => {}
            Command::Connect(name) => {
                self.hand_over_seen();
                self.database = Some(name.clone());
                self.ready.push_back(Piece::Connect(name));
                self.lexer = Lexer::new();
                self.prelude = true;
            }
        }
        Ok(false)
    }

    /// Whether a command may stand here: keys come in pairs.
    fn expects(&self, command: &Command) -> bool {
        match command {
            Command::Unrestrict(key) => self.restrict.as_ref() == Some(key),
            // psql refuses them between the two keys.
            Command::Restrict(_) | Command::Harmless | Command::Quit => self.restrict.is_none(),
            Command::Connect(_) | Command::Encoding => true,
        }
    }

    fn refused(&self, command: &str) -> Broken {
        let message = format!("psql command \"{command}\" in the dump");
        let Broken::Backup(finding) = self.corrupt(message) else {
            return self.corrupt(String::new());
        };
        finding
            .hint("Find out who wrote it: pg_dump never does, and psql would have run it.")
            .into()
    }
}
