//! Runs our workflows with `act` on this machine, in a repository as a user has one.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::server::missing;

/// The action that cannot be fetched, and who stands in for it.
const UPLOAD: &str = "actions/upload-artifact";
const STAND_IN: &str = "tests/it/support/act/upload-artifact";

/// A user's repository: their plan in `checks/`, and the workflow with its action.
pub(crate) struct Repository {
    folder: TempDir,
    secrets: String,
    variables: String,
}

/// A run that ended.
pub(crate) struct Ran {
    /// Whether the job succeeded.
    pub(crate) success: bool,
    /// What the runner and the steps wrote.
    pub(crate) log: String,
    /// Where the artefacts are, one folder each.
    pub(crate) artefacts: PathBuf,
}

impl Repository {
    /// Makes one; none, with a word on stderr, where act or git is missing.
    pub(crate) fn with(plan: &str) -> Option<Self> {
        for program in ["act", "git"] {
            if let Err(error) = Command::new(program).arg("--version").output() {
                missing("act", &format!("{program} does not start: {error}"));
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let repository = Self {
            folder,
            secrets: String::new(),
            variables: String::new(),
        };
        let root = repository.root();
        for place in [".github/workflows", ".github/actions/verify", "checks"] {
            fs::create_dir_all(root.join(place)).unwrap();
        }
        for file in ["action.yml", "get", "drill"] {
            let file = Path::new(".github/actions/verify").join(file);
            fs::copy(&file, root.join(&file)).unwrap();
        }
        fs::copy("Cargo.toml", root.join("Cargo.toml")).unwrap();
        fs::write(root.join("checks/shop.yaml"), plan).unwrap();
        repository.add_workflow();
        repository.commit();
        let program = env!("CARGO_BIN_EXE_pgdrill");
        let artefacts = repository.artefacts().display().to_string();
        Some(
            repository
                .variable("PGDRILL_BIN", program)
                .variable("ARTEFACTS", &artefacts),
        )
    }

    /// GitHub resolves `$/` to the workflow's own repository. act does not know it yet (nektos/act#6189), so it gets
    /// the older way to say the same.
    fn add_workflow(&self) {
        let name = ".github/workflows/backup-verify.yml";
        let text = fs::read_to_string(name).unwrap();
        assert_eq!(text.matches("uses: $/").count(), 1);
        fs::write(self.root().join(name), text.replace("uses: $/", "uses: ./")).unwrap();
    }

    fn commit(&self) {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let commands: [&[&str]; 4] = [
            &["init", "--quiet", "--initial-branch=main"],
            &["add", "--all"],
            &["commit", "--quiet", "--message=A plan"],
            &[
                "remote",
                "add",
                "origin",
                "https://github.com/example/shop.git",
            ],
        ];
        for arguments in commands {
            let mut git = Command::new("git");
            git.args(identity).args(arguments).current_dir(self.root());
            git.env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_SYSTEM", "/dev/null");
            let output = git.output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    fn artefacts(&self) -> PathBuf {
        self.folder.path().join("artefacts")
    }

    /// Sets a secret of the repository.
    pub(crate) fn secret(mut self, name: &str, value: &str) -> Self {
        writeln!(self.secrets, "{name}={value}").unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        writeln!(self.variables, "{name}={value}").unwrap();
        self
    }

    /// Starts the workflow by hand with these inputs, and waits for its end without blocking the servers of the test.
    pub(crate) async fn dispatch(&self, inputs: &[(&str, &str)]) -> Ran {
        let folder = self.folder.path();
        fs::write(folder.join("secrets"), &self.secrets).unwrap();
        fs::write(folder.join("variables"), &self.variables).unwrap();
        let mut act = Command::new("act");
        act.args([
            "workflow_dispatch",
            "--workflows",
            ".github/workflows/backup-verify.yml",
        ])
        .args([
            "--platform",
            "ubuntu-24.04=-self-hosted",
            "--no-cache-server",
        ])
        .arg("--secret-file")
        .arg(folder.join("secrets"))
        .arg("--env-file")
        .arg(folder.join("variables"))
        .args(["--local-repository", &stand_in()])
        .current_dir(self.root())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, value) in inputs {
            act.args(["--input", &format!("{name}={value}")]);
        }
        let ended = tokio::task::spawn_blocking(move || act.output().unwrap());
        let output = ended.await.unwrap();
        let log = [output.stdout, output.stderr].concat();
        Ran {
            success: output.status.success(),
            log: String::from_utf8_lossy(&log).into_owned(),
            artefacts: self.artefacts(),
        }
    }
}

/// What the workflow names, to be taken from here.
fn stand_in() -> String {
    let text = fs::read_to_string(".github/workflows/backup-verify.yml").unwrap();
    let (_, rest) = text.split_once(&format!("uses: {UPLOAD}@")).unwrap();
    let commit = rest.split_whitespace().next().unwrap();
    let folder = fs::canonicalize(STAND_IN).unwrap();
    format!("{UPLOAD}@{commit}={}", folder.display())
}
