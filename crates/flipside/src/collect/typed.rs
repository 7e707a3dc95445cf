//! Records that are values: plain ones by copy, others by a trait that writes them into a claim.
//!
//! Records are bytes, and nobody runs a destructor on them: what owns something cannot be a record. So there are
//! two kinds. Plain types, `Copy` and without padding, are their bytes; the traits of `bytemuck` say which these are.
//! Everything else says itself how it becomes bytes, by [`Encode`].

use core::fmt;

pub use bytemuck::{CheckedBitPattern, NoUninit};

use super::batching::ClaimBatch;
use super::builder::Overflow;
use super::claim::Claim;
use super::error::{ClaimFull, WriteError};
use super::record::Record;
use super::writer::{Outcome, Writer};

/// Something that can write itself into a claim, for [`Writer::write_encoded`].
///
/// ```
/// use flipside::collect::{Builder, Claim, ClaimFull, Encode, Overflow};
///
/// struct Request<'a> {
///     status: u16,
///     path: &'a str,
/// }
///
/// impl Encode for Request<'_> {
///     fn size(&self) -> usize {
///         2 + self.path.len()
///     }
///
///     fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
///         into.put(&self.status.to_le_bytes())?;
///         into.put(self.path.as_bytes())
///     }
/// }
///
/// let (collector, _drain) = Builder::new(Overflow::Block).build()?;
/// let mut writer = collector.writer()?;
/// writer.write_encoded(&Request { status: 404, path: "/favicon.ico" })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Encode {
    /// How many bytes [`encode`](Self::encode) will put: exactly, or more. Asked once for each record. What is claimed
    /// and not used is padding in the output.
    fn size(&self) -> usize;

    /// Puts the bytes. It runs while the side cannot be drained: it should neither take long nor wait for anything
    /// that the reader has to do, such as a flush, or room for another writer.
    ///
    /// # Errors
    ///
    /// The claim's own, passed on: [`size`](Self::size) said too little. The claim is then aborted.
    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull>;
}

impl Encode for [u8] {
    fn size(&self) -> usize {
        self.len()
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        into.put(self)
    }
}

impl Encode for str {
    fn size(&self) -> usize {
        self.len()
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        into.put(self.as_bytes())
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn size(&self) -> usize {
        T::size(self)
    }

    fn encode(&self, into: &mut Claim<'_>) -> Result<(), ClaimFull> {
        T::encode(self, into)
    }
}

/// Why an encoded record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// There was no room for it; counted as a drop.
    Write(WriteError),
    /// [`Encode::size`] said too little; counted as aborted.
    Size {
        /// What it said, in bytes.
        size: usize,
        /// What did not fit any more. A claim may have up to 7 bytes more than was asked for.
        full: ClaimFull,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(error) => error.fmt(f),
            Self::Size { size, full } => {
                write!(f, "an encoder that promised {size} bytes at most put more: {full}")
            }
        }
    }
}

impl core::error::Error for EncodeError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // It speaks for itself in `Display`.
            Self::Write(error) => error.source(),
            Self::Size { full, .. } => Some(full),
        }
    }
}

impl From<WriteError> for EncodeError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl Writer {
    /// Offers a plain value as one record: its bytes as they lie in memory, so integers in this machine's order.
    ///
    /// Progress and cost are those of [`write`](Self::write).
    ///
    /// ```
    /// use bytemuck::{AnyBitPattern, NoUninit};
    /// use flipside::collect::{Builder, Next, Overflow};
    ///
    /// #[derive(Clone, Copy, Debug, PartialEq, NoUninit, AnyBitPattern)]
    /// #[repr(C)]
    /// struct Sample {
    ///     at_ns: u64,
    ///     volts: [f32; 4],
    /// }
    ///
    /// let (collector, mut drain) = Builder::new(Overflow::Block).build()?;
    /// let sample = Sample { at_ns: 17, volts: [0.5; 4] };
    /// collector.writer()?.write_value(&sample)?;
    /// collector.request_flush();
    /// let Next::Batch(batch) = drain.try_next() else { panic!("asked for") };
    /// assert!(batch.records().all(|record| record.value::<Sample>() == Some(sample)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A type with padding is refused by its derive, and one that owns something is not `Copy`:
    ///
    /// ```compile_fail,E0277
    /// # let (collector, _drain) = flipside::collect::Builder::new(flipside::collect::Overflow::Block).build().unwrap();
    /// collector.writer().unwrap().write_value(&String::new()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_value<T: NoUninit>(&mut self, value: &T) -> Result<Outcome, WriteError> {
        self.write(bytemuck::bytes_of(value))
    }

    /// Claims as many bytes as the value says, lets it fill them, and publishes what it put, as one record.
    ///
    /// Progress is that of [`claim`](Self::claim), and then of the encoder. See [`Encode`] for an example.
    ///
    /// # Errors
    ///
    /// [`EncodeError`]: no room, counted as a drop, or an encoder that puts more than it said, counted as aborted.
    ///
    /// # Panics
    ///
    /// If the encoder does; inside of [`encode`](Encode::encode) that aborts the record, which is counted.
    pub fn write_encoded<T: Encode + ?Sized>(&mut self, value: &T) -> Result<Outcome, EncodeError> {
        let size = value.size();
        let drops = self.shared.overflow != Overflow::Fail;
        let mut claim = match self.claim(size) {
            Ok(claim) => claim,
            Err(WriteError::Full) if drops => return Ok(Outcome::Dropped),
            Err(error) => return Err(EncodeError::Write(error)),
        };
        // Dropped by a panic or an error, it is aborted.
        value.encode(&mut claim).map_err(|full| EncodeError::Size { size, full })?;
        claim.commit();
        Ok(Outcome::Accepted)
    }
}

impl ClaimBatch<'_> {
    /// Adds a plain value as one record; see [`Writer::write_value`].
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    #[inline]
    pub fn put_value<T: NoUninit>(&mut self, value: &T) -> Result<(), ClaimFull> {
        self.put(bytemuck::bytes_of(value))
    }
}

impl Claim<'_> {
    /// Appends the bytes of a plain value; see [`Writer::write_value`].
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    #[inline]
    pub fn put_value<T: NoUninit>(&mut self, value: &T) -> Result<(), ClaimFull> {
        self.put(bytemuck::bytes_of(value))
    }
}

impl Record<'_> {
    /// The value whose bytes are the body; see [`value`]. `None` for a gap or an aborted record as well.
    #[must_use]
    pub fn value<T: CheckedBitPattern>(&self) -> Option<T> {
        match self {
            Self::Data { body, .. } => value(body),
            Self::Gap { .. } | Self::Aborted { .. } => None,
        }
    }
}

/// The value whose bytes are these, copied, so they may lie at any address. `None` if there are more or fewer bytes
/// than the type has, or if they are none of its values, as 2 is not a `bool`.
///
/// It cannot tell types of one size apart: that is what a record's tag, or source, is for.
///
/// ```
/// use flipside::collect::value;
///
/// assert_eq!(value::<[u16; 2]>(&[0; 4]), Some([0, 0]));
/// assert_eq!(value::<u32>(&[0; 5]), None);
/// assert_eq!(value::<bool>(&[2]), None);
/// ```
#[must_use]
pub fn value<T: CheckedBitPattern>(body: &[u8]) -> Option<T> {
    bytemuck::checked::try_pod_read_unaligned(body).ok()
}
