//! A stretch of a file that is read ahead of its turn, at a second place of it.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use tokio_util::task::AbortOnDropHandle;
use xxhash_rust::xxh3::Xxh3;

use super::{changed, piece, within};
use crate::{
    backup::{Object, turns::Stretch, twice},
    error::{Broken, OrStop as _},
};

/// What is read ahead of its turn, and once more in its turn. Only the first reading is looked at, and only the second is
/// hashed with the rest of the file: they must be the same.
pub(super) struct Early {
    range: Range<u64>,
    in_turn: Box<Xxh3>,
    task: AbortOnDropHandle<Result<Option<u128>, Broken>>,
}

impl Early {
    /// Starts to read it. Must be called inside a Tokio runtime.
    pub(super) fn of(path: &Path, object: &Object, stretch: Stretch) -> Self {
        let range = stretch.range.clone();
        let task = tokio::spawn(bring(path.to_owned(), object.clone(), stretch));
        Self {
            range,
            in_turn: Box::new(Xxh3::new()),
            task: AbortOnDropHandle::new(task),
        }
    }

    /// How many of the bytes from this place on are all of them in it, or none.
    pub(super) fn alike(&self, at: u64) -> u64 {
        let edges = [self.range.start, self.range.end];
        let ahead = edges.into_iter().find(|&edge| edge > at);
        ahead.map_or(u64::MAX, |edge| edge - at)
    }

    /// Takes bytes in their turn; whether whoever wanted the stretch has them.
    pub(super) fn knows(&mut self, at: u64, bytes: &[u8]) -> bool {
        let known = self.range.contains(&at);
        if known {
            self.in_turn.update(bytes);
        }
        known
    }

    /// Now that all of it was read in its turn: was it the same?
    ///
    /// # Errors
    /// When it was not, or when it could not be read ahead of its turn.
    pub(super) async fn compare(self, object: &Object) -> Result<(), Broken> {
        let doing = || format!("could not read \"{}\"", object.key);
        let early = self.task.await.or_stop(doing, "Run again.")??;
        if early.is_some_and(|early| early != self.in_turn.digest128()) {
            let found = "Some of them were read ahead of their turn.";
            return Err(twice::on_the_way(&object.key, found).into());
        }
        Ok(())
    }
}

/// Hands the bytes over; none when nobody wants them any more.
async fn bring(
    path: PathBuf,
    object: Object,
    Stretch { range, to }: Stretch,
) -> Result<Option<u128>, Broken> {
    let mut file = within(&path, &object, range).await?;
    let mut seen = Xxh3::new();
    while file.limit() > 0 {
        let chunk = piece(&object, &mut file, u64::MAX).await?;
        if chunk.is_empty() {
            return Err(changed(&object).into());
        }
        seen.update(&chunk);
        if !to.send(chunk).await {
            return Ok(None);
        }
    }
    to.end();
    Ok(Some(seen.digest128()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::backup::Body;

    const RANGE: Range<u64> = 3..8;

    fn written(last_modified: Timestamp) -> Object {
        Object {
            key: "a.dump".into(),
            size: 10,
            last_modified,
            etag: None,
        }
    }

    /// A stretch of a file that holds the digits, read to its end; these bytes come in its turn.
    async fn read(in_turn: &[u8]) -> (Vec<u8>, Result<(), Broken>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"0123456789").unwrap();
        let about = file.path().metadata().unwrap();
        let object = written(super::super::modified(&about).unwrap());
        let (to, mut body) = Body::new();
        let mut early = Early::of(file.path(), &object, Stretch { range: RANGE, to });
        let mut bytes = Vec::new();
        while let Some(chunk) = body.chunk().await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        assert!(!early.knows(0, b"012"));
        assert!(early.knows(3, in_turn));
        (bytes, early.compare(&object).await)
    }

    #[tokio::test]
    async fn what_came_ahead_of_its_turn_must_be_what_comes_in_its_turn() {
        let (bytes, compared) = read(b"34567").await;
        assert_eq!(bytes, b"34567");
        assert!(compared.is_ok());
        let (_, compared) = read(b"34067").await;
        assert!(matches!(compared, Err(Broken::Run(_))));
    }

    #[tokio::test]
    async fn the_bytes_of_a_file_are_told_apart_at_the_edges_of_a_stretch() {
        let (to, _body) = Body::new();
        let object = written(Timestamp::UNIX_EPOCH);
        let early = Early::of(Path::new("/gone"), &object, Stretch { range: RANGE, to });
        let alike = [0, 2, 3, 7, 8, 9].map(|at| early.alike(at));
        assert_eq!(alike, [3, 1, 5, 1, u64::MAX, u64::MAX]);
        assert!(early.compare(&object).await.is_err(), "there is no file");
    }
}
