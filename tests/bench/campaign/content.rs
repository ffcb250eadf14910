//! Everything that a database holds, as `pg_dump` writes it, and how much of it is lost in another.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster::Cluster;

/// All of a database.
#[derive(PartialEq, Eq)]
pub(crate) struct Content {
    /// Every line but the rows, in order.
    lines: Vec<String>,
    /// The rows of each table, in the order of their text.
    rows: BTreeMap<String, Vec<String>>,
}

impl Content {
    /// What is in a database; none when it cannot be dumped.
    pub(crate) fn of(cluster: &Cluster, database: &str) -> Option<Self> {
        let output = cluster.client("pg_dump").arg(database).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        output.status.success().then(|| Self::read(&text))
    }

    fn read(text: &str) -> Self {
        let mut content = Self {
            lines: Vec::new(),
            rows: BTreeMap::new(),
        };
        let mut copied: Option<&mut Vec<String>> = None;
        for line in text.lines() {
            match &mut copied {
                Some(_) if line == "\\." => copied = None,
                Some(rows) => rows.push(line.to_owned()),
                None if line.starts_with("COPY ") => {
                    copied = Some(content.rows.entry(line.to_owned()).or_default());
                }
                None if line.contains("restrict ") => {}
                None => content.lines.push(line.to_owned()),
            }
        }
        content
            .rows
            .values_mut()
            .for_each(|rows| rows.sort_unstable());
        content
    }

    /// What of this is not in the other: rows, objects, bytes of large objects; none when only values differ.
    pub(crate) fn lost_in(&self, other: &Self) -> Option<String> {
        for (table, rows) in &self.rows {
            let there = other.rows.get(table).map_or(0, Vec::len);
            if there < rows.len() {
                return Some(format!("{there} of {} rows after {table}", rows.len()));
            }
        }
        let there: BTreeSet<_> = other.objects().collect();
        if let Some(object) = self.objects().find(|object| !there.contains(object)) {
            return Some(object.to_owned());
        }
        let (all, there) = (self.large(), other.large());
        (there < all).then(|| format!("{there} of {all} digits of large objects"))
    }

    /// The headings of objects, without their owners.
    fn objects(&self) -> impl Iterator<Item = &str> {
        let headings = self
            .lines
            .iter()
            .filter(|line| line.starts_with("-- Name: "));
        headings.map(|line| line.split("; Owner: ").next().unwrap_or(line))
    }

    fn large(&self) -> usize {
        let written = self
            .lines
            .iter()
            .filter(|line| line.contains("pg_catalog.lowrite("));
        written.map(String::len).sum()
    }

    /// The first line that differs, for whoever looks into it.
    pub(crate) fn first_difference(&self, other: &Self) -> String {
        let all = |content: &Self| -> Vec<String> {
            let rows = content.rows.iter();
            let rows = rows.flat_map(|(table, rows)| {
                rows.iter()
                    .map(move |row| format!("{} {row}", &table[..20.min(table.len())]))
            });
            content.lines.iter().cloned().chain(rows).collect()
        };
        let (mine, theirs) = (all(self), all(other));
        let pair = mine
            .iter()
            .zip(&theirs)
            .find(|(mine, theirs)| mine != theirs);
        let cut = |text: &str| text.chars().take(160).collect::<String>();
        pair.map_or_else(
            || "one is longer".to_owned(),
            |(mine, theirs)| format!("{} -> {}", cut(mine), cut(theirs)),
        )
    }
}
