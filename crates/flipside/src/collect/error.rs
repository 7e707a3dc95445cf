//! What can go wrong, with the numbers involved.

use core::fmt;

/// Why a collector could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A side must hold at least one record of one word: 16 bytes.
    SideTooSmall {
        /// The bytes asked for.
        side: usize,
    },
    /// A side holds at most [`MAX_SIDE`](super::MAX_SIDE) bytes.
    SideTooLarge {
        /// The bytes asked for.
        side: usize,
    },
    /// A watermark of 0, or beyond the side.
    Watermark {
        /// The bytes asked for.
        watermark: usize,
        /// The side it does not fit.
        side: usize,
    },
    /// No writer at all, or more than [`MAX_WRITERS`](super::MAX_WRITERS), or more than the offset of this
    /// machine's word can count for sides of this size.
    Writers {
        /// The number asked for.
        writers: usize,
    },
    /// The allocator refused the sides, or they would be more than a process can have.
    Memory {
        /// The bytes asked for, all sides together; `usize::MAX` if it cannot even count them.
        bytes: usize,
    },
    /// The [storage](super::Storage) does not hold the sides.
    StorageTooSmall {
        /// The bytes it has.
        len: usize,
        /// The bytes of the [layout](super::SideLayout).
        needed: usize,
    },
    /// The [storage](super::Storage) does not start at a whole word.
    StorageMisaligned {
        /// Where it starts.
        address: usize,
        /// What that must be a multiple of.
        align: usize,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SideTooSmall { side } => write!(f, "a side of {side} bytes holds no record: at least 16"),
            Self::SideTooLarge { side } => {
                write!(f, "a side of {side} bytes is too large: at most {}", super::MAX_SIDE)
            }
            Self::Watermark { watermark, side } => {
                write!(f, "a watermark of {watermark} bytes in a side of {side}: from 1 to the side")
            }
            Self::Writers { writers } => {
                write!(f, "{writers} writers: from 1 to {}, fewer for huge sides", super::MAX_WRITERS)
            }
            Self::Memory { bytes } => write!(f, "no memory for the sides, {bytes} bytes in all"),
            Self::StorageTooSmall { len, needed } => {
                write!(f, "a storage of {len} bytes: the sides take {needed}")
            }
            Self::StorageMisaligned { address, align } => {
                write!(f, "a storage at address {address:#x}: a multiple of {align} is needed")
            }
        }
    }
}

impl core::error::Error for BuildError {}

/// No slot is free for one more writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyWriters {
    /// How many slots there are.
    pub writers: usize,
}

impl fmt::Display for TooManyWriters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} writers are taken (by living writers, or kept for other sources)", self.writers)
    }
}

impl core::error::Error for TooManyWriters {}

/// Why a record was not taken. Each is counted as a drop, under the cause of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// Larger than any side: it will never fit.
    TooLarge {
        /// The bytes of the record, or of the room for a batch.
        len: usize,
        /// The most that fit.
        max: usize,
    },
    /// The front side is full, and the policy is not to wait.
    Full,
    /// The front side stayed full for as long as the policy waits.
    Timeout,
    /// The collector is closed, or its reader is gone.
    Closed,
    /// The front side is full, and this thread is the one that would have to drain it: waiting would be for
    /// ever.
    FromSink,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { len, max } => {
                write!(f, "{len} bytes are too many: at most {max} fit into a side")
            }
            Self::Full => write!(f, "the side is full"),
            Self::Timeout => write!(f, "the side stayed full until the timeout"),
            Self::Closed => write!(f, "the collector is closed"),
            Self::FromSink => write!(f, "the side is full and only this thread could drain it"),
        }
    }
}

impl core::error::Error for WriteError {}

/// More bytes than the claim has left; none of them were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimFull {
    /// The bytes that were to be added.
    pub len: usize,
    /// The bytes that the claim still has.
    pub left: usize,
}

impl fmt::Display for ClaimFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes into a claim that has {} left", self.len, self.left)
    }
}

impl core::error::Error for ClaimFull {}

/// Why a flush could not promise that everything is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// This thread holds an open claim itself, which the flush would wait for.
    InsideClaim {
        /// The slot of the writer with the claim.
        slot: usize,
    },
    /// This thread is draining at present: it cannot wait for itself.
    FromSink,
    /// The time is over; the records are still on their way.
    Timeout,
    /// The reader is gone, and records were left behind.
    Abandoned,
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsideClaim { slot } => write!(f, "this thread holds an open claim of writer {slot}"),
            Self::FromSink => write!(f, "this thread is draining: it cannot wait for itself"),
            Self::Timeout => write!(f, "not drained within the time"),
            Self::Abandoned => write!(f, "the reader is gone and records were left behind"),
        }
    }
}

impl core::error::Error for FlushError {}
