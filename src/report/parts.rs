//! The parts of a report: what was looked at, what was restored, what was proved and asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The backup that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackupFacts {
    /// Where backups are kept, without credentials.
    pub url: String,
    /// The key of the one that was looked at, below the URL's bucket or folder.
    pub key: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// When the storage says it was written.
    pub last_modified: Option<Timestamp>,
    /// How old it was when the run began.
    pub age_seconds: Option<i64>,
    /// The storage's own tag.
    pub etag: Option<String>,
    /// The storage's version of the object.
    pub version_id: Option<String>,
    /// The digest of all bytes that were read, in hexadecimal.
    pub sha256: Option<String>,
    /// Which checksums stored with the object matched the bytes that were read.
    #[serde(default)]
    pub checksums: Vec<String>,
    /// The digest of what lay beside it and speaks for it: files of checksums and a manifest. None: nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// When the dump says that it was begun, as an instant.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// How long the backup job took, in seconds: from the time in the dump's header to the storage's.
    #[serde(default)]
    pub duration_seconds: Option<f64>,
    /// How many dumps there are.
    pub count: u64,
    /// When the oldest of them was written.
    #[serde(default)]
    pub oldest: Option<Timestamp>,
    /// What they take together.
    pub storage_bytes: u64,
    /// What the storage costs a month, in US dollars; only with a price in the plan.
    #[serde(default)]
    pub cost_usd_per_month: Option<f64>,
    /// Where storage is heading, from its growth over the last weeks.
    #[serde(default)]
    pub projection: Option<Projection>,
    /// The one before it.
    pub previous: Option<PreviousBackup>,
    /// What lies beside the dumps, and why it was passed over.
    pub rejected: Vec<RejectedObject>,
}

/// Where storage is heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// By how many bytes it grows a week; negative when it shrinks.
    pub bytes_per_week: i64,
    /// What will be stored at the end of this month, in bytes.
    pub month_end_bytes: u64,
    /// What that costs a month, in US dollars; only with a price in the plan.
    pub month_end_usd: Option<f64>,
}

impl BackupFacts {
    /// Whether the other is the same backup as stored then, as far as a listing tells.
    #[must_use]
    pub fn is_still(&self, other: &Self) -> bool {
        !self.key.is_empty()
            && self.key == other.key
            && self.size_bytes == other.size_bytes
            && self.last_modified == other.last_modified
            && self.etag == other.etag
    }
}

/// The proven run that this one was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The run's name.
    pub run: String,
    /// When it began.
    pub started: Timestamp,
    /// The backup that it proved.
    pub key: String,
}

/// The dump before the one that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousBackup {
    /// Its key.
    pub key: String,
    /// Its size as stored.
    pub size_bytes: u64,
}

/// An object that is no dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedObject {
    /// Its key.
    pub key: String,
    /// Why it was passed over.
    pub reason: String,
}

/// What a dump says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpFacts {
    /// `custom`, `directory`, `tar`, `plain` or `plain-all` (`pg_dumpall`).
    pub format: String,
    /// What it is wrapped in: `none`, `gzip`, `zstd`, `lz4`, `xz` or `bzip2`; for a bare archive the
    /// compression inside.
    pub codec: String,
    /// The archive format's version.
    pub archive_version: Option<String>,
    /// The server that it was taken from.
    pub server_version: Option<String>,
    /// The `pg_dump` that wrote it.
    pub pg_dump_version: Option<String>,
    /// When it says that it was written, in the writer's local time: it carries no zone.
    pub created: Option<String>,
    /// The database that it was taken from.
    pub database: Option<String>,
    /// How many tables carry data.
    pub tables: Option<u64>,
    /// How many entries the table of contents holds.
    pub entries: Option<u64>,
}

/// The throwaway server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxFacts {
    /// `docker`, `local` or `service`.
    pub provider: String,
    /// The image, where there is one.
    pub image: Option<String>,
    /// What the image's name meant on that day: the digest of its contents.
    #[serde(default)]
    pub image_id: Option<String>,
    /// The server's version.
    pub server_version: Option<String>,
    /// Why this provider, what could not be had, and what was used in its place.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The restore.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RestoreFacts {
    /// `pg-restore`, `stream` or `psql`.
    pub engine: String,
    /// Why this one, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The collation that text was given rather than the dump's own; only where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many bytes the tool was fed.
    pub bytes: u64,
    /// What the tool reported.
    pub errors: Vec<ToolError>,
    /// What the tool reported and the plan expects.
    pub ignored: Vec<ToolError>,
}

/// One error of `pg_restore` or `psql`, without the row or the command that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolError {
    /// What went wrong, in the server's words.
    pub message: String,
    /// The object that it is about.
    pub object: Option<String>,
    /// `lost`, `harmless` or `environment`.
    pub class: String,
    /// Why the plan ignores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How far it goes; never a higher level than was reached.
    pub level: ProofLevel,
    /// How many objects the dump's table of contents names.
    pub objects_expected: Option<u64>,
    /// How many of them were found.
    pub objects_found: Option<u64>,
    /// How many tables were restored.
    pub tables: u64,
    /// How many rows the dump holds.
    pub rows_expected: Option<u64>,
    /// How many rows were counted in the restored tables.
    pub rows_found: u64,
    /// How many checks looked at data and held.
    pub checks: u64,
    /// In how many tables the contents were compared with the dump's, and not only the number of rows.
    #[serde(default)]
    pub digests_compared: Option<u64>,
    /// How many large objects were compared with the dump's, their contents included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_objects: Option<u64>,
    /// Tables that were not compared whole, each with the reason.
    #[serde(default)]
    pub not_compared: Vec<String>,
    /// What else there is to know about how far the proof goes, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The earlier run that proved it, when this one remembered rather than restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// How far the proof goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofLevel {
    /// The tool loaded it and checks ran.
    #[default]
    Restored,
    /// Every object and every row of the dump is there.
    Complete,
    /// A checksum stored beside or with the object matched.
    TransportProved,
    /// A manifest taken in the dump's own snapshot matched.
    SourceEqual,
}

/// A stage of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// What was done.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// The CPU time of pgdrill, its client programs and the sandbox's server together; only where all of it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// How many bytes of the backup arrived meanwhile; only where any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Somebody who was told, or who would have been.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The sink.
    pub name: String,
    /// Whether it took the report.
    pub delivered: bool,
    /// Why not.
    pub error: Option<String>,
    /// Why it was not told, where there was nothing new to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}
