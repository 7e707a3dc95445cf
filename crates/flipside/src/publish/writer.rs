//! The writer of a log: it pushes operations, and publishes.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use std::time::Duration;

use super::error::{PublishError, WriterExists};
use super::log::{Closure, Log, LogFull, Operation};
use super::pointer::Pointer;
use super::raw::{self, Parts};
use super::source::Source;

/// Writes down operations, and publishes what they come to.
///
/// [`push`](Self::push) never waits. A publish applies what was pushed to the back, having given it first what it
/// missed, and flips: readers see all of it or nothing. It waits for readers who entered before the publish *before*:
/// **a guard delays the second publish after it and nothing earlier.**
///
/// There is one at a time. When it is dropped another can be made, and finds the log as it was.
///
/// # Panics in operations
///
/// If an operation panics so does the publish, and nothing is flipped. Readers carry on. The copy that it left half done is
/// cloned from the good one at the next publish, and the other operations are applied again, without the one at fault.
/// Where `T` cannot be cloned ([`Log::without_clone`]) the writer is
/// [poisoned](PublishError::Poisoned).
///
/// See [`Operation`] for an example.
pub struct Writer<P: Pointer> {
    raw: raw::Writer<P>,
}

impl<P, T, O, X> Writer<P>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    /// The writer of the buffer behind `pointer`.
    ///
    /// # Errors
    ///
    /// [`WriterExists`] if there is one already.
    pub fn new(pointer: P) -> Result<Self, WriterExists> {
        raw::Writer::new(pointer).map(|raw| Self { raw })
    }

    /// Writes an operation down. Never waits; amortised constant time. It takes no notice of the bound.
    pub fn push(&mut self, operation: O) {
        self.raw.log().push(operation);
    }

    /// As [`push`](Self::push), for operations that absorb nothing: cheaper.
    #[inline(always)]
    pub(super) fn push_with(&mut self, make: impl FnOnce() -> O) {
        self.raw.log().push_with(make);
    }

    /// As [`push`](Self::push), if the log's bound allows.
    ///
    /// # Errors
    ///
    /// [`LogFull`] with the operation, if it does not.
    pub fn try_push(&mut self, operation: O) -> Result<(), LogFull<O>> {
        let log = self.raw.log();
        if log.is_full() {
            return Err(LogFull { operation, bound: log.bound() });
        }
        log.push(operation);
        Ok(())
    }

    /// Writes operations down. Never waits.
    pub fn extend(&mut self, operations: impl IntoIterator<Item = O>) {
        let operations = operations.into_iter();
        self.expect(&operations);
        operations.for_each(|operation| self.push(operation));
    }

    /// Makes room for as many operations as an iterator has items.
    pub(super) fn expect(&mut self, items: &impl Iterator) {
        // What it says of its length is a hint, and a lie at worst: then it is not believed far.
        self.raw.log().reserve(items.size_hint().0.min(1 << 16));
    }

    /// Operations that are not published.
    pub fn pending(&self) -> usize {
        self.raw.log_ref().pending()
    }

    /// Operations in the log: those that are not published, and those that one copy has still to be given.
    pub fn log_len(&self) -> usize {
        self.raw.log_ref().len()
    }

    /// Whether there are as many as the bound allows.
    #[cfg(feature = "std")]
    pub(super) fn is_full(&self) -> bool {
        self.raw.log_ref().is_full()
    }

    /// A limit for [`try_push`](Self::try_push).
    pub fn set_bound(&mut self, bound: usize) {
        self.raw.log().set_bound(bound);
    }

    /// Shows readers all that was pushed. Waits for those who entered before the publish before; if nothing was pushed
    /// it does nothing. The number of the newest version.
    ///
    /// # Errors
    ///
    /// [`PublishError::OwnReader`], [`Refused`](PublishError::Refused), [`Poisoned`](PublishError::Poisoned). What was
    /// pushed stays in the log.
    ///
    /// # Panics
    ///
    /// If an operation does.
    #[cfg(feature = "std")]
    pub fn publish(&mut self) -> Result<u64, PublishError> {
        if self.pending() == 0 {
            return Ok(self.version());
        }
        self.raw.vacate()?;
        self.try_publish()
    }

    /// As [`publish`](Self::publish), waiting for at most so long.
    ///
    /// # Errors
    ///
    /// Also [`PublishError::TimedOut`].
    #[cfg(feature = "std")]
    pub fn publish_timeout(&mut self, timeout: Duration) -> Result<u64, PublishError> {
        if self.pending() == 0 {
            return Ok(self.version());
        }
        self.raw.vacate_timeout(timeout)?;
        self.try_publish()
    }

    /// As [`publish`](Self::publish), without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] instead of waiting.
    pub fn try_publish(&mut self) -> Result<u64, PublishError> {
        if self.pending() == 0 {
            return Ok(self.version());
        }
        if !self.bring_up_to_date()? {
            return Ok(self.version());
        }
        // The back is vacant: this does not wait.
        let version = self.raw.try_publish()?;
        self.raw.log().flipped();
        Ok(version)
    }

    /// As [`publish`](Self::publish), for a task: it waits without blocking the thread, and for a guard of the task itself
    /// without end. Dropped before it is ready it has
    /// published nothing, and what was pushed stays.
    pub fn publish_async(&mut self) -> Publish<'_, P> {
        Publish { writer: self }
    }

    /// Publishes, waits for all who entered before, and gives the other copy the same: the log is empty then, and both
    /// copies are up to date.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    ///
    /// # Panics
    ///
    /// If an operation does.
    #[cfg(feature = "std")]
    pub fn publish_both(&mut self) -> Result<u64, PublishError> {
        let version = self.publish()?;
        self.raw.vacate()?;
        self.bring_up_to_date()?;
        Ok(version)
    }

    /// The value as it will be published: with all that was pushed. Waits as [`publish`](Self::publish) does.
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    ///
    /// # Panics
    ///
    /// If an operation does.
    #[cfg(feature = "std")]
    pub fn latest(&mut self) -> Result<&T, PublishError> {
        self.raw.vacate()?;
        self.try_latest()
    }

    /// As `latest`, without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] instead of waiting.
    pub fn try_latest(&mut self) -> Result<&T, PublishError> {
        self.bring_up_to_date()?;
        Ok(self.raw.try_back()?)
    }

    /// Calls a closure with the newest state, if nobody is inside of the back, and makes the operations that it leaves.
    #[cfg(feature = "std")]
    #[inline]
    pub(super) fn make<R>(
        &mut self,
        call: impl FnOnce(&T, &mut alloc::vec::Vec<O>) -> R,
    ) -> Result<R, PublishError> {
        let Parts { front, back, log, extras } = self.raw.try_parts()?;
        log.catch_up(front, back, extras)?;
        log.apply(back, extras);
        let mut operations = log.lend_room();
        let result = call(back, &mut operations);
        log.fill_room(operations);
        log.apply(back, extras);
        Ok(result)
    }

    /// Waits until nobody is inside of the back, for at most so long.
    #[cfg(feature = "std")]
    pub(super) fn vacate_timeout(&mut self, timeout: Duration) -> Result<(), PublishError> {
        self.raw.vacate_timeout(timeout)
    }

    /// Gives the back all that the front has, and all that was pushed, if nobody is inside. Whether it has anything that
    /// the front lacks.
    fn bring_up_to_date(&mut self) -> Result<bool, PublishError> {
        let Parts { front, back, log, extras } = self.raw.try_parts()?;
        log.catch_up(front, back, extras)?;
        Ok(log.apply(back, extras))
    }

    /// The newest published version.
    pub fn published(&self) -> &T {
        self.raw.front()
    }

    /// The number of the newest published version.
    pub fn version(&self) -> u64 {
        self.raw.version()
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &X {
        self.raw.extras()
    }

    /// The pointer to the buffer, for a reader.
    pub fn pointer(&self) -> &P {
        self.raw.pointer()
    }

    /// Where readers come from.
    pub fn source(&self) -> Source<P> {
        self.raw.source()
    }

    /// The value with all that was pushed, if there is no reader any more and the pointer gives it out.
    ///
    /// # Errors
    ///
    /// The writer, if it does not.
    ///
    /// # Panics
    ///
    /// If an operation does.
    pub fn into_inner(self) -> Result<T, Self> {
        let (front, back, log, extras) = self.raw.into_parts().map_err(|raw| Self { raw })?;
        Ok(log.into_value(front, back, &extras))
    }
}

impl<P, T, X> Writer<P>
where
    P: Pointer<Value = T, Log = Log<T, Closure<T, X>>, Extras = X>,
{
    /// Writes a closure down, which will be called twice: once for each copy, and both times must come to the same.
    ///
    /// ```
    /// use flipside::publish;
    ///
    /// let (mut writer, reader) = publish::log(vec![3, 1, 2]);
    /// writer.apply(|list| list.sort());
    /// writer.apply(|list| list.push(4));
    /// writer.publish()?;
    /// assert_eq!(*reader.read(), [1, 2, 3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply<R>(&mut self, mut change: impl FnMut(&mut T) -> R + Send + 'static) {
        self.apply_with(move |copy, _| change(copy));
    }

    /// As [`apply`](Self::apply), with the value beside both copies.
    pub fn apply_with<R>(&mut self, mut change: impl FnMut(&mut T, &X) -> R + Send + 'static) {
        self.push(alloc::boxed::Box::new(move |copy: &mut T, extras: &X| {
            // What it returns is for nobody: it is called twice, and later.
            let _ = change(copy, extras);
        }));
    }

    /// Writes a closure down that will be called once, on the first copy; the other is given a clone of what it came to.
    /// For closures that decide by something else than the copy, or that can be called only once.
    pub fn apply_once<R>(&mut self, change: impl FnOnce(&mut T) -> R + Send + 'static)
    where
        T: Clone + Send + 'static,
    {
        let (mut change, mut outcome) = (Some(change), None);
        self.push(alloc::boxed::Box::new(move |copy: &mut T, _: &X| match (change.take(), &outcome) {
            (Some(change), _) => {
                let _ = change(copy);
                outcome = Some(copy.clone());
            }
            (None, Some(outcome)) => copy.clone_from(outcome),
            // It panicked, and is not called again.
            (None, None) => {}
        }));
    }
}

impl<P: Pointer> fmt::Debug for Writer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("version", &self.raw.version()).finish_non_exhaustive()
    }
}

/// Ready when what was pushed is published. Made by [`Writer::publish_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Publish<'w, P: Pointer> {
    writer: &'w mut Writer<P>,
}

impl<P, T, O, X> Future for Publish<'_, P>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    type Output = Result<u64, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let writer = &mut *self.writer;
        if writer.pending() > 0 {
            core::task::ready!(writer.raw.poll_vacate(cx))?;
        }
        Poll::Ready(writer.try_publish())
    }
}

impl<P: Pointer> Drop for Publish<'_, P> {
    fn drop(&mut self) {
        self.writer.raw.stop_polling();
    }
}

impl<P: Pointer> fmt::Debug for Publish<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Publish").field(&self.writer).finish()
    }
}
