//! Readers that do not keep the buffer alive.

use alloc::sync::{Arc, Weak};
use core::fmt;

use super::buffer::Buffer;
use super::error::Full;
use super::reader::Reader;
use super::strategy::Strategy;

/// A reader that does not keep the buffer alive: it is freed with the last writer and [`Reader`], and from then on there
/// is nothing to read.
///
/// `Send + Sync + Clone`, if the buffer may be shared. Reading costs what making a [`Reader`] does, some tens of
/// nanoseconds; keep the one from [`upgrade`](Self::upgrade) while you read much.
///
/// ```
/// use flipside::publish::{self, WeakReader};
///
/// let (writer, reader) = publish::value(7);
/// let weak = WeakReader::new(&reader);
/// drop(reader);
/// assert_eq!(weak.try_read(|value| *value), Some(7));
/// drop(writer);
/// assert_eq!(weak.try_read(|value| *value), None);
/// ```
pub struct WeakReader<T, L = (), S: Strategy = super::Asymmetric, X = ()> {
    buffer: Weak<Buffer<T, L, S, X>>,
}

impl<T, L, S: Strategy, X> WeakReader<T, L, S, X> {
    /// Of the buffer that `reader` reads.
    #[must_use]
    pub fn new(reader: &Reader<Arc<Buffer<T, L, S, X>>>) -> Self {
        Self { buffer: Arc::downgrade(reader.pointer()) }
    }

    /// Calls `f` with the newest version, unless the buffer is gone, or has no seat left.
    pub fn try_read<O>(&self, f: impl FnOnce(&T) -> O) -> Option<O> {
        let reader = self.upgrade().ok()??;
        Some(reader.with(f))
    }

    /// A reader, which does keep the buffer alive; `None` if that is gone.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    #[allow(clippy::type_complexity, reason = "the type is spelt out once")]
    pub fn upgrade(&self) -> Result<Option<Reader<Arc<Buffer<T, L, S, X>>>>, Full> {
        self.buffer.upgrade().map(Reader::new).transpose()
    }
}

impl<T, L, S: Strategy, X> Clone for WeakReader<T, L, S, X> {
    fn clone(&self) -> Self {
        Self { buffer: self.buffer.clone() }
    }
}

impl<T, L, S: Strategy, X> fmt::Debug for WeakReader<T, L, S, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReader").field("is_gone", &(self.buffer.strong_count() == 0)).finish()
    }
}
