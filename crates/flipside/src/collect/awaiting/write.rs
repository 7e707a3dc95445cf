//! A task that writes.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::time::Instant;

use crate::collect::error::WriteError;
use crate::collect::lane::Grant;
use crate::collect::own::No;
use crate::collect::slot::{Cause, add};
use crate::collect::writer::{Outcome, Writer};
use crate::substrate::wait::Registration;

impl Writer {
    /// Copies one record into the front side, as [`write`](Self::write) does; if that is full the task waits for room,
    /// whatever the [`Overflow`](crate::collect::Overflow) policy is, and no thread does.
    ///
    /// Dropped before it is ready, it has offered nothing. There is no clock in it, so
    /// [`BlockTimeout`](crate::collect::Overflow::BlockTimeout) does not apply.
    ///
    /// ```
    /// # use flipside::collect::{Builder, Overflow};
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// let (collector, mut drain) = Builder::new(Overflow::Fail).side(64).build()?;
    /// let mut writer = collector.writer()?;
    /// drop(collector);
    /// let producer = runtime.spawn(async move {
    ///     for n in 0..100u32 {
    ///         writer.write_async(&n.to_le_bytes()).await?; // Sides of four records: it waits again and again.
    ///     }
    ///     Ok::<(), flipside::collect::WriteError>(())
    /// });
    /// let drained = runtime.block_on(async {
    ///     let mut drained = 0;
    ///     while let Some(batch) = drain.next_async().await {
    ///         drained += batch.count();
    ///         batch.release();
    ///     }
    ///     drained
    /// });
    /// assert_eq!(drained, 100);
    /// # runtime.block_on(producer)??;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError::TooLarge`] and [`WriteError::Closed`], each counted as a drop; [`WriteError::FromSink`] if the
    /// side is full and the polling thread holds a batch from a call that is none of a task's.
    pub fn write_async<'a>(&'a mut self, body: &'a [u8]) -> WriteAsync<'a> {
        WriteAsync { writer: self, body, phase: Phase::New, rest: Registration::default() }
    }

    fn poll_enter(
        &mut self,
        len: usize,
        rest: &mut Registration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Grant, WriteError>> {
        let span = self.prepare(len)?;
        loop {
            match self.try_enter(span) {
                Ok(grant) => return Poll::Ready(Ok(grant)),
                Err(No::Sealed) => return Poll::Ready(Err(self.refuse(Cause::Closed, len))),
                Err(No::Full) => self.shared.reader.ring(),
            }
            if self.shared.is_draining_in_call() {
                return Poll::Ready(Err(self.refuse(Cause::FromSink, len)));
            }
            self.shared.room.announce_task(rest, cx.waker());
            if self.shared.is_closing() {
                return Poll::Ready(Err(self.refuse(Cause::Closed, len)));
            }
            if self.is_full() {
                return Poll::Pending;
            }
        }
    }
}

/// A task's write. Made by [`Writer::write_async`].
///
/// # Panics
///
/// If it is polled after it was ready.
#[must_use = "a future does nothing unless it is polled"]
#[derive(Debug)]
pub struct WriteAsync<'a> {
    writer: &'a mut Writer,
    body: &'a [u8],
    phase: Phase,
    rest: Registration,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    New,
    Waiting(Instant),
    Over,
}

impl Future for WriteAsync<'_> {
    type Output = Result<Outcome, WriteError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { writer, body, phase, rest } = &mut *self;
        assert!(!matches!(phase, Phase::Over), "polled after it was ready");
        let Poll::Ready(entered) = writer.poll_enter(body.len(), rest, cx) else {
            if let Phase::New = phase {
                *phase = Phase::Waiting(Instant::now());
            }
            return Poll::Pending;
        };
        if let Phase::Waiting(since) = core::mem::replace(phase, Phase::Over) {
            add(&writer.its.waits, 1);
            add(&writer.its.waited_ns, u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
        let outcome = entered.map(|grant| writer.put(grant, 0, &[body], body.len()));
        // Last: this drops a waker, which may panic.
        writer.shared.room.withdraw(rest);
        Poll::Ready(outcome)
    }
}

impl Drop for WriteAsync<'_> {
    fn drop(&mut self) {
        self.writer.shared.room.withdraw(&mut self.rest);
    }
}
