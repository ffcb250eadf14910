//! The same questions to the live database: read only, one at a time, and never a reason to stop the run.

mod called;
mod open;

pub use open::{connect, environment};

use std::collections::BTreeMap;

use serde_json::Value;
use tokio_postgres::Client;

use super::{
    ask,
    faults::Fault,
    names,
    question::{Ask, Judged},
};
use crate::{
    error::OrStop as _,
    finding::{Code, Finding, Severity},
    plan::LivePlan,
};

/// What all findings about the live database are about.
const SUBJECT: &str = "live";

/// What the live database answered to one check.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// This figure.
    Figure(Value),
    /// Nothing, and why.
    Nothing(String),
}

/// What the live database answered, by the checks' ids, and what there is to say about it.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// By the checks' ids.
    pub(super) by_check: BTreeMap<String, Reply>,
    /// At most one: it could not be reached, or it did not answer everything.
    pub(super) findings: Vec<Finding>,
}

/// Connects as the comparison does, and asks for the server's version alone.
///
/// # Errors
/// When nobody answers, or the certificates do not match. No error holds the password.
pub async fn reach_live(plan: &LivePlan) -> crate::error::Result<String> {
    let client = open::open(plan).await?;
    let row = client.query_one("show server_version", &[]).await;
    let hint = "Check that the role of `live.dsn` may ask the database.";
    let row = row.or_stop(|| "the live database did not answer".to_owned(), hint)?;
    Ok(row.get(0))
}

/// Asks the live database everything that is compared with it; it is not reached at all when nothing is.
pub(super) async fn all(
    questions: Vec<(String, Ask)>,
    schema: &str,
    plan: Option<&LivePlan>,
) -> Replies {
    if questions.is_empty() {
        return Replies::default();
    }
    let Some(plan) = plan else {
        return nothing(questions, "`live.dsn` is empty");
    };
    match open::open(plan).await {
        Ok(client) => asked(questions, schema, client).await,
        Err(error) => Replies {
            findings: vec![Finding {
                code: Code::CheckWarned,
                severity: Severity::Warning,
                subject: Some(SUBJECT.to_owned()),
                ..error.into()
            }],
            ..nothing(questions, "the live database could not be reached")
        },
    }
}

fn nothing(questions: Vec<(String, Ask)>, why: &str) -> Replies {
    let replies = questions
        .into_iter()
        .map(|(id, _)| (id, Reply::Nothing(why.to_owned())));
    Replies {
        by_check: replies.collect(),
        findings: Vec::new(),
    }
}

async fn asked(questions: Vec<(String, Ask)>, schema: &str, client: Client) -> Replies {
    let mut client = Some(client);
    let mut by_check = BTreeMap::new();
    let mut silent = Vec::new();
    for (id, question) in questions {
        let (judged, still) = one(client, schema, question).await;
        client = still;
        let reply = reply(judged);
        if let Reply::Nothing(why) = &reply {
            silent.push(format!("{id}: {why}"));
        }
        by_check.insert(id, reply);
    }
    Replies {
        by_check,
        findings: unanswered(&silent).into_iter().collect(),
    }
}

/// One question, and the connection as long as it holds.
async fn one(client: Option<Client>, schema: &str, question: Ask) -> (Judged, Option<Client>) {
    let (statements, judge) = match question {
        Ask::Known(judged) => return (judged, client),
        Ask::Statements(statements, judge) => (statements, judge),
    };
    let gone = || (Judged::unanswered("went away"), None);
    let Some(mut client) = client else {
        return gone();
    };
    let mut answers = Vec::new();
    for statement in &statements {
        match ask::in_time(&mut client, schema, statement).await {
            Ok(answer) => answers.push(answer),
            Err(Fault::Question(judged)) => return (judged, Some(client)),
            Err(Fault::Run(_)) => return gone(),
        }
    }
    (judge(answers), Some(client))
}

/// A figure counts whether or not it keeps the check's own bounds: those are about the backup.
fn reply(judged: Judged) -> Reply {
    match (judged.value, judged.message) {
        (Some(value), _) => Reply::Figure(*value),
        (None, Some(message)) => Reply::Nothing(format!("the live database {message}")),
        (None, None) => Reply::Nothing("the live database gave no figure".to_owned()),
    }
}

fn unanswered(silent: &[String]) -> Option<Finding> {
    let checks = match silent.len() {
        0 => return None,
        1 => "1 check was".to_owned(),
        many => format!("{many} checks were"),
    };
    Some(
        Finding::new(
            Code::CheckWarned,
            format!("{checks} not compared with the live database"),
        )
        .severity(Severity::Warning)
        .detail(format!("{}.", names::list(silent)))
        .hint("Let the role of `live.dsn` read these tables, and give slow checks a longer `timeout`.")
        .about(SUBJECT),
    )
}
