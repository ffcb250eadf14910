//! A web server on 127.0.0.1 that hands out files and keeps what it is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{Method, StatusCode, Uri},
};
use tokio::net::TcpListener;

/// A running server; it ends with the test's runtime.
pub(crate) struct Web {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Web {
    /// Starts one with these files by path. Without a file at a path it answers 200 to a POST and to `/heartbeat`, else
    /// 404.
    pub(crate) async fn start(files: HashMap<String, Vec<u8>>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let answer = move |method: Method, uri: Uri, body: Bytes| async move {
            let path = uri.path().to_owned();
            let file = files.get(&path).cloned();
            let known = file.is_some() || method == Method::POST || path == "/heartbeat";
            log.lock().unwrap().push(Seen {
                method: method.to_string(),
                path,
                body: String::from_utf8_lossy(&body).into_owned(),
            });
            let status = if known {
                StatusCode::OK
            } else {
                StatusCode::NOT_FOUND
            };
            (status, file.unwrap_or_default())
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen }
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
