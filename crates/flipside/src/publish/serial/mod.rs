//! Serde: readers and guards are written out as what they see, and writers are made of what is read in.

#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod serial_tests;

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::multi::{Multimap, Values};
use super::value;
use super::{
    Buffer, Log, Operation, Pinned, Pointer, ReadGuard, Reader, Shared, SharedLog, Strategy, Writer,
};

impl<T: ?Sized + Serialize, S: Strategy> Serialize for ReadGuard<'_, T, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        (**self).serialize(serializer)
    }
}

/// The newest version. The reader is inside of it until all is written out.
///
/// ```
/// use flipside::publish::ordered;
///
/// let (mut writer, reader) = ordered::new();
/// writer.put_all([("one", 1), ("two", 2)]);
/// writer.publish()?;
/// let text = serde_json::to_string(&reader)?;
/// assert_eq!(text, r#"{"one":1,"two":2}"#);
///
/// let writer: ordered::Writer<String, u32> = serde_json::from_str(&text)?;
/// assert_eq!(writer.source().reader()?.get_cloned("two"), Some(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<P: Pointer<Value: Serialize>> Serialize for Reader<P> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.read().serialize(serializer)
    }
}

/// The version that was acknowledged last.
impl<P: Pointer<Value: Serialize>> Serialize for Pinned<P> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        self.get().serialize(serializer)
    }
}

/// The writer of a new buffer; its readers come from [`source`](Writer::source).
impl<'de, T, O, S> Deserialize<'de> for Writer<SharedLog<T, O, S>>
where
    T: Clone + Deserialize<'de>,
    O: Operation<T>,
    S: Strategy + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = T::deserialize(deserializer)?;
        let buffer = Buffer::with(S::default(), [value.clone(), value], Log::new(), ());
        Self::new(Arc::new(buffer)).map_err(D::Error::custom)
    }
}

/// The writer of a new buffer; its readers come from [`source`](value::Writer::source).
impl<'de, T, S> Deserialize<'de> for value::Writer<Shared<T, (), S>>
where
    T: Clone + Deserialize<'de>,
    S: Strategy + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = T::deserialize(deserializer)?;
        Self::new(Arc::new(Buffer::with(S::default(), [value.clone(), value], (), ())))
            .map_err(D::Error::custom)
    }
}

/// A sequence.
impl<V: Serialize> Serialize for Values<V> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Values<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|values| values.into_iter().collect())
    }
}

/// The meta value and the map, as a pair.
impl<B: Serialize, M: Serialize> Serialize for Multimap<B, M> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        (self.meta(), self.bags()).serialize(serializer)
    }
}

impl<'de, B: Deserialize<'de>, M: Deserialize<'de>> Deserialize<'de> for Multimap<B, M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(M, B)>::deserialize(deserializer).map(|(meta, bags)| Self::new(bags, meta))
    }
}
