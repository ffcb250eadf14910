//! `pgdrill report`: a stored report, written again in another format.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use clap::Args;

use super::output::{self, Output};
use crate::{
    error::{Error, Result},
    history,
    report::Report,
};

const HELP: &str = "\
Exit codes:
  0  the report is written, whatever its verdict
  2  wrong usage, a file that cannot be read or is no report, or one that cannot be written

Examples:
  pgdrill report run.json --as markdown
  pgdrill history --format json checks/shop.yaml | pgdrill report - --as html > runs.html
  pgdrill report run.json --output junit=report.xml --output html=report.html";

/// Writes a stored report again in another format.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Render {
    /// A report as `--format json` writes it, a list of them, or a history; `-` reads standard input
    #[arg(value_name = "RUN.json")]
    file: PathBuf,
    /// The format on standard output [default: human, unless --output is given]
    #[arg(long = "as", value_name = "FORMAT", value_parser = output::known)]
    format: Option<String>,
    /// Write it into a file; repeatable
    #[arg(long, value_name = "FORMAT=PATH")]
    output: Vec<Output>,
}

/// Wrong usage: nothing was written.
const USAGE: u8 = 2;

impl Render {
    pub(super) fn run(self) -> u8 {
        match self.write() {
            Ok(()) => 0,
            Err(error) => {
                output::tell_error(&error);
                USAGE
            }
        }
    }

    fn write(&self) -> Result<()> {
        let reports = reports(&read(&self.file)?, &name(&self.file))?;
        let written = output::write(&self.output, &reports);
        let format = match (&self.format, self.output.is_empty()) {
            (Some(format), _) => format,
            (None, true) => "human",
            (None, false) => return written,
        };
        output::print(&output::render(format, &reports, output::style()));
        written
    }
}

fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        format!("\"{}\"", file.display())
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    read.map_err(|cause| {
        let doing = format!("could not read {}", name(file));
        Error::new(doing, "Check the path, and the right to read it.").because(format!("{cause}."))
    })
}

/// One report, or a list of them.
fn reports(bytes: &[u8], from: &str) -> Result<Vec<Report>> {
    let reports = history::reports(bytes).map_err(|why| {
        let hint =
            "Give what `--format json` or `--output json=PATH` wrote, or a record of the history.";
        Error::new(format!("{from} holds no report"), hint).because(why)
    })?;
    if reports.is_empty() {
        let hint = "Give a list with at least one report.";
        return Err(Error::new(format!("{from} holds an empty list"), hint));
    }
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn report() -> serde_json::Value {
        serde_json::to_value(Report::new("shop", "01JD", Timestamp::UNIX_EPOCH)).unwrap()
    }

    fn told(text: &str) -> String {
        reports(text.as_bytes(), "standard input")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn one_report_and_a_list_are_read() {
        let one = report().to_string();
        assert_eq!(reports(one.as_bytes(), "x").unwrap().len(), 1);
        let list = format!("[{one},{one}]");
        assert_eq!(reports(list.as_bytes(), "x").unwrap().len(), 2);
        let history = format!("{{\"plan\": \"shop\", \"runs\": {list}}}");
        assert_eq!(reports(history.as_bytes(), "x").unwrap().len(), 2);
        let several = format!("[{history},{history}]");
        assert_eq!(reports(several.as_bytes(), "x").unwrap().len(), 4);
    }

    #[test]
    fn what_is_no_report_is_told_with_why() {
        assert!(told("").contains("It is empty."));
        assert!(told("{\"schema\": 1").contains("cut off"));
        assert!(told("<xml>").contains("no JSON"));
        assert!(told("{}").contains("no report"));
        assert!(told("[]").contains("empty list"));
        let mut newer = report();
        newer["schema"] = 2.into();
        let text = told(&newer.to_string());
        assert!(
            text.contains("schema 2") && text.contains("reads schema 1"),
            "{text}"
        );
        let text = told(&format!("[{},{newer}]", report()));
        assert!(text.contains("Report 2 of 2"), "{text}");
    }
}
