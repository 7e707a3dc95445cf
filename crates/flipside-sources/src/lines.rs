//! A stream of bytes, one record a line.
//!
//! A record is a line with its line end, so the payloads one after the other are the stream, byte for byte. A
//! line longer than a record is cut into several, all but the last tagged [`CONTINUED`]; the last line of a
//! stream needs no line end.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use flipside_journal::CONTINUED;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::feed::{Ending, Feed, Flow};
use crate::host::{Burst, Refresh};
use crate::stop::Stop;

/// What is read at a time, and the longest piece of a line, in bytes.
pub const LONGEST: usize = 256 * 1024;

/// Bursts are looked for at this resolution, in nanoseconds.
const BURST_NS: u64 = 1_000_000;

/// The bytes that came, as a counter that a [`Burst`] watches.
#[derive(Debug)]
pub struct Rate {
    burst: Burst,
    bytes: u64,
    last_ns: u64,
}

impl Rate {
    /// Nothing came yet, at `now_ns`.
    #[must_use]
    pub fn new(now_ns: u64) -> Self {
        let mut burst = Burst::new(Refresh::Live);
        burst.observe(now_ns, now_ns, 0);
        Self { burst, bytes: 0, last_ns: now_ns }
    }

    fn add(&mut self, now_ns: u64, bytes: usize) {
        let before = now_ns.saturating_sub(BURST_NS);
        if before > self.last_ns {
            // What has come now was not there a moment ago, or it would have been read then.
            self.look(before);
        }
        self.bytes += bytes as u64;
        if now_ns - self.last_ns >= BURST_NS {
            self.look(now_ns);
        }
    }

    fn look(&mut self, at_ns: u64) {
        self.burst.observe(at_ns, at_ns, self.bytes);
        self.last_ns = at_ns;
    }

    /// The tracker with all that came until `now_ns`.
    #[must_use]
    pub fn finish(mut self, now_ns: u64) -> Burst {
        // What came after the last look came within a resolution of it, or there would have been another.
        self.look(self.last_ns + BURST_NS);
        self.look(now_ns.max(self.last_ns));
        self.burst
    }
}

/// Reads `input` to its end, or until the run is stopped, and gives its lines to `feed`; what is read is also
/// written to `through`, until that fails.
///
/// Blocks in `poll` while nothing comes, at no cost.
pub fn pump<W: Write>(
    mut input: impl Read + AsFd,
    mut through: Option<W>,
    feed: &mut Feed,
    rate: &mut Rate,
    stop: &Stop,
) -> Ending {
    let longest = LONGEST.min(feed.max_payload());
    let mut lines = Lines { buffer: vec![0; longest + 1], held: 0 };
    loop {
        match readable(&input, stop) {
            Ok(true) => {}
            Ok(false) => return lines.finish(feed, Ending::Stopped),
            Err(error) => return lines.finish(feed, Ending::Failed(error)),
        }
        let fresh = match input.read(&mut lines.buffer[lines.held..]) {
            Ok(0) => return lines.finish(feed, Ending::Over),
            Ok(fresh) => fresh,
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                continue;
            }
            Err(error) => return lines.finish(feed, Ending::Failed(error)),
        };
        if let Some(out) = &mut through
            && out
                .write_all(&lines.buffer[lines.held..lines.held + fresh])
                .and_then(|()| out.flush())
                .is_err()
        {
            // Whoever read it has gone (`| head`); the recording goes on.
            through = None;
        }
        let now = feed.clock().now_ns();
        rate.add(now, fresh);
        match lines.take(feed, now, fresh) {
            Flow::Continue => {}
            flow => return Ending::Refused(flow),
        }
    }
}

/// What was read and not given yet: the beginning of a line.
struct Lines {
    /// One byte longer than the longest piece, so that a piece is known to go on before it is tagged so.
    buffer: Vec<u8>,
    held: usize,
}

impl Lines {
    /// Gives the lines that `fresh` more bytes complete.
    fn take(&mut self, feed: &mut Feed, now_ns: u64, fresh: usize) -> Flow {
        let filled = self.held + fresh;
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', &self.buffer[self.held..filled]) {
            let to = self.held + end + 1;
            // A line of exactly the whole buffer is one byte too long.
            let flow = push_piece(feed, now_ns, &self.buffer[from..to], self.buffer.len() - 1);
            if flow != Flow::Continue {
                return flow;
            }
            from = to;
        }
        if from == 0 && filled == self.buffer.len() {
            from = filled - 1;
            let flow = feed.push(now_ns, CONTINUED, &self.buffer[..from]);
            if flow != Flow::Continue {
                return flow;
            }
        }
        self.buffer.copy_within(from..filled, 0);
        self.held = filled - from;
        Flow::Continue
    }

    /// Gives what is left, a line without an end.
    fn finish(self, feed: &mut Feed, ending: Ending) -> Ending {
        if self.held == 0 {
            return ending;
        }
        let now = feed.clock().now_ns();
        match push_piece(feed, now, &self.buffer[..self.held], self.buffer.len() - 1) {
            Flow::Continue => ending,
            flow => Ending::Refused(flow),
        }
    }
}

/// Gives a piece of at most one byte more than `longest`.
fn push_piece(feed: &mut Feed, now_ns: u64, piece: &[u8], longest: usize) -> Flow {
    if piece.len() <= longest {
        return feed.push(now_ns, 0, piece);
    }
    let (first, rest) = piece.split_at(longest);
    match feed.push(now_ns, CONTINUED, first) {
        Flow::Continue => feed.push(now_ns, 0, rest),
        flow => flow,
    }
}

/// Waits until there is something to read (true) or the run is stopped (false).
fn readable(input: &impl AsFd, stop: &Stop) -> io::Result<bool> {
    loop {
        let mut fds = [PollFd::new(stop, PollFlags::IN), PollFd::new(input, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) if !fds[0].revents().is_empty() => return Ok(false),
            Ok(_) if !fds[1].revents().is_empty() => return Ok(true),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
