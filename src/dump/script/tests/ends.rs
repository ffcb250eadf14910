//! Tests of where the reading of a script ends, and of the commands that are left out of it.

use super::*;

#[test]
fn a_nul_in_rows_is_corrupt_where_it_is_met() {
    for step in [1, 7, 1 << 20] {
        let text = b"COPY public.t FROM stdin;\n1\tx\n2\t\0\0\0\0";
        let (pieces, broken) = joined(text, step);
        let Some(Broken::Backup(finding)) = broken else {
            panic!("{broken:?}");
        };
        assert_eq!(finding.code, Code::DumpCorrupt);
        assert_eq!(finding.message, "a NUL byte in the rows of \"public.t\"");
        assert_eq!(finding.detail.as_deref(), Some("It stands in line 3."));
        assert!(pieces.contains(&Piece::Rows("public.t".to_owned())));
    }
}

#[test]
fn a_line_that_no_server_takes_is_not_read_to_its_end() {
    for head in ["COPY t FROM stdin;\n", "INSERT INTO t VALUES ('", "-- "] {
        let mut script = Script::new(head.as_bytes().chain(Endless(u64::MAX)));
        script.widest = 4 << 20;
        let broken = script.by_ref().find_map(Result::err).unwrap();
        assert!(
            format!("{broken:?}").contains("longer than 1 GiB"),
            "{broken:?}"
        );
    }
    let lines = "COPY t FROM stdin;\n123456\n123456\n\\.\n";
    let mut script = Script::new(lines.as_bytes());
    script.widest = 20;
    assert!(script.all(|piece| piece.is_ok()));
}

const WHOLE: &str = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n\n--\n-- PostgreSQL database dump complete\n--\n\n";

#[test]
fn zeros_behind_the_closing_line_are_padding() {
    let sql = WHOLE.as_bytes();
    for step in [1, 7, 1 << 20] {
        let padded = [sql, &[0; 700]].concat();
        let (pieces, broken) = joined(&padded, step);
        assert_eq!((pieces, broken), (vec![Piece::Sql(WHOLE.into())], None));
        let more = [sql, &[0; 700], b"x"].concat();
        assert!(joined(&more, step).1.is_some());
        let open = WHOLE.replace(" complete", "");
        assert!(
            joined(&[open.as_bytes(), &[0; 700]].concat(), step)
                .1
                .is_some()
        );
        assert!(
            joined(&[&b"SELECT 1;\n"[..], &[0; 700]].concat(), step)
                .1
                .is_some()
        );
    }
}

#[test]
fn commands_that_do_nothing_to_a_database_are_left_out() {
    let text = "\\set ON_ERROR_STOP on\n\\timing\nSELECT 1;\n\\echo half\nSELECT 2;\n\\q\n\n";
    for step in [1, 7, 1 << 20] {
        let (pieces, broken) = joined(text.as_bytes(), step);
        assert_eq!(broken, None);
        assert_eq!(pieces, [Piece::Sql("SELECT 1;\nSELECT 2;\n".into())]);
    }
    let bare = joined(b"SELECT 1;\n\\q", 1 << 20);
    assert_eq!(bare, (vec![Piece::Sql("SELECT 1;\n".into())], None));
    for text in [
        "\\restrict k\n\\echo x\n\\unrestrict k\n",
        "SELECT 1 \\q\n",
        "SELECT 1 \\echo x\n",
    ] {
        assert_eq!(refused(text).code, Code::DumpCorrupt, "{text}");
    }
}

#[test]
fn what_follows_the_command_to_leave_is_told() {
    let finding = refused("SELECT 1;\n\\q\nSELECT 2;\n");
    assert_eq!(finding.code, Code::DumpIncomplete);
    let detail = "\"\\q\" stands in line 2: nothing that follows it would be restored.";
    assert_eq!(finding.detail.as_deref(), Some(detail));
    let early = WHOLE.replace("SELECT 1;\n", "SELECT 1;\n\\q\n");
    assert_eq!(refused(&early).code, Code::DumpIncomplete);
    let cut = &early[..early.find("\\q").unwrap() + 3];
    assert_eq!(refused(cut).code, Code::DumpIncomplete);
}

#[test]
fn a_script_without_its_closing_line_says_so() {
    let unclosed = |text: &str| {
        let seen = Script::new(text.as_bytes()).find_map(|piece| match piece.unwrap() {
            Piece::Seen(seen) => Some(seen.unclosed),
            _ => None,
        });
        seen.unwrap()
    };
    assert!(!unclosed(WHOLE));
    assert!(unclosed("SELECT 1;\n"));
}
