//! How much CPU time the run has used, as the kernel counts it.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use nix::unistd::{SysconfVar, sysconf};

use crate::{
    progress::CpuClock,
    sandbox::{self, Effort, Sandbox},
};

/// The clock of a run without a sandbox: this process and those that it started.
pub(super) fn own() -> CpuClock {
    Arc::new(ours)
}

/// The clock of a run with this sandbox. What of it is not known makes the whole unknown: a part would be read as all.
pub(super) fn with(sandbox: &Sandbox) -> CpuClock {
    match sandbox.effort() {
        Effort::Children => own(),
        Effort::Counted(file) => Arc::new(move || Some(ours()? + sandbox::counted(&file)?)),
        Effort::Elsewhere => Arc::new(|| None),
    }
}

/// That of this process and of all below it, those that ended among them.
fn ours() -> Option<Duration> {
    let processes: BTreeMap<u32, Process> = fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            // It may have ended meanwhile: then its parent has its time.
            let about = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            Some((id, process(&about)?))
        })
        .collect();
    let ticks = below(&processes, std::process::id())?;
    let a_second = sysconf(SysconfVar::CLK_TCK).ok()??;
    let millis = ticks.saturating_mul(1000) / u64::try_from(a_second).ok()?.max(1);
    Some(Duration::from_millis(millis))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    /// Its own time, and that of its children which ended and which it waited for.
    ticks: u64,
}

/// A line of `/proc/N/stat`. The name in it is anybody's, brackets included.
fn process(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let times = fields.get(11..15)?.iter();
    // Those of children are signed in some kernels.
    let ticks = times.map(|ticks| ticks.parse::<u64>().unwrap_or(0)).sum();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        ticks,
    })
}

/// The ticks of a process and of every one below it.
fn below(processes: &BTreeMap<u32, Process>, root: u32) -> Option<u64> {
    let mut sum = processes.get(&root)?.ticks;
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        let children = processes
            .iter()
            .filter(|(id, one)| one.parent == parent && **id != root);
        for (id, child) in children {
            sum += child.ticks;
            parents.push(*id);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "7 (a) S (b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5";
        let expected = Process {
            parent: 3,
            ticks: 100,
        };
        assert_eq!(process(stat), Some(expected));
        assert_eq!(process("7 (sh) S 3 7"), None);
        assert_eq!(process(""), None);
    }

    #[test]
    fn a_run_is_charged_for_all_below_it_and_for_nobody_else() {
        let all = [
            (1, 0, 1000),
            (5, 1, 1),
            (6, 5, 20),
            (7, 6, 300),
            (8, 1, 4000),
        ];
        let processes = all.map(|(id, parent, ticks)| (id, Process { parent, ticks }));
        let processes = BTreeMap::from(processes);
        assert_eq!(below(&processes, 5), Some(321));
        assert_eq!(below(&processes, 9), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_among_them() {
        assert!(ours().is_some());
    }
}
