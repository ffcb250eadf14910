//! The newest moment in the data that is not later than the dump: a third clock, looked for where it costs little.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio_postgres::{Client, Error};

use super::{catalog::OWN_SCHEMAS, names::identifier, session};

/// A column without an index is only read in a table up to this size, in bytes: a fraction of a second.
const SMALL: u64 = 64 * 1_024 * 1_024;

/// How many columns are asked, those of the largest tables first: new rows come where many came before.
const MOST: u64 = 200;

/// How long one column may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long all of them may take together.
const BUDGET: Duration = Duration::from_secs(20);

/// Asks columns of type date or timestamp that an index leads with, and those of small tables. A time without a zone
/// is read as UTC, a date as its first moment. `None` where there is none, or where the server refuses: this clock is
/// a luxury.
pub(super) async fn look(client: &mut Client, until: Timestamp) -> Option<Timestamp> {
    let end = Instant::now() + BUDGET;
    let columns = columns(client)
        .await
        .inspect_err(|error| tracing::debug!(%error, "no column tells the newest moment"))
        .ok()?;
    let mut newest = None;
    for column in columns {
        if Instant::now() >= end {
            break;
        }
        match column.newest(client, until).await {
            Ok(found) => newest = newest.max(found),
            Err(error) => tracing::debug!(%error, "a column did not tell its newest moment"),
        }
    }
    newest
}

struct Column {
    schema: String,
    table: String,
    name: String,
    kind: String,
}

async fn columns(client: &mut Client) -> Result<Vec<Column>, Error> {
    let sql = format!(
        "select n.nspname::text, c.relname::text, a.attname::text, a.atttypid::regtype::text
         from pg_attribute a
         join pg_class c on c.oid = a.attrelid and c.relkind = 'r' and c.relpersistence <> 't'
         join pg_namespace n on n.oid = c.relnamespace and n.nspname not in {OWN_SCHEMAS}
         where a.attnum > 0 and not a.attisdropped
           and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
                           and e.objid = c.oid and e.deptype = 'e')
           and (pg_relation_size(c.oid) <= {SMALL}
                or exists (select from pg_index i join pg_class x on x.oid = i.indexrelid
                           join pg_am m on m.oid = x.relam and m.amname = 'btree'
                           where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indisvalid
                             and i.indpred is null))
         order by pg_relation_size(c.oid) desc, 1, 2, 3 limit {MOST}"
    );
    let transaction = session::begin(client, "public", PATIENCE).await?;
    let rows = transaction.query(&sql, &[]).await?;
    transaction.rollback().await?;
    let column = |row: &tokio_postgres::Row| Column {
        schema: row.get(0),
        table: row.get(1),
        name: row.get(2),
        kind: row.get(3),
    };
    Ok(rows.iter().map(column).collect())
}

impl Column {
    async fn newest(
        &self,
        client: &mut Client,
        until: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let transaction = session::begin(client, "public", PATIENCE).await?;
        let row = transaction.query_one(&self.sql(until), &[]).await?;
        let micros: Option<i64> = row.try_get(0)?;
        transaction.rollback().await?;
        Ok(micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()))
    }

    fn sql(&self, until: Timestamp) -> String {
        let column = identifier(&self.name);
        // In the column's own type, so that its index is used.
        let until = match self.kind.as_str() {
            "date" => format!("('{until}'::timestamptz at time zone 'UTC')::date"),
            "timestamp without time zone" => {
                format!("('{until}'::timestamptz at time zone 'UTC')")
            }
            _ => format!("'{until}'::timestamptz"),
        };
        format!(
            "select (extract(epoch from max({column})) * 1000000)::bigint from only {}.{}
             where {column} <= {until} and isfinite({column})",
            identifier(&self.schema),
            identifier(&self.table)
        )
    }
}
