//! Restores what stands behind the data.

use std::collections::{HashMap, HashSet};

use super::{
    super::{Complaints, archive, spool},
    apart::{self, MANY, Step},
    fit,
    load::{self, Loading},
    workers,
};
use crate::{
    dump::{Contents, Recast},
    error::Broken,
    sandbox::Sandbox,
};

/// Restores it, but what was made on the way; the table of contents was written to this path.
pub(super) async fn all(
    sandbox: &Sandbox,
    head: &Recast,
    contents: &Contents,
    loading: &Loading,
    path: &str,
    jobs: u16,
) -> Result<Complaints, Broken> {
    let large = loading.largest_first();
    let mut made = loading.made.clone();
    let mut complaints = Complaints::default();
    if let Some(step) = many(contents, &made, &large, jobs) {
        complaints.extend(apart::make(sandbox, head, &step).await?);
        made.extend(step.into_iter().flatten());
    }
    let left = fit::after_data(contents, &made);
    if left.is_empty() || complaints.environment().is_some() {
        return Ok(complaints);
    }
    workers::help(sandbox, jobs, workers::at_once(contents, &made, &large)).await?;
    if large.len() > 1 {
        spool::small(sandbox, &head.ranked(&large)).await?;
    }
    let jobs = format!("--jobs={jobs}");
    complaints.extend(if made.is_empty() {
        archive::section(sandbox, path, &[&jobs, "--section=post-data"]).await?
    } else {
        load::rest(sandbox, path, &left, &jobs).await?
    });
    Ok(complaints)
}

/// The indexes and keys of small tables, where there are many; what is left must then be listed. Those of the large ones are
/// better shared out one by one.
fn many(contents: &Contents, made: &HashSet<i32>, large: &[i32], jobs: u16) -> Option<Step> {
    let mut tables = fit::indexes(contents);
    tables.retain(|table, _| !large.contains(table));
    let mut families: Vec<Vec<i32>> = tables.into_values().collect();
    for family in &mut families {
        family.retain(|index| !made.contains(index));
    }
    let count = families.iter().map(Vec::len).sum::<usize>();
    let left = fit::after_data(contents, made).len() - count;
    // One run is like the other.
    families.sort_unstable();
    (count >= MANY && left <= load::LISTED).then(|| apart::spread(families, usize::from(jobs)))
}

/// The indexes that may be made on the way. What is left of the objects behind the data must then be listed, so none are
/// where that list is too long; a dump of so many objects has small tables.
pub(super) fn early(contents: &Contents) -> HashMap<i32, Vec<i32>> {
    if fit::after_data(contents, &HashSet::new()).len() > load::LISTED {
        return HashMap::new();
    }
    fit::indexes(contents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dump::{Data, Entry, Section},
        restore::stream::object,
    };

    /// A dump of so many tables with a key and an index each, and a foreign key. The rows of table n have the number n.
    fn dump(tables: i32) -> Contents {
        let mut contents = Contents::empty();
        for table in 0..tables {
            let own = 100_000 + table;
            let rows = Entry {
                data: Data::Somewhere,
                ..object(table, "TABLE DATA", Section::Data, &[own])
            };
            contents.toc.extend([
                object(own, "TABLE", Section::PreData, &[]),
                rows,
                object(200_000 + table, "CONSTRAINT", Section::PostData, &[own]),
                object(300_000 + table, "INDEX", Section::PostData, &[own]),
            ]);
        }
        let foreign = object(9, "FK CONSTRAINT", Section::PostData, &[100_000, 200_001]);
        contents.toc.push(Entry {
            id: 400_000,
            ..foreign
        });
        contents
    }

    fn step(tables: i32, made: &[i32], large: &[i32], jobs: u16) -> Option<Step> {
        many(&dump(tables), &made.iter().copied().collect(), large, jobs)
    }

    #[test]
    fn a_few_are_left_to_the_jobs_of_one_program() {
        assert_eq!(step(999, &[], &[], 2), None);
        assert_eq!(
            step(1_000, &[200_000], &[], 2),
            None,
            "one was made already"
        );
    }

    #[test]
    fn what_could_not_be_listed_is_not_cut_in_two() {
        let mut contents = dump(1_000);
        let foreign = |id| object(id, "FK CONSTRAINT", Section::PostData, &[100_000, 100_001]);
        contents.toc.extend((500_000..510_000).map(foreign));
        assert_eq!(many(&contents, &HashSet::new(), &[], 2), None);
    }

    #[test]
    fn many_are_shared_out_by_their_tables_but_those_of_large_tables_and_foreign_keys() {
        let step = step(1_002, &[300_001], &[7], 3).unwrap();
        assert_eq!(step.len(), 3);
        let mut all = step.concat();
        for list in &step {
            assert!((600..=700).contains(&list.len()));
            for key in list.iter().filter(|id| **id < 300_000 && **id != 200_001) {
                assert!(list.contains(&(key + 100_000)), "{key}");
            }
        }
        all.sort_unstable();
        let own = |base| {
            (0..1_002)
                .filter(|table| *table != 7)
                .map(move |table| base + table)
        };
        let expected: Vec<i32> = own(200_000)
            .chain(own(300_000))
            .filter(|id| *id != 300_001)
            .collect();
        assert_eq!(all, expected);
    }
}
