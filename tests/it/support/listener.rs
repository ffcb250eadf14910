//! Whoever calls out is seen here.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::PermissionsExt, net::UnixListener},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Counts who connects, on every address of this machine.
pub(crate) fn listener() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || counting(&seen, listener.incoming()));
    (port, count)
}

/// A socket of PostgreSQL's name in this folder that everybody may connect to; the count as above.
pub(crate) fn socket(folder: &Path) -> Arc<AtomicUsize> {
    let path = folder.join(".s.PGSQL.5432");
    let listener = UnixListener::bind(&path).unwrap();
    for open in [folder, &path] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    std::thread::spawn(move || counting(&seen, listener.incoming()));
    count
}

fn counting<T>(seen: &AtomicUsize, connections: impl Iterator<Item = T>) {
    for connection in connections {
        seen.fetch_add(1, Ordering::SeqCst);
        drop(connection);
    }
}
