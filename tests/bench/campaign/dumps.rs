//! The database, the formats that it is dumped in, and what each is restored with by those who have no pgdrill.

use std::{collections::BTreeMap, fs, io::Write, path::Path, process::Command};

use super::cluster::{Cluster, succeed};

/// A dump: its one file, or the members of a folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The name of a dump of one file.
pub(crate) const FILE: &str = "shop.dump";

/// What is put around the file of `pg_dump`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    Nothing,
    Gzip,
    /// A folder, in a compressed tar.
    Packed,
}

/// A format.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    arguments: &'static [&'static str],
    around: Around,
    /// What restores `$1` into the database `$2`.
    pub(crate) bare: &'static str,
}

const ARCHIVE: &str = "pg_restore -d \"$2\" \"$1\"";
const PLAIN: &str = "psql -Xq -o /dev/null -d \"$2\" -f \"$1\"";

/// The formats; those that the installed `pg_dump` does not know are left out.
pub(crate) const FORMATS: [Format; 15] = [
    of("custom, gzip", &["-Fc"], ARCHIVE),
    wrapped(
        "tar in .gz",
        &["-Ft"],
        "gunzip -c \"$1\" | pg_restore -d \"$2\"",
    ),
    of("directory, gzip", &["-Fd"], ARCHIVE),
    of(
        "plain in .gz",
        &["-Fp", "-Z6"],
        "gunzip -c \"$1\" | psql -Xq -o /dev/null -d \"$2\"",
    ),
    Format {
        name: "directory in .tar.gz",
        arguments: &["-Fd"],
        around: Around::Packed,
        bare: "rm -rf \"$1.d\" && mkdir \"$1.d\" && tar -xzf \"$1\" -C \"$1.d\" && pg_restore -d \"$2\" \"$1.d\"",
    },
    wrapped(
        "custom, -Z0, in .gz",
        &["-Fc", "-Z0"],
        "gunzip -c \"$1\" | pg_restore -d \"$2\"",
    ),
    of("custom, -Z0", &["-Fc", "-Z0"], ARCHIVE),
    of("directory, -Z0", &["-Fd", "-Z0"], ARCHIVE),
    of("plain", &["-Fp"], PLAIN),
    of("tar", &["-Ft"], ARCHIVE),
    of("custom, lz4", &["-Fc", "--compress=lz4"], ARCHIVE),
    of("custom, zstd", &["-Fc", "--compress=zstd"], ARCHIVE),
    of("directory, zstd", &["-Fd", "--compress=zstd"], ARCHIVE),
    of(
        "plain in .lz4",
        &["-Fp", "--compress=lz4"],
        "lz4 -dc \"$1\" | psql -Xq -o /dev/null -d \"$2\"",
    ),
    of(
        "plain in .zst",
        &["-Fp", "--compress=zstd"],
        "zstd -dcq \"$1\" | psql -Xq -o /dev/null -d \"$2\"",
    ),
];

const fn of(name: &'static str, arguments: &'static [&'static str], bare: &'static str) -> Format {
    Format {
        name,
        arguments,
        around: Around::Nothing,
        bare,
    }
}

const fn wrapped(
    name: &'static str,
    arguments: &'static [&'static str],
    bare: &'static str,
) -> Format {
    Format {
        name,
        arguments,
        around: Around::Gzip,
        bare,
    }
}

impl Format {
    /// Whether `pg_dump` writes a folder, and nothing is put around it.
    pub(crate) fn is_folder(&self) -> bool {
        self.arguments[0] == "-Fd" && self.around == Around::Nothing
    }

    /// Dumps the database `shop`, and writes a manifest of a folder; none when this `pg_dump` has no such format.
    pub(crate) fn take(&self, cluster: &Cluster, place: &Path) -> Option<Dumped> {
        let path = place.join("shop");
        let mut dump = cluster.client("pg_dump");
        dump.args(self.arguments).arg("-f").arg(&path).arg("shop");
        if self.is_folder() {
            dump = manifest(cluster, &dump);
        }
        let output = dump.output().unwrap();
        if !output.status.success() {
            return None;
        }
        let files = match self.around {
            Around::Packed => one(pack(&path)),
            Around::Gzip => one(gzip(&fs::read(&path).unwrap())),
            Around::Nothing if self.is_folder() => members(&path),
            Around::Nothing => one(fs::read(&path).unwrap()),
        };
        let manifest = fs::read(place.join("shop.pgdrill.json")).ok();
        Some(Dumped { files, manifest })
    }
}

/// An undamaged dump.
pub(crate) struct Dumped {
    pub(crate) files: Files,
    pub(crate) manifest: Option<Vec<u8>>,
}

/// `pgdrill manifest`, which runs this `pg_dump`.
fn manifest(cluster: &Cluster, dump: &Command) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdrill"));
    let dsn = format!(
        "host={} user=postgres dbname=shop",
        cluster.socket().display()
    );
    command
        .args(["manifest", &dsn, "--"])
        .arg(dump.get_program());
    // The database is named by the environment, which pgdrill makes from the DSN.
    let arguments = dump.get_args().filter(|argument| *argument != "shop");
    command.args(arguments);
    command
}

fn one(bytes: Vec<u8>) -> Files {
    Files::from([(FILE.to_owned(), bytes)])
}

fn members(folder: &Path) -> Files {
    let files = fs::read_dir(folder).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, fs::read(file.path()).unwrap())
    });
    files.collect()
}

fn pack(folder: &Path) -> Vec<u8> {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "-czf", "-", "-C"])
        .arg(folder)
        .arg(".");
    succeed(&mut tar).stdout
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A small database with a bit of everything: rows with and without keys, partitions, large objects, and objects of most
/// kinds.
pub(crate) const SEED: &str = "
    create role shop_owner; create role reader;
    create schema shop authorization shop_owner;
    create type shop.state as enum ('new', 'paid', 'sent');
    create domain shop.email as text check (value like '%@%');
    create table shop.customers (id int generated by default as identity primary key, name text not null,
      mail shop.email, note jsonb, seen timestamptz default '2026-01-01Z');
    insert into shop.customers (name, mail, note) select md5(n::text), 'c' || n || '@example.com',
      jsonb_build_object('n', n, 'tags', array['a', 'b']) from generate_series(1, 4000) n;
    create table shop.orders (id serial primary key, customer int not null references shop.customers, total numeric(10, 2)
      check (total >= 0), state shop.state not null default 'new', unique (id, customer));
    insert into shop.orders (customer, total, state) select 1 + n % 4000, n * 1.5,
      (array['new', 'paid', 'sent'])[1 + n % 3]::shop.state from generate_series(1, 5000) n;
    create table shop.events (at timestamptz, what text, weight double precision);
    insert into shop.events select '2026-01-01Z'::timestamptz + n * interval '1 minute', md5((n * 3)::text), n / 7.0
      from generate_series(1, 7000) n;
    create table shop.words (word text);
    insert into shop.words select md5((n * 5)::text) || E'\\n\\t\\\\' || n from generate_series(1, 2500) n;
    create table shop.pictures (id int primary key, bytes bytea, sizes int[]);
    insert into shop.pictures select n, decode(repeat(md5(n::text), 6), 'hex'), array[n, n * 2] from generate_series(1, 300) n;
    create table shop.log (day date not null, text text) partition by range (day);
    create table shop.log_1 partition of shop.log for values from ('2026-01-01') to ('2026-02-01');
    create table shop.log_2 partition of shop.log for values from ('2026-02-01') to ('2026-03-01');
    insert into shop.log select '2026-01-01'::date + n % 58, 'line ' || n from generate_series(1, 3000) n;
    create table shop.nothing (id int);
    create index events_at on shop.events (at);
    create unique index customers_mail on shop.customers (lower(mail)) where mail is not null;
    create view shop.totals as select customer, sum(total) as total from shop.orders group by customer;
    create materialized view shop.days as select day, count(*) from shop.log group by day;
    create function shop.touch() returns trigger language plpgsql as $$ begin new.seen = now(); return new; end $$;
    create trigger touch before update on shop.customers for each row execute function shop.touch();
    create policy own on shop.orders for select to reader using (total > 0);
    alter table shop.orders enable row level security;
    create statistics shop.both on customer, total from shop.orders;
    create rule quiet as on delete to shop.words do instead nothing;
    comment on table shop.events is 'What happened, and when.';
    alter table shop.customers owner to shop_owner; alter table shop.orders owner to shop_owner;
    grant usage on schema shop to reader; grant select on shop.customers, shop.totals to reader;
    select lo_from_bytea(70001, decode(string_agg(md5(n::text), ''), 'hex')) from generate_series(1, 2000) n;
    select lo_from_bytea(70002, 'a small one');
    select lo_create(70003);
";
