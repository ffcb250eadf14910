//! What a broken backup job stores in place of a dump, or in front of one: what its programs had to say.

use memchr::memmem;

/// Where a line holds a text.
#[derive(Clone, Copy)]
enum Place {
    Start,
    Anywhere,
}
use Place::{Anywhere, Start};

/// What the first line holds, what that is, and what to do about it.
const MESSAGES: [(Place, &str, &str, &str); 9] = [
    (Start, "pg_dump: ", "a message of pg_dump", FAILED),
    (Start, "pg_dumpall: ", "a message of pg_dumpall", FAILED),
    (Start, "Password:", "a prompt for a password", PASSWORD),
    (
        Start,
        "Password for user ",
        "a prompt for a password",
        PASSWORD,
    ),
    (Anywhere, "command not found", "words of a shell", COMMAND),
    (Anywhere, "pg_dump: not found", "words of a shell", COMMAND),
    (
        Anywhere,
        "pg_dumpall: not found",
        "words of a shell",
        COMMAND,
    ),
    (
        Anywhere,
        "the input device is not a TTY",
        "a message of docker",
        TTY,
    ),
    (
        Anywhere,
        "Error response from daemon",
        "a message of docker",
        DOCKER,
    ),
];

const FAILED: &str = "Look at the backup job: pg_dump failed, and what it said was stored. Do not use `2>&1`, and let the job fail with it.";
const AMONG: &str =
    "Look at the backup job: what its programs say is in front of the dump. Do not use `2>&1`.";
const PASSWORD: &str = "Give pg_dump its password by a file (`~/.pgpass`): its prompt was stored.";
const COMMAND: &str = "Look at the backup job: its shell does not find the program that writes the dump. Name it with its whole path.";
const TTY: &str = "Take `-t` out of `docker exec` in the backup job, and let the job fail with it.";
const DOCKER: &str = "Look at the backup job: docker did not run the program that writes the dump.";

/// The longest line that is told, in letters.
const TOLD: usize = 200;

/// A message in the first line of something that is no dump.
pub(super) struct Message {
    /// What it is.
    pub(super) what: &'static str,
    /// What it says.
    pub(super) line: String,
    pub(super) hint: &'static str,
}

/// The message that the first bytes are, if they are one that is known.
pub(super) fn message(head: &[u8]) -> Option<Message> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = text.trim_ascii_start();
    let end = memchr::memchr2(b'\n', b'\r', text).unwrap_or(text.len());
    let line = String::from_utf8_lossy(&text[..end.min(4096)]);
    let holds = |place: Place, what: &str| match place {
        Start => line.starts_with(what),
        Anywhere => line.contains(what),
    };
    let (_, _, what, hint) = (MESSAGES.iter()).find(|(place, text, ..)| holds(*place, text))?;
    let marks: [&[u8]; 2] = [b"PGDMP", b"-- PostgreSQL database"];
    let is_in_front = marks.iter().any(|mark| memmem::find(text, mark).is_some());
    let hint = if is_in_front && *hint == FAILED {
        AMONG
    } else {
        hint
    };
    let line = line.chars().take(TOLD).filter(|c| !c.is_control());
    Some(Message {
        what,
        line: line.collect(),
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_programs_of_a_job_say_is_known() {
        for (text, what, word) in [
            (
                "pg_dump: error: connection to server failed\n",
                "of pg_dump",
                "pg_dump failed",
            ),
            (
                "\npg_dump: [archiver (db)] connection failed\n",
                "of pg_dump",
                "pg_dump failed",
            ),
            ("pg_dumpall: error: x", "of pg_dumpall", "pg_dump failed"),
            (
                "pg_dump: warning: x\n--\n-- PostgreSQL database dump\n",
                "of pg_dump",
                "in front",
            ),
            (
                "pg_dump: warning: x\nPGDMP\x01\x0e",
                "of pg_dump",
                "in front",
            ),
            (
                "Password: \n--\n-- PostgreSQL database dump\n",
                "password",
                ".pgpass",
            ),
            (
                "bash: line 1: pg_dump: command not found\n",
                "shell",
                "whole path",
            ),
            ("sh: 1: pg_dump: not found\n", "shell", "whole path"),
            ("the input device is not a TTY\r\n", "docker", "`-t`"),
            (
                "Error response from daemon: No such container: db\n",
                "docker",
                "docker did not run",
            ),
        ] {
            let message = message(text.as_bytes()).unwrap();
            assert!(message.what.contains(what), "{text}");
            assert!(message.hint.contains(word), "{text}: {}", message.hint);
        }
        for text in ["", "hello\npg_dump: error: x", "PGDMP", "SELECT 1;"] {
            assert!(message(text.as_bytes()).is_none(), "{text}");
        }
        let long = format!("pg_dump: {}", "x".repeat(9_000));
        assert_eq!(message(long.as_bytes()).unwrap().line.len(), TOLD);
    }
}
