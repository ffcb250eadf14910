//! The words for how bad, how it ended, and how sure.

use super::Lang;
use crate::{
    finding::Severity,
    report::{CheckStatus, ProofLevel, Verdict},
};

impl Severity {
    /// The word for people.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Critical => lang.say("critical", "重大"),
            Self::Warning => lang.say("warning", "警告"),
            Self::Info => lang.say("info", "情報"),
        }
    }
}

impl Verdict {
    /// The word for people.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Healthy => lang.say("HEALTHY", "正常"),
            Self::Passed => lang.say("PASSED", "合格"),
            Self::Failed => lang.say("FAILED", "不合格"),
            Self::Unverified => lang.say("UNVERIFIED", "未検証"),
        }
    }

    /// What it means, in half a sentence.
    #[must_use]
    pub fn meaning(self, lang: Lang) -> &'static str {
        match self {
            Self::Healthy => lang.say(
                "nothing critical shows from outside; nothing was restored",
                "外から見える重大な問題はありません。リストアはしていません",
            ),
            Self::Passed => lang.say("this backup restores", "このバックアップはリストアできます"),
            Self::Failed => lang.say(
                "do not rely on this backup",
                "このバックアップに頼らないでください",
            ),
            Self::Unverified => lang.say(
                "no backup was verified: this says nothing about the backup",
                "検証できませんでした。バックアップの良し悪しについては何も言えません",
            ),
        }
    }

    /// What it means, as sentences.
    #[must_use]
    pub fn sentence(self, lang: Lang) -> &'static str {
        match self {
            Self::Healthy => lang.say(
                "Nothing critical shows from outside. Nothing was restored.",
                "外から見える重大な問題はありません。リストアはしていません。",
            ),
            Self::Passed => lang.say(
                "This backup restores.",
                "このバックアップはリストアできます。",
            ),
            Self::Failed => lang.say(
                "Do not rely on this backup.",
                "このバックアップに頼らないでください。",
            ),
            Self::Unverified => lang.say(
                "No backup was verified: this says nothing about the backup.",
                "検証できませんでした。バックアップの良し悪しについては何も言えません。",
            ),
        }
    }

    /// The sign that carries it where colour does not.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Healthy | Self::Passed => "✓",
            Self::Failed => "✗",
            Self::Unverified => "?",
        }
    }
}

impl CheckStatus {
    /// The word for people.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Passed => lang.say("ok", "合格"),
            Self::Warned => lang.say("warn", "警告"),
            Self::Failed => lang.say("FAIL", "不合格"),
            Self::Error => lang.say("ERROR", "エラー"),
            Self::Skipped => lang.say("skip", "省略"),
        }
    }
}

impl ProofLevel {
    /// What was proven, for people.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Restored => lang.say("restored", "リストア済み"),
            Self::Complete => lang.say("complete", "欠落なし"),
            Self::TransportProved => lang.say("transport-proved", "転送の無傷を確認済み"),
            Self::SourceEqual => lang.say("source-equal", "元のデータベースと一致"),
        }
    }
}
