//! Where results go: standard output, and the files that `--output` names.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    error::{Error, OrStop, Result, sentence},
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

/// Whether something could not be written to standard output.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes to standard output. A reader that went away is no error; a full disk is, and told once.
pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        let hint = "Free disk space where standard output goes, or write it elsewhere.";
        let cause = sentence(&error.to_string());
        tell_error(&Error::new("could not write to standard output", hint).because(cause));
    }
}

/// The exit code of a command that ended with this one, now that all was written: what is lost was not done.
pub(super) fn ended(code: u8) -> u8 {
    const NOT_DONE: u8 = 3;
    if code == 0 && LOST.load(Ordering::Relaxed) {
        NOT_DONE
    } else {
        code
    }
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
    for (number, output) in outputs.iter().enumerate() {
        let same = |other: &Output| other.path == output.path;
        if outputs[..number].iter().any(same) && !is_no_file(&output.path) {
            let path = output.path.display();
            let message = format!("two reports would be written to \"{path}\"");
            return Err(Error::new(
                message,
                "Name a file of its own for each format.",
            ));
        }
        if output.path.is_dir() {
            return Err(Error::new(cannot_write(&output.path), HINT).because("It is a folder."));
        }
    }
    // Whoever reads a pipe would take an end of it for the end.
    for output in outputs.iter().filter(|output| !is_no_file(&output.path)) {
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
/// When one of the files cannot be written: that of the first. All others are written.
pub(super) fn write(outputs: &[Output], reports: &[Report]) -> Result<()> {
    let mut all = Ok(());
    for output in outputs {
        let text = render(&output.format, reports, plain());
        let written = replace(&output.path, &text);
        if written.is_err() {
            discard_empty(&output.path);
        }
        all = all.and(written.or_stop(|| cannot_write(&output.path), HINT));
    }
    all
}

/// Removes what only held the place of a report.
fn discard_empty(path: &Path) {
    let is_empty = fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() == 0);
    if is_empty {
        let _ = fs::remove_file(path);
    }
}

const HINT: &str = "Check the path given to `--output`.";

fn cannot_write(path: &Path) -> String {
    format!("could not write \"{}\"", path.display())
}

/// Replaces a file at once, so that nobody ever reads half of it; behind a link that is the file which it names. What is no
/// file, such as a pipe or a device, is written to.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    if is_no_file(path) {
        let mut out = fs::OpenOptions::new().append(true).open(path)?;
        return out.write_all(text.as_bytes());
    }
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
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

/// `/dev/stdout` names what a shell opened: another file in the place of that would never be read.
fn is_no_file(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    let opened = path == Path::new("/dev/stdout")
        || path == Path::new("/dev/stderr")
        || folder == Path::new("/dev/fd")
        || (folder.starts_with("/proc") && folder.ends_with("fd"));
    opened || fs::metadata(path).is_ok_and(|there| !there.is_file())
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
    fn a_file_is_replaced_also_behind_a_link_and_a_pipe_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "before").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        replace(&at("link"), "after").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "after");
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        // It would wait for a reader.
        let output = format!("json={}", at("pipe").display());
        prepare(&[output.parse().unwrap()]).unwrap();
        let pipe = at("pipe");
        let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
        replace(&at("pipe"), "through").unwrap();
        assert_eq!(reader.join().unwrap(), "through");
        assert!(replace(Path::new("/dev/full"), "lost").is_err());
        replace(Path::new("/dev/null"), "gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_file_that_cannot_be_written_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("json={}", folder.path().join(name).display());
        let names = ["first", "none/second", "third", "none/fourth"];
        let outputs = names.map(|name| at(name).parse().unwrap());
        let report = Report::new("a", "r", jiff::Timestamp::UNIX_EPOCH);
        let error = write(&outputs, &[report]).unwrap_err();
        assert!(error.to_string().contains("none/second"), "{error}");
        assert!(outputs[0].path.exists() && outputs[2].path.exists());
    }

    #[test]
    fn only_what_a_shell_opened_and_what_is_no_file_is_written_to_in_place() {
        for place in [
            "/dev/stdout",
            "/dev/stderr",
            "/dev/fd/3",
            "/proc/self/fd/3",
            "/proc/1/fd/3",
            "/dev/null",
        ] {
            assert!(is_no_file(Path::new(place)), "{place}");
        }
        for place in ["/dev/shm/x.json", "/dev/x.json", "/dev/stdout.json", "fd/3"] {
            assert!(!is_no_file(Path::new(place)), "{place}");
        }
    }

    #[test]
    fn several_reports_are_one_json_list() {
        let report = || Report::new("a", "r", jiff::Timestamp::UNIX_EPOCH);
        let text = render("json", &[report(), report()], Style::default());
        let list: Vec<Report> = serde_json::from_str(&text).unwrap();
        assert_eq!(list.len(), 2);
    }
}
