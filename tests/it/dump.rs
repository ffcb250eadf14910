//! What dumps of a real server say of themselves, and what is noticed when they are damaged.

use std::{
    collections::BTreeSet,
    fs,
    io::{Cursor, Read, Write},
    path::Path,
    process::Command,
};

use pgdrill::{
    dump::{self, Codec, Contents, Format, Opened, Piece, Script},
    error::Broken,
    finding::{Code, Finding},
};

use crate::support::cluster::{Cluster, succeed};

const SHOP: &[u8] = include_bytes!("shop.sql");
const ROLES: [&str; 5] = ["auditor", "mapped", "reader", "shop_owner", "we\"ird role"];
const CODECS: [Codec; 6] = [
    Codec::None,
    Codec::Gzip,
    Codec::Zstd,
    Codec::Lz4,
    Codec::Xz,
    Codec::Bzip2,
];

fn shop() -> Option<Cluster> {
    let cluster = Cluster::start()?;
    cluster.psql("postgres", SHOP);
    Some(cluster)
}

fn wrap(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    match codec {
        Codec::None => bytes.to_vec(),
        Codec::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Codec::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        Codec::Lz4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Codec::Xz => liblzma::encode_all(bytes, 1).unwrap(),
        Codec::Bzip2 => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
    }
}

/// Everything that a dump tells and holds.
fn whole(bytes: &[u8]) -> Result<(Contents, Vec<u8>), Broken> {
    let (contents, mut rest) = match dump::open(Cursor::new(bytes.to_vec()))? {
        Opened::Archive(contents, rest) | Opened::Script(contents, rest) => (contents, rest),
        Opened::Wrapped(..) => panic!("taken for a directory dump in a tar"),
    };
    let mut all = Vec::new();
    match rest.read_to_end(&mut all) {
        Ok(_) => Ok((contents, all)),
        Err(error) => Err(Broken::inside(&error).unwrap().clone()),
    }
}

fn finding(result: Result<impl Sized, Broken>) -> Finding {
    match result {
        Err(Broken::Backup(finding)) => finding,
        Err(Broken::Run(error)) => panic!("{error}"),
        Ok(_) => panic!("nothing was found"),
    }
}

/// What `pg_restore -l` says that the table of contents holds.
fn listed(cluster: &Cluster, dump: &Path) -> u64 {
    let listing = succeed(cluster.client("pg_restore").arg("-l").arg(dump)).stdout;
    let listing = String::from_utf8(listing).unwrap();
    let line = listing
        .lines()
        .find_map(|line| line.split_once("TOC Entries: "));
    line.unwrap().1.trim().parse().unwrap()
}

fn is_the_shop(contents: &Contents, entries: u64) {
    assert_eq!(contents.entries, Some(entries));
    assert_eq!(contents.toc.len() as u64, entries);
    assert_eq!(contents.tables, Some(4));
    assert_eq!(
        contents.roles,
        [&ROLES[..], &["postgres"]]
            .concat()
            .into_iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(contents.extensions, ["pgcrypto", "uuid-ossp"]);
    assert_eq!(contents.database.as_deref(), Some("shop"));
    assert_eq!(contents.encoding.as_deref(), Some("UTF8"));
    assert_eq!(contents.locale.collate.as_deref(), Some("C.UTF-8"));
    assert_eq!(contents.locale.ctype.as_deref(), Some("C.UTF-8"));
    assert!(contents.created.as_deref().unwrap().starts_with("20"));
    assert!(contents.major().is_some());
    assert_eq!(contents.major(), contents.tools_major());
}

#[test]
fn archives_tell_what_pg_restore_lists_in_every_codec() {
    let Some(cluster) = shop() else { return };
    for (argument, format) in [("-Fc", Format::Custom), ("-Ft", Format::Tar)] {
        let bytes = cluster.dump(&[argument, "shop"]);
        let file = cluster.socket().join("dump");
        fs::write(&file, &bytes).unwrap();
        let entries = listed(&cluster, &file);
        for codec in CODECS {
            let (contents, all) = whole(&wrap(codec, &bytes)).unwrap();
            assert!(all == bytes, "{argument} in {codec:?} came out changed");
            assert_eq!((contents.format, contents.codec), (format, codec));
            is_the_shop(&contents, entries);
        }
    }
    let bare = cluster.dump(&["-Fc", "-Z0", "shop"]);
    let (contents, _) = whole(&bare).unwrap();
    assert_eq!(contents.facts().codec, "none");
    let (contents, _) = whole(&cluster.dump(&["-Fc", "shop"])).unwrap();
    assert_eq!(contents.facts().codec, "gzip");
    assert_eq!(contents.facts().format, "custom");
}

#[test]
fn archives_with_no_data_and_data_alone_are_whole() {
    let Some(cluster) = shop() else { return };
    for option in [
        "-s",
        "-a",
        "--section=pre-data",
        "--section=post-data",
        "--no-blobs",
        "-tusers",
    ] {
        for format in ["-Fc", "-Ft"] {
            let bytes = cluster.dump(&[format, option, "shop"]);
            let (_, all) = whole(&bytes).unwrap();
            assert!(all == bytes, "{format} {option} came out changed");
        }
    }
    // A file can be sought in, so that the offsets of its data are known.
    let file = cluster.socket().join("sought");
    cluster.dump(&["-Fc", "-f", file.to_str().unwrap(), "shop"]);
    whole(&fs::read(file).unwrap()).unwrap();
}

#[test]
fn a_cut_dump_is_noticed_wherever_it_is_cut() {
    let Some(cluster) = shop() else { return };
    for format in ["-Fc", "-Ft", "-Fp"] {
        let bytes = cluster.dump(&[format, "shop"]);
        for codec in [Codec::None, Codec::Gzip, Codec::Lz4] {
            let wrapped = wrap(codec, &bytes);
            for part in 1..16 {
                let cut = &wrapped[..wrapped.len() * part / 16];
                let found = match whole(cut) {
                    Ok((contents, sql)) if contents.format == Format::Plain => {
                        finding(Script::new(&sql[..]).collect::<Result<Vec<_>, _>>())
                    }
                    other => finding(other),
                };
                let codes = [Code::DumpTruncated, Code::DumpIncomplete];
                assert!(
                    codes.contains(&found.code),
                    "{format} {codec:?} {part}: {found:?}"
                );
            }
        }
    }
}

#[test]
fn a_large_object_that_zeros_cut_off_is_noticed() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    // Zeros look like the end of an object and of all objects: the others are missing, or the rest of it follows.
    let large = "select lo_from_bytea(7001, decode(repeat('ab', 60000), 'hex')), lo_from_bytea(7002, decode(repeat('cd', 60000), 'hex'))";
    cluster.psql("postgres", large.as_bytes());
    let whole = cluster.dump(&["-Fc", "-Z0"]);
    dump::scan(Cursor::new(whole.clone()), &dump::nobody()).unwrap();
    for (byte, code) in [(0xab, Code::DumpIncomplete), (0xcd, Code::DumpCorrupt)] {
        let first = memchr::memmem::find(&whole, &[byte; 64]).unwrap();
        // The length of the second chunk is among them.
        let chunk = whole[first..]
            .iter()
            .take_while(|&&one| one == byte)
            .count();
        let mut damaged = whole.clone();
        damaged[first + chunk - 100..first + chunk + 400].fill(0);
        let found = finding(dump::scan(Cursor::new(damaged), &dump::nobody()));
        assert_eq!(found.code, code, "{found:?}");
    }
}

#[test]
fn a_directory_dump_is_found_in_whatever_tar_packed_it() {
    let Some(cluster) = shop() else { return };
    for level in ["-Z6", "-Z0"] {
        let folder = cluster.socket().join(format!("shop.dir{level}"));
        cluster.dump(&["-Fd", level, "-f", folder.to_str().unwrap(), "shop"]);
        let entries = listed(&cluster, &folder);
        let toc = fs::read(folder.join("toc.dat")).unwrap();
        is_the_shop(&dump::directory(&toc).unwrap(), entries);
        dump::check_blobs(&fs::read(folder.join("blobs.toc")).unwrap()).unwrap();
        assert_eq!(
            finding(dump::directory(&toc[..toc.len() - 1])).code,
            Code::DumpTruncated
        );
        let mut expected = BTreeSet::new();
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            assert!(dump::member_name_ok(file.file_name().to_str().unwrap()));
            expected.insert((
                file.file_name().into_string().unwrap(),
                fs::read(file.path()).unwrap(),
            ));
        }
        for packed in pack(&folder) {
            for codec in [Codec::None, Codec::Gzip, Codec::Zstd] {
                assert_eq!(unpacked(&wrap(codec, &packed), codec).unwrap(), expected);
            }
            // At the end of a member, where a cut is not seen in the member itself.
            let cut = packed.len() - 1 - packed.iter().rev().take_while(|&&byte| byte == 0).count();
            for end in [cut / 2, cut.next_multiple_of(512)] {
                let found = finding(unpacked(&packed[..end], Codec::None));
                assert_eq!(found.code, Code::DumpTruncated);
            }
        }
    }
}

/// A folder packed in the ways that people pack one.
fn pack(folder: &Path) -> Vec<Vec<u8>> {
    let (parent, name) = (folder.parent().unwrap(), folder.file_name().unwrap());
    let tar = |arguments: &[&str]| {
        let mut command = Command::new("tar");
        command.args(["--owner=postgres", "--group=postgres", "-cf", "-"]);
        command.args(arguments);
        command
    };
    let mut all = Vec::new();
    for format in ["--format=gnu", "--format=ustar", "--format=pax"] {
        all.push(succeed(tar(&[format, "."]).current_dir(folder)).stdout);
        all.push(succeed(tar(&[format]).arg(name).current_dir(parent)).stdout);
        let mut files = tar(&[format, "toc.dat"]);
        let names = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name());
        files.args(names.filter(|name| name != "toc.dat"));
        all.push(succeed(files.current_dir(folder)).stdout);
    }
    all
}

fn unpacked(bytes: &[u8], expected: Codec) -> Result<BTreeSet<(String, Vec<u8>)>, Broken> {
    let Opened::Wrapped(codec, rest) = dump::open(Cursor::new(bytes.to_vec()))? else {
        panic!("not taken for a directory dump in a tar");
    };
    assert_eq!(codec, expected);
    let mut found = BTreeSet::new();
    dump::members(rest, &mut |name, size, member| {
        let mut held = Vec::new();
        member.read_to_end(&mut held)?;
        if held.len() as u64 != size {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        found.insert((name.to_owned(), held));
        Ok(())
    })?;
    Ok(found)
}

/// Plays a script as a restore does; gives the databases that it filled.
fn play(cluster: &Cluster, database: &str, script: &[u8]) -> Vec<String> {
    let mut databases = vec![(database.to_owned(), Vec::new())];
    for piece in Script::new(script) {
        match piece.unwrap() {
            Piece::Sql(bytes) => databases.last_mut().unwrap().1.extend_from_slice(&bytes),
            Piece::Role(name) => {
                let quoted = name.replace('"', "\"\"");
                let there = cluster.psql("postgres", b"SELECT rolname FROM pg_roles");
                if !there.lines().any(|role| role == name) {
                    let sql = format!("CREATE ROLE \"{quoted}\" NOLOGIN");
                    cluster.psql("postgres", sql.as_bytes());
                }
            }
            Piece::Extension(_)
            | Piece::CreatesPublic
            | Piece::CreatesDatabase
            | Piece::CreatesTablespace
            | Piece::ForeignRows(_)
            | Piece::Seen(_)
            | Piece::Rows(_) => {}
            Piece::Connect(name) => databases.push((name, Vec::new())),
        }
        // What comes first must be there first.
        if databases.len() > 1 && !databases[0].1.is_empty() {
            let (database, sql) = databases.remove(0);
            cluster.psql(&database, &sql);
            databases.insert(0, (database, Vec::new()));
        }
    }
    for (database, sql) in &databases {
        cluster.psql(database, sql);
    }
    databases.into_iter().map(|(name, _)| name).collect()
}

/// A plain dump without the key that differs each time.
fn comparable(cluster: &Cluster, database: &str) -> String {
    let sql = String::from_utf8(cluster.dump(&[database])).unwrap();
    let key = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
    sql.lines().filter(key).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_script_restores_the_same_database_elsewhere() {
    let (Some(source), Some(target)) = (shop(), Cluster::start()) else {
        return;
    };
    for (at, options) in [
        &[][..],
        &["--clean"],
        &["--clean", "--if-exists"],
        &["--inserts"],
    ]
    .into_iter()
    .enumerate()
    {
        let sql = source.dump(&[options, &["shop"]].concat());
        let (contents, same) = whole(&wrap(Codec::Zstd, &sql)).unwrap();
        assert!(same == sql);
        assert_eq!(contents.format, Format::Plain);
        assert!(contents.major().is_some() && contents.major() == contents.tools_major());
        assert_eq!(contents.encoding.as_deref(), Some("UTF8"));
        assert_eq!(contents.extensions, ["pgcrypto", "uuid-ossp"]);
        let database = format!("copy_{at}");
        target.psql(
            "postgres",
            format!("CREATE DATABASE {database} TEMPLATE template0").as_bytes(),
        );
        play(&target, &database, &sql);
        let (was, is) = (comparable(&source, "shop"), comparable(&target, &database));
        let other = was.lines().zip(is.lines()).find(|(was, is)| was != is);
        assert_eq!(other, None, "{options:?} restored something else");
        assert_eq!(was.len(), is.len(), "{options:?} restored something else");
    }
}

#[test]
fn a_cluster_dump_tells_its_databases() {
    let Some(cluster) = shop() else { return };
    let sql = succeed(&mut cluster.client("pg_dumpall")).stdout;
    let (contents, _) = whole(&sql).unwrap();
    assert_eq!(contents.format, Format::PlainAll);
    let pieces: Vec<_> = Script::new(&sql[..]).map(Result::unwrap).collect();
    let names: Vec<_> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Connect(name) => Some(name.as_str()),
            Piece::Role(name) => panic!("{name} is created by the dump itself"),
            _ => None,
        })
        .collect();
    for name in ["odd 'db'", "shop", "postgres", "template1"] {
        assert!(names.contains(&name), "{name} is not among {names:?}");
    }
    let cut = &sql[..sql.len() - 60];
    let found = finding(Script::new(cut).collect::<Result<Vec<_>, _>>());
    assert_eq!(found.code, Code::DumpIncomplete);
}

#[test]
fn a_physical_backup_is_named_as_one_and_not_called_bad() {
    let Some(cluster) = shop() else { return };
    let tar = succeed(
        cluster
            .client("pg_basebackup")
            .args(["-Ft", "-c", "fast", "-X", "none", "-D", "-"]),
    );
    match whole(&wrap(Codec::Gzip, &tar.stdout)) {
        Err(Broken::Run(error)) => {
            assert!(error.to_string().contains("pg_basebackup"), "{error}");
        }
        Err(Broken::Backup(found)) => panic!("{found:?}"),
        Ok(_) => panic!("taken for a dump"),
    }
}
