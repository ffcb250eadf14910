//! Who is told: can each sink be reached and, on request, does it take a message? And can metrics be written?

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use nix::unistd::{AccessFlags, access};

use super::{Line, Outcome, Said, What};
use crate::{error::Result, plan::Plan, sinks::deliver, units::Secret, words::Lang};

/// How long a Pushgateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tries every sink that the plan names. With a language, each is sent a message that says that it is a test.
pub(super) async fn examine(plan: &Plan, send: Option<Lang>) -> Vec<Line> {
    let mut lines = Vec::new();
    for name in deliver::configured(&plan.notify) {
        let tried = match send {
            Some(lang) => deliver::test(name, plan, lang).await,
            None => deliver::probe(name, plan).await,
        };
        lines.push(judge(name, tried, send.is_some()));
    }
    if let Some(file) = &plan.metrics.textfile {
        let folder = plan.file.parent().unwrap_or(Path::new("."));
        lines.push(textfile(&folder.join(file)));
    }
    if let Some(url) = &plan.metrics.pushgateway {
        lines.push(pushgateway(url).await);
    }
    lines
}

/// A sink that fails never changes a verdict, so it only warns, unless somebody asked for just that.
fn judge(name: &str, tried: Result<()>, sent: bool) -> Line {
    let seen = match (sent, name) {
        // Every visit counts as a beat, so it is only connected to.
        (false, _) | (true, "heartbeat") => Said::new(
            format!("{name} can be reached"),
            format!("{name} に接続できました"),
        ),
        (true, _) => Said::new(
            format!("{name} took the test message"),
            format!("{name} がテスト通知を受け取りました"),
        ),
    };
    let bad = if sent { Outcome::Fail } else { Outcome::Warn };
    match tried {
        Ok(()) => Line::ok(What::Notify, seen),
        Err(error) => Line::of_error(What::Notify, bad, error),
    }
}

fn textfile(path: &Path) -> Line {
    let whole = path.to_string_lossy();
    let folder = if whole.ends_with('/') {
        path.to_owned()
    } else {
        path.parent().map_or_else(PathBuf::new, Path::to_owned)
    };
    let shown = folder.display();
    match access(&folder, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) => Line::ok(
            What::Metrics,
            Said::new(
                format!("the textfile can be written into \"{shown}\""),
                format!("「{shown}」に textfile を書けます"),
            ),
        ),
        Err(error) => Line::warn(
            What::Metrics,
            Said::new(
                format!(
                    "the textfile cannot be written into \"{shown}\": {}",
                    error.desc()
                ),
                format!("「{shown}」に textfile を書けません: {}", error.desc()),
            ),
            Said::same(format!("install -d -o \"$USER\" {shown}")),
        ),
    }
}

async fn pushgateway(url: &Secret) -> Line {
    match ready(url).await {
        Ok(()) => Line::ok(
            What::Metrics,
            Said::new("the Pushgateway is ready", "Pushgateway が応答しました"),
        ),
        Err(cause) => Line::warn(
            What::Metrics,
            Said::new(
                format!("the Pushgateway is not ready: {cause}"),
                format!("Pushgateway が応答しません: {cause}"),
            ),
            Said::new(
                "check metrics.pushgateway in the plan, and that the Pushgateway runs",
                "プランの metrics.pushgateway と、Pushgateway が動いているかを確認してください",
            ),
        ),
    }
}

/// Why it is not; without its URL, which may hold a password.
async fn ready(url: &Secret) -> std::result::Result<(), String> {
    let said = |error: reqwest::Error| crate::error::whole(&error.without_url());
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let url = format!("{}/-/ready", url.reveal().trim_end_matches('/'));
    let answer = client.map_err(said)?.get(url).send().await.map_err(said)?;
    answer.error_for_status().map(|_| ()).map_err(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_sink_is_broken_only_when_a_message_was_asked_for() {
        let down = || Err(Error::new("slack does not answer", "Check it."));
        assert_eq!(judge("slack", down(), false).outcome, Outcome::Warn);
        assert_eq!(judge("slack", down(), true).outcome, Outcome::Fail);
        assert_eq!(judge("slack", Ok(()), true).outcome, Outcome::Ok);
    }

    #[test]
    fn a_folder_for_metrics_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.prom");
        assert_eq!(textfile(&file).outcome, Outcome::Ok);
        let nowhere = folder.path().join("nowhere/");
        assert_eq!(textfile(&nowhere).outcome, Outcome::Warn);
    }
}
