//! What stands behind the end of a script: nothing, or what keeps it from being a whole one.

use std::io::Read;

use super::{Script, ends};
use crate::error::Broken;

/// What ended a script before its bytes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// `\q`, in this line.
    Quit(u64),
    /// Its last closing line: zeros may fill the rest, as they may behind an archive.
    End,
}

impl<R: Read> Script<R> {
    /// Whether a NUL byte at this place may fill a block behind the end.
    pub(super) fn is_padding(&self) -> bool {
        self.lexer.blank
            && !self.lexer.is_inside()
            && self.restrict.is_none()
            && self.ends.are_met()
    }

    /// Looks whether nothing follows; tells whether more bytes are needed.
    pub(super) fn after(&mut self, after: After) -> Result<bool, Broken> {
        let rest = &self.bytes[self.at..];
        let goes_on = match after {
            After::Quit(_) => rest.iter().any(|byte| !byte.is_ascii_whitespace()),
            After::End => rest.iter().any(|&byte| byte != 0),
        };
        if goes_on {
            return Err(match after {
                After::Quit(line) => ends::quit(line),
                After::End => self.corrupt("a NUL byte in the script".to_owned()),
            });
        }
        self.at = self.bytes.len();
        self.leave_out();
        self.width = 0;
        Ok(true)
    }
}
