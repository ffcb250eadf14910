//! Whether a script has the end that its head promises.

use super::lexer::Lexer;
use crate::{
    error::Broken,
    finding::{Code, Finding},
};

/// The heads that wait for their closing line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    database: bool,
    cluster: bool,
    /// How many closing lines were met.
    closings: u64,
    /// Whether an INSERT was met.
    pub(super) inserts: bool,
}

impl Ends {
    /// Looks at a comment between statements, without its dashes.
    pub(super) fn comment(&mut self, text: &[u8]) -> Result<(), Broken> {
        match text.trim_ascii() {
            b"PostgreSQL database dump" => {
                if self.database {
                    return Err(incomplete(
                        "another dump begins where this one should end",
                        "The line \"-- PostgreSQL database dump complete\" is missing.",
                    ));
                }
                self.database = true;
            }
            b"PostgreSQL database cluster dump" => self.cluster = true,
            b"PostgreSQL database dump complete" => {
                self.database = false;
                self.closings += 1;
            }
            b"PostgreSQL database cluster dump complete" => {
                self.cluster = false;
                self.closings += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a closing line was met: without one nobody knows where the script should end.
    pub(super) const fn are_told(self) -> bool {
        self.closings > 0
    }

    /// Whether every head has its closing line.
    pub(super) const fn are_met(self) -> bool {
        self.are_told() && !self.database && !self.cluster
    }

    /// Judges the end of the bytes.
    pub(super) fn judge(self, table: Option<&str>, lexer: &Lexer, line: u64) -> Result<(), Broken> {
        if let Some(table) = table {
            let message = format!("the script ends inside the rows of \"{table}\"");
            let found = Finding::new(Code::DumpIncomplete, message).about(table);
            let detail = format!("The line \"\\.\" is missing after line {line}.");
            return Err(found.detail(detail).into());
        }
        let open = lexer.statement.parentheses > 0 || lexer.statement.blocks > 0;
        if lexer.is_inside() || (!lexer.blank && open) {
            return Err(incomplete(
                "the script ends inside a statement",
                &format!("A quote, a comment or a parenthesis is open in line {line}."),
            ));
        }
        let (open, line) = match (self.database, self.cluster) {
            (true, _) => (true, "-- PostgreSQL database dump complete"),
            (_, cluster) => (cluster, "-- PostgreSQL database cluster dump complete"),
        };
        if open {
            return Err(incomplete(
                "the script ends before its closing line",
                &format!("The line \"{line}\" is missing."),
            ));
        }
        Ok(())
    }
}

/// The script ends inside a line of `psql`.
pub(super) fn cut(line: u64) -> Broken {
    let detail = format!("Line {line} is cut off.");
    incomplete("the script ends inside a command", &detail)
}

/// `psql` leaves the script before its end.
pub(super) fn quit(line: u64) -> Broken {
    incomplete(
        "psql would leave the script before its end",
        &format!("\"\\q\" stands in line {line}: nothing that follows it would be restored."),
    )
}

fn incomplete(message: &str, detail: &str) -> Broken {
    Finding::new(Code::DumpIncomplete, message)
        .detail(detail)
        .into()
}
