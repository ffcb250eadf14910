//! Tests of tar archives that others packed.

use ::tar;

use super::*;

/// A tar of members, each with its type.
pub(super) fn tarred(members: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, kind, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        if kind.is_gnu_sparse() {
            header.as_gnu_mut().unwrap().set_real_size(0);
        }
        // The library itself refuses to write what a hostile archive holds.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        out.append(&header, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

#[test]
fn members_that_lead_outside_are_refused() {
    use tar::EntryType as Kind;
    for (name, kind, word) in [
        ("../1.dat", Kind::Regular, "outside"),
        ("/etc/passwd", Kind::Regular, "outside"),
        ("/etc/../1.dat", Kind::Regular, "outside"),
        ("d/../../1.dat", Kind::Regular, "outside"),
        ("d\\..\\1.dat", Kind::Regular, "outside"),
        ("../d/", Kind::Directory, "outside"),
        ("1.dat", Kind::Symlink, "no file"),
        ("1.dat", Kind::Link, "no file"),
        ("1.dat", Kind::Char, "no file"),
        ("1.dat", Kind::Fifo, "no file"),
        ("toc.dat", Kind::Regular, "twice"),
    ] {
        let bytes = tarred(&[("toc.dat", Kind::Regular, b"x"), (name, kind, b"")]);
        let Ok(Opened::Wrapped(_, rest)) = open(Cursor::new(bytes)) else {
            panic!("{name}")
        };
        match members(rest, &mut |_, _, _| Ok(())) {
            Err(Broken::Backup(finding)) => {
                assert_eq!(finding.code, Code::DumpCorrupt);
                assert!(finding.message.contains(word), "{name}: {finding:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_dump_that_is_packed_otherwise_is_not_called_bad() {
    use tar::EntryType as Kind;
    for (name, kind, word) in [
        ("/srv/d/1.dat", Kind::Regular, "absolute paths"),
        ("other/toc.dat", Kind::Regular, "several directory dumps"),
        ("1.dat", Kind::GNUSparse, "sparse files"),
        ("GNUSparseFile.0/1.dat", Kind::Regular, "sparse files"),
    ] {
        let bytes = tarred(&[("toc.dat", Kind::Regular, b"x"), (name, kind, b"")]);
        match members(&bytes[..], &mut |_, _, _| Ok(())) {
            Err(Broken::Run(error)) => assert!(error.to_string().contains(word), "{error}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let bytes = tarred(&[
        ("pax_global_header", Kind::XGlobalHeader, b"12 comment=1\n"),
        ("d/toc.dat", Kind::Regular, b"x"),
    ]);
    let Ok(Opened::Wrapped(_, rest)) = open(Cursor::new(bytes)) else {
        panic!("the global header is no file")
    };
    assert_eq!(members(rest, &mut |_, _, _| Ok(())), Ok(()));
}

#[test]
fn a_tar_without_a_table_of_contents_is_incomplete_and_one_of_files_is_named() {
    use tar::EntryType as Kind;
    let bytes = tarred(&[
        ("d/1.dat", Kind::Regular, b"x"),
        ("d/notes", Kind::Regular, b"x"),
    ]);
    let result = members(&bytes[..], &mut |name, _, _| {
        assert_eq!(name, "1.dat");
        Ok(())
    });
    assert!(matches!(result, Err(Broken::Backup(f)) if f.code == Code::DumpIncomplete));
    let finding = found(&tarred(&[("shop.txt", Kind::Regular, b"hello")]));
    assert!(finding.message.ends_with("a tar archive that holds files"));
}
