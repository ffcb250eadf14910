//! What holds for a whole plan: its defaults, what is allowed, where and how to restore, who is told.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Collation, Contact, Ignore, Limits, Prices, Provider, RestorePlan, SandboxPlan, keys,
    walk::{Defaults, Entry, Fields, File},
};
use crate::{
    finding::{Code, Severity},
    units::{Percent, Secret},
};

/// Reads `defaults`, which hold for the file that they stand in.
pub(super) fn defaults(file: &File<'_>, entry: Option<Entry<'_>>) -> Defaults {
    let mut defaults = file.defaults.clone();
    let Some(entry) = entry else {
        return defaults;
    };
    let fields = file.below(entry, &keys::DEFAULTS);
    if let Some(severity) = fields
        .get("severity")
        .and_then(|entry| file.severity(entry))
    {
        defaults.severity = severity;
    }
    if let Some(timeout) = fields.get("timeout").and_then(|entry| file.patience(entry)) {
        defaults.timeout = timeout.0;
    }
    if let Some(entry) = fields.get("samples") {
        file.samples(entry);
    }
    defaults.schema = optional(file, &fields, "schema");
    defaults
}

/// A text, or nothing when the value is empty: `${NAME:-}`.
pub(super) fn optional(file: &File<'_>, fields: &Fields<'_>, key: &str) -> Option<String> {
    let entry = fields.get(key)?;
    if entry.value.text() == Some("") && !entry.value.is_null() {
        return None;
    }
    file.text(entry).map(ToOwned::to_owned)
}

/// Reads the name of a time zone; nothing when it is empty: `${NAME:-}`.
pub(super) fn timezone(file: &File<'_>, entry: Entry<'_>) -> Option<String> {
    if entry.value.text() == Some("") && !entry.value.is_null() {
        return None;
    }
    let name = file.text(entry)?;
    if jiff::tz::TimeZone::get(name).is_err() {
        file.error(
            entry.value,
            "this time zone is not known here",
            "write UTC, or a name such as Asia/Tokyo",
        );
    }
    Some(name.to_owned())
}

/// Reads `limits`.
pub(super) fn limits(file: &File<'_>, entry: Entry<'_>) -> Limits {
    let fields = file.below(entry, &keys::LIMITS);
    let mut limits = Limits::default();
    if let Some(age) = fields.get("max_age").and_then(|entry| file.age(entry)) {
        limits.max_age = age;
    }
    if let Some(entry) = fields.get("max_shrink")
        && let Some(share) = file.quantity(entry, "a share")
    {
        limits.max_shrink = share;
        if share > Percent(100.0) {
            file.error(
                entry.value,
                "\"max_shrink\" is more than the whole",
                "write a share up to 100%",
            );
        }
    }
    if let Some(entry) = fields.get("storage") {
        limits.storage = file.quantity(entry, "a size").unwrap_or(limits.storage);
    }
    if let Some(entry) = fields.get("monthly_cost") {
        let cost = file.quantity(entry, "an amount");
        limits.monthly_cost = cost.unwrap_or(limits.monthly_cost);
    }
    limits.rto = fields.get("rto").and_then(|entry| file.age(entry));
    if let Some(factor) = fields
        .get("slow_factor")
        .and_then(|entry| factor(file, entry))
    {
        limits.slow_factor = factor;
    }
    if let Some(age) = fields.get("max_unproven").and_then(|entry| file.age(entry)) {
        limits.max_unproven = age;
    }
    if let Some(entry) = fields.get("max_unpacked") {
        limits.max_unpacked = file.quantity(entry, "a size");
    }
    limits
}

fn positive(file: &File<'_>, entry: Entry<'_>) -> Option<f64> {
    let number = entry.value.text().and_then(|text| text.parse::<f64>().ok());
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    if number.is_none() {
        let message = format!("\"{}\" is not a number from 0 on", entry.name());
        file.error(entry.value, message, "write a number such as 0.015");
    }
    number
}

/// How many times the usual; less than once would be told of every drill.
fn factor(file: &File<'_>, entry: Entry<'_>) -> Option<f64> {
    let number = positive(file, entry)?;
    if number < 1.0 {
        let message = format!("\"{}\" is less than 1", entry.name());
        file.error(
            entry.value,
            message,
            "write how many times as long as usual is slow",
        );
        return None;
    }
    Some(number)
}

/// Reads `prices`.
pub(super) fn prices(file: &File<'_>, entry: Entry<'_>) -> Prices {
    let fields = file.below(entry, &keys::PRICES);
    let price = fields.get("storage_gb_month");
    Prices {
        storage_gb_month: price.and_then(|entry| positive(file, entry)),
    }
}

/// Reads `sandbox`; the service's URL comes from the environment alone, since it holds a password.
pub(super) fn sandbox(file: &File<'_>, entry: Option<Entry<'_>>) -> SandboxPlan {
    let url = (file.session.environment)("PGDRILL_SERVICE_URL");
    let mut plan = SandboxPlan {
        service_url: url.filter(|url| !url.is_empty()).map(Secret::new),
        ..SandboxPlan::default()
    };
    if let Some(entry) = entry {
        let fields = file.below(entry, &keys::SANDBOX);
        let known = Provider::ALL.map(|provider| (provider.name(), provider));
        let provider = fields
            .get("provider")
            .and_then(|entry| file.choice(entry, &known));
        plan.provider = provider.unwrap_or_default();
        plan.image = optional(file, &fields, "image");
    }
    plan
}

/// Reads `restore`.
pub(super) fn restore(file: &File<'_>, entry: Entry<'_>) -> RestorePlan {
    let fields = file.below(entry, &keys::RESTORE);
    let mut plan = RestorePlan::default();
    if let Some(jobs) = fields.get("jobs").and_then(|entry| file.whole(entry, 1)) {
        plan.jobs = Some(jobs);
    }
    if let Some(allow) = fields
        .get("allow_schema_only")
        .and_then(|entry| file.truth(entry))
    {
        plan.allow_schema_only = allow;
    }
    if let Some(stall) = fields.get("stall").and_then(|entry| file.patience(entry)) {
        plan.stall = stall;
    }
    let known = [("dump", Collation::Dump), ("C", Collation::C)];
    let collation = fields.get("collation");
    plan.collation = collation
        .and_then(|entry| file.choice(entry, &known))
        .unwrap_or_default();
    plan.wall = fields.get("wall").and_then(|entry| file.patience(entry));
    plan.globals = fields.get("globals").and_then(|entry| globals(file, entry));
    if let Some(entry) = fields.get("ignore") {
        let items = file
            .items(entry, "write - error:, reason: and until:")
            .iter();
        plan.ignore = items.filter_map(|item| ignore(file, item)).collect();
    }
    plan
}

/// As it is written; that it exists is checked from the plan's folder.
fn globals(file: &File<'_>, entry: Entry<'_>) -> Option<PathBuf> {
    let path = file.text(entry)?;
    if !file.folder.join(path).is_file() {
        let help = format!(
            "paths are relative to the folder of \"{}\"",
            file.source.file
        );
        file.error(entry.value, "there is no such file", help);
    }
    Some(PathBuf::from(path))
}

fn ignore(file: &File<'_>, node: &super::yaml::Node) -> Option<Ignore> {
    let fields = file.fields(node, "an entry of \"ignore\"", &keys::IGNORE);
    let text = |key: &str, help: &str| {
        let Some(entry) = fields.get(key) else {
            let message = format!("this entry of \"ignore\" has no \"{key}\"");
            file.error(node, message, help);
            return None;
        };
        file.text(entry).map(ToOwned::to_owned)
    };
    let error = text("error", "write a part of the error's message");
    let reason = text("reason", "write why the error does no harm");
    let until = text(
        "until",
        "write the last day on which it is ignored, such as 2027-06-30",
    )?;
    let at = fields.get("until")?.value;
    let Ok(until) = until.parse::<jiff::civil::Date>() else {
        file.error(
            at,
            "\"until\" is not a date",
            "write year-month-day, such as 2027-06-30",
        );
        return None;
    };
    if until < file.session.today {
        let help = "mend the cause and remove the entry, or agree on a later date";
        file.error(
            at,
            format!("this entry of \"ignore\" ended on {until}"),
            help,
        );
    }
    Some(Ignore {
        error: error?,
        reason: reason?,
        until,
        place: file.place(node),
    })
}

/// Reads `severity`: what is found may be taken more or less seriously, a run that could not look may not.
pub(super) fn severities(file: &File<'_>, entry: Entry<'_>) -> BTreeMap<Code, Severity> {
    let help = "write the code of a finding and its severity, such as backup.stale: warning";
    let mut severities = BTreeMap::new();
    for entry in file.entries(entry.value, "\"severity\"", help) {
        let name = entry.name();
        let severity = file.severity(entry);
        match (Code::named(name), severity) {
            (Some(code), _) if code.stops_the_run() => {
                let message = format!("the severity of \"{name}\" cannot be changed");
                file.error(
                    entry.key,
                    message,
                    "it says that nothing was proven; remove the line",
                );
            }
            (Some(code), Some(Severity::Critical)) if code.is_of_this_machine() => {
                let message = format!("\"{name}\" cannot be critical");
                file.error(
                    entry.key,
                    message,
                    "it says something about this machine, and nothing against a backup",
                );
            }
            (Some(code), Some(severity)) => {
                severities.insert(code, severity);
            }
            (Some(_), None) => {}
            (None, _) => {
                let known = Code::ALL.map(Code::name);
                let help = keys::instead(name, &known);
                file.error(entry.key, format!("unknown code \"{name}\""), help);
            }
        }
    }
    severities
}

/// Reads `contacts`.
pub(super) fn contacts(file: &File<'_>, entry: Entry<'_>) -> Vec<Contact> {
    let help = "write - { role: primary, name: System administrator }";
    let mut contacts = Vec::new();
    for item in file.items(entry, help) {
        let fields = file.fields(item, "a contact", &keys::CONTACT);
        let text = |key| {
            fields
                .get(key)
                .and_then(|entry| file.text(entry))
                .map(ToOwned::to_owned)
        };
        match (text("role"), text("name")) {
            (Some(role), Some(name)) => contacts.push(Contact { role, name }),
            _ if fields.get("role").is_some() && fields.get("name").is_some() => {}
            _ => file.error(item, "a contact needs a role and a name", help),
        }
    }
    contacts
}
