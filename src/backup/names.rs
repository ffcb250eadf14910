//! Tells by its name alone what an object is: a dump, or something beside dumps.

use ulid::Ulid;

use super::Reason;
use crate::error::{OrStop, Result};

/// Endings of uploads and downloads that have not finished.
const PARTIAL: &[&str] = &[
    ".partial",
    ".part",
    ".tmp",
    ".temp",
    ".filepart",
    ".crdownload",
    ".incomplete",
    ".inprogress",
    ".uploading",
    ".download",
    ".aborted",
    ".swp",
    "~",
];

/// Endings of what lies beside a dump.
#[rustfmt::skip]
const SIDECARS: &[&str] = &[
    ".sha256", ".sha1", ".sha512", ".sha256sum", ".sha1sum", ".sha512sum", ".md5", ".md5sum", ".crc32", ".checksum",
    ".sig", ".asc", ".minisig", ".pub", ".par2", ".json", ".yaml", ".yml", ".toml", ".xml", ".txt", ".log", ".md",
    ".html", ".csv", ".list", ".toc", ".manifest", ".meta", ".sh", ".py", ".conf", ".ini", ".env", ".done", ".lock",
];

/// Names of what lies beside a dump, whatever it ends in.
const SIDECAR_NAMES: &[&str] = &[
    "sha256sums",
    "sha1sums",
    "sha512sums",
    "md5sums",
    "checksums",
    "readme",
    "license",
];

/// What `pg_dumpall --globals-only` is usually written to: roles, and no data.
const GLOBALS: &[&str] = &["globals.sql", "roles.sql"];

/// `backup.match`: a glob on the key's last part.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Option<glob::Pattern>);

impl Pattern {
    /// Reads the glob; `None` takes whatever is a dump by name.
    pub(super) fn new(text: Option<&str>) -> Result<Self> {
        let read = |text| {
            glob::Pattern::new(text).or_stop(
                || format!("`backup.match` is no glob: \"{text}\""),
                "Write it like a file name with * and ?, such as *.dump.",
            )
        };
        Ok(Self(text.map(read).transpose()?))
    }

    fn matches(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|glob| glob.matches(name))
    }

    /// Whether the glob itself ends like this: then the user means these objects.
    fn asks_for(&self, ending: &str) -> bool {
        let ends = |glob: &glob::Pattern| glob.as_str().to_ascii_lowercase().ends_with(ending);
        self.0.as_ref().is_some_and(ends)
    }
}

/// Why an object is no backup by its name; `path` is its key below the URL, without a `/` at the end of a folder.
pub(super) fn reason(path: &str, pattern: &Pattern) -> Option<Reason> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    let ends_in = |endings: &[&str]| {
        let mut found = endings.iter().filter(|ending| lower.ends_with(**ending));
        found.any(|ending| !pattern.asks_for(ending))
    };
    if is_record(name) {
        Some(Reason::History)
    } else if path.ends_with('/') || name.ends_with("_$folder$") {
        Some(Reason::FolderMarker)
    } else if path
        .split('/')
        .any(|part| part.starts_with('.') && !matches!(part, "." | ".."))
    {
        Some(Reason::Hidden)
    } else if ends_in(PARTIAL) || is_stray_member(&lower) {
        Some(Reason::Partial)
    } else if ends_in(SIDECARS)
        || SIDECAR_NAMES.contains(&lower.as_str())
        || is_globals(&lower, pattern)
    {
        Some(Reason::Sidecar)
    } else if !pattern.matches(name) {
        Some(Reason::NotMatched)
    } else {
        None
    }
}

/// `01JD3Q5V9H4W8K2M6N7P0R1S2T.json`, with or without `.health`: the record of a run, of whichever plan. No dump is
/// called that, and whatever a plan's `match` says, a run is no backup.
pub(super) fn is_record(name: &str) -> bool {
    let stem = name.strip_suffix(".json").unwrap_or_default();
    let run = stem.strip_suffix(".health").unwrap_or(stem);
    Ulid::from_string(run).is_ok_and(|ulid| ulid.to_string() == run)
}

/// `3456.dat.gz`, `blob_16403.dat`, `blobs.toc`: members of a directory dump whose `toc.dat` has not arrived yet.
fn is_stray_member(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let bare = [".gz", ".lz4", ".zst"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    let data = bare
        .strip_suffix(".dat")
        .is_some_and(|stem| digits(stem.strip_prefix("blob_").unwrap_or(stem)));
    let blobs = name
        .strip_suffix(".toc")
        .and_then(|stem| stem.strip_prefix("blobs"));
    data || blobs
        .is_some_and(|number| number.is_empty() || number.strip_prefix('_').is_some_and(digits))
}

fn is_globals(name: &str, pattern: &Pattern) -> bool {
    let bare = [".gz", ".zst", ".xz", ".bz2", ".lz4"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name);
    let named = |globals: &str| {
        let before = bare.strip_suffix(globals);
        before.is_some_and(|b| b.is_empty() || b.ends_with(['-', '_', '.']))
            && !pattern.asks_for(globals)
    };
    GLOBALS.iter().any(|globals| named(globals))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<Reason> {
        reason(path, &Pattern::new(None).unwrap())
    }

    fn of_matched(path: &str, pattern: &str) -> Option<Reason> {
        reason(path, &Pattern::new(Some(pattern)).unwrap())
    }

    #[test]
    fn dumps_are_dumps_whatever_they_end_in() {
        for name in [
            "shop.dump",
            "shop.sql.gz",
            "shop",
            "2026-11-23",
            "shop.dump.1",
            "shop.pgdump",
            "a/b/shop.tar",
            "shop.backup",
            "shop.zst",
            "globals-of-trade.dump",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
    }

    #[test]
    fn everything_beside_a_dump_has_its_reason() {
        for (name, reason) in [
            ("shop.dump.sha256", Reason::Sidecar),
            ("shop.dump.MD5", Reason::Sidecar),
            ("shop.dump.asc", Reason::Sidecar),
            ("shop.pgdrill.json", Reason::Sidecar),
            ("backup.log", Reason::Sidecar),
            ("README.md", Reason::Sidecar),
            ("SHA256SUMS", Reason::Sidecar),
            ("globals.sql", Reason::Sidecar),
            ("shop-globals.sql.gz", Reason::Sidecar),
            ("shop.dump.partial", Reason::Partial),
            ("shop.dump.filepart", Reason::Partial),
            ("shop.dump.CRDOWNLOAD", Reason::Partial),
            ("shop.dump~", Reason::Partial),
            ("upload/3456.dat.gz", Reason::Partial),
            ("upload/blob_16403.dat", Reason::Partial),
            ("upload/blobs.toc", Reason::Partial),
            ("upload/blobs_12.toc", Reason::Partial),
            (
                "pgdrill/shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json",
                Reason::History,
            ),
            ("01JD3Q5V9H4W8K2M6N7P0R1S2T.health.json", Reason::History),
            ("01jd3q5v9h4w8k2m6n7p0r1s2t.json", Reason::Sidecar),
            (".shop.dump", Reason::Hidden),
            (".snapshots/shop.dump", Reason::Hidden),
            ("2026/", Reason::FolderMarker),
            ("2026_$folder$", Reason::FolderMarker),
        ] {
            assert_eq!(of(name), Some(reason), "{name}");
        }
    }

    #[test]
    fn the_glob_is_on_the_last_part_of_the_key() {
        assert_eq!(of_matched("2026/shop.dump", "shop*"), None);
        assert_eq!(
            of_matched("shop/other.dump", "shop*"),
            Some(Reason::NotMatched)
        );
    }

    #[test]
    fn a_broad_glob_does_not_turn_a_sidecar_into_a_dump() {
        assert_eq!(
            of_matched("shop.dump.sha256", "shop*"),
            Some(Reason::Sidecar)
        );
    }

    #[test]
    fn a_run_is_no_backup_whatever_the_glob_says() {
        let record = "shop/01JD3Q5V9H4W8K2M6N7P0R1S2T.json";
        assert_eq!(of_matched(record, "*.json"), Some(Reason::History));
        assert_eq!(of_matched("shop/users.json", "*.json"), None);
    }

    #[test]
    fn a_glob_that_ends_like_a_sidecar_means_it() {
        assert_eq!(of_matched("shop.sql.txt", "*.sql.txt"), None);
    }
}
