//! One line of the doctor: what was tried, what was seen, and the command or the edit that mends it.

use super::Variable;
use crate::{error::Error, finding::Finding, plan::Plan, words::Lang};

/// How a trial came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// A drill works, and something could be better.
    Warn,
    /// A drill would not work.
    Fail,
}

impl Outcome {
    /// The word for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Ok => lang.say("ok", "良好"),
            Self::Warn => lang.say("warn", "注意"),
            Self::Fail => lang.say("FAIL", "異常"),
        }
    }
}

macro_rules! whats {
    ($($(#[$about:meta])* $variant:ident = $name:literal, $japanese:literal;)*) => {
        /// What is tried.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum What {
            $($(#[$about])* $variant,)*
        }

        impl What {
            /// Everything that can be tried, in the order of the lines.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The word for machines.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The word for people.
            #[must_use]
            pub fn word(self, lang: Lang) -> &'static str {
                match self { $(Self::$variant => lang.say($name, $japanese),)* }
            }
        }
    };
}

whats! {
    /// The plan is valid.
    Plan = "plan", "プラン";
    /// The environment variables that it names are set.
    Variables = "variables", "環境変数";
    /// The backups can be listed.
    Listing = "list", "一覧";
    /// The newest one can be read.
    Reading = "read", "読み取り";
    /// The credentials cannot write where the backups are.
    Writing = "write", "書き込み";
    /// This machine and the storage agree on the time.
    Clock = "clock", "時計";
    /// Runs can be kept.
    History = "history", "履歴";
    /// Docker answers.
    Docker = "docker", "Docker";
    /// Its image is here, or can be had.
    Image = "image", "イメージ";
    /// PostgreSQL is installed here.
    Programs = "postgresql", "PostgreSQL";
    /// The server that CI provides answers.
    Service = "service", "サービス";
    /// A throwaway server starts.
    Sandbox = "sandbox", "検証環境";
    /// Its client programs are new enough and have no known hole.
    Tools = "tools", "ツール";
    /// There is room for the newest backup.
    Disk = "disk", "ディスク";
    /// The running database answers.
    Live = "live", "稼働中の DB";
    /// Somebody notices when drills stop.
    Schedule = "schedule", "定期実行";
    /// Whoever is told can be reached.
    Notify = "notify", "通知";
    /// Metrics can be written.
    Metrics = "metrics", "メトリクス";
    /// There is enough memory.
    Memory = "memory", "メモリ";
}

/// A text in both languages. What servers and programs said stays as they said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    english: String,
    japanese: String,
}

impl Said {
    /// The two texts.
    pub fn new(english: impl Into<String>, japanese: impl Into<String>) -> Self {
        Self {
            english: english.into(),
            japanese: japanese.into(),
        }
    }

    /// A command, a name, or what somebody else said.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::new(text.clone(), text)
    }

    /// The text in this language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        lang.say(&self.english, &self.japanese)
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it came out.
    pub outcome: Outcome,
    /// What was tried.
    pub what: What,
    /// What was seen.
    pub seen: Said,
    /// The command or the edit that mends it; for what is good, none.
    pub mend: Option<Said>,
}

impl Line {
    pub(super) const fn ok(what: What, seen: Said) -> Self {
        Self {
            outcome: Outcome::Ok,
            what,
            seen,
            mend: None,
        }
    }

    pub(super) const fn warn(what: What, seen: Said, mend: Said) -> Self {
        Self {
            outcome: Outcome::Warn,
            what,
            seen,
            mend: Some(mend),
        }
    }

    pub(super) const fn fail(what: What, seen: Said, mend: Said) -> Self {
        Self {
            outcome: Outcome::Fail,
            what,
            seen,
            mend: Some(mend),
        }
    }

    /// What could not be done, with the error's own hint.
    pub(super) fn of_error(what: What, outcome: Outcome, error: Error) -> Self {
        let seen = Said::same(error.to_string());
        Self {
            outcome,
            what,
            seen,
            mend: Some(Said::same(Finding::from(error).hint)),
        }
    }

    /// The plan cannot be read; its mistakes are shown elsewhere.
    #[must_use]
    pub fn invalid_plan(file: &str, mistakes: usize) -> Self {
        Self::fail(
            What::Plan,
            Said::new(
                format!("\"{file}\" is not valid; mistakes: {mistakes}"),
                format!("「{file}」に誤りが {mistakes} 件あります"),
            ),
            Said::same(format!("pgdrill check-plan {file}")),
        )
    }
}

/// The plan could be read.
pub(super) fn valid(plan: &Plan) -> Line {
    let file = plan.file.display();
    let checks = &plan.checks;
    let tables: usize = checks.tables.iter().map(|block| block.checks.len()).sum();
    let count = tables + checks.database.len() + checks.sql.len();
    if count == 0 {
        return Line::warn(
            What::Plan,
            Said::new(
                format!("\"{file}\" is valid and declares no check"),
                format!("「{file}」は正しいですが、チェックがありません"),
            ),
            Said::same("pgdrill init --from-dump"),
        );
    }
    Line::ok(
        What::Plan,
        Said::new(
            format!("\"{file}\" is valid, {count} checks declared"),
            format!("「{file}」は正しく、チェックは {count} 件です"),
        ),
    )
}

/// Variables that are not set have a default in the plan, or it could not have been read.
pub(super) fn variables(variables: &[Variable]) -> Option<Line> {
    if variables.is_empty() {
        return None;
    }
    let unset: Vec<_> = variables.iter().filter(|variable| !variable.set).collect();
    let names: Vec<_> = unset
        .iter()
        .map(|variable| variable.name.as_str())
        .collect();
    let names = names.join(", ");
    Some(match unset.first() {
        None => Line::ok(
            What::Variables,
            Said::new(
                format!("all {} that the plan names are set", variables.len()),
                format!("プランにある {} 個はすべて設定済みです", variables.len()),
            ),
        ),
        Some(first) => Line::warn(
            What::Variables,
            Said::new(
                format!("unset, so that the plan's defaults hold: {names}"),
                format!("未設定のため、プランの既定値を使います: {names}"),
            ),
            Said::same(format!("export {}=…", first.name)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_variables_are_named_and_set_ones_are_not() {
        let variable = |name: &str, set| Variable {
            name: name.to_owned(),
            set,
        };
        assert_eq!(variables(&[]), None);
        let all = variables(&[variable("A", true)]).unwrap();
        assert_eq!(all.outcome, Outcome::Ok);
        let some = variables(&[variable("A", true), variable("B", false)]).unwrap();
        assert_eq!(some.outcome, Outcome::Warn);
        let seen = some.seen.in_lang(Lang::En);
        assert!(seen.ends_with(": B"), "{seen}");
    }
}
