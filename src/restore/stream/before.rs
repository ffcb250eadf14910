//! Restores what stands before the data. Thousands of tables are made by several `pg_restore` at the same time, each of
//! them those that have nothing to do with the others'.

use std::collections::{BTreeMap, HashMap};

use super::{
    super::{Complaints, archive},
    apart::{self, MANY, Step, spread},
    fit,
};
use crate::{
    dump::{Contents, Entry, Recast},
    error::Broken,
    sandbox::Sandbox,
};

/// Restores it.
pub(super) async fn all(
    sandbox: &Sandbox,
    head: &Recast,
    contents: &Contents,
    jobs: u16,
) -> Result<Complaints, Broken> {
    let steps = steps(contents, usize::from(jobs));
    if steps.iter().all(|step| step.len() < 2) {
        return archive::from_head(sandbox, head.whole(), &["--section=pre-data"]).await;
    }
    let mut complaints = Complaints::default();
    for step in &steps {
        complaints.extend(apart::make(sandbox, head, step).await?);
        if complaints.environment().is_some() {
            break;
        }
    }
    Ok(complaints)
}

/// What is made in which order: that of the dump, but that long runs of tables are split.
fn steps(contents: &Contents, jobs: usize) -> Vec<Step> {
    // `pg_restore` grants and revokes behind everything else.
    let (last, first): (Vec<&Entry>, Vec<&Entry>) =
        fit::before_data(contents).partition(|entry| entry.desc.contains("ACL"));
    let mut steps: Vec<Step> = Vec::new();
    for run in first.chunk_by(|one, next| is_apart(one) == is_apart(next)) {
        let many = run.len() >= MANY && is_apart(run[0]);
        let mut step = if many {
            spread(families(run), jobs)
        } else {
            vec![ids(run)]
        };
        match steps.last_mut() {
            // What one program makes after another it makes at once.
            Some(before) if before.len() == 1 && step.len() == 1 => before[0].append(&mut step[0]),
            _ => steps.push(step),
        }
    }
    if !last.is_empty() {
        steps.push(vec![ids(&last)]);
    }
    steps
}

fn ids(entries: &[&Entry]) -> Vec<i32> {
    entries.iter().map(|entry| entry.id).collect()
}

/// Whether all that it has to do with is in its dependencies, so that it can be made at the same time as what is not.
fn is_apart(entry: &Entry) -> bool {
    matches!(
        &*entry.desc,
        "TABLE" | "TABLE ATTACH" | "SEQUENCE" | "SEQUENCE OWNED BY" | "DEFAULT" | "COMMENT"
    )
}

/// Those that depend on each other, however far, each family in the order of the dump.
fn families(run: &[&Entry]) -> Vec<Vec<i32>> {
    let places: HashMap<i32, usize> = (run.iter().enumerate())
        .map(|(place, entry)| (entry.id, place))
        .collect();
    let mut heads: Vec<usize> = (0..run.len()).collect();
    for (place, entry) in run.iter().enumerate() {
        for on in entry.depends.iter().filter_map(|on| places.get(on)) {
            let (one, other) = (head(&mut heads, place), head(&mut heads, *on));
            heads[one.max(other)] = one.min(other);
        }
    }
    let mut families: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
    for (place, entry) in run.iter().enumerate() {
        let family = head(&mut heads, place);
        families.entry(family).or_default().push(entry.id);
    }
    families.into_values().collect()
}

/// The first of a family, which all others are led to.
fn head(heads: &mut [usize], mut of: usize) -> usize {
    while heads[of] != of {
        heads[of] = heads[heads[of]];
        of = heads[of];
    }
    of
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{dump::Section, restore::stream::object};

    fn entry(id: i32, desc: &str, depends: &[i32]) -> Entry {
        let section = if desc == "ACL" {
            Section::None
        } else {
            Section::PreData
        };
        object(id, desc, section, depends)
    }

    /// A dump of so many tables, each with a sequence and a default, behind a schema.
    fn dump(tables: i32) -> Contents {
        let mut contents = Contents::empty();
        contents.toc = vec![entry(1, "SCHEMA", &[])];
        for table in 0..tables {
            let id = 10 + 4 * table;
            contents.toc.extend([
                entry(id, "TABLE", &[1]),
                entry(id + 1, "SEQUENCE", &[id]),
                entry(id + 2, "ACL", &[id]),
            ]);
        }
        contents.toc.push(entry(5, "VIEW", &[10]));
        for table in 0..tables {
            let id = 10 + 4 * table;
            contents.toc.push(entry(id + 3, "DEFAULT", &[id, id + 1]));
        }
        contents
    }

    #[test]
    fn a_few_tables_are_made_by_one_program() {
        assert!(steps(&dump(100), 4).iter().all(|step| step.len() == 1));
    }

    #[test]
    fn many_tables_are_made_side_by_side_and_nothing_before_what_it_needs() {
        let contents = dump(2_000);
        let steps = steps(&contents, 4);
        let widths: Vec<usize> = steps.iter().map(Vec::len).collect();
        assert_eq!(
            widths,
            [1, 4, 1, 4, 1],
            "schema, tables, view, defaults, rights"
        );
        let depends: HashMap<i32, &Entry> = (contents.toc.iter())
            .map(|entry| (entry.id, entry))
            .collect();
        let mut made: HashSet<i32> = HashSet::new();
        for step in &steps {
            let before = made.clone();
            for list in step {
                let mut own = before.clone();
                for id in list {
                    assert!(
                        depends[id].depends.iter().all(|on| own.contains(on)),
                        "{id}"
                    );
                    own.insert(*id);
                    assert!(made.insert(*id), "{id} twice");
                }
            }
        }
        assert_eq!(made.len(), contents.toc.len());
        let lengths: Vec<usize> = steps[1].iter().map(Vec::len).collect();
        assert_eq!(lengths, [1_000; 4]);
    }

    #[test]
    fn what_depends_on_another_is_made_by_the_same_program() {
        let first = entry(1, "TABLE", &[]);
        let second = entry(2, "TABLE", &[]);
        let part = entry(3, "TABLE ATTACH", &[2, 1]);
        let other = entry(4, "TABLE", &[]);
        let families = families(&[&first, &second, &part, &other]);
        assert_eq!(families, [vec![1, 2, 3], vec![4]]);
    }
}
