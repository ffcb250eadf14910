//! The few commands of `psql` that a dump may hold.

/// A line that starts with a backslash where a statement could begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `\restrict KEY`.
    Restrict(String),
    /// `\unrestrict KEY`.
    Unrestrict(String),
    /// `\connect NAME`.
    Connect(String),
    /// `\encoding SQL_ASCII`, before a `\connect` to a name that is not plain.
    Encoding,
    /// One that only speaks to whoever looks on, or says what is so anyway.
    Harmless,
    /// `\q`.
    Quit,
}

/// Whether the last line of a script could be the first part of a command that dumps hold.
pub(super) fn may_be_cut(line: &str) -> bool {
    ["\\restrict ", "\\unrestrict ", "\\connect ", "\\encoding "]
        .iter()
        .any(|command| command.starts_with(line) || line.starts_with(command))
}

/// What a line says; an error names the command that no dump has a reason to hold.
pub(super) fn command(line: &str) -> Result<Command, String> {
    let line = line.trim_end();
    let (name, arguments) = match line.find([' ', '\t']) {
        Some(at) => (&line[..at], line[at..].trim()),
        None => (line, ""),
    };
    let key = || {
        let plain = !arguments.is_empty() && arguments.bytes().all(|b| b.is_ascii_alphanumeric());
        plain.then(|| arguments.to_owned())
    };
    let command = match name {
        "\\restrict" => key().map(Command::Restrict),
        "\\unrestrict" => key().map(Command::Unrestrict),
        "\\connect" | "\\c" => database(arguments).map(Command::Connect),
        "\\encoding" => (arguments == "SQL_ASCII").then_some(Command::Encoding),
        "\\q" | "\\quit" => arguments.is_empty().then_some(Command::Quit),
        _ if is_harmless(line) => Some(Command::Harmless),
        _ => None,
    };
    command.ok_or_else(|| shown(line))
}

/// Whether a line does nothing to a database and starts no program. Such lines are left out: `psql` never sees them.
pub(super) fn is_harmless(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (name, rest) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
    // A backquote starts a program, and a backslash another command.
    if rest.iter().any(|word| word.contains(['`', '\\'])) {
        return false;
    }
    match name {
        "\\echo" | "\\qecho" => true,
        "\\timing" => matches!(rest[..], [] | ["on" | "off"]),
        "\\set" => matches!(rest[..], ["ON_ERROR_STOP", "on" | "1" | "true"]),
        _ => false,
    }
}

/// A command's name without what follows it.
pub(super) fn shown(line: &str) -> String {
    let rest = line.strip_prefix('\\').unwrap_or(line);
    let letters: String = rest
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .take(20)
        .collect();
    if !letters.is_empty() {
        return format!("\\{letters}");
    }
    let sign = rest.chars().next().filter(char::is_ascii_graphic);
    sign.map_or_else(|| "\\".to_owned(), |sign| format!("\\{sign}"))
}

/// The database of `\connect`: a name, a quoted name, or `-reuse-previous=on "dbname='…'"`.
fn database(arguments: &str) -> Option<String> {
    match arguments.strip_prefix("-reuse-previous=on ") {
        Some(connection) => dbname(&argument(connection.trim())?),
        // psql takes a name with these for a connection string, even when it is quoted.
        None => argument(arguments).filter(|name| !name.contains('=') && !name.contains("://")),
    }
    .filter(|name| !name.is_empty() && name != "-" && !name.contains('\0'))
}

/// The only argument, its quotes undone; a semicolon after it is `psql`'s to ignore.
fn argument(text: &str) -> Option<String> {
    let text = text.trim_end_matches([';', ' ', '\t']);
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    if let Some(inner) = inner {
        let lone = inner.replace("\"\"", "").contains('"');
        (!lone).then(|| inner.replace("\"\"", "\""))
    } else {
        // Unlike a statement, \connect does not fold a name to lower case.
        let plain = |c: char| c.is_alphanumeric() || "_.-+@#".contains(c);
        (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
    }
}

/// The name in `dbname='…'`, its backslashes undone.
fn dbname(connection: &str) -> Option<String> {
    let inner = connection.strip_prefix("dbname='")?.strip_suffix('\'')?;
    let mut name = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?),
            '\'' => return None,
            c => name.push(c),
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connects(line: &str) -> Option<String> {
        match command(line) {
            Ok(Command::Connect(name)) => Some(name),
            _ => None,
        }
    }

    #[test]
    fn the_commands_of_dumps_are_known() {
        assert_eq!(
            command("\\restrict aB3"),
            Ok(Command::Restrict("aB3".to_owned()))
        );
        assert_eq!(
            command("\\unrestrict aB3\r\n"),
            Ok(Command::Unrestrict("aB3".to_owned()))
        );
        assert_eq!(connects("\\connect shop").as_deref(), Some("shop"));
        assert_eq!(connects("\\c chinook;").as_deref(), Some("chinook"));
        assert_eq!(connects("\\connect \"Big\"").as_deref(), Some("Big"));
        assert_eq!(
            connects("\\connect -reuse-previous=on \"dbname='we\"\"ird \\'x\\' \\\\'\"").as_deref(),
            Some("we\"ird 'x' \\")
        );
    }

    #[test]
    fn commands_that_do_nothing_to_a_database_are_known() {
        for line in [
            "\\echo done :x",
            "\\qecho",
            "\\timing",
            "\\timing on",
            "\\set ON_ERROR_STOP on\r\n",
            "\\set  ON_ERROR_STOP 1",
        ] {
            assert_eq!(command(line), Ok(Command::Harmless), "{line}");
        }
        assert_eq!(command("\\q\n"), Ok(Command::Quit));
    }

    #[test]
    fn every_other_command_is_named_without_its_arguments() {
        for (line, name) in [
            ("\\! touch x", "\\!"),
            ("\\copy t from program 'x'", "\\copy"),
            ("\\unrestrict `touch x`", "\\unrestrict"),
            ("\\restrict", "\\restrict"),
            ("\\connect a b", "\\connect"),
            ("\\connect `touch x`", "\\connect"),
            ("\\connect :x", "\\connect"),
            ("\\connect \"host=evil dbname=x\" y", "\\connect"),
            ("\\connect host=evil", "\\connect"),
            ("\\connect postgres://evil/x", "\\connect"),
            (
                "\\connect -reuse-previous=on \"dbname='x' host='evil'\"",
                "\\connect",
            ),
            ("\\c x \\! y", "\\c"),
            ("\\encoding SJIS", "\\encoding"),
            ("\\echo `touch x`", "\\echo"),
            ("\\echo done \\! touch x", "\\echo"),
            ("\\set ON_ERROR_STOP off", "\\set"),
            ("\\set ON_ERROR_STOP `touch x`", "\\set"),
            ("\\set ON_ERROR_STOP", "\\set"),
            ("\\timing `touch x`", "\\timing"),
            ("\\q \\! touch x", "\\q"),
            ("\\q;", "\\q"),
            ("\\echox", "\\echox"),
            ("\\o |touch x", "\\o"),
            ("\\", "\\"),
        ] {
            assert_eq!(command(line), Err(name.to_owned()), "{line}");
        }
    }
}
