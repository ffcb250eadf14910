//! Is there room to restore the newest backup?

use super::{Line, Said, What};
use crate::units::Bytes;

/// How much room a restore needs, as a multiple of the stored size. A guess: compressed dumps of ordinary tables grow to
/// three to ten times their size with their indexes, and some are spooled beside that.
const FACTOR: u64 = 10;

/// Judges what is free where the restore would happen.
pub(super) fn judge(free: u64, stored: Option<u64>) -> Line {
    let has = Bytes(free);
    let Some(stored) = stored.filter(|stored| *stored > 0) else {
        let seen = Said::new(format!("{has} free"), format!("空き {has}"));
        return Line::ok(What::Disk, seen);
    };
    let (needed, size) = (stored.saturating_mul(FACTOR), Bytes(stored));
    let guess = Bytes(needed);
    let seen = Said::new(
        format!(
            "{has} free; the newest backup of {size} may need {guess} (guessed: {FACTOR} times its size)"
        ),
        format!(
            "空き {has}。最新のバックアップ {size} には {guess} ほど必要です(推定: 大きさの {FACTOR} 倍)"
        ),
    );
    let mend = Said::new(
        format!(
            "free {guess}, or set TMPDIR (local) or Docker's data-root (docker) to a larger disk"
        ),
        format!(
            "{guess} 空けるか、TMPDIR(local)または Docker の data-root(docker)を大きなディスクに移してください"
        ),
    );
    if free < stored {
        Line::fail(What::Disk, seen, mend)
    } else if free < needed {
        Line::warn(What::Disk, seen, mend)
    } else {
        Line::ok(What::Disk, seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Outcome;

    #[test]
    fn what_does_not_even_hold_the_dump_is_broken_and_a_guess_only_warns() {
        let outcome = |free, stored| judge(free, stored).outcome;
        assert_eq!(outcome(99, Some(100)), Outcome::Fail);
        assert_eq!(outcome(100, Some(100)), Outcome::Warn);
        assert_eq!(outcome(999, Some(100)), Outcome::Warn);
        assert_eq!(outcome(1_000, Some(100)), Outcome::Ok);
        assert_eq!(outcome(0, None), Outcome::Ok);
    }
}
