//! A check made ready to be asked, and what its answer comes to.

use std::time::Duration;

use serde_json::Value;

use super::{names, reader::TEMP_FILES, scalar::Scalar};
use crate::{
    finding::Severity,
    plan::{Against, Place},
    units::Age,
};

/// A check made ready to be asked.
pub(super) struct Question {
    /// What the report says of it.
    pub(super) about: About,
    /// What is asked.
    pub(super) ask: Ask,
    /// The same question to the live database, where the check is compared with it.
    pub(super) live: Option<Ask>,
}

/// What the report says of a check, whatever its answer is.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// Unique in the report.
    pub(super) id: String,
    /// The table, as it is shown.
    pub(super) table: Option<String>,
    /// The kind of check.
    pub(super) check: &'static str,
    /// What messages call it where it has a name of its own.
    pub(super) name: Option<String>,
    /// Words besides the id by which `--only` may choose it.
    pub(super) words: Vec<String>,
    /// How bad a breach is.
    pub(super) severity: Severity,
    /// What was asked for.
    pub(super) limit: Option<String>,
    /// Where it is written; built-in checks are written nowhere.
    pub(super) place: Option<Place>,
    /// Why it must hold.
    pub(super) description: Option<String>,
    /// Whether its answer comes from rows rather than from the catalog.
    pub(super) looks_at_data: bool,
    /// What its figure is compared with besides its own bounds.
    pub(super) comparing: Comparing,
}

/// What a check's figure is compared with besides its own bounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparing {
    /// The last proven run, and the live database.
    pub(super) against: Against,
    /// Whether it has bounds of its own, too.
    pub(super) bounded: bool,
    /// A digest of what is asked: figures of two runs are only compared when they answer the same.
    pub(super) asked: Option<String>,
    /// The table that it counts whole, by schema and name.
    pub(super) whole: Option<String>,
}

impl About {
    /// What messages call it: its name in double quotes, else its id.
    pub(super) fn called(&self) -> String {
        let quoted = |name: &String| format!("\"{}\"", names::shown(name));
        self.name.as_ref().map_or_else(|| self.id.clone(), quoted)
    }
}

/// What is asked.
pub(super) enum Ask {
    /// Nothing: the answer is known already.
    Known(Judged),
    /// These statements, each in a transaction of its own; their answers come in the same order.
    Statements(Vec<Statement>, Judge),
}

/// Says what the answers come to.
pub(super) type Judge = Box<dyn FnOnce(Vec<Answer>) -> Judged + Send>;

impl Ask {
    /// One statement of our own that returns one row of texts.
    pub(super) fn row(
        statement: Statement,
        judge: impl FnOnce(Row) -> Judged + Send + 'static,
    ) -> Self {
        let judge = move |answers: Vec<Answer>| match answers.into_iter().next() {
            Some(Answer::Row(row)) => judge(row),
            _ => Judged::unanswered("got no row from the database"),
        };
        Self::Statements(vec![statement], Box::new(judge))
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The text.
    pub(super) sql: String,
    /// How long the database may take.
    pub(super) timeout: Duration,
    /// What to bring back.
    pub(super) fetch: Fetch,
    /// Whether the server's words about it must be kept back.
    pub(super) secret: bool,
    /// What it reads, where the same rows may be read once for others, too.
    pub(super) scan: Option<Scan>,
    /// Whether it may look up rows of one table for some of another: how is chosen by what is known of them.
    pub(super) joins: bool,
}

impl Statement {
    /// One that returns one row of texts.
    pub(super) const fn row(sql: String, timeout: Duration) -> Self {
        Self {
            sql,
            timeout,
            fetch: Fetch::Row,
            secret: false,
            scan: None,
            joins: false,
        }
    }

    /// Figures over rows that may be read once for others, too.
    pub(super) fn scan(scan: Scan, timeout: Duration) -> Self {
        Self {
            sql: scan.sql(),
            timeout,
            fetch: Fetch::Row,
            secret: false,
            scan: Some(scan),
            joins: false,
        }
    }
}

/// One reading of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// Aggregates over the rows.
    pub(super) figures: Vec<String>,
    /// What stands behind `from`.
    pub(super) rows: String,
}

impl Scan {
    /// The statement, whose every column is a text.
    pub(super) fn sql(&self) -> String {
        let figures: Vec<_> = self.figures.iter().map(|f| format!("{f}::text")).collect();
        format!("select {} from {}", figures.join(", "), self.rows)
    }
}

/// What to bring back from a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    /// The one row of a statement of our own; every column is a text.
    Row,
    /// The first column of the one row of a statement that somebody else wrote.
    Scalar,
    /// The same, and whether it matches this regular expression.
    Match(String),
    /// How many rows there are, without the rows.
    Count,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// One row of texts.
    Row(Row),
    /// The first column of the one row.
    Scalar(Scalar),
    /// Whether the first column of the one row matches; `None` for NULL.
    Matched(Option<bool>),
    /// So many rows; one more than [`super::ask::MOST_ROWS`] stands for any higher number.
    Rows(u64),
    /// A row was needed and there was none.
    NoRow,
    /// One row was needed and there were more.
    ManyRows,
}

/// One row of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row(pub(super) Vec<Option<String>>);

impl Row {
    /// A column's text, unless it is NULL.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    /// A column that counts something.
    pub(super) fn count(&self, column: usize) -> u64 {
        self.text(column)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }
}

/// How an answer stands to its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Within all of them.
    Held,
    /// Outside the soft ones.
    Soft,
    /// Outside the hard ones.
    Hard,
    /// There is no answer.
    Unanswered,
    /// There is no answer, and that is none of the backup's doing: its time ran out, or its room for temporary files; it
    /// may not be asked; or nothing of the sort can be asked of any database.
    Unverified,
    /// Not asked, or of no consequence.
    Skipped,
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    /// How it stands.
    pub(super) standing: Standing,
    /// The figure that was found; boxed, as a JSON value is large and most answers have none to carry around.
    pub(super) value: Option<Box<Value>>,
    /// What there is to say, to stand behind the check's name: "is 5, at least 1000 was asked for".
    pub(super) message: Option<String>,
    /// The figures behind it, in sentences.
    pub(super) detail: Option<String>,
    /// What to do next, where that is not the usual thing.
    pub(super) hint: Option<&'static str>,
    /// How bad it is, where that is not the check's own severity.
    pub(super) severity: Option<Severity>,
    /// The counts that the figure is the sum of, where a later run needs them.
    pub(super) parts: Vec<u64>,
}

impl Judged {
    /// An answer that stands so.
    pub(super) const fn new(standing: Standing) -> Self {
        Self {
            standing,
            value: None,
            message: None,
            detail: None,
            hint: None,
            severity: None,
            parts: Vec::new(),
        }
    }

    /// It held.
    pub(super) const fn held() -> Self {
        Self::new(Standing::Held)
    }

    /// It did not hold.
    pub(super) fn hard(message: impl Into<String>) -> Self {
        Self::new(Standing::Hard).saying(message)
    }

    /// It could not be answered, or it compared nothing.
    pub(super) fn unanswered(message: impl Into<String>) -> Self {
        Self::new(Standing::Unanswered).saying(message)
    }

    /// It could not be answered by any backup: it says nothing about this one.
    pub(super) fn unverified(message: impl Into<String>) -> Self {
        Self::new(Standing::Unverified).saying(message)
    }

    /// Its time ran out, which says as much of this machine as of the backup.
    pub(super) fn late(timeout: Duration) -> Self {
        Self::new(Standing::Unverified)
            .saying(format!("took longer than {}", Age(timeout)))
            .hint("Give the check a longer `timeout`, or a question that is quicker to answer.")
    }

    /// It needed more room for temporary files than we give it.
    pub(super) fn too_wide() -> Self {
        Self::new(Standing::Unverified)
            .saying(format!("needed more than {TEMP_FILES} of temporary files"))
            .hint("Narrow the check by `where`, or ask what needs no sorting of the whole table.")
    }

    /// It was not asked.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Standing::Skipped).saying(reason)
    }

    /// With what there is to say.
    pub(super) fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// With the figure that was found.
    pub(super) fn value(mut self, value: Value) -> Self {
        self.value = Some(Box::new(value));
        self
    }

    /// With the figures behind it.
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With what to do next.
    pub(super) const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

/// A question and what its answer comes to.
pub(super) struct Answered {
    /// What the report says of it.
    pub(super) about: About,
    /// What the answer comes to.
    pub(super) judged: Judged,
    /// How long the database took, in seconds.
    pub(super) seconds: f64,
}
