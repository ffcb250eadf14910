//! Reads the source in one snapshot, which `pg_dump` shares.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio_postgres::Client;

use super::{Dump, Manifest, Sequence, Table, VERSION};
use crate::{
    error::{Error, Result, sentence, whole},
    proof::source,
};

/// How many tables are locked in one statement.
const AT_ONCE: usize = 100;

const HINT: &str = "Connect as a role that may read everything that pg_dump reads.";

/// A transaction that sees one moment of the source, until it is dropped.
pub struct Snapshot {
    client: Client,
    /// What `pg_dump --snapshot` takes.
    pub id: String,
    started: Timestamp,
    encoding: String,
    database: String,
    version: String,
    tables: Vec<source::Table>,
    sequences: Vec<(String, String)>,
    cycling: BTreeSet<(String, String)>,
    before: Vec<source::SequenceValue>,
    objects: Option<BTreeMap<String, u64>>,
}

/// How the dump program was called, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// How it ended; none where somebody else ran it, or where a signal ended it.
    pub exit_status: Option<i32>,
    /// Whether it was told to leave something out; none where somebody else called it.
    pub selects: Option<bool>,
    /// Kinds of objects that it was told to leave out.
    pub without: Vec<&'static str>,
    /// What it calls itself.
    pub tool: Option<String>,
}

impl Snapshot {
    /// Begins it, and locks the tables as `pg_dump` does, so that none is emptied or changed before it is read.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn begin(client: Client, encoding: Option<String>) -> Result<Self> {
        source::pin(&client).await?;
        let begin = "begin transaction isolation level repeatable read, read only";
        client
            .batch_execute(begin)
            .await
            .map_err(|error| failed("could not begin a snapshot", &error))?;
        let sql = "select pg_export_snapshot(), current_database()::text, current_setting('server_version'),
                   pg_encoding_to_char(encoding)::text from pg_database where datname = current_database()";
        let row = client
            .query_one(sql, &[])
            .await
            .map_err(|error| failed("could not export a snapshot", &error))?;
        let tables = source::tables(&client).await?;
        for tables in tables.chunks(AT_ONCE) {
            let names: Vec<_> = tables.iter().map(source::Table::quoted).collect();
            let lock = format!(
                "lock table only {} in access share mode",
                names.join(", only ")
            );
            client
                .batch_execute(&lock)
                .await
                .map_err(|error| failed("could not lock the tables for reading", &error))?;
        }
        let sequences = source::sequences(&client).await?;
        Ok(Self {
            objects: source::objects(&client).await?,
            before: source::values(&client, &sequences).await?,
            cycling: source::cycling(&client).await?,
            id: row.get(0),
            database: row.get(1),
            version: row.get(2),
            encoding: encoding.unwrap_or_else(|| row.get(3)),
            started: Timestamp::now(),
            client,
            tables,
            sequences,
        })
    }

    /// Reads every table and every large object, each once.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn read(self) -> Result<Taken> {
        let mut tables = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let doing = || format!("could not read \"{}.{}\"", table.schema, table.name);
            let rows = source::read(&self.client, table, &self.encoding).await;
            let rows = rows.map_err(|error| failed(&doing(), &error))?;
            tables.push(Table {
                schema: table.schema.clone(),
                name: table.name.clone(),
                root: table.root.clone(),
                columns: table.columns.clone(),
                rows: rows.into(),
            });
        }
        // A refusal must not end the transaction: pg_dump would lose the snapshot.
        let sent = "could not go on in the snapshot";
        let savepoint = self.client.batch_execute("savepoint large").await;
        savepoint.map_err(|error| failed(sent, &error))?;
        let large = source::large(&self.client).await.ok();
        let back = self
            .client
            .batch_execute("rollback to savepoint large")
            .await;
        back.map_err(|error| failed(sent, &error))?;
        Ok(Taken {
            snapshot: self,
            tables,
            large: large.map(Into::into),
        })
    }
}

/// Everything that was read in the snapshot. It stays open: `pg_dump` may not have begun to read.
pub struct Taken {
    snapshot: Snapshot,
    tables: Vec<Table>,
    large: Option<super::Held>,
}

impl Taken {
    /// The manifest, once the dump is written.
    ///
    /// # Errors
    /// When the server went away.
    pub async fn manifest(self, dump: Dump, told: Told) -> Result<Manifest> {
        let mut snapshot = self.snapshot;
        if let Some(objects) = &mut snapshot.objects {
            objects.retain(|kind, _| !told.without.contains(&kind.as_str()));
        }
        let after = source::values(&snapshot.client, &snapshot.sequences).await?;
        // Whether it ends in order or with the connection makes no difference.
        let _ = snapshot.client.batch_execute("rollback").await;
        let sequence = |before: &source::SequenceValue| {
            let now = after
                .iter()
                .find(|now| (&now.schema, &now.name) == (&before.schema, &before.name))?;
            let name = (before.schema.clone(), before.name.clone());
            Some(Sequence {
                before: before.value,
                after: now.value,
                cycles: snapshot.cycling.contains(&name),
                schema: name.0,
                name: name.1,
            })
        };
        Ok(Manifest {
            manifest: VERSION,
            pgdrill: env!("CARGO_PKG_VERSION").to_owned(),
            database: snapshot.database,
            server_version: snapshot.version,
            pg_dump_version: told.tool,
            snapshot: snapshot.id,
            encoding: snapshot.encoding,
            started: snapshot.started,
            finished: Timestamp::now(),
            exit_status: told.exit_status,
            selects: told.selects,
            dump,
            tables: self.tables,
            sequences: snapshot.before.iter().filter_map(sequence).collect(),
            large_objects: self.large,
            objects: snapshot.objects,
        })
    }
}

fn failed(doing: &str, error: &tokio_postgres::Error) -> Error {
    let cause = match error.as_db_error() {
        Some(answer) => format!("{} (SQLSTATE {})", answer.message(), answer.code().code()),
        None => whole(error),
    };
    Error::new(doing, HINT).because(sentence(&cause))
}
