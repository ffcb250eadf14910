//! What speaks for the bytes themselves: checksums beside the dump, and formats that notice a flipped bit.

use std::collections::BTreeMap;

use crate::dump::{Codec, Contents};

/// Checksums that a file beside the dump names for it: more than one where a job adds a line for each new dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The file, by its key.
    pub file: String,
    /// What its lines say, in their order.
    pub lines: Vec<Line>,
}

/// What a line says of a dump of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The SHA-256 in hexadecimal, lower case.
    pub sha256: String,
    /// Whether it cannot be about a file of the same name in another folder.
    pub sure: bool,
}

impl Named {
    /// Whether a line names this SHA-256: the same bytes are the same dump, whatever folder they were in.
    #[must_use]
    pub fn has(&self, sha256: &str) -> bool {
        self.lines.iter().any(|line| line.sha256 == sha256)
    }

    /// What the last line says that is about this dump beyond doubt: the newest, where lines are added.
    #[must_use]
    pub fn meant(&self) -> Option<&str> {
        let sure = self.lines.iter().rfind(|line| line.sure)?;
        Some(&sure.sha256)
    }
}

/// Checksums of the members of a directory dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The file that names them, by its key.
    pub file: String,
    /// The SHA-256 in hexadecimal, by the member's name.
    pub members: BTreeMap<String, String>,
}

/// A file that may name a checksum of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Its key.
    pub key: String,
    /// Whether it is about this dump alone, so that a name without its folder means it.
    pub own: bool,
}

/// The files that may name a checksum of this dump: its own, and the lists of its folder. A directory dump may hold one,
/// too.
#[must_use]
pub fn sidecars(key: &str) -> Vec<Sidecar> {
    let dump = key.trim_end_matches('/');
    let folder = dump.rfind('/').map_or("", |at| &dump[..=at]);
    let of = |own: bool| move |key: String| Sidecar { key, own };
    let lists =
        |folder: &str| ["SHA256SUMS", "sha256sums.txt"].map(|name| format!("{folder}{name}"));
    let own = [".sha256", ".sha256sum"].map(|ending| format!("{dump}{ending}"));
    let inside = lists(key).into_iter().filter(|_| key.ends_with('/'));
    let own = own.into_iter().chain(inside).map(of(true));
    own.chain(lists(folder).into_iter().map(of(false)))
        .collect()
}

/// The digests and paths of a file as `sha256sum` or BSD's `sha256` writes it.
fn lines(text: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            // BSD: SHA256 (name) = digest
            if let Some(rest) = line.strip_prefix("SHA256 (") {
                let (named, digest) = rest.rsplit_once(") = ")?;
                return Some((digest_of(digest)?, named));
            }
            let (digest, rest) = line.split_at_checked(64)?;
            let named = rest.trim_start().trim_start_matches('*');
            Some((digest_of(digest)?, named))
        })
}

/// What the lines of such a file say of a dump of one file; `own` tells that it is about this dump alone.
#[must_use]
pub fn named(text: &str, key: &str, own: bool) -> Vec<Line> {
    let mut key = key.rsplit('/');
    let (name, folder) = (key.next(), key.next());
    let line = |(sha256, path): (String, &str)| {
        let mut parts = path.rsplit('/').filter(|part| *part != ".");
        let file = parts.next().filter(|file| !file.is_empty());
        let here = match parts.next() {
            None => true,
            within => within == folder,
        };
        let says = file == name || (own && file.is_none());
        let sure = own || here;
        says.then_some(Line { sha256, sure })
    };
    lines(text).filter_map(line).collect()
}

/// The SHA-256 that such a file names for each member of a directory dump; `own` tells that it is about this dump alone.
#[must_use]
pub fn listed(text: &str, key: &str, own: bool) -> BTreeMap<String, String> {
    let name = key.trim_end_matches('/').rsplit('/').next();
    let member = |(digest, path): (String, &str)| {
        let mut parts = path.rsplit('/').filter(|part| *part != ".");
        let member = parts.next().filter(|member| !member.is_empty())?;
        let here = match parts.next() {
            Some(folder) => Some(folder) == name,
            None => own,
        };
        here.then(|| (member.to_owned(), digest))
    };
    lines(text).filter_map(member).collect()
}

fn digest_of(text: &str) -> Option<String> {
    let whole = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| text.to_ascii_lowercase())
}

/// Where a flipped bit can pass unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Nowhere: all of the dump has a checksum.
    Nowhere,
    /// In the table of contents of an archive: no format of `pg_dump` has a checksum for it.
    InContents,
    /// In the data, too.
    Anywhere,
}

/// Where a flipped bit of this dump can pass unseen: only gzip, xz and bzip2 keep a checksum that `pg_dump` and its tools
/// always write.
#[must_use]
pub fn unseen(contents: &Contents) -> Unseen {
    if matches!(contents.codec, Codec::Gzip | Codec::Xz | Codec::Bzip2) {
        Unseen::Nowhere
    } else if contents.compression.as_deref() == Some("gzip") {
        Unseen::InContents
    } else {
        Unseen::Anywhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn checksums_are_looked_for_beside_the_dump() {
        let of = |key: &str| {
            let told = |sidecar: Sidecar| (sidecar.key, sidecar.own);
            sidecars(key).into_iter().map(told).collect::<Vec<_>>()
        };
        let named = |names: &[(&str, bool)]| {
            let one = |&(name, own): &(&str, bool)| (name.to_owned(), own);
            names.iter().map(one).collect::<Vec<_>>()
        };
        let file = [
            ("db/shop.dump.sha256", true),
            ("db/shop.dump.sha256sum", true),
            ("db/SHA256SUMS", false),
            ("db/sha256sums.txt", false),
        ];
        assert_eq!(of("db/shop.dump"), named(&file));
        let folder = [
            ("shop.sha256", true),
            ("shop.sha256sum", true),
            ("shop/SHA256SUMS", true),
            ("shop/sha256sums.txt", true),
            ("SHA256SUMS", false),
            ("sha256sums.txt", false),
        ];
        assert_eq!(of("shop/"), named(&folder));
    }

    #[test]
    fn a_list_names_the_members_of_this_folder_only() {
        let text = format!("{DIGEST}  ./toc.dat\n{DIGEST}  mon/1.dat.gz\n{DIGEST}  tue/2.dat.gz\n");
        let names = |own| {
            let listed = listed(&text, "db/mon/", own);
            listed.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(true), ["1.dat.gz", "toc.dat"]);
        assert_eq!(names(false), ["1.dat.gz"]);
    }

    #[test]
    fn every_way_to_write_a_checksum_is_read() {
        for text in [
            format!("{DIGEST}  shop.dump\n"),
            format!("{DIGEST} */var/backups/shop.dump\n"),
            format!("# made by cron\n{}  ./shop.dump", DIGEST.to_uppercase()),
            format!("SHA256 (shop.dump) = {DIGEST}"),
            format!("{DIGEST}\n"),
        ] {
            let lines = named(&text, "db/shop.dump", true);
            assert!(
                matches!(&lines[..], [line] if line.sha256 == DIGEST && line.sure),
                "{text}"
            );
        }
    }

    #[test]
    fn a_checksum_of_something_else_says_nothing() {
        let said = |text: &str, own| named(text, "shop.dump", own);
        assert_eq!(said(&format!("{DIGEST}  other.dump\n"), true), []);
        assert_eq!(said(&format!("{DIGEST}\n"), false), []);
        assert_eq!(said("not found", true), []);
        assert_eq!(said(&format!("{DIGEST}é"), false), []);
    }

    /// What a list says of `db/mon/shop.dump`.
    fn in_a_list(lines: &[(char, &str)]) -> Named {
        let line = |(digit, path): &(char, &str)| {
            let sha256: String = std::iter::repeat_n(*digit, 64).collect();
            format!("{sha256}  {path}\n")
        };
        let text: String = lines.iter().map(line).collect();
        Named {
            file: "db/mon/SHA256SUMS".to_owned(),
            lines: named(&text, "db/mon/shop.dump", false),
        }
    }

    #[test]
    fn a_list_to_which_lines_are_added_means_its_last_and_knows_them_all() {
        let named = in_a_list(&[('1', "shop.dump"), ('2', "./shop.dump")]);
        assert_eq!(named.meant(), Some("2".repeat(64).as_str()));
        assert!(named.has(&"1".repeat(64)) && named.has(&"2".repeat(64)));
        assert!(!named.has(&"3".repeat(64)));
    }

    #[test]
    fn a_file_of_the_same_name_elsewhere_is_not_held_against_the_dump() {
        let named = in_a_list(&[('1', "tue/shop.dump"), ('2', "/backups/shop.dump")]);
        assert_eq!(named.meant(), None);
        assert!(named.has(&"2".repeat(64)));
        let named = in_a_list(&[('1', "/backups/mon/shop.dump"), ('2', "tue/shop.dump")]);
        assert_eq!(named.meant(), Some("1".repeat(64).as_str()));
    }
}
