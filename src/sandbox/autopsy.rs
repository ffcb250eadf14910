//! Why a server went away, told from its log and its end, in words of ours: a log may hold rows.

use crate::error::Error;

const MEMORY: &str = "Give the machine (or Docker) more memory, or close what else runs on it.";
const DISK: &str = "Free space for the restored database, or point TMPDIR (or Docker's data folder) at a larger disk.";

/// The error that a full disk deserves.
pub(super) fn disk_full() -> Error {
    Error::new("the sandbox's disk is full", DISK)
        .because("PostgreSQL reported \"No space left on device\".")
}

/// The error that a lack of memory deserves.
pub(super) fn out_of_memory(cause: &str) -> Error {
    Error::new("the sandbox ran out of memory", MEMORY).because(cause)
}

/// The error for a server that is gone without a better reason.
pub(super) fn gone(cause: &str) -> Error {
    Error::new(
        "the sandbox's server ended before its time",
        "Run again; if it ends again, look at what else stops processes on this machine.",
    )
    .because(cause)
}

/// What a log tells: `None` when the server is there and nothing is wrong with the machine.
pub(super) fn from_log(log: &str, ended: bool) -> Option<Error> {
    let has = |levels: &[&str], words: &str| {
        log.lines()
            .any(|line| line.contains(words) && levels.iter().any(|level| line.contains(level)))
    };
    if has(
        &["PANIC:", "FATAL:", "ERROR:", "initdb:"],
        "No space left on device",
    ) {
        return Some(disk_full());
    }
    if has(&["LOG:"], "was terminated by signal 9") {
        return Some(out_of_memory(
            "A process of the server was killed by signal 9, which is what the system does when memory runs out.",
        ));
    }
    if has(&["LOG:"], "was terminated by signal") {
        return Some(gone("A process of the server crashed."));
    }
    ended.then(|| gone("It was stopped or killed from outside, or it reached its deadline."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(log: &str, ended: bool) -> Option<String> {
        from_log(log, ended).map(|error| error.to_string())
    }

    #[test]
    fn a_healthy_server_has_no_autopsy() {
        assert_eq!(
            told(
                "LOG:  database system is ready to accept connections",
                false
            ),
            None
        );
        assert_eq!(told("ERROR:  relation \"x\" does not exist", false), None);
    }

    #[test]
    fn a_full_disk_is_named() {
        let log = "PANIC:  could not write to file \"pg_wal/xlogtemp.1\": No space left on device";
        assert!(told(log, true).is_some_and(|text| text.contains("disk is full")));
    }

    #[test]
    fn a_killed_backend_is_a_lack_of_memory() {
        let log = "LOG:  server process (PID 61) was terminated by signal 9: Killed";
        assert!(told(log, true).is_some_and(|text| text.contains("memory")));
    }

    #[test]
    fn a_server_that_is_gone_without_a_word_is_an_error_too() {
        assert!(told("", true).is_some_and(|text| text.contains("ended before its time")));
    }
}
