//! `previous` and `live`: what a figure is compared with besides fixed bounds.

use super::{
    Against, Live, Number, Previous,
    bounds::Unit,
    compare, keys,
    walk::{Entry, Fields, File},
    yaml::{Node, Value},
};
use crate::{finding::Severity, units::Percent};

/// What stands for the time of the dump in a condition or a query.
const BACKUP_TIME: &str = ":backup_time";

/// Reads `previous` and `live` beside the bounds of a check.
pub(super) fn read(file: &File<'_>, fields: &Fields<'_>, unit: Unit) -> Against {
    let reach = file.session.reach.get();
    let previous = fields.get("previous");
    if let Some(entry) = previous.filter(|_| reach.drills && !reach.history) {
        let message = "\"previous\" needs \"history\": without it no earlier run is known";
        let help = "write history: ./history or history: s3://bucket/prefix/ in the plan";
        file.warn(entry.key, message, help);
    }
    let live = fields.get("live");
    if let Some(entry) = live.filter(|_| reach.drills && !reach.live) {
        let help = "write in the plan\n  live:\n    dsn: ${LIVE_DATABASE_URL:-}";
        file.error(
            entry.key,
            "\"live\" has no live database to compare with",
            help,
        );
    }
    Against {
        previous: previous.and_then(|entry| self::previous(file, entry, unit)),
        live: live.and_then(|entry| self::live(file, entry, unit)),
    }
}

fn previous(file: &File<'_>, entry: Entry<'_>, unit: Unit) -> Option<Previous> {
    const HELP: &str = "write max_drop, max_growth or equals, such as { max_drop: 10% }";
    if !matches!(entry.value.value, Value::Map(_)) {
        file.error(entry.value, "\"previous\" needs a limit in words", HELP);
        return None;
    }
    let fields = file.below(entry, &keys::PREVIOUS);
    let read = |key| {
        fields
            .get(key)
            .and_then(|entry| change(file, entry, unit, "write a share such as 10%, or a number"))
    };
    let previous = Previous {
        max_drop: read("max_drop"),
        max_growth: read("max_growth"),
        equals: fields.get("equals").is_some_and(|entry| same(file, entry)),
        severity: fields
            .get("severity")
            .and_then(|entry| file.severity(entry)),
    };
    let says = |key| fields.get(key).is_some();
    if !["max_drop", "max_growth", "equals"].into_iter().any(says) {
        file.error(entry.key, "\"previous\" sets no limit", HELP);
    }
    if let Some(equals) = fields.get("equals")
        && (says("max_drop") || says("max_growth"))
    {
        let message = "\"equals\" leaves no room for \"max_drop\" and \"max_growth\"";
        file.error(equals.key, message, "keep \"equals\" alone, or remove it");
    }
    more_than_the_whole(file, &fields, &previous, unit);
    Some(previous)
}

/// `equals: true`; anything else would be a figure of one's own.
fn same(file: &File<'_>, entry: Entry<'_>) -> bool {
    let same = entry.value.truth() == Some(true);
    if !same {
        let help = "write equals: true, or equals beside \"previous\" for a figure of your own";
        file.error(entry.value, "\"equals\" can only be true here", help);
    }
    same
}

fn more_than_the_whole(file: &File<'_>, fields: &Fields<'_>, previous: &Previous, unit: Unit) {
    if let (Some(Number::Percent(share)), Some(entry)) =
        (&previous.max_drop, fields.get("max_drop"))
        && unit.is_never_negative()
        && *share > Percent(100.0)
    {
        file.warn(
            entry.key,
            "this limit always holds: nothing counted falls by more than the whole",
            "write a share below 100%, or 100% where a table may lose all its rows",
        );
    }
}

fn live(file: &File<'_>, entry: Entry<'_>, unit: Unit) -> Option<Live> {
    const HELP: &str = "write { tolerance: 0.5% }, or { tolerance: 0 } for exactly the same";
    if !matches!(entry.value.value, Value::Map(_)) {
        file.error(entry.value, "\"live\" needs a limit in words", HELP);
        return None;
    }
    let fields = file.below(entry, &keys::LIVE_LIMIT);
    let Some(tolerance) = fields.get("tolerance") else {
        file.error(entry.key, "\"live\" sets no tolerance", HELP);
        return None;
    };
    let severity = fields.get("severity").and_then(|entry| {
        let severity = file.severity(entry)?;
        if severity == Severity::Critical {
            let message = "a comparison with the live database is advisory, never critical";
            file.error(entry.value, message, "write warning or info");
        }
        Some(severity)
    });
    Some(Live {
        tolerance: change(file, tolerance, unit, HELP)?,
        severity: severity.unwrap_or(Severity::Warning),
    })
}

/// By how much something may differ.
fn change(file: &File<'_>, entry: Entry<'_>, unit: Unit, help: &str) -> Option<Number> {
    let text = file.text(entry)?;
    let number: Option<Number> = text.parse().ok();
    let number = number.filter(|number| unit.accepts_change(number));
    if number.as_ref().is_none_or(negative) {
        let message = format!("\"{}\" cannot be this", entry.name());
        file.error(entry.value, message, help);
        return None;
    }
    number
}

fn negative(number: &Number) -> bool {
    compare(&number.decimal(), "0").is_none_or(std::cmp::Ordering::is_lt)
}

/// Whether SQL is cut off at the time of the dump.
pub(super) fn cuts_off(sql: &str) -> bool {
    sql.contains(BACKUP_TIME)
}

/// Says that newer rows count in the live database, and not in the backup.
pub(super) fn without_cut_off(file: &File<'_>, at: &Node, what: &str) {
    let message = format!("{what} compares with the live database without a cut-off");
    let help = format!(
        "write where: created_at < {BACKUP_TIME}: rows that are newer than the dump are not in the backup"
    );
    file.warn(at, message, help);
}

/// Refuses `live` where the answer comes from the catalog of the restored database.
pub(super) fn without_live(file: &File<'_>, entry: Entry<'_>) {
    if let Some(live) = written(entry, "live") {
        let message = format!(
            "\"{}\" is not compared with the live database",
            entry.name()
        );
        file.error(live, message, "ask in \"sql\", or remove \"live\"");
    }
}

/// Refuses both for the smallest and the largest value: they are values of rows, which no report holds.
pub(super) fn not_for_extremes(file: &File<'_>, entry: Entry<'_>) {
    for key in ["previous", "live"] {
        if let Some(node) = written(entry, key) {
            let message = "the values of \"range\" are values of rows, which are not kept";
            let help = format!("use sum, avg or distinct, or remove \"{key}\"");
            file.error(node, message, help);
        }
    }
}

fn written<'n>(entry: Entry<'n>, key: &str) -> Option<&'n Node> {
    let Value::Map(map) = &entry.value.value else {
        return None;
    };
    let found = map.iter().find(|(name, _)| name.text() == Some(key));
    found.map(|(name, _)| name)
}
