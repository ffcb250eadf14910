//! This machine's memory.

use std::fs;

use super::{Line, Said, What};
use crate::units::Bytes;

/// Below this a restore is likely to be killed: the sandbox may take half of the memory and needs 512 MB.
const LEAST: u64 = 1_000_000_000;

/// How much memory can be had.
pub(super) fn memory() -> Line {
    judge(fs::read_to_string("/proc/meminfo").ok().as_deref())
}

fn judge(meminfo: Option<&str>) -> Line {
    let Some(free) = meminfo.and_then(available) else {
        return Line::ok(
            What::Memory,
            Said::new(
                "this system does not say how much can be had",
                "このシステムでは空きメモリがわかりません",
            ),
        );
    };
    let seen = Said::new(
        format!("{} can be had", Bytes(free)),
        format!("{} 使えます", Bytes(free)),
    );
    if free >= LEAST {
        return Line::ok(What::Memory, seen);
    }
    Line::warn(
        What::Memory,
        seen,
        Said::new(
            format!(
                "end other programs, or use a machine with {} free",
                Bytes(LEAST)
            ),
            format!(
                "ほかのプログラムを終えるか、{} 空いているマシンを使ってください",
                Bytes(LEAST)
            ),
        ),
    )
}

/// Bytes of `MemAvailable`.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Outcome;

    #[test]
    fn little_memory_is_a_warning_and_an_unknown_amount_is_none() {
        let outcome = |text| judge(text).outcome;
        assert_eq!(outcome(Some("MemAvailable:  8000000 kB\n")), Outcome::Ok);
        assert_eq!(outcome(Some("MemAvailable:   100000 kB\n")), Outcome::Warn);
        assert_eq!(outcome(Some("MemTotal: 1 kB\n")), Outcome::Ok);
        assert_eq!(outcome(None), Outcome::Ok);
    }
}
