//! The manifest and what was restored: pure.

mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Manifest;
use crate::{
    finding::{Code, Finding, Severity},
    proof::{SUBSCRIPTION, SequenceValue, Settled},
    rows::Rows,
};

/// How many names a finding lists.
const NAMED: usize = 20;

/// What is known of the restored database and of the dump.
pub struct Facts<'a> {
    /// The dump's key.
    pub key: &'a str,
    /// The SHA-256 of the bytes that were read; none for a directory dump.
    pub sha256: Option<&'a str>,
    /// The SHA-256 of every file of a directory dump.
    pub members: &'a BTreeMap<String, String>,
    /// The restored tables.
    pub tables: &'a [Settled],
    /// The values of the restored sequences.
    pub sequences: &'a [SequenceValue],
    /// The restored large objects.
    pub large: Option<Rows>,
    /// How many objects of which kind were restored; none where the server does not tell.
    pub objects: Option<&'a BTreeMap<String, u64>>,
}

/// What comparing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What differs.
    pub findings: Vec<Finding>,
    /// What there is to know, in sentences.
    pub notes: Vec<String>,
    /// Whether everything that the manifest names was compared and is the same.
    pub equal: bool,
    /// Whether its checksums are those of the dump's bytes.
    pub matched: bool,
}

/// Compares.
#[must_use]
pub fn judge(manifest: &Manifest, facts: &Facts<'_>) -> Judged {
    let mut judged = Judged {
        equal: true,
        ..Judged::default()
    };
    if !judged.bytes(manifest, facts) {
        judged.equal = false;
        return judged;
    }
    judged.rows(manifest, facts);
    judged.sequences(manifest, facts);
    judged.large(manifest, facts);
    judged.objects(manifest, facts);
    judged.equal &= judged.findings.is_empty();
    judged
}

impl Judged {
    /// Whether the manifest is this dump's.
    fn bytes(&mut self, manifest: &Manifest, facts: &Facts<'_>) -> bool {
        let file = facts
            .key
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(facts.key);
        let (differs, detail) = match (&manifest.dump.sha256, facts.sha256) {
            (Some(wanted), Some(found)) => (
                wanted != found,
                "Its SHA-256 is another than the manifest's.".to_owned(),
            ),
            // A directory dump has no checksum of its own.
            (None, None) => {
                let wanted = manifest.dump.members.as_ref();
                files(wanted.filter(|_| !facts.members.is_empty()), facts.members)
            }
            (Some(_), None) | (None, Some(_)) => (true, String::new()),
        };
        if differs && manifest.dump.file == file {
            let message = format!(
                "the dump is not the one that \"{}\" was written for",
                super::name_of(file)
            );
            self.findings.push(
                Finding::new(Code::DumpCorrupt, message)
                    .detail(detail)
                    .about(facts.key),
            );
        } else if differs {
            self.findings.push(unusable(
                facts.key,
                &format!("It was written for \"{}\".", manifest.dump.file),
            ));
        }
        if let Some(status) = manifest.exit_status.filter(|&status| status != 0) {
            let message = format!("pg_dump ended with exit code {status} when it wrote the dump");
            self.findings
                .push(Finding::new(Code::DumpIncomplete, message).about(facts.key));
        }
        self.matched = !differs && (facts.sha256.is_some() || manifest.dump.members.is_some());
        self.matched &= facts.sha256.is_some() || !facts.members.is_empty();
        !differs
    }

    /// A sequence does not heed the snapshot: the dump may hold any value from before to after.
    fn sequences(&mut self, manifest: &Manifest, facts: &Facts<'_>) {
        let found: HashMap<_, _> = facts
            .sequences
            .iter()
            .map(|s| ((&s.schema, &s.name), s.value))
            .collect();
        let differing: Vec<_> = (manifest.sequences.iter())
            .filter(|wanted| match found.get(&(&wanted.schema, &wanted.name)) {
                Some(value) => !wanted.may_have_had(*value),
                None => true,
            })
            .map(|wanted| format!("\"{}.{}\"", wanted.schema, wanted.name))
            .collect();
        if differing.is_empty() {
            return;
        }
        let message = format!(
            "{} sequences do not have the values of the source",
            differing.len()
        );
        if manifest.selects == Some(false) {
            let detail = format!("They are {}.", bounded(&differing));
            self.findings.push(
                Finding::new(Code::RestoreRows, message)
                    .detail(detail)
                    .about(facts.key),
            );
        } else {
            let less = Finding::new(Code::RestoreRows, message).about(facts.key);
            self.less(manifest, less, &differing);
        }
    }

    /// What the source held and the restored database does not, where `pg_dump` was told to leave something out, or may have
    /// been: that is no loss, or not surely one.
    fn less(&mut self, manifest: &Manifest, less: Finding, names: &[String]) {
        self.equal = false;
        if manifest.selects == Some(true) {
            let what = less.message;
            self.notes
                .push(format!("pg_dump was told to leave something out: {what}."));
            return;
        }
        let unknown =
            "Whether pg_dump was told to leave that out is not known: somebody else called it.";
        let detail = match names {
            [] => unknown.to_owned(),
            names => format!("They are: {}. {unknown}", bounded(names)),
        };
        let hint =
            "Let `pgdrill manifest … -- pg_dump …` call pg_dump: it sees what pg_dump is told.";
        let less = less.severity(Severity::Warning).detail(detail).hint(hint);
        self.findings.push(less);
    }

    fn large(&mut self, manifest: &Manifest, facts: &Facts<'_>) {
        let (Some(source), Some(found)) = (&manifest.large_objects, facts.large) else {
            self.notes
                .push("Large objects were not compared with the source.".to_owned());
            self.equal = false;
            return;
        };
        if source.rows() == found {
            return;
        }
        if manifest.selects != Some(false) && found.count == 0 {
            let message = format!(
                "the {} large objects of the source are not in the dump",
                source.count
            );
            let less = Finding::new(Code::RestoreRows, message).about(facts.key);
            self.less(manifest, less, &[]);
        } else {
            let message = format!(
                "{} large objects were restored, and not the {} of the source",
                found.count, source.count
            );
            self.findings
                .push(Finding::new(Code::RestoreRows, message).about(facts.key));
        }
    }

    /// More objects than the source held are no loss: another version may make some by itself.
    fn objects(&mut self, manifest: &Manifest, facts: &Facts<'_>) {
        let (Some(source), Some(found)) = (&manifest.objects, facts.objects) else {
            self.notes
                .push("Numbers of objects were not compared with the source.".to_owned());
            return;
        };
        let count = |kind: &String| found.get(kind).copied().unwrap_or_default();
        let untold = |kind: &String| kind == SUBSCRIPTION && !found.contains_key(kind);
        if source
            .iter()
            .any(|(kind, wanted)| *wanted > 0 && untold(kind))
        {
            let note =
                "Subscriptions were not compared with the source: only a superuser sees them.";
            self.notes.push(note.to_owned());
            self.equal = false;
        }
        let fewer: Vec<_> = source
            .iter()
            .filter(|(kind, wanted)| count(kind) < **wanted && !untold(kind))
            .map(|(kind, wanted)| format!("{kind}: {} of {wanted}", count(kind)))
            .collect();
        if fewer.is_empty() {
            return;
        }
        if manifest.selects != Some(false) {
            let message = format!("fewer objects than in the source ({})", bounded(&fewer));
            let less = Finding::new(Code::RestoreMissing, message).about(facts.key);
            return self.less(manifest, less, &[]);
        }
        let message = "fewer objects were restored than the source held";
        let detail = format!(
            "The manifest was taken in the dump's own snapshot. They are: {}.",
            bounded(&fewer)
        );
        self.findings.push(
            Finding::new(Code::RestoreMissing, message)
                .detail(detail)
                .about(facts.key),
        );
    }
}

/// Whether the files of a directory dump are others than the manifest says, and which.
fn files(
    wanted: Option<&BTreeMap<String, String>>,
    found: &BTreeMap<String, String>,
) -> (bool, String) {
    let wanted = wanted.unwrap_or(found);
    let names: BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
    let differ = names
        .into_iter()
        .filter(|&name| wanted.get(name) != found.get(name));
    let differ: Vec<_> = differ.map(|name| format!("\"{name}\"")).collect();
    let detail = format!("These files are not the manifest's: {}.", bounded(&differ));
    (!differ.is_empty(), detail)
}

/// A manifest that raises nothing.
#[must_use]
pub fn unusable(key: &str, why: &str) -> Finding {
    let message = format!("the manifest \"{}\" cannot be used", super::name_of(key));
    Finding::new(Code::ManifestUnusable, message)
        .detail(why)
        .about(key)
}

fn bounded(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::Held, *};

    /// From a source with this, of a `pg_dump` of which is known whether it was told to leave something out, or not.
    fn judged(key: &str, of_source: Value, selects: Option<bool>) -> Judged {
        let mut text = json!({
            "manifest": 1, "pgdrill": "0.1.0", "database": "shop", "server_version": "17.1", "pg_dump_version": null,
            "snapshot": "x", "encoding": "UTF8", "started": "2026-11-28T00:00:00Z", "finished": "2026-11-28T00:00:00Z",
            "exit_status": 0, "selects": selects, "dump": { "file": "x.dump", "size_bytes": 1, "sha256": "00" },
            "tables": [], "sequences": [], "large_objects": Held::from(Rows::default()), "objects": {},
        });
        text[key] = of_source;
        let manifest = super::super::parse(text.to_string().as_bytes()).unwrap();
        let facts = Facts {
            key: "x.dump",
            sha256: Some("00"),
            members: &BTreeMap::new(),
            tables: &[],
            sequences: &[],
            large: Some(Rows::default()),
            objects: Some(&BTreeMap::new()),
        };
        judge(&manifest, &facts)
    }

    /// What a source may have held that is in no dump.
    fn lost() -> [(&'static str, Value); 4] {
        let one = Held::from(Rows {
            count: 1,
            digest: 1,
        });
        let table =
            json!({ "schema": "public", "name": "t", "root": null, "columns": [], "rows": one });
        let sequence = json!({ "schema": "public", "name": "s", "before": 1, "after": 1 });
        [
            ("objects", json!({ "view": 1 })),
            ("sequences", json!([sequence])),
            ("large_objects", json!(one)),
            ("tables", json!([table])),
        ]
    }

    #[test]
    fn what_was_left_out_on_purpose_is_no_loss_and_no_equality() {
        let same = judged("objects", json!({}), Some(true));
        assert!(same.equal && same.findings.is_empty() && same.matched);
        for (key, of_source) in lost() {
            let judged = judged(key, of_source, Some(true));
            assert!(judged.findings.is_empty(), "{:?}", judged.findings);
            assert!(!judged.equal, "{key}");
            assert!(
                judged.notes[0].starts_with("pg_dump was told to leave"),
                "{key}"
            );
        }
    }

    #[test]
    fn what_may_have_been_left_out_is_a_warning_and_what_was_not_is_a_loss() {
        for (selects, severity) in [(None, Severity::Warning), (Some(false), Severity::Critical)] {
            for (key, of_source) in lost() {
                let judged = judged(key, of_source, selects);
                let told: Vec<_> = judged.findings.iter().map(|found| found.severity).collect();
                assert_eq!(told, [severity], "{key}");
                assert!(!judged.equal && judged.notes.is_empty(), "{key}");
            }
        }
        let tables = judged("tables", lost()[3].1.clone(), None);
        let detail = tables.findings[0].detail.as_deref().unwrap_or_default();
        assert!(detail.contains("public.t"), "{detail}");
    }

    #[test]
    fn subscriptions_that_only_the_source_told_are_not_missed() {
        let of = |count: u64| judged("objects", json!({ SUBSCRIPTION: count }), Some(false));
        assert!(of(0).equal);
        let judged = of(1);
        assert!(!judged.equal && judged.findings.is_empty());
        assert_eq!(judged.notes.len(), 1);
    }
}
