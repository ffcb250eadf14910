//! Are these columns there?

use super::{
    judge, names,
    question::{Ask, Judged},
    subject::Subject,
};

pub(super) fn ask(subject: &Subject<'_>, wanted: &[String]) -> Ask {
    let there = |name: &&String| subject.table.columns.iter().any(|c| c.name == **name);
    let missing: Vec<_> = wanted.iter().filter(|name| !there(name)).collect();
    let found = wanted.len() - missing.len();
    let judged = if wanted.is_empty() {
        Judged::unanswered("compared nothing: no column is named")
    } else if missing.is_empty() {
        Judged::held()
    } else {
        let table = names::label(subject.table, subject.schema);
        Judged::hard(format!("finds no {} in \"{table}\"", names::list(&missing)))
            .hint("Check the columns' names in the plan, then the errors of the restore.")
    };
    Ask::Known(judged.value(judge::json(&found.to_string())))
}
