//! Whose fault a complaint of `pg_restore` or `psql` is, by its words.

/// Whose fault a complaint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Something of the dump is not in the database.
    Lost,
    /// The dump itself ends too early.
    Truncated,
    /// The dump itself is damaged.
    Corrupt,
    /// Nothing is missing: the server of another version does not know a setting, or has the object already.
    Harmless,
    /// The machine or the server could not do it, whatever the dump holds.
    Environment,
}

impl Class {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost | Self::Truncated | Self::Corrupt => "lost",
            Self::Harmless => "harmless",
            Self::Environment => "environment",
        }
    }
}

/// What a server says of rows and partitions that may only fit when text sorts as it did in the dumped database.
const BY_ORDER: [&str; 7] = [
    "violates check constraint",
    "violates partition constraint",
    "is violated by some row",
    "no partition of relation",
    "empty range bound",
    "would overlap partition",
    "range lower bound must",
];

/// Whether it may only fit in the dump's own order of text.
pub(super) fn by_order(message: &str) -> bool {
    BY_ORDER.iter().any(|part| message.contains(part))
}

/// Parts of messages and what they mean, first match first. The texts are those of PostgreSQL 13 to 18 in English,
/// to which both the server and the programs are set.
const MEANING: &[(&str, Class)] = &[
    ("No space left on device", Class::Environment),
    ("Disk quota exceeded", Class::Environment),
    ("File too large", Class::Environment),
    ("Input/output error", Class::Environment),
    ("Read-only file system", Class::Environment),
    ("Too many open files", Class::Environment),
    ("Cannot allocate memory", Class::Environment),
    ("Resource temporarily unavailable", Class::Environment),
    ("could not extend file", Class::Environment),
    ("could not write", Class::Environment),
    ("could not fsync", Class::Environment),
    ("could not read block", Class::Environment),
    ("invalid page in block", Class::Environment),
    ("contains corrupted page", Class::Environment),
    ("out of memory", Class::Environment),
    ("out of shared memory", Class::Environment),
    ("could not resize shared memory", Class::Environment),
    ("deadlock detected", Class::Environment),
    ("canceling statement due to", Class::Environment),
    ("in a read-only transaction", Class::Environment),
    ("terminated by user", Class::Environment),
    ("a worker process died unexpectedly", Class::Environment),
    ("temp_file_limit", Class::Environment),
    ("server closed the connection", Class::Environment),
    ("terminating connection", Class::Environment),
    ("connection to server", Class::Environment),
    ("connection to database", Class::Environment),
    ("could not translate host name", Class::Environment),
    ("could not receive data from server", Class::Environment),
    ("could not send data to server", Class::Environment),
    ("SSL SYSCALL error", Class::Environment),
    ("SSL error", Class::Environment),
    ("could not connect to", Class::Environment),
    // What dblink and file_fdw want is outside the sandbox.
    ("could not establish connection", Class::Environment),
    ("could not open file", Class::Environment),
    ("the database system is", Class::Environment),
    ("no connection to the server", Class::Environment),
    ("SSL connection has been closed", Class::Environment),
    ("remaining connection slots", Class::Environment),
    ("too many clients", Class::Environment),
    ("too many connections for", Class::Environment),
    ("unsupported version (", Class::Environment),
    ("could not open extension control file", Class::Environment),
    ("is not available", Class::Environment),
    ("could not access file", Class::Environment),
    ("tablespace \"", Class::Environment),
    (
        "invalid value for parameter \"default_tablespace",
        Class::Environment,
    ),
    ("database \"postgres\" already exists", Class::Environment),
    ("database \"template1\" already exists", Class::Environment),
    ("could not load library", Class::Environment),
    ("invalid locale name", Class::Environment),
    ("invalid value for parameter \"lc_", Class::Environment),
    ("permission denied to create", Class::Environment),
    ("must be superuser", Class::Environment),
    ("must be member of role", Class::Environment),
    ("must be able to SET ROLE", Class::Environment),
    ("must be owner of extension", Class::Harmless),
    ("unrecognized configuration parameter", Class::Harmless),
    ("schema \"public\" already exists", Class::Harmless),
];

/// What `pg_restore` says of the file itself. A server that says so speaks of something else, such as of its own disk.
const OF_THE_FILE: &[(&str, Class)] = &[
    ("end of file", Class::Truncated),
    ("unexpected end of", Class::Truncated),
    ("could not find block ID", Class::Truncated),
    ("could not find header for file", Class::Truncated),
    ("could not uncompress", Class::Corrupt),
    ("could not decompress", Class::Corrupt),
    ("corrupt", Class::Corrupt),
    ("unrecognized data block type", Class::Corrupt),
    ("did not find magic string", Class::Corrupt),
];

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Tool,
    Server,
}

/// Whose fault it is, by the message without values. Names in quotes mean nothing, but where they are part of what is
/// looked for: a table may be called "corrupt".
pub(super) fn classify(message: &str, by: By) -> Class {
    let bare = without_names(message);
    let says = |part: &str| {
        let place = if part.ends_with('"') || !part.contains('"') {
            &bare
        } else {
            message
        };
        place.contains(part)
    };
    let of_the_file = match by {
        By::Tool => OF_THE_FILE,
        By::Server => &[],
    };
    (MEANING.iter().chain(of_the_file))
        .find(|(part, _)| says(part))
        .map_or(Class::Lost, |&(_, class)| class)
}

/// The message with nothing between its quotes.
fn without_names(message: &str) -> String {
    let parts = message.split('"').enumerate();
    let outside: Vec<_> = (parts)
        .map(|(number, part)| if number % 2 == 0 { part } else { "" })
        .collect();
    outside.join("\"")
}

/// What the exit code of a tool means that did not say why it ended: behind 128 is the number of a signal, and what
/// comes from outside says nothing of the dump. 126 and 127 are a shell's: the program could not be run.
pub(super) const fn of_exit(code: i64) -> Class {
    const HUP: i64 = 1;
    const INT: i64 = 2;
    const KILL: i64 = 9;
    const PIPE: i64 = 13;
    const ALRM: i64 = 14;
    const TERM: i64 = 15;
    const XCPU: i64 = 24;
    const XFSZ: i64 = 25;
    const SYS: i64 = 31;
    match code {
        126 | 127 => Class::Environment,
        _ => match code - 128 {
            HUP | INT | KILL | PIPE | ALRM | TERM | XCPU | XFSZ | SYS => Class::Environment,
            _ => Class::Lost,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_nothing() {
        let lost = |message| assert_eq!(classify(message, By::Tool), Class::Lost, "{message}");
        lost("relation \"corrupt\" does not exist");
        lost("constraint \"out of memory\" of relation \"end of file\" does not exist");
        let named = classify("schema \"public\" already exists", By::Server);
        assert_eq!(named, Class::Harmless);
        assert_eq!(
            classify("schema \"x\" already exists", By::Server),
            Class::Lost
        );
        assert_eq!(
            classify("tablespace \"fast\" does not exist", By::Server),
            Class::Environment
        );
        for (parameter, class) in [
            ("lc_monetary", Class::Environment),
            ("default_tablespace", Class::Environment),
            ("work_mem", Class::Lost),
        ] {
            let message = format!("invalid value for parameter \"{parameter}\": \"x\"");
            assert_eq!(classify(&message, By::Server), class, "{message}");
        }
    }

    #[test]
    fn only_the_tool_speaks_of_the_dump_file() {
        let message = "could not read from input file: end of file";
        assert_eq!(classify(message, By::Tool), Class::Truncated);
        assert_eq!(
            classify("Wrong key or corrupt data", By::Server),
            Class::Lost
        );
        let damaged = "index \"i\" contains corrupted page at block 3";
        assert_eq!(classify(damaged, By::Server), Class::Environment);
    }

    #[test]
    fn a_disk_of_ours_is_no_loss() {
        for error in [
            "could not write to file \"base/pgsql_tmp/pgsql_tmp42.1\": File too large",
            "could not write to file \"base/pgsql_tmp/pgsql_tmp42.1\": Disk quota exceeded",
            "could not read block 3 in file \"base/1/2\": Input/output error",
            "deadlock detected",
            "a worker process died unexpectedly",
            "temporary file size exceeds temp_file_limit (100kB)",
            "canceling statement due to statement timeout",
            "cannot execute CREATE TABLE in a read-only transaction",
        ] {
            assert_eq!(classify(error, By::Server), Class::Environment, "{error}");
        }
    }

    #[test]
    fn a_tool_that_was_killed_says_nothing_of_the_dump_and_one_that_crashed_does() {
        for code in [126, 127, 129, 130, 137, 143] {
            assert_eq!(of_exit(code), Class::Environment, "{code}");
        }
        for code in [1, 2, 3, 134, 139] {
            assert_eq!(of_exit(code), Class::Lost, "{code}");
        }
    }
}
