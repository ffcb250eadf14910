//! Parses, runs, writes, and exits.

use std::{process::ExitCode, time::Duration};

use clap::Parser;

fn main() -> ExitCode {
    // Two providers in one process would make the first TLS connection panic; an installed one is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = pgdrill::cli::Cli::parse();
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
        Err(_) => ExitCode::from(3),
    }
}
