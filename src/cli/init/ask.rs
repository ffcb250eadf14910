//! The questions, on a terminal.

use std::io::{self, IsTerminal as _};

use inquire::{Confirm, InquireError, Text, validator::Validation};

use super::{Init, answers::name_of};
use crate::{cli::output, words::Lang};

/// Whether somebody can answer: both ways lead to a terminal.
pub(super) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks for every flag that is missing. `Err` holds the exit code when the questions were left.
pub(super) fn missing(mut flags: Init) -> Result<Init, u8> {
    let lang = output::lang();
    flags.url = flags.url.filter(|url| !url.trim().is_empty());
    let asks_nothing_else = flags.url.is_some();
    if flags.url.is_none() {
        let question = lang.say("Where are the backups?", "バックアップはどこにありますか?");
        let help = lang.say(
            "s3://bucket/prefix/ or a folder",
            "s3://バケット/プレフィックス/ またはフォルダー",
        );
        let asked = Text::new(question)
            .with_help_message(help)
            .with_validator(move |answer: &str| Ok(filled(answer, lang)))
            .prompt();
        flags.url = Some(asked.map_err(left)?.trim().to_owned());
    }
    // Whoever gave the one flag that is needed wants a command that does not stop to ask.
    if asks_nothing_else {
        return Ok(flags);
    }
    let url = flags.url.clone().unwrap_or_default();
    if flags.endpoint.is_none() && url.starts_with("s3://") {
        let question = lang.say("S3 endpoint?", "S3 のエンドポイントは?");
        let help = lang.say(
            "for R2, MinIO, Garage; empty for Amazon",
            "R2、MinIO、Garage の場合。Amazon なら空のまま",
        );
        let asked = Text::new(question).with_help_message(help).prompt();
        flags.endpoint = Some(asked.map_err(left)?.trim().to_owned());
    }
    if flags.name.is_none() {
        let question = lang.say("What is this database called?", "データベースの名前は?");
        let usual = name_of(&url);
        let asked = Text::new(question).with_default(&usual).prompt();
        flags.name = Some(asked.map_err(left)?.trim().to_owned());
    }
    if !flags.workflow && !flags.no_workflow {
        let question = lang.say(
            "Write a GitHub workflow that drills every month?",
            "毎月検証する GitHub ワークフローを書きますか?",
        );
        flags.no_workflow = !confirm(question)?;
    }
    if flags.from_dump.is_none() && !flags.offline {
        let question = lang.say(
            "Restore the newest dump now, and write checks from what the data look like?",
            "いま最新のダンプをリストアし、データの様子からチェックを書きますか?",
        );
        flags.from_dump = confirm(question)?.then(String::new);
    }
    Ok(flags)
}

/// Asks again when nothing was answered.
fn filled(answer: &str, lang: Lang) -> Validation {
    if answer.trim().is_empty() {
        let wanted = lang.say(
            "This is needed; Escape leaves.",
            "入力が必要です。Esc で中止できます。",
        );
        return Validation::Invalid(wanted.into());
    }
    Validation::Valid
}

fn confirm(question: &str) -> Result<bool, u8> {
    Confirm::new(question)
        .with_default(true)
        .prompt()
        .map_err(left)
}

/// Ctrl-C and Escape leave; a terminal that broke is no wrong usage.
fn left(error: InquireError) -> u8 {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            output::tell("nothing was written\n");
            130
        }
        other => {
            output::tell(&format!(
                "error  could not ask: {other}\n    hint  Give the answers as flags: `pgdrill init --help`.\n"
            ));
            2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_asked_for_again() {
        for nothing in ["", " ", "\t"] {
            let answered = filled(nothing, Lang::En);
            assert!(matches!(answered, Validation::Invalid(_)), "{nothing:?}");
        }
        assert_eq!(filled("./backups", Lang::En), Validation::Valid);
    }
}
