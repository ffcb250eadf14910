//! Every recipe of `tests/gallery`: the finding that its folder names, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Cursor, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use pgdrill::{
    dump::{self, Of, Rows, Tap, Viewer},
    error::Broken,
    finding::Finding,
    plan::{BackupPlan, RestorePlan},
    rules,
};
use serde_json::Value;

use super::support::{
    cluster::Cluster,
    postgres::Postgres,
    program::{findings, pgdrill, run},
};

/// Rows enough that the data, not the table of contents, lie in the middle of a dump.
pub(crate) const SEED: &str = "
    create table users (id int primary key, name text not null);
    insert into users select n, md5(n::text) || md5((n * 7)::text) from generate_series(1, 8000) n;
    create table orders (id int primary key, user_id int references users, note text);
    insert into orders select n, n, 'order ' || n from generate_series(1, 500) n;
    create table nothing (id int);
    create view names as select name from users;
    select lo_create(70001); select lo_put(70001, 0, 'a large object');
    select lo_create(70002);
";

/// A dump: one file, or the members of a folder.
#[derive(Clone)]
enum Dump {
    File(Vec<u8>),
    Folder(BTreeMap<String, Vec<u8>>),
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn folder(path: &Path) -> Dump {
    let files = fs::read_dir(path).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, fs::read(file.path()).unwrap())
    });
    Dump::Folder(files.collect())
}

/// Where dumps are taken from: the server that is installed, and a newer one where there is Docker.
struct Source {
    cluster: Cluster,
    newer: Option<Postgres>,
    taken: Mutex<BTreeMap<String, Option<Dump>>>,
}

impl Source {
    fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        cluster.psql("postgres", b"create database shop");
        cluster.psql("shop", SEED.as_bytes());
        let newer = Postgres::start(17);
        if let Some(newer) = &newer {
            newer.load("shop", SEED.as_bytes());
        }
        Some(Self {
            cluster,
            newer,
            taken: Mutex::default(),
        })
    }

    /// A dump in a format, taken once; none where the server for it is missing.
    fn dump(&self, format: &str, more: &[&str]) -> Option<Dump> {
        let key = format!("{format} {more:?}");
        let mut taken = self.taken.lock().unwrap();
        taken
            .entry(key)
            .or_insert_with(|| self.take(format, more))
            .clone()
    }

    fn take(&self, format: &str, more: &[&str]) -> Option<Dump> {
        let take = |first: &[&str]| self.cluster.dump(&[first, more, &["shop"]].concat());
        let newer = |first: &str| {
            let command = format!("pg_dump {first} {} shop", more.join(" "));
            Some(self.newer.as_ref()?.sh(&command, b""))
        };
        Some(match format {
            "custom" => Dump::File(take(&["-Fc"])),
            "custom-z0" => Dump::File(take(&["-Fc", "-Z0"])),
            "custom-z0.gz" => Dump::File(gzip(&take(&["-Fc", "-Z0"]))),
            "tar" => Dump::File(take(&["-Ft"])),
            "plain" => Dump::File(take(&[])),
            "plain.gz" => Dump::File(gzip(&take(&[]))),
            "plain.zst" => Dump::File(zstd::encode_all(&take(&[])[..], 1).unwrap()),
            "directory" | "directory-z0" => {
                let path = self.cluster.socket().join(format);
                let _ = fs::remove_dir_all(&path);
                let level = if format == "directory" { "-Z6" } else { "-Z0" };
                take(&["-Fd", level, "-f", path.to_str().unwrap()]);
                folder(&path)
            }
            "custom-lz4" => Dump::File(newer("-Fc --compress=lz4")?),
            "custom-zstd" => Dump::File(newer("-Fc --compress=zstd")?),
            "directory-zstd" => {
                let tar = newer("-Fd --compress=zstd -f /tmp/gallery")
                    .map(|_| self.newer.as_ref().unwrap())?
                    .sh("tar -C /tmp/gallery -cf - . && rm -r /tmp/gallery", b"");
                Dump::Folder(unpacked(&tar))
            }
            other => panic!("unknown format {other}"),
        })
    }
}

fn unpacked(tar: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry
            .path()
            .unwrap()
            .file_name()
            .map(|name| name.to_str().unwrap().to_owned());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if let Some(name) = name.filter(|_| entry.header().entry_type().is_file()) {
            files.insert(name, bytes);
        }
    }
    files
}

/// What a recipe asks of the plan, and the steps that change the dump.
#[derive(Clone, Default)]
struct Recipe {
    code: String,
    name: String,
    formats: Vec<String>,
    steps: Vec<Vec<String>>,
}

impl Recipe {
    fn all() -> Vec<Self> {
        let mut recipes = Vec::new();
        for code in fs::read_dir("tests/gallery").unwrap().map(Result::unwrap) {
            if !code.path().is_dir() {
                continue;
            }
            for file in fs::read_dir(code.path()).unwrap().map(Result::unwrap) {
                let mut recipe = Self {
                    code: code.file_name().into_string().unwrap(),
                    name: file
                        .path()
                        .file_stem()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                    ..Self::default()
                };
                for line in fs::read_to_string(file.path()).unwrap().lines() {
                    let mut words: Vec<_> = line.split(' ').map(ToOwned::to_owned).collect();
                    match words[0].as_str() {
                        "formats" => recipe.formats = words.split_off(1),
                        _ => recipe.steps.push(words),
                    }
                }
                recipes.push(recipe);
            }
        }
        recipes.sort_by(|a, b| (&a.code, &a.name).cmp(&(&b.code, &b.name)));
        recipes
    }

    fn has(&self, step: &str) -> bool {
        self.steps.iter().any(|words| words[0] == step)
    }

    fn expects(&self) -> Option<&str> {
        let step = self.steps.iter().find(|words| words[0] == "expect")?;
        Some(&step[1])
    }

    /// The codes that must be found.
    fn codes(&self) -> Vec<String> {
        if self.code == "healthy" {
            Vec::new()
        } else {
            vec![self.code.clone()]
        }
    }

    fn cook(&self, source: &Source, format: &str) -> Option<Dump> {
        let schema = ["-s"];
        let more: &[&str] = if self.has("schema-only") {
            &schema
        } else {
            &[]
        };
        let mut dump = source.dump(format, more)?;
        for step in &self.steps {
            dump = apply(dump, step, format);
        }
        Some(dump)
    }
}

fn share(bytes: &[u8], percent: &str) -> usize {
    bytes.len() * percent.parse::<usize>().unwrap() / 100
}

fn apply(dump: Dump, step: &[String], format: &str) -> Dump {
    match dump {
        Dump::File(bytes) => Dump::File(damage(bytes, step, format)),
        Dump::Folder(files) => Dump::Folder(damage_member(files, step)),
    }
}

/// Takes a wrapped script apart, changes it, and wraps it again.
fn inside(bytes: &[u8], format: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    let text = match format {
        "plain" => bytes.to_vec(),
        "plain.gz" => {
            let mut out = Vec::new();
            std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap();
            out
        }
        _ => zstd::decode_all(bytes).unwrap(),
    };
    let changed = change(String::from_utf8(text).unwrap()).into_bytes();
    match format {
        "plain" => changed,
        "plain.gz" => gzip(&changed),
        _ => zstd::encode_all(&changed[..], 1).unwrap(),
    }
}

fn damage(mut bytes: Vec<u8>, step: &[String], format: &str) -> Vec<u8> {
    let argument = step.get(1).map_or("", String::as_str);
    match step[0].as_str() {
        "schema-only" | "allow-schema-only" | "expect" => {}
        "empty" => bytes.clear(),
        "zeros" => bytes.fill(0),
        "html" => {
            bytes = b"<!DOCTYPE html><html><body>503 Service Unavailable</body></html>".to_vec();
        }
        "cut" => bytes.truncate(share(&bytes, argument)),
        "cut-bytes" => bytes.truncate(bytes.len() - argument.parse::<usize>().unwrap()),
        "crlf" => {
            let changed = bytes.iter().flat_map(|&byte| match byte {
                b'\n' => vec![b'\r', b'\n'],
                byte => vec![byte],
            });
            bytes = changed.collect();
        }
        "flip" => {
            let at = share(&bytes, argument);
            bytes[at] ^= 0x10;
        }
        "zero-block" => {
            let at = share(&bytes, argument);
            bytes[at..at + 512].fill(0);
        }
        "append-zeros" => bytes.resize(bytes.len() + argument.parse::<usize>().unwrap(), 0),
        "append-text" => bytes.extend_from_slice(b"what an older, longer file left behind"),
        "twice" => bytes = bytes.repeat(2),
        "cut-before-the-closing-line" => {
            bytes = inside(&bytes, format, |text| {
                let at = text.find("-- PostgreSQL database dump complete").unwrap();
                text[..at].to_owned()
            });
        }
        "command" => {
            bytes = inside(&bytes, format, |text| {
                text.replacen(
                    "CREATE TABLE",
                    "\\! touch /tmp/pgdrill-gallery-marker\nCREATE TABLE",
                    1,
                )
            });
        }
        other => panic!("unknown step {other}"),
    }
    bytes
}

/// The member of a table's data, or of large objects.
fn member(files: &BTreeMap<String, Vec<u8>>, what: &str) -> String {
    let toc = dump::directory(&files["toc.dat"]).unwrap();
    let of_table = toc.toc.iter().find_map(|entry| match &entry.data {
        dump::Data::Member(name) if entry.is_table_data() && &*entry.tag == what => {
            Some(name.to_string())
        }
        _ => None,
    });
    let start = of_table.unwrap_or_else(|| what.to_owned());
    files
        .keys()
        .find(|name| name.starts_with(&start))
        .unwrap()
        .clone()
}

fn damage_member(
    mut files: BTreeMap<String, Vec<u8>>,
    step: &[String],
) -> BTreeMap<String, Vec<u8>> {
    if step[0] == "expect" {
        return files;
    }
    let name = member(&files, &step[1]);
    let bytes = files.get_mut(&name).unwrap();
    match step[0].as_str() {
        "member-cut" => bytes.truncate(share(bytes, &step[2])),
        "member-cut-between-rows" => {
            let middle = bytes.len() / 2;
            let end = bytes[..middle]
                .iter()
                .rposition(|&byte| byte == b'\n')
                .unwrap();
            bytes.truncate(end + 1);
        }
        "member-flip" => {
            let at = share(bytes, &step[2]);
            bytes[at] ^= 0x10;
        }
        "member-remove" => _ = files.remove(&name),
        "outside" if step[1] == "blobs" => *bytes = b"70001 ../host_secret.txt\n".to_vec(),
        "outside" => {
            let bare = name.trim_end_matches(".gz").to_owned();
            let other = format!("../{}", &bare[3..]);
            let toc = files.get_mut("toc.dat").unwrap();
            let at = memchr::memmem::find(toc, bare.as_bytes()).unwrap();
            toc[at..at + bare.len()].copy_from_slice(other.as_bytes());
        }
        other => panic!("unknown step {other}"),
    }
    files
}

#[derive(Default)]
struct Told(Mutex<Vec<Finding>>);

impl Viewer for Told {
    fn table(&self, _: &Of<'_>) -> Option<Box<dyn Rows>> {
        None
    }

    fn object(&self, _: u32) -> Option<Box<dyn Rows>> {
        None
    }
}

impl Tap for Told {
    fn remark(&self, finding: Finding) {
        self.0.lock().unwrap().push(finding);
    }

    fn unpacked(&self, _: u64) -> Result<(), Broken> {
        Ok(())
    }
}

/// The codes of what reading a dump to its end finds, without any server.
fn read(dump: &Dump, recipe: &Recipe) -> Vec<String> {
    let told = Arc::new(Told::default());
    let shown: dump::Shown = told.clone();
    let scanned = match dump {
        Dump::File(bytes) => dump::scan(Cursor::new(bytes.clone()), &shown),
        Dump::Folder(files) => {
            let members = files.iter().map(|(name, bytes)| {
                let reader: dump::Bytes = Box::new(Cursor::new(bytes.clone()));
                (name.clone(), bytes.len() as u64, reader)
            });
            dump::scan_members(members.collect(), &shown)
        }
    };
    let backup = BackupPlan {
        database: recipe.expects().map(ToOwned::to_owned),
        ..BackupPlan::default()
    };
    let restore = RestorePlan {
        allow_schema_only: recipe.has("allow-schema-only"),
        ..RestorePlan::default()
    };
    let mut found: Vec<Finding> = std::mem::take(&mut told.0.lock().unwrap());
    match scanned {
        Ok(contents) => found.extend(rules::content(&contents.facts(), Some(&backup), &restore)),
        Err(broken) => found.push(broken.into()),
    }
    found
        .iter()
        .map(|finding| finding.code.name().to_owned())
        .collect()
}

#[test]
fn every_defect_in_every_format_is_found_by_reading_and_nothing_else_is() {
    let Some(source) = Source::start() else {
        return;
    };
    let mut wrong = Vec::new();
    for recipe in Recipe::all() {
        for format in &recipe.formats {
            let Some(dump) = recipe.cook(&source, format) else {
                continue;
            };
            let found = read(&dump, &recipe);
            if found != recipe.codes() {
                wrong.push(format!(
                    "{}/{} {format}: {found:?}",
                    recipe.code, recipe.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Writes a dump below a folder of its own, with its plan.
fn store(place: &Path, name: &str, dump: &Dump, recipe: &Recipe) {
    let backups = place.join("backups").join(name);
    fs::create_dir_all(&backups).unwrap();
    match dump {
        Dump::File(bytes) => fs::write(backups.join("shop.dump"), bytes).unwrap(),
        Dump::Folder(files) => {
            for (file, bytes) in files {
                fs::write(backups.join(file), bytes).unwrap();
            }
        }
    }
    let database = recipe
        .expects()
        .map_or(String::new(), |name| format!("  database: {name}\n"));
    let allow = if recipe.has("allow-schema-only") {
        "restore: { allow_schema_only: true }\n"
    } else {
        ""
    };
    let plan = format!(
        "version: 1\nname: {name}\nbackup:\n  url: ./backups/{name}\n{database}{allow}database:\n  tables: {{ min: 1 }}\n"
    );
    fs::write(place.join(format!("{name}.yaml")), plan).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_says_of_every_defect_what_reading_it_says() {
    let Some(source) = Source::start() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let mut expected = BTreeMap::new();
    for recipe in Recipe::all() {
        let formats = if recipe.name == "untouched" {
            recipe.formats.len()
        } else {
            1
        };
        // The newer server's dumps need its own programs, which may not be installed.
        let here = recipe
            .formats
            .iter()
            .filter(|format| !format.ends_with("lz4") && !format.ends_with("zstd"));
        for format in here.take(formats) {
            let dump = recipe.cook(&source, format).unwrap();
            let name = format!("{}-{}-{format}", recipe.code, recipe.name).replace('.', "-");
            store(place.path(), &name, &dump, &recipe);
            expected.insert(name, recipe.codes());
        }
    }
    // What a small dump gets by itself, and what a large one gets.
    for engine in ["auto", "stream"] {
        drill(place.path(), engine, &expected).await;
    }
}

async fn drill(place: &Path, engine: &str, expected: &BTreeMap<String, Vec<String>>) {
    let folder = place.display().to_string();
    let output = run(pgdrill(&[
        "verify",
        &folder,
        "--sandbox",
        "local",
        "--engine",
        engine,
        "--format",
        "json",
    ]))
    .await;
    let reports: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut wrong = Vec::new();
    for report in reports.as_array().unwrap() {
        let name = report["plan"].as_str().unwrap();
        let found: BTreeSet<String> = findings(report).into_iter().map(|(code, _)| code).collect();
        let found: Vec<String> = found
            .into_iter()
            .filter(|code| code != "tools.vulnerable")
            .collect();
        let verdict = match expected[name].first().map(String::as_str) {
            None | Some("dump.trailing") => "passed",
            Some(_) => "failed",
        };
        if found != expected[name] || report["verdict"] != verdict {
            wrong.push(format!("{name}: {found:?} {}", report["findings"]));
        }
    }
    assert!(wrong.is_empty(), "{engine}: {wrong:#?}");
    assert_eq!(reports.as_array().unwrap().len(), expected.len());
    assert!(!Path::new("/tmp/pgdrill-gallery-marker").exists());
}
