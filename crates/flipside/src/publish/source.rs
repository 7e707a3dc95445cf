//! Where readers come from: what stands in a `static`, an `Arc`, or the state of a web framework.

use core::fmt;

use super::error::Full;
use super::pinned::{Offline, Pinned};
use super::pointer::Pointer;
use super::reader::Reader;

/// Hands each thread its reader. `Send + Sync + Clone`, where a [`Reader`] is not `Sync`.
///
/// A pointer to the buffer is all that it is; a buffer in a `static` needs none.
///
/// ```
/// use flipside::publish;
///
/// let (mut flags, reader) = publish::value(vec!["dark mode"]);
/// let source = publish::Source::from(&reader);
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| assert_eq!(source.reader().unwrap().read().len(), 1));
///     }
/// });
/// flags.update(|flags| flags.clear())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Source<P> {
    pointer: P,
}

impl<P: Pointer> Source<P> {
    /// Of the buffer behind `pointer`.
    pub const fn new(pointer: P) -> Self {
        Self { pointer }
    }

    /// A reader for this thread.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn reader(&self) -> Result<Reader<P>, Full> {
        Reader::new(self.pointer.clone())
    }

    /// A pinned reader, at rest.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn offline(&self) -> Result<Offline<P>, Full> {
        Offline::new(self.pointer.clone())
    }

    /// A pinned reader, online, for this thread.
    ///
    /// # Errors
    ///
    /// [`Full`] if the strategy has no seat left.
    pub fn pinned(&self) -> Result<Pinned<P>, Full> {
        self.offline().map(Offline::online)
    }

    /// The pointer to the buffer.
    pub fn pointer(&self) -> &P {
        &self.pointer
    }
}

impl<P: Pointer> From<&Reader<P>> for Source<P> {
    fn from(reader: &Reader<P>) -> Self {
        Self::new(reader.pointer().clone())
    }
}

impl<P: Pointer> fmt::Debug for Source<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("version", &self.pointer.version()).finish_non_exhaustive()
    }
}
