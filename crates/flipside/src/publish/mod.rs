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
//! | frames, or whatever else needs both copies bare | [`raw`] | what you do to the back |
//!
//! Guarantees, with every [`strategy`]: a guard or a pinned reader sees one version, whole; versions never go back; a
//! reader never waits; a guard delays the writer's second publish after it and nothing earlier; forgotten guards, panics
//! in operations and refused system calls cost progress at worst, and errors say whose.
//!
//! Cost: two copies, 128 bytes a reader; a read is some stores and loads of the reader's own line and one that the writer
//! changes when it flips ([`strategy`] has the table).
//!
//! The guide in `docs/publish.md` builds this up, from one thread to many.

mod buffer;
mod changed;
#[cfg(doctest)]
mod compile_fail;
#[cfg(feature = "std")]
pub mod conformance;
pub mod error;
#[cfg(feature = "alloc")]
mod log;
mod pinned;
mod pointer;
pub mod raw;
mod reader;
mod source;
pub mod strategy;
pub mod value;
#[cfg(feature = "alloc")]
mod weak;
#[cfg(feature = "alloc")]
mod writer;

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

pub use buffer::Buffer;
pub use changed::Abandoned;
pub use error::{Full, PublishError, Refused, Straggler, WriterExists};
#[cfg(feature = "alloc")]
pub use log::{Closure, Decide, Decided, Log, LogFull, Operation};
pub use pinned::{Offline, Pinned};
pub use pointer::Pointer;
pub use reader::{ReadGuard, Reader};
pub use source::Source;
#[doc(no_inline)]
pub use strategy::Asymmetric;
#[cfg(feature = "alloc")]
pub use weak::WeakReader;
#[cfg(feature = "alloc")]
pub use writer::{Publish, Writer};

/// A buffer behind an `Arc`: what [`value()`] and [`log()`] make.
#[cfg(feature = "alloc")]
pub type Shared<T, L = (), S = Asymmetric, X = ()> = Arc<Buffer<T, L, S, X>>;

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
    let buffer = Arc::new(Buffer::<_, _>::new([value.clone(), value], ()));
    let new = "nobody has this buffer yet, and its seats grow";
    (value::Writer::new(buffer.clone()).expect(new), Reader::new(buffer).expect(new))
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
pub fn log<T: Clone, O: Operation<T>>(
    value: T,
) -> (Writer<Shared<T, Log<T, O>>>, Reader<Shared<T, Log<T, O>>>) {
    let buffer = Arc::new(Buffer::<_, _>::new([value.clone(), value], Log::new()));
    let new = "nobody has this buffer yet, and its seats grow";
    (Writer::new(buffer.clone()).expect(new), Reader::new(buffer).expect(new))
}
