//! A bucket of any number of keys that nobody has to store: each page of its listing is made when it is asked for.
//! Signatures are not looked at.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use axum::{Router, extract::Query, response::IntoResponse};
use jiff::Timestamp;

/// How many keys a page holds: as many as S3 gives.
const PAGE: u64 = 1_000;

/// The bytes of the first object; each one after it has one more, up to a thousand.
const SIZE: u64 = 1_000_000;

/// Keys under `s3://backups/db/`, one a minute up to now, a thousand in a folder.
#[derive(Clone, Copy)]
pub(crate) struct Generated {
    /// How many.
    pub(crate) keys: u64,
    /// When the last one was written.
    pub(crate) now: Timestamp,
}

impl Generated {
    /// So many keys, the last one written now.
    pub(crate) fn of(keys: u64) -> Self {
        Self {
            keys,
            now: Timestamp::now(),
        }
    }

    /// Serves them on a free port until the runtime ends; the address with its scheme.
    pub(crate) async fn serve(self) -> String {
        let bucket = Arc::new(self);
        let app = Router::new().fallback(move |Query(query): Query<HashMap<String, String>>| {
            let bucket = Arc::clone(&bucket);
            async move { bucket.page(&query).into_response() }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        format!("http://{address}")
    }

    /// The key with this number.
    pub(crate) fn key(number: u64) -> String {
        format!("db/{:06}/shop-{number:09}.dump", number / 1_000)
    }

    /// What all of them take, in bytes.
    pub(crate) fn bytes(self) -> u64 {
        (0..self.keys).map(|number| SIZE + number % 1_000).sum()
    }

    fn page(&self, query: &HashMap<String, String>) -> ([(&'static str, &'static str); 1], String) {
        let token = query.get("continuation-token");
        let from: u64 = token.map_or(0, |token| token.parse().unwrap());
        let to = (from + PAGE).min(self.keys);
        let mut xml = String::with_capacity(300 * 1_024);
        xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>backups</Name><Prefix>db/</Prefix><MaxKeys>1000</MaxKeys>");
        let goes_on = to < self.keys;
        write!(
            xml,
            "<KeyCount>{}</KeyCount><IsTruncated>{goes_on}</IsTruncated>",
            to - from
        )
        .unwrap();
        if goes_on {
            write!(xml, "<NextContinuationToken>{to}</NextContinuationToken>").unwrap();
        }
        for number in from..to {
            let age = i64::try_from((self.keys - 1 - number) * 60).unwrap();
            let written = Timestamp::from_second(self.now.as_second() - age).unwrap();
            write!(
                xml,
                "<Contents><Key>{}</Key><LastModified>{written}</LastModified><ETag>&quot;{number:032x}&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                Self::key(number),
                SIZE + number % 1_000,
            )
            .unwrap();
        }
        xml.push_str("</ListBucketResult>");
        ([("content-type", "application/xml")], xml)
    }
}
