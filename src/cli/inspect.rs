//! `pgdrill inspect`: what a dump says of itself, from its own table of contents.

use std::{fmt::Write, path::Path};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{output, plans};
use crate::{
    dump::{Contents, Entry},
    error::{Broken, Error},
    finding::Finding,
    plan::BackupPlan,
    sinks::visible,
    units::Bytes,
    verify::{self, Inspected},
};

const HELP: &str = "\
Exit codes:
  0  shown
  1  it is damaged, or no dump
  2  wrong usage or an invalid plan
  3  could not look

Examples:
  pgdrill inspect backups/shop.dump
  pgdrill inspect --entries s3://backups/db/shop.dump
  pgdrill inspect --format json checks/shop.yaml";

/// Shows what a dump holds: format, versions, tables, extensions, roles. Reads its head, and restores nothing.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Inspect {
    /// A dump: a file, a folder with a toc.dat, or an object in S3; or a plan: then the backup that it selects
    #[arg(value_name = "FILE|URL|PLAN")]
    what: String,
    /// List every entry of the table of contents, as `pg_restore -l` does
    #[arg(long)]
    entries: bool,
    /// The S3 endpoint, where it is not Amazon's
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The format on standard output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
}

const NAMES: &str = "Write a file, a folder with a toc.dat, s3://bucket/key, or a plan.";

const DAMAGED: u8 = 1;
const USAGE: u8 = 2;
const COULD_NOT_LOOK: u8 = 3;

impl Inspect {
    pub(super) async fn run(self) -> u8 {
        let inspected = match self.look().await {
            Ok(Ok(inspected)) => inspected,
            Ok(Err(Broken::Run(error))) => {
                output::tell_error(&error);
                return COULD_NOT_LOOK;
            }
            Ok(Err(Broken::Backup(finding))) => return self.damaged(&finding),
            Err(code) => return code,
        };
        match self.format {
            Format::Human => output::print(&page(&inspected, self.entries)),
            Format::Json => output::print(&format!("{:#}\n", value(&inspected, self.entries))),
        }
        0
    }

    async fn look(&self) -> Result<Result<Inspected, Broken>, u8> {
        if is_plan(&self.what) {
            let plans = plans::read(&[self.what.clone().into()])?;
            let Some(plan) = plans.first() else {
                return Err(USAGE);
            };
            let folder = plan.file.parent().unwrap_or(Path::new("."));
            return Ok(verify::inspect(plan.backup.as_ref(), folder, None).await);
        }
        let what = of_dump(&self.what);
        let path = Path::new(&what);
        if path.is_dir() && !path.join("toc.dat").exists() {
            output::tell_error(&Error::new(format!("\"{what}\" has no toc.dat"), NAMES));
            return Err(USAGE);
        }
        if path.is_file() || path.is_dir() {
            // What else lies beside it is no matter.
            let plan = BackupPlan {
                url: what,
                ..BackupPlan::default()
            };
            return Ok(verify::inspect(Some(&plan), Path::new("."), None).await);
        }
        let (plan, name) = verify::place_of(&what).map_err(|error| {
            output::tell_error(&error);
            USAGE
        })?;
        if !what.contains("://") && !path.exists() {
            let message = format!("there is no \"{what}\"");
            output::tell_error(&Error::new(message, NAMES));
            return Err(COULD_NOT_LOOK);
        }
        let plan = BackupPlan {
            endpoint: self.endpoint.clone(),
            ..plan
        };
        Ok(verify::inspect(Some(&plan), Path::new("."), Some(&name)).await)
    }

    fn damaged(&self, finding: &Finding) -> u8 {
        match self.format {
            Format::Json => output::print(&format!("{:#}\n", json!({ "finding": finding }))),
            Format::Human => {
                let detail = finding.detail.as_deref().unwrap_or_default();
                let (message, hint) = (visible(&finding.message), visible(&finding.hint));
                output::tell(&format!(
                    "{}  {message}\n  detail  {}\n    hint  {hint}\n",
                    finding.code,
                    visible(detail)
                ));
            }
        }
        DAMAGED
    }
}

/// The folder of a directory dump where its table of contents is named.
fn of_dump(what: &str) -> String {
    match what.strip_suffix("toc.dat") {
        Some("") => std::env::current_dir()
            .map_or_else(|_| what.to_owned(), |here| here.display().to_string()),
        Some(folder) if folder.ends_with('/') => folder.to_owned(),
        _ => what.to_owned(),
    }
}

fn is_plan(what: &str) -> bool {
    let path = Path::new(what);
    let yaml =
        |end: &std::ffi::OsStr| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml");
    path.extension().is_some_and(yaml)
}

fn tables(contents: &Contents) -> impl Iterator<Item = &Entry> {
    contents.toc.iter().filter(|entry| entry.is_table_data())
}

/// Labels and what stands behind them; what is not known is left out.
fn facts(inspected: &Inspected) -> Vec<(&'static str, String)> {
    let contents = &inspected.contents;
    let facts = contents.facts();
    let lang = output::lang();
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
    let version = facts.archive_version.as_deref().unwrap_or_default();
    let format = format!("{} {version}", facts.format);
    let counted = contents.entries.map(|entries| {
        let tables = contents.tables.unwrap_or_default();
        lang.say(
            &format!("{entries}, {tables} of them the data of tables"),
            &format!("{entries}(うちテーブルデータ {tables})"),
        )
        .to_owned()
    });
    let read = format!("{} / {}", inspected.read, inspected.backup.size);
    [
        (
            lang.say("format", "形式"),
            Some(format.trim_end().to_owned()),
        ),
        (lang.say("codec", "圧縮"), Some(facts.codec)),
        (lang.say("server", "サーバー"), facts.server_version),
        (lang.say("pg_dump", "pg_dump"), facts.pg_dump_version),
        (lang.say("created", "作成"), facts.created),
        (lang.say("database", "データベース"), facts.database),
        (
            lang.say("encoding", "文字コード"),
            contents.encoding.clone(),
        ),
        (lang.say("entries", "エントリー"), counted),
        (lang.say("extensions", "拡張"), list(&contents.extensions)),
        (lang.say("roles", "ロール"), list(&contents.roles)),
        (lang.say("bytes read", "読んだバイト"), Some(read)),
    ]
    .into_iter()
    .filter_map(|(label, value)| value.map(|value| (label, value)))
    .collect()
}

fn page(inspected: &Inspected, entries: bool) -> String {
    let mut text = String::new();
    let size = Bytes(inspected.backup.size);
    let _ = writeln!(text, "{}  {size}", visible(&inspected.backup.key));
    for (label, value) in facts(inspected) {
        let _ = writeln!(text, "  {label:<12}  {}", visible(&value));
    }
    let contents = &inspected.contents;
    if entries {
        for entry in &contents.toc {
            let _ = writeln!(text, "{}", visible(&line(entry)));
        }
    } else {
        for table in tables(contents) {
            let _ = writeln!(text, "  table         {}", visible(&table.name()));
        }
    }
    text
}

/// An entry as `pg_restore -l` shows it, without the OID of its catalogue.
fn line(entry: &Entry) -> String {
    format!(
        "{}; {} {} {} {} {}",
        entry.id,
        entry.oid,
        entry.desc,
        entry.namespace.as_deref().unwrap_or("-"),
        entry.tag,
        entry.owner.as_deref().unwrap_or_default()
    )
}

fn value(inspected: &Inspected, entries: bool) -> Value {
    let contents = &inspected.contents;
    let names: Vec<String> = tables(contents).map(Entry::name).collect();
    let mut value = json!({
        "key": inspected.backup.key,
        "size_bytes": inspected.backup.size,
        "read_bytes": inspected.read,
        "dump": contents.facts(),
        "encoding": contents.encoding,
        "tables": names,
        "extensions": contents.extensions,
        "roles": contents.roles,
    });
    if entries && let Value::Object(map) = &mut value {
        let all = contents.toc.iter().map(|entry| {
            json!({
                "id": entry.id, "oid": entry.oid, "kind": *entry.desc, "schema": entry.namespace.as_deref(),
                "name": *entry.tag, "owner": entry.owner.as_deref(), "data": entry.has_data(), "depends": *entry.depends,
            })
        });
        map.insert("entries".to_owned(), all.collect());
    }
    value
}
