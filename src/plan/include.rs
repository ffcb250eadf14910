//! Which files belong to a plan, and which files are plans.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    mistake::{Mistake, Mistakes},
    walk::{Entry, File},
    yaml::Node,
};

/// A file that a plan includes.
pub(super) struct Included {
    pub path: PathBuf,
    /// Whether a glob found it, rather than its own name.
    pub from_glob: bool,
}

/// A file that may be a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Whether it was found in a folder, rather than named: it may be a part of another plan.
    pub from_folder: bool,
}

/// The files that `include` names, relative to the file that it stands in; what matches nothing is noted.
pub(super) fn files<'n>(file: &File<'_>, entry: Entry<'n>) -> Vec<(Included, &'n Node)> {
    let mut files = Vec::new();
    for (written, node) in file.texts(entry, "write a list such as [users.yaml, billing/*.yaml]") {
        let from_glob = written.contains(['*', '?', '[']);
        let paths = if from_glob {
            matching(file, written, node)
        } else {
            vec![file.folder.join(written)]
        };
        if !paths.iter().any(|path| path.is_file()) {
            let help = format!(
                "paths are relative to the folder of \"{}\"",
                file.source.file
            );
            file.error(node, "there is no such file", help);
            continue;
        }
        let included = paths.into_iter().filter(|path| path.is_file());
        files.extend(included.map(|path| (Included { path, from_glob }, node)));
    }
    files
}

fn matching(file: &File<'_>, written: &str, node: &Node) -> Vec<PathBuf> {
    file.glob(written, node);
    let folder = glob::Pattern::escape(&file.folder.to_string_lossy());
    let pattern = Path::new(&folder).join(written);
    let paths = glob::glob(&pattern.to_string_lossy());
    paths.map_or_else(
        |_| Vec::new(),
        |paths| paths.filter_map(Result::ok).collect(),
    )
}

/// The one path of a file, whatever way it was reached.
pub(super) fn true_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Finds plans: files as they are named, and the `.yaml` and `.yml` files of folders, sorted by name.
///
/// Without any path, the folder `checks` is looked into. Folders inside folders are not.
///
/// # Errors
/// When a path does not exist, or a folder holds no YAML file.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Mistakes> {
    let usual = [PathBuf::from("checks")];
    let paths = if paths.is_empty() { &usual } else { paths };
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    for path in paths {
        if path.is_dir() {
            match in_folder(path) {
                Ok(mut files) => found.append(&mut files),
                Err(mistake) => mistakes.push(mistake),
            }
        } else if path.exists() {
            found.push(Found {
                path: path.clone(),
                from_folder: false,
            });
        } else {
            let message = format!("there is no plan at \"{}\"", path.display());
            mistakes.push(Mistake::new(
                message,
                "check the path, or write a plan with `pgdrill init`",
            ));
        }
    }
    match Mistakes::some(mistakes) {
        Some(mistakes) => Err(mistakes),
        None => Ok(found),
    }
}

fn in_folder(folder: &Path) -> Result<Vec<Found>, Mistake> {
    let entries = fs::read_dir(folder).map_err(|error| {
        let message = format!(
            "the folder \"{}\" cannot be read: {}",
            folder.display(),
            error.kind()
        );
        Mistake::new(message, "check its permissions")
    })?;
    let mut files: Vec<Found> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "yaml" || end == "yml")
        })
        .filter(|path| path.is_file())
        .map(|path| Found {
            path,
            from_folder: true,
        })
        .collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    if files.is_empty() {
        let message = format!("there is no plan in the folder \"{}\"", folder.display());
        return Err(Mistake::new(
            message,
            "write a plan with `pgdrill init`, or name another folder",
        ));
    }
    Ok(files)
}
