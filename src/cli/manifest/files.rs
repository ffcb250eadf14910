//! The files of a dump that was taken, and that of its manifest.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::{
    dump,
    error::{Broken, Error, OrStop, Result, sentence},
    manifest::{Dump, Manifest},
};

const HINT: &str = "Check that pg_dump wrote it.";

/// The dump's size and digest; the digests of its files for a directory.
pub(super) fn about(path: &Path) -> Result<Dump> {
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if path.is_dir() {
        return Ok(Dump {
            file,
            size_bytes: None,
            sha256: None,
            members: Some(members(path)?),
        });
    }
    let (size, digest) = read(path)?;
    Ok(Dump {
        file,
        size_bytes: Some(size),
        sha256: Some(digest),
        members: None,
    })
}

/// Refuses what is no dump: somebody else's `pg_dump` may have failed.
pub(super) fn must_be_dump(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let doing = || format!("could not read \"{}\"", path.display());
    let file = fs::File::open(path).or_stop(doing, HINT)?;
    match dump::open(file) {
        Err(Broken::Backup(found)) => {
            let message = format!("\"{}\" names no dump", path.display());
            Err(Error::new(message, HINT).because(sentence(&found.message)))
        }
        // What nobody can look into, such as an encrypted dump, may well be one.
        Ok(_) | Err(Broken::Run(_)) => Ok(()),
    }
}

/// The digests of the files of a directory dump, by their names.
fn members(folder: &Path) -> Result<BTreeMap<String, String>> {
    let doing = || format!("could not read \"{}\"", folder.display());
    let mut members = BTreeMap::new();
    for file in fs::read_dir(folder).or_stop(doing, HINT)? {
        let file = file.or_stop(doing, HINT)?;
        let name = file.file_name().to_string_lossy().into_owned();
        if dump::member_name_ok(&name) {
            members.insert(name, read(&file.path())?.1);
        }
    }
    Ok(members)
}

/// The size of a file, and its SHA-256.
fn read(path: &Path) -> Result<(u64, String)> {
    let doing = || format!("could not read \"{}\"", path.display());
    let mut file = fs::File::open(path).or_stop(doing, HINT)?;
    let (mut digest, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                digest.update(&buffer[..count]);
                size += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).or_stop(doing, HINT),
        }
    }
    Ok((size, crate::units::hex(&digest.finalize())))
}

/// Writes it whole or not at all.
pub(super) fn write(path: &Path, manifest: &Manifest) -> Result<()> {
    let doing = || format!("could not write \"{}\"", path.display());
    let hint = "Check the folder's rights and the free space.";
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        // As pg_dump's own file: the umask takes from it.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .or_stop(doing, hint)?;
    serde_json::to_writer_pretty(&mut file, manifest).or_stop(doing, hint)?;
    file.write_all(b"\n").or_stop(doing, hint)?;
    file.as_file().sync_all().or_stop(doing, hint)?;
    file.persist(path)
        .map_err(|error| error.error)
        .or_stop(doing, hint)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_dump_has_no_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for (bytes, good) in [
            (&b""[..], false),
            (b"pg_dump: error: connection failed\n", false),
            (b"<html>", false),
            (b"Salted__12345678", true),
            (b"--\n-- PostgreSQL database dump\n--\n", true),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(must_be_dump(&path).is_ok(), good, "{bytes:?}");
        }
        assert!(must_be_dump(folder.path()).is_ok());
    }
}
