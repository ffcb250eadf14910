//! Every key that a plan may hold: the reader refuses others, and the schema must list the same.

/// The keys of one kind of mapping.
#[derive(Debug)]
pub(super) struct Keys {
    /// What such a key is called in a message.
    pub what: &'static str,
    /// All of them.
    pub known: &'static [&'static str],
    /// Where the schema lists them.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a test compares the schema with these tables")
    )]
    pub schema: &'static str,
}

macro_rules! keys {
    ($($name:ident: $what:literal at $schema:literal = [$($key:literal),* $(,)?];)*) => {
        $(pub(super) const $name: Keys = Keys { what: $what, known: &[$($key),*], schema: $schema };)*

        /// All of the tables.
        #[cfg(test)]
        pub(super) const ALL: &[&Keys] = &[$(&$name),*];
    };
}

keys! {
    PLAN: "key" at "" = [
        "version", "name", "backup", "limits", "prices", "sandbox", "restore", "severity", "include",
        "defaults", "tables", "database", "sql", "history", "schedule", "metrics", "live", "notify", "contacts", "runbook",
    ];
    BACKUP: "backup key" at "/properties/backup" = ["url", "endpoint", "region", "match", "select", "timezone", "database"];
    LIMITS: "limit" at "/properties/limits" = ["max_age", "max_shrink", "slow_factor", "storage", "monthly_cost", "rto", "max_unproven", "max_unpacked"];
    SCHEDULE: "schedule key" at "/definitions/schedule" = ["cron", "timezone"];
    METRICS: "metrics key" at "/properties/metrics" = ["textfile", "pushgateway"];
    LIVE: "live key" at "/properties/live" = ["dsn", "ca"];
    PRICES: "price" at "/properties/prices" = ["storage_gb_month"];
    SANDBOX: "sandbox key" at "/properties/sandbox" = ["provider", "image"];
    RESTORE: "restore key" at "/properties/restore" = ["jobs", "globals", "ignore", "allow_schema_only", "stall", "wall", "collation"];
    IGNORE: "ignore key" at "/definitions/ignore" = ["error", "reason", "until"];
    NOTIFY: "sink" at "/properties/notify" = ["allow_private", "slack", "email", "webhook", "heartbeat", "pagerduty"];
    SLACK: "slack key" at "/properties/notify/properties/slack" = ["webhook", "on"];
    EMAIL: "email key" at "/properties/notify/properties/email" = ["to", "from", "smtp", "ca", "on"];
    WEBHOOK: "webhook key" at "/properties/notify/properties/webhook" = ["url", "secret", "on"];
    HEARTBEAT: "heartbeat key" at "/properties/notify/properties/heartbeat" = ["start", "success", "failure", "rid"];
    PAGERDUTY: "pagerduty key" at "/properties/notify/properties/pagerduty" = ["routing_key", "url"];
    CONTACT: "contact key" at "/definitions/contact" = ["role", "name"];
    DEFAULTS: "default" at "/properties/defaults" = ["severity", "timeout", "samples", "schema"];
    TABLE: "check" at "/definitions/table" = [
        "where", "except", "severity", "skip", "tags", "columns", "row_count", "not_null", "unique",
        "accepted_values", "matches", "range", "freshness", "references", "sum", "avg", "distinct",
    ];
    LIMIT: "limit key" at "/definitions/limit" = [
        "min", "max", "equals", "warn", "previous", "live", "severity", "name", "description", "timeout",
    ];
    PREVIOUS: "previous key" at "/definitions/previous" = ["max_drop", "max_growth", "equals", "severity"];
    LIVE_LIMIT: "live key" at "/definitions/live" = ["tolerance", "severity"];
    BOUNDS: "bound" at "/definitions/bounds" = ["min", "max", "equals"];
    AGE: "freshness key" at "/definitions/age" = [
        "max_age", "warn", "relative_to", "severity", "name", "description", "timeout",
    ];
    AGE_WARN: "bound" at "/definitions/age_warn" = ["max_age"];
    DATABASE: "check" at "/definitions/database" = [
        "extensions", "schemas", "tables", "size", "invalid_indexes", "unvalidated_constraints",
        "sequences_behind", "restore_errors",
    ];
    SQL: "sql key" at "/definitions/sql" = [
        "name", "query", "file", "min", "max", "equals", "matches", "warn", "previous", "live", "severity",
        "timeout", "secret", "samples", "tags", "skip", "description",
    ];
}

/// The keys of a plan that a file included by it may hold too.
pub(super) const INCLUDED: [&str; 6] = [
    "version", "include", "defaults", "tables", "database", "sql",
];

/// The word that was meant, if one is near enough.
pub(super) fn suggestion<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let bare = |word: &str| word.replace(['_', '-', ' ', '.'], "").to_lowercase();
    let wanted = bare(written);
    known
        .iter()
        .map(|key| (strsim::damerau_levenshtein(&wanted, &bare(key)), *key))
        .filter(|(distance, key)| distance * 3 <= key.len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

/// What to write instead of an unknown word: the likely one, and all of them.
pub(super) fn instead(written: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match suggestion(written, known) {
        Some(meant) => format!("did you mean \"{meant}\"?\nknown: {all}"),
        None => format!("known: {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_through_typos_and_other_spellings() {
        let known = TABLE.known;
        assert_eq!(suggestion("row_cuont", known), Some("row_count"));
        assert_eq!(suggestion("rowCount", known), Some("row_count"));
        assert_eq!(suggestion("not-null", known), Some("not_null"));
        assert_eq!(suggestion("uniqe", known), Some("unique"));
        assert_eq!(suggestion("banana", known), None);
        assert_eq!(suggestion("", known), None);
    }
}
