//! Which client programs have a known hole.

use crate::restore::MENDED as FIXED;

/// The release to install in place of this one, when it has a known hole: `15.20` for `15.18`. Majors older than these
/// get no fixes any more, so the answer is the oldest that does.
#[must_use]
pub(super) fn fixed_in(version: &str) -> Option<String> {
    let (major, minor) = parts(version)?;
    let (oldest, its_fix) = FIXED[0];
    if major < oldest {
        return Some(format!("{oldest}.{its_fix}"));
    }
    let (_, fix) = FIXED.iter().find(|(known, _)| *known == major)?;
    (minor < *fix).then(|| format!("{major}.{fix}"))
}

/// `(15, 20)` of `15.20`, and `(18, 0)` of `18beta1`.
fn parts(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].parse().ok()
    };
    Some((number(major)?, number(minor).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_release_itself_is_good_and_the_one_before_is_not() {
        for (major, minor) in FIXED {
            assert_eq!(fixed_in(&format!("{major}.{minor}")), None);
            let before = fixed_in(&format!("{major}.{}", minor - 1));
            assert_eq!(before, Some(format!("{major}.{minor}")));
        }
    }

    #[test]
    fn majors_without_fixes_are_told_and_newer_ones_are_trusted() {
        assert_eq!(fixed_in("13.23").as_deref(), Some("14.25"));
        assert_eq!(fixed_in("18beta1").as_deref(), Some("18.7"));
        assert_eq!(fixed_in("19.0"), None);
        assert_eq!(fixed_in("?"), None);
    }
}
