//! Log lines on their way to standard error. Knows nothing of what they say.
//!
//! ## Decision
//! Problem: one write for each line was a seventh of the cost of an authenticated request, most of it threads that wait
//! for each other at the stream. Choice: lines are gathered in memory and one thread writes them, the first at
//! once and those that follow within `PAUSE`. When the stream does not keep up, whoever has a line waits, as before.
//! What is lost: a process that is killed takes the lines of its last milliseconds with it. What must survive that is
//! in the audit log.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The least time between two writes.
const PAUSE: Duration = Duration::from_millis(5);
/// Bytes gathered at most.
const GATHERED_MAX: usize = 256 * 1024;

/// The thread that writes. Dropping it writes what is left; later lines are written by whoever has them.
pub struct LogWriter {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

/// Where lines are put. Each write is taken whole.
#[derive(Clone)]
pub struct Lines(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    has_lines: Condvar,
    has_room: Condvar,
    has_closed: Condvar,
}

#[derive(Default)]
struct State {
    gathered: Vec<u8>,
    closed: bool,
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Shared {
            state: Mutex::default(),
            has_lines: Condvar::new(),
            has_room: Condvar::new(),
            has_closed: Condvar::new(),
        };
        let lines = Lines(Arc::new(shared));
        let shared = Arc::clone(&lines.0);
        let thread = thread::Builder::new().name("log-writer".into()).spawn(move || shared.write_to(out))?;
        Ok(Self { lines, thread: Some(thread) })
    }

    /// Where lines are put.
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        let shared = &self.lines.0;
        shared.lock().closed = true;
        shared.has_lines.notify_all();
        shared.has_room.notify_all();
        shared.has_closed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let full = |state: &mut State| state.gathered.len() > GATHERED_MAX && !state.closed;
        let state = self.0.has_room.wait_while(self.0.lock(), full);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            drop(state);
            return io::stderr().write(line);
        }
        let is_first = state.gathered.is_empty();
        state.gathered.extend_from_slice(line);
        drop(state);
        if is_first {
            self.0.has_lines.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        loop {
            let none = |state: &mut State| state.gathered.is_empty() && !state.closed;
            let state = self.has_lines.wait_while(self.lock(), none);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            mem::swap(&mut state.gathered, &mut lines);
            drop(state);
            if lines.is_empty() {
                return;
            }
            self.has_room.notify_all();
            // Nobody is left to tell when the log cannot be written.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            let _ = self.has_closed.wait_timeout_while(self.lock(), PAUSE, |state| !state.closed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_whole_and_in_its_threads_order() {
        let written = Written::default();
        let writer = LogWriter::start(written.clone()).unwrap();
        thread::scope(|scope| {
            for thread in 0..4 {
                let mut lines = writer.lines();
                // Together more than is gathered at most, so some have to wait.
                scope.spawn(move || {
                    for number in 0..200 {
                        lines
                            .write_all(format!("{thread} {number} {}\n", "x".repeat(1000)).as_bytes())
                            .unwrap();
                    }
                });
            }
        });
        drop(writer);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        for thread in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            let numbers: Vec<usize> =
                own.map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
            assert_eq!(numbers, (0..200).collect::<Vec<_>>());
        }
    }
}
