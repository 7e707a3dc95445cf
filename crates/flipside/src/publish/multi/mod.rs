//! Multi-value maps with one writer and many readers: a bag of values for each key, and one meta value beside all. What
//! `evmap` is, with its operations.
//!
//! For: indices, subscriptions, address lists: a few values for each key.
//!
//! When not: with many values for one key. A value is looked for one after the other in its bag; a
//! [`map`](crate::publish::map) of pairs, or an [`ordered`](crate::publish::ordered) one, finds it at once.
//!
//! ```
//! use flipside::publish::multi;
//!
//! let (mut hosts, reader) = multi::with_meta("serial 1");
//! hosts.put_all([("a.example", 1), ("a.example", 2), ("b.example", 3)]);
//! hosts.publish()?;
//! assert_eq!(reader.get("a.example").unwrap()[..], [1, 2]);
//!
//! hosts.remove_value("a.example", 1);
//! hosts.update("b.example", 4); // the only value now
//! hosts.set_meta("serial 2");
//! assert_eq!(*reader.meta(), "serial 1", "nothing is seen before it is published");
//! hosts.publish()?;
//! assert_eq!((*reader.meta(), *reader.get_one("b.example").unwrap()), ("serial 2", 4));
//! assert!(reader.contains_value("a.example", &2) && !reader.contains_value("a.example", &1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | evmap | here |
//! |---|---|
//! | `insert`, `extend` | [`insert`](crate::publish::Writer::insert), `put_all` |
//! | `update` | `update` |
//! | `remove_value` | `remove_value` |
//! | `remove_entry` | `remove` |
//! | `clear` (the key stays) | `empty` |
//! | `purge` | `clear` |
//! | `retain` | `retain`, which may remember: it is called once for each value |
//! | `reserve`, `fit`, `fit_all` | `reserve_values`, `fit`, `shrink_to_fit` |
//! | `set_meta`, `meta` | `set_meta`, `meta` |
//! | `publish`, `flush` | `publish`, [`publish_both`](crate::publish::Writer::publish_both) |
//! | `get`, `get_one`, `contains_key`, `contains_value`, `meta_get` | the same, and `read` for a version of everything |

mod handles;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod handles_tests;

use alloc::vec::Vec;
use core::ops::Deref;

use super::Collection;
use super::map::{Lookup, Map};
#[cfg(feature = "std")]
use super::{collection, strategy::Asymmetric};

/// The values of one key, as a slice in no particular order. What was put in twice is there twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values<V>(Vec<V>);

impl<V> Default for Values<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Deref for Values<V> {
    type Target = [V];

    fn deref(&self) -> &[V] {
        &self.0
    }
}

impl<V> FromIterator<V> for Values<V> {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<'v, V> IntoIterator for &'v Values<V> {
    type Item = &'v V;
    type IntoIter = core::slice::Iter<'v, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A map `B` from keys to their [`Values`], and a meta value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Multimap<B, D = ()> {
    bags: B,
    meta: D,
}

impl<B, D> Multimap<B, D> {
    /// Of this map, and this meta value.
    pub const fn new(bags: B, meta: D) -> Self {
        Self { bags, meta }
    }

    /// The map from keys to values: its whole API.
    pub const fn bags(&self) -> &B {
        &self.bags
    }

    /// The meta value.
    pub const fn meta(&self) -> &D {
        &self.meta
    }

    /// The values of a key.
    pub fn get<Q: ?Sized, V>(&self, key: &Q) -> Option<&Values<V>>
    where
        B: Lookup<Q> + Map<Value = Values<V>>,
    {
        self.bags.lookup(key).map(|(_, values)| values)
    }

    /// The meta value, to be changed.
    pub const fn meta_mut(&mut self) -> &mut D {
        &mut self.meta
    }

    /// The values of a key, to be changed in any way: by a [`change`](crate::publish::Writer::change), or in a value that is
    /// not published yet.
    ///
    /// ```
    /// use flipside::publish::multi;
    ///
    /// let (mut hosts, reader) = multi::new();
    /// hosts.put_all([("a.example", 2), ("a.example", 1)]);
    /// hosts.change(|hosts| hosts.values_mut(&"a.example").map(|values| values.sort()));
    /// hosts.publish()?;
    /// assert_eq!(reader.get("a.example").unwrap()[..], [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn values_mut<V>(&mut self, key: &B::Key) -> Option<&mut Vec<V>>
    where
        B: Map<Value = Values<V>>,
    {
        self.bags.value_mut(key).map(|values| &mut values.0)
    }
}

impl<B: Map<Value = Values<V>>, V: Clone, D: Clone> Collection for Multimap<B, D> {
    type Key = B::Key;
    /// One value for a key.
    type Item = (B::Key, V);

    fn put(&mut self, (key, value): (B::Key, V)) {
        match self.values_mut(&key) {
            Some(values) => values.push(value),
            None => self.bags.put((key, Values([value].into()))),
        }
    }

    fn cut(&mut self, key: &B::Key) {
        self.bags.cut(key);
    }

    fn clear(&mut self) {
        self.bags.clear();
    }

    /// Keys, not values.
    fn len(&self) -> usize {
        self.bags.len()
    }

    /// For keys.
    fn reserve(&mut self, additional: usize) {
        self.bags.reserve(additional);
    }

    /// For keys and for the values of each.
    fn shrink_to_fit(&mut self) {
        self.bags.retain(|_, values| {
            values.0.shrink_to_fit();
            true
        });
        self.bags.shrink_to_fit();
    }
}

/// The map in a multi-value map.
#[cfg(feature = "std")]
pub type Bags<K, V, S = std::hash::RandomState> = std::collections::HashMap<K, Values<V>, S>;

/// The writer of a multi-value map over `HashMap`.
#[cfg(feature = "std")]
pub type Writer<K, V, D = (), S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Writer<Multimap<Bags<K, V, S>, D>, St, X>;

/// A reader of a multi-value map over `HashMap`.
#[cfg(feature = "std")]
pub type Reader<K, V, D = (), S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Reader<Multimap<Bags<K, V, S>, D>, St, X>;

/// A writer of a multi-value map over `HashMap` for many threads.
#[cfg(feature = "std")]
pub type SharedWriter<K, V, D = (), S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::SharedWriter<Multimap<Bags<K, V, S>, D>, St, X>;

/// An empty multi-value map over `HashMap`, without a meta value: its writer and its first reader.
/// [`collection::new`] and [`collection::with`] take any [`Multimap`].
#[cfg(feature = "std")]
#[must_use]
pub fn new<K: Eq + core::hash::Hash + Clone, V: Clone>() -> (Writer<K, V>, Reader<K, V>) {
    with_meta(())
}

/// As [`new`], with a meta value.
#[cfg(feature = "std")]
pub fn with_meta<K: Eq + core::hash::Hash + Clone, V: Clone, D: Clone>(
    meta: D,
) -> (Writer<K, V, D>, Reader<K, V, D>) {
    collection::new(Multimap::new(Bags::new(), meta))
}
