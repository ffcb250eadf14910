//! `pg_restore -j` begins with the indexes of the largest tables, also where the dump does not say how large they are.

use std::{fs, path::Path, process::Command};

use pgdrill::dump::{self, Opened};

use super::support::cluster::{Cluster, succeed};

const TABLES: &[u8] =
    b"create table a as select n from generate_series(1, 9) n; create index on a (n);\n\
    create table b as select n from generate_series(1, 9) n; create index on b (n);\n\
    create table c as select n from generate_series(1, 9) n; create index on c (n);\n";

/// What `pg_restore -j2` begins with, of what is behind the data.
fn begun(server: &Cluster, archive: &Path) -> Vec<String> {
    let restore = |more: &[&str]| -> Command {
        let mut command = server.client("pg_restore");
        command.args(["-d", "copy"]).args(more).arg(archive);
        command
    };
    server.psql("postgres", b"drop database if exists copy");
    server.psql("postgres", b"create database copy");
    succeed(&mut restore(&["--section=pre-data"]));
    let output = succeed(&mut restore(&["--section=post-data", "-v", "-j2"]));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines()
        .filter_map(|line| line.split("launching item ").nth(1)?.split(' ').next_back())
        .map(str::to_owned)
        .collect()
}

#[test]
fn indexes_of_the_largest_tables_are_begun_first() {
    let Some(server) = Cluster::start() else {
        return;
    };
    server.psql("postgres", b"create database shop");
    server.psql("shop", TABLES);
    // Written through a pipe: no offset is known.
    let bytes = server.dump(&["-Fc", "shop"]);
    let Opened::Archive(contents, _) = dump::open(std::io::Cursor::new(bytes.clone())).unwrap()
    else {
        panic!("no archive");
    };
    let end = usize::try_from(contents.data.unwrap().at).unwrap();
    let recast = dump::as_custom(&bytes[..end], &[]).unwrap();
    let of = |table: &str| {
        let mut data = contents.toc.iter().filter(|entry| entry.is_table_data());
        data.find(|entry| &*entry.tag == table).unwrap().id
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let cases = [
        (recast.whole().clone(), ["a_n_idx", "b_n_idx", "c_n_idx"]),
        (
            recast.ranked(&[of("c"), of("a")]),
            ["c_n_idx", "a_n_idx", "b_n_idx"],
        ),
        (
            recast.ranked(&[of("b"), of("c")]),
            ["b_n_idx", "c_n_idx", "a_n_idx"],
        ),
    ];
    for (bytes, order) in cases {
        fs::write(&archive, bytes).unwrap();
        assert_eq!(begun(&server, &archive), order);
    }
}
