//! Maps with one writer and many readers who never wait: over the standard library's `HashMap`, with any hasher, and
//! over any other [`Map`]: a `BTreeMap` ([`ordered`](crate::publish::ordered)), or, by the feature `hashbrown`, that of
//! `hashbrown` (without `std` too: see [how](crate::publish::collection::new)).
//!
//! For: caches, routing and name tables, sessions, indices: much looked up, changed now and then, some changes at a time.
//!
//! When not: where writes are as frequent as reads, or a reader must see a write at once; where memory for two copies is
//! dear (put the values behind an `Arc`, which stores them once: see [collections](crate::publish::collection)).
//!
//! ```
//! use flipside::publish::map;
//!
//! let (mut sessions, reader) = map::new();
//! sessions.insert("ada", 3);
//! sessions.insert("grace", 5);
//! assert_eq!(sessions.get("ada")?, Some(&3), "the writer reads its own writes");
//! assert_eq!(reader.get_cloned("ada"), None, "readers do not, yet");
//! sessions.publish()?;
//!
//! let other = reader.clone();
//! std::thread::spawn(move || assert_eq!(other.get_with("ada", |hits| hits + 1), Some(4))).join().unwrap();
//!
//! let all = reader.read(); // one version of the whole `HashMap`, by `&`
//! assert_eq!(all.values().sum::<i32>(), 8);
//! # drop(all);
//! sessions.retain(|_, hits| { *hits -= 3; *hits > 0 }); // called once for each entry
//! sessions.publish()?;
//! assert_eq!(reader.get_cloned("grace"), Some(2));
//! assert!(!reader.contains_key("ada"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Writer and reader are those of [`publish`](crate::publish), so everything there is here as well: `try_publish`,
//! `publish_async`, `publish_both`, `pending`, `latest`; `changed`, [`pinned`](crate::publish::Reader::pinned) readers,
//! [`Source`](crate::publish::Source)s.
//!
//! # Guarantees
//!
//! - Writing down (`insert`, `remove`, `update`, ...) never waits. `get`, `take` and `publish` wait for readers who entered
//!   before the publish before; their `try_` and `async` forms do not.
//! - A guard sees one version, whole: all that was written down between two publishes, or none of it.
//! - Both copies have hashers with the same state, so iteration goes alike.
//! - A `Hash`, `Eq` or `Clone` that panics costs its own edit; one that lies may make the copies differ, so that readers
//!   see now the one and now the other. Neither is unsound.
//!
//! # For those who come from elsewhere
//!
//! | there | here | what differs |
//! |---|---|---|
//! | left-right: `Absorb`, `append`, `publish`, `enter` | [`Operation`], `push`, `publish`, `read` | operations absorb the *next* one; guards are not optional, for a reader outlives its writer |
//! | evmap: `insert`, `update`, `empty`, `refresh` | [`insert`](crate::publish::Writer::insert), `insert`, `remove`, `publish` | one value for a key; values are cloned, not aliased |
//! | evmap: `get_one`, `get`, `map_into` | `get_cloned`, `get`, `read().iter()` | a guard is of the whole version |
//! | flashmap: `guard()`, `insert`, dropping the write guard | `insert`, `publish` | writes are published when you say so; the writer waits at the next write, not at the end of this |
//! | arc-swap: `load`, `store`, `rcu`, `Cache` | `read`, `replace` and `publish`, `change`, `pinned` | a write costs what changes, not a copy of everything |
//! | dashmap: `get`, `insert`, `alter`, `retain`, `iter` | `get`, `insert`, `update`, `retain`, `read().iter()` | one writer, or a [`SharedWriter`](crate::publish::shared) for all; reads take no lock, and iteration is one version; a write is seen after `publish` |
//!
//! [`Operation`]: crate::publish::Operation

mod handles;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod handles_tests;
mod kinds;
mod retain;
#[cfg(feature = "std")]
mod shared;

use super::Collection;
#[cfg(feature = "std")]
use super::{collection, strategy::Asymmetric};

/// A map: a [`Collection`] whose items are keys with values. Whatever implements it has a writer and readers with the
/// methods of a map.
pub trait Map: Collection<Item = (<Self as Collection>::Key, <Self as Map>::Value)> {
    /// What a key leads to.
    type Value: Clone;

    /// The value of this key, to be changed.
    fn value_mut(&mut self, key: &Self::Key) -> Option<&mut Self::Value>;

    /// Keeps the entries for which `keep`, which is called once for each.
    fn retain(&mut self, keep: impl FnMut(&Self::Key, &mut Self::Value) -> bool);
}

/// A map in which one can look for a `Q`: for a `str` where the keys are `String`s.
pub trait Lookup<Q: ?Sized>: Map {
    /// The key and the value of this entry.
    fn lookup(&self, key: &Q) -> Option<(&Self::Key, &Self::Value)>;
}

/// The writer of a `HashMap`.
#[cfg(feature = "std")]
pub type Writer<K, V, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Writer<std::collections::HashMap<K, V, S>, St, X>;

/// A reader of a `HashMap`.
#[cfg(feature = "std")]
pub type Reader<K, V, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::Reader<std::collections::HashMap<K, V, S>, St, X>;

/// A writer of a `HashMap` for many threads.
#[cfg(feature = "std")]
pub type SharedWriter<K, V, S = std::hash::RandomState, St = Asymmetric, X = ()> =
    collection::SharedWriter<std::collections::HashMap<K, V, S>, St, X>;

/// An empty `HashMap`: its writer and its first reader. [`collection::new`] and [`collection::with`] take one that has
/// entries, another hasher, another strategy.
///
/// ```
/// use std::collections::HashMap;
/// use flipside::publish::{collection, map};
/// # type Fast = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
///
/// let ports = HashMap::<_, _, Fast>::from_iter([("http", 80), ("https", 443)]);
/// let (_writer, reader): (map::Writer<_, _, Fast>, map::Reader<_, _, Fast>) = collection::new(ports);
/// assert_eq!(reader.get_cloned("https"), Some(443));
/// ```
#[cfg(feature = "std")]
pub fn new<K, V>() -> (Writer<K, V>, Reader<K, V>)
where
    K: Eq + core::hash::Hash + Clone,
    V: Clone,
{
    collection::new(std::collections::HashMap::new())
}
