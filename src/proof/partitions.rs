//! Partitioned tables, through which rows are loaded that lie elsewhere; and tables that nothing is loaded into.

use std::collections::{HashMap, HashSet};

use super::{
    expected::Expected,
    rows::{Asked, Standing, Whole},
    tables::{Relation, Relations, schema},
};
use crate::{
    dump::{Contents, Detail, Target},
    rows::Rows,
};

/// A table deeper than this below another is not looked for: a catalogue that is damaged may go round in a circle.
const DEPTH: usize = 100;

/// A table by its schema and name.
pub(super) type Name = (String, String);

/// Adds to each partitioned table the rows that the dump holds for its partitions apart: `pg_dump` loads some partitions
/// by themselves and others through the table above them.
pub(super) fn add(asked: &mut [Asked], relations: &Relations) {
    let numbers: HashMap<Name, usize> = (asked.iter().enumerate())
        .map(|(number, asked)| (name(&asked.whole.target), number))
        .collect();
    for below in 0..asked.len() {
        let whole = asked[below].whole.clone();
        for above in above(&name(&whole.target), relations) {
            let Some(above) = numbers.get(above).and_then(|&number| asked.get_mut(number)) else {
                continue;
            };
            above.below.absorb(whole.rows);
            let apart = above.whole.target.columns != whole.target.columns;
            let apart =
                apart.then(|| "its partitions name their columns in another order".to_owned());
            let unfair = above.whole.unfair.take();
            above.whole.unfair = unfair.or_else(|| whole.unfair.clone()).or(apart);
        }
    }
}

/// Tables whose rows the dump loads into another one that they are no partition of: `pg_dump` does not write that.
pub(super) fn astray(contents: &Contents, relations: &Relations) -> Vec<Asked> {
    let mut astray = Vec::new();
    for entry in &contents.toc {
        let Detail::Lines(target) = &entry.detail else {
            continue;
        };
        let schema = entry.namespace.as_deref().unwrap_or_default();
        let own = (schema.to_owned(), entry.tag.to_string());
        let into = name(target);
        if into != own
            && relations.contains_key(&own)
            && !above(&own, relations).any(|above| *above == into)
        {
            let standing = Standing::Never("the dump loads its rows into another table");
            astray.push(Asked {
                standing,
                ..nothing(own)
            });
        }
    }
    astray
}

/// Tables that the dump makes, holds no rows for, and that are not empty as far as their files tell.
pub(super) fn empty(expected: &Expected, asked: &[Asked], relations: &Relations) -> Vec<Asked> {
    let loaded: HashSet<Name> = asked
        .iter()
        .map(|asked| name(&asked.whole.target))
        .collect();
    let mut empty = Vec::new();
    for wanted in expected
        .objects
        .iter()
        .filter(|wanted| wanted.kind == "TABLE")
    {
        let name = (wanted.schema.clone(), wanted.name.clone());
        let Some(relation) = relations.get(&name) else {
            continue;
        };
        let holds = relation.kind == 'r' && relation.bytes > 0 && !relation.of_extension;
        if holds
            && !loaded.contains(&name)
            && !above(&name, relations).any(|above| loaded.contains(above))
        {
            empty.push(nothing(name));
        }
    }
    empty
}

/// The tables whose rows a partitioned table reads here, where others that it reads lie in another server.
pub(super) fn local(of: &Name, relations: &Relations) -> Option<Vec<Name>> {
    let under = |kind: char| {
        let below = move |(name, relation): &(&Name, &Relation)| {
            relation.kind == kind && above(name, relations).any(|above| above == of)
        };
        (relations.iter()).filter(below).map(|(name, _)| name)
    };
    let foreign = relations.get(of)?.kind == 'p' && under('f').next().is_some();
    foreign.then(|| under('r').cloned().collect())
}

/// What is asked of a table that should hold nothing.
fn nothing((schema, table): Name) -> Asked {
    Asked {
        whole: Whole {
            target: Target {
                schema: Some(schema),
                table,
                columns: None,
            },
            rows: Rows::default(),
            unfair: None,
        },
        below: Rows::default(),
        loose: None,
        standing: Standing::Empty,
    }
}

fn name(target: &Target) -> Name {
    (schema(target).to_owned(), target.table.clone())
}

/// The tables that a table is a partition of, from the nearest on.
fn above<'a>(name: &Name, relations: &'a Relations) -> impl Iterator<Item = &'a Name> {
    let parent = |name: &Name| relations.get(name)?.parent.as_ref();
    std::iter::successors(parent(name), move |name| parent(name)).take(DEPTH)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{expected::Wanted, tables::Relation},
        *,
    };
    use crate::dump::{Data, Entry, Section};

    fn named(table: &str) -> Name {
        ("public".to_owned(), table.to_owned())
    }

    /// `top` over `one`, which is loaded by itself, and over `two`, whose rows are loaded through `top`.
    fn relations() -> Relations {
        let relation = |kind, parent: Option<&str>| Relation {
            kind,
            parent: parent.map(named),
            bytes: 8192,
            ..Relation::default()
        };
        let all = [
            ("top", relation('p', None)),
            ("one", relation('r', Some("top"))),
            ("two", relation('p', Some("top"))),
            ("leaf", relation('r', Some("two"))),
            ("alone", relation('r', None)),
        ];
        all.map(|(name, relation)| (self::named(name), relation))
            .into()
    }

    fn asked(table: &str, count: u64, columns: &[&str]) -> Asked {
        let mut asked = nothing(named(table));
        let columns = columns.iter().map(|&column| column.to_owned());
        asked.whole.target.columns = Some(columns.collect());
        asked.whole.rows = Rows {
            count,
            digest: count.into(),
        };
        asked.standing = Standing::Compared;
        asked
    }

    #[test]
    fn a_partitioned_table_holds_the_rows_of_partitions_that_are_loaded_by_themselves() {
        let mut all = [
            asked("top", 50, &["a"]),
            asked("one", 7, &["a"]),
            asked("leaf", 2, &["a"]),
        ];
        add(&mut all, &relations());
        let counts = all.each_ref().map(|asked| asked.below.count);
        assert_eq!(counts, [9, 0, 0]);
        assert!(all.iter().all(|asked| asked.whole.unfair.is_none()));
        let mut apart = [asked("top", 50, &["a", "b"]), asked("one", 7, &["b", "a"])];
        add(&mut apart, &relations());
        assert!(apart[0].whole.unfair.is_some());
    }

    #[test]
    fn what_lies_in_another_server_is_no_part_of_a_table_here() {
        let mut relations = relations();
        assert_eq!(local(&named("top"), &relations), None);
        let away = Relation {
            kind: 'f',
            parent: Some(named("two")),
            ..Relation::default()
        };
        relations.insert(named("away"), away);
        let here = ["leaf", "one"].map(named).to_vec();
        assert_eq!(local(&named("top"), &relations), Some(here));
        assert_eq!(local(&named("two"), &relations), Some(vec![named("leaf")]));
        assert_eq!(local(&named("alone"), &relations), None);
    }

    #[test]
    fn rows_are_loaded_into_their_own_table_or_through_one_above_it() {
        let found = |own: &str, into: &str| {
            let mut contents = Contents::empty();
            contents.toc = vec![Entry {
                id: 1,
                oid: 0,
                tag: own.into(),
                desc: "TABLE DATA".into(),
                namespace: Some("public".into()),
                owner: None,
                section: Section::Data,
                copy: None,
                depends: Box::default(),
                data: Data::Somewhere,
                detail: Detail::Lines(Box::new(asked(into, 0, &["a"]).whole.target)),
            }];
            astray(&contents, &relations()).len()
        };
        assert_eq!(found("alone", "alone"), 0);
        assert_eq!(found("leaf", "top"), 0);
        assert_eq!(
            found("gone", "alone"),
            0,
            "it is missing, which is told elsewhere"
        );
        assert_eq!(found("alone", "one"), 1);
        assert_eq!(found("one", "two"), 1);
    }

    #[test]
    fn only_a_table_that_nothing_is_loaded_into_should_be_empty() {
        let wanted = |name: &str| Wanted {
            kind: "TABLE".to_owned(),
            schema: "public".to_owned(),
            name: name.to_owned(),
            owner: None,
            good: true,
        };
        let expected = Expected {
            objects: ["top", "one", "two", "leaf", "alone"].map(wanted).into(),
            ..Expected::default()
        };
        let found = |loaded: &[Asked]| {
            let empty = empty(&expected, loaded, &relations());
            empty
                .into_iter()
                .map(|asked| asked.whole.target.table)
                .collect::<Vec<_>>()
        };
        assert_eq!(found(&[asked("top", 1, &["a"])]), ["alone"]);
        assert_eq!(
            found(&[asked("two", 1, &["a"]), asked("alone", 1, &["a"])]),
            ["one"]
        );
    }
}
