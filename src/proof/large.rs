//! Large objects: their numbers and contents, as the dump has them and as the restored database has them.

use std::pin::pin;

use futures_util::StreamExt;
use tokio_postgres::{Client, binary_copy::BinaryCopyOutStream, types::Type};

use super::session::{stopped, stops};
use crate::{
    dump::Large,
    error::Result,
    finding::{Code, Finding},
    rows::Rows,
};

#[derive(Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) compared: Option<u64>,
    pub(super) complete: bool,
    pub(super) found: Option<Rows>,
}

/// Reads all of them once and compares.
pub(super) async fn look(client: &Client, expected: Rows) -> Result<Judged> {
    match read(client).await {
        Ok(found) => Ok(judge(expected, found)),
        Err(error) if stops(&error) => Err(stopped("could not read the large objects", &error)),
        Err(_) if expected.count == 0 => Ok(Judged {
            complete: true,
            ..Judged::default()
        }),
        Err(_) => Ok(Judged {
            notes: vec![
                "The server does not let us read large objects: they were not compared.".to_owned(),
            ],
            ..Judged::default()
        }),
    }
}

fn judge(expected: Rows, found: Rows) -> Judged {
    let same = expected == found;
    let message = if expected.count == found.count {
        format!(
            "{} large objects were restored with other contents than the dump's",
            found.count
        )
    } else {
        format!(
            "{} large objects of {} were restored",
            found.count, expected.count
        )
    };
    Judged {
        findings: (!same)
            .then(|| Finding::new(Code::RestoreRows, message))
            .into_iter()
            .collect(),
        compared: (same && found.count > 0).then_some(found.count),
        complete: same,
        found: Some(found),
        ..Judged::default()
    }
}

/// Reads the numbers and the contents of all large objects: pages in their order, holes as zeros, as whoever reads one
/// through its descriptor sees it.
pub(super) async fn read(client: &Client) -> std::result::Result<Rows, tokio_postgres::Error> {
    let page: i32 = client
        .query_one("select current_setting('block_size')::int / 4", &[])
        .await?
        .get(0);
    let sql = "copy (select m.oid, l.pageno, l.data from pg_largeobject_metadata m
               left join pg_largeobject l on l.loid = m.oid order by m.oid, l.pageno) to stdout (format binary)";
    let stream = client.copy_out(sql).await?;
    let mut rows = pin!(BinaryCopyOutStream::new(
        stream,
        &[Type::OID, Type::INT4, Type::BYTEA]
    ));
    let mut all = Rows::default();
    let mut current: Option<(u32, Large, usize)> = None;
    let page = usize::try_from(page).unwrap_or(2048);
    while let Some(row) = rows.next().await {
        let row = row?;
        let oid: u32 = row.try_get(0)?;
        if current.as_ref().is_none_or(|(open, ..)| *open != oid) {
            if let Some((_, large, _)) = current.take() {
                large.add_to(&mut all);
            }
            current = Some((oid, Large::new(oid), 0));
        }
        let (Some((_, large, length)), Some(number)) =
            (&mut current, row.try_get::<Option<i32>>(1)?)
        else {
            continue;
        };
        let start = usize::try_from(number).unwrap_or(0) * page;
        fill(large, start.saturating_sub(*length));
        let data: &[u8] = row.try_get(2)?;
        large.feed(data);
        *length = start + data.len();
    }
    if let Some((_, large, _)) = current {
        large.add_to(&mut all);
    }
    Ok(all)
}

/// A hole reads as zeros.
fn fill(large: &mut Large, mut hole: usize) {
    let zeros = [0; 4096];
    while hole > 0 {
        let step = hole.min(zeros.len());
        large.feed(&zeros[..step]);
        hole -= step;
    }
}
