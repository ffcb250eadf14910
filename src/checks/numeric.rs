//! PostgreSQL's binary numerics as exact decimal text.

/// The sign of a negative number.
const NEGATIVE: u16 = 0x4000;

/// The text of a binary numeric: exact, in plain notation; `None` for a form that PostgreSQL does not send.
pub(super) fn text(raw: &[u8]) -> Option<String> {
    let word =
        |index: usize| -> Option<[u8; 2]> { raw.get(index * 2..index * 2 + 2)?.try_into().ok() };
    let count = usize::try_from(i16::from_be_bytes(word(0)?)).ok()?;
    let weight = i16::from_be_bytes(word(1)?);
    let sign = u16::from_be_bytes(word(2)?);
    let scale = usize::try_from(i16::from_be_bytes(word(3)?)).ok()?;
    match sign {
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        0 | NEGATIVE => {}
        _ => return None,
    }
    let mut groups = Vec::with_capacity(count);
    for index in 0..count {
        groups.push(u16::from_be_bytes(word(4 + index)?));
    }
    let group = |power: i32| -> u16 {
        usize::try_from(i32::from(weight) - power)
            .ok()
            .and_then(|index| groups.get(index).copied())
            .unwrap_or(0)
    };
    let whole: String = (0..=i32::from(weight))
        .rev()
        .flat_map(|power| digits(group(power)))
        .collect();
    let fraction = fraction(scale, group);
    Some(assemble(sign == NEGATIVE, &whole, &fraction))
}

fn fraction(scale: usize, group: impl Fn(i32) -> u16) -> String {
    let groups = (1..).map(|place| group(-place));
    groups.flat_map(digits).take(scale).collect()
}

/// The four digits of a group: numerics are stored in base 10000.
fn digits(group: u16) -> [char; 4] {
    [1_000, 100, 10, 1]
        .map(|unit| char::from_digit(u32::from(group / unit % 10), 10).unwrap_or('0'))
}

fn assemble(negative: bool, whole: &str, fraction: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if negative { "-" } else { "" };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(weight: i16, sign: u16, scale: i16, groups: &[u16]) -> Vec<u8> {
        let count = i16::try_from(groups.len()).unwrap();
        let mut raw = Vec::new();
        raw.extend(count.to_be_bytes());
        raw.extend(weight.to_be_bytes());
        raw.extend(sign.to_be_bytes());
        raw.extend(scale.to_be_bytes());
        for group in groups {
            raw.extend(group.to_be_bytes());
        }
        raw
    }

    #[test]
    fn numerics_read_as_postgresql_prints_them() {
        let cases: [(i16, u16, i16, &[u16], &str); 9] = [
            (0, 0, 0, &[], "0"),
            (0, 0, 2, &[], "0.00"),
            (0, 0, 0, &[5], "5"),
            (1, 0, 0, &[1], "10000"),
            (3, 0, 0, &[9007, 1992, 5474, 993], "9007199254740993"),
            (-1, NEGATIVE, 4, &[5], "-0.0005"),
            (-2, 0, 8, &[12], "0.00000012"),
            (0, 0, 1, &[12, 3000], "12.3"),
            (0, 0xC000, 0, &[], "NaN"),
        ];
        for (weight, sign, scale, groups, expected) in cases {
            let raw = encode(weight, sign, scale, groups);
            assert_eq!(text(&raw).as_deref(), Some(expected));
        }
        assert_eq!(text(&[0, 1, 0, 0]), None);
    }

    proptest! {
        #[test]
        fn every_decimal_survives(whole in 0_u64.., fraction in 0_u16..10_000, negative: bool) {
            let mut groups = Vec::new();
            let mut rest = whole;
            while rest > 0 {
                groups.insert(0, u16::try_from(rest % 10_000).unwrap());
                rest /= 10_000;
            }
            let weight = i16::try_from(groups.len()).unwrap() - 1;
            groups.push(fraction);
            let sign = if negative { NEGATIVE } else { 0 };
            let expected = format!("{}{whole}.{fraction:04}", if negative { "-" } else { "" });
            prop_assert_eq!(text(&encode(weight, sign, 4, &groups)), Some(expected));
        }

        #[test]
        fn nothing_that_arrives_breaks_it(raw: Vec<u8>) {
            let _ = text(&raw);
        }
    }
}
