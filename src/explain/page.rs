//! The pages that explain, as text.

use std::fmt::Write as _;

use super::{
    Kind, Topic,
    checks::{self, Place},
    findings::meaning,
};
use crate::{
    finding::Code,
    words::{self, Lang},
};

/// How far text is indented below a heading.
const INDENT: &str = "  ";

/// Everything that can be explained, one line each.
#[must_use]
pub fn index(lang: Lang) -> String {
    let columns = Topic::all().map(|topic| words::width(topic.name())).max();
    let columns = columns.unwrap_or_default();
    let mut text = format!("{}\n", lang.say("findings", "検出結果"));
    for code in Code::ALL {
        let severity = words::pad(how_bad(code, lang), 8);
        let (name, title) = (words::pad(code.name(), columns), words::title(code, lang));
        let _ = writeln!(text, "{INDENT}{name}  {severity}  {title}");
    }
    let _ = writeln!(text, "\n{}", lang.say("checks", "チェック"));
    for kind in Kind::ALL {
        let (name, asks) = (
            words::pad(kind.name(), columns),
            checks::asks(kind, lang).question,
        );
        let _ = writeln!(text, "{INDENT}{name}  {asks}");
    }
    let _ = writeln!(
        text,
        "\n{}",
        lang.say(
            "pgdrill explain backup.stale",
            "詳しくは: pgdrill explain backup.stale"
        )
    );
    text
}

/// One topic, whole.
#[must_use]
pub fn page(topic: Topic, lang: Lang) -> String {
    match topic {
        Topic::Code(code) => finding(code, lang),
        Topic::Check(kind) => check(kind, lang),
    }
}

fn how_bad(code: Code, lang: Lang) -> &'static str {
    if code.stops_the_run() {
        lang.say("the run", "実行側")
    } else {
        code.severity().word(lang)
    }
}

fn finding(code: Code, lang: Lang) -> String {
    let meaning = meaning(code, lang);
    let mut text = format!("{code}  {}\n", words::title(code, lang));
    section(&mut text, lang.say("what it means", "意味"), meaning.means);
    let bad = if code.stops_the_run() {
        lang.say(
            "the run: nothing is said about the backup; the verdict is unverified (exit 3)",
            "実行側の問題: バックアップについては何も言えません。判定は未検証(終了コード 3)",
        )
    } else {
        code.severity().word(lang)
    };
    section(&mut text, lang.say("how bad", "重大度"), bad);
    let what_to_do = words::hint(code, lang);
    section(&mut text, lang.say("what to do", "対処"), what_to_do);
    let reads = format!("{}  {} [{code}]", code.severity().word(lang), meaning.reads);
    section(&mut text, lang.say("how it reads", "表示例"), &reads);
    let plan = meaning.plan.map(ToOwned::to_owned);
    let plan = plan.unwrap_or_else(|| lang.say("nothing to set", "設定はありません").to_owned());
    section(&mut text, lang.say("in the plan", "プランでは"), &plan);
    text
}

fn check(kind: Kind, lang: Lang) -> String {
    let asks = checks::asks(kind, lang);
    let place = match kind.place() {
        Place::Table => lang.say("a check on a table", "テーブルのチェック"),
        Place::Database => lang.say("a check on the database", "データベースのチェック"),
        Place::Sql => lang.say("a check in SQL", "SQL のチェック"),
    };
    let mut text = format!("{}  {place}\n", kind.name());
    section(&mut text, lang.say("what it asks", "問い"), asks.question);
    let otherwise = lang.say("without a limit", "指定がなければ");
    section(&mut text, otherwise, asks.otherwise);
    let sql = lang.say("the SQL in outline", "SQL の概要");
    section(&mut text, sql, asks.sql);
    section(&mut text, lang.say("example", "例"), asks.example);
    text
}

fn section(text: &mut String, heading: &str, body: &str) {
    let _ = writeln!(text, "\n{heading}");
    for line in body.lines() {
        let _ = writeln!(text, "{INDENT}{line}");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::plan;

    /// The plan that a page shows.
    fn example(topic: Topic) -> Option<&'static str> {
        match topic {
            Topic::Code(code) => meaning(code, Lang::En).plan,
            Topic::Check(kind) => Some(checks::asks(kind, Lang::En).example),
        }
    }

    fn read(example: &str) -> plan::Plan {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.yaml");
        fs::write(&file, format!("version: 1\n{example}")).unwrap();
        let today = jiff::civil::date(2026, 11, 25);
        let loaded = plan::read(&file, &|_| None, today);
        let loaded = loaded.unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)));
        assert!(loaded.warnings.is_empty(), "{example}");
        loaded.plan
    }

    #[test]
    fn every_example_is_a_plan_and_asks_what_it_explains() {
        for topic in Topic::all() {
            let Some(example) = example(topic) else {
                continue;
            };
            let asked = read(example).checks;
            let Topic::Check(kind) = topic else { continue };
            let tables = asked.tables.iter().flat_map(|block| &block.checks);
            let mut kinds: Vec<Kind> = tables.map(|check| (&check.kind).into()).collect();
            kinds.extend(asked.database.iter().map(|check| Kind::from(&check.kind)));
            kinds.extend(asked.sql.iter().map(|_| Kind::Sql));
            assert!(kinds.contains(&kind), "{}", kind.name());
        }
    }

    #[test]
    fn every_check_that_a_plan_may_hold_is_explained() {
        let schema: serde_json::Value = serde_json::from_str(plan::schema()).unwrap();
        let settings = ["where", "except", "severity", "skip", "tags"];
        for (place, at) in [
            (Place::Table, "/definitions/table/properties"),
            (Place::Database, "/definitions/database/properties"),
        ] {
            let keys = schema.pointer(at).and_then(|keys| keys.as_object());
            let keys = keys.unwrap().keys().map(String::as_str);
            let mut keys: Vec<_> = keys.filter(|key| !settings.contains(key)).collect();
            let here = |kind: &Kind| kind.place() == place;
            let mut known: Vec<_> = Kind::ALL.into_iter().filter(here).map(Kind::name).collect();
            keys.sort_unstable();
            known.sort_unstable();
            assert_eq!(keys, known);
        }
    }

    #[test]
    fn both_languages_explain_everything_and_nothing_twice() {
        for lang in Lang::ALL {
            let mut pages: Vec<_> = Topic::all().map(|topic| page(topic, lang)).collect();
            let count = pages.len();
            pages.sort_unstable();
            pages.dedup();
            assert_eq!(pages.len(), count);
            assert!(Topic::all().all(|topic| index(lang).contains(topic.name())));
        }
        let japanese = page(Topic::Code(Code::BackupStale), Lang::Ja);
        assert!(japanese.contains("古すぎます"), "{japanese}");
    }
}
