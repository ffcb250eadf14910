//! What was given as flags, what was asked, and what follows from it.

use std::{
    env,
    path::{Component, Path, PathBuf},
};

use super::{Init, Where, ask};
use crate::cli::output;

/// Everything that is written into the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answers {
    /// As the plan names it: a relative folder starts from the plan's.
    pub(super) url: String,
    /// As it was typed: a relative folder starts from where we are.
    pub(super) typed: String,
    pub(super) endpoint: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) name: String,
    pub(super) provider: Where,
    pub(super) schedule: String,
    pub(super) history: Option<String>,
    pub(super) output: PathBuf,
    /// The workflow to write.
    pub(super) workflow: Option<Workflow>,
    /// The dump to restore: empty for the newest.
    pub(super) from_dump: Option<String>,
    pub(super) offline: bool,
}

/// Where the workflow goes, and how it names the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Workflow {
    pub(super) file: PathBuf,
    pub(super) plan: String,
}

const WORKFLOW: &str = ".github/workflows/backup-verify.yml";

impl Answers {
    /// Takes the flags, and asks for what is missing when somebody is there to answer. `Err` holds the exit code; the
    /// cause was told.
    pub(super) fn of(flags: Init) -> Result<Self, u8> {
        let flags = if ask::somebody_is_there() {
            ask::missing(flags)?
        } else {
            flags
        };
        let url = flags.url.clone().or_else(|| beside(&flags));
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            output::tell(
                "error  \"--url\" is missing, and there is no terminal to ask on\n    \
                 hint  Say where the backups are: `pgdrill init --url s3://bucket/prefix/`, or a folder.\n",
            );
            return Err(2);
        };
        let name = flags.name.clone().unwrap_or_else(|| name_of(&url));
        let output = flags
            .output
            .clone()
            .unwrap_or_else(|| PathBuf::from("checks").join(format!("{}.yaml", file_name(&name))));
        let root = repository();
        let workflow = (!flags.no_workflow).then(|| Workflow {
            file: root.join(WORKFLOW),
            plan: seen_from(&root, &output),
        });
        Ok(Self {
            url: from_plan(&url, &output),
            typed: url,
            endpoint: flags.endpoint.filter(|endpoint| !endpoint.is_empty()),
            pattern: flags.pattern,
            name,
            provider: flags.provider,
            schedule: flags.schedule,
            history: flags.history,
            output,
            workflow,
            from_dump: flags.from_dump,
            offline: flags.offline,
        })
    }
}

/// The folder of the file that `--from-dump` names.
fn beside(flags: &Init) -> Option<String> {
    let file = Path::new(flags.from_dump.as_deref()?);
    let folder = file.parent().filter(|_| file.is_file())?;
    Some(if folder.as_os_str().is_empty() {
        ".".to_owned()
    } else {
        folder.display().to_string()
    })
}

/// A name from the last part of the URL that is more than a word for backups.
pub(super) fn name_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let generic = [
        "db",
        "backup",
        "backups",
        "db-backups",
        "dumps",
        "dump",
        "postgres",
        "daily",
        ".",
        "..",
    ];
    let mut parts = rest.rsplit('/').filter(|part| !part.is_empty());
    let telling = parts.find(|part| !generic.contains(part) && !part.contains("${"));
    let name = telling.unwrap_or("database");
    let name = name.strip_suffix("-backups").unwrap_or(name);
    name.strip_suffix("-backup").unwrap_or(name).to_owned()
}

/// A name as a file can have it everywhere.
fn file_name(name: &str) -> String {
    let safe = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(safe).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() {
        "plan".to_owned()
    } else {
        name.to_owned()
    }
}

/// A folder was typed relative to where we are, and a plan names it relative to itself.
fn from_plan(url: &str, plan: &Path) -> String {
    let relative = !url.contains("://") && !url.starts_with('/') && !url.starts_with("${");
    if !relative {
        return url.to_owned();
    }
    let folder = plan.parent().unwrap_or(Path::new(""));
    let mut depth = 0;
    for part in folder.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            // Where the plan is is not said relative to here: the folder is named in full.
            _ => {
                return env::current_dir()
                    .map_or(url.to_owned(), |here| here.join(url).display().to_string());
            }
        }
    }
    let url = url.strip_prefix('.').map_or(url, |rest| match rest {
        "" => rest,
        rest => rest.strip_prefix('/').unwrap_or(url),
    });
    let up = "../".repeat(depth);
    if up.is_empty() {
        format!("./{url}")
    } else {
        format!("{up}{url}")
    }
}

/// The repository around us, or where we are.
fn repository() -> PathBuf {
    let Ok(here) = env::current_dir() else {
        return PathBuf::new();
    };
    let root = here.ancestors().find(|folder| folder.join(".git").exists());
    // Relative where it is here, as people name it.
    match root {
        Some(root) if root != here => root.to_owned(),
        _ => PathBuf::new(),
    }
}

/// A plan as the workflow names it, which runs in the root of the repository.
fn seen_from(root: &Path, plan: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    let whole = here.join(plan);
    let inside = if root.as_os_str().is_empty() {
        whole.strip_prefix(&here)
    } else {
        whole.strip_prefix(root)
    };
    inside.unwrap_or(plan).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_that_tells_something() {
        assert_eq!(
            name_of("s3://osakamenesu-backups/db-backups/"),
            "osakamenesu"
        );
        assert_eq!(name_of("s3://acme/shop/daily/"), "shop");
        assert_eq!(name_of("./backups"), "database");
        assert_eq!(name_of("/srv/shop"), "shop");
    }

    #[test]
    fn a_folder_is_named_from_the_plan() {
        let plan = Path::new("checks/shop.yaml");
        assert_eq!(from_plan("./backups", plan), "../backups");
        assert_eq!(from_plan("backups", Path::new("shop.yaml")), "./backups");
        assert_eq!(from_plan(".", plan), "../");
        assert_eq!(from_plan("../x", plan), "../../x");
        assert_eq!(from_plan(".hidden", plan), "../.hidden");
        assert_eq!(from_plan("/srv/backups", plan), "/srv/backups");
        assert_eq!(from_plan("s3://b/p/", plan), "s3://b/p/");
        assert_eq!(from_plan("x", Path::new("a/./b/c.yaml")), "../../x");
        assert!(from_plan("x", Path::new("/etc/pgdrill/c.yaml")).ends_with("/x"));
    }

    #[test]
    fn a_file_has_a_name_that_every_system_takes() {
        assert_eq!(file_name("shop"), "shop");
        assert_eq!(file_name("../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("店"), "店");
        assert_eq!(file_name("/"), "plan");
    }
}
