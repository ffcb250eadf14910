//! What must hold in the restored database: questions from the plan, answers from PostgreSQL, judged without it.
//!
//! A check goes three ways: `expand` and the kinds turn the plan into questions (pure), `ask` carries them to the
//! server, `judge` says what the answers come to (pure). A new kind is one file here and one row in `expand`.

mod about;
mod against;
mod aggregate;
mod ask;
mod batch;
mod builtin;
mod catalog;
mod columns;
mod conclude;
mod cut_off;
mod database;
mod earlier;
mod expand;
mod faults;
mod freshness;
mod inventory;
mod judge;
mod live;
mod names;
mod newest;
mod not_null;
mod numeric;
mod question;
mod range;
mod reader;
mod references;
mod row_count;
mod scalar;
mod select;
mod sequences;
mod session;
mod sql;
mod statistics;
mod subject;
mod unique;
mod values;

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::Client;

pub use earlier::Earlier;
pub use live::{connect, environment, reach_live};
pub use reader::{create_reader, drop_reader, may_create_reader};
pub use select::misspelt;

use crate::{
    error::{Error, Result},
    finding::Finding,
    plan::{Checks, LivePlan},
    report::{CheckResult, DatabaseFacts, Proof},
    units::Secret,
};

/// What the checks need to know of the run.
#[derive(Clone, Debug)]
pub struct Context {
    /// When the dump was taken, as well as it is known.
    pub backup_time: Option<Timestamp>,
    /// Whether that is when it was stored, for nobody says in which time zone its header tells when it was begun.
    pub is_stored: bool,
    /// Now.
    pub now: Timestamp,
    /// How many errors the restore reported that the plan does not ignore.
    pub restore_errors: u64,
    /// Whether the dump holds no rows, and the plan says that this is meant.
    pub only_schema: bool,
    /// Only checks whose id, table, name or tag is one of these; all of them when empty.
    pub only: Vec<String>,
    /// What the checks found in earlier proven runs.
    pub earlier: Earlier,
    /// How many rows tables hold that were read whole already, by schema and name.
    pub counted: HashMap<(String, String), u64>,
    /// The live database, where the plan names one; its certificates by a path that needs no folder.
    pub live: Option<LivePlan>,
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
    /// What was in the database; none where not everything could be counted.
    pub database: Option<DatabaseFacts>,
    /// Whose rows a check of the plan compared with those of an earlier run.
    pub compared: Compared,
    /// What to know about how it was asked; sentences.
    pub notes: Vec<String>,
}

/// Tables, by schema and name, whose rows checks of the plan compared with those of an earlier run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Those that may not fall without bounds.
    pub fall: Vec<String>,
    /// Those that may not grow without bounds.
    pub growth: Vec<String>,
}

/// The role that asks: it reads everything and changes nothing.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Its name.
    pub role: String,
    /// Its password, random.
    pub password: Secret,
}

/// Asks everything that is declared and everything that is built in, on all connections of the reader at once. By the
/// superuser's PostgreSQL learns what is in the tables that a check joins.
///
/// # Errors
/// When the server went away or is out of disk or memory, or when `only` names no check at all. A check that cannot
/// be answered is no error: it is a result.
pub async fn run(
    declared: &Checks,
    context: &Context,
    superuser: &Client,
    mut clients: Vec<Client>,
) -> Result<Outcome> {
    let until = context.backup_time.unwrap_or(context.now);
    let (catalog, inventory) = look(&mut clients, until).await?;
    let mut asked = expand::declared(declared, context, &catalog);
    names::make_unique(asked.iter_mut().map(|question| &mut question.about.id));
    let mut asked = select::only(asked, &context.only)?;
    let live = (asked.iter_mut())
        .filter_map(|question| Some((question.about.id.clone(), question.live.take()?)))
        .collect();
    let mut questions = builtin::questions(declared, &asked, context, &catalog);
    let schema = declared.schema.as_deref().unwrap_or(names::PUBLIC);
    let queries = statistics::queries(&asked);
    let unknown = match clients.as_mut_slice() {
        [client, ..] => statistics::gather(superuser, client, schema, &queries).await,
        [] => None,
    };
    questions.extend(asked);
    let (answered, replies) = tokio::join!(
        ask::all(questions, schema, clients),
        live::all(live, schema, context.live.as_ref())
    );
    let answered = (answered?.into_iter())
        .map(|answered| {
            let reply = replies.by_check.get(&answered.about.id);
            against::settle(answered, &context.earlier, reply)
        })
        .collect();
    let facts = conclude::Facts {
        catalog: &catalog,
        inventory,
        earlier: &context.earlier,
    };
    let mut outcome = conclude::outcome(declared, facts, answered);
    outcome.findings.extend(replies.findings);
    outcome.notes.extend(unknown);
    Ok(outcome)
}

/// Looks at what was restored, on two connections where there are.
async fn look(
    clients: &mut [Client],
    until: Timestamp,
) -> Result<(catalog::Catalog, Option<inventory::Inventory>)> {
    match clients {
        [first, second, ..] => {
            let (catalog, inventory) =
                tokio::join!(catalog::look(first), inventory::look(second, until));
            Ok((catalog?, inventory))
        }
        [only] => Ok((
            catalog::look(only).await?,
            inventory::look(only, until).await,
        )),
        [] => Err(Error::new(
            "no connection to ask the restored database with",
            "Open at least one connection as the role that reads.",
        )),
    }
}
