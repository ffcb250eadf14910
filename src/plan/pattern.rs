//! Regular expressions that PostgreSQL would refuse: found before a backup is downloaded for them.
//!
//! Only what is plainly broken; PostgreSQL has the last word.

use super::{walk::File, yaml::Node};

/// Notes what is plainly wrong with a PostgreSQL regular expression.
pub(super) fn check(file: &File<'_>, node: &Node, regex: &str) {
    if let Some(problem) = problem(regex) {
        let help = "PostgreSQL would refuse it; write it in single quotes, such as '^[a-z]+$'";
        file.error(
            node,
            format!("this regular expression is broken: {problem}"),
            help,
        );
    }
}

/// What is wrong with it, if it is plain to see.
fn problem(regex: &str) -> Option<&'static str> {
    if regex.starts_with("***=") {
        return None;
    }
    let regex = regex.strip_prefix("***:").unwrap_or(regex);
    let mut letters = regex.chars().peekable();
    let mut open = 0_usize;
    let mut may_repeat = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next().is_none() => return Some("it ends with a backslash"),
            '[' if !close_bracket(&mut letters) => return Some("a \"[\" is never closed"),
            '(' => {
                open += 1;
                // "(?:", "(?=" and their like: the question mark repeats nothing.
                if letters.next_if_eq(&'?').is_some() {
                    letters.next();
                }
            }
            ')' if open == 0 => return Some("a \")\" is never opened"),
            ')' => open -= 1,
            '*' | '+' | '?' if !may_repeat => return Some("there is nothing to repeat"),
            _ => {}
        }
        may_repeat = !matches!(letter, '(' | '|' | '^');
    }
    (open > 0).then_some("a \"(\" is never closed")
}

/// Goes behind the end of a bracket expression: `[]abc]`, `[^]abc]`, `[[:alpha:]_]`.
fn close_bracket(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    letters.next_if_eq(&'^');
    letters.next_if_eq(&']');
    while let Some(letter) = letters.next() {
        match letter {
            ']' => return true,
            '\\' => {
                letters.next();
            }
            '[' => {
                let Some(mark) = letters.next_if(|next| matches!(next, ':' | '.' | '=')) else {
                    continue;
                };
                let mut before = ' ';
                let closed = letters.any(|letter| {
                    let end = before == mark && letter == ']';
                    before = letter;
                    end
                });
                if !closed {
                    return false;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgresql_takes_is_left_alone() {
        for regex in [
            "^[^@[:space:]]+@[^@[:space:]]+$",
            "[]a]",
            "[^]a]",
            r"\(x\)",
            "(?i)x",
            "(?:a|b)+",
            "***=(",
            "***:a(b)",
            "a{2,3}?",
            r"[\]]",
            "[[.-.]]",
            "x(?=y)",
            "^$",
        ] {
            assert_eq!(problem(regex), None, "{regex}");
        }
    }

    #[test]
    fn what_is_plainly_broken_is_named() {
        for regex in [
            "[a",
            "(a",
            "a)",
            "a\\",
            "*a",
            "a|*",
            "(+)",
            "^*",
            "[[:alpha:]",
            "[[:alpha]",
            "[]",
        ] {
            assert!(problem(regex).is_some(), "{regex}");
        }
    }
}
