//! Waits on this thread for a future, and no longer than it may. Knows nothing of what it waits for.
//!
//! ## Decision: no timer of a runtime
//! Requests run on a runtime with a thread of its own, so that drawing waits for no request and no request for drawing.
//! The deadlines of the screen are not that runtime's: its wheel of timers wakes up two or three times for a second, on
//! its thread and on this one. A thread that is parked wakes up once.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::ambient::Stopwatch;

/// Wakes up the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// What `future` comes to; `None`: not within `patience`. It is asked at least once.
pub fn within<T>(future: impl Future<Output = T>, patience: Option<Duration>) -> Option<T> {
    let watch = Stopwatch::start();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        match patience.map(|patience| patience.saturating_sub(watch.elapsed())) {
            Some(Duration::ZERO) => return None,
            Some(left) => thread::park_timeout(left),
            None => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn it_ends_with_what_comes_or_with_its_patience() {
        let (out, here) = oneshot::channel();
        let sender = thread::spawn(move || out.send(7).unwrap());
        assert_eq!(within(here, None), Some(Ok(7)));
        sender.join().unwrap();
        assert_eq!(within(std::future::ready(8), Some(Duration::ZERO)), Some(8));
        assert_eq!(within(std::future::pending::<()>(), Some(Duration::from_millis(1))), None);
    }
}
