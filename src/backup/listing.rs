//! What a listing tells: exact sums over everything, and of the objects only those that anybody asks for.

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, civil::Date};

use super::{Asked, Backup, Object};

/// How many backups a listing names: three years of daily dumps, and a quarter of a megabyte.
pub const KEPT: usize = 1_000;

/// How many rejected objects a listing names, and how many empty dumps that are newer than every other.
pub const NAMED: usize = 100;

/// For how many days a listing tells what was stored on them: the last month's growth, and as much again.
pub const DAYS: usize = 60;

/// An object that is no backup, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// What it is; for a directory dump all of it, under the folder's key.
    pub object: Object,
    /// Why it was passed over.
    pub reason: Reason,
}

/// Why an object is no backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It holds nothing, although it is a dump by name.
    Empty,
    /// A key that ends in `/` and stands for a folder.
    FolderMarker,
    /// A checksum, a signature, a manifest, a log or a text beside a dump.
    Sidecar,
    /// An upload that has not finished, or never will.
    Partial,
    /// `backup.match` does not match it.
    NotMatched,
    /// A hidden file.
    Hidden,
    /// The record of a run that pgdrill keeps.
    History,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Empty => "empty",
            Self::FolderMarker => "folder marker",
            Self::Sidecar => "sidecar",
            Self::Partial => "partial upload",
            Self::NotMatched => "not matched by `backup.match`",
            Self::Hidden => "hidden",
            Self::History => "history",
        })
    }
}

/// What was stored on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// The bytes of all objects that were written on it and are still there.
    pub bytes: u64,
    /// How many they are.
    pub objects: u64,
}

/// Everything under a plan's URL. It does not grow with the number of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The URL without credentials.
    pub url: String,
    /// What every key under the URL begins with: empty, or a path with a `/` at its end.
    pub prefix: String,
    /// The newest backups, newest first: by time, then by key. At most [`KEPT`]; directory dumps without their members.
    pub backups: Vec<Backup>,
    /// How many backups there are.
    pub count: u64,
    /// The backup that was written first.
    pub oldest: Option<Backup>,
    /// Any of them, each as likely as every other.
    pub sample: Option<Backup>,
    /// Everything else, and why: the first [`NAMED`] that were met, and the newest [`NAMED`] empty ones that are newer
    /// than every backup.
    pub rejected: Vec<Rejected>,
    /// How many were rejected.
    pub rejected_count: u64,
    /// The folders of physical backups, by the names in them: the first [`NAMED`].
    pub physical: Vec<String>,
    /// What all of it takes, in bytes, with what was rejected but for the records of runs.
    pub storage: u64,
    /// What was stored on each of the last [`DAYS`] days on which anything was, by UTC.
    pub days: BTreeMap<Date, Day>,
    /// The storage's own time when it first answered, where it tells.
    pub server_time: Option<Timestamp>,
    /// This machine's time at that moment.
    pub own_time: Option<Timestamp>,
    /// What the name that was asked for may mean.
    pub asked: Option<Asked>,
}
