//! A task that drains.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::collect::batch::Batch;
use crate::collect::drain::{Drain, Step};
use crate::substrate::atomic::Backoff;
use crate::substrate::wait::Registration;

/// What the last poll of a reader left behind.
#[derive(Debug, Default)]
pub(in crate::collect) struct Rest {
    registration: Registration,
    /// The writers were told that a first record must ring.
    deep: bool,
}

impl Drain {
    /// Looks for something to drain; if there is nothing, the task is woken once there is. `None` when the collector
    /// is closed and everything is drained.
    ///
    /// There is no clock in it, so nothing [lingers](crate::collect::Builder::linger): whatever stands in the front is taken at
    /// once. For larger batches let the runtime's timer pass between one batch and the next. (A
    /// [flight recorder](crate::collect::Overflow::FlightRecorder) goes by its watermark, as always.)
    ///
    /// Idle it costs nothing: the first record wakes it. Stragglers do not ring: while one holds a claim on the side
    /// that was flipped (with [`Order::PerWriter`](crate::collect::Order::PerWriter): while somebody is inside his lane and
    /// nothing else is there), the task spins and yields for some microseconds, then wakes itself and lets
    /// the other tasks run, over and over. So a claim that is held for long makes this task poll for as long; the
    /// blocking [`next`](Self::next) sleeps meanwhile. The same happens where the system begins to refuse
    /// [`membarrier`](crate::collect::Builder::membarrier).
    ///
    /// A reader that is not polled again until later has lost nothing; the writers may ring once in vain.
    ///
    /// # Panics
    ///
    /// If the waker's `clone` or `drop` does; the reader can be used again. One that panics when it is woken harms
    /// nobody but its own task.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Batch<'_>>> {
        match self.poll_ready(cx) {
            Poll::Ready(()) => Poll::Ready(self.batch_in_task()),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Waits for something to drain, as [`poll_next`](Self::poll_next) does; `None` when the collector is closed and
    /// everything is drained. Dropped before it is ready, it has taken nothing.
    ///
    /// ```
    /// use flipside::collect::{Builder, Overflow};
    /// use std::time::Duration;
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// let (collector, mut drain) = Builder::new(Overflow::Fail).build()?;
    /// let writer = std::thread::spawn(move || {
    ///     let mut writer = collector.writer().unwrap();
    ///     (0..1000u32).for_each(|n| assert!(writer.write(&n.to_le_bytes()).is_ok()));
    /// });
    /// let mut drained = 0;
    /// runtime.block_on(async {
    ///     while let Some(batch) = drain.next_async().await {
    ///         drained += batch.count(); // Or await a write of its slices.
    ///         batch.release();
    ///         tokio::time::sleep(Duration::from_millis(10)).await; // Company for the next batch.
    ///     }
    /// });
    /// assert_eq!(drained, 1000);
    /// # writer.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_async(&mut self) -> NextAsync<'_> {
        NextAsync { drain: Some(self) }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.rouse();
        let backoff = Backoff::default();
        loop {
            match self.step_at_once() {
                Step::Ready | Step::Finished => return Poll::Ready(()),
                Step::Idle | Step::Lingering if self.falls_asleep(cx) => return Poll::Pending,
                _ => {}
            }
            if backoff.is_spent() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            backoff.snooze();
        }
    }

    /// Leaves the waker in the bell; false if it must not be left there, for there is something to take by now or
    /// nobody would ring.
    fn falls_asleep(&mut self, cx: &mut Context<'_>) -> bool {
        let is_flight = self.is_flight();
        // Before the announcement: who sees that one sees this.
        self.rest.deep = !is_flight && self.shared.falls_asleep();
        if self.rest.deep || is_flight {
            self.shared.reader.announce_task(&mut self.rest.registration, cx.waker());
            match self.step_at_once() {
                Step::Idle => return true,
                // A flight recorder is woken when there is much, or when somebody asks, and by nothing else.
                Step::Inside | Step::Lingering if is_flight => return true,
                _ => {}
            }
        }
        self.rouse();
        false
    }

    /// Takes back what an earlier poll left behind.
    pub(in crate::collect) fn rouse(&mut self) {
        if core::mem::take(&mut self.rest.deep) {
            self.shared.wakes();
        }
        // Last: this drops a waker, which may panic.
        self.shared.reader.withdraw(&mut self.rest.registration);
    }
}

/// A task's wait for a batch. Made by [`Drain::next_async`].
///
/// # Panics
///
/// If it is polled after it was ready.
#[must_use = "a future does nothing unless it is polled"]
#[derive(Debug)]
pub struct NextAsync<'a> {
    /// Until it is ready.
    drain: Option<&'a mut Drain>,
}

impl<'a> Future for NextAsync<'a> {
    type Output = Option<Batch<'a>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch<'a>>> {
        let drain = self.drain.as_deref_mut().expect("polled after it was ready");
        if drain.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(self.drain.take().and_then(Drain::batch_in_task))
    }
}

impl Drop for NextAsync<'_> {
    fn drop(&mut self) {
        if let Some(drain) = &mut self.drain {
            drain.rouse();
        }
    }
}
