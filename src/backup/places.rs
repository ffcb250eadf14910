//! How many bytes of an object may wait for whoever reads it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many bytes may wait at first: enough for the head of a dump, and little where nobody wants more than that.
const FIRST: u32 = 2 << 20;

/// How many more may wait once all of an object is wanted: what arrives while a sandbox starts.
const AHEAD: usize = 24 << 20;

/// Places for bytes, one each.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// How many there are beyond those at first.
    more: AtomicUsize,
    /// How many are taken away as soon as they are given back.
    owed: AtomicUsize,
}

/// Some of them, taken.
pub(super) type Taken = OwnedSemaphorePermit;

impl Default for Places {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(FIRST as usize)),
            more: AtomicUsize::new(0),
            owed: AtomicUsize::new(0),
        }
    }
}

impl Places {
    /// Waits until there are so many, or as many as there are at first; none when nobody reads any more.
    pub(super) async fn take(&self, bytes: usize) -> Option<Taken> {
        let count = u32::try_from(bytes).unwrap_or(FIRST).min(FIRST);
        let taken = Arc::clone(&self.free).acquire_many_owned(count).await;
        taken.ok()
    }

    /// The bytes that were there are read.
    pub(super) fn give_back(&self, mut taken: Taken) {
        let pay = |owed: usize| Some(owed.saturating_sub(taken.num_permits()));
        let owed = self.owed.fetch_update(Relaxed, Relaxed, pay).unwrap_or(0);
        let paid = owed.min(taken.num_permits());
        if let Some(gone) = taken.split(paid) {
            gone.forget();
        }
    }

    /// Lets some megabytes more wait.
    pub(super) fn more(&self) {
        self.more.fetch_add(AHEAD, Relaxed);
        self.free.add_permits(AHEAD);
    }

    /// No more may wait than at first; those that do give their places back for good.
    pub(super) fn as_at_first(&self) {
        let more = self.more.swap(0, Relaxed);
        let gone = self.free.forget_permits(more);
        self.owed.fetch_add(more - gone, Relaxed);
    }

    pub(super) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Nobody reads any more.
    pub(super) fn close(&self) {
        self.free.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = 1 << 20;

    #[tokio::test]
    async fn what_waits_when_there_are_to_be_fewer_places_gives_its_own_back_for_good() {
        let places = Places::default();
        places.more();
        let mut taken = Vec::new();
        for _ in 0..20 {
            taken.push(places.take(PIECE).await.unwrap());
        }
        places.as_at_first();
        assert_eq!(places.free(), 0, "more wait than may");
        taken.drain(2..).for_each(|taken| places.give_back(taken));
        assert_eq!(places.free(), 0, "as many wait as may");
        taken.drain(..).for_each(|taken| places.give_back(taken));
        assert_eq!(places.free(), FIRST as usize);
        places.as_at_first();
        assert_eq!(places.free(), FIRST as usize, "there are no more");
    }

    #[tokio::test]
    async fn a_piece_that_is_larger_than_all_places_takes_them_all() {
        let places = Places::default();
        let taken = places.take(FIRST as usize * 2).await.unwrap();
        assert_eq!(places.free(), 0);
        places.give_back(taken);
        assert_eq!(places.free(), FIRST as usize);
        places.close();
        assert!(places.take(1).await.is_none());
    }
}
