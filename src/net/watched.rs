//! A stream that reports what moves on it and closes with care. Knows nothing of HTTP.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::activity::{Activity, LINGER};
use super::frames::{Flood, Frames};
use super::framing::{Framing, POISON};

/// Bytes thrown away at most while a connection closes.
const DISCARD: usize = 1024 * 1024;

/// A stream under a watchdog.
pub(super) struct Watched<T> {
    inner: T,
    activity: Arc<Activity>,
    reading: Reading,
    closing: Option<Closing>,
}

/// How bytes reach the parser.
enum Reading {
    /// HTTP/2, which frames itself: only its pace is followed.
    Paced(Frames),
    /// HTTP/1, followed by the framing check.
    Framed(Framing),
    /// Not any more: this is what is left of the poison, and then the end.
    Poisoned(&'static [u8]),
}

/// The end of a connection whose client may still be sending.
struct Closing {
    sleep: Pin<Box<Sleep>>,
    discarded: usize,
}

impl<T> Watched<T> {
    /// `http2_frames`: the frames without content that an HTTP/2 client may send in a second; `None`: it speaks HTTP/1.
    pub(super) fn new(inner: T, activity: Arc<Activity>, http2_frames: Option<u32>) -> Self {
        let framed = || Reading::Framed(Framing::default());
        let reading = http2_frames.map_or_else(framed, |most| Reading::Paced(Frames::new(most)));
        Self { inner, activity, reading, closing: None }
    }

    /// Gives out the poison as far as `buffer` has room.
    fn poison(&mut self, buffer: &mut ReadBuf<'_>) {
        if let Reading::Poisoned(rest) = &mut self.reading {
            let (now, later) = rest.split_at(rest.len().min(buffer.remaining()));
            buffer.put_slice(now);
            *rest = later;
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if !matches!(self.reading, Reading::Poisoned(_)) {
            ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        }
        let fresh = buffer.filled().get(before..).unwrap_or_default();
        if !fresh.is_empty() {
            self.activity.has_read();
        }
        match &mut self.reading {
            Reading::Paced(frames) => frames
                .follow(fresh, Instant::now())
                .map_err(|Flood| io::Error::new(io::ErrorKind::InvalidData, "too many control frames"))?,
            Reading::Framed(framing) => {
                if let Err(position) = framing.follow(fresh) {
                    buffer.set_filled(before + position);
                    self.reading = Reading::Poisoned(POISON);
                    // What follows is never read: closing must not reset the answer away.
                    self.activity.left_unread();
                }
            }
            Reading::Poisoned(_) => {}
        }
        self.poison(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        self.activity.has_written();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write_vectored(context, parts))?;
        self.activity.has_written();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    /// Closing a socket with unread bytes resets it, and the reset may overtake the answer (a 413, say). So the
    /// rest is read and thrown away for a moment.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
            if !this.activity.has_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let closing =
            this.closing.get_or_insert_with(|| Closing { sleep: Box::pin(sleep(LINGER)), discarded: 0 });
        let mut buffer = [0; 8 * 1024];
        while closing.discarded < DISCARD && closing.sleep.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut buffer);
            let read = ready!(Pin::new(&mut this.inner).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            closing.discarded += buffer.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}
