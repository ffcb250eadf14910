//! Waits for deliveries that run at the same time: one that fails, hangs or breaks delays none of the others.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::error::{Error, Result};

/// A delivery on its way, under the name of its sink; or why it never began.
pub(super) type Running = (&'static str, Result<JoinHandle<Result<()>>>);

/// What each of them came to, in their order. Nobody is waited for after `end`, and when `hurry` comes, no longer than
/// the duration that it brings.
pub(super) async fn ended(
    running: Vec<Running>,
    mut end: Instant,
    hurry: impl Future<Output = Duration>,
) -> Vec<(&'static str, Result<()>)> {
    let mut hurry = std::pin::pin!(hurry);
    let mut hurried = false;
    let mut told = Vec::new();
    for (sink, task) in running {
        let result = match task {
            Err(error) => Err(error),
            Ok(mut task) => loop {
                tokio::select! {
                    biased;
                    ended = &mut task => break ended.unwrap_or_else(|_| Err(broke(sink))),
                    () = sleep_until(end) => {
                        task.abort();
                        break Err(silent(sink));
                    }
                    left = hurry.as_mut(), if !hurried => {
                        hurried = true;
                        end = end.min(Instant::now() + left);
                    }
                }
            },
        };
        told.push((sink, result));
    }
    told
}

/// What `make` makes for a sink, also when it breaks.
pub(super) fn guarded<T>(sink: &str, make: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| Err(broke(sink)))
}

fn broke(sink: &str) -> Error {
    Error::new(
        format!("telling {sink} broke off"),
        "Report this as a defect of pgdrill.",
    )
}

fn silent(sink: &str) -> Error {
    Error::new(
        format!("{sink} did not take the report in time"),
        "Check the address of the sink, and whether what listens there answers.",
    )
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    /// Longer than any test: whoever waits for it has failed.
    const FOR_EVER: Duration = Duration::from_hours(1);

    fn messages(told: Vec<(&'static str, Result<()>)>) -> Vec<(&'static str, String)> {
        let said = |result: Result<()>| {
            result.map_or_else(|error| error.to_string(), |()| "told".to_owned())
        };
        let all = told.into_iter();
        all.map(|(sink, result)| (sink, said(result))).collect()
    }

    fn late(sink: &str) -> String {
        format!("{sink} did not take the report in time")
    }

    #[tokio::test]
    async fn a_sink_that_breaks_and_one_that_hangs_leave_the_others_alone() {
        let broken = tokio::spawn(async { panic!("a defect") });
        let hangs = tokio::spawn(pending());
        let running: Vec<Running> = vec![
            ("slack", Ok(broken)),
            ("webhook", Ok(hangs)),
            ("email", Ok(tokio::spawn(ready(Ok(()))))),
            ("pagerduty", guarded("pagerduty", || panic!("another"))),
        ];
        let end = Instant::now() + Duration::from_millis(50);
        let expected = [
            ("slack", "telling slack broke off".to_owned()),
            ("webhook", late("webhook")),
            ("email", "told".to_owned()),
            ("pagerduty", "telling pagerduty broke off".to_owned()),
        ];
        assert_eq!(messages(ended(running, end, pending()).await), expected);
    }

    #[tokio::test]
    async fn in_a_hurry_nobody_is_waited_for_longer_than_what_is_left() {
        let hangs = || Ok(tokio::spawn(pending()));
        let running: Vec<Running> = vec![("slack", hangs()), ("webhook", hangs())];
        let end = Instant::now() + FOR_EVER;
        let told = ended(running, end, ready(Duration::from_millis(50))).await;
        assert_eq!(
            messages(told),
            [("slack", late("slack")), ("webhook", late("webhook"))]
        );
    }
}
