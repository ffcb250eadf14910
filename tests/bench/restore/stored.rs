//! One dump in a bucket on a loopback server that sends no faster than it is told, over all its connections together.
//! Signatures are not looked at.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, Response, header},
};
use futures_util::stream;
use jiff::Timestamp;
use tokio::time::Instant;

/// How much is sent at a time.
const STEP: u64 = 64 * 1024;

/// How late a timer may be.
const LATE: Duration = Duration::from_millis(20);

/// Its key, below the bucket.
pub(crate) const KEY: &str = "db/shop.dump";

/// A dump in a bucket.
pub(crate) struct Stored {
    file: File,
    size: u64,
    /// The moment at which the link is free again.
    free: Mutex<Instant>,
    /// Bytes a second; none: as fast as it goes.
    rate: Option<u64>,
    sent: AtomicU64,
}

impl Stored {
    /// A file, and how many bytes of it are sent in a second.
    pub(crate) fn of(path: &Path, rate: Option<u64>) -> Arc<Self> {
        let file = File::open(path).unwrap();
        let size = file.metadata().unwrap().len();
        Arc::new(Self {
            file,
            size,
            free: Mutex::new(Instant::now()),
            rate,
            sent: AtomicU64::new(0),
        })
    }

    /// How many bytes of it were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Serves it on a free port until the runtime ends; the address with its scheme.
    pub(crate) async fn serve(self: &Arc<Self>) -> String {
        let stored = Arc::clone(self);
        let app = Router::new().fallback(move |request: Request| {
            let stored = Arc::clone(&stored);
            async move { stored.answer(&request) }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        format!("http://{address}")
    }

    fn answer(self: Arc<Self>, request: &Request) -> Response<Body> {
        let answer = Response::builder();
        if request
            .uri()
            .query()
            .is_some_and(|query| query.contains("list-type"))
        {
            return answer.body(Body::from(self.listing())).unwrap();
        }
        if !request.uri().path().ends_with(KEY) {
            let gone = "<Error><Code>NoSuchKey</Code></Error>";
            return answer.status(404).body(Body::from(gone)).unwrap();
        }
        let range = request
            .headers()
            .get(header::RANGE)
            .and_then(|range| range.to_str().ok());
        let (from, to) = range.map_or((0, self.size), |range| self.range(range));
        let answer = answer
            .status(if range.is_some() { 206 } else { 200 })
            .header(header::ETAG, "\"00000000000000000000000000000000-9\"")
            .header(header::LAST_MODIFIED, "Mon, 23 Nov 2026 00:00:00 GMT")
            .header(header::CONTENT_LENGTH, to - from)
            .header(
                header::CONTENT_RANGE,
                format!("bytes {from}-{}/{}", to - 1, self.size),
            );
        if request.method() == Method::HEAD {
            return answer.body(Body::empty()).unwrap();
        }
        let pieces = stream::unfold(from, move |at| {
            let stored = Arc::clone(&self);
            async move {
                let bytes = stored.piece(at, to).await?;
                let next = at + bytes.len() as u64;
                Some((Ok::<_, io::Error>(bytes), next))
            }
        });
        answer.body(Body::from_stream(pieces)).unwrap()
    }

    /// `bytes=7-41`, `bytes=7-`.
    fn range(&self, range: &str) -> (u64, u64) {
        let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap();
        let to = to
            .parse()
            .map_or(self.size, |last: u64| (last + 1).min(self.size));
        (from.parse().unwrap(), to)
    }

    /// The next bytes, once the link has sent those before them.
    async fn piece(&self, at: u64, to: u64) -> Option<Vec<u8>> {
        let count = STEP.min(to - at);
        if count == 0 {
            return None;
        }
        if let Some(rate) = self.rate {
            let takes = Duration::from_secs_f64(count as f64 / rate as f64);
            let turn = {
                let mut free = self.free.lock().unwrap();
                // A link that was idle for a moment makes up for it: a timer wakes up to some milliseconds late.
                let turn = (*free).max(Instant::now() - LATE);
                *free = turn + takes;
                turn
            };
            tokio::time::sleep_until(turn + takes).await;
        }
        let mut bytes = vec![0; usize::try_from(count).unwrap()];
        self.file.read_exact_at(&mut bytes, at).unwrap();
        self.sent.fetch_add(count, Relaxed);
        Some(bytes)
    }

    fn listing(&self) -> String {
        let now = Timestamp::now();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>backups</Name><Prefix>db/</Prefix><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>\
             <IsTruncated>false</IsTruncated><Contents><Key>{KEY}</Key><LastModified>{now}</LastModified>\
             <ETag>&quot;00000000000000000000000000000000-9&quot;</ETag><Size>{}</Size></Contents></ListBucketResult>",
            self.size
        )
    }
}
