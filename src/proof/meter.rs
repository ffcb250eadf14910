//! Rows are added up as they come from the server, before they are anybody's messages: handing on every row by itself takes
//! longer than adding it up.

use std::{
    io,
    ops::Deref,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Client;

use crate::rows::{Counter, Rows};

/// How many bytes are taken from the server at once, at most.
const ROOM: usize = 64 << 10;

/// One row of so many bytes is handed on: whoever waits for rows is seen to wait, and the server waits too.
pub(super) const BREATH: usize = 256 << 10;

/// A message begins with its kind and with its length, which counts itself.
const HEAD: usize = 5;

/// A connection that tables are read on; many rows take less time with a meter.
pub struct Reader {
    client: Client,
    meter: Option<Meter>,
}

impl Reader {
    /// The connection that goes over what this meter was put on.
    #[must_use]
    pub fn metered(client: Client, meter: Meter) -> Self {
        let meter = Some(meter);
        Self { client, meter }
    }

    pub(super) fn meter(&self) -> Option<&Meter> {
        self.meter.as_ref()
    }
}

impl From<Client> for Reader {
    fn from(client: Client) -> Self {
        let meter = None;
        Self { client, meter }
    }
}

impl Deref for Reader {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Adds up the rows of a COPY while it is open.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Mutex<Option<Open>>>);

#[derive(Debug, Default)]
struct Open {
    counter: Counter,
    /// Bytes since one row was handed on.
    since: usize,
}

impl Meter {
    /// Puts it on a connection that was not used yet.
    pub fn on<S>(&self, inner: S) -> Metered<S> {
        Metered {
            inner,
            meter: self.clone(),
            room: vec![0; ROOM].into(),
            begin: 0,
            end: 0,
            at: At::next(),
        }
    }

    /// From now on rows are added up, and only now and then is one handed on.
    pub(super) fn open(&self) {
        *self.locked() = Some(Open::default());
    }

    /// What was added up. `Err` holds it when it ended in the middle of a line.
    pub(super) fn close(&self) -> Result<Rows, Rows> {
        let open = self.locked().take().unwrap_or_default();
        open.counter.finish()
    }

    fn locked(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection with a meter on it.
pub struct Metered<S> {
    inner: S,
    meter: Meter,
    room: Box<[u8]>,
    /// What of the room was read and is not looked at yet.
    begin: usize,
    end: usize,
    at: At,
}

/// Where among the server's messages the next byte stands.
#[derive(Clone, Copy, Debug)]
enum At {
    /// In the first bytes of one.
    Head { head: [u8; HEAD], known: usize },
    /// Behind them.
    Body(Body),
}

/// A message whose first bytes are known.
#[derive(Clone, Copy, Debug)]
struct Body {
    head: [u8; HEAD],
    /// How many of these were handed on.
    given: usize,
    /// How many bytes follow.
    left: usize,
    is_row: bool,
    /// Nothing of it is handed on.
    stays: bool,
}

impl At {
    const fn next() -> Self {
        Self::Head {
            head: [0; HEAD],
            known: 0,
        }
    }
}

/// Which message holds rows of a COPY.
const COPY_DATA: u8 = b'd';

impl<S> Metered<S> {
    /// Hands on what is to be handed on, as far as there is room for it.
    fn sort(&mut self, out: &mut ReadBuf<'_>) {
        let mut open = self.meter.locked();
        loop {
            let bytes = &self.room[self.begin..self.end];
            match &mut self.at {
                At::Head { head, known } => {
                    let took = bytes.len().min(HEAD - *known);
                    head[*known..*known + took].copy_from_slice(&bytes[..took]);
                    *known += took;
                    self.begin += took;
                    if *known < HEAD {
                        return;
                    }
                    self.at = sorted(*head, open.as_mut());
                }
                At::Body(body) => {
                    self.begin += body.take(bytes, out, open.as_mut());
                    if !body.is_over() {
                        return;
                    }
                    self.at = At::next();
                }
            }
        }
    }
}

/// What becomes of the message that begins so.
fn sorted(head: [u8; HEAD], open: Option<&mut Open>) -> At {
    let [kind, length @ ..] = head;
    // The length counts its own four bytes. A server that says less is not understood by whoever gets the message either.
    let left = (u32::from_be_bytes(length) as usize).saturating_sub(4);
    let mut body = Body {
        head,
        given: 0,
        left,
        is_row: false,
        stays: false,
    };
    if let Some(open) = open.filter(|_| kind == COPY_DATA) {
        body.is_row = true;
        open.since += left;
        body.stays = open.since < BREATH;
        if !body.stays {
            open.since = 0;
        }
    }
    At::Body(body)
}

impl Body {
    /// Takes what can be taken of these bytes; tells how many.
    fn take(&mut self, bytes: &[u8], out: &mut ReadBuf<'_>, open: Option<&mut Open>) -> usize {
        let mut took = bytes.len().min(self.left);
        if !self.stays {
            let begun = (HEAD - self.given).min(out.remaining());
            out.put_slice(&self.head[self.given..self.given + begun]);
            self.given += begun;
            took = took.min(out.remaining());
            out.put_slice(&bytes[..took]);
        }
        if let Some(open) = open.filter(|_| self.is_row) {
            open.counter.feed(&bytes[..took]);
        }
        self.left -= took;
        took
    }

    fn is_over(&self) -> bool {
        self.left == 0 && (self.stays || self.given == HEAD)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        loop {
            this.sort(out);
            if out.filled().len() > before || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let mut room = ReadBuf::new(&mut this.room);
            ready!(Pin::new(&mut this.inner).poll_read(context, &mut room))?;
            (this.begin, this.end) = (0, room.filled().len());
            if this.end == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap() + 4;
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    /// What whoever reads gets, so many bytes at a time at most, and what was added up.
    async fn through(sent: &[u8], room: usize, open: bool) -> (Vec<u8>, Result<Rows, Rows>) {
        let meter = Meter::default();
        if open {
            meter.open();
        }
        let mut metered = meter.on(sent);
        let (mut got, mut piece) = (Vec::new(), vec![0; room]);
        loop {
            match metered.read(&mut piece).await.unwrap() {
                0 => return (got, meter.close()),
                some => got.extend_from_slice(&piece[..some]),
            }
        }
    }

    fn rows(lines: &[Vec<u8>]) -> Rows {
        let mut rows = Rows::default();
        for line in lines {
            rows.add(line);
        }
        rows
    }

    fn copied(lines: &[Vec<u8>]) -> Vec<u8> {
        let data = |line: &Vec<u8>| message(COPY_DATA, &[line.as_slice(), b"\n"].concat());
        lines.iter().flat_map(data).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_are_added_up_and_everything_else_is_handed_on(
            lines in prop::collection::vec(prop::collection::vec(b'a'..=b'z', 0..2000), 0..200),
            room in 1_usize..70,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (before, after) = (message(b'H', b"\0\0\x01\0\0"), message(b'C', b"COPY 7\0"));
            let sent = [before.clone(), copied(&lines), after.clone()].concat();
            let (got, added) = runtime.block_on(through(&sent, room, true));
            prop_assert_eq!(added, Ok(rows(&lines)));
            prop_assert!(got.starts_with(&before) && got.ends_with(&after));
            prop_assert!(got.len() < before.len() + after.len() + 2100);
            let (all, none) = runtime.block_on(through(&sent, room, false));
            prop_assert!(all == sent && none == Ok(Rows::default()));
        }
    }

    #[tokio::test]
    async fn of_many_rows_one_is_handed_on() {
        let lines: Vec<_> = (0..90_u8)
            .map(|number| vec![b'a' + number % 26; 9_000])
            .collect();
        let (got, added) = through(&copied(&lines), 4096, true).await;
        assert_eq!(added, Ok(rows(&lines)));
        let one = 5 + 9_001;
        assert_eq!(got.len(), 90 * 9_001 / BREATH * one);
    }

    #[tokio::test]
    async fn a_row_that_was_cut_is_seen_to_be() {
        let (got, added) = through(&message(COPY_DATA, b"half a r"), 64, true).await;
        assert!(got.is_empty() && added == Err(Rows::default()), "{added:?}");
    }
}
