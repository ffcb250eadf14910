//! Small files that become gigabytes: refused by the real program while they do, with neither memory nor disk filled.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::Value;

use super::support::{cluster::Cluster, peak, program::pgdrill};

/// What a plan allows here, and what each bomb becomes at least.
const ALLOWED: &str = "64MB";
const PIECE: usize = 32 << 20;
const PIECES: usize = 256;

/// No run may need more than this of either, in bytes: an empty server and what was allowed come to less.
const MOST: u64 = 700 << 20;

/// What a run came to, seen from outside.
struct Seen {
    report: Value,
    code: Option<i32>,
    memory: u64,
    disk: u64,
}

/// Drills a dump with a temporary folder of its own, which is watched.
fn drill(dump: &[u8], name: &str) -> Seen {
    let place = tempfile::tempdir().unwrap();
    let (backups, spool) = (place.path().join("backups"), place.path().join("t"));
    fs::create_dir(&backups).unwrap();
    fs::create_dir(&spool).unwrap();
    for folder in [place.path(), &spool] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::write(backups.join(name), dump).unwrap();
    let plan = place.path().join("plan.yaml");
    let text = format!(
        "version: 1\nname: shop\nbackup:\n  url: ./backups\nlimits: {{ max_unpacked: {ALLOWED} }}\n\
         database:\n  tables: {{ min: 1 }}\n"
    );
    fs::write(&plan, text).unwrap();
    let mut command = pgdrill(&["verify", plan.to_str().unwrap(), "--format", "json"]);
    command
        .args(["--sandbox", "local"])
        .env("TMPDIR", &spool)
        .stderr(std::process::Stdio::null());
    let over = AtomicBool::new(false);
    let (ended, disk) = thread::scope(|scope| {
        let watching = scope.spawn(|| most_used(&spool, &over));
        let ended = peak::run(&mut command);
        over.store(true, Ordering::SeqCst);
        (ended, watching.join().unwrap())
    });
    Seen {
        report: serde_json::from_slice(&ended.output).unwrap(),
        code: ended.code,
        memory: ended.peak,
        disk,
    }
}

/// The most that lay below a folder at a time, in bytes, until it is over.
fn most_used(folder: &Path, over: &AtomicBool) -> u64 {
    let mut most = 0;
    while !over.load(Ordering::SeqCst) {
        most = most.max(used(folder));
        thread::sleep(Duration::from_millis(100));
    }
    most
}

fn used(folder: &Path) -> u64 {
    // Files come and go while they are counted.
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = files.map(|file| match file.metadata() {
        Ok(about) if about.is_dir() => used(&file.path()),
        Ok(about) => std::os::unix::fs::MetadataExt::blocks(&about) * 512,
        Err(_) => 0,
    });
    sizes.sum()
}

impl Seen {
    /// It was refused as this, nothing was proven, and neither memory nor disk was filled.
    fn is_refused(&self, name: &str, code: &str, words: &str) {
        let (report, findings) = (&self.report, self.report["findings"].to_string());
        let found = report["findings"].as_array().unwrap();
        assert!(
            found.iter().any(|finding| finding["code"] == code) && findings.contains(words),
            "{name}: {findings}"
        );
        assert_eq!(
            (self.code, &report["verdict"], &report["proof"]),
            (Some(1), &"failed".into(), &Value::Null),
            "{name}: {findings}"
        );
        assert!(
            self.memory < MOST,
            "{name}: {} bytes of memory",
            self.memory
        );
        assert!(self.disk < MOST, "{name}: {} bytes of disk", self.disk);
    }
}

type Pack = fn(&[u8]) -> Vec<u8>;

const PACKS: [(&str, Pack); 4] = [
    ("gzip", gzip),
    ("zstd", |bytes| zstd::encode_all(bytes, 3).unwrap()),
    ("xz", |bytes| liblzma::encode_all(bytes, 1).unwrap()),
    ("bzip2", |bytes| {
        let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }),
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A start, and one piece again and again: every codec reads streams that follow each other as one.
fn bomb(pack: Pack, start: &[u8], piece: &[u8]) -> Vec<u8> {
    let piece = pack(&piece.repeat(PIECE / piece.len()));
    [pack(start), piece.repeat(PIECES)].concat()
}

#[test]
fn a_script_that_becomes_gigabytes_is_refused_in_every_codec() {
    if Cluster::start().is_none() {
        return;
    }
    let head = b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (id int, a text);\nCOPY public.t (id, a) FROM stdin;\n";
    let row = format!("1\t{}\n", "a".repeat(1000));
    for (name, pack) in PACKS {
        let bomb = bomb(pack, head, row.as_bytes());
        assert!(bomb.len() < PIECE, "{name}: {} bytes", bomb.len());
        let seen = drill(&bomb, "shop.dump");
        seen.is_refused(name, "dump.unexpected", "unpacks to more than 64.0 MB");
    }
    let twice = gzip(&bomb(gzip, head, row.as_bytes()));
    let seen = drill(&twice, "shop.dump");
    seen.is_refused(
        "gzip twice",
        "dump.unexpected",
        "unpacks to more than 64.0 MB",
    );
}

/// A table whose rows are two hundred megabytes in a dump, and compress to nearly nothing.
const LARGE: &[u8] = b"create table t (a text); insert into t select repeat('a', 100000) from generate_series(1, 2000);";

#[test]
fn an_archive_whose_data_become_gigabytes_is_refused_in_every_format() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    cluster.psql("postgres", LARGE);
    let folder = cluster.socket().join("large.d");
    cluster.dump(&["-Fd", "-f", folder.to_str().unwrap()]);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", &folder).unwrap();
    for (name, dump) in [
        ("custom", cluster.dump(&["-Fc"])),
        ("tar in gzip", gzip(&cluster.dump(&["-Ft"]))),
        ("directory in a tar", tar.into_inner().unwrap()),
    ] {
        assert!(dump.len() < 4 << 20, "{name}: {} bytes", dump.len());
        let seen = drill(&dump, "shop.dump");
        seen.is_refused(name, "dump.unexpected", "unpacks to more than 64.0 MB");
    }
}

fn header(name: &str, kind: tar::EntryType, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o600);
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[test]
fn a_tar_whose_members_claim_absurd_sizes_fills_nothing() {
    if Cluster::start().is_none() {
        return;
    }
    let file = tar::EntryType::Regular;
    let claimed = header("1.dat", file, 1 << 60);
    let seen = drill(&claimed, "shop.tar");
    seen.is_refused("one that is not there", "dump.truncated", "tar archive");
    let zeros = [0; 512];
    let member = bomb(gzip, &claimed, &zeros);
    let seen = drill(&member, "shop.tar.gz");
    seen.is_refused("one of zeros", "dump.unexpected", "64.0 MB");
    let start = [
        header("1.dat", file, 0),
        header("././@LongLink", tar::EntryType::GNULongName, 1 << 40),
    ]
    .concat();
    let name = bomb(gzip, &start, &[b'a'; 512]);
    let seen = drill(&name, "shop.tar.gz");
    seen.is_refused("a name without an end", "dump.corrupt", "longer than 1 MiB");
}
