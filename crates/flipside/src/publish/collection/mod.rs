//! Collections under a log: what [`map`](crate::publish::map), [`set`](crate::publish::set) and
//! [`ordered`](crate::publish::ordered) are made of, and how to add another.
//!
//! For: a large collection of which little changes between two publishes. A change is written down as an [`Edit`], made
//! on one copy, published, and made on the other. Writing one down never waits.
//!
//! When not: where each publish replaces everything ([`value()`](crate::publish::value()) does that without a log), or
//! where the writes are as many as the reads (a sharded map).
//!
//! Cost: two copies of the collection, so each item is cloned once, when it comes in. **Values that are dear to clone or
//! to keep twice go behind an `Arc`**: then both copies share them, at the price of one more dereference a read, and of a
//! clone of the value (`Arc::make_mut`) whenever it is changed in place.
//!
//! # A collection of one's own
//!
//! Implement [`Collection`]: what an item is and how it is put in and taken out. The writer then has all that
//! [`Writer`] offers for collections, and [`change`](crate::publish::Writer::change) for whatever else the type
//! can do. A vector, whose items are taken out by their place:
//!
//! ```
//! use flipside::publish::collection::{self, Collection};
//!
//! #[derive(Clone, Default)]
//! struct List(Vec<String>);
//!
//! impl Collection for List {
//!     type Key = usize;
//!     type Item = String;
//!     fn put(&mut self, item: String) { self.0.push(item); }
//!     fn cut(&mut self, at: &usize) { if *at < self.0.len() { self.0.remove(*at); } }
//!     fn clear(&mut self) { self.0.clear(); }
//!     fn len(&self) -> usize { self.0.len() }
//! }
//!
//! let (mut writer, reader) = collection::new(List::default());
//! writer.put_all(["one", "two", "three"].map(String::from));
//! writer.remove(1);
//! writer.change(|list| list.0.sort_by_key(|line| std::cmp::Reverse(line.len())));
//! writer.publish()?;
//! assert_eq!(reader.read().0, ["three", "one"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A trie, whose items are words:
//!
//! ```
//! use std::collections::BTreeMap;
//! use flipside::publish::collection::{self, Collection};
//!
//! #[derive(Clone, Default)]
//! struct Trie { is_word: bool, next: BTreeMap<char, Trie> }
//!
//! impl Trie {
//!     fn node(&mut self, word: &str) -> &mut Self {
//!         word.chars().fold(self, |node, letter| node.next.entry(letter).or_default())
//!     }
//!     fn has(&self, word: &str) -> bool {
//!         let node = word.chars().try_fold(self, |node, letter| node.next.get(&letter));
//!         node.is_some_and(|node| node.is_word)
//!     }
//! }
//!
//! impl Collection for Trie {
//!     type Key = String;
//!     type Item = String;
//!     fn put(&mut self, word: String) { self.node(&word).is_word = true; }
//!     fn cut(&mut self, word: &String) { self.node(word).is_word = false; }
//!     fn clear(&mut self) { *self = Self::default(); }
//!     fn len(&self) -> usize { usize::from(self.is_word) + self.next.values().map(Self::len).sum::<usize>() }
//! }
//!
//! let (mut writer, reader) = collection::new(Trie::default());
//! writer.put_all(["flip", "flipside"].map(String::from));
//! writer.remove("flip".into());
//! writer.publish()?;
//! assert!(reader.read().has("flipside") && !reader.read().has("flip"));
//! assert_eq!(reader.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod edit;
#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod edit_tests;
mod handles;

use super::SharedLog;
use super::strategy::{Asymmetric, Strategy};

pub use edit::Edit;

/// A collection whose changes can be written down and made twice.
///
/// A `put` or `cut` must come to the same on equal copies. If it does not (a `Hash`, `Eq` or `Ord` that lies) readers
/// see now the one copy and now the other; it is never unsound. If it panics, see
/// [`Writer`](crate::publish::Writer#panics-in-operations).
pub trait Collection: Clone {
    /// What an item is taken out by.
    type Key: Clone;
    /// What is put in. It is cloned for the first copy and moved into the second.
    type Item: Clone;

    /// Puts an item in.
    fn put(&mut self, item: Self::Item);

    /// Takes the item of this key out, if there is one.
    fn cut(&mut self, key: &Self::Key);

    /// Takes everything out.
    fn clear(&mut self);

    /// How many items there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for so many more. Nothing, by default.
    fn reserve(&mut self, additional: usize) {
        let _ = additional;
    }

    /// Gives back what room is not needed. Nothing, by default.
    fn shrink_to_fit(&mut self) {}
}

/// The writer of a collection: a [`Writer`](crate::publish::Writer) whose operations are [`Edit`]s.
pub type Writer<C, St = Asymmetric, X = ()> = super::Writer<SharedLog<C, Edit<C>, St, X>>;

/// A reader of a collection.
pub type Reader<C, St = Asymmetric, X = ()> = super::Reader<SharedLog<C, Edit<C>, St, X>>;

/// A writer of a collection for many threads.
#[cfg(feature = "std")]
pub type SharedWriter<C, St = Asymmetric, X = ()> = super::SharedWriter<SharedLog<C, Edit<C>, St, X>>;

/// A collection that is written here and read there: its writer and its first reader.
///
/// Progress: takes two copies, so it clones the collection once. The examples are in the [module](self).
pub fn new<C: Collection>(collection: C) -> (Writer<C>, Reader<C>) {
    super::log(collection)
}

/// As [`new`], with this strategy, and extras beside both copies.
///
/// ```
/// use std::collections::BTreeMap;
/// use flipside::publish::{collection, strategy::Counters};
///
/// let (mut prices, reader) = collection::with(Counters::new(), BTreeMap::from([("tea", 3)]), "EUR");
/// prices.insert("coffee", 4);
/// prices.publish()?;
/// assert_eq!((reader.get_cloned("coffee"), *reader.extras()), (Some(4), "EUR"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// If the strategy has no seat for a reader.
pub fn with<C: Collection, St: Strategy, X>(
    strategy: St,
    collection: C,
    extras: X,
) -> (Writer<C, St, X>, Reader<C, St, X>) {
    super::log_with(strategy, collection, extras)
}
