//! Which collation a database goes by while it is loaded: its own, or `C` where both sort alike and that is faster.

use tokio_postgres::Client;

use super::connection::refused;
use crate::error::Result;

/// Of a row `d` of `pg_database`: the operating system sorts its text. The provider has a column of its own from 15 on.
const OF_SYSTEM: &str = "coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'";

/// A collation of the operating system by the name `C.UTF-8` sorts by code points, which in UTF-8 is the order of the bytes,
/// where it has no rules: then glibc compares byte by byte (`strcoll_l.c`; NEWS of 2.35). PostgreSQL knows `C` alone as such an
/// order, and asks the library for every two texts that it sorts. The files of Debian 11 hold rules, in 1.5 MB, by which some
/// texts are elsewhere; one without rules takes 1406 bytes.
const ALIKE: &str = "pg_encoding_to_char(encoding) = 'UTF8' and lower(datcollate) in ('c.utf-8', 'c.utf8') \
    and greatest((pg_stat_file('/usr/lib/locale/C.utf8/LC_COLLATE', true)).size, \
        (pg_stat_file('/usr/lib/locale/C.UTF-8/LC_COLLATE', true)).size) < 4096";

/// Lets text of this database sort by its bytes in sessions to come, where that is the order of its collation. Returns the
/// name of that collation; nothing where it stays as it is.
pub(super) async fn take(client: &Client, database: &str) -> Result<Option<String>> {
    let sql = format!(
        "with own as (select oid, datcollate::text as name from pg_database d where datname = $1 and {OF_SYSTEM} and {ALIKE}) \
         update pg_database d set datcollate = 'C' from own where d.oid = own.oid returning own.name"
    );
    let row = client.query_opt(&sql, &[&database]).await;
    row.map(|row| row.map(|row| row.get(0)))
        .map_err(|error| refused("could not let text sort by its bytes", &error))
}

/// Gives the database the collation that it had, for sessions to come.
pub(super) async fn give(client: &Client, database: &str, name: &str) -> Result<()> {
    let sql = "update pg_database set datcollate = $2::text where datname = $1";
    let told = client.execute(sql, &[&database, &name]).await;
    told.map(drop)
        .map_err(|error| refused("could not give the database its own collation back", &error))
}

/// Whether text sorts by its bytes in the database of this connection where nothing else is said for a column.
pub(super) async fn sorts_by_bytes(client: &Client) -> Result<bool> {
    let sql = format!(
        "select datcollate in ('C', 'POSIX') and {OF_SYSTEM} from pg_database d where datname = current_database()"
    );
    let row = client.query_one(&sql, &[]).await;
    row.map(|row| row.get(0))
        .map_err(|error| refused("could not ask the sandbox how text sorts", &error))
}
