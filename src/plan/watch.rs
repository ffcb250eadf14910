//! What turns one run into a watch: where runs are kept, when they begin, where their figures go.

use std::path::{Path, PathBuf};

use super::{
    BackupPlan, HistoryPlan, LivePlan, MetricsPlan, SchedulePlan, backup, keys,
    schedule::wrong_cron,
    secrets,
    settings::{self, optional},
    walk::{Entry, Fields, File},
    yaml::Value,
};
use crate::units::Secret;

/// What a plan says about the time between runs.
pub(super) struct Watch {
    history: Option<String>,
    pub schedule: Option<SchedulePlan>,
    pub metrics: MetricsPlan,
    pub live: Option<LivePlan>,
}

impl Watch {
    /// History lies behind the same endpoint as the backups.
    pub(super) fn history(&self, backup: Option<&BackupPlan>) -> Option<HistoryPlan> {
        Some(HistoryPlan {
            url: self.history.clone()?,
            endpoint: backup.and_then(|backup| backup.endpoint.clone()),
            region: backup.and_then(|backup| backup.region.clone()),
        })
    }
}

/// Reads `history`, `schedule`, `metrics` and `live`.
pub(super) fn read(file: &File<'_>, fields: &Fields<'_>) -> Watch {
    Watch {
        history: history(file, fields),
        schedule: fields
            .get("schedule")
            .and_then(|entry| schedule(file, entry)),
        metrics: fields
            .get("metrics")
            .map_or_else(MetricsPlan::default, |entry| metrics(file, entry)),
        live: fields.get("live").and_then(|entry| live(file, entry)),
    }
}

fn history(file: &File<'_>, fields: &Fields<'_>) -> Option<String> {
    let url = optional(file, fields, "history")?;
    backup::half_a_url(file, fields.get("history")?);
    Some(url)
}

/// `schedule: "0 0 1 * *"`, or with a time zone.
fn schedule(file: &File<'_>, entry: Entry<'_>) -> Option<SchedulePlan> {
    let (cron, timezone) = if matches!(entry.value.value, Value::Map(_)) {
        let fields = file.below(entry, &keys::SCHEDULE);
        let Some(cron) = fields.get("cron") else {
            file.error(
                entry.key,
                "\"schedule\" does not say when",
                "write cron: \"0 0 1 * *\"",
            );
            return None;
        };
        (cron, fields.get("timezone"))
    } else {
        (entry, None)
    };
    let plan = SchedulePlan {
        cron: file.text(cron)?.to_owned(),
        timezone: timezone
            .and_then(|entry| settings::timezone(file, entry))
            .unwrap_or_else(|| "UTC".to_owned()),
    };
    if let Some((wrong, help)) = wrong_cron(&plan.cron) {
        file.error(cron.value, wrong, help);
    }
    Some(plan)
}

fn metrics(file: &File<'_>, entry: Entry<'_>) -> MetricsPlan {
    let fields = file.below(entry, &keys::METRICS);
    let pushgateway = address(file, &fields, "pushgateway", "PUSHGATEWAY_URL");
    if let (Some(url), Some(entry)) = (&pushgateway, fields.get("pushgateway"))
        && !backup::is_http(url)
    {
        file.error(entry.value, "this is no URL", "write http://host:9091");
    }
    let textfile = optional(file, &fields, "textfile");
    if let (Some(path), Some(entry)) = (&textfile, fields.get("textfile"))
        && Path::new(path).extension().is_none_or(|end| end != "prom")
        && !path.ends_with('/')
    {
        let help = "write a file that ends in .prom, or a folder that ends in /";
        file.error(entry.value, "node_exporter does not read this file", help);
    }
    MetricsPlan {
        textfile: textfile.map(PathBuf::from),
        pushgateway: pushgateway.map(Secret::new),
    }
}

fn live(file: &File<'_>, entry: Entry<'_>) -> Option<LivePlan> {
    let fields = file.below(entry, &keys::LIVE);
    if fields.get("dsn").is_none() {
        file.error(
            entry.key,
            "\"live\" does not say which database",
            "write\n  live:\n    dsn: ${LIVE_DATABASE_URL:-}",
        );
        return None;
    }
    let dsn = Secret::new(address(file, &fields, "dsn", "LIVE_DATABASE_URL")?);
    let ca = optional(file, &fields, "ca").map(PathBuf::from);
    Some(LivePlan { dsn, ca })
}

/// Where something is; a password for it must come from the environment.
fn address(file: &File<'_>, fields: &Fields<'_>, key: &str, variable: &str) -> Option<String> {
    let text = optional(file, fields, key)?;
    if let Some(entry) = fields.get(key)
        && !entry.value.is_from_environment()
        && holds_a_password(&text)
    {
        let message = format!("\"{key}\" holds a password, and is written in the plan");
        file.secret(entry.value, message, secrets::kept_outside(key, variable));
        return None;
    }
    Some(text)
}

/// Whether a URL, or the settings of a connection (`host=db password=x`), hold one.
fn holds_a_password(text: &str) -> bool {
    let authority = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let user = authority.and_then(|authority| authority.rsplit_once('@'));
    let in_front = user.and_then(|(user, _)| user.split_once(':'));
    let mut settings = text.split("password").skip(1);
    in_front.is_some_and(|(_, password)| !password.is_empty())
        || settings.any(|after| after.trim_start().starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::holds_a_password;

    #[test]
    fn a_password_is_seen_in_every_way_to_write_an_address() {
        for text in [
            "postgres://u:p@h/db",
            "postgres://u:p%40@h:5432,h2:5432/db",
            "postgres://h/db?user=u&password=p",
            "host=h user=u password=p",
            "host=h password = 'p'",
            "http://me:p@gateway:9091",
        ] {
            assert!(holds_a_password(text), "{text}");
        }
        for text in [
            "postgres://u@h:5432/db",
            "postgres://u:@h/db",
            "postgres:///password",
            "host=h passfile=/etc/password",
            "http://gateway:9091/a@b",
        ] {
            assert!(!holds_a_password(text), "{text}");
        }
    }
}
