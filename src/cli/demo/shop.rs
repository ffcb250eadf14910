//! Makes the demo's database in a sandbox of its own and takes a dump of it.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use ulid::Ulid;

use crate::{
    cli::signals,
    error::{Error, Result},
    plan::Provider,
    sandbox::{self, DatabaseOptions, Needs, Sandbox, Tool},
    verify::Signal,
};

/// The shop's tables and rows.
const SHOP: &str = include_str!("shop.sql");

/// The demo's server ends by itself after this.
const DEADLINE: Duration = Duration::from_mins(10);

/// What became of the shop.
pub(super) enum Made {
    /// Its dump, as `pg_dump -Fc` wrote it.
    Dump(Vec<u8>),
    /// Nothing: the user did not want to wait.
    Interrupted(Signal),
}

/// Makes the shop and dumps it.
///
/// # Errors
/// When no sandbox can be had.
pub(super) async fn dump(provider: Provider, image: Option<&str>) -> Result<Made> {
    let needs = Needs {
        run: Ulid::generate().to_string(),
        provider,
        image: image.map(str::to_owned),
        deadline: DEADLINE,
        ..Needs::default()
    };
    let run = needs.run.clone();
    let sandbox = tokio::select! {
        biased;
        signal = signals::first() => {
            sandbox::clean(None, true, Some(&run)).await?;
            return Ok(Made::Interrupted(signal));
        }
        sandbox = sandbox::start(&needs) => sandbox?,
    };
    let made = tokio::select! {
        biased;
        signal = signals::first() => Ok(Made::Interrupted(signal)),
        dump = make(&sandbox) => dump.map(Made::Dump),
    };
    sandbox.stop().await?;
    made
}

async fn make(sandbox: &Sandbox) -> Result<Vec<u8>> {
    let utf8 = DatabaseOptions {
        encoding: Some("UTF8".to_owned()),
        ..DatabaseOptions::default()
    };
    sandbox.create_database(&utf8).await?;
    let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"];
    run(sandbox.tool("psql", &arguments).await?, SHOP).await?;
    let path = sandbox.spool().join("shop.dump").display().to_string();
    // A tool's output is lines of text, so the dump leaves the sandbox in hexadecimal.
    let script = "pg_dump -Fc -f \"$1\" && od -An -v -tx1 \"$1\"";
    let lines = run(sandbox.tool("sh", &["-c", script, "sh", &path]).await?, "").await?;
    bytes(&lines).ok_or_else(|| broken("pg_dump wrote something else than a dump."))
}

/// Runs a tool to its end; returns its lines.
async fn run(tool: Tool, input: &str) -> Result<Vec<String>> {
    let Tool {
        mut stdin,
        mut lines,
        status,
    } = tool;
    let write = async move {
        // A tool that ended early says so by its exit code.
        let _ = stdin.write_all(input.as_bytes()).await;
        let _ = stdin.shutdown().await;
    };
    let listen = async move {
        let mut heard = Vec::new();
        while let Some(line) = lines.recv().await {
            heard.push(line);
        }
        heard
    };
    let ((), heard, code) = tokio::join!(write, listen, status);
    match code? {
        0 => Ok(heard),
        _ => Err(broken(heard.last().map_or("", String::as_str))),
    }
}

fn broken(cause: &str) -> Error {
    Error::new(
        "could not make the demo's database",
        "Run with `-vv`, and report what it says as a defect of pgdrill.",
    )
    .because(cause)
}

/// The bytes of `od -An -v -tx1`.
fn bytes(lines: &[String]) -> Option<Vec<u8>> {
    lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_becomes_bytes_again() {
        let lines = [" 50 47 44 4d 50".to_owned(), " 00 ff".to_owned()];
        assert_eq!(bytes(&lines), Some(b"PGDMP\x00\xff".to_vec()));
        assert_eq!(bytes(&["pg_dump: error".to_owned()]), None);
    }
}
