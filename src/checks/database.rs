//! What must hold in the database as a whole, mostly answered by the one look at the catalog.

use super::{
    Context,
    catalog::{Catalog, Kind, Table},
    judge::{self, Figure},
    names,
    question::{Ask, Judged, Standing},
    sequences,
};
use crate::plan::{Bounds, DatabaseKind, Limit};

pub(super) fn ask(kind: &DatabaseKind, limit: &Limit, context: &Context, catalog: &Catalog) -> Ask {
    let none = || judge::none_unless_said(limit);
    let judged = match kind {
        DatabaseKind::Extensions(wanted) => present("extension", wanted, &catalog.extensions),
        DatabaseKind::Schemas(wanted) => present("schema", wanted, &catalog.schemas),
        DatabaseKind::Tables => count(tables(catalog), &limit.bounds, &limit.warn),
        DatabaseKind::Size => count(catalog.size, &limit.bounds, &limit.warn),
        DatabaseKind::InvalidIndexes => broken(&catalog.invalid_indexes, &none(), &limit.warn)
            .hint("Drop the index and create it again in the source, then take a new dump."),
        DatabaseKind::UnvalidatedConstraints => broken(&catalog.unvalidated, &none(), &limit.warn)
            .hint(
                "Validate the constraint in the source with `alter table … validate constraint`.",
            ),
        DatabaseKind::RestoreErrors => count(context.restore_errors, &none(), &limit.warn)
            .hint("Read the errors of the restore in this report."),
        DatabaseKind::SequencesBehind => return sequences::ask(catalog, limit, none()),
    };
    Ask::Known(judged)
}

/// How many tables users made; partitions count, as each is a table.
pub(super) fn tables(catalog: &Catalog) -> u64 {
    catalog.user_tables().map(|_| 1).sum()
}

/// Whether a kind of check means something without a limit.
pub(super) const fn needs_limit(kind: &DatabaseKind) -> bool {
    matches!(kind, DatabaseKind::Tables | DatabaseKind::Size)
}

/// What a kind that counts what is wrong is held to.
pub(super) fn bounds(kind: &DatabaseKind, limit: &Limit) -> Bounds {
    match kind {
        DatabaseKind::InvalidIndexes
        | DatabaseKind::UnvalidatedConstraints
        | DatabaseKind::SequencesBehind
        | DatabaseKind::RestoreErrors => judge::none_unless_said(limit),
        _ => limit.bounds.clone(),
    }
}

fn count(found: u64, hard: &Bounds, soft: &Bounds) -> Judged {
    judge::figure(&Figure::new(found.to_string()), hard, soft)
}

fn broken(objects: &[String], hard: &Bounds, soft: &Bounds) -> Judged {
    let found = u64::try_from(objects.len()).unwrap_or(u64::MAX);
    let judged = count(found, hard, soft);
    match judged.standing {
        Standing::Held => judged,
        _ => judged.detail(format!("They are {}.", names::list(objects))),
    }
}

fn present(what: &str, wanted: &[String], there: &[String]) -> Judged {
    let missing: Vec<_> = (wanted.iter())
        .filter(|name| !there.contains(name))
        .collect();
    let found = wanted.len() - missing.len();
    let judged = if wanted.is_empty() {
        Judged::unanswered(format!("compared nothing: no {what} is named"))
    } else if missing.is_empty() {
        Judged::held()
    } else {
        Judged::hard(format!("finds no {what} {}", names::list(&missing)))
            .hint("Check the name in the plan, then the errors of the restore.")
    };
    judged.value(judge::json(&found.to_string()))
}

/// Why a table's rows cannot be looked at, if they cannot.
pub(super) fn out_of_reach(table: &Table) -> Option<Judged> {
    const ELSEWHERE: &str = "compared nothing: the rows of a foreign table are not in the backup";
    if table.kind == Kind::Foreign {
        let hint = "Leave the foreign table out of the plan.";
        return Some(Judged::unverified(ELSEWHERE).hint(hint));
    }
    table.reads_foreign.then(|| {
        Judged::unverified(ELSEWHERE)
            .detail("It reads a foreign table that is a partition of it or inherits from it.")
            .hint("Name its other partitions in the plan, one by one or by a pattern.")
    })
}
