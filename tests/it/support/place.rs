//! A folder with a plan and its backups.

use std::{fs, path::PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    program::verify,
    s3::{BUCKET, S3Server},
};

/// A plan that wants a table to be there, for the dumps below this path of a bucket, with these lines at its end.
pub(crate) fn in_bucket(storage: &S3Server, path: &str, more: &str) -> String {
    let endpoint = &storage.endpoint;
    format!(
        "version: 1\nname: shop\nbackup: {{ url: \"s3://{BUCKET}/{path}\", endpoint: \"{endpoint}\" }}\ndatabase: {{ tables: {{ min: 1 }} }}\n{more}"
    )
}

/// A folder with a plan that wants a table to be there, and with backups in `backups`.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// The plan of an empty folder, with these lines at its end.
    pub(crate) fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("backups")).unwrap();
        let plan = format!(
            "version: 1\nname: shop\nbackup: {{ url: ./backups }}\ndatabase: {{ tables: {{ min: 1 }} }}\n{more}"
        );
        fs::write(folder.path().join("shop.yaml"), plan).unwrap();
        Self { folder }
    }

    /// Where a file beside the plan is, or will be.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a backup is, or will be.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("backups").join(name)
    }

    /// Writes a backup, or a file beside it.
    pub(crate) fn store(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).unwrap();
    }

    /// Verifies in this kind of sandbox; the exit code and the report.
    pub(crate) async fn drill(&self, sandbox: &str) -> (i32, Value) {
        verify(&self.path("shop.yaml"), &["--sandbox", sandbox]).await
    }
}
