//! A plan: where the backups are, what is allowed, and what must hold in the restored data.
//!
//! The only module that knows YAML. Everything else sees these types.

mod against;
mod backup;
mod bounds;
mod checks;
mod database;
mod digest;
mod environment;
mod freshness;
mod include;
mod keys;
mod limit;
mod mistake;
mod named;
mod notify;
mod nul;
mod number;
mod pattern;
mod plain;
mod read;
mod schedule;
mod schema;
mod secrets;
mod settings;
mod smtp;
mod syntax;
mod tables;
mod timely;
mod twice;
mod walk;
mod watch;
mod yaml;

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

pub use backup::{holds_more_than_a_place, is_endpoint};
pub use checks::{
    Against, Bounds, Checks, DatabaseCheck, DatabaseKind, Expected, Freshness, Limit, Live,
    Previous, RelativeTo, SqlCheck, TableBlock, TableCheck, TableKind,
};
pub use include::{Found, find};
pub use mistake::{Level, Mistake, Mistakes};
pub use named::plain_name;
pub use notify::{
    EmailPlan, HeartbeatPlan, NotifyPlan, PagerDutyPlan, SlackPlan, SmtpPlan, SmtpTls, WebhookPlan,
    When,
};
pub use number::{Number, compare};
pub use read::{Loaded, read};
pub use schedule::wrong_cron;
pub use schema::schema;
pub use smtp::decoded;

use crate::{
    finding::{Code, Severity},
    units::{Age, Bytes, Percent, Secret, Usd},
};

/// Where something is written: file, line and column, all counted from one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One database's plan, whole and valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name in reports and metrics; the file's stem unless the plan gives one.
    pub name: String,
    /// The file it was read from, as the user named it.
    pub file: PathBuf,
    /// Where the backups are. A file that only holds checks has none.
    pub backup: Option<BackupPlan>,
    /// What is allowed.
    pub limits: Limits,
    /// What storage costs.
    pub prices: Prices,
    /// Where to restore.
    pub sandbox: SandboxPlan,
    /// How to restore.
    pub restore: RestorePlan,
    /// What must hold in the restored data.
    pub checks: Checks,
    /// Severities other than the usual ones.
    pub severity: BTreeMap<Code, Severity>,
    /// Whom to call, in this order.
    pub contacts: Vec<Contact>,
    /// Who is told of a run.
    pub notify: NotifyPlan,
    /// The URL of a page that says what to do when a backup is bad.
    pub runbook: Option<String>,
    /// Where runs are kept.
    pub history: Option<HistoryPlan>,
    /// When `serve` drills.
    pub schedule: Option<SchedulePlan>,
    /// Where metrics go after each run.
    pub metrics: MetricsPlan,
    /// The running database that `live:` compares with.
    pub live: Option<LivePlan>,
    /// A digest of everything in the plan that decides over the proof.
    pub digest: String,
}

/// Where runs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPlan {
    /// `s3://bucket/prefix/` or a folder; one that is relative starts from the plan's folder.
    pub url: String,
    /// The S3 endpoint: that of `backup`.
    pub endpoint: Option<String>,
    /// The region: that of `backup`.
    pub region: Option<String>,
}

/// When `serve` drills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedulePlan {
    /// Five fields, as cron has them.
    pub cron: String,
    /// The IANA name of the time zone; UTC unless the plan says otherwise.
    pub timezone: String,
}

/// Where metrics go after each run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricsPlan {
    /// A file for `node_exporter`'s textfile collector, relative to the plan; when it ends with a slash, the folder of
    /// a file named after the plan.
    pub textfile: Option<PathBuf>,
    /// The URL of a Pushgateway; it may hold a user and a password.
    pub pushgateway: Option<Secret>,
}

/// The running database that `live:` compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePlan {
    /// How to reach it: a URL or keywords, as libpq takes them.
    pub dsn: Secret,
    /// The certificates of the authorities to trust, in PEM, relative to the plan; otherwise the system's.
    pub ca: Option<PathBuf>,
}

/// Where the backups are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupPlan {
    /// `s3://bucket/prefix/` or a folder; one that is relative starts from the plan's folder.
    pub url: String,
    /// The S3 endpoint, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// The region; `None` is `auto`: asked from the environment, then from the service.
    pub region: Option<String>,
    /// A glob on the last part of the key; `None` takes whatever is a dump by name.
    pub pattern: Option<String>,
    /// Which dump to take.
    pub select: Select,
    /// The IANA name of the zone of the clock that the backup job runs by: a dump's header tells its time without one.
    /// `None`: it is read as UTC, and may be off by as much as zones are.
    pub timezone: Option<String>,
    /// The database that the dumps must be of; `None` takes any.
    pub database: Option<String>,
}

/// Which dump to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// The one that was modified last.
    #[default]
    Newest,
    /// The one that was modified first.
    Oldest,
    /// Any of them.
    Random,
    /// The newest one that passes: from the newest on, one after another is drilled.
    NewestGood,
}

/// What is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Older is critical. The users' guide says 48 hours.
    pub max_age: Age,
    /// At or under this share of the previous dump's size is a warning. The users' guide says 50 %.
    pub max_shrink: Percent,
    /// More stored than this is a warning. The users' guide says 50 GB.
    pub storage: Bytes,
    /// A higher monthly cost than this is a warning. The users' guide says 10 USD.
    pub monthly_cost: Usd,
    /// A longer restore than this is a warning.
    pub rto: Option<Age>,
    /// So many times the usual duration or more is a warning. The users' guide says three times.
    pub slow_factor: f64,
    /// No proof for longer than this is a warning: a month's drill and a few days.
    pub max_unproven: Age,
    /// A dump that unpacks to more is critical; none: 4 GiB, or 1100 times its stored size where that is more.
    pub max_unpacked: Option<Bytes>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_age: Age::from_secs(48 * 3_600),
            max_shrink: Percent(50.0),
            storage: Bytes(50_000_000_000),
            monthly_cost: Usd(10.0),
            rto: None,
            slow_factor: 3.0,
            max_unproven: Age::from_secs(35 * 86_400),
            max_unpacked: None,
        }
    }
}

/// What storage costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// US dollars for a gigabyte and a month; without it nothing is said about cost.
    pub storage_gb_month: Option<f64>,
}

/// Where to restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SandboxPlan {
    /// Which provider.
    pub provider: Provider,
    /// The Docker image; `None` is `postgres:<major that the dump was taken from>`.
    pub image: Option<String>,
    /// The server that CI provides, from `PGDRILL_SERVICE_URL` or `--service-url`.
    pub service_url: Option<Secret>,
}

/// What makes the throwaway PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// `service` when a URL is given, else `docker`, else `local`.
    #[default]
    Auto,
    /// A container.
    Docker,
    /// A cluster of the PostgreSQL that is installed here.
    Local,
    /// A database in a server that was made for this.
    Service,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Docker, Self::Local, Self::Service];

    /// The word in plans, flags and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Docker => "docker",
            Self::Local => "local",
            Self::Service => "service",
        }
    }
}

/// What loads an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Whichever is the fastest for the dump and the machine.
    #[default]
    Auto,
    /// One `pg_restore`, from its standard input or from a file.
    PgRestore,
    /// Several `pg_restore`, each fed with the data of its tables while they arrive.
    Stream,
}

/// How text sorts in the restored database where nothing else is said for a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collation {
    /// As in the dumped one.
    #[default]
    Dump,
    /// By its bytes, which is faster: indexes on text are built without the rules of a language.
    C,
}

/// How to restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestorePlan {
    /// How many connections load at the same time; none: as many as there are cores.
    pub jobs: Option<u16>,
    /// What loads an archive.
    pub engine: Engine,
    /// How text sorts.
    pub collation: Collation,
    /// A file written by `pg_dumpall --globals-only`, relative to the plan.
    pub globals: Option<PathBuf>,
    /// Errors that are expected.
    pub ignore: Vec<Ignore>,
    /// Whether a dump without the data of any table is meant.
    pub allow_schema_only: bool,
    /// How long nothing may move before the restore is ended.
    pub stall: Age,
    /// How long it may take at all.
    pub wall: Option<Age>,
}

impl Default for RestorePlan {
    fn default() -> Self {
        Self {
            jobs: None,
            engine: Engine::Auto,
            collation: Collation::Dump,
            globals: None,
            ignore: Vec::new(),
            allow_schema_only: false,
            stall: Age::from_secs(600),
            wall: None,
        }
    }
}

/// An error of the restore that is expected, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// A part of the error's message.
    pub error: String,
    /// Why it does no harm.
    pub reason: String,
    /// The last day on which it is ignored.
    pub until: jiff::civil::Date,
    /// Where it is written.
    pub place: Place,
}

/// Somebody to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// `primary`, `secondary`, `escalation`.
    pub role: String,
    /// Whom.
    pub name: String,
}
