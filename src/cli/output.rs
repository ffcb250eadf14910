//! Where results go: standard output, and the files that `--output` names.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    str::FromStr,
    sync::OnceLock,
};

use crate::{
    error::{Error, OrStop, Result},
    finding::Finding,
    report::Report,
    sinks::{self, Paint, Style, visible},
    words::Lang,
};

/// A format and the file to write it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: String,
    pub(super) path: PathBuf,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (format, path) = text
            .split_once('=')
            .filter(|(_, path)| !path.is_empty())
            .ok_or("write FORMAT=PATH, such as json=report.json")?;
        known(format)?;
        Ok(Self {
            format: format.to_owned(),
            path: path.into(),
        })
    }
}

/// Checks a format's name for the command line.
pub(super) fn known(format: &str) -> std::result::Result<String, String> {
    let names: Vec<_> = sinks::FORMATS.iter().map(|format| format.name).collect();
    if names.contains(&format) {
        return Ok(format.to_owned());
    }
    Err(format!("unknown format; known are {}", names.join(", ")))
}

/// Writes to standard output. A reader that went away is no error.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    // Nothing can be said to somebody who does not listen.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error.
pub(super) fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Tells what could not be done, as a finding is told.
pub(super) fn tell_error(error: &Error) {
    let finding = Finding::from(error.clone());
    let detail = finding.detail.as_deref().map(visible);
    let detail = detail.map_or_else(String::new, |detail| format!("  detail  {detail}\n"));
    let (message, hint) = (visible(&finding.message), visible(&finding.hint));
    tell(&format!("error  {message}\n{detail}    hint  {hint}\n"));
}

/// Colour for a stream that a person looks at, unless they do not want it.
pub(super) fn paint(terminal: bool) -> Paint {
    if terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
        Paint::Colour
    } else {
        Paint::Plain
    }
}

/// The language of whoever typed the command; set once, before anything is said.
static LANG: OnceLock<Lang> = OnceLock::new();

/// Sets the language: that of the flag, else that of the environment.
pub(super) fn speak(flag: Option<Lang>) {
    let environment = |name: &str| std::env::var(name).ok();
    let _ = LANG.set(flag.unwrap_or_else(|| Lang::of(environment)));
}

/// The reader's language.
pub(super) fn lang() -> Lang {
    LANG.get().copied().unwrap_or_default()
}

/// For standard output.
pub(super) fn style() -> Style {
    Style {
        paint: paint(io::stdout().is_terminal()),
        lang: lang(),
    }
}

/// For a file.
fn plain() -> Style {
    Style {
        paint: Paint::Plain,
        lang: lang(),
    }
}

/// Checks before a long run that the files can be written.
///
/// # Errors
/// When one of them cannot.
pub(super) fn prepare(outputs: &[Output]) -> Result<()> {
    for output in outputs {
        let open = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&output.path);
        open.or_stop(|| cannot_write(&output.path), HINT)?;
    }
    Ok(())
}

/// Writes the reports of a run into the files: one report as it is, several as one document after another (JSON: a
/// list).
///
/// # Errors
/// When one of the files cannot be written.
pub(super) fn write(outputs: &[Output], reports: &[Report]) -> Result<()> {
    for output in outputs {
        let text = render(&output.format, reports, plain());
        replace(&output.path, &text).or_stop(|| cannot_write(&output.path), HINT)?;
    }
    Ok(())
}

const HINT: &str = "Check the path given to `--output`.";

fn cannot_write(path: &Path) -> String {
    format!("could not write \"{}\"", path.display())
}

/// Replaces a file at once, so that nobody ever reads half of it.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The reports in one format.
pub(super) fn render(format: &str, reports: &[Report], style: Style) -> String {
    let Some(sink) = sinks::format(format) else {
        return String::new();
    };
    match reports {
        [only] => (sink.render)(only, style),
        several => (sink.several)(several, style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_names_a_known_format_and_a_path() {
        assert!("json=report.json".parse::<Output>().is_ok());
        assert!("json=".parse::<Output>().is_err());
        assert!("json".parse::<Output>().is_err());
        let error = "pdf=x".parse::<Output>().unwrap_err();
        assert!(error.contains("human, json"), "{error}");
    }

    #[test]
    fn several_reports_are_one_json_list() {
        let report = || Report::new("a", "r", jiff::Timestamp::UNIX_EPOCH);
        let text = render("json", &[report(), report()], Style::default());
        let list: Vec<Report> = serde_json::from_str(&text).unwrap();
        assert_eq!(list.len(), 2);
    }
}
