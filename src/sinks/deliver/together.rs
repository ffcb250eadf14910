//! Waits for deliveries that run at the same time: one that fails, hangs or breaks delays none of the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::{JoinError, JoinHandle};

use crate::error::{Error, Result};

/// A delivery on its way, under the name of its sink; or why it never began.
pub(super) type Running = (&'static str, Result<JoinHandle<Result<()>>>);

/// What each of them came to, in their order. Nobody is waited for after `late`.
pub(super) async fn ended(
    running: Vec<Running>,
    late: impl Future<Output = ()>,
) -> Vec<(&'static str, Result<()>)> {
    let mut late = std::pin::pin!(late);
    let mut is_late = false;
    let mut told = Vec::new();
    for (sink, task) in running {
        let result = match task {
            Err(error) => Err(error),
            Ok(task) if is_late => at_once(sink, task).await,
            Ok(mut task) => tokio::select! {
                biased;
                ended = &mut task => of(sink, ended),
                () = late.as_mut() => {
                    is_late = true;
                    at_once(sink, task).await
                }
            },
        };
        told.push((sink, result));
    }
    told
}

/// What it came to if it ended already.
async fn at_once(sink: &str, task: JoinHandle<Result<()>>) -> Result<()> {
    if task.is_finished() {
        return of(sink, task.await);
    }
    task.abort();
    Err(silent(sink))
}

fn of(sink: &str, ended: std::result::Result<Result<()>, JoinError>) -> Result<()> {
    ended.unwrap_or_else(|_| Err(broke(sink)))
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

pub(super) fn silent(sink: &str) -> Error {
    Error::new(
        format!("{sink} did not take the report in time"),
        "Check the address of the sink, and whether what listens there answers.",
    )
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        time::Duration,
    };

    use tokio::time::sleep;

    use super::*;

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
        let late_soon = sleep(Duration::from_millis(50));
        let expected = [
            ("slack", "telling slack broke off".to_owned()),
            ("webhook", late("webhook")),
            ("email", "told".to_owned()),
            ("pagerduty", "telling pagerduty broke off".to_owned()),
        ];
        assert_eq!(messages(ended(running, late_soon).await), expected);
    }

    #[tokio::test]
    async fn who_is_late_takes_nothing_from_who_was_in_time() {
        let hangs = || Ok(tokio::spawn(pending()));
        let quick = tokio::spawn(ready(Ok(())));
        while !quick.is_finished() {
            tokio::task::yield_now().await;
        }
        let running: Vec<Running> = vec![
            ("slack", hangs()),
            ("email", Ok(quick)),
            ("webhook", hangs()),
        ];
        let told = ended(running, ready(())).await;
        let expected = [
            ("slack", late("slack")),
            ("email", "told".to_owned()),
            ("webhook", late("webhook")),
        ];
        assert_eq!(messages(told), expected);
    }
}
