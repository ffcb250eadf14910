//! What a database that somebody else runs, and what leads to it, are called in errors.

/// The names of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called {
    /// Before its host and name.
    pub(super) database: &'static str,
    /// Where its DSN stands.
    pub(super) dsn: &'static str,
    /// Where the certificates of its authorities are named.
    pub(super) ca: &'static str,
    /// What to do when nobody answers.
    pub(super) hint: &'static str,
}

/// The one that a plan compares with.
pub(super) const LIVE: Called = Called {
    database: "the live database",
    dsn: "`live.dsn`",
    ca: "`live.ca`",
    hint: "Check `live.dsn`, and that this machine may reach the database; the backup itself was drilled without it.",
};

/// The one that a dump is taken from.
pub(super) const SOURCE: Called = Called {
    database: "the source",
    dsn: "the DSN",
    ca: "--ca",
    hint: "Check the DSN, and that this machine may reach the database.",
};
