//! Why a run could not be finished. Nothing here says anything about the backup itself.
//!
//! Not sure whether to return an error or report a finding? Ask whether another machine with the
//! same backup would see it too. Yes: a finding. No: an error.

use std::{error, fmt, io};

use crate::finding::{Code, Finding};

/// A run that could not be finished: what we were doing, what went wrong, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: Code,
    doing: String,
    cause: Option<String>,
    hint: String,
}

/// The result of anything that can stop a run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Says what could not be done (one line, lower case, no full stop) and what to do about it
    /// (a sentence).
    pub fn new(doing: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: Code::RunStopped,
            doing: doing.into(),
            cause: None,
            hint: hint.into(),
        }
    }

    /// Adds what went wrong underneath, as a sentence.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Reports it under another code than `run.stopped`; the verdict stays "unverified". `notify.failed` is for whoever told
    /// some of those behind one sink and not others.
    #[must_use]
    pub fn coded(mut self, code: Code) -> Self {
        debug_assert!(
            code.stops_the_run() || code == Code::NotifyFailed,
            "{code} says something about the backup"
        );
        self.code = code;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(out, "{}: {cause}", self.doing),
            None => write!(out, "{}", self.doing),
        }
    }
}

impl error::Error for Error {}

impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        let finding = Self::new(error.code, error.doing).hint(error.hint);
        match error.cause {
            Some(cause) => finding.detail(cause),
            None => finding,
        }
    }
}

/// Why the bytes ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// We could not go on reading.
    Run(Error),
    /// The stored object itself is damaged.
    Backup(Finding),
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => error.fmt(out),
            Self::Backup(finding) => out.write_str(&finding.message),
        }
    }
}

impl error::Error for Broken {}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

impl From<Finding> for Broken {
    fn from(finding: Finding) -> Self {
        Self::Backup(finding)
    }
}

impl From<Broken> for Finding {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Run(error) => error.into(),
            Broken::Backup(finding) => finding,
        }
    }
}

impl From<Broken> for io::Error {
    fn from(broken: Broken) -> Self {
        Self::other(broken)
    }
}

impl Broken {
    /// What a reader's error was made of, if it came from one of our readers.
    #[must_use]
    pub fn inside(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// Says what we were doing when somebody else's error came back, and what to do about it.
pub trait OrStop<T> {
    /// `fs::read_dir(path).or_stop(|| format!("could not list \"{path}\""), "Check `backup.url`.")?`
    ///
    /// # Errors
    /// When `self` is one.
    fn or_stop(self, doing: impl FnOnce() -> String, hint: &str) -> Result<T>;
}

impl<T, E: error::Error> OrStop<T> for std::result::Result<T, E> {
    fn or_stop(self, doing: impl FnOnce() -> String, hint: &str) -> Result<T> {
        self.map_err(|cause| Error::new(doing(), hint).because(sentence(&whole(&cause))))
    }
}

/// An error and everything underneath it, outermost first.
#[must_use]
pub fn whole(error: &dyn error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

/// A cause as a sentence: it starts as it was written and ends with a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// What to do after the throwaway server refused something that the run cannot go on without, by its SQLSTATE.
#[must_use]
pub fn after(state: Option<&str>) -> &'static str {
    match state {
        Some("22021" | "22P05") => {
            "A name or a text in the database is not in its encoding, as SQL_ASCII allows: mend it in the source, then take a \
             new dump."
        }
        _ => "Look at the throwaway server's log, its disk and its memory, then run again.",
    }
}

/// What is told in the place of a function's own words.
pub const RAISED: &str = "a function in the database raised an error";

/// Whether PostgreSQL's context of an error tells that a function of the database raised it, in its own words, which may
/// quote anything: `RAISE` and `ASSERT` of PL/pgSQL, and whatever another language throws.
#[must_use]
pub fn raised_by_a_function(context: &str) -> bool {
    let Some(function) = context.strip_prefix("PL/") else {
        return false;
    };
    let place = function.lines().next().unwrap_or_default();
    !place.starts_with("pgSQL ") || place.ends_with(" at RAISE") || place.ends_with(" at ASSERT")
}
