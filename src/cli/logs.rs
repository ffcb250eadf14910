//! Logs on standard error: standard output belongs to the result.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use super::{LogFormat, Logs};

/// Starts logging. `RUST_LOG` outranks the flags.
pub(super) fn start(logs: &Logs) {
    let level = match (logs.quiet, logs.verbose) {
        (true, _) => "error",
        (false, 0) => "pgdrill=warn,error",
        (false, 1) => "pgdrill=debug,info",
        // Not trace for everything: the S3 client's and the HTTP library's traces hold headers.
        (false, _) => "pgdrill=trace,info",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    match logs.log_format {
        LogFormat::Json => subscriber.json().init(),
        LogFormat::Text => subscriber
            .with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .without_time()
            .init(),
    }
}
