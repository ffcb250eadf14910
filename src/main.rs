//! Parses, runs, writes, and exits.

use std::{
    io::{self, Write as _},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;

fn main() -> ExitCode {
    // Two providers in one process would make the first TLS connection panic; an installed one is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = pgdrill::cli::Cli::parse();
    // Tokio panics where the system gives it no thread.
    panic::catch_unwind(AssertUnwindSafe(|| run(cli)))
        .unwrap_or_else(|_| could_not("pgdrill broke off"))
}

fn run(cli: pgdrill::cli::Cli) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => {
            let code = runtime.block_on(pgdrill::cli::run(cli));
            // A look-up of a name or a file on a dead disk may hang; the end does not wait for it.
            runtime.shutdown_timeout(Duration::from_secs(1));
            code
        }
        Err(error) => could_not(&error.to_string()),
    }
}

/// That nothing could be looked at says nothing about a backup.
fn could_not(why: &str) -> ExitCode {
    let hint = "Raise the limits of processes and memory (ulimit -u, ulimit -v), then run again; if it breaks off again, tell us.";
    let _ = writeln!(io::stderr(), "error  {why}\n    hint  {hint}");
    ExitCode::from(3)
}
