//! Reads a plan: its file, the files that it includes, and the environment; every mistake at once.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::civil::Date;

use super::{
    Checks, Limits, Plan, Prices, RestorePlan, TableBlock, TableKind, backup, database, digest,
    environment, include, keys,
    mistake::{Level, Mistake, Mistakes, Source},
    notify, nul, settings, tables,
    walk::{Defaults, Entry, Fields, File, Reach, Session},
    watch,
    yaml::{self, Node},
};
use crate::finding::Severity;

/// How long a check may take when nothing else is written.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A plan, and what its author should know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// What is allowed, but may not do what its author thinks.
    pub warnings: Vec<Mistake>,
    /// The files that it includes: no plans of their own.
    pub included: Vec<PathBuf>,
}

/// Reads the plan in a file.
///
/// The environment is asked through `environment`; `today` is for what has an end, such as `restore.ignore`.
///
/// # Errors
/// When anything is wrong with it, all of it.
pub fn read(
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    today: Date,
) -> Result<Loaded, Mistakes> {
    let session = Session {
        environment,
        today,
        found: RefCell::default(),
        names: RefCell::default(),
        reach: Cell::default(),
    };
    let mut reading = Reading {
        session: &session,
        files: Vec::new(),
        main: None,
    };
    let plan = reading.main(path);
    let included = reading.files.into_iter().skip(1).map(|(path, _)| path);
    let included = included.collect();
    let found = session.found.into_inner();
    match plan {
        Some(plan) if found.iter().all(|mistake| mistake.level == Level::Warning) => {
            let warnings = Mistakes::some(found);
            let warnings = warnings.map_or_else(Vec::new, |all| all.iter().cloned().collect());
            Ok(Loaded {
                plan,
                warnings,
                included,
            })
        }
        _ => Err(Mistakes::some(found)
            .unwrap_or_else(|| Mistake::new("the plan cannot be read", "check the file").into())),
    }
}

struct Reading<'a> {
    session: &'a Session<'a>,
    /// Every file so far, and its one true path.
    files: Vec<(PathBuf, PathBuf)>,
    /// The schema of the main file, once it is known.
    main: Option<String>,
}

impl<'a> Reading<'a> {
    /// The main file.
    fn main(&mut self, path: &Path) -> Option<Plan> {
        let (file, root) = self.open(path)?;
        let fields = file.fields(&root, "a plan", &keys::PLAN);
        let file = ready(file, &fields);
        self.main.clone_from(&file.defaults.schema);
        let watch = watch::read(&file, &fields);
        self.session.reach.set(Reach {
            drills: fields.get("backup").is_some(),
            history: fields.get("history").is_some(),
            live: fields.get("live").is_some(),
        });
        let mut checks = checks(&file, &fields);
        checks.schema.clone_from(&file.defaults.schema);
        self.include(&file, &fields, &mut checks);
        let name = fields
            .get("name")
            .map(|entry| file.text(entry).map(ToOwned::to_owned));
        let backup = fields
            .get("backup")
            .map(|entry| backup::backup(&file, entry));
        let limits = fields
            .get("limits")
            .map(|entry| settings::limits(&file, entry));
        let prices = fields
            .get("prices")
            .map(|entry| settings::prices(&file, entry));
        let restore = fields
            .get("restore")
            .map(|entry| settings::restore(&file, entry));
        let severity = fields
            .get("severity")
            .map(|entry| settings::severities(&file, entry));
        let contacts = fields
            .get("contacts")
            .map(|entry| settings::contacts(&file, entry));
        let notify = fields.get("notify").map(|entry| notify::read(&file, entry));
        let backup = backup.flatten();
        let mut plan = Plan {
            name: name.flatten().unwrap_or_else(|| stem(path)),
            file: path.to_owned(),
            history: watch.history(backup.as_ref()),
            backup,
            limits: limits.unwrap_or_else(Limits::default),
            prices: prices.unwrap_or_else(Prices::default),
            sandbox: settings::sandbox(&file, fields.get("sandbox")),
            restore: restore.unwrap_or_else(RestorePlan::default),
            checks,
            severity: severity.unwrap_or_else(BTreeMap::new),
            contacts: contacts.unwrap_or_default(),
            notify: notify.unwrap_or_default(),
            runbook: notify::runbook(&file, &fields),
            schedule: watch.schedule,
            metrics: watch.metrics,
            live: watch.live,
            digest: String::new(),
        };
        plan.digest = digest::of(&plan);
        Some(plan)
    }

    /// The text of a file as a tree, with the environment filled in.
    fn open(&mut self, path: &Path) -> Option<(File<'a>, Node)> {
        let order = self.files.len();
        self.files.push((path.to_owned(), include::true_path(path)));
        let result = load(path, order).and_then(|source| Ok((yaml::parse(&source)?, source)));
        let (mut root, source) = result
            .map_err(|mistake| self.session.found.borrow_mut().push(mistake))
            .ok()?;
        let mut found = self.session.found.borrow_mut();
        environment::fill(&mut root, &source, self.session.environment, &mut found);
        drop(found);
        let file = File {
            session: self.session,
            source,
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            defaults: Defaults {
                severity: Severity::Critical,
                timeout: TIMEOUT,
                schema: None,
            },
        };
        file.duplicates(&root);
        nul::refuse(&file, &root);
        if root.is_null() {
            file.error(&root, "the plan is empty", "start with\n  version: 1");
            return None;
        }
        Some((file, root))
    }

    /// The files that a file includes, and those that they include.
    fn include(&mut self, file: &File<'a>, fields: &Fields<'_>, checks: &mut Checks) {
        let Some(entry) = fields.get("include") else {
            return;
        };
        for (path, node) in include::files(file, entry) {
            let truth = include::true_path(&path.path);
            let again = self.files.iter().any(|(_, known)| *known == truth);
            if again {
                if !path.from_glob {
                    let help = "remove it: everything in it is read already";
                    file.error(
                        node,
                        "this file is included twice, or includes itself",
                        help,
                    );
                }
                continue;
            }
            self.included(&path.path, checks);
        }
    }

    fn included(&mut self, path: &Path, all: &mut Checks) {
        let Some((file, root)) = self.open(path) else {
            return;
        };
        let fields = file.fields(&root, "an included file", &keys::PLAN);
        for entry in &fields.0 {
            if !keys::INCLUDED.contains(&entry.name()) {
                let message = format!(
                    "\"{}\" belongs in the plan, not in a file that it includes",
                    entry.name()
                );
                let help = format!("an included file holds: {}", keys::INCLUDED.join(", "));
                file.error(entry.key, message, help);
            }
        }
        let file = ready(file, &fields);
        let mut own = checks(&file, &fields);
        if file.defaults.schema != self.main {
            let schema = file.defaults.schema.as_deref().unwrap_or("public");
            own.tables
                .iter_mut()
                .for_each(|block| qualify(block, schema));
            if let Some(entry) = fields.get("sql").filter(|_| !own.sql.is_empty()) {
                let message = format!(
                    "queries of a file whose schema is \"{schema}\" would be asked in that of the plan"
                );
                let help = "give both files the same `defaults.schema`, and name another schema in the query itself";
                file.error(entry.key, message, help);
            }
        }
        all.tables.append(&mut own.tables);
        all.database.append(&mut own.database);
        all.sql.append(&mut own.sql);
        self.include(&file, &fields, all);
    }
}

fn load(path: &Path, order: usize) -> Result<Arc<Source>, Mistake> {
    let text = fs::read_to_string(path).map_err(|error| {
        let message = format!(
            "the plan \"{}\" cannot be read: {}",
            path.display(),
            error.kind()
        );
        Mistake::new(message, "check the path; a plan is a YAML file in UTF-8")
    })?;
    Ok(Arc::new(Source {
        file: path.display().to_string().into(),
        order,
        text: text
            .strip_prefix('\u{feff}')
            .map(ToOwned::to_owned)
            .unwrap_or(text),
    }))
}

/// The version is checked, and the defaults are known.
fn ready<'a>(mut file: File<'a>, fields: &Fields<'_>) -> File<'a> {
    version(&file, fields);
    file.defaults = settings::defaults(&file, fields.get("defaults"));
    file
}

fn version(file: &File<'_>, fields: &Fields<'_>) {
    match fields.get("version") {
        Some(entry) if entry.value.text() == Some("1") => {}
        Some(entry) => {
            let message = "this version of the language is not known";
            file.error(entry.value, message, "write version: 1");
        }
        None => {
            let mistake = Mistake::new(
                format!(
                    "\"{}\" does not say which version of the language it is in",
                    file.source.file
                ),
                "start with\n  version: 1",
            );
            file.session.found.borrow_mut().push(mistake);
        }
    }
}

fn checks(file: &File<'_>, fields: &Fields<'_>) -> Checks {
    let read = |key| -> Option<Entry<'_>> { fields.get(key) };
    Checks {
        schema: None,
        tables: read("tables").map_or_else(Vec::new, |entry| tables::tables(file, entry)),
        database: read("database").map_or_else(Vec::new, |entry| database::database(file, entry)),
        sql: read("sql").map_or_else(Vec::new, |entry| database::sql(file, entry)),
    }
}

/// Names the schema where a file has another one than the plan.
fn qualify(block: &mut TableBlock, schema: &str) {
    let whole = |table: &mut String| {
        if !table.contains('.') {
            *table = format!("{schema}.{table}");
        }
    };
    whole(&mut block.table);
    block.except.iter_mut().for_each(whole);
    for check in &mut block.checks {
        if let TableKind::References(_, table, _) = &mut check.kind {
            whole(table);
        }
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}
