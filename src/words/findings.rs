//! What was found, in the reader's language: English is the report's own text; Japanese is told sentence by sentence.

use super::{Lang, phrases};
use crate::finding::{Code, Finding};

/// A finding as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is wrong: one line.
    pub message: String,
    /// The figures behind it.
    pub detail: Option<String>,
    /// What to do next.
    pub hint: String,
}

/// A finding in the reader's language.
#[must_use]
pub fn told(finding: &Finding, lang: Lang) -> Told {
    match lang {
        Lang::En => Told {
            message: finding.message.clone(),
            detail: finding.detail.clone(),
            hint: finding.hint.clone(),
        },
        Lang::Ja => japanese(finding),
    }
}

/// Sentence by sentence; what has no phrase is told by its code, with the original below: what servers and programs
/// said is not translated.
fn japanese(finding: &Finding) -> Told {
    let told = if finding.code.name().starts_with("check.") {
        phrases::of_check(&finding.message)
    } else {
        phrases::line(&finding.message)
    };
    let detail = finding.detail.as_deref();
    let detail = detail.map(|detail| sentences(detail, Lang::Ja));
    let (message, detail) = match told {
        Some(message) => (message, detail),
        None => (titled(finding), Some(original(finding, detail))),
    };
    Told {
        message,
        detail,
        hint: japanese_hint(finding),
    }
}

/// What the code means, and what it is about.
fn titled(finding: &Finding) -> String {
    let subject = finding.subject.as_deref();
    let subject = subject.map_or_else(String::new, |subject| format!("「{subject}」"));
    format!("{}{subject}", title(finding.code, Lang::Ja))
}

fn original(finding: &Finding, detail: Option<String>) -> String {
    let detail = detail.map(|detail| format!(" {detail}"));
    format!("原文: {}.{}", finding.message, detail.unwrap_or_default())
}

fn japanese_hint(finding: &Finding) -> String {
    let usual = hint(finding.code, Lang::Ja);
    if finding.hint == finding.code.hint() {
        return usual.to_owned();
    }
    phrases::sentences(&finding.hint).unwrap_or_else(|| format!("{usual}(原文: {})", finding.hint))
}

/// What a check's result says, in the reader's language.
#[must_use]
pub fn check_message(message: &str, lang: Lang) -> String {
    let told = match lang {
        Lang::En => None,
        Lang::Ja => phrases::of_check(message),
    };
    told.unwrap_or_else(|| message.to_owned())
}

/// Sentences of a report in the reader's language; those without a phrase stay as they are.
#[must_use]
pub fn sentences(text: &str, lang: Lang) -> String {
    let told = match lang {
        Lang::En => None,
        Lang::Ja => phrases::sentences(text),
    };
    told.unwrap_or_else(|| text.to_owned())
}

/// What the code means, as one line.
#[must_use]
pub fn title(code: Code, lang: Lang) -> &'static str {
    let (english, japanese, _) = entry(code);
    lang.say(english, japanese)
}

/// What to do about it.
#[must_use]
pub fn hint(code: Code, lang: Lang) -> &'static str {
    let (_, _, japanese) = entry(code);
    lang.say(code.hint(), japanese)
}

/// Title in English and in Japanese, and the usual hint in Japanese. The English hint stands in the code's own table.
#[rustfmt::skip]
const fn entry(code: Code) -> (&'static str, &'static str, &'static str) {
    match code {
        Code::BackupNone       => ("no backup found", "バックアップが見つかりません", "`backup.url` と `backup.match`、次にバックアップジョブの最後の実行を確認してください。"),
        Code::BackupStale      => ("the newest backup is too old", "最新のバックアップが古すぎます", "バックアップジョブが動いているか確認し、手動で一度実行してください。"),
        Code::BackupEmpty      => ("the backup is empty", "バックアップが空です", "バックアップジョブのログを読んでください。pg_dump は何も書いていません。多くは接続の失敗です。"),
        Code::BackupShrunk     => ("the backup is much smaller than the one before", "バックアップが前回より大幅に小さくなりました", "このレポートの行数を前回のものと比べてください。"),
        Code::BackupFrozen     => ("the backup is the same as the one before", "バックアップが前回と同じ内容です", "バックアップジョブが、複製や古いファイルではなく稼働中のデータベースをダンプしているか確認してください。"),
        Code::BackupUnproven   => ("no backup was proven for too long", "リストアの検証が長く合格していません", "`pgdrill verify` を実行し、なぜ長く合格していないのかを調べてください。"),
        Code::BackupChanged    => ("the backup was replaced while it was read", "読み取り中にバックアップが置き換えられました", "バックアップジョブの終了後にもう一度実行してください。ダンプごとに別の名前を付けてください。"),
        Code::StorageLarge     => ("too much is stored", "保存量が上限を超えています", "古いバックアップを削除するか、`limits.storage` を上げてください。"),
        Code::StorageCost      => ("storage costs too much", "保存費用が上限を超えています", "古いバックアップを削除するか、`limits.monthly_cost` を上げてください。"),
        Code::DumpUnreadable   => ("this is not a dump", "ダンプとして読めません", "バックアップジョブがこの名前で何を書いているか確認してください。"),
        Code::DumpTruncated    => ("the dump ends too early", "ダンプが途中で終わっています", "バックアップジョブのログで、ディスク不足やアップロードの失敗を確認し、ダンプを取り直してください。"),
        Code::DumpCorrupt      => ("the dump is damaged", "ダンプが壊れています", "別のバックアップからリストアし、このダンプが通った保存先を確認してください。"),
        Code::DumpIncomplete   => ("the dump is not complete", "ダンプが完結していません", "バックアップジョブのログを読んでください。pg_dump は最後まで終わっていません。pg_dump が失敗したらジョブも失敗させてください。"),
        Code::DumpUnexpected   => ("this is another dump than expected", "プランが想定しているダンプではありません", "バックアップジョブがどのデータベースをダンプしているかと、プランの `backup.database` を確認してください。"),
        Code::DumpTrailing     => ("bytes follow the end of the dump", "ダンプの終わりの後に余分なデータがあります", "保存の方法を確認してください。長いファイルへの上書きや、二つのダンプの連結が考えられます。"),
        Code::RestoreStalled   => ("the restore stopped moving", "リストアが進まなくなりました", "同じバージョンの pg_restore で手動でリストアし、そこでも止まるなら新しいダンプを取ってください。"),
        Code::RestoreFailed    => ("the restore reported an error", "リストアでエラーが出ました", "`--keep` を付けて再実行し、リストアされたデータベースでその対象を確認してください。"),
        Code::RestoreMissing   => ("an object of the dump is missing", "ダンプにあるオブジェクトがリストアされていません", "リストアのエラーを読んでください。そのどれかがこのオブジェクトを指しています。"),
        Code::RestoreRows      => ("a table holds other rows than the dump", "テーブルの行がダンプと一致しません", "リストアのエラーを読み、ダンプを取り直してください。"),
        Code::RestoreSlow      => ("slower than usual", "いつもより大幅に時間がかかりました", "このレポートの各段階の時間を前回のものと比べてください。"),
        Code::RestoreRto       => ("the restore took longer than agreed", "リストアが目標復旧時間を超えました", "並列数を増やしてリストアするか、より長い復旧時間で合意してください。"),
        Code::ToolsVulnerable  => ("a client program has a known hole", "クライアントプログラムに既知の脆弱性があります", "PostgreSQL クライアントの最新のマイナーリリースを入れてください。"),
        Code::ManifestUnusable => ("a manifest cannot be used", "マニフェストを利用できません", "次のダンプと一緒に `pgdrill manifest` でマニフェストを作り直してください。"),
        Code::SandboxExtension => ("the sandbox lacks an extension", "検証用サーバーに必要な拡張がありません", "その拡張を含むイメージを `sandbox.image` に書いてください。"),
        Code::SchemaChanged    => ("the schema changed", "スキーマが変わりました", "マイグレーションによる変更か確認してください。"),
        Code::RowsDropped      => ("rows are gone", "行が大幅に減りました", "意図した削除か確認してください。"),
        Code::RowsGrew         => ("many more rows than before", "行が大幅に増えました", "行が二重に読み込まれていないか確認してください。"),
        Code::SequenceBackwards => ("a sequence went backwards", "シーケンスが前回より戻っています", "バックアップジョブが、古い複製ではなく稼働中のデータベースをダンプしているか確認してください。"),
        Code::CheckFailed      => ("a check did not hold", "チェックに不合格です", "`--keep` を付けて再実行し、リストアされたデータベースに直接問い合わせてください。"),
        Code::CheckWarned      => ("a check is close to its limit", "チェックが警告の範囲に入りました", "上限に達する前にテーブルを確認してください。"),
        Code::CheckError       => ("a check could not be answered", "チェックを実行できませんでした", "プランに書かれたテーブル、列、SQL を確認してください。"),
        Code::ChecksNone       => ("no check is declared", "チェックが宣言されていません", "`tables` または `sql` に、データについて必ず成り立つことを書いてください。"),
        Code::RunStopped       => ("the run could not go on", "検証を続けられませんでした", "上の原因を直して、もう一度実行してください。"),
        Code::ClockSkewed      => ("the clocks disagree", "時計がずれています", "このマシンの時計を合わせてください: `timedatectl set-ntp true`。"),
        Code::HistoryUnreadable => ("the history could not be read or written", "履歴の読み書きに問題があります", "プランの `history` と、その場所の一覧・読み取り・書き込みの権限を確認してください。"),
        Code::NotifyFailed     => ("a sink did not take the report", "通知を届けられませんでした", "通知先のアドレスとキーを確認してください。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_the_reports_own_text() {
        let finding =
            Finding::new(Code::BackupStale, "newest backup is 73 h old").detail("Figures.");
        let told = told(&finding, Lang::En);
        assert_eq!(told.message, finding.message);
        assert_eq!(told.detail, finding.detail);
        assert_eq!(told.hint, finding.hint);
    }

    #[test]
    fn japanese_keeps_the_figures_and_a_hint_of_its_own() {
        let finding = Finding::new(Code::BackupStale, "newest backup is 73 hours old")
            .hint("Look at cron.")
            .about("shop.dump");
        let told = told(&finding, Lang::Ja);
        assert_eq!(told.message, "最新のバックアップは 73 時間前のものです");
        assert!(told.hint.contains("Look at cron."));
    }

    #[test]
    fn what_has_no_phrase_is_told_by_its_code_with_the_original() {
        let finding = Finding::new(Code::RestoreFailed, "relation \"x\" does not exist")
            .detail("Run again.")
            .about("x");
        let told = told(&finding, Lang::Ja);
        assert_eq!(told.message, "リストアでエラーが出ました「x」");
        let detail = told.detail.unwrap();
        assert!(
            detail.starts_with("原文: relation \"x\" does not exist."),
            "{detail}"
        );
        assert!(detail.ends_with("もう一度実行してください。"), "{detail}");
    }

    #[test]
    fn no_title_is_told_twice() {
        for lang in Lang::ALL {
            let mut titles: Vec<_> = Code::ALL.iter().map(|&code| title(code, lang)).collect();
            titles.sort_unstable();
            titles.dedup();
            assert_eq!(titles.len(), Code::ALL.len());
        }
    }
}
