//! What speaks for the bytes themselves: checksums beside the dump, and formats that notice a flipped bit.

use crate::dump::{Codec, Contents};

/// A checksum that a file beside the dump names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The file, by its key.
    pub file: String,
    /// The SHA-256 in hexadecimal, lower case.
    pub sha256: String,
}

/// The keys under which a checksum of this dump may lie: its own, and those of the folder's list.
#[must_use]
pub fn sidecars(key: &str) -> Vec<String> {
    let folder = key.rfind('/').map_or("", |at| &key[..=at]);
    let own = [".sha256", ".sha256sum"].map(|ending| format!("{key}{ending}"));
    let list = ["SHA256SUMS", "sha256sums.txt"].map(|name| format!("{folder}{name}"));
    own.into_iter().chain(list).collect()
}

/// The SHA-256 that a file as `sha256sum` writes it names for a dump; `only` tells that the file is about this dump alone.
#[must_use]
pub fn named(text: &str, key: &str, only: bool) -> Option<String> {
    let name = key.rsplit('/').next().unwrap_or(key);
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.find_map(|line| {
        // BSD: SHA256 (name) = digest
        if let Some(rest) = line.strip_prefix("SHA256 (") {
            let (named, digest) = rest.rsplit_once(") = ")?;
            return digest_of(digest).filter(|_| is_name(named, name));
        }
        let (digest, rest) = line.split_at_checked(64)?;
        let named = rest.trim_start().trim_start_matches('*');
        digest_of(digest).filter(|_| (only && named.is_empty()) || is_name(named, name))
    })
}

/// Whether a path ends in the dump's own name.
fn is_name(path: &str, name: &str) -> bool {
    path.rsplit('/').next() == Some(name)
}

fn digest_of(text: &str) -> Option<String> {
    let whole = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| text.to_ascii_lowercase())
}

/// Whether a flipped bit can pass unseen: only gzip, xz and bzip2 keep a checksum that `pg_dump` and its tools always
/// write.
#[must_use]
pub fn is_weak(contents: &Contents) -> bool {
    let outside = matches!(contents.codec, Codec::Gzip | Codec::Xz | Codec::Bzip2);
    let inside = contents.compression.as_deref() == Some("gzip");
    !(outside || inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn checksums_are_looked_for_beside_the_dump() {
        let keys = sidecars("db/shop.dump");
        assert_eq!(
            keys,
            [
                "db/shop.dump.sha256",
                "db/shop.dump.sha256sum",
                "db/SHA256SUMS",
                "db/sha256sums.txt"
            ]
        );
        assert_eq!(sidecars("shop.dump")[2], "SHA256SUMS");
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
