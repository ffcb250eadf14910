//! What came of every damage, kept in a file of lines, and the table of it.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::Path,
};

use serde_json::{Value, json};

use super::{dumps::FORMATS, trial::Came};

/// What came of one damage: for the bare program, for pgdrill alone, and with a checksum or a manifest.
pub(crate) struct Line {
    pub(crate) format: String,
    pub(crate) at: u64,
    pub(crate) kind: String,
    pub(crate) came: [Came; 3],
}

/// All of them.
pub(crate) struct Log {
    lines: Vec<Line>,
    file: Option<File>,
    seed: u64,
}

impl Log {
    /// With what an earlier run with this seed left in the file.
    pub(crate) fn open(path: Option<&Path>, seed: u64) -> Self {
        let before = path.and_then(|path| std::fs::read_to_string(path).ok());
        let before = before.unwrap_or_default();
        let values = before
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let values = values.filter(|line: &Value| line["seed"] == seed);
        let lines = values.map(|line| Line::read(&line)).collect();
        let file = path.map(|path| {
            let mut options = OpenOptions::new();
            options.create(true).append(true).open(path).unwrap()
        });
        Self { lines, file, seed }
    }

    /// The numbers that are still to be tried.
    pub(crate) fn todo(&self, format: &str, of: u64) -> Vec<u64> {
        let done: BTreeSet<u64> = self.of(format).map(|line| line.at).collect();
        (0..of).filter(|at| !done.contains(at)).collect()
    }

    pub(crate) fn add(&mut self, line: Line) {
        if let Some(file) = &mut self.file {
            writeln!(file, "{}", line.write(self.seed)).unwrap();
        }
        self.lines.push(line);
    }

    fn of(&self, format: &str) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.format == format)
    }

    /// For a README: how many of each, for the numbers below `of`.
    pub(crate) fn table(&self, of: u64) -> String {
        let mut table = String::from(
            "| format | damaged | bare: noticed | hung | harmless | **silent** (lost) | pgdrill: noticed | harmless | **silent** (lost) | with a checksum: noticed | harmless | **silent** |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for format in &FORMATS {
            let lines: Vec<_> = self.of(format.name).filter(|line| line.at < of).collect();
            if lines.is_empty() {
                continue;
            }
            let [bare, alone, vouched] =
                [0, 1, 2].map(|who| Count::of(lines.iter().map(|line| &line.came[who])));
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} | {} | **{}** ({}) | {} | {} | **{}** ({}) | {} | {} | **{}** |",
                format.name,
                lines.len(),
                bare.noticed,
                bare.hung,
                bare.harmless,
                bare.silent,
                bare.lost,
                alone.noticed + alone.hung,
                alone.harmless,
                alone.silent,
                alone.lost,
                vouched.noticed + vouched.hung,
                vouched.harmless,
                vouched.silent,
            );
        }
        table
    }
}

#[derive(Default)]
struct Count {
    noticed: u64,
    hung: u64,
    harmless: u64,
    silent: u64,
    lost: u64,
}

impl Count {
    fn of<'a>(all: impl Iterator<Item = &'a Came>) -> Self {
        let mut count = Self::default();
        for came in all {
            match came {
                Came::Noticed(_) => count.noticed += 1,
                Came::Hung => count.hung += 1,
                Came::Harmless => count.harmless += 1,
                Came::Changed(_) => count.silent += 1,
                Came::Lost(_) => {
                    count.silent += 1;
                    count.lost += 1;
                }
            }
        }
        count
    }
}

impl Line {
    fn write(&self, seed: u64) -> Value {
        let came = self.came.each_ref().map(|came| match came {
            Came::Noticed(what) => json!(["noticed", what]),
            Came::Hung => json!(["hung", ""]),
            Came::Harmless => json!(["harmless", ""]),
            Came::Lost(what) => json!(["lost", what]),
            Came::Changed(what) => json!(["changed", what]),
        });
        json!({ "seed": seed, "format": self.format, "at": self.at, "kind": self.kind, "came": came })
    }

    fn read(line: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let came = [0, 1, 2].map(|who| {
            let what = text(&line["came"][who][1]);
            match line["came"][who][0].as_str().unwrap() {
                "noticed" => Came::Noticed(what),
                "hung" => Came::Hung,
                "harmless" => Came::Harmless,
                "lost" => Came::Lost(what),
                _ => Came::Changed(what),
            }
        });
        Self {
            format: text(&line["format"]),
            at: line["at"].as_u64().unwrap(),
            kind: text(&line["kind"]),
            came,
        }
    }
}
