//! Whether PostgreSQL may build an index with workers besides its session.

use std::collections::HashSet;

use super::fit;
use crate::{dump::Contents, error::Result, machine, sandbox::Sandbox};

/// So many processors are kept busy by what is loaded, built and read back anyway. With more, nobody measured how long the last
/// index would be alone.
const FEW: usize = 2;

/// While tables are loaded no processor is left for workers: they would add a twentieth to the CPU time of a drill of 2 GB
/// (measured).
pub(super) async fn rest(sandbox: &Sandbox) -> Result<()> {
    if processors() > FEW {
        return Ok(());
    }
    sandbox.index_workers(false).await
}

/// Behind the data they are let back where fewer indexes than processors can be built at the same time.
pub(super) async fn help(sandbox: &Sandbox, jobs: u16, at_once: usize) -> Result<()> {
    if !wanted(processors(), usize::from(jobs), at_once) {
        return Ok(());
    }
    sandbox.index_workers(true).await
}

fn processors() -> usize {
    machine::processors().unwrap_or(1)
}

/// Whether they were sent away and are wanted again.
fn wanted(processors: usize, jobs: usize, at_once: usize) -> bool {
    processors <= FEW && at_once.min(jobs) < processors
}

/// How many indexes of these tables can be built at the same time, but those that are made: a key shuts its table.
pub(super) fn at_once(contents: &Contents, made: &HashSet<i32>, tables: &[i32]) -> usize {
    let keys = (contents.toc.iter()).filter(|entry| &*entry.desc == "CONSTRAINT");
    let keys: HashSet<i32> = keys.map(|entry| entry.id).collect();
    let indexes = fit::indexes(contents);
    let of_table = |table: &i32| {
        let left = indexes.get(table).into_iter().flatten();
        let (keys, plain): (Vec<i32>, Vec<i32>) = left
            .filter(|index| !made.contains(index))
            .partition(|index| keys.contains(index));
        plain.len().max(usize::from(!keys.is_empty()))
    };
    tables.iter().map(of_table).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dump::{Data, Entry, Section},
        restore::stream::object,
    };

    #[test]
    fn workers_help_where_a_processor_would_be_idle_without_them() {
        assert!(wanted(2, 2, 1), "one huge table with a key and an index");
        assert!(wanted(2, 1, 5), "one job");
        assert!(!wanted(2, 2, 2));
        assert!(!wanted(1, 2, 1));
        assert!(!wanted(8, 8, 1), "they were never sent away");
    }

    /// Rows 1 of table 11 with a key and two indexes, rows 2 of table 12 with a key.
    fn dump() -> Contents {
        let rows = |id, table| Entry {
            data: Data::Somewhere,
            ..object(id, "TABLE DATA", Section::Data, &[table])
        };
        let mut contents = Contents::empty();
        contents.toc.extend([
            object(11, "TABLE", Section::PreData, &[]),
            object(12, "TABLE", Section::PreData, &[]),
            rows(1, 11),
            rows(2, 12),
            object(21, "CONSTRAINT", Section::PostData, &[11]),
            object(31, "INDEX", Section::PostData, &[11]),
            object(41, "INDEX", Section::PostData, &[11]),
            object(22, "CONSTRAINT", Section::PostData, &[12]),
        ]);
        contents
    }

    #[test]
    fn a_key_is_built_alone_on_its_table_and_indexes_are_not() {
        let count = |made: &[i32], tables: &[i32]| {
            at_once(&dump(), &made.iter().copied().collect(), tables)
        };
        assert_eq!(count(&[], &[1]), 2);
        assert_eq!(count(&[], &[2]), 1);
        assert_eq!(count(&[], &[1, 2]), 3);
        assert_eq!(count(&[31, 41], &[1]), 1, "the key is left");
        assert_eq!(count(&[21, 31, 41], &[1]), 0);
        assert_eq!(count(&[], &[]), 0);
    }
}
