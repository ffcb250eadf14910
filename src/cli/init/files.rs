//! Writes what was made, and never over anything.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{answers::Answers, text};
use crate::error::{Error, OrStop as _, Result};

/// Refuses before anything is looked at.
///
/// # Errors
/// When one of the files is there already.
pub(super) fn must_be_new(answers: &Answers) -> Result<()> {
    let workflow = answers.workflow.as_ref();
    // A link that leads nowhere is something, too.
    let there = |path: &Path| path.symlink_metadata().is_ok();
    if there(&answers.output) {
        return Err(taken(
            &answers.output,
            "Name another file with `--output`, or move this one away.",
        ));
    }
    match workflow {
        Some(workflow) if there(&workflow.file) => Err(taken(
            &workflow.file,
            "Leave it as it is with `--no-workflow`: it may drill this plan, too. Or move it away.",
        )),
        _ => Ok(()),
    }
}

fn taken(path: &Path, hint: &str) -> Error {
    Error::new(format!("\"{}\" is there already", path.display()), hint)
        .because("Nothing was written.")
}

/// Writes all of them, or none.
///
/// # Errors
/// When one of them cannot be written, or appeared in the meantime.
pub(super) fn write(answers: &Answers, plan: &str) -> Result<()> {
    let mut all = vec![(answers.output.clone(), plan.to_owned())];
    if let Some(workflow) = &answers.workflow {
        all.push((workflow.file.clone(), text::workflow(answers, workflow)));
    }
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, text) in all {
        if let Err(error) = create(&path, &text) {
            for path in &written {
                // It was made a moment ago, by us alone.
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        written.push(path);
    }
    Ok(())
}

/// A whole file under a name that was free, or nothing.
fn create(path: &Path, text: &str) -> Result<()> {
    let doing = || format!("could not write \"{}\"", path.display());
    let hint = "Check the folder's permissions, or name another file with `--output`.";
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).or_stop(doing, hint)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).or_stop(doing, hint)?;
    file.write_all(text.as_bytes()).or_stop(doing, hint)?;
    let readable = fs::Permissions::from_mode(0o644);
    file.as_file()
        .set_permissions(readable)
        .or_stop(doing, hint)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(taken(
            path,
            "Somebody made it in the meantime: look at it, then run again.",
        )),
        Err(error) => Err(error.error).or_stop(doing, hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/plan.yaml");
        create(&path, "one").unwrap();
        assert!(create(&path, "two").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing half-written is left");
    }
}
