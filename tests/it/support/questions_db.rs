//! A PostgreSQL cluster of the tests' own, and databases in it that checks are asked in.

use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use pgdrill::{
    checks::{self, Context, Outcome, Reader},
    plan::Checks,
};
use tokio_postgres::{Client, NoTls};

static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running cluster; it stops when the last test that uses it ends.
struct Cluster {
    folder: tempfile::TempDir,
    server: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.server.id().cast_signed());
        // SIGQUIT: at once; nothing in it is worth a checkpoint.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

/// A database of its own in the tests' cluster.
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    name: String,
    reader: Reader,
}

impl Database {
    /// A fresh database after this SQL ran in it; `None` where no PostgreSQL is installed.
    pub(crate) async fn with(sql: &str) -> Option<Self> {
        let cluster = cluster()?;
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("questions_{number}");
        let admin = connect(&cluster, "postgres", "postgres", "").await;
        let create = format!("create database {name}");
        admin.batch_execute(&create).await.unwrap();
        let superuser = connect(&cluster, &name, "postgres", "").await;
        superuser.batch_execute(sql).await.unwrap();
        let reader = checks::create_reader(&superuser, &format!("{name}-{}", std::process::id()))
            .await
            .unwrap();
        Some(Self {
            cluster,
            name,
            reader,
        })
    }

    /// A connection that may do anything.
    pub(crate) async fn superuser(&self) -> Client {
        connect(&self.cluster, &self.name, "postgres", "").await
    }

    /// A connection as another role.
    pub(crate) async fn connect_as(&self, role: &str, password: &str) -> Client {
        connect(&self.cluster, &self.name, role, password).await
    }

    /// A connection as the role that reads.
    pub(crate) async fn client(&self) -> Client {
        let password = self.reader.password.reveal();
        self.connect_as(&self.reader.role, password).await
    }

    /// The role that reads.
    pub(crate) const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// A folder that the server may write to.
    pub(crate) fn folder(&self) -> &Path {
        self.cluster.folder.path()
    }

    /// Asks the checks on two connections.
    pub(crate) async fn ask(&self, declared: &Checks) -> Outcome {
        self.try_ask(declared, &context()).await.unwrap()
    }

    /// Asks the checks on two connections, with other facts of the run.
    pub(crate) async fn try_ask(
        &self,
        declared: &Checks,
        context: &Context,
    ) -> pgdrill::error::Result<Outcome> {
        let clients = vec![self.client().await, self.client().await];
        let superuser = self.superuser().await;
        checks::run(declared, context, &superuser, clients).await
    }
}

/// A run on 2026-11-24 of a dump that was taken a day before.
pub(crate) fn context() -> Context {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Context {
        backup_time: Some(at("2026-11-23T00:00:00Z")),
        is_stored: false,
        now: at("2026-11-24T00:00:00Z"),
        restore_errors: 0,
        only_schema: false,
        counted: std::collections::HashMap::new(),
        only: Vec::new(),
        earlier: checks::Earlier::default(),
        live: None,
    }
}

fn cluster() -> Option<Arc<Cluster>> {
    let mut shared = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = shared.upgrade() {
        return Some(running);
    }
    let Some(programs) = programs() else {
        let required = env::var("PGDRILL_TEST_REQUIRE").unwrap_or_default();
        let needed = |word: &str| ["postgres", "all"].contains(&word.trim());
        assert!(
            !required.split(',').any(needed),
            "PGDRILL_TEST_REQUIRE asks for PostgreSQL, and none is installed"
        );
        eprintln!("skipped: no PostgreSQL is installed");
        return None;
    };
    let cluster = Arc::new(start(&programs));
    *shared = Arc::downgrade(&cluster);
    Some(cluster)
}

/// The newest installation's folder of programs.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

/// A program as an unprivileged user: the server refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    if nix::unistd::geteuid().is_root() {
        let user = nix::unistd::User::from_name("postgres").unwrap().unwrap();
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn start(programs: &Path) -> Cluster {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("data");
    let initialized = unprivileged(&programs.join("initdb"))
        .args(["--username=postgres", "--auth=trust", "--no-sync"])
        .args(["--encoding=UTF8", "--locale=C", "-D"])
        .arg(&data)
        .status()
        .unwrap();
    assert!(initialized.success(), "initdb failed");
    let access = "local all postgres trust\nlocal all all scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), access).unwrap();
    let mut server = unprivileged(&programs.join("postgres"));
    server.arg("-D").arg(&data).arg("-k").arg(folder.path());
    for setting in ["listen_addresses=", "fsync=off", "max_connections=50"] {
        server.args(["-c", setting]);
    }
    let server = server.spawn().unwrap();
    let cluster = Cluster { folder, server };
    wait_until_ready(programs, &cluster);
    cluster
}

fn wait_until_ready(programs: &Path, cluster: &Cluster) {
    let begun = Instant::now();
    loop {
        let ready = Command::new(programs.join("pg_isready"))
            .arg("-h")
            .arg(cluster.folder.path())
            .stdout(Stdio::null())
            .status();
        if ready.unwrap().success() {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "the tests' PostgreSQL does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

async fn connect(cluster: &Cluster, database: &str, role: &str, password: &str) -> Client {
    let (client, connection) = tokio_postgres::Config::new()
        .host_path(cluster.folder.path())
        .dbname(database)
        .user(role)
        .password(password)
        .connect(NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}
