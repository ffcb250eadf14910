//! A data directory is initialised once for each server, and copied only from a folder that is the user's own.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::support::cluster::{Cluster, succeed};

/// What starts every throwaway server.
const SCRIPT: &str = include_str!("../../src/sandbox/server.sh");

/// A server that the script started.
struct Started {
    child: Child,
    home: PathBuf,
    data: PathBuf,
}

fn start(server: &Cluster, name: &str, password: &str) -> Started {
    let place = server.socket().join(name);
    fs::create_dir(&place).unwrap();
    let owner = fs::metadata(server.socket()).unwrap();
    chown(&place, Some(owner.uid()), Some(owner.gid())).unwrap();
    let child = server
        .server("/bin/sh")
        .args(["-c", SCRIPT])
        .env("PGDRILL_BINS", "")
        .env("PGDRILL_PLACES", &place)
        .env("PGDRILL_SOCKETS", &place)
        .env("PGDRILL_LISTEN", "")
        .env("PGDRILL_CACHE", server.socket().join("cache"))
        .env("PGDRILL_SETTINGS", "fsync = off")
        .env("PGDRILL_DEADLINE", "120")
        .env("PGDRILL_TIE", "stdin")
        .env("PGPASSWORD", password)
        .env("LC_ALL", "C")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !answers(server, &place, password) {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "{name} never answered"
        );
    }
    assert!(!answers(server, &place, "another"), "{name}");
    let home = place.join("pgdrill");
    let inside = fs::read_dir(&home).unwrap().flatten();
    let mut folders = inside.filter(|one| one.file_name().to_string_lossy().starts_with("data-"));
    let data = folders.next().unwrap().path();
    Started { child, home, data }
}

fn answers(server: &Cluster, place: &Path, password: &str) -> bool {
    let mut psql = server.client("psql");
    psql.args(["-XAtqc", "select 1"])
        .env("PGHOST", place)
        .env("PGUSER", "pgdrill_superuser")
        .env("PGPASSWORD", password);
    psql.output().unwrap().status.success()
}

impl Started {
    /// Whether it began with a copy of what is marked; ends it.
    fn begun_with_mark(self) -> bool {
        let marked = self.data.join("marker").exists();
        self.end();
        marked
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

#[test]
fn a_data_directory_is_initialised_once_for_each_server_and_taken_from_nobody_else() {
    let Some(server) = Cluster::start() else {
        return;
    };
    assert!(!start(&server, "first", "one").begun_with_mark());
    let cache = server.socket().join("cache");
    let kept = fs::read_dir(&cache)
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    let about = fs::metadata(&cache).unwrap();
    assert_eq!(about.mode() & 0o777, 0o700);
    // Root writes as root, and the server's user copies.
    let mark = || {
        let marker = kept.join("data/marker");
        fs::write(&marker, "").unwrap();
        chown(&marker, Some(about.uid()), Some(about.gid())).unwrap();
    };
    mark();
    assert!(start(&server, "second", "two").begun_with_mark());
    fs::write(kept.join("made-by"), "another server\n").unwrap();
    assert!(!start(&server, "third", "three").begun_with_mark());
    assert_ne!(fs::read(kept.join("made-by")).unwrap(), b"another server\n");
    if nix::unistd::geteuid().is_root() {
        mark();
        chown(&cache, Some(0), Some(0)).unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(!start(&server, "fourth", "four").begun_with_mark());
    }
}

#[test]
fn a_server_makes_its_files_away_from_those_that_were_just_removed() {
    let Some(server) = Cluster::start() else {
        return;
    };
    let mut file_system = Command::new("stat");
    file_system.args(["-f", "-c", "%T"]).arg(server.socket());
    let kind = succeed(&mut file_system).stdout;
    if kind != b"ext2/ext3\n" {
        // Nothing that could be installed: it is not asked for by name.
        return eprintln!("skipped: the folder for temporary files is not on ext4");
    }
    let started = start(&server, "first", "one");
    let listed = succeed(Command::new("lsattr").arg("-d").arg(&started.home)).stdout;
    started.end();
    let flags = String::from_utf8(listed).unwrap();
    assert!(flags.split(' ').next().unwrap().contains('T'), "{flags}");
}
