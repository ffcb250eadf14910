//! Which archives can be loaded block by block. Pure.

use std::collections::{HashMap, HashSet};

use crate::dump::{Contents, Detail, Entry, Format, Section};

/// The longest table of contents that is held for every `pg_restore`, in bytes: 24,000 entries need 6 MB.
const HEAD: u64 = 64 << 20;

/// Why an archive cannot be loaded block by block; none when it can.
pub(in super::super) fn unfit(contents: &Contents) -> Option<String> {
    let version = contents.archive_version.as_deref().unwrap_or("unknown");
    let Some(start) = contents.data else {
        return Some(format!("its version {version} is not known"));
    };
    if matches!(contents.format, Format::Plain | Format::PlainAll) {
        return Some("it has no table of contents".to_owned());
    }
    if start.at > HEAD {
        return Some("its table of contents is too long".to_owned());
    }
    let data: Vec<&Entry> = contents
        .toc
        .iter()
        .filter(|entry| entry.has_data())
        .collect();
    let numbers: HashSet<i32> = data.iter().map(|entry| entry.id).collect();
    if numbers.len() < data.len() {
        return Some("two of its entries have the same number".to_owned());
    }
    data.iter().find_map(|entry| odd(entry, &numbers))
}

/// What about an entry with data needs `pg_restore`'s own order or eyes.
fn odd(entry: &Entry, with_data: &HashSet<i32>) -> Option<String> {
    let name = entry.name();
    if entry.section != Section::Data {
        return Some(format!("the data of \"{name}\" are in no section of data"));
    }
    match &*entry.desc {
        "BLOBS" => return None,
        "TABLE DATA" => {}
        other => return Some(format!("it holds data of the kind \"{other}\"")),
    }
    if entry.copy.is_none() {
        return Some(format!("the data of \"{name}\" are INSERT statements"));
    }
    let Detail::Lines(target) = &entry.detail else {
        return Some(format!(
            "the statement that loads \"{name}\" is not understood"
        ));
    };
    // Several partitions that are loaded through their root at the same time wait for each other's locks.
    if *target.table != *entry.tag {
        return Some(format!(
            "the data of \"{name}\" are loaded through the root of its partitions"
        ));
    }
    // The configuration tables of extensions: their foreign keys are there before their rows.
    let mut depends = entry.depends.iter();
    if depends.any(|on| with_data.contains(on)) {
        return Some(format!(
            "the data of \"{name}\" must follow those of another table"
        ));
    }
    None
}

/// Entries of the section of data that have none in the archive, in their order: those that data wait for, such as what
/// makes the large objects of PostgreSQL 17, and the others, such as the values of sequences.
pub(super) fn without_data(contents: &Contents) -> (Vec<i32>, Vec<i32>) {
    let data = contents.toc.iter().filter(|entry| entry.has_data());
    let awaited: HashSet<i32> = data
        .flat_map(|entry| entry.depends.iter().copied())
        .collect();
    in_section(contents, Section::Data)
        .filter(|entry| !entry.has_data() && !entry.is_setting())
        .map(|entry| entry.id)
        .partition(|id| awaited.contains(id))
}

/// What stands before the data, in its order.
pub(super) fn before_data(contents: &Contents) -> impl Iterator<Item = &Entry> {
    in_section(contents, Section::PreData).filter(|entry| !entry.is_setting())
}

/// What stands behind the data, without what was made already.
pub(super) fn after_data(contents: &Contents, made: &HashSet<i32>) -> Vec<i32> {
    let after = in_section(contents, Section::PostData);
    after
        .filter(|entry| !made.contains(&entry.id) && !entry.is_setting())
        .map(|entry| entry.id)
        .collect()
}

/// The entries of a section, in their order. What belongs to no section goes with what stands before it, as `pg_restore`
/// has it.
fn in_section(contents: &Contents, wanted: Section) -> impl Iterator<Item = &Entry> {
    let mut section = Section::PreData;
    contents.toc.iter().filter(move |entry| {
        if entry.section != Section::None {
            section = entry.section;
        }
        section == wanted
    })
}

/// The indexes and keys that can be made as soon as a table has its rows, by the number of the entry of these. Foreign
/// keys are none of them.
pub(super) fn indexes(contents: &Contents) -> HashMap<i32, Vec<i32>> {
    let data = contents.toc.iter().filter(|entry| entry.is_table_data());
    // A table and the entry of its rows, which depends on it.
    let rows: HashMap<i32, i32> = data
        .filter_map(|entry| Some((*entry.depends.first()?, entry.id)))
        .collect();
    let after: HashSet<i32> = in_section(contents, Section::PostData)
        .map(|entry| entry.id)
        .collect();
    let mut found: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in &contents.toc {
        let alone = !entry.depends.iter().any(|on| after.contains(on));
        let tables: Vec<i32> = entry
            .depends
            .iter()
            .filter_map(|on| rows.get(on).copied())
            .collect();
        if matches!(&*entry.desc, "INDEX" | "CONSTRAINT")
            && alone
            && let [table] = tables[..]
        {
            found.entry(table).or_default().push(entry.id);
        }
    }
    found
}

/// Entries whose rows go into a table that the dump itself makes and nothing has written to before: no table of an
/// extension, and no foreign one. In ascending order.
pub(super) fn ours(contents: &Contents) -> Vec<i32> {
    let tables = contents.toc.iter().filter(|entry| &*entry.desc == "TABLE");
    let tables: HashSet<i32> = tables.map(|entry| entry.id).collect();
    let data = contents.toc.iter().filter(|entry| entry.is_table_data());
    let ours = data.filter(|entry| entry.depends.iter().any(|on| tables.contains(on)));
    let mut ours: Vec<i32> = ours.map(|entry| entry.id).collect();
    ours.sort_unstable();
    ours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dump::{Data, DataStart},
        restore::stream::{object, table},
    };

    fn dump(entries: Vec<Entry>) -> Contents {
        let mut contents = Contents::empty();
        contents.data = Some(DataStart { at: 100, int: 4 });
        contents.archive_version = Some("1.14".to_owned());
        contents.toc = entries;
        contents
    }

    fn copy(name: &str) -> Entry {
        let copy = format!("COPY public.{name} (a) FROM stdin;\n");
        table(name, Some(&copy), Data::Somewhere)
    }

    /// The rows of a table.
    fn rows(id: i32, table: i32) -> Entry {
        Entry {
            id,
            depends: [table].into(),
            ..copy("x")
        }
    }

    fn why(entries: Vec<Entry>) -> String {
        unfit(&dump(entries)).unwrap_or_default()
    }

    #[test]
    fn tables_of_copies_and_large_objects_fit() {
        let large = Entry {
            id: 9,
            desc: "BLOBS".into(),
            copy: None,
            ..copy("BLOBS")
        };
        assert_eq!(why(vec![copy("a"), large]), "");
    }

    #[test]
    fn what_needs_eyes_or_an_order_does_not() {
        let inserts = table("a", None, Data::At(7));
        assert!(why(vec![inserts]).contains("INSERT"));
        let root = "COPY public.root (a) FROM stdin;\n";
        let leaf = table("leaf", Some(root), Data::At(7));
        assert!(why(vec![leaf]).contains("root of its partitions"));
        let odd = Entry {
            desc: "SOMETHING NEW".into(),
            ..copy("a")
        };
        assert!(why(vec![odd]).contains("\"SOMETHING NEW\""));
        let after = Entry {
            id: 2,
            depends: [1].into(),
            ..copy("b")
        };
        assert!(why(vec![copy("a"), after]).contains("must follow"));
        assert!(why(vec![copy("a"), copy("b")]).contains("same number"));
        let unknown = Contents {
            data: None,
            ..dump(Vec::new())
        };
        assert!(unfit(&unknown).unwrap().contains("1.14"));
    }

    #[test]
    fn a_table_is_ours_when_the_dump_makes_it() {
        let made = |id, desc| object(id, desc, Section::PreData, &[]);
        // The last two are in tables of an extension and of another server.
        let toc = vec![
            made(1, "TABLE"),
            made(2, "FOREIGN TABLE"),
            made(3, "EXTENSION"),
            rows(12, 1),
            rows(11, 1),
            rows(13, 3),
            rows(14, 2),
        ];
        assert_eq!(ours(&dump(toc)), [11, 12]);
    }

    #[test]
    fn what_has_no_block_is_found_by_its_place() {
        let entry = |id, desc: &str, section| Entry {
            id,
            desc: desc.into(),
            section,
            data: Data::Nowhere,
            ..copy("x")
        };
        let toc = vec![
            entry(1, "ENCODING", Section::None),
            entry(2, "TABLE", Section::PreData),
            entry(3, "COMMENT", Section::None),
            copy("a"),
            entry(8, "BLOB METADATA", Section::Data),
            Entry {
                id: 9,
                desc: "BLOBS".into(),
                depends: [8].into(),
                ..copy("BLOBS")
            },
            entry(4, "SEQUENCE SET", Section::Data),
            entry(5, "COMMENT", Section::None),
            entry(6, "INDEX", Section::PostData),
            entry(7, "COMMENT", Section::None),
        ];
        let dump = dump(toc);
        assert_eq!(without_data(&dump), (vec![8], vec![4, 5]));
        assert_eq!(after_data(&dump, &HashSet::new()), [6, 7]);
        assert_eq!(after_data(&dump, &HashSet::from([6])), [7]);
    }

    #[test]
    fn an_index_waits_for_its_table_alone_and_a_foreign_key_for_all() {
        let toc = vec![
            object(1, "TABLE", Section::PreData, &[]),
            object(2, "TABLE", Section::PreData, &[]),
            rows(11, 1),
            rows(12, 2),
            object(21, "INDEX", Section::PostData, &[1]),
            object(22, "CONSTRAINT", Section::PostData, &[1]),
            object(23, "FK CONSTRAINT", Section::PostData, &[1, 2]),
            object(24, "INDEX", Section::PostData, &[2, 21]),
            object(25, "INDEX ATTACH", Section::PostData, &[21, 24]),
        ];
        assert_eq!(indexes(&dump(toc)), HashMap::from([(11, vec![21, 22])]));
    }
}
