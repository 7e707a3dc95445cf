//! A task that flushes or closes.

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::collect::collector::{Collector, Shared};
use crate::collect::error::FlushError;
use crate::collect::stats::Report;
use crate::substrate::wait::Registration;

impl Shared {
    /// Whether `done`, by now; if not, the task is woken by the next answer.
    fn poll_answer(&self, rest: &mut Registration, cx: &mut Context<'_>, done: impl Fn() -> bool) -> bool {
        if !done() {
            self.answers.announce_task(rest, cx.waker());
            if !done() {
                return false;
            }
        }
        self.answers.withdraw(rest);
        true
    }
}

impl Collector {
    /// As [`flush`](Self::flush), for a task. What was committed before the first poll is drained when it is ready.
    ///
    /// The future does not keep the collector open. There is no clock in it: for a timeout drop it, which the reader
    /// does not hear of.
    ///
    /// A task that holds a batch or a claim itself must not wait: no thread is blocked then, and nobody can tell that
    /// it waits for itself.
    ///
    /// # Errors
    ///
    /// [`FlushError::Abandoned`] if the reader went away. [`FlushError::InsideClaim`] if the thread that polls first
    /// holds an open claim, and [`FlushError::FromSink`] if it holds a batch from a call that is none of a task's (if
    /// it is in the sink of [`run`](crate::collect::Drain::run), say).
    pub fn flush_async(&self) -> FlushAsync {
        FlushAsync { shared: self.shared.clone(), ticket: None, rest: Registration::default() }
    }

    /// As [`close`](Self::close), for a task. The close begins with the first poll, and goes on if the future is
    /// dropped.
    ///
    /// There is no clock in it: `patience` is for the reader, who gives up on stragglers then. If the reader
    /// itself hangs, so does this.
    pub fn close_async(&self, patience: Duration) -> CloseAsync {
        CloseAsync { shared: self.shared.clone(), patience, waits: None, rest: Registration::default() }
    }
}

/// A task's flush. Made by [`Collector::flush_async`]. Polled again after it was ready, it says the same again.
#[must_use = "a future does nothing unless it is polled"]
pub struct FlushAsync {
    shared: Arc<Shared>,
    ticket: Option<u64>,
    rest: Registration,
}

impl Future for FlushAsync {
    type Output = Result<(), FlushError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, ticket, rest } = &mut *self;
        let wanted = match *ticket {
            Some(wanted) => wanted,
            None => {
                shared.may_flush(shared.is_draining_in_call())?;
                *ticket.insert(shared.request_flush())
            }
        };
        if !shared.poll_answer(rest, cx, || shared.has_answered(wanted)) {
            return Poll::Pending;
        }
        Poll::Ready(shared.flushed(wanted))
    }
}

impl Drop for FlushAsync {
    fn drop(&mut self) {
        self.shared.answers.withdraw(&mut self.rest);
    }
}

impl fmt::Debug for FlushAsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlushAsync").field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

/// A task's close. Made by [`Collector::close_async`]. Polled again after it was ready, it reports again.
#[must_use = "a future does nothing unless it is polled"]
pub struct CloseAsync {
    shared: Arc<Shared>,
    patience: Duration,
    /// Once it has begun: whether there is anything to wait for but itself.
    waits: Option<bool>,
    rest: Registration,
}

impl Future for CloseAsync {
    type Output = Report;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let Self { shared, patience, waits, rest } = &mut *self;
        let waits = *waits.get_or_insert_with(|| {
            let deadline = shared.begin_close(*patience);
            shared.may_await_close(deadline, shared.is_draining_in_call())
        });
        if waits && !shared.poll_answer(rest, cx, || shared.is_finished()) {
            return Poll::Pending;
        }
        Poll::Ready(shared.report())
    }
}

impl Drop for CloseAsync {
    fn drop(&mut self) {
        self.shared.answers.withdraw(&mut self.rest);
    }
}

impl fmt::Debug for CloseAsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { patience, waits, .. } = self;
        f.debug_struct("CloseAsync").field("patience", patience).field("waits", waits).finish_non_exhaustive()
    }
}
