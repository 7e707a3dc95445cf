//! Flush, close and the straggler report: what needs a clock and a thread to wait on.

use alloc::vec::Vec;
use std::time::{Duration, Instant};

use super::collector::{Collector, Shared};
use super::error::FlushError;
use super::slot::Slot;
use super::stats::{Report, Straggler};
use crate::substrate::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, thread_token};
use crate::substrate::side::Side;

/// Points in time that the reader and others tell each other, in nanoseconds after `birth`, 0 for none.
#[derive(Debug)]
pub(crate) struct Timing {
    birth: Instant,
    /// Since when the reader has been waiting for stragglers, and (lowest bit) on which side.
    straggling: AtomicU64,
    /// When a close stops waiting for stragglers.
    give_up: AtomicU64,
    /// The reader has stopped: somebody was left behind on a side.
    left_behind: AtomicBool,
}

impl Timing {
    pub(crate) fn new() -> Self {
        Self {
            birth: Instant::now(),
            straggling: AtomicU64::new(0),
            give_up: AtomicU64::new(0),
            left_behind: AtomicBool::new(false),
        }
    }

    fn stamp(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.birth).as_nanos()).unwrap_or(u64::MAX).max(2)
    }

    /// The reader waits for the stragglers of `side`, from now on or already.
    pub(crate) fn straggling(&self, side: Side) {
        if self.straggling.load(Relaxed) == 0 {
            self.straggling.store(self.stamp(Instant::now()) & !1 | side.bit() as u64, Relaxed);
        }
    }

    /// Nobody is waited for any more. Who was left behind stays in the report.
    pub(crate) fn vacant(&self) {
        if !self.has_left_behind() {
            self.straggling.store(0, Relaxed);
        }
    }

    /// The reader stops waiting for the stragglers of a side.
    pub(crate) fn leave_behind(&self) {
        self.left_behind.store(true, Relaxed);
    }

    fn has_left_behind(&self) -> bool {
        self.left_behind.load(Relaxed)
    }

    pub(super) fn give_up_at(&self, deadline: Instant) {
        self.give_up.store(self.stamp(deadline), Relaxed);
    }

    /// Whether a close has run out of patience.
    pub(crate) fn gives_up(&self) -> bool {
        match self.give_up.load(Relaxed) {
            0 => false,
            stamp => self.stamp(Instant::now()) >= stamp,
        }
    }
}

impl Shared {
    /// Who is on the side that the reader waits for; after it gave up, who still holds a claim.
    fn stragglers(&self) -> Vec<Straggler> {
        let since = self.timing.straggling.load(Relaxed);
        if since == 0 {
            return Vec::new();
        }
        let side = Side::from_bit((since & 1) as usize);
        let held = Duration::from_nanos(self.timing.stamp(Instant::now()).saturating_sub(since & !1));
        let on = self.slots.iter().enumerate().filter(|&(index, slot)| match self.timing.has_left_behind() {
            true => self.lanes.holds(index, slot),
            false => self.lanes.may_straggle(index, slot, side),
        });
        on.map(|(slot, its)| Straggler { slot, source: its.source().unwrap_or_default(), held }).collect()
    }

    /// Sleeps on the answers until `done`, or until `deadline`; false if that came first.
    fn await_answer(&self, deadline: Option<Instant>, done: impl Fn() -> bool) -> bool {
        loop {
            if done() {
                return true;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            let ticket = self.answers.announce();
            if done() {
                self.answers.cancel(ticket);
                return true;
            }
            self.answers.sleep(ticket, deadline);
        }
    }

    /// The slot in which the calling thread holds a claim.
    fn claimed_here(&self) -> Option<usize> {
        let here = thread_token();
        let mine = |slot: &Slot| here != 0 && slot.claimed_by.load(Relaxed) == here;
        self.slots.iter().position(|slot| mine(slot))
    }

    /// The calling thread has a batch in hand, or (one of) its tasks has.
    pub(crate) fn drains_here(&self, in_task: bool) {
        self.tally.draining_in_task.store(in_task, Relaxed);
        self.tally.draining.store(thread_token(), Relaxed);
    }

    /// Whether the calling thread drains and goes on draining only when this call returns. A task that drains goes on
    /// when another one waits.
    pub(crate) fn is_draining_in_call(&self) -> bool {
        self.is_draining_here() && !self.tally.draining_in_task.load(Relaxed)
    }

    /// Whether a flush by the calling thread would wait for itself.
    pub(super) fn may_flush(&self, is_draining: bool) -> Result<(), FlushError> {
        if is_draining {
            return Err(FlushError::FromSink);
        }
        self.claimed_here().map_or(Ok(()), |slot| Err(FlushError::InsideClaim { slot }))
    }

    /// Whether there is nothing more to wait for in a flush.
    pub(super) fn has_answered(&self, ticket: u64) -> bool {
        self.answered() >= ticket || self.is_finished()
    }

    /// How a flush has ended.
    pub(super) fn flushed(&self, ticket: u64) -> Result<(), FlushError> {
        // Finished: the reader took every side it could. What it left behind is in the counts.
        if self.answered() < ticket && self.stats().total().abandoned != 0 {
            return Err(FlushError::Abandoned);
        }
        Ok(())
    }

    /// Asks the reader to finish, and to give up on stragglers after `patience`; when that is.
    pub(super) fn begin_close(&self, patience: Duration) -> Option<Instant> {
        let deadline = deadline_after(patience);
        if let Some(deadline) = deadline {
            self.timing.give_up_at(deadline);
        }
        self.request_close();
        deadline
    }

    /// Whether a close by the calling thread would wait for others.
    pub(super) fn may_await_close(&self, deadline: Option<Instant>, is_draining: bool) -> bool {
        let for_itself = deadline.is_none() && self.claimed_here().is_some();
        !is_draining && !for_itself
    }

    /// How a close has ended, as of now.
    pub(super) fn report(&self) -> Report {
        let stats = self.stats();
        let complete = self.is_finished() && stats.total().abandoned == 0 && !self.timing.has_left_behind();
        // A reader that gave up leaves the mark of whom it waited for.
        let stragglers = if complete { Vec::new() } else { self.stragglers() };
        Report { complete, stragglers, stats }
    }

    /// Whether the calling thread is the one that drains.
    pub(crate) fn is_draining_here(&self) -> bool {
        let here = thread_token();
        here != 0 && self.tally.draining.load(Relaxed) == here
    }
}

/// A deadline so far away that it cannot be told is none.
pub(crate) fn deadline_after(wait: Duration) -> Option<Instant> {
    Instant::now().checked_add(wait)
}

impl Collector {
    /// Waits until every record committed before, by this thread or by one that this thread has heard of, is
    /// drained and the sink has answered for it.
    ///
    /// Blocks on the reader, and on stragglers.
    ///
    /// # Errors
    ///
    /// [`FlushError::InsideClaim`] and [`FlushError::FromSink`] where it would wait for itself,
    /// [`FlushError::Abandoned`] if the reader went away.
    pub fn flush(&self) -> Result<(), FlushError> {
        self.flush_until(None)
    }

    /// As [`flush`](Self::flush), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`FlushError::Timeout`], besides those of `flush`.
    pub fn flush_timeout(&self, timeout: Duration) -> Result<(), FlushError> {
        self.flush_until(deadline_after(timeout))
    }

    fn flush_until(&self, deadline: Option<Instant>) -> Result<(), FlushError> {
        let shared = &*self.shared;
        shared.may_flush(shared.is_draining_here())?;
        let ticket = shared.request_flush();
        if !shared.await_answer(deadline, || shared.has_answered(ticket)) {
            return Err(FlushError::Timeout);
        }
        shared.flushed(ticket)
    }

    /// Closes: waits until everything accepted is drained and the sink has answered, for at most `patience`;
    /// then the reader gives up on stragglers, abandons what it cannot take, and the report says so.
    ///
    /// Blocks on the reader. Called by the thread that drains (from the sink, say) it cannot wait, nor without end
    /// by one that holds a claim itself: it asks, as [`request_close`](Self::request_close) does, and reports what is there.
    ///
    /// ```
    /// use flipside::collect::{Builder, Overflow};
    /// use std::time::Duration;
    ///
    /// let (collector, mut drain) = Builder::new(Overflow::Block).build()?;
    /// let reader = std::thread::spawn(move || drain.run(|_batch| Ok::<(), std::io::Error>(())));
    /// collector.writer()?.write(b"one")?;
    /// let report = collector.close(Duration::from_secs(1));
    /// assert!(report.complete);
    /// assert_eq!(report.stats.total().drained, 1);
    /// # reader.join().unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self, patience: Duration) -> Report {
        let shared = &*self.shared;
        let deadline = shared.begin_close(patience);
        let can_wait = shared.may_await_close(deadline, shared.is_draining_here());
        if can_wait && !shared.await_answer(deadline, || shared.is_finished()) {
            // The reader looks at the clock every few milliseconds while it waits for stragglers, so this is
            // short, unless the sink itself hangs.
            shared.await_answer(deadline_after(Duration::from_millis(100)), || shared.is_finished());
        }
        shared.report()
    }

    /// Who keeps the reader waiting at present, and for how long. Empty while it waits for nobody.
    #[must_use]
    pub fn stragglers(&self) -> Vec<Straggler> {
        self.shared.stragglers()
    }
}
