//! Whoever calls out is seen here.

use std::{
    net::TcpListener,
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
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            seen.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    (port, count)
}
