//! The admin key: who asks, and how often one may guess.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use axum_extra::headers::{
    Authorization, HeaderMapExt as _,
    authorization::{Basic, Bearer},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::units::Secret;

/// How many wrong keys a caller may send in a minute.
const GUESSES: NonZeroU32 = match NonZeroU32::new(10) {
    Some(guesses) => guesses,
    None => NonZeroU32::MIN,
};

/// How many callers who guess are told apart; more of them share one limit.
const CALLERS: usize = 4096;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody with the key, or anybody where none is needed.
    Known,
    /// Somebody without a key, or with a wrong one.
    Stranger,
    /// Somebody who sent too many wrong keys, and how long to wait.
    Guesser(Duration),
}

/// Compares keys and counts wrong ones.
pub(super) struct Door {
    digest: Option<[u8; 32]>,
    guesses: RateLimiter<
        IpAddr,
        HashMapStateStore<IpAddr>,
        MonotonicClock,
        NoOpMiddleware<<MonotonicClock as governor::clock::Clock>::Instant>,
    >,
    shut: Mutex<Shut>,
}

/// Callers who may not try again yet.
#[derive(Default)]
struct Shut {
    until: HashMap<IpAddr, Instant>,
    swept: Option<Instant>,
}

impl Door {
    /// A door with this key; without one it stands open.
    pub(super) fn new(key: Option<&Secret>) -> Self {
        let quota = Quota::per_minute(GUESSES);
        Self {
            digest: key.map(|key| digest(key.reveal().as_bytes())),
            guesses: RateLimiter::hashmap_with_clock(quota, MonotonicClock),
            shut: Mutex::default(),
        }
    }

    /// Whether anybody may come in.
    pub(super) fn stands_open(&self) -> bool {
        self.digest.is_none()
    }

    /// Who asks from this address with these headers.
    pub(super) fn admit(&self, from: IpAddr, headers: &HeaderMap) -> Caller {
        let Some(digest) = &self.digest else {
            return Caller::Known;
        };
        let Some(given) = given(headers) else {
            return Caller::Stranger;
        };
        let from = network(from);
        // Before the comparison: a right guess would otherwise still be let in after any number of wrong ones.
        if let Some(wait) = self.shut_for(from) {
            return Caller::Guesser(wait);
        }
        // Digests are of one length, so the key's own length does not show either.
        if bool::from(given.ct_eq(digest)) {
            return Caller::Known;
        }
        self.count(from)
    }

    fn shut_for(&self, from: IpAddr) -> Option<Duration> {
        let shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        let until = shut.until.get(&from)?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    /// Counts a wrong key.
    fn count(&self, from: IpAddr) -> Caller {
        let now = Instant::now();
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        self.sweep(&mut shut, now);
        let full = self.guesses.len() >= CALLERS;
        let counted = if full {
            Ipv6Addr::UNSPECIFIED.into()
        } else {
            from
        };
        let Err(not_until) = self.guesses.check_key(&counted) else {
            return Caller::Stranger;
        };
        let wait = not_until.wait_time_from(MonotonicClock.now());
        if shut.until.len() < CALLERS {
            shut.until.insert(from, now + wait);
        }
        Caller::Guesser(wait)
    }

    /// Forgets who does not guess any more, so that both maps stay small. Once a second is enough, and costs little.
    fn sweep(&self, shut: &mut Shut, now: Instant) {
        let lately = |then: Instant| now.duration_since(then) < Duration::from_secs(1);
        if shut.swept.is_some_and(lately) {
            return;
        }
        shut.swept = Some(now);
        shut.until.retain(|_, until| *until > now);
        self.guesses.retain_recent();
    }
}

fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// The digest of the key that a caller gives: in a header of its own, as a bearer token, or as Basic's password.
fn given(headers: &HeaderMap) -> Option<[u8; 32]> {
    if let Some(key) = headers.get("x-admin-key") {
        return Some(digest(key.as_bytes()));
    }
    if let Some(bearer) = headers.typed_get::<Authorization<Bearer>>() {
        return Some(digest(bearer.token().as_bytes()));
    }
    let basic = headers.typed_get::<Authorization<Basic>>()?;
    Some(digest(basic.password().as_bytes()))
}

/// Who owns one IPv6 address owns its whole /64.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(network).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn door() -> Door {
        Door::new(Some(&Secret::new("a long enough key")))
    }

    fn headers(name: &str, value: &str) -> HeaderMap {
        let name = axum::http::HeaderName::try_from(name).unwrap();
        HeaderMap::from_iter([(name, HeaderValue::try_from(value).unwrap())])
    }

    fn key(key: &str) -> HeaderMap {
        headers("X-Admin-Key", key)
    }

    #[test]
    fn the_key_opens_as_a_header_as_a_bearer_token_and_as_a_password() {
        let mut basic = HeaderMap::new();
        basic.typed_insert(Authorization::basic("anybody", "a long enough key"));
        for headers in [
            key("a long enough key"),
            headers("Authorization", "Bearer a long enough key"),
            basic,
        ] {
            assert_eq!(door().admit(HERE, &headers), Caller::Known);
        }
    }

    #[test]
    fn nothing_else_opens() {
        for headers in [
            HeaderMap::new(),
            key(""),
            key("a long enough ke"),
            key("a long enough key "),
            headers("Authorization", "Digest a long enough key"),
            headers("Authorization", "Basic !"),
        ] {
            assert_eq!(door().admit(HERE, &headers), Caller::Stranger);
        }
        let mut user = HeaderMap::new();
        user.typed_insert(Authorization::basic("a long enough key", ""));
        assert_eq!(door().admit(HERE, &user), Caller::Stranger);
    }

    #[test]
    fn without_a_key_the_door_stands_open() {
        let door = Door::new(None);
        assert!(door.stands_open());
        assert_eq!(door.admit(HERE, &HeaderMap::new()), Caller::Known);
    }

    #[test]
    fn the_eleventh_wrong_key_shuts_the_door_for_this_caller_alone() {
        let door = door();
        for _ in 0..GUESSES.get() {
            assert_eq!(door.admit(HERE, &key("wrong")), Caller::Stranger);
        }
        let shut =
            |caller| matches!(caller, Caller::Guesser(wait) if wait <= Duration::from_secs(6));
        assert!(shut(door.admit(HERE, &key("wrong"))));
        assert!(shut(door.admit(HERE, &key("a long enough key"))));
        assert_eq!(door.admit(HERE, &HeaderMap::new()), Caller::Stranger);
        let right = door.admit(THERE, &key("a long enough key"));
        assert_eq!(right, Caller::Known);
    }

    #[test]
    fn right_keys_are_never_counted() {
        let door = door();
        for _ in 0..1_000 {
            let caller = door.admit(HERE, &key("a long enough key"));
            assert_eq!(caller, Caller::Known);
        }
    }

    #[test]
    fn many_callers_do_not_fill_the_memory() {
        let door = door();
        for number in 0..100_000 {
            door.admit(IpAddr::V4(number.into()), &key("wrong"));
        }
        assert!(door.guesses.len() <= CALLERS + 1);
        assert!(door.shut.lock().unwrap().until.len() <= CALLERS);
    }

    #[test]
    fn a_whole_ipv6_network_is_one_caller() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8::1"), address("2001:db8::ffff:2"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
        assert_eq!(address("::ffff:192.0.2.1"), HERE);
    }
}
