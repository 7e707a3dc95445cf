//! One writer, many readers: two copies of a value, of which readers see one while the writer changes the other.
//!
//! For: data that is read all the time and changed now and then: configurations, routing tables, feature flags, prices,
//! frames. Readers never wait, not for the writer and not for each other, and what one reads is one consistent version.
//!
//! When not: where writes are as frequent as reads (a sharded map is better), where a reader must see a write at once
//! (`publish` is eventually consistent: readers see the last *publish*), where memory for a second copy is dear, or where
//! one small `Copy` value is all there is (an atomic, or a seqlock).
//!
//! | to publish | use | a write |
//! |---|---|---|
//! | one value, replaced or changed as a whole | [`value()`] | a clone at most |
//! | something large that changes by a little | [`log()`] | each operation twice |
//! | a map, a set, a multi-value map, or a collection of your own | [`map`], [`ordered`], [`set`], [`multi`], [`collection`] | each edit twice |
//! | any of these from many threads | [`shared`] (`std`) | a call, made by whoever holds the writer |
//! | frames, or whatever else needs both copies bare | [`raw`] | what you do to the back |
//!
//! Guarantees, with every [`strategy`]: a guard or a pinned reader sees one version, whole; versions never go back; a
//! reader never waits; a guard delays the writer's second publish after it and nothing earlier; forgotten guards, panics
//! in operations and refused system calls cost progress at worst, and errors say whose.
//!
//! Cost: two copies, 128 bytes a reader; a read is some stores and loads of the reader's own line and one that the writer
//! changes when it flips ([`strategy`] has the table).
//!
//! The [`guide`] builds this up, from one thread to many.
//!
//! What is guaranteed here is proved in [`proof`].

mod buffer;
mod changed;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
pub mod collection;
#[cfg(doctest)]
mod compile_fail;
#[cfg(feature = "std")]
pub mod conformance;
pub mod error;
pub mod guide;
#[cfg(feature = "alloc")]
mod log;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
pub mod map;
#[cfg(all(test, flipside_loom))]
mod model;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
pub mod multi;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
pub mod ordered;
mod pinned;
mod pointer;
pub mod raw;
mod reader;
#[cfg(feature = "alloc")]
mod receipt;
#[cfg(feature = "serde")]
#[forbid(unsafe_code)]
mod serial;
#[cfg(feature = "alloc")]
#[forbid(unsafe_code)]
pub mod set;
#[cfg(feature = "std")]
#[forbid(unsafe_code)]
pub mod shared;
mod source;
pub mod strategy;
pub mod value;
#[cfg(feature = "alloc")]
mod weak;
#[cfg(feature = "alloc")]
mod writer;
#[doc = include_str!("PROOF.md")]
pub mod proof {}

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

pub use buffer::Buffer;
pub use changed::Abandoned;
#[cfg(feature = "alloc")]
pub use collection::{Collection, Edit};
pub use error::{Full, PublishError, Refused, SetError, Straggler, WriterExists};
#[cfg(feature = "alloc")]
pub use log::{Closure, Log, LogFull, Operation};
pub use pinned::{Offline, Pinned};
pub use pointer::Pointer;
pub use reader::{ReadGuard, Reader};
#[cfg(feature = "alloc")]
pub use receipt::{Decide, Decided};
#[cfg(feature = "std")]
pub use shared::{Policy, SharedWriter};
pub use source::Source;
#[doc(no_inline)]
pub use strategy::{Asymmetric, Strategy};
#[cfg(feature = "alloc")]
pub use weak::WeakReader;
#[cfg(feature = "alloc")]
pub use writer::{Publish, Writer};

/// A buffer behind an `Arc`: what [`value()`] and [`log()`] make.
#[cfg(feature = "alloc")]
pub type Shared<T, L = (), S = Asymmetric, X = ()> = Arc<Buffer<T, L, S, X>>;

/// A buffer behind an `Arc`, with a log.
#[cfg(feature = "alloc")]
pub type SharedLog<T, O = Closure<T>, S = Asymmetric, X = ()> = Shared<T, Log<T, O>, S, X>;

/// One value that is replaced, or changed as a whole, and its first reader. See [`value::Writer`].
///
/// ```
/// let (mut price, reader) = flipside::publish::value(100);
/// price.update(|price| *price += 1)?;
/// assert_eq!(*reader.read(), 101);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
pub fn value<T: Clone>(value: T) -> (value::Writer<Shared<T>>, Reader<Shared<T>>) {
    value_with(Asymmetric::new(), value, ())
}

/// As [`value()`], with this strategy, and extras beside both copies.
///
/// ```
/// use flipside::publish::{self, strategy::Counters};
///
/// let (mut price, reader) = publish::value_with(Counters::new(), 100, "EUR");
/// price.set(101)?;
/// assert_eq!(format!("{} {}", reader.read(), reader.extras()), "101 EUR");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
///
/// If the strategy has no seat for a reader.
#[cfg(feature = "alloc")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
pub fn value_with<T: Clone, S: Strategy, X>(
    strategy: S,
    value: T,
    extras: X,
) -> (value::Writer<Shared<T, (), S, X>>, Reader<Shared<T, (), S, X>>) {
    let buffer = Arc::new(Buffer::with(strategy, [value.clone(), value], (), extras));
    let writer = value::Writer::new(buffer.clone()).expect("nobody has this buffer yet");
    (writer, first_reader(buffer))
}

/// A value that operations change, and its first reader. See [`Writer`] and [`Operation`].
///
/// The operations are of one type of yours, or closures:
///
/// ```
/// let (mut writer, reader) = flipside::publish::log(vec![1]);
/// writer.apply(|list| list.push(2));
/// writer.publish()?;
/// assert_eq!(*reader.read(), [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
pub fn log<T: Clone, O: Operation<T>>(value: T) -> (Writer<SharedLog<T, O>>, Reader<SharedLog<T, O>>) {
    log_with(Asymmetric::new(), value, ())
}

/// As [`log()`], with this strategy, and extras beside both copies, which operations see as well.
///
/// # Panics
///
/// If the strategy has no seat for a reader.
#[cfg(feature = "alloc")]
#[allow(clippy::type_complexity, reason = "both types are spelt out once")]
pub fn log_with<T: Clone, O: Operation<T, X>, S: Strategy, X>(
    strategy: S,
    value: T,
    extras: X,
) -> (Writer<SharedLog<T, O, S, X>>, Reader<SharedLog<T, O, S, X>>) {
    let buffer = Arc::new(Buffer::with(strategy, [value.clone(), value], Log::new(), extras));
    let writer = Writer::new(buffer.clone()).expect("nobody has this buffer yet");
    (writer, first_reader(buffer))
}

#[cfg(feature = "alloc")]
fn first_reader<P: Pointer>(pointer: P) -> Reader<P> {
    match Reader::new(pointer) {
        Ok(reader) => reader,
        Err(full) => panic!("{full}"),
    }
}
