//! What must hold in the restored database: questions from the plan, answers from PostgreSQL, judged without it.

use jiff::Timestamp;
use tokio_postgres::Client;

use crate::{
    error::{Error, Result},
    finding::Finding,
    plan::Checks,
    report::{CheckResult, Proof},
    units::Secret,
};

/// What the checks need to know of the run.
#[derive(Clone, Debug)]
pub struct Context {
    /// When the dump was taken, as well as it is known.
    pub backup_time: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
    /// How many errors the restore reported that the plan does not ignore.
    pub restore_errors: u64,
    /// Only checks whose id, table, name or tag is one of these; all of them when empty.
    pub only: Vec<String>,
}

/// What the checks found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Every check and its answer, in the order of the plan, the built-in ones first.
    pub results: Vec<CheckResult>,
    /// What there is to say about them.
    pub findings: Vec<Finding>,
    /// What was proved, if anything was.
    pub proof: Option<Proof>,
}

/// The role that asks: it reads everything and changes nothing.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its name.
    pub role: String,
    /// Its password, random.
    pub password: Secret,
}

/// Makes the role that asks.
///
/// # Errors
/// When the server refuses.
pub async fn create_reader(_superuser: &Client, _run: &str) -> Result<Reader> {
    Err(Error::new("not built", "Build it."))
}

/// Asks everything that is declared and everything that is built in, on all connections at once.
///
/// # Errors
/// When the server went away. A check that cannot be answered is no error: it is a result.
pub async fn run(_declared: &Checks, _context: &Context, _clients: Vec<Client>) -> Result<Outcome> {
    Err(Error::new("not built", "Build it."))
}
