//! How a plan is called where its name may not stand, such as in a file system. Pure.

use sha2::{Digest as _, Sha256};

use crate::units::hex;

/// How much of a plan's name stays readable; a name in a file system may have 255 bytes.
const READABLE: usize = 60;

/// A plan's name for a file or a folder: the name itself where that is plain, otherwise what is plain of it and a digest of
/// all of it. So two plans never share one, also where upper and lower case are the same, and no name leads elsewhere.
#[must_use]
pub fn plain_name(plan: &str) -> String {
    if is_plain(plan) {
        return plan.to_owned();
    }
    let mut readable = String::new();
    for letter in plan.chars().take(READABLE) {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' {
            readable.push(letter);
        } else if !readable.is_empty() && !readable.ends_with('-') {
            readable.push('-');
        }
    }
    if readable.is_empty() {
        readable.push_str("plan");
    }
    let digest = hex(&Sha256::digest(plan.as_bytes()).as_slice()[..8]);
    format!("{}--{digest}", readable.trim_end_matches('-'))
}

/// `--` is kept for the names with a digest.
fn is_plain(plan: &str) -> bool {
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    plan.len() <= READABLE
        && plan.bytes().all(usual)
        && plan.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !plan.ends_with('.')
        && !plan.contains("--")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_name_stays_as_it_is() {
        for name in ["osakamenesu", "shop-eu_1", "shop.prod", "9"] {
            assert_eq!(plain_name(name), name);
        }
    }

    #[test]
    fn names_that_look_alike_have_places_of_their_own() {
        let names = [
            "shop",
            "Shop",
            "SHOP",
            "shop/",
            "/shop",
            "shop ",
            "shop.",
            "..",
            ".",
            "",
            "../shop",
            "a/b",
            "a-b",
            "a b",
            "a--b",
            "大阪メネス",
            "大阪",
            "shop\0",
            "shop\n",
            "Shop--a6a5a3c3e3c3b1f0",
        ];
        let mut seen = HashMap::new();
        for name in names.map(str::to_owned).into_iter().chain([
            plain_name("Shop"),
            "x".repeat(61),
            "x".repeat(62),
            "大".repeat(500),
        ]) {
            let place = plain_name(&name).to_ascii_lowercase();
            let other = seen.insert(place.clone(), name.clone());
            assert_eq!(other, None, "{name} is in {place}, too");
        }
    }

    #[test]
    fn a_digest_says_which_name_it_was() {
        assert_eq!(
            plain_name("Kunden Süd").split("--").next(),
            Some("kunden-s-d")
        );
        assert!(plain_name("大阪").starts_with("plan--"));
    }

    proptest! {
        #[test]
        fn no_name_leads_elsewhere(name in ".*") {
            let place = plain_name(&name);
            prop_assert!(place.len() <= 2 * READABLE && !place.starts_with('.'), "{place}");
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
            prop_assert!(!place.is_empty() && place.bytes().all(plain), "{place}");
        }

        #[test]
        fn two_names_never_share_a_place(a in "[a-cA-C./ -]{0,6}", b in "[a-cA-C./ -]{0,6}") {
            prop_assert_eq!(a == b, plain_name(&a) == plain_name(&b));
        }
    }
}
