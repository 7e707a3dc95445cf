//! Record frames: the inside of a records block, read without trusting one byte of it.
//!
//! The frames are written by the core, in place, while the block is still a side in memory. This module only
//! reads them, and shares no code with whoever writes them.

use std::fmt;
use std::iter::FusedIterator;

/// Bit of a DATA tag: the payload goes on in the next record of the same source.
pub const CONTINUED: u8 = 1;

const KIND_DATA: u8 = 1;
const KIND_GAP: u8 = 2;
const KIND_ABORTED: u8 = 3;
const KIND_PAD: u8 = 4;
const FRAME_HEADER: usize = 8;
/// Sequence number and time, in front of every payload.
const DATA_PREFIX: usize = 16;
const GAP_BODY: usize = 16;

/// One record of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// What a source said.
    Data {
        /// The source's id; [`Block::source_name`](crate::Block::source_name) knows its name.
        source: u16,
        /// Number of the record within its source, from 0; lost records have numbers too.
        seq: u64,
        /// Nanoseconds since the start of the recording, on a monotonic clock.
        time_ns: u64,
        /// Bit 0 is [`CONTINUED`]; the others are reserved and to be ignored.
        tag: u8,
        /// The bytes themselves.
        payload: &'a [u8],
    },
    /// Records of this source are missing here, and it is known how many.
    Gap {
        /// The source's id.
        source: u16,
        /// How many records were lost.
        lost_records: u64,
        /// How many bytes they held, 16 for sequence and time included in each.
        lost_bytes: u64,
    },
    /// Space that was claimed and then given up, by a panic for example.
    Aborted {
        /// The source's id.
        source: u16,
        /// Bytes that had been claimed.
        bytes: u32,
    },
}

/// Sums over the frames of one image or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// DATA frames.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// GAP frames.
    pub gaps: u64,
    /// Records that these gaps stand for (saturating).
    pub lost_records: u64,
    /// Bytes that these gaps stand for (saturating).
    pub lost_bytes: u64,
    /// ABORTED frames.
    pub aborted: u64,
}

/// Where and why an image is not a sequence of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Byte offset of the frame within the image.
    pub at: u64,
    /// What is wrong with it.
    pub what: FrameFault,
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// Fewer than 8 bytes are left for the frame's header.
    ShortHeader {
        /// Bytes left in the image.
        left: u64,
    },
    /// The frame says it is longer than what is left.
    Overrun {
        /// Its length, padding included, header excluded.
        span: u64,
        /// Bytes left behind its header.
        left: u64,
    },
    /// No such kind.
    Kind(u8),
    /// The body is too short (DATA: 16 bytes at least) or has the wrong length (GAP: 16 bytes).
    BodyLength {
        /// Kind of the frame.
        kind: u8,
        /// Length of its body.
        len: u32,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            FrameFault::ShortHeader { left } => write!(f, "{left} bytes left for a frame header")?,
            FrameFault::Overrun { span, left } => write!(f, "frame of {span} bytes where {left} are left")?,
            FrameFault::Kind(kind) => write!(f, "unknown frame kind {kind}")?,
            FrameFault::BodyLength { kind, len } => {
                write!(f, "frame of kind {kind} with a body of {len} bytes")?
            }
        }
        write!(f, " (at byte {} of the body)", self.at)
    }
}

impl std::error::Error for FrameError {}

struct Frame<'a> {
    kind: u8,
    tag: u8,
    source: u16,
    body: &'a [u8],
}

/// Takes the first frame off `rest`. `Ok(None)` at the end of the image.
fn split<'a>(rest: &mut &'a [u8]) -> Result<Option<Frame<'a>>, FrameFault> {
    if rest.is_empty() {
        return Ok(None);
    }
    let Some((head, behind)) = rest.split_first_chunk::<FRAME_HEADER>() else {
        return Err(FrameFault::ShortHeader { left: rest.len() as u64 });
    };
    let [l0, l1, l2, l3, kind, tag, s0, s1] = *head;
    let len = u32::from_le_bytes([l0, l1, l2, l3]);
    // In u64, u32::MAX rounded up cannot wrap, whatever the width of usize.
    let span = u64::from(len).next_multiple_of(8);
    let left = behind.len() as u64;
    if span > left {
        return Err(FrameFault::Overrun { span, left });
    }
    // Both fit in usize, being no longer than a slice that exists.
    let (padded, after) = behind.split_at(span as usize);
    let body = &padded[..len as usize];
    let fits = match kind {
        KIND_DATA => body.len() >= DATA_PREFIX,
        KIND_GAP => body.len() == GAP_BODY,
        KIND_ABORTED | KIND_PAD => true,
        _ => return Err(FrameFault::Kind(kind)),
    };
    if !fits {
        return Err(FrameFault::BodyLength { kind, len });
    }
    *rest = after;
    Ok(Some(Frame { kind, tag, source: u16::from_le_bytes([s0, s1]), body }))
}

/// Two little-endian words, and what stands behind them.
fn words(body: &[u8]) -> Option<(u64, u64, &[u8])> {
    let (first, body) = body.split_first_chunk::<8>()?;
    let (second, body) = body.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*first), u64::from_le_bytes(*second), body))
}

impl<'a> Frame<'a> {
    /// `None` for padding.
    fn record(&self) -> Option<Record<'a>> {
        let Self { kind, tag, source, body } = *self;
        match kind {
            KIND_DATA => {
                let (seq, time_ns, payload) = words(body)?;
                Some(Record::Data { source, seq, time_ns, tag, payload })
            }
            KIND_GAP => {
                let (lost_records, lost_bytes, _) = words(body)?;
                Some(Record::Gap { source, lost_records, lost_bytes })
            }
            KIND_ABORTED => Some(Record::Aborted { source, bytes: body.len() as u32 }),
            _ => None,
        }
    }
}

impl Census {
    pub(crate) fn count(&mut self, record: &Record<'_>) {
        match *record {
            Record::Data { payload, .. } => {
                self.records += 1;
                self.payload_bytes += payload.len() as u64;
            }
            Record::Gap { lost_records, lost_bytes, .. } => {
                self.gaps += 1;
                self.lost_records = self.lost_records.saturating_add(lost_records);
                self.lost_bytes = self.lost_bytes.saturating_add(lost_bytes);
            }
            Record::Aborted { .. } => self.aborted += 1,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.payload_bytes += other.payload_bytes;
        self.gaps += other.gaps;
        self.lost_records = self.lost_records.saturating_add(other.lost_records);
        self.lost_bytes = self.lost_bytes.saturating_add(other.lost_bytes);
        self.aborted += other.aborted;
    }
}

/// Counts the frames of an image, and checks that it is a sequence of frames to its last byte.
///
/// A recorder uses it to know what an image held that could not be written.
///
/// # Errors
///
/// The first frame that is none.
///
/// ```
/// let gap = [16, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0];
/// assert_eq!(flipside_journal::census(&gap)?.lost_records, 3);
/// # Ok::<(), flipside_journal::FrameError>(())
/// ```
pub fn census(image: &[u8]) -> Result<Census, FrameError> {
    let mut sums = Census::default();
    let mut rest = image;
    loop {
        let at = (image.len() - rest.len()) as u64;
        match split(&mut rest) {
            Ok(Some(frame)) => {
                if let Some(record) = frame.record() {
                    sums.count(&record);
                }
            }
            Ok(None) => return Ok(sums),
            Err(what) => return Err(FrameError { at, what }),
        }
    }
}

/// The records of a block, in the order of the file. Padding is left out.
#[derive(Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// `image` has passed [`census`], which is why iterating over it cannot fail.
    pub(crate) fn checked(image: &'a [u8]) -> Self {
        Self { rest: image }
    }
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("bytes_left", &self.rest.len()).finish()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let frame = split(&mut self.rest).ok()??;
            if let Some(record) = frame.record() {
                return Some(record);
            }
        }
    }
}

impl FusedIterator for Records<'_> {}
