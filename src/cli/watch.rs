//! Shows on a terminal what a run is doing: stage, bytes, rate, time left.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::{progress::Progress, units::Age};

/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(100);

/// A progress line; it goes away when dropped.
pub(super) struct Watch {
    bar: ProgressBar,
    task: JoinHandle<()>,
}

impl Watch {
    /// Starts to watch, unless nobody looks.
    pub(super) fn start(progress: &Progress, quiet: bool) -> Option<Self> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let (progress, watched) = (progress.clone(), bar.clone());
        let task = tokio::spawn(async move {
            loop {
                draw(&watched, &progress);
                tokio::time::sleep(TICK).await;
            }
        });
        Some(Self { bar, task })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
        self.bar.finish_and_clear();
    }
}

/// Whole seconds: nobody knows more.
const fn whole(left: Duration) -> Duration {
    Duration::from_secs(left.as_secs() + 1)
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let (done, total) = progress.bytes();
    let left = progress.left();
    let template = if total > 0 && done > 0 && done < total {
        bar.set_length(total);
        bar.set_position(done);
        let read = "{spinner} {msg:8} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";
        // Without earlier runs only the reading can be foretold.
        let left = left.map_or(", read in {eta}", |_| "{prefix}");
        format!("{read}{left}")
    } else {
        "{spinner} {msg:8} {elapsed}{prefix}".to_owned()
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    let left = left.map(|left| format!(", about {} left", Age(whole(left))));
    bar.set_prefix(left.unwrap_or_default());
    bar.set_message(progress.current().unwrap_or("look"));
    bar.tick();
}
