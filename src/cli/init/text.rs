//! The files as text.

use std::fmt::Write as _;

use super::answers::{Answers, Workflow};
use crate::words::Lang;

/// The workflow of somebody else's repository. The plan, the schedule and the version in it stand for theirs.
const WORKFLOW: &str = include_str!("backup-verify.yml");

/// What holds the place of checks that nobody made.
const NO_CHECKS: &str = "\
# What must hold in the restored data. `pgdrill explain` lists every check; `pgdrill init --from-dump` writes the first ones.
# tables:
#   users:
#     row_count: { min: 1000 }
#     not_null: [id, email]
#     freshness: { created_at: 48h }
";

const CHECKS: &str = "\
# What must hold in the restored data, from what a restored dump looked like: nine tenths of its rows, its keys, its
# references. They all held. Change what you know better; `pgdrill explain row_count` says what a check asks.
";

/// The plan.
pub(super) fn plan(answers: &Answers, checks: Option<&str>) -> String {
    let mut text = String::new();
    let name = scalar(&answers.name);
    let _ = writeln!(
        text,
        "# Where the backups of this database are, and what must hold in them. `pgdrill check-plan` validates this file,\n\
         # `pgdrill verify` restores the newest backup and asks; `pgdrill schema` helps your editor.\n\
         version: 1\nname: {name}\nbackup:\n  url: {}",
        scalar(&answers.url)
    );
    match &answers.endpoint {
        Some(endpoint) => {
            let _ = writeln!(text, "  endpoint: {}", scalar(endpoint));
        }
        None if answers.url.starts_with("s3://") => {
            text.push_str("  # endpoint: https://…        # R2, MinIO, Garage; credentials come from the usual AWS chain\n");
        }
        None => {}
    }
    match &answers.pattern {
        Some(pattern) => {
            let _ = writeln!(text, "  match: {}", scalar(pattern));
        }
        None => text
            .push_str("  # match: \"*.dump\"            # otherwise whatever is a dump by name\n"),
    }
    text.push_str(
        "  # timezone: Asia/Tokyo       # of the backup job's clock; a dump's header names none\n\
         limits:\n\
         \x20 max_age: 48h                 # an older newest backup is critical\n\
         \x20 max_shrink: 50%              # at or under this share of the one before: warning\n\
         \x20 # rto: 45m                   # a longer restore is a warning\n",
    );
    let _ = writeln!(
        text,
        "sandbox:\n  provider: {:<18}# docker, local (PostgreSQL installed here), service, or auto",
        answers.provider.name()
    );
    let _ = writeln!(
        text,
        "schedule: {{ cron: \"{}\", timezone: UTC }}   # when `pgdrill serve` drills",
        answers.schedule.replace(['"', '\\'], "")
    );
    match &answers.history {
        Some(history) => {
            let _ = writeln!(text, "history: {}", scalar(history));
        }
        None => text.push_str("# history: ./runs              # keeps every run: trends, comparisons with the last proven one\n"),
    }
    text.push('\n');
    match checks.filter(|checks| !checks.is_empty()) {
        Some(checks) => {
            text.push_str(CHECKS);
            text.push_str(checks);
        }
        None => text.push_str(NO_CHECKS),
    }
    text
}

/// The workflow, for this plan and this version.
pub(super) fn workflow(answers: &Answers, workflow: &Workflow) -> String {
    let version = concat!("@v", env!("CARGO_PKG_VERSION"));
    WORKFLOW
        .replace("@v0.0.0", version)
        .replace("\"0 0 1 * *\"", &format!("\"{}\"", answers.schedule))
        .replace(
            "plan: checks/",
            &format!("plan: {}", scalar(&workflow.plan)),
        )
}

/// A value as YAML writes it. Text with a variable stands bare, as only there it is one.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/_-.:@+".contains(c);
    let starts = |c: char| c.is_alphabetic() || "/.".contains(c);
    let words = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", ".",
    ];
    let taken = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let bare =
        text.starts_with(starts) && text.chars().all(plain) && !text.ends_with(':') && !taken;
    if bare || text.contains("${") {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// What was written, and the next command to type.
pub(super) fn next(answers: &Answers, lang: Lang) -> String {
    let plan = answers.output.display();
    let wrote = lang.say("wrote", "書き込み");
    let mut text = format!("{wrote}  {plan}\n");
    if let Some(workflow) = &answers.workflow {
        let _ = writeln!(text, "{wrote}  {}", workflow.file.display());
    }
    let next = lang.say("next", "次は");
    let _ = writeln!(text, "{next}: pgdrill doctor {plan}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_only_where_yaml_would_take_them_for_something_else() {
        assert_eq!(scalar("s3://b/db/"), "s3://b/db/");
        assert_eq!(scalar("../backups"), "../backups");
        assert_eq!(scalar("${S3_ENDPOINT:-}"), "${S3_ENDPOINT:-}");
        assert_eq!(scalar("*.dump"), "'*.dump'");
        assert_eq!(scalar("it's"), "'it''s'");
        assert_eq!(scalar("no"), "'no'");
        assert_eq!(scalar("a: b # c"), "'a: b # c'");
        assert_eq!(scalar("12"), "'12'");
    }
}
