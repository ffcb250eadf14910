//! The data of tar and directory dumps: one file a table, one a large object.

use std::io::{self, Read};

use super::{Ledger, Packing, Plan, Watch, large};
use crate::dump::tar::base;

/// Follows the members of a tar archive that `pg_dump` wrote.
pub(super) fn follow_tar(plan: &Plan, watch: &mut Watch, ledger: &mut Ledger) -> io::Result<()> {
    let mut archive = tar::Archive::new(watch.by_ref());
    // `pg_dump` writes no long names, and whoever reads one holds all of it.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        member(plan, base(&name), &mut entry, ledger)?;
    }
    // What follows the last member is read, so that whoever passes it on is heard to its end.
    io::copy(watch, &mut io::sink())?;
    Ok(())
}

/// Adds up one file.
pub(super) fn member(
    plan: &Plan,
    name: &str,
    bytes: &mut dyn Read,
    ledger: &mut Ledger,
) -> io::Result<()> {
    let packing = Packing::of_member(name);
    match stem(name).map(|stem| (stem, stem.strip_prefix("blob_"))) {
        Some((_, Some(oid))) if let Ok(oid) = oid.parse() => {
            let all = &mut ledger.large;
            packing.unpack(bytes, |data| large::count(oid, data, all))
        }
        Some((id, None)) if let Ok(id) = id.parse() => {
            packing.unpack(bytes, |data| plan.entry(id, data, ledger))
        }
        _ => io::copy(bytes, &mut io::sink()).map(|_| ()),
    }
}

/// `3456` of `3456.dat.gz`, `blob_16403` of `blob_16403.dat`.
fn stem(name: &str) -> Option<&str> {
    name.split_once(".dat").map(|(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_tell_their_number_and_their_packing() {
        assert_eq!(stem("3456.dat.gz"), Some("3456"));
        assert_eq!(stem("blob_16403.dat"), Some("blob_16403"));
        assert_eq!(stem("toc.dat"), Some("toc"));
        assert_eq!(stem("blobs.toc"), None);
        assert_eq!(Packing::of_member("3456.dat.zst"), Packing::Zstd);
        assert_eq!(Packing::of_member("3456.dat"), Packing::None);
    }
}
