//! What the shared writer of every map has.

use super::{Lookup, Map};
use crate::publish::collection::Edit;
use crate::publish::log::place;
use crate::publish::{PublishError, SharedLog, SharedWriter, Strategy};

/// For every [`Map`]. Each of these is a [`call`](Self::call): it returns when it has been made, with what was there
/// before.
impl<M, St: Strategy, X> SharedWriter<SharedLog<M, Edit<M>, St, X>>
where
    M: Map<Key: Send, Value: Send> + Lookup<<M as crate::publish::Collection>::Key> + 'static,
{
    /// Puts a value in. The value that the key had.
    ///
    /// ```
    /// use flipside::publish::{SharedWriter, map};
    ///
    /// let (writer, reader) = map::new();
    /// let seats = SharedWriter::new(writer);
    /// assert_eq!(seats.insert(7, "ada")?, None);
    /// assert_eq!(seats.insert(7, "grace")?, Some("ada"));
    /// assert_eq!(reader.get_cloned(&7), Some("grace"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn insert(&self, key: M::Key, value: M::Value) -> Result<Option<M::Value>, PublishError> {
        self.compute(key, |_| Some(value))
    }

    /// Takes a value out.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn remove(&self, key: M::Key) -> Result<Option<M::Value>, PublishError> {
        self.compute(key, |_| None)
    }

    /// Calls a closure, once, with the value that a key has, and puts in what it returns, or takes the value out if it
    /// returns none. The value that the key had. Nobody changes it in between.
    ///
    /// ```
    /// use flipside::publish::{SharedWriter, map};
    ///
    /// let (writer, reader) = map::new();
    /// let stock = SharedWriter::new(writer);
    /// stock.insert("tea", 2)?;
    /// for before in [Some(2), Some(1), None] {
    ///     let had = stock.compute("tea", |left| left.copied().filter(|left| *left > 1).map(|left| left - 1))?;
    ///     assert_eq!(had, before);
    /// }
    /// assert!(reader.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn compute(
        &self,
        key: M::Key,
        compute: impl FnOnce(Option<&M::Value>) -> Option<M::Value> + Send + 'static,
    ) -> Result<Option<M::Value>, PublishError> {
        self.call(move |map, edits| {
            let before = map.lookup(&key).map(|(_, value)| value);
            match compute(before) {
                Some(value) => place(edits, || Edit::put((key, value))),
                None if before.is_some() => edits.push(Edit::remove(key)),
                None => {}
            }
            before.cloned()
        })
    }
}
