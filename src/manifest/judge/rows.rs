//! The rows of the source's tables and those of the restored ones.

use std::collections::HashSet;

use super::{
    super::{Manifest, Table},
    Facts, Judged, bounded,
};
use crate::{
    finding::{Code, Finding},
    proof::{Answer, Settled},
    rows::Rows,
};

impl Judged {
    /// Compares table by table.
    pub(super) fn rows(&mut self, manifest: &Manifest, facts: &Facts<'_>) {
        let mut met = HashSet::new();
        let mut differing = Vec::new();
        for settled in facts.tables {
            let parts = parts(manifest, settled);
            met.extend(
                parts
                    .iter()
                    .map(|table| (table.schema.as_str(), table.name.as_str())),
            );
            if let Some(difference) = self.table(&parts, settled) {
                differing.push(difference);
            }
        }
        let absent = |table: &&Table| !met.contains(&(table.schema.as_str(), table.name.as_str()));
        // A script of INSERTs says nothing of an empty table; whether it is there is what the numbers of objects tell.
        let (absent, empty): (Vec<_>, Vec<_>) =
            (manifest.tables.iter().filter(absent)).partition(|table| table.rows.rows().count > 0);
        let counted = manifest.objects.is_some() && facts.objects.is_some();
        self.equal &= empty.is_empty() || counted;
        let absent: Vec<_> = absent.into_iter().map(called).collect();
        if manifest.selects != Some(false) && !absent.is_empty() {
            let message = format!("{} tables of the source are not in the dump", absent.len());
            let less = Finding::new(Code::RestoreRows, message).about(facts.key);
            self.less(manifest, less, &absent);
        } else {
            differing.extend(
                absent
                    .iter()
                    .map(|name| format!("{name} (not in the dump)")),
            );
        }
        if !differing.is_empty() {
            let message = match &differing[..] {
                [one] => format!("other rows than in the source: {one}"),
                several => format!(
                    "{} tables hold other rows than the source held",
                    several.len()
                ),
            };
            let detail = format!(
                "The manifest was taken in the dump's own snapshot. They are: {}.",
                bounded(&differing)
            );
            self.findings.push(
                Finding::new(Code::RestoreRows, message)
                    .detail(detail)
                    .about(facts.key),
            );
        }
    }

    /// How a restored table differs from the source's.
    fn table(&mut self, parts: &[&Table], settled: &Settled) -> Option<String> {
        let name = format!(
            "{}.{}",
            settled.target.schema.as_deref().unwrap_or("public"),
            settled.target.table
        );
        if parts.is_empty() {
            self.notes
                .push(format!("The manifest says nothing of \"{name}\"."));
            self.equal = false;
            return None;
        }
        let mut source = Rows::default();
        for table in parts {
            source.absorb(table.rows.rows());
        }
        let same_columns = parts.iter().all(|table| {
            settled
                .target
                .columns
                .as_ref()
                .is_none_or(|columns| *columns == table.columns)
        });
        let count = match settled.answer {
            Some(Answer::Read(found)) if found == source => return None,
            Some(Answer::Read(found))
                if same_columns && found.count == source.count && !settled.loose =>
            {
                return Some(format!("{name} ({} rows, other contents)", found.count));
            }
            Some(Answer::Read(found)) => found.count,
            Some(Answer::Counted(found)) => found,
            Some(Answer::Refused(_)) | None => {
                self.equal = false;
                return None;
            }
        };
        if count != source.count {
            return Some(format!("{name} ({count} rows of {})", source.count));
        }
        self.notes.push(format!(
            "\"{name}\" has as many rows as the source had; their contents were not compared."
        ));
        self.equal = false;
        None
    }
}

/// The tables of the source that a restored one holds the rows of.
fn parts<'a>(manifest: &'a Manifest, settled: &Settled) -> Vec<&'a Table> {
    let schema = settled.target.schema.as_deref().unwrap_or("public");
    let itself = |table: &&Table| table.schema == schema && table.name == settled.target.table;
    if let Some(table) = manifest.tables.iter().find(itself) {
        return vec![table];
    }
    let under = |table: &&Table| {
        table
            .root
            .as_ref()
            .is_some_and(|(of, name)| of == schema && *name == settled.target.table)
    };
    manifest.tables.iter().filter(under).collect()
}

fn called(table: &Table) -> String {
    format!("{}.{}", table.schema, table.name)
}
