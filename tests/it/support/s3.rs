//! A real S3 protocol server on 127.0.0.1 over a folder, signatures checked, which can be told to misbehave.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use md5::{Digest as _, Md5};
use pgdrill::{
    backup::{Keys, Patience, Store},
    plan::{BackupPlan, Select},
    units::Secret,
};
use s3s::{
    S3, S3ErrorCode, S3Request, S3Response, S3Result, auth::SimpleAuth, dto::*, s3_error,
    service::S3ServiceBuilder,
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The one bucket.
pub(crate) const BUCKET: &str = "backups";
/// The one access key.
pub(crate) const ACCESS_KEY: &str = "PGDRILLTESTKEY";
/// Its secret.
pub(crate) const SECRET: &str = "pgdrill-test-secret-3f1b";

/// A running server; it ends with the test's runtime, its folder when it is dropped.
pub(crate) struct S3Server {
    /// `http://127.0.0.1:port`.
    pub(crate) endpoint: String,
    /// What to do wrong.
    pub(crate) faults: Faults,
    folder: TempDir,
}

/// What to do wrong; clones tell the same server.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Script>>);

/// What a listing waits for.
#[derive(Default)]
enum Hold {
    #[default]
    Nothing,
    Until(Box<dyn Fn() -> bool + Send>),
    /// It never came.
    InVain,
}

#[derive(Default)]
struct Script {
    busy: u32,
    busy_gets: u32,
    cuts: VecDeque<Cut>,
    flips: u32,
    flip_at: usize,
    swap: Option<(PathBuf, Vec<u8>)>,
    no_conditions: bool,
    no_ranges: bool,
    checksums: HashMap<String, Checksum>,
    /// What is said once in the place of these.
    checksum_once: Option<Checksum>,
    part: Option<i64>,
    region: Option<&'static str>,
    /// What is denied, and how often it is not.
    denied: Vec<(&'static str, u32)>,
    no_new_only: bool,
    lost_puts: u32,
    reading: u32,
    reading_most: u32,
    log: Vec<String>,
    hold: Hold,
    /// The object that is held, and which of the requests for it by the byte that they begin at; none: listings are.
    held: Option<(String, std::ops::Range<u64>)>,
}

#[derive(Clone, Copy)]
struct Cut {
    after: usize,
    stall: bool,
}

impl Faults {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    /// Answers 503 this many times; `u32::MAX` is for ever.
    pub(crate) fn busy(&self, times: u32) {
        self.script().busy = times;
    }

    /// Answers 503 this many times to those who read an object.
    pub(crate) fn busy_gets(&self, times: u32) {
        self.script().busy_gets = times;
    }

    /// Closes the connection of the next body after so many bytes, and so on for those after it.
    pub(crate) fn cut(&self, after: &[usize]) {
        self.script().cuts.extend(after.iter().map(|&after| Cut {
            after,
            stall: false,
        }));
    }

    /// Sends so many bytes of the next body and then nothing, without closing the connection.
    pub(crate) fn stall(&self, after: usize) {
        self.script().cuts.push_back(Cut { after, stall: true });
    }

    /// Turns one bit of the next bodies, in their first byte.
    pub(crate) fn flip(&self, bodies: u32) {
        self.flip_at(0, bodies);
    }

    /// Turns one bit of the next bodies, in the byte with so many before it.
    pub(crate) fn flip_at(&self, at: usize, bodies: u32) {
        let mut script = self.script();
        (script.flip_at, script.flips) = (at, bodies);
    }

    /// Replaces a file when a body is cut.
    pub(crate) fn swap_at_cut(&self, file: PathBuf, bytes: &[u8]) {
        self.script().swap = Some((file, bytes.to_vec()));
    }

    /// Does not know `If-Match`, as some services do not.
    pub(crate) fn no_conditions(&self) {
        self.script().no_conditions = true;
    }

    /// Sends all of an object whatever range is asked for.
    pub(crate) fn no_ranges(&self) {
        self.script().no_ranges = true;
    }

    /// Stores a checksum with a key.
    pub(crate) fn checksum(&self, key: &str, checksum: Checksum) {
        self.script().checksums.insert(key.to_owned(), checksum);
    }

    /// Says once that another checksum is stored.
    pub(crate) fn checksum_once(&self, checksum: Checksum) {
        self.script().checksum_once = Some(checksum);
    }

    /// Says that a key was uploaded in parts of this size.
    pub(crate) fn part_size(&self, size: i64) {
        self.script().part = Some(size);
    }

    /// Answers requests that are signed for this region only.
    pub(crate) fn only_in(&self, region: &'static str) {
        self.script().region = Some(region);
    }

    /// Denies what begins like this in the log: `list`, `put`, `get`.
    pub(crate) fn deny(&self, what: &'static str) {
        self.deny_after(what, 0);
    }

    /// Denies the same when it was asked for so many times.
    pub(crate) fn deny_after(&self, what: &'static str, times: u32) {
        self.script().denied.push((what, times));
    }

    /// Answers 501 to `If-None-Match`, as some services do.
    pub(crate) fn no_new_only(&self) {
        self.script().no_new_only = true;
    }

    /// Lists nothing until this is so, or for half a minute.
    pub(crate) fn hold(&self, until: impl Fn() -> bool + Send + 'static) {
        self.script().hold = Hold::Until(Box::new(until));
    }

    /// Sends nothing of this object until this is so, or for half a minute.
    pub(crate) fn hold_object(&self, key: &str, until: impl Fn() -> bool + Send + 'static) {
        self.hold_part(key, 0..u64::MAX, until);
    }

    /// The same for those who ask for bytes of it that begin within these.
    pub(crate) fn hold_part(
        &self,
        key: &str,
        part: std::ops::Range<u64>,
        until: impl Fn() -> bool + Send + 'static,
    ) {
        self.script().held = Some((key.to_owned(), part));
        self.hold(until);
    }

    /// Whether it never was.
    pub(crate) fn held_in_vain(&self) -> bool {
        matches!(self.script().hold, Hold::InVain)
    }

    /// Waits where a listing, or this object, is held.
    async fn held(&self, object: Option<(&str, u64)>) {
        let is_held = match (&self.script().held, object) {
            (Some((held, part)), Some((key, from))) => held == key && part.contains(&from),
            (held, object) => held.is_none() && object.is_none(),
        };
        if !is_held {
            return;
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        while matches!(&self.script().hold, Hold::Until(is_so) if !is_so()) {
            if Instant::now() > deadline {
                self.script().hold = Hold::InVain;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stores the next objects, and answers 503 in the place of saying so.
    pub(crate) fn lose_puts(&self, times: u32) {
        self.script().lost_puts = times;
    }

    /// How many objects were read at the same time at most.
    pub(crate) fn reading_most(&self) -> u32 {
        self.script().reading_most
    }

    /// Every request so far: `list`, `list after KEY`, `head KEY`, `upload KEY`, `give up KEY`, `get KEY`, `get KEY if-match`, `get KEY from 7
    /// if-match`, `put KEY`, `put KEY if-none-match`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.script().log.clone()
    }

    fn admit(&self, what: String, region: Option<&str>) -> S3Result<()> {
        let mut script = self.script();
        let mut asked = script.denied.iter_mut();
        let asked = asked.find(|(start, _)| what.starts_with(start));
        let denied = asked.is_some_and(|(_, left)| match left.checked_sub(1) {
            Some(less) => {
                *left = less;
                false
            }
            None => true,
        });
        let busy_get = what.starts_with("get") && script.busy_gets > 0;
        script.busy_gets -= u32::from(busy_get);
        script.log.push(what);
        if denied {
            return Err(s3_error!(AccessDenied, "Access Denied."));
        }
        if let Some(wanted) = script.region
            && region != Some(wanted)
        {
            let message = format!(
                "The authorization header is malformed; the region is wrong; expecting '{wanted}'."
            );
            return Err(s3s::S3Error::with_message(
                S3ErrorCode::AuthorizationHeaderMalformed,
                message,
            ));
        }
        if busy_get {
            return Err(s3_error!(SlowDown, "Please reduce your request rate."));
        }
        if script.busy > 0 {
            script.busy -= u32::from(script.busy != u32::MAX);
            return Err(s3_error!(SlowDown, "Please reduce your request rate."));
        }
        Ok(())
    }
}

impl S3Server {
    /// Starts a server with an empty bucket.
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let faults = Faults::default();
        let bucket = Bucket {
            files: FileSystem::new(folder.path()).unwrap(),
            root: folder.path().to_owned(),
            faults: faults.clone(),
            tags: Mutex::default(),
        };
        let mut service = S3ServiceBuilder::new(bucket);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // A client may go away at any time.
                    let server = Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self {
            endpoint,
            faults,
            folder,
        }
    }

    /// Where the bytes of a key are.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join(BUCKET).join(key)
    }

    /// Stores an object that is so many seconds old.
    pub(crate) fn put(&self, key: &str, bytes: &[u8], seconds_old: u64) {
        let file = self.file(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, bytes).unwrap();
        let modified = SystemTime::now() - Duration::from_secs(seconds_old);
        File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(modified)
            .unwrap();
    }

    /// A plan whose backups are below this path of the bucket.
    pub(crate) fn plan(&self, path: &str) -> BackupPlan {
        BackupPlan {
            url: format!("s3://{BUCKET}/{path}"),
            endpoint: Some(self.endpoint.clone()),
            region: None,
            pattern: None,
            select: Select::Newest,
            timezone: None,
            database: None,
        }
    }

    /// The store below this path of the bucket.
    pub(crate) async fn store(&self, path: &str) -> Store {
        open(&self.plan(path), SECRET, hasty()).await.unwrap()
    }
}

/// Opens a store with the one access key and some secret.
pub(crate) async fn open(
    plan: &BackupPlan,
    secret: &str,
    patience: Patience,
) -> pgdrill::error::Result<Store> {
    let keys = Keys {
        id: ACCESS_KEY.to_owned(),
        secret: Secret::new(secret),
    };
    Store::open_with(plan, std::path::Path::new("."), Some(keys), patience).await
}

/// Short pauses, so that tests do not wait.
pub(crate) fn hasty() -> Patience {
    Patience {
        deadline: Duration::from_secs(20),
        stall: Duration::from_secs(5),
        pause: Duration::from_millis(10),
    }
}

/// The entity tag of an object that was uploaded at once.
pub(crate) fn md5(bytes: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(Md5::digest(bytes).into()))
}

/// The folder as a bucket, with what s3s-fs leaves out: entity tags in listings, If-Match, and what goes wrong.
struct Bucket {
    files: FileSystem,
    root: PathBuf,
    faults: Faults,
    /// Ranges ask for the same tags again and again.
    tags: Mutex<HashMap<Version, String>>,
}

/// A file, its size, and when it was written.
type Version = (PathBuf, (u64, SystemTime));

impl Bucket {
    fn etag(&self, bucket: &str, key: &str) -> Option<ETag> {
        let file = self.root.join(bucket).join(key);
        // Hashing a large file would hold up the client beside us for longer than its patience.
        let about = fs::metadata(&file)
            .ok()
            .filter(|about| about.len() < 1 << 27)
            .and_then(|about| Some((about.len(), about.modified().ok()?)))?;
        let known = self
            .tags
            .lock()
            .unwrap()
            .get(&(file.clone(), about))
            .cloned();
        let tag = match known {
            Some(tag) => tag,
            None => md5(&fs::read(&file).ok()?),
        };
        self.tags.lock().unwrap().insert((file, about), tag.clone());
        Some(ETag::Strong(tag))
    }

    fn spoil(&self, body: StreamingBlob) -> StreamingBlob {
        let mut script = self.faults.script();
        let mut flip = (script.flips > 0).then_some(script.flip_at);
        script.flips = script.flips.saturating_sub(1);
        let cut = script.cuts.pop_front();
        let swap = cut.and_then(|_| script.swap.take());
        drop(script);
        let body = body.map(move |chunk| {
            let chunk = chunk.map_err(|error| std::io::Error::other(error.to_string()))?;
            let mut chunk = chunk.to_vec();
            if let Some(byte) = flip.and_then(|at| chunk.get_mut(at)) {
                *byte ^= 1;
            }
            flip = flip.and_then(|at| at.checked_sub(chunk.len()));
            Ok::<_, std::io::Error>(Bytes::from(chunk))
        });
        match cut {
            None => StreamingBlob::wrap(body),
            Some(cut) => StreamingBlob::wrap(broken(body, cut, swap)),
        }
    }
}

/// The body up to the cut, and then an error or nothing at all.
fn broken(
    body: impl stream::Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static,
    cut: Cut,
    mut swap: Option<(PathBuf, Vec<u8>)>,
) -> impl stream::Stream<Item = std::io::Result<Bytes>> + Send + Sync + 'static {
    let mut left = cut.after;
    let start = body.map(move |chunk| {
        let mut chunk = chunk?;
        chunk.truncate(left);
        left -= chunk.len();
        Ok(chunk)
    });
    let start = start.take_while(|chunk: &std::io::Result<Bytes>| {
        let more = chunk.as_ref().is_ok_and(|chunk| !chunk.is_empty());
        async move { more }
    });
    let end = stream::once(async move {
        if let Some((file, bytes)) = swap.take() {
            fs::write(file, bytes).unwrap();
        }
        if cut.stall {
            std::future::pending::<()>().await;
        }
        // What was sent must leave the server before the connection does.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(std::io::Error::other("cut"))
    });
    Box::pin(start.chain(end))
}

#[async_trait]
impl S3 for Bucket {
    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let region = req.region.as_ref().map(|region| region.as_str().to_owned());
        let what = match &req.input.start_after {
            Some(after) => format!("list after {after}"),
            None => "list".to_owned(),
        };
        self.faults.admit(what, region.as_deref())?;
        self.faults.held(None).await;
        let bucket = req.input.bucket.clone();
        let mut response = self.files.list_objects_v2(req).await?;
        for object in response.output.contents.iter_mut().flatten() {
            object.e_tag = object
                .key
                .as_deref()
                .and_then(|key| self.etag(&bucket, key));
        }
        Ok(response)
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let (key, part) = (req.input.key.clone(), req.input.part_number);
        self.faults.admit(
            format!("head {key}"),
            req.region.as_ref().map(s3s::region::Region::as_str),
        )?;
        let mut response = self.files.head_object(req).await?;
        let mut script = self.faults.script();
        let once = script.checksum_once.take();
        if let Some(checksum) = once.or_else(|| script.checksums.get(&key).cloned()) {
            let output = &mut response.output;
            output.checksum_crc32 = checksum.checksum_crc32;
            output.checksum_crc32c = checksum.checksum_crc32c;
            output.checksum_crc64nvme = checksum.checksum_crc64nvme;
            output.checksum_sha1 = checksum.checksum_sha1;
            output.checksum_sha256 = checksum.checksum_sha256;
            output.checksum_type = checksum.checksum_type;
        }
        if part == Some(1)
            && let Some(size) = script.part
        {
            response.output.content_length = Some(size);
        }
        Ok(response)
    }

    async fn get_object(
        &self,
        mut req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let (first, from) = match req.input.range {
            Some(Range::Int { first, .. }) => (first, format!(" from {first}")),
            _ => (0, String::new()),
        };
        let condition = if req.input.if_match.is_some() {
            " if-match"
        } else {
            ""
        };
        let what = format!("get {}{from}{condition}", req.input.key);
        self.faults
            .admit(what, req.region.as_ref().map(s3s::region::Region::as_str))?;
        {
            let mut script = self.faults.script();
            script.reading += 1;
            script.reading_most = script.reading_most.max(script.reading);
        }
        self.faults.held(Some((&req.input.key, first))).await;
        // Long enough for the others to come.
        tokio::time::sleep(Duration::from_millis(3)).await;
        self.faults.script().reading -= 1;
        let now = self.etag(&req.input.bucket, &req.input.key);
        if let Some(ETagCondition::ETag(wanted)) = &req.input.if_match
            && now.is_some()
            && !self.faults.script().no_conditions
            && now.as_ref() != Some(wanted)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        if self.faults.script().no_ranges {
            req.input.range = None;
        }
        let mut response = self.files.get_object(req).await?;
        response.output.body = response.output.body.map(|body| self.spoil(body));
        Ok(response)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let what = format!("upload {}", req.input.key);
        self.faults
            .admit(what, req.region.as_ref().map(s3s::region::Region::as_str))?;
        self.files.create_multipart_upload(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let what = format!("give up {}", req.input.key);
        self.faults
            .admit(what, req.region.as_ref().map(s3s::region::Region::as_str))?;
        self.files.abort_multipart_upload(req).await
    }

    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let condition = if req.input.if_none_match.is_some() {
            " if-none-match"
        } else {
            ""
        };
        let what = format!("put {}{condition}", req.input.key);
        self.faults
            .admit(what, req.region.as_ref().map(s3s::region::Region::as_str))?;
        if req.input.if_none_match.is_some() && self.faults.script().no_new_only {
            return Err(s3_error!(NotImplemented));
        }
        let response = self.files.put_object(req).await?;
        let mut script = self.faults.script();
        if script.lost_puts > 0 {
            script.lost_puts -= 1;
            return Err(s3_error!(SlowDown, "Please reduce your request rate."));
        }
        Ok(response)
    }
}
