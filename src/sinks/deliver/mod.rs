//! Takes what is to be told to where it is to be told: the only part of telling that does I/O.

mod http;
mod notify;
mod parcel;
mod probe;
mod pushgateway;
mod reach;
mod smtp;
mod textfile;
mod together;

use std::{path::Path, time::Duration};

use tokio::time::Instant;

pub use notify::{Occasion, Order, configured, notify, probe, start, test};
pub use textfile::file_of;

use super::prometheus::{Standing, exposition, exposition_over};
use crate::{error::Result, units::Secret};

/// Where a plan's metrics go.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// A file, or a folder when it ends with a slash, for `node_exporter`'s textfile collector.
    pub textfile: Option<&'a Path>,
    /// The URL of a Pushgateway, which may hold a password.
    pub pushgateway: Option<&'a Secret>,
}

/// How long a Pushgateway is tried at most.
const PUSHING: Duration = Duration::from_secs(30);

/// Delivers the metrics of one plan until `end`, and not after `late`, which may come before it; says for each target how
/// it went. Files first: they do not depend on anybody.
pub async fn metrics(
    standing: &Standing<'_>,
    targets: &Targets<'_>,
    end: Instant,
    late: impl Future<Output = ()>,
) -> Vec<(&'static str, Result<()>)> {
    let mut told = Vec::new();
    if let Some(path) = targets.textfile {
        let path = file_of(path, standing.backup);
        let written = textfile::write(&path, |old| exposition_over(standing, old));
        told.push(("textfile", written));
    }
    if let Some(url) = targets.pushgateway {
        let text = exposition(std::slice::from_ref(standing));
        let until = end.min(Instant::now() + PUSHING);
        let pushed = tokio::select! {
            biased;
            pushed = pushgateway::push(url, standing.backup, &text, until) => pushed,
            () = late => Err(together::silent("the Pushgateway")),
        };
        told.push(("pushgateway", pushed));
    }
    told
}
