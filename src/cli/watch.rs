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

/// How many tables arrived; nothing where nobody knows how many there are, such as of a script.
fn tables((done, total): (u64, u64)) -> String {
    match total {
        0 => String::new(),
        1 => format!(", {done} of 1 table"),
        _ => format!(", {done} of {total} tables"),
    }
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let (done, total) = progress.bytes();
    let left = progress.left();
    let template = if total > 0 && done > 0 && done < total {
        bar.set_length(total);
        bar.set_position(done);
        let read = "{spinner} {msg:8} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";
        // Without earlier runs only the reading can be foretold.
        let eta = left.map_or(", read in {eta}", |_| "");
        format!("{read}{eta}{{prefix}}")
    } else {
        "{spinner} {msg:8} {elapsed}{prefix}".to_owned()
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    let left = left.map(|left| format!(", about {} left", Age(whole(left))));
    let tables = tables(progress.tables());
    bar.set_prefix(format!("{tables}{}", left.unwrap_or_default()));
    bar.set_message(progress.current().unwrap_or("look"));
    bar.tick();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_where_their_number_is_known() {
        assert_eq!(tables((0, 0)), "");
        assert_eq!(tables((1, 1)), ", 1 of 1 table");
        assert_eq!(tables((3, 12)), ", 3 of 12 tables");
    }
}
