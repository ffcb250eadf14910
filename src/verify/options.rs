//! What a run is asked for beyond the plan, and what interrupts it.

use crate::{
    plan::{Plan, Select},
    words::Lang,
};

/// What the command line asks for beyond the plan.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, and any may go with any"
)]
pub struct Options {
    /// Look at this backup rather than the one that the plan selects.
    pub backup: Option<String>,
    /// Choose by this rather than by the plan's own `backup.select`.
    pub select: Option<Select>,
    /// Leave the restored database up.
    pub keep: bool,
    /// Stop before anything is downloaded.
    pub dry_run: bool,
    /// Only ask these checks.
    pub only: Vec<String>,
    /// Restore even what an earlier run proved already.
    pub reprove: bool,
    /// Neither count nor compare: the proof stays at `restored`. What comparing costs is measured against it.
    pub uncompared: bool,
    /// Tell nobody but whoever reads the report.
    pub no_notify: bool,
    /// How much of the backup is restored.
    pub tier: Tier,
    /// The language of those who are told.
    pub lang: Lang,
}

/// How much of a backup is restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// All of it.
    #[default]
    Full,
    /// The schema, from the table of contents alone. It proves no row, so it is never a pass, nobody is told, and nothing
    /// of it is kept.
    Schema,
}

impl Options {
    /// The words by which only a part of the plan is asked or proven.
    pub(super) fn part(&self) -> Vec<&str> {
        let only = self.only.iter().map(String::as_str);
        let uncompared = self.uncompared.then_some("without comparing");
        only.chain(uncompared).collect()
    }

    /// Which backup is looked at, where none is named.
    pub(super) fn select(&self, plan: &Plan) -> Option<Select> {
        let own = plan.backup.as_ref().map(|backup| backup.select);
        own.map(|own| self.select.unwrap_or(own))
    }

    /// Whether only a part of the plan is asked, or another backup than the plan chooses: then the run does not answer for
    /// the plan.
    pub(super) fn is_aside(&self, plan: &Plan) -> bool {
        let own = plan.backup.as_ref().map(|backup| backup.select);
        self.backup.is_some() || !self.part().is_empty() || self.select(plan) != own
    }

    /// Whether the run answers for the backup, so that others are told of it and it is remembered.
    pub(super) const fn is_drill(&self) -> bool {
        !self.dry_run && matches!(self.tier, Tier::Full)
    }
}

/// What interrupts a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal was closed, as when a connection by ssh breaks.
    Hangup,
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    /// 128 and the number of the signal, as shells count.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "Ctrl-C",
            Self::Terminate => "SIGTERM",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_was_chosen_for_one_run_does_not_answer_for_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.yaml");
        let text = "version: 1\nname: shop\nbackup: { url: ./b, select: oldest }\n";
        std::fs::write(&file, text).unwrap();
        let today = jiff::civil::date(2026, 11, 24);
        let plan = crate::plan::read(&file, &|_| None, today).unwrap().plan;
        let aside = |select| {
            let options = Options {
                select,
                ..Options::default()
            };
            options.is_aside(&plan)
        };
        assert!(!aside(None));
        assert!(!aside(Some(Select::Oldest)), "the plan's own");
        assert!(aside(Some(Select::Newest)));
        assert!(aside(Some(Select::NewestGood)));
    }
}
