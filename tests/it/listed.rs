//! What pgdrill reads in a table of contents is what `pg_restore` reads there, or nothing is proven.

use pgdrill::{
    dump,
    error::Broken,
    plan::Provider,
    restore,
    sandbox::{self, Needs},
};

use super::support::{cluster::Cluster, place::Place, program::assert_found};

/// A table with a comment, and a sequence.
fn shop() -> Option<Vec<u8>> {
    let cluster = Cluster::start()?;
    cluster.psql(
        "postgres",
        b"create database shop;\n\\connect shop\ncreate table words (id serial, word text);\n\
          insert into words (word) values ('one');\ncomment on table words is 'What is said';\n",
    );
    Some(cluster.dump(&["-Fc", "shop"]))
}

/// The dump with an entry's kind that ends in the middle of a line: `pg_restore` restores it, and lists it as no one entry.
fn split(dump: &[u8]) -> Vec<u8> {
    let kind = b"\x07\0\0\0COMMENT\0";
    let mut dump = dump.to_vec();
    let at = (dump.windows(kind.len())).position(|bytes| bytes == kind);
    dump[at.unwrap() + 8] = b'\n';
    dump
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_pg_restore_lists_otherwise_than_it_was_read_is_not_passed() {
    let Some(dump) = shop() else { return };
    let place = Place::new("");
    place.store("shop.dump", &dump);
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
    place.store("shop.dump", &split(&dump));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 3, "{report:#}");
    assert_found(&report, "run.stopped");
    let told = report["findings"].to_string();
    assert!(told.contains("another table of contents"), "{report:#}");
    assert!(told.contains("COMM"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_another_encoding_are_no_difference() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql(
        "postgres",
        b"create database shop encoding 'LATIN1' locale 'C' template template0;\n\\connect shop\n\
          set client_encoding = 'LATIN1';\ncreate table \"caf\xe9\" (\"\xe0\" int);\ninsert into \"caf\xe9\" values (1);\n",
    );
    let place = Place::new("");
    place.store("shop.dump", &cluster.dump(&["-Fc", "shop"]));
    let (code, report) = place.drill("local").await;
    assert_eq!(code, 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_overlooked_is_found_by_what_pg_restore_lists() {
    let Some(dump) = shop() else { return };
    let (contents, toc) = dump::head(dump.into()).unwrap();
    let needs = Needs {
        run: ulid::Ulid::generate().to_string(),
        provider: Provider::Local,
        ..Needs::default()
    };
    let sandbox = sandbox::start(&needs).await.unwrap();
    let same = restore::listed(&sandbox, &contents, &toc).await.unwrap();
    assert_eq!(same, None);
    for left_out in 0..contents.toc.len() {
        let mut fewer = contents.clone();
        fewer.toc.remove(left_out);
        let told = restore::listed(&sandbox, &fewer, &toc).await;
        assert!(matches!(told, Err(Broken::Run(_))), "{left_out}: {told:?}");
    }
    // One that it cannot read is for the restore to judge.
    let short = toc.slice(..toc.len() - 1);
    let refused = restore::listed(&sandbox, &contents, &short).await;
    assert!(refused.is_ok_and(|error| error.is_some()));
    sandbox.stop().await.unwrap();
}
