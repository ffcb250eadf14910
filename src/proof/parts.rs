//! The statements that read a restored table as COPY writes it: one, or for a large table one for each part of it, so that
//! several connections read it at the same time, and whoever reads while others restore can stop in between.

use super::{
    session::quoted,
    tables::{Heap, name},
};
use crate::dump::Target;

/// How many bytes a part has. The server takes a tenth or two longer for the rows of a range of addresses than for those of
/// a whole table (`tests/bench/part-cost`), so only what one connection would read for seconds is cut.
const PART: u64 = 256 << 20;

/// Since 14 a range of row addresses is read without looking at the others (release notes of PostgreSQL 14).
const RANGES: u32 = 14;

/// A table, and how it is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads<'a> {
    pub(super) target: &'a Target,
    /// Whether its rows lie in its partitions.
    pub(super) partitioned: bool,
    /// The encoding in which the dump writes.
    pub(super) encoding: Option<&'a str>,
    /// Where its rows lie, when that is known.
    pub(super) heap: Option<Heap>,
    /// The server's major.
    pub(super) major: u32,
}

impl Reads<'_> {
    /// The statements. Together they read every row once.
    pub(super) fn statements(self) -> Vec<String> {
        let (Some(heap), Some(columns)) = (self.heap, self.columns()) else {
            return vec![self.whole()];
        };
        let each = (PART / heap.block).max(1);
        let parts = heap.blocks.div_ceil(each);
        if self.major < RANGES || self.partitioned || parts < 2 {
            return vec![self.whole()];
        }
        let part = |part: u64| {
            let from = (part > 0).then(|| format!("ctid >= '({},0)'", part * each));
            // The last one has no end: no row is beyond it.
            let to = (part + 1 < parts).then(|| format!("ctid < '({},0)'", (part + 1) * each));
            let range: Vec<_> = from.into_iter().chain(to).collect();
            let (name, range) = (name(self.target), range.join(" and "));
            self.copy(&format!(
                "(select {columns} from only {name} where {range})"
            ))
        };
        (0..parts).map(part).collect()
    }

    fn whole(self) -> String {
        let name = name(self.target);
        match (self.partitioned, self.columns()) {
            (true, columns) => {
                let columns = columns.as_deref().unwrap_or("*");
                self.copy(&format!("(select {columns} from {name})"))
            }
            (false, Some(columns)) => self.copy(&format!("{name} ({columns})")),
            (false, None) => self.copy(&name),
        }
    }

    fn copy(self, what: &str) -> String {
        let encoding = self.encoding.map(|encoding| encoding.replace('\'', "''"));
        let encoding =
            encoding.map_or_else(String::new, |encoding| format!(" (encoding '{encoding}')"));
        format!("copy {what} to stdout{encoding}")
    }

    fn columns(self) -> Option<String> {
        let columns = self.target.columns.as_ref()?;
        let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
        Some(columns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            schema: Some("a\"b".to_owned()),
            table: "t; drop".to_owned(),
            columns: Some(vec!["x\") to program 'y'".to_owned()]),
        }
    }

    fn reads(target: &Target, heap: Option<u64>) -> Reads<'_> {
        Reads {
            target,
            partitioned: false,
            encoding: Some("UTF8'"),
            heap: heap.map(|blocks| Heap {
                blocks,
                block: 8192,
            }),
            major: 15,
        }
    }

    #[test]
    fn names_of_a_dump_never_become_sql() {
        let target = target();
        let mut reads = reads(&target, None);
        let sql =
            "copy \"a\"\"b\".\"t; drop\" (\"x\"\") to program 'y'\") to stdout (encoding 'UTF8''')";
        assert_eq!(reads.statements(), [sql]);
        reads.partitioned = true;
        let sql = "copy (select \"x\"\") to program 'y'\" from \"a\"\"b\".\"t; drop\") to stdout (encoding 'UTF8''')";
        assert_eq!(reads.statements(), [sql]);
    }

    #[test]
    fn a_large_table_is_read_in_parts_that_leave_no_block_out() {
        let target = Target {
            columns: Some(vec!["x".to_owned()]),
            ..target()
        };
        let part = (PART / 8192).to_string();
        let parts = reads(&target, Some(3 * PART / 8192)).statements();
        let ranges: Vec<&str> = parts
            .iter()
            .filter_map(|sql| sql.split(" where ").nth(1)?.split(") to").next())
            .collect();
        let (first, second) = (part.as_str(), (2 * PART / 8192).to_string());
        assert_eq!(
            ranges,
            [
                format!("ctid < '({first},0)'"),
                format!("ctid >= '({first},0)' and ctid < '({second},0)'"),
                format!("ctid >= '({second},0)'"),
            ]
        );
    }

    #[test]
    fn a_table_is_read_at_once_where_parts_would_read_it_again_and_again() {
        let target = target();
        let large = reads(&target, Some(3 * PART / 8192));
        let once = [
            Reads { major: 13, ..large },
            Reads {
                partitioned: true,
                ..large
            },
            Reads {
                heap: None,
                ..large
            },
            reads(&target, Some(PART / 8192)),
        ];
        for reads in once {
            assert_eq!(reads.statements().len(), 1, "{reads:?}");
        }
    }
}
