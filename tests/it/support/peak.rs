//! Runs a program and measures how much memory it had at its peak.

use std::{
    fs,
    io::Read as _,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// How often the kernel is asked. It keeps the peak itself: only what grows in the last moment can be missed.
const TICK: Duration = Duration::from_millis(5);

/// A program that has ended.
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) output: Vec<u8>,
    /// Its largest resident set, in bytes.
    pub(crate) peak: u64,
}

/// Runs it to its end; blocks.
pub(crate) fn run(command: &mut Command) -> Ended {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut output = Vec::new();
        pipe.read_to_end(&mut output).unwrap();
        output
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        peak = peak.max(high_water(&status));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended.code();
        }
        thread::sleep(TICK);
    };
    Ended {
        code,
        output: reader.join().unwrap(),
        peak,
    }
}

/// `VmHWM` in bytes; 0 when the process is gone.
fn high_water(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    kilobytes.map_or(0, |number| number.trim().parse::<u64>().unwrap() * 1_024)
}
