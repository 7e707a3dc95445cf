//! Telling every source of a run, wherever it waits, that the run ends.
//!
//! **What for.** A source sleeps in a system call: until its next tick, until a packet comes, until a child
//! writes. A flag in memory cannot wake it; a file descriptor can, and it can be waited for together with
//! other descriptors. So a run ends by ending a pipe: [`pair`] makes one, [`StopHandle`] is the end whose
//! drop stops the run, and every [`Stop`] is the other end.
//!
//! **When not.** To stop one thread of many: one pair stops all its [`Stop`]s, once and for good.
//!
//! **Guarantees.** Once the handle is dropped, every wait, running or future, returns at once with `true`.
//! Nothing is ever read from the pipe, so the answer `true` stays true for good; `false` may be out of date
//! as soon as it is given. A process forked before the stop that still holds the writing end cannot keep the
//! others waiting, because the drop also writes a byte.
//!
//! **Cost.** One `poll` per wait, which sleeps and checks in the same call.
//!
//! ```
//! use flipside_sources::stop;
//! use std::time::Duration;
//!
//! let (handle, stop) = stop::pair()?;
//! let sleeper = std::thread::spawn({
//!     let stop = stop.clone();
//!     move || stop.wait(None)
//! });
//! assert!(!stop.wait(Some(Duration::from_millis(1))));
//! drop(handle);
//! assert!(sleeper.join().unwrap());
//! assert!(stop.is_set());
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

use std::io::{self, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// Makes the two ends of a stop: dropping the first stops everyone who waits on the second.
///
/// # Errors
///
/// The process or the system has no descriptor left for a pipe.
pub fn pair() -> io::Result<(StopHandle, Stop)> {
    let (reader, writer) = io::pipe()?;
    let stop = Stop { reader: Arc::new(reader.into()) };
    Ok((StopHandle { writer }, stop))
}

/// The end that stops: the run goes on while it lives and ends when it is dropped.
#[derive(Debug)]
#[must_use = "dropping the handle stops the run at once"]
pub struct StopHandle {
    writer: PipeWriter,
}

impl StopHandle {
    /// Stops the run. The same as dropping the handle, for those who like to see it said. Never blocks.
    pub fn stop(self) {}
}

impl Drop for StopHandle {
    fn drop(&mut self) {
        // Closing wakes the waiters, but only the last writing end does, and a forked child may hold another.
        // The pipe is empty until somebody stops, so the write cannot block; if it fails, closing remains.
        let _ = self.writer.write(&[0]);
    }
}

impl AsFd for StopHandle {
    /// A byte written here, by a signal handler for example, stops the run as well.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }
}

/// The end that is waited on: cheap to clone, one for each thread of the run.
#[derive(Debug, Clone)]
pub struct Stop {
    reader: Arc<OwnedFd>,
}

impl Stop {
    /// Sleeps until the run is stopped or `timeout` is over (`None`: as long as it takes) and says whether it
    /// is stopped. Signals do not cut the sleep short. A timeout of zero only looks.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        // A time so far away that it cannot be expressed is as good as never.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut left = if deadline.is_some() { timeout } else { None };
        loop {
            match self.poll_once(left) {
                Ok(stopped) => return stopped,
                Err(Errno::INTR) => {
                    left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                }
                // The kernel may be out of memory for a moment. Without a nap this would spin; what it costs
                // is that a stop in the meantime is seen a millisecond late.
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Whether the run has been stopped. `true` stays true; `false` may be out of date already.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.wait(Some(Duration::ZERO))
    }

    /// One `poll`: for those who keep their own deadline and so need no second look at the clock.
    pub(crate) fn poll_once(&self, timeout: Option<Duration>) -> Result<bool, Errno> {
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut fds = [PollFd::new(&self.reader, PollFlags::IN)];
        Ok(poll(&mut fds, timeout.as_ref())? > 0)
    }
}

impl AsFd for Stop {
    /// Becomes readable, or hung up, when the run is stopped. Wait for it beside other descriptors, but never
    /// read from it: the byte in the pipe is there for every clone.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_handle_wakes_every_waiter() {
        let (handle, stop) = pair().unwrap();
        assert!(!stop.is_set());
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let stop = stop.clone();
                std::thread::spawn(move || stop.wait(Some(Duration::from_secs(60))))
            })
            .collect();
        let begin = Instant::now();
        handle.stop();
        assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert!(stop.is_set() && stop.is_set() && stop.wait(None));
    }

    #[test]
    fn another_writing_end_does_not_keep_the_run_alive() {
        let (handle, stop) = pair().unwrap();
        let forked = handle.as_fd().try_clone_to_owned().unwrap();
        drop(handle);
        assert!(stop.is_set());
        drop(forked);
    }

    #[test]
    fn a_wait_lasts_as_long_as_asked() {
        let (_handle, stop) = pair().unwrap();
        let begin = Instant::now();
        assert!(!stop.wait(Some(Duration::from_millis(20))));
        assert!(begin.elapsed() >= Duration::from_millis(20));
    }
}
