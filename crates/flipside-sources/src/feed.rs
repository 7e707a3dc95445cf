//! The way from a source into the collector: number, time, count.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flipside::collect::{Outcome, WriteError, Writer};

use crate::dist::Dist;

/// Bytes that stand before each payload in a record's body: sequence and time.
pub const PREFIX: usize = 16;

/// One in so many writes is timed by sources whose rate is high.
const TIMED: u64 = 64;

/// The clock of one recording: monotonic nanoseconds since its start, and the wall clock beside them.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When the recording began.
    pub start: Instant,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    /// Nanoseconds since the start, and since the Unix epoch, of the same moment.
    #[must_use]
    pub fn anchor(&self) -> (u64, u64) {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (self.now_ns(), nanos(wall))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// How many records a recording may still take, over all its sources.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Mutex<u64>>);

impl Budget {
    /// A budget of `records`.
    #[must_use]
    pub fn new(records: u64) -> Self {
        Self(Arc::new(Mutex::new(records)))
    }

    /// Takes one; returns how many are left, or `None` if there was none.
    fn take(&self) -> Option<u64> {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(1)?;
        Some(*left)
    }
}

/// Whether a source should go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The record was received.
    Continue,
    /// The budget is used up: this record was the last one received, or was not received any more.
    Enough,
    /// The record was received and refused, and all later ones would be: the recording is over.
    Closed,
    /// The record was received and refused, under a policy for which that is an error.
    Refused,
}

/// What a source has given so far.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Records received.
    pub received: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Payload sizes, in bytes.
    pub sizes: Dist,
    /// What the timed ones of the writes took, in nanoseconds.
    pub write_ns: Dist,
}

impl Tally {
    /// All zero.
    #[must_use]
    pub fn new() -> Self {
        Self { received: 0, bytes: 0, sizes: Dist::new(), write_ns: Dist::new() }
    }

    /// Adds what another source gave.
    pub fn merge(&mut self, other: &Self) {
        self.received += other.received;
        self.bytes += other.bytes;
        self.sizes.merge(&other.sizes);
        self.write_ns.merge(&other.write_ns);
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::new()
    }
}

/// One source's way into the collector.
#[derive(Debug)]
pub struct Feed {
    writer: Writer,
    clock: Clock,
    budget: Option<Budget>,
    max_payload: usize,
    next_seq: u64,
    timed: u64,
    tally: Tally,
}

impl Feed {
    /// A feed through `writer`, for payloads of up to `max_payload` bytes.
    #[must_use]
    pub fn new(writer: Writer, clock: Clock, max_payload: usize, budget: Option<Budget>) -> Self {
        Self { writer, clock, budget, max_payload, next_seq: 0, timed: TIMED, tally: Tally::new() }
    }

    /// Times every write: for sources of a few thousand records a second.
    #[must_use]
    pub fn time_all(mut self) -> Self {
        self.timed = 1;
        self
    }

    /// The recording's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The largest payload that one record takes.
    #[must_use]
    pub fn max_payload(&self) -> usize {
        self.max_payload
    }

    /// What has been given so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Ends the feed; the writer's slot is free again.
    #[must_use]
    pub fn finish(self) -> Tally {
        self.tally
    }

    /// Gives one record, which came at `time_ns` after the start of the recording.
    ///
    /// Waits if the overflow policy does. Never allocates.
    #[inline]
    pub fn push(&mut self, time_ns: u64, tag: u8, payload: &[u8]) -> Flow {
        let last = match self.budget.as_ref().map(Budget::take) {
            None => false,
            Some(Some(left)) => left == 0,
            Some(None) => return Flow::Enough,
        };
        let mut prefix = [0; PREFIX];
        prefix[..8].copy_from_slice(&self.next_seq.to_le_bytes());
        prefix[8..].copy_from_slice(&time_ns.to_le_bytes());
        // Lost records have numbers too: that is how a reader sees where they are missing.
        self.next_seq += 1;
        let timed = self.tally.received.is_multiple_of(self.timed).then(Instant::now);
        self.tally.received += 1;
        self.tally.bytes += payload.len() as u64;
        self.tally.sizes.add(payload.len() as u64);
        let answer = self.writer.write_tagged(tag, &[&prefix, payload]);
        if let Some(begun) = timed {
            self.tally.write_ns.add(nanos(begun.elapsed()));
        }
        match answer {
            Ok(Outcome::Accepted | Outcome::Dropped) if last => Flow::Enough,
            Ok(Outcome::Accepted | Outcome::Dropped) => Flow::Continue,
            Err(WriteError::Closed) => Flow::Closed,
            Err(_) => Flow::Refused,
        }
    }
}

/// How a source ended.
#[derive(Debug)]
pub enum Ending {
    /// It has nothing more to give.
    Over,
    /// It was told to stop.
    Stopped,
    /// The recording took no more: see [`Flow`].
    Refused(Flow),
    /// It failed.
    Failed(io::Error),
}
