//! What speaks for the bytes themselves: checksums beside the dump, and formats that notice a flipped bit.

use std::collections::BTreeMap;

use crate::dump::{Codec, Contents};

/// A checksum that a file beside the dump names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The file, by its key.
    pub file: String,
    /// The SHA-256 in hexadecimal, lower case.
    pub sha256: String,
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

/// The SHA-256 that such a file names for a dump of one file; `own` tells that it is about this dump alone.
#[must_use]
pub fn named(text: &str, key: &str, own: bool) -> Option<String> {
    let name = key.rsplit('/').next().unwrap_or(key);
    lines(text)
        .find(|(_, path)| (own && path.is_empty()) || path.rsplit('/').next() == Some(name))
        .map(|(digest, _)| digest)
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
            assert_eq!(
                named(&text, "db/shop.dump", true).as_deref(),
                Some(DIGEST),
                "{text}"
            );
        }
    }

    #[test]
    fn a_checksum_of_something_else_says_nothing() {
        assert_eq!(
            named(&format!("{DIGEST}  other.dump\n"), "shop.dump", true),
            None
        );
        assert_eq!(named(&format!("{DIGEST}\n"), "shop.dump", false), None);
        assert_eq!(named("not found", "shop.dump", true), None);
        assert_eq!(named(&format!("{DIGEST}é"), "shop.dump", false), None);
    }
}
