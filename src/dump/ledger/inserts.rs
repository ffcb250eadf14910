//! Rows that `pg_dump --inserts` wrote as statements: they are counted, as their text is not what COPY would write.

use std::io::{self, Read};

use super::Target;
use crate::{
    dump::{
        script::{Event, Lexer},
        sql,
    },
    rows::Rows,
};

/// How much is read at once, and how much of the first statement is looked at.
const STEP: usize = 64 * 1024;

/// Counts the rows, and tells which table the first statement names.
pub(super) fn count(data: &mut dyn Read) -> io::Result<(Option<Target>, Rows)> {
    let mut lexer = Lexer::new();
    let (mut rows, mut target) = (Rows::default(), None);
    let mut bytes: Vec<u8> = Vec::new();
    let mut first = true;
    loop {
        let before = bytes.len();
        let read = Read::take(&mut *data, STEP as u64).read_to_end(&mut bytes)?;
        let last = read == 0;
        if first && before == 0 {
            target = sql::inserted_into(&sql::decode(&bytes));
            first = false;
        }
        let mut at = 0;
        loop {
            let (count, event) = lexer.run(&bytes[at..], last);
            at += count;
            match event {
                Event::More => break,
                Event::End => rows.count += lexer.statement.rows(),
                Event::Begin | Event::Comment => {}
                Event::Backslash | Event::Nul | Event::Ambiguous => {
                    return Err(io::Error::other("statements that pg_dump does not write"));
                }
            }
        }
        bytes.drain(..at);
        if last {
            return Ok((target, rows));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<Target>, u64) {
        let (target, rows) = count(&mut text.as_bytes()).unwrap();
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
