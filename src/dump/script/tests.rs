//! Tests of scripts: what reaches psql, and what is told before.

use proptest::prelude::*;

use super::*;

mod ends;

/// Gives a few bytes at a time.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// The pieces with the SQL between two others joined, and how it ended.
fn joined(bytes: &[u8], step: usize) -> (Vec<Piece>, Option<Broken>) {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in Script::new(Slow(bytes, step)) {
        match (pieces.last_mut(), piece) {
            (Some(Piece::Sql(before)), Ok(Piece::Sql(now))) => {
                *before = [&before[..], &now[..]].concat().into();
            }
            // What was seen has tests of its own.
            (_, Ok(Piece::Seen(_))) => {}
            (_, Ok(piece)) => pieces.push(piece),
            (_, Err(broken)) => return (pieces, Some(broken)),
        }
    }
    (pieces, None)
}

fn sql_of(bytes: &[u8]) -> Vec<u8> {
    let pieces = Script::new(bytes).map(|piece| piece.unwrap());
    pieces
        .filter_map(|piece| match piece {
            Piece::Sql(bytes) => Some(bytes),
            _ => None,
        })
        .collect::<Vec<_>>()
        .concat()
}

fn told(text: &str) -> Vec<Piece> {
    let (pieces, broken) = joined(text.as_bytes(), 1 << 20);
    assert_eq!(broken, None);
    let other = |piece: &Piece| !matches!(piece, Piece::Sql(_));
    pieces.into_iter().filter(other).collect()
}

fn refused(text: &str) -> Finding {
    match joined(text.as_bytes(), 1 << 20).1 {
        Some(Broken::Backup(finding)) => finding,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_needs_no_change_goes_through_unchanged() {
    let text = b"SET x = 1;\n-- a \\! b\nCREATE FUNCTION f() AS $x$ \\! ; $y$ $x$;\n\
        COPY t (a) FROM stdin;\n1\\\\\t\\N\n\\! rm\n\\.x\n\\.\n\nSELECT E'\\'\\\\', '\\', \"\\\"; /* /* \\! */ */\n";
    assert_eq!(sql_of(text), text);
}

#[test]
fn the_tablespaces_of_the_source_are_left_out() {
    let text = b"SET x = 1;\n\nSET default_tablespace = \"odd ts\";\n\nCREATE TABLE public.t (a int);\n\
        SET default_tablespace = '';\nSET default_tablespace = fast;\nSET default_table_access_method = heap;\n";
    let kept =
        b"SET x = 1;\n\n\n\nCREATE TABLE public.t (a int);\nSET default_tablespace = '';\n\n\
        SET default_table_access_method = heap;\n";
    assert_eq!(sql_of(text), kept);
    for step in [1, 7, 64] {
        let (pieces, broken) = joined(text, step);
        assert_eq!(broken, None);
        assert_eq!(pieces, [Piece::Sql(kept.to_vec().into())], "{step}");
    }
}

#[test]
fn commands_outside_rows_are_refused_wherever_psql_would_see_them() {
    for text in [
        "\\! touch x\n",
        "SELECT 1;\n\\! touch x\n",
        "SELECT 1 \\! touch x\n",
        "SELECT 1 \\g |touch x\n",
        "SELECT 'a' \\gexec\n",
        "-- a\r\\! touch x\n",
        "SELECT E'a'\n'b\\'' \\! touch x\n",
        "\\restrict k\n\\! touch x\n\\unrestrict k\n",
        "\\restrict k\n\\unrestrict `touch x`\n",
        "CREATE TABLE t (x missing);\nCOPY t FROM stdin; \\! touch x\n\\.\n",
        "\\.\n",
        "SELECT $1$ \\! $1$;\n",
        "SELECT a$$ \\! $$;\n",
        "\\set ON_ERROR_STOP off\n",
    ] {
        let finding = refused(text);
        assert_eq!(finding.code, Code::DumpCorrupt, "{text}");
        assert!(!format!("{finding:?}").contains("touch"), "{finding:?}");
    }
    let finding = refused("SELECT 1;\n\n\\! touch x\n");
    assert_eq!(finding.message, "psql command \"\\!\" in the dump");
    assert_eq!(finding.detail.as_deref(), Some("It stands in line 3."));
}

#[test]
fn a_quote_that_versions_of_psql_read_differently_is_refused() {
    assert_eq!(refused("SELECT 1E'\\'; \\! x '';").code, Code::DumpCorrupt);
}

#[test]
fn restrict_is_swallowed_and_connect_is_told() {
    let text = "\\restrict aB1\nSELECT 1;\n\\unrestrict aB1\n\\connect shop\n\\restrict aB2\nSELECT 2;\n\\unrestrict aB2\n";
    let (pieces, broken) = joined(text.as_bytes(), 7);
    assert_eq!(broken, None);
    assert_eq!(
        pieces,
        [
            Piece::Sql("SELECT 1;\n".into()),
            Piece::Connect("shop".to_owned()),
            Piece::Sql("SELECT 2;\n".into()),
        ]
    );
}

#[test]
fn roles_are_told_once_before_the_bytes_that_name_them() {
    let text = "SELECT 1;\nALTER TABLE t OWNER TO \"we\"\"ird\";\nGRANT ALL ON TABLE t TO b, \"we\"\"ird\";\n";
    let (pieces, _) = joined(text.as_bytes(), 1 << 20);
    assert_eq!(
        pieces,
        [
            Piece::Sql("SELECT 1;\n".into()),
            Piece::Role("we\"ird".to_owned()),
            Piece::Sql("ALTER TABLE t OWNER TO \"we\"\"ird\";\n".into()),
            Piece::Role("b".to_owned()),
            Piece::Sql("GRANT ALL ON TABLE t TO b, \"we\"\"ird\";\n".into()),
        ]
    );
}

#[test]
fn roles_that_the_script_creates_are_not_told() {
    let text = "CREATE ROLE a;\nALTER ROLE a WITH LOGIN;\nALTER TABLE t OWNER TO a;\n";
    assert_eq!(told(text), []);
}

#[test]
fn extensions_and_the_schema_public_are_told() {
    assert_eq!(
        told(
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\nCREATE SCHEMA public;\n"
        ),
        [
            Piece::Extension("uuid-ossp".to_owned()),
            Piece::CreatesPublic
        ]
    );
}

#[test]
fn drops_before_the_first_create_are_left_out_and_counted() {
    let text = b"SET a = 1;\nALTER TABLE ONLY t DROP CONSTRAINT k;\nDROP TABLE t;\nCREATE TABLE t ();\nDROP TABLE t;\n";
    let mut script = Script::new(&text[..]);
    let sql: Vec<_> = script
        .by_ref()
        .filter_map(|piece| match piece.unwrap() {
            Piece::Sql(bytes) => Some(bytes),
            Piece::Seen(_) => None,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        sql.concat(),
        b"SET a = 1;\n\n\nCREATE TABLE t ();\nDROP TABLE t;\n"
    );
    assert_eq!(script.dropped(), 2);
}

#[test]
fn a_script_needs_the_end_that_its_head_promises() {
    let whole = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n";
    assert_eq!(joined(whole.as_bytes(), 3).1, None);
    assert_eq!(
        joined(whole.replace('\n', "\r\n").as_bytes(), 3).1,
        None,
        "CR LF"
    );
    let text = &whole[..whole.find(" complete").unwrap()];
    assert_eq!(refused(text).code, Code::DumpIncomplete);
    let all = format!("-- PostgreSQL database cluster dump\n{whole}");
    assert_eq!(refused(&all).code, Code::DumpIncomplete);
    let twice = "-- PostgreSQL database dump\nSELECT 1;\n".repeat(2);
    assert_eq!(refused(&twice).code, Code::DumpIncomplete);
}

#[test]
fn rows_without_their_end_are_incomplete_and_name_the_table() {
    for text in [
        "COPY public.\"T x\" (a) FROM stdin;\n1\n2\n",
        "COPY public.\"T x\" (a) FROM stdin;",
    ] {
        let finding = refused(text);
        assert_eq!(finding.code, Code::DumpIncomplete);
        assert_eq!(finding.subject.as_deref(), Some("public.T x"));
    }
}

#[test]
fn an_open_quote_comment_or_parenthesis_is_incomplete() {
    for text in [
        "SELECT 'a",
        "SELECT \"a",
        "SELECT $a$ x",
        "/* a",
        "INSERT INTO t VALUES (1",
    ] {
        assert_eq!(refused(text).code, Code::DumpIncomplete, "{text}");
    }
}

#[test]
fn semicolons_inside_a_function_body_end_nothing() {
    let text = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END;\nSELECT 1;\n";
    let mut lexer = Lexer::new();
    let (mut at, mut ends) = (0, 0);
    while at < text.len() {
        let (count, event) = lexer.run(&text.as_bytes()[at..], true);
        at += count;
        ends += usize::from(event == Event::End);
    }
    assert_eq!(ends, 2);
}

#[test]
fn backslashes_in_plain_strings_follow_the_setting() {
    let text = b"SET standard_conforming_strings = off;\nSELECT 'it\\'s';\nSET standard_conforming_strings = on;\nSELECT '\\';\n";
    assert_eq!(sql_of(text), text);
}

#[test]
fn a_nul_outside_rows_is_corrupt() {
    for text in [
        "SELECT \0",
        "SELECT '\0'",
        "-- \0\n",
        "$a$ \0 $a$",
        "\"\0\"",
    ] {
        assert_eq!(refused(text).code, Code::DumpCorrupt, "{text:?}");
    }
}

/// Rows of one line that never ends; counts what was asked for.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(usize::try_from(self.0).unwrap());
        into[..count].fill(b'x');
        self.0 -= count as u64;
        Ok(count)
    }
}

#[test]
fn a_huge_line_is_handed_out_while_it_arrives() {
    for head in ["COPY t FROM stdin;\n", "INSERT INTO t VALUES ('"] {
        let mut script = Script::new(head.as_bytes().chain(Endless(64 << 20)));
        let mut most = 0;
        while let Some(Ok(_)) = script.next() {
            most = most.max(script.bytes.len());
        }
        assert!(most < 4 * STEP, "{most} bytes were held");
    }
}

/// Text that is rich in what the lexer looks at, without backslashes in SQL.
const RICH: &str = "([a-zE1;'\"$()\\-/* \r\n]{0,8}|COPY t FROM stdin;\n|\\\\.\n|\\$a\\$|ALTER TABLE t OWNER TO x;|-- PostgreSQL database dump\n|DROP TABLE t;){0,30}";

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        joined(&bytes, 5);
    }

    #[test]
    fn where_chunks_end_does_not_matter(text in RICH, step in 1_usize..9) {
        prop_assert_eq!(joined(text.as_bytes(), step), joined(text.as_bytes(), 1 << 20));
    }

    #[test]
    fn what_holds_no_command_is_not_changed(text in "([a-zE;'\"$()\\-/* \n]{0,8}|COPY t FROM stdin;\n1\n\\\\.\n|ALTER TABLE t OWNER TO x;){0,30}") {
        if let (pieces, None) = joined(text.as_bytes(), 11) {
            let sql: Vec<u8> = pieces
                .into_iter()
                .filter_map(|piece| match piece {
                    Piece::Sql(bytes) => Some(bytes.to_vec()),
                    _ => None,
                })
                .flatten()
                .collect();
            prop_assert_eq!(sql, text.into_bytes());
        }
    }
}
