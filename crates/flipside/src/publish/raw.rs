//! The writer of the bare double buffer: it writes the back, and flips.

use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use std::time::{Duration, Instant};

use super::buffer::Desk;
use super::error::{PublishError, Straggler, WriterExists};
use super::pointer::Pointer;
use super::source::Source;
use super::strategy::Strategy;

/// The one who writes. There is one at a time; when it is dropped another can be made, and goes on where this one
/// stopped.
///
/// A flip returns at once. Those who are inside of the side that it left, the stragglers, are waited for before that
/// side is written again: **a guard delays the second publish after it and nothing earlier.**
///
/// | to have the back | if somebody is inside |
/// |---|---|
/// | [`try_back`](Self::try_back) | an error, at once |
/// | `back_timeout` (`std`) | an error, after a time |
/// | `back` (`std`) | waits; an error if it is this thread's own guard |
/// | [`vacate_async`](Self::vacate_async), [`poll_vacate`](Self::poll_vacate) | waits as a task |
///
/// After a flip the back is the copy of the version *before*: bring it up to date, or write all of it.
/// [`publish::Writer`](crate::publish::Writer) does that with a log, [`value::Writer`](crate::publish::value::Writer)
/// by cloning.
///
/// ```
/// use std::sync::Arc;
/// use flipside::publish::{Buffer, Reader, raw};
///
/// let frames = Arc::new(Buffer::new([[0u8; 4]; 2], ()));
/// let (reader, mut writer) = (Reader::new(frames.clone())?, raw::Writer::new(frames)?);
/// for number in 1..=3 {
///     writer.back()?.fill(number);
///     assert_eq!(writer.publish()?, u64::from(number));
///     assert_eq!(reader.read()[..], [number; 4]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<P: Pointer> {
    pointer: P,
}

/// The [`Parts`] of the buffer behind a pointer.
pub type PartsOf<'w, P> = Parts<'w, <P as Pointer>::Value, <P as Pointer>::Log, <P as Pointer>::Extras>;

/// What is left of a buffer behind a pointer: both copies, the newer first, the log and the extras.
pub type Remains<P> =
    (<P as Pointer>::Value, <P as Pointer>::Value, <P as Pointer>::Log, <P as Pointer>::Extras);

type BufferOf<P> = <P as Deref>::Target;
type ResidualOf<P> = <<P as Pointer>::Strategy as Strategy>::Residual;
type DeskOf<P> = Desk<<P as Pointer>::Log, ResidualOf<P>>;

/// All that a writer may touch while the back is vacant.
#[derive(Debug)]
pub struct Parts<'w, T, L, X> {
    /// What readers see.
    pub front: &'w T,
    /// What nobody sees.
    pub back: &'w mut T,
    /// What the writer keeps.
    pub log: &'w mut L,
    /// The value beside both copies.
    pub extras: &'w X,
}

impl<P: Pointer> Writer<P> {
    /// The writer of the buffer behind `pointer`.
    ///
    /// # Errors
    ///
    /// [`WriterExists`] if there is one already (a forgotten one is there for ever).
    pub fn new(pointer: P) -> Result<Self, WriterExists> {
        pointer.take_office()?;
        Ok(Self { pointer })
    }

    /// The buffer, and what in it is the writer's alone.
    fn split(&mut self) -> (&BufferOf<P>, &mut DeskOf<P>) {
        let buffer = &*self.pointer;
        // SAFETY: the desk is the writer's, there is one (the office), and `&mut self` lends it once.
        let desk = unsafe { &mut *buffer.desk() };
        (buffer, desk)
    }

    /// Asks the strategy about the last flip's residual, if it was not found vacant before.
    fn settle<E>(
        &mut self,
        ask: impl FnOnce(&P::Strategy, &mut ResidualOf<P>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (buffer, desk) = self.split();
        if let Some(residual) = &mut desk.residual {
            ask(&buffer.strategy, residual)?;
            desk.residual = None;
        }
        Ok(())
    }

    /// Makes sure that nobody is inside of the back, without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] if somebody is; [`PublishError::Refused`].
    pub fn try_vacate(&mut self) -> Result<(), PublishError> {
        self.settle(|strategy, residual| {
            strategy.reach(residual)?;
            if strategy.vacant(residual) {
                return Ok(());
            }
            let straggler = strategy.straggler(residual);
            // He may have left meanwhile; but only `vacant` can tell that the side is.
            if straggler.is_none() && strategy.vacant(residual) {
                return Ok(());
            }
            let unknown = || Straggler::new(None, strategy.version(), 0);
            Err(PublishError::Occupied(straggler.unwrap_or_else(unknown)))
        })
    }

    /// Waits until nobody is inside of the back.
    ///
    /// # Errors
    ///
    /// [`PublishError::OwnReader`] if it is this thread that is; [`PublishError::Refused`].
    #[cfg(feature = "std")]
    pub fn vacate(&mut self) -> Result<(), PublishError> {
        self.wait(None)
    }

    /// As [`vacate`](Self::vacate), for at most so long.
    ///
    /// # Errors
    ///
    /// Also [`PublishError::TimedOut`].
    #[cfg(feature = "std")]
    pub fn vacate_timeout(&mut self, timeout: Duration) -> Result<(), PublishError> {
        self.wait(Some(timeout))
    }

    #[cfg(feature = "std")]
    fn wait(&mut self, timeout: Option<Duration>) -> Result<(), PublishError> {
        self.settle(|strategy, residual| {
            // A time too long for a clock is no limit.
            let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
            loop {
                if strategy.wait(residual, deadline)? {
                    return Ok(());
                }
                // None: it gave up because of somebody who has left since.
                let Some(straggler) = strategy.straggler(residual) else { continue };
                if straggler.is_this_thread() {
                    return Err(PublishError::OwnReader(straggler));
                }
                if let (Some(waited), Some(deadline)) = (timeout, deadline)
                    && Instant::now() >= deadline
                {
                    return Err(PublishError::TimedOut { waited, straggler });
                }
            }
        })
    }

    /// Waits until nobody is inside of the back, for a task.
    ///
    /// # Errors
    ///
    /// [`PublishError::Refused`].
    pub fn poll_vacate(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PublishError>> {
        let settled = self.settle(|strategy, residual| match strategy.poll_vacant(residual, cx) {
            Poll::Ready(ready) => ready.map_err(Some),
            Poll::Pending => Err(None),
        });
        match settled {
            Ok(()) => Poll::Ready(Ok(())),
            Err(Some(refused)) => Poll::Ready(Err(refused.into())),
            Err(None) => Poll::Pending,
        }
    }

    /// The task that polled goes away.
    pub(super) fn stop_polling(&mut self) {
        let (buffer, desk) = self.split();
        if let Some(residual) = &mut desk.residual {
            buffer.strategy.stop_polling(residual);
        }
    }

    /// As [`poll_vacate`](Self::poll_vacate), as a future. Dropped, it has changed nothing. A guard of the task itself is
    /// waited for without end: no thread is blocked, and nobody can tell.
    pub fn vacate_async(&mut self) -> Vacate<'_, P> {
        Vacate { writer: self }
    }

    /// The back, if nobody is inside.
    ///
    /// # Errors
    ///
    /// As [`try_vacate`](Self::try_vacate).
    pub fn try_back(&mut self) -> Result<&mut P::Value, PublishError> {
        Ok(self.try_parts()?.back)
    }

    /// The back, once nobody is inside.
    ///
    /// # Errors
    ///
    /// As [`vacate`](Self::vacate).
    #[cfg(feature = "std")]
    pub fn back(&mut self) -> Result<&mut P::Value, PublishError> {
        self.vacate()?;
        self.try_back()
    }

    /// The back, if within this time nobody is inside.
    ///
    /// # Errors
    ///
    /// As [`vacate_timeout`](Self::vacate_timeout).
    #[cfg(feature = "std")]
    pub fn back_timeout(&mut self, timeout: Duration) -> Result<&mut P::Value, PublishError> {
        self.vacate_timeout(timeout)?;
        self.try_back()
    }

    /// Both copies, the log and the extras, if nobody is inside of the back.
    ///
    /// # Errors
    ///
    /// As [`try_vacate`](Self::try_vacate).
    pub fn try_parts(&mut self) -> Result<PartsOf<'_, P>, PublishError> {
        self.try_vacate()?;
        let (buffer, desk) = self.split();
        let version = buffer.version();
        // SAFETY: the newest version's side is only read until the writer, who is borrowed, flips and vacates.
        let front = unsafe { &*buffer.copy(version) };
        // SAFETY: the other side was found vacant, so that nobody is or comes inside before the next flip (L2).
        let back = unsafe { &mut *buffer.copy(version.wrapping_add(1)) };
        Ok(Parts { front, back, log: &mut desk.log, extras: buffer.extras() })
    }

    /// The newest version, as readers see it.
    pub fn front(&self) -> &P::Value {
        // SAFETY: only the writer writes, through `&mut self`, and never this side before a flip.
        unsafe { &*self.pointer.copy(self.pointer.version()) }
    }

    /// Flips: the back is the newest version. Waits for those whom the flip before has left behind, if the back was not
    /// asked for since; otherwise for nobody. The new version's number.
    ///
    /// # Errors
    ///
    /// As [`vacate`](Self::vacate); then nothing is flipped.
    #[cfg(feature = "std")]
    pub fn publish(&mut self) -> Result<u64, PublishError> {
        self.vacate()?;
        self.try_publish()
    }

    /// As [`publish`](Self::publish), without waiting.
    ///
    /// # Errors
    ///
    /// As [`try_vacate`](Self::try_vacate); then nothing is flipped.
    pub fn try_publish(&mut self) -> Result<u64, PublishError> {
        self.try_vacate()?;
        let (buffer, desk) = self.split();
        // SAFETY: there is one writer, and the residual of the last flip was found vacant.
        desk.residual = Some(unsafe { buffer.strategy.flip() });
        let version = buffer.version();
        if P::Strategy::FLIP_FENCES {
            buffer.news.ring_fenced();
        } else {
            buffer.news.ring();
        }
        Ok(version)
    }

    /// The number of the newest version.
    pub fn version(&self) -> u64 {
        self.pointer.version()
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &P::Extras {
        self.pointer.extras()
    }

    #[cfg(feature = "alloc")]
    pub(super) fn log_ref(&self) -> &P::Log {
        // SAFETY: the desk is the writer's, there is one, and `&self` lends nothing of it to be changed.
        unsafe { &(*self.pointer.desk()).log }
    }

    /// What the writer keeps.
    pub fn log(&mut self) -> &mut P::Log {
        &mut self.split().1.log
    }

    /// The pointer to the buffer, for a reader.
    pub fn pointer(&self) -> &P {
        &self.pointer
    }

    /// Where readers come from.
    pub fn source(&self) -> Source<P> {
        Source::new(self.pointer.clone())
    }

    /// Both copies, the newer first, with log and extras, if there is no reader any more and the pointer gives it out.
    ///
    /// # Errors
    ///
    /// The writer, if it does not.
    pub fn into_parts(self) -> Result<Remains<P>, Self> {
        // The office goes with the buffer, or stays ours.
        let this = ManuallyDrop::new(self);
        // SAFETY: read once, and `this` is neither used nor dropped after it.
        let pointer = unsafe { core::ptr::read(&this.pointer) };
        match pointer.into_buffer() {
            Ok(buffer) => Ok(buffer.into_parts()),
            Err(pointer) => Err(Self { pointer }),
        }
    }
}

impl<P: Pointer> Drop for Writer<P> {
    fn drop(&mut self) {
        self.pointer.leave_office();
    }
}

impl<P: Pointer> fmt::Debug for Writer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// Ready when nobody is inside of the back. Made by [`Writer::vacate_async`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Vacate<'w, P: Pointer> {
    writer: &'w mut Writer<P>,
}

impl<P: Pointer> Future for Vacate<'_, P> {
    type Output = Result<(), PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.writer.poll_vacate(cx)
    }
}

impl<P: Pointer> Drop for Vacate<'_, P> {
    fn drop(&mut self) {
        self.writer.stop_polling();
    }
}

impl<P: Pointer> fmt::Debug for Vacate<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vacate").field(&self.writer).finish()
    }
}
