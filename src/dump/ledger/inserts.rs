//! Rows that `pg_dump --inserts` wrote as statements: they are counted, as their text is not what COPY would write.

use std::io;

use super::Target;
use crate::{
    dump::{
        script::{Event, Lexer},
        sql,
    },
    rows::Rows,
};

/// How much is looked at once, and how much of the first statement.
const STEP: usize = 64 * 1024;

/// Statements that are counted.
pub(super) struct Inserts {
    lexer: Lexer,
    rows: Rows,
    /// What was not looked at yet.
    bytes: Vec<u8>,
    begun: bool,
    /// The table that the first statement names.
    target: Option<Target>,
}

impl Inserts {
    pub(super) fn new() -> Self {
        Self {
            lexer: Lexer::new(),
            rows: Rows::default(),
            bytes: Vec::new(),
            begun: false,
            target: None,
        }
    }

    /// Takes the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) -> io::Result<()> {
        for piece in piece.chunks(STEP) {
            self.bytes.extend_from_slice(piece);
            if self.bytes.len() >= STEP {
                self.look(false)?;
            }
        }
        Ok(())
    }

    /// There are no more: how many rows there are, and the table that the first statement names.
    pub(super) fn finish(mut self) -> io::Result<(Option<Target>, Rows)> {
        self.look(true)?;
        Ok((self.target, self.rows))
    }

    fn look(&mut self, last: bool) -> io::Result<()> {
        if !self.begun {
            self.begun = true;
            self.target = sql::inserted_into(&sql::decode(&self.bytes));
        }
        let mut at = 0;
        loop {
            let (count, event) = self.lexer.run(&self.bytes[at..], last);
            at += count;
            match event {
                Event::More => break,
                Event::End => self.rows.count += self.lexer.statement.rows(),
                Event::Begin | Event::Comment => {}
                Event::Backslash | Event::Nul | Event::Ambiguous => {
                    return Err(io::Error::other("statements that pg_dump does not write"));
                }
            }
        }
        self.bytes.drain(..at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<Target>, u64) {
        let mut whole = Inserts::new();
        whole.feed(text.as_bytes()).unwrap();
        let (target, rows) = whole.finish().unwrap();
        (target, rows.count)
    }

    #[test]
    fn every_row_of_every_statement_is_counted() {
        let text = "INSERT INTO public.t (a, \"b (\") VALUES (1, ');(');\nINSERT INTO public.t VALUES\n\t(2, 'x'),\n\t(3, NULL) ON CONFLICT DO NOTHING;\nINSERT INTO public.t DEFAULT VALUES;\n\n\n";
        let (target, rows) = of(text);
        assert_eq!(rows, 4);
        let target = target.unwrap();
        assert_eq!(
            (target.schema.as_deref(), target.table.as_str()),
            (Some("public"), "t")
        );
        assert_eq!(of("\n\n").1, 0);
    }
}
