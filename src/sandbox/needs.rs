//! What a sandbox is asked for, and what it hands out.

use std::{pin::Pin, time::Duration};

use tokio::io::AsyncWrite;

use crate::{error::Result, plan::Provider};

/// What a sandbox must be able to do.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The run's name: it labels everything that the run leaves on the machine.
    pub run: String,
    /// Which provider; `auto` chooses and says why.
    pub provider: Provider,
    /// The PostgreSQL major that the dump was taken from.
    pub major: Option<u32>,
    /// The `pg_dump` major that wrote it: no older tool reads it.
    pub tools_major: Option<u32>,
    /// The Docker image that the plan names.
    pub image: Option<String>,
    /// The server that CI provides.
    pub service_url: Option<crate::units::Secret>,
    /// Whether it outlives the run.
    pub keep: bool,
    /// The longest that it may live, as a net under every other way to end it. Zero: a day.
    pub deadline: Duration,
}

impl Needs {
    /// The oldest major whose programs can read the dump and whose server can hold it.
    pub(super) fn oldest_major(&self) -> Option<u32> {
        self.major.max(self.tools_major)
    }

    /// The deadline in whole seconds, a day when none is given.
    pub(super) fn deadline_seconds(&self) -> u64 {
        match self.deadline.as_secs() {
            0 => 86_400,
            seconds => seconds,
        }
    }
}

/// How the database in the sandbox is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// The encoding of the dump, such as `UTF8`.
    pub encoding: Option<String>,
    /// `LC_COLLATE`.
    pub collate: Option<String>,
    /// `LC_CTYPE`.
    pub ctype: Option<String>,
    /// `libc`, `icu` or `builtin`.
    pub provider: Option<String>,
    /// The ICU or builtin locale.
    pub locale: Option<String>,
}

/// A PostgreSQL program that runs beside the server and is fed through its standard input.
pub struct Tool {
    /// Its standard input; closing or dropping it says that the dump is over.
    pub stdin: Pin<Box<dyn AsyncWrite + Send>>,
    /// What it writes to its standard error and output, line by line, while it runs. Read it or drop it: a program
    /// whose lines nobody takes waits after some ten thousand of them.
    pub lines: tokio::sync::mpsc::Receiver<String>,
    /// How it ended: its exit code, or 128 and the number of the signal. Dropping this ends the program.
    pub status: Pin<Box<dyn Future<Output = Result<i64>> + Send>>,
}

/// How to get into a sandbox that was kept, and how to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The command that opens `psql` on the restored database.
    pub psql: String,
    /// The command that removes it.
    pub remove: String,
}
