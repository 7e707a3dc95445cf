//! One value that is replaced or changed as a whole: no log, and no lost update.

use core::fmt;
#[cfg(feature = "std")]
use core::time::Duration;

use super::error::{PublishError, SetError, WriterExists};
use super::pointer::Pointer;
use super::raw::{self, Parts};
use super::source::Source;

/// Replaces a value, or changes it as a whole. Made by [`publish::value`](crate::publish::value()).
///
/// For: configurations, snapshots, prices. When not: large values that change by a little, which a
/// [log](crate::publish::log()) changes without cloning them.
///
/// Each call publishes, and waits for readers who entered before the publish before; the `try_` forms return an error
/// instead, `..._async` forms wait as tasks. An update begins with the newest version and there is one writer, so none
/// is lost; share it behind a `Mutex` if several threads write.
///
/// ```
/// use flipside::publish;
///
/// let (mut limits, reader) = publish::value([10, 20]);
/// limits.update(|limits| limits[0] += 1)?;
/// assert_eq!(*reader.read(), [11, 20]);
/// limits.set([1, 2])?;
/// assert_eq!(*reader.read(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Writer<P: Pointer> {
    raw: raw::Writer<P>,
}

impl<T, P: Pointer<Value = T, Log = ()>> Writer<P> {
    /// The writer of the buffer behind `pointer`.
    ///
    /// # Errors
    ///
    /// [`WriterExists`] if there is one already.
    pub fn new(pointer: P) -> Result<Self, WriterExists> {
        raw::Writer::new(pointer).map(|raw| Self { raw })
    }

    /// Replaces the value. The number of the new version.
    ///
    /// # Errors
    ///
    /// [`PublishError::OwnReader`], [`Refused`](PublishError::Refused), with the value.
    #[cfg(feature = "std")]
    pub fn set(&mut self, value: T) -> Result<u64, SetError<T>> {
        let vacated = self.raw.vacate();
        self.set_after(vacated, value)
    }

    /// As `set`, waiting for at most so long.
    ///
    /// # Errors
    ///
    /// Also [`PublishError::TimedOut`].
    #[cfg(feature = "std")]
    pub fn set_timeout(&mut self, value: T, timeout: Duration) -> Result<u64, SetError<T>> {
        let vacated = self.raw.vacate_timeout(timeout);
        self.set_after(vacated, value)
    }

    /// As `set`, without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] instead of waiting.
    pub fn try_set(&mut self, value: T) -> Result<u64, SetError<T>> {
        let vacated = self.raw.try_vacate();
        self.set_after(vacated, value)
    }

    /// As `set`, for a task.
    ///
    /// # Errors
    ///
    /// [`PublishError::Refused`], with the value.
    pub async fn set_async(&mut self, value: T) -> Result<u64, SetError<T>> {
        let vacated = self.raw.vacate_async().await;
        self.set_after(vacated, value)
    }

    fn set_after(&mut self, vacated: Result<(), PublishError>, value: T) -> Result<u64, SetError<T>> {
        match vacated.and_then(|()| self.raw.try_back()) {
            Ok(back) => *back = value,
            Err(error) => return Err(SetError { error, value }),
        }
        Ok(self.raw.try_publish().expect("the back is vacant until the flip"))
    }

    /// Changes the value, beginning with the newest version, which is cloned. The number of the new version.
    ///
    /// # Errors
    ///
    /// As `set`; then `change` was not called.
    ///
    /// # Panics
    ///
    /// If `change` or `clone` does; then nothing has changed.
    #[cfg(feature = "std")]
    pub fn update(&mut self, change: impl FnOnce(&mut T)) -> Result<u64, PublishError>
    where
        T: Clone,
    {
        self.raw.vacate()?;
        self.try_update(change)
    }

    /// As `update`, without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] instead of waiting.
    ///
    /// # Panics
    ///
    /// If `change` or `clone` does; then nothing has changed.
    pub fn try_update(&mut self, change: impl FnOnce(&mut T)) -> Result<u64, PublishError>
    where
        T: Clone,
    {
        let Parts { front, back, .. } = self.raw.try_parts()?;
        back.clone_from(front);
        change(back);
        self.raw.try_publish()
    }

    /// As `update`, for a task.
    ///
    /// # Errors
    ///
    /// [`PublishError::Refused`].
    ///
    /// # Panics
    ///
    /// If `change` or `clone` does; then nothing has changed.
    pub async fn update_async(&mut self, change: impl FnOnce(&mut T)) -> Result<u64, PublishError>
    where
        T: Clone,
    {
        self.raw.vacate_async().await?;
        self.try_update(change)
    }

    /// Waits until the next `set` or `update` need not wait. [`raw::Writer::vacate`] has the errors.
    ///
    /// # Errors
    ///
    /// As `set`.
    #[cfg(feature = "std")]
    pub fn vacate(&mut self) -> Result<(), PublishError> {
        self.raw.vacate()
    }

    /// As `vacate`, for at most so long.
    ///
    /// # Errors
    ///
    /// Also [`PublishError::TimedOut`].
    #[cfg(feature = "std")]
    pub fn vacate_timeout(&mut self, timeout: Duration) -> Result<(), PublishError> {
        self.raw.vacate_timeout(timeout)
    }

    /// As `vacate`, without waiting.
    ///
    /// # Errors
    ///
    /// [`PublishError::Occupied`] instead of waiting.
    pub fn try_vacate(&mut self) -> Result<(), PublishError> {
        self.raw.try_vacate()
    }

    /// The newest version.
    pub fn get(&self) -> &T {
        self.raw.front()
    }

    /// The number of the newest version.
    pub fn version(&self) -> u64 {
        self.raw.version()
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &P::Extras {
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

    /// The value, if there is no reader any more and the pointer gives it out.
    ///
    /// # Errors
    ///
    /// The writer, if it does not.
    pub fn into_inner(self) -> Result<T, Self> {
        self.raw.into_parts().map(|(front, ..)| front).map_err(|raw| Self { raw })
    }
}

impl<P: Pointer> fmt::Debug for Writer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("version", &self.raw.version()).finish_non_exhaustive()
    }
}
