//! One range of an object, whole: asked for again where it broke off, and pinned to the object that was listed.

use aws_sdk_s3::{operation::get_object::GetObjectOutput, primitives::ByteStream};
use bytes::{Bytes, BytesMut};

use super::{Bucket, head::gone_or_changed, list::unquoted, patience::Tries, trouble::Trouble};
use crate::{
    backup::Object,
    error::{Error, whole},
};

/// What came of asking for a range.
pub(super) enum Got {
    /// All of it.
    Bytes(Bytes),
    /// The service does not know ranges, and would send the whole object.
    NoRanges,
}

/// The bytes from `from` up to and without `to`.
///
/// # Errors
/// When the object is another one, or the service does not answer.
pub(super) async fn fetch(
    bucket: &Bucket,
    object: &Object,
    from: u64,
    to: u64,
) -> Result<Got, Error> {
    let size = usize::try_from(to.saturating_sub(from)).unwrap_or_default();
    let mut bytes = BytesMut::with_capacity(size);
    let mut tries = Tries::new(bucket.patience);
    while bytes.len() < size {
        let at = from + bytes.len() as u64;
        let trouble = match ask(bucket, object, at, to, &tries).await? {
            Ok(answer) if !is_of(object, &answer, at)? => return Ok(Got::NoRanges),
            Ok(answer) => drain(bucket, answer.body, size, &mut bytes, &mut tries).await,
            Err(trouble) => Some(trouble),
        };
        let Some(trouble) = trouble else { continue };
        if !trouble.passes() || !tries.pause().await {
            let at = from + bytes.len() as u64;
            let doing = format!(
                "could not read \"{}\" beyond {at} of {} bytes",
                object.key, object.size
            );
            return Err(bucket.stopped(&doing, &trouble));
        }
    }
    Ok(Got::Bytes(bytes.freeze()))
}

async fn ask(
    bucket: &Bucket,
    object: &Object,
    at: u64,
    to: u64,
    tries: &Tries,
) -> Result<Result<GetObjectOutput, Trouble>, Error> {
    let request = bucket
        .client()
        .get_object()
        .bucket(&bucket.name)
        .key(&object.key)
        .set_if_match(object.etag.as_ref().map(|etag| format!("\"{etag}\"")))
        .range(format!("bytes={at}-{}", to.saturating_sub(1)));
    let trouble = match tokio::time::timeout(tries.left(), request.send()).await {
        Ok(Ok(answer)) => return Ok(Ok(answer)),
        Ok(Err(error)) => Trouble::from(error),
        Err(_) => Trouble::late(),
    };
    if trouble.is_changed() || trouble.status == Some(416) {
        return Err(gone_or_changed(object, &trouble));
    }
    Ok(Err(trouble))
}

/// Whether an answer begins where it should; an error when it is another object's.
fn is_of(object: &Object, answer: &GetObjectOutput, at: u64) -> Result<bool, Error> {
    let etag = answer.e_tag().map(unquoted);
    if etag.is_some() && object.etag.is_some() && etag != object.etag {
        let why = "Its ETag is another than when it was listed.";
        return Err(Bucket::changed(&object.key, why));
    }
    let Some((first, all)) = answer.content_range().and_then(first_and_all) else {
        return Ok(false);
    };
    if all.is_some_and(|all| all != object.size) {
        let why = "Its length is another than when it was listed.";
        return Err(Bucket::changed(&object.key, why));
    }
    Ok(first == at)
}

/// 7 and 42 of `bytes 7-41/42`; a service may leave out the second.
pub(super) fn first_and_all(range: &str) -> Option<(u64, Option<u64>)> {
    let (first, rest) = range.strip_prefix("bytes ")?.split_once('-')?;
    let all = rest.split_once('/').and_then(|(_, all)| all.parse().ok());
    Some((first.parse().ok()?, all))
}

/// Takes what a body brings, up to `size` bytes together; gives what broke it off.
async fn drain(
    bucket: &Bucket,
    mut body: ByteStream,
    size: usize,
    bytes: &mut BytesMut,
    tries: &mut Tries,
) -> Option<Trouble> {
    while bytes.len() < size {
        let stall = bucket.patience.stall;
        let Ok(chunk) = tokio::time::timeout(stall, body.next()).await else {
            return Some(Trouble::broken("no byte arrived for too long".to_owned()));
        };
        match chunk {
            Some(Ok(chunk)) => {
                let wanted = chunk.len().min(size - bytes.len());
                bytes.extend_from_slice(&chunk[..wanted]);
                tries.progress();
            }
            Some(Err(error)) => return Some(Trouble::broken(whole(&error))),
            None => return Some(Trouble::broken("the body ended early".to_owned())),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_range_is_read() {
        assert_eq!(first_and_all("bytes 7-41/42"), Some((7, Some(42))));
        assert_eq!(first_and_all("bytes 7-41/*"), Some((7, None)));
        assert_eq!(first_and_all("items 7-41/42"), None);
    }
}
