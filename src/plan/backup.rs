//! Where the backups are, and which of them is taken.

use super::{
    BackupPlan, Select, keys,
    settings::{optional, timezone},
    walk::{Entry, Fields, File},
};

/// Reads `backup`.
pub(super) fn backup(file: &File<'_>, entry: Entry<'_>) -> Option<BackupPlan> {
    let fields = file.below(entry, &keys::BACKUP);
    let pattern = optional(file, &fields, "match");
    if let (Some(glob), Some(entry)) = (&pattern, fields.get("match")) {
        file.glob(glob, entry.value);
    }
    let select = fields.get("select").and_then(|entry| select(file, entry));
    let plan = BackupPlan {
        url: String::new(),
        endpoint: endpoint(file, &fields),
        region: optional(file, &fields, "region").filter(|region| region != "auto"),
        pattern,
        select: select.unwrap_or_default(),
        timezone: fields
            .get("timezone")
            .and_then(|entry| timezone(file, entry)),
        database: optional(file, &fields, "database"),
    };
    let Some(url) = fields.get("url") else {
        let help = "write url: s3://bucket/prefix/ or url: ./folder";
        file.error(
            entry.key,
            "\"backup\" does not say where the backups are",
            help,
        );
        return None;
    };
    half_a_url(file, url);
    let url = file.text(url)?.to_owned();
    Some(BackupPlan { url, ..plan })
}

fn endpoint(file: &File<'_>, fields: &Fields<'_>) -> Option<String> {
    let url = optional(file, fields, "endpoint")?;
    let entry = fields.get("endpoint")?;
    if holds_more_than_a_place(&url) {
        let message = "\"endpoint\" holds more than scheme, host and path";
        let help = "leave user, password, query and fragment out: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        file.secret(entry.value, message, help);
    } else if !is_endpoint(&url) {
        let help = "write https:// and the host, such as https://s3.example.com, without a space or a line end behind it";
        file.error(entry.value, "\"endpoint\" is no URL", help);
    }
    Some(url)
}

/// Whether an endpoint holds a user, a query or a fragment beside scheme, host and path: it may be a password.
#[must_use]
pub fn holds_more_than_a_place(endpoint: &str) -> bool {
    endpoint.contains(['@', '?', '#'])
}

/// Whether an endpoint is a URL with a host, and nothing else: a variable often has a line end behind it.
#[must_use]
pub fn is_endpoint(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
}

/// A folder of that name is possible, and hardly what was meant.
pub(super) fn half_a_url(file: &File<'_>, entry: Entry<'_>) {
    let rest = (entry.value.text()).and_then(|text| text.strip_prefix("s3:"));
    if rest.is_some_and(|rest| !rest.starts_with("//")) {
        let message = format!("\"{}\" is neither a URL nor a folder", entry.name());
        file.error(entry.value, message, "write s3://bucket/prefix/");
    }
}

/// Whether HTTP goes there.
pub(super) fn is_http(url: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

fn select(file: &File<'_>, entry: Entry<'_>) -> Option<Select> {
    let known = [
        ("newest", Select::Newest),
        ("oldest", Select::Oldest),
        ("random", Select::Random),
        ("newest-good", Select::NewestGood),
    ];
    file.choice(entry, &known)
}
