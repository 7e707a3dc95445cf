//! Sets with one writer and many readers: over `HashSet`, with any hasher, and `BTreeSet`.
//!
//! As [`map`](crate::publish::map), which has the guarantees and says when not to.
//!
//! ```
//! use flipside::publish::set;
//!
//! let (mut blocked, reader) = set::new();
//! blocked.insert("mallory");
//! blocked.put_all(["eve", "trudy"]);
//! blocked.publish()?;
//! assert!(reader.contains("eve"));
//! blocked.retain(|name| name.len() < 5); // called once for each item
//! blocked.publish()?;
//! assert_eq!(reader.read().iter().collect::<Vec<_>>(), [&"eve"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod handles;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod handles_tests;
mod kinds;

use super::Collection;
#[cfg(feature = "std")]
use super::{collection, strategy::Asymmetric};

/// A set: a [`Collection`] whose items are their own keys.
pub trait Set: Collection<Item = <Self as Collection>::Key> {
    /// Keeps the items for which `keep`, which is called once for each.
    fn retain(&mut self, keep: impl FnMut(&Self::Key) -> bool);
}

/// A set in which one can look for a `Q`: for a `str` where the items are `String`s.
pub trait Lookup<Q: ?Sized>: Set {
    /// The item that equals this.
    fn item(&self, key: &Q) -> Option<&Self::Key>;
}

/// The writer of a `HashSet`.
#[cfg(feature = "std")]
pub type Writer<T, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Writer<std::collections::HashSet<T, S>, St, X>;

/// A reader of a `HashSet`.
#[cfg(feature = "std")]
pub type Reader<T, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Reader<std::collections::HashSet<T, S>, St, X>;

/// A writer of a `HashSet` for many threads.
#[cfg(feature = "std")]
pub type SharedWriter<T, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::SharedWriter<std::collections::HashSet<T, S>, St, X>;

/// An empty `HashSet`: its writer and its first reader. [`collection::new`] and [`collection::with`] take one that has
/// items, another hasher, another strategy, or a `BTreeSet`.
#[cfg(feature = "std")]
#[must_use]
pub fn new<T: Eq + core::hash::Hash + Clone>() -> (Writer<T>, Reader<T>) {
    collection::new(std::collections::HashSet::new())
}
