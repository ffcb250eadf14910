//! Logs on standard error: standard output belongs to the result.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, filter::filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{LogFormat, Logs};

/// Starts logging. `RUST_LOG` outranks the flags.
pub(super) fn start(logs: &Logs) {
    let level = match (logs.quiet, logs.verbose) {
        (true, _) => "error",
        (false, 0) => "pgdrill=warn,error",
        (false, 1) => "pgdrill=debug,info",
        (false, _) => "pgdrill=trace,info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would be told on standard error, which is what could not be written to, and end the process by a panic.
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .with_target(false);
    match logs.log_format {
        LogFormat::Json => {
            let subscriber = subscriber.json().finish();
            subscriber.with(filter_fn(may_be_told)).init();
        }
        LogFormat::Text => {
            let ansi = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let subscriber = subscriber.with_ansi(ansi).without_time().finish();
            subscriber.with(filter_fn(may_be_told)).init();
        }
    }
}

fn may_be_told(about: &Metadata<'_>) -> bool {
    may_tell(about.target(), *about.level())
}

/// Other people's details are never told, whatever `RUST_LOG` says: those of HTTP libraries, of the S3 client and of
/// Docker's hold headers, URLs and environments, and so keys and passwords. Who looks for credentials repeats whatever the
/// program for them wrote, even in a warning.
fn may_tell(target: &str, level: Level) -> bool {
    match target.split("::").next() {
        Some("pgdrill") => true,
        Some("aws_config") => false,
        _ => level <= Level::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_others_no_details_are_told_and_nothing_of_who_looks_for_credentials() {
        assert!(may_tell("pgdrill::verify", Level::TRACE));
        assert!(may_tell("bollard::docker", Level::INFO));
        assert!(!may_tell("hyper::client", Level::DEBUG));
        assert!(!may_tell(
            "aws_config::meta::credentials::chain",
            Level::WARN
        ));
    }
}
