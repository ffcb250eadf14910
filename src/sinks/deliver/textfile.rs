//! A file for `node_exporter`'s textfile collector, replaced at once so that nobody ever reads half of it.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    error::{OrStop as _, Result},
    plan::plain_name,
};

/// How much of an older file is read, in bytes: ours take some 4 kB, a plan of any name below 64 kB.
const LONGEST: u64 = 1 << 20;

/// How long a file's name may be without its ending, in bytes: a file system takes 255.
const LONGEST_NAME: usize = 200;

const HINT: &str =
    "Check `metrics.textfile` in the plan, and that its folder exists and may be written to.";

/// The file that a plan writes: the path itself or, below a path that ends with a slash, one named after the plan.
#[must_use]
pub fn file_of(path: &Path, backup: &str) -> PathBuf {
    if !path.as_os_str().as_bytes().ends_with(b"/") {
        return path.to_owned();
    }
    let mut name = escaped(backup);
    if name.len() > LONGEST_NAME {
        name = plain_name(backup);
    }
    path.join(format!("{name}.prom"))
}

/// The name with every byte of what a path may not hold as `%0A`, so that no two are the same.
fn escaped(backup: &str) -> String {
    let mut name = String::new();
    for letter in backup.chars() {
        if letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.') {
            name.push(letter);
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            // Writing into a text cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// Writes the file anew; `text` is given what it holds now.
///
/// # Errors
/// When it cannot be read or replaced.
pub(super) fn write(path: &Path, text: impl FnOnce(&str) -> String) -> Result<()> {
    let doing = || format!("could not write the metrics to \"{}\"", path.display());
    let old = read(path).or_stop(doing, HINT)?;
    replace(path, &text(&old)).or_stop(doing, HINT)
}

/// What is there; nothing when there is nothing, or nothing that we wrote.
fn read(path: &Path) -> io::Result<String> {
    let kind = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    if !kind.is_file() {
        // A pipe would be waited for without end, and a device is not ours to replace.
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The temporary file does not end in `.prom`: what a killed run leaves is not collected.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".pgdrill-")
        .suffix(".tmp")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    // Whatever the umask is, node_exporter is another user and must read it.
    let readable = fs::Permissions::from_mode(0o644);
    file.as_file().set_permissions(readable)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_folder_the_file_is_named_after_the_plan() {
        let named = |backup| file_of(Path::new("/d/"), backup).display().to_string();
        assert_eq!(named("shop"), "/d/shop.prom");
        assert_eq!(named("注文"), "/d/注文.prom");
        assert_eq!(named("../../etc/x"), "/d/..%2F..%2Fetc%2Fx.prom");
        assert_eq!(named("a\nb"), "/d/a%0Ab.prom");
        assert_eq!(named("\u{2028}"), "/d/%E2%80%A8.prom");
        assert_ne!(named("\u{2028}"), named(" 28"));
        assert_eq!(
            file_of(Path::new("/d/x.prom"), "shop"),
            Path::new("/d/x.prom")
        );
    }

    #[test]
    fn a_long_name_of_a_plan_is_shortened_and_still_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("");
        let names = ["x".repeat(300), "x".repeat(301), "注".repeat(100)];
        for name in &names {
            write(&file_of(&below, name), str::to_owned).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len());
        let short = "x".repeat(200);
        assert_eq!(file_of(&below, &short), below.join(format!("{short}.prom")));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_readable_by_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        write(&path, |old| format!("{old}one\n")).unwrap();
        let open = File::open(&path).unwrap();
        write(&path, |old| format!("{old}two\n")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        let seen = io::read_to_string(open).unwrap();
        assert_eq!(seen, "one\n", "a reader of the old file saw it change");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_replaced_is_told_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/x.prom"), str::to_owned).unwrap_err();
        assert!(error.to_string().contains("none/x.prom"), "{error}");
        let error = write(folder.path(), str::to_owned).unwrap_err();
        assert!(error.to_string().contains("it is not a file"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.prom");
        fs::write(&path, [0xff, 0xfe, b'\n']).unwrap();
        write(&path, |old| format!("{old}one\n")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
    }
}
