//! Where the CPU time of a sandbox can be read.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the CPU time of a sandbox's server and client programs can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effort {
    /// They are children of this process.
    Children,
    /// The kernel counts them in this file, from the start of the container on.
    Counted(PathBuf),
    /// They run where nobody here can look.
    Elsewhere,
}

/// Both versions of control groups: the controller, where the groups are, and the file that counts.
const COUNTERS: [(&str, &str, &str); 3] = [
    ("cpuacct", "/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
    ("cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "cpuacct.usage"),
    ("", "/sys/fs/cgroup", "cpu.stat"),
];

impl Effort {
    /// That of a container, by its id and the number that Docker gives its first process.
    pub(super) fn of_container(id: Option<&str>, process: Option<i64>) -> Self {
        let counter = id.zip(process).and_then(|(id, process)| {
            let groups = fs::read_to_string(format!("/proc/{process}/cgroup")).ok()?;
            counters(&groups, id)
                .into_iter()
                .find(|file| read(file).is_some())
        });
        counter.map_or(Self::Elsewhere, Self::Counted)
    }
}

/// The files that may count a container. Its id must be in the path: where Docker is on another machine, or we are in a
/// container ourselves, the number is another process's.
fn counters(groups: &str, id: &str) -> Vec<PathBuf> {
    let lines = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controller, group) = (parts.next()?, parts.next()?);
        let plain = !id.is_empty() && group.contains(id) && !group.contains("..");
        plain.then_some((controller, group.trim_start_matches('/')))
    });
    let files = lines.filter_map(|(controller, group)| {
        let (_, root, file) = COUNTERS.iter().find(|(name, ..)| *name == controller)?;
        Some(Path::new(root).join(group).join(file))
    });
    files.collect()
}

/// What the kernel counted so far.
#[must_use]
pub fn read(file: &Path) -> Option<Duration> {
    counted(&fs::read_to_string(file).ok()?)
}

/// Nanoseconds alone, or microseconds with a name before them.
fn counted(text: &str) -> Option<Duration> {
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "));
    match named {
        Some(micros) => micros.trim().parse().ok().map(Duration::from_micros),
        None => text.trim().parse().ok().map(Duration::from_nanos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        assert_eq!(counted("1500000\n"), Some(Duration::from_micros(1500)));
        let stat = "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n";
        assert_eq!(counted(stat), Some(Duration::from_micros(1500)));
        assert_eq!(counted(""), None);
        assert_eq!(counted("user_usec 1000\n"), None);
    }

    #[test]
    fn the_file_is_that_of_the_container() {
        let old = "4:memory:/docker/abc\n2:cpuacct:/docker/abc\n1:cpu:/docker/abc\n";
        let expected = "/sys/fs/cgroup/cpuacct/docker/abc/cpuacct.usage";
        assert_eq!(counters(old, "abc"), [PathBuf::from(expected)]);
        let new = "0::/system.slice/docker-abc.scope\n";
        let expected = "/sys/fs/cgroup/system.slice/docker-abc.scope/cpu.stat";
        assert_eq!(counters(new, "abc"), [PathBuf::from(expected)]);
    }

    #[test]
    fn another_process_of_that_number_is_not_taken_for_the_container() {
        assert!(counters("0::/user.slice\n", "abc").is_empty());
        assert!(counters("0::/../docker-abc.scope\n", "abc").is_empty());
        assert!(counters("0::/user.slice\n", "").is_empty());
        assert_eq!(Effort::of_container(None, Some(1)), Effort::Elsewhere);
    }
}
