//! Ordered maps with one writer and many readers: over `BTreeMap`, without `std` too.
//!
//! As [`map`](crate::publish::map), which has the guarantees and the methods; readers have ranges and order besides.
//!
//! ```
//! use flipside::publish::ordered;
//!
//! let (mut book, reader) = ordered::new();
//! book.put_all([(102, 7), (99, 1), (101, 4)]);
//! book.publish()?;
//! let book = reader.read();
//! assert_eq!(book.range(100..).next(), Some((&101, &4)));
//! assert_eq!(book.last_key_value(), Some((&102, &7)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::BTreeMap;

use super::collection;
use super::strategy::Asymmetric;

/// The writer of a `BTreeMap`.
pub type Writer<K, V, St = Asymmetric, X = ()> = collection::Writer<BTreeMap<K, V>, St, X>;

/// A reader of a `BTreeMap`.
pub type Reader<K, V, St = Asymmetric, X = ()> = collection::Reader<BTreeMap<K, V>, St, X>;

/// A writer of a `BTreeMap` for many threads.
#[cfg(feature = "std")]
pub type SharedWriter<K, V, St = Asymmetric, X = ()> = collection::SharedWriter<BTreeMap<K, V>, St, X>;

/// An empty `BTreeMap`: its writer and its first reader. [`collection::new`] takes one that has entries.
#[must_use]
pub fn new<K: Ord + Clone, V: Clone>() -> (Writer<K, V>, Reader<K, V>) {
    collection::new(BTreeMap::new())
}
