//! A way to a server on this machine that is read by a thread of its own, in large steps.
//!
//! A server sends the rows of a COPY 8 KiB at a time (`PQ_SEND_BUFFER_SIZE` in its `pqcomm.c`) and each time wakes whoever waits
//! for them. A thread that does not wait while there is more to come lets them gather, and is never woken.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    pin::Pin,
    task::{Context, Poll, ready},
    thread,
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};

/// How many bytes are read at once, at most. About as much waits in the socket before the server itself has to.
const STEP: usize = 96 << 10;

/// A server that sent no less has more to say.
const MORE: usize = 8 << 10;

/// How long that may gather.
const PAUSE: Duration = Duration::from_micros(200);

/// How many steps wait for whoever reads.
const AHEAD: usize = 2;

/// A socket that is read so.
pub(super) struct Paced {
    socket: UnixStream,
    steps: mpsc::Receiver<io::Result<Bytes>>,
    step: Bytes,
}

impl Paced {
    /// Reads this socket from now on.
    pub(super) fn over(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        let (send, steps) = mpsc::channel(AHEAD);
        let read = socket.try_clone()?;
        thread::Builder::new()
            .name("read-back".to_owned())
            .spawn(move || gather(read, &send))?;
        let step = Bytes::new();
        Ok(Self {
            socket,
            steps,
            step,
        })
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        // Whoever reads it sees its end. It fails only where there is nobody at the other end any more.
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

/// Reads to the end, or until nobody wants it.
fn gather(mut socket: impl Read, send: &mpsc::Sender<io::Result<Bytes>>) {
    let mut used = VecDeque::new();
    loop {
        let mut room = room(&mut used);
        let read = match socket.read(&mut room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) => return,
            read => read,
        };
        let more = matches!(read, Ok(bytes) if bytes >= MORE);
        let step = read.map(|bytes| {
            room.truncate(bytes);
            room.freeze()
        });
        used.extend(step.as_ref().ok().cloned());
        let ended = step.is_err();
        if send.blocking_send(step).is_err() || ended {
            return;
        }
        if more {
            thread::sleep(PAUSE);
        }
    }
}

/// Room for one step: that of an earlier one, where nobody holds it any more.
fn room(used: &mut VecDeque<Bytes>) -> BytesMut {
    while let Some(step) = used.pop_front() {
        match step.try_into_mut() {
            Ok(mut room) => {
                room.resize(STEP, 0);
                return room;
            }
            Err(held) if used.len() < AHEAD + 1 => {
                used.push_front(held);
                break;
            }
            Err(_) => {}
        }
    }
    BytesMut::zeroed(STEP)
}

impl AsyncRead for Paced {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.step.is_empty() {
            match ready!(this.steps.poll_recv(context)) {
                Some(step) => this.step = step?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let took = this.step.len().min(out.remaining());
        out.put_slice(&this.step[..took]);
        this.step.advance(took);
        Poll::Ready(Ok(()))
    }
}

/// What is asked is short, and there is room for it: a server that takes no question has none before it.
impl AsyncWrite for Paced {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready((&self.socket).write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair() -> (Paced, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Paced::over(ours).unwrap(), theirs)
    }

    #[tokio::test]
    async fn every_byte_arrives_in_its_order_until_the_end() {
        let (mut paced, mut server) = pair();
        let sent: Vec<u8> = (0..=250_u8).cycle().take(3_000_000).collect();
        let expected = sent.clone();
        let serving = thread::spawn(move || {
            for piece in sent.chunks(MORE) {
                server.write_all(piece).unwrap();
            }
        });
        let mut got = Vec::new();
        paced.read_to_end(&mut got).await.unwrap();
        serving.join().unwrap();
        assert!(got == expected);
    }

    #[tokio::test]
    async fn what_is_asked_goes_out_and_a_short_answer_comes_back() {
        let (mut paced, mut server) = pair();
        let serving = thread::spawn(move || {
            let mut asked = [0; 3];
            server.read_exact(&mut asked).unwrap();
            server.write_all(b"one").unwrap();
            server.write_all(b"two").unwrap();
            (asked, server)
        });
        paced.write_all(b"ask").await.unwrap();
        let mut got = [0; 6];
        paced.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"onetwo");
        let (asked, mut server) = serving.join().unwrap();
        assert_eq!(&asked, b"ask");
        // The other side sees that nobody is here any more.
        drop(paced);
        assert_eq!(server.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn room_that_nobody_holds_is_taken_again() {
        let mut used = VecDeque::new();
        let step = room(&mut used).freeze();
        let place = step.as_ptr();
        used.push_back(step.clone());
        assert_ne!(room(&mut used).as_ptr(), place, "it is still held");
        assert_eq!(used.len(), 1);
        drop(step);
        let again = room(&mut used);
        assert_eq!((again.as_ptr(), again.len()), (place, STEP));
    }

    /// A server that has gone on a read that fails.
    struct Broken(u32);

    impl Read for Broken {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => {
                    room[..2].copy_from_slice(b"ok");
                    Ok(2)
                }
                _ => Err(io::ErrorKind::ConnectionReset.into()),
            }
        }
    }

    #[test]
    fn a_fault_is_told_once_behind_what_was_read() {
        let (send, mut steps) = mpsc::channel(8);
        gather(Broken(0), &send);
        drop(send);
        assert_eq!(steps.blocking_recv().unwrap().unwrap(), &b"ok"[..]);
        let fault = steps.blocking_recv().unwrap().unwrap_err();
        assert_eq!(fault.kind(), io::ErrorKind::ConnectionReset);
        assert!(steps.blocking_recv().is_none());
    }
}
