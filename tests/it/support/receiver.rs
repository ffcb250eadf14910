//! A receiver of messages on 127.0.0.1: answers as it is told, and remembers what it got.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What is answered to one request.
pub(crate) enum Answer {
    /// This status, with these header lines and this body.
    Status(u16, String, &'static str),
    /// Nothing, for as long as the test lasts.
    Hang,
    /// The connection is closed.
    Close,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self::Status(status, String::new(), "")
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub method: String,
    /// With its query.
    pub path: String,
    /// As `name: value`, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A receiver that ends with the test.
pub(crate) struct Receiver {
    port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// Answers these in turn, and everything after them with 200.
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let got = Arc::new(Mutex::new(Vec::new()));
        let (all, answers) = (got.clone(), Arc::new(Mutex::new(VecDeque::from(answers))));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, all.clone(), answers.clone()));
            }
        });
        Self { port, got }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// How many requests went to a path, and forgets all of them.
    pub(crate) fn take(&self, path: &str) -> Vec<Got> {
        let mut got = self.got.lock().unwrap();
        let (taken, rest) = got.drain(..).partition(|got| got.path.starts_with(path));
        *got = rest;
        taken
    }
}

async fn serve(
    mut socket: TcpStream,
    all: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
) {
    let Some(got) = read(&mut socket).await else {
        return;
    };
    all.lock().unwrap().push(got);
    let answer = answers.lock().unwrap().pop_front();
    let (status, headers, body) = match answer {
        Some(Answer::Status(status, headers, body)) => (status, headers, body),
        Some(Answer::Hang) => {
            // Until the other side gives up.
            let _ = socket.read(&mut [0]).await;
            return;
        }
        Some(Answer::Close) => return,
        None => (200, String::new(), "ok"),
    };
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    let _ = socket.write_all(text.as_bytes()).await;
    let _ = socket.shutdown().await;
}

async fn read(socket: &mut TcpStream) -> Option<Got> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 65_536];
    loop {
        let count = socket
            .read(&mut chunk)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let got = parse(head, body);
        if body.len() >= got.header("content-length").parse().unwrap_or(0) {
            return Some(got);
        }
    }
}

fn parse(head: &str, body: &str) -> Got {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut word = || first.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    });
    Got {
        method,
        path,
        headers: headers.collect(),
        body: body.to_owned(),
    }
}
