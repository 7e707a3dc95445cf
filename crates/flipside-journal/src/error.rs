//! What can go wrong, with the numbers involved.

use std::{fmt, io};

use crate::frame::FrameError;
use crate::layout::{MAX_BODY, MAX_NAME, Totals, VERSION};

/// Why reading stopped.
///
/// Displayed without the name of a file, which the caller knows better.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The input itself failed. Reading may be tried again.
    Io(io::Error),
    /// There is not a single byte.
    Empty,
    /// The input does not begin like a journal, nor like a damaged one.
    NotAJournal {
        /// The first bytes, 16 at most.
        first: Vec<u8>,
    },
    /// A journal of a version that this crate does not know.
    Version {
        /// The version found.
        found: u16,
    },
    /// The journal uses something that this crate does not know.
    Features {
        /// Offset of the header that says so, in bytes.
        offset: u64,
        /// What is not known.
        what: Feature,
    },
    /// The input ends within a block: its writer was stopped, or is still at work. Reading may be tried again
    /// once the file has grown.
    TornTail {
        /// Offset of the block, in bytes.
        offset: u64,
        /// Bytes of the block that are there.
        have: u64,
        /// Bytes that it should have (or 64, if not even its header is there).
        want: u64,
    },
    /// Bytes are not what was written. [`Reader::resync`](crate::Reader::resync) goes on behind them.
    Damaged {
        /// Offset of the block, in bytes.
        offset: u64,
        /// What gave it away.
        what: Fault,
    },
    /// Something follows the seal.
    TrailingData {
        /// Offset of what follows, in bytes.
        offset: u64,
    },
}

/// Something that only a later version of this crate understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Bits set in the flags of the file header.
    Header(u32),
    /// Bits set among the incompatible flags of a block.
    Block(u8),
    /// The kind of a block, and not one that may be skipped.
    Kind(u8),
}

/// How damage showed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The first bytes are almost, but not quite, those of a journal.
    FileMagic,
    /// The first bytes are what line-end conversion makes of those of a journal.
    TextMode,
    /// The checksum of the file header.
    FileHeader,
    /// The file header has a length that version 1 does not allow.
    FileHeaderLength(u16),
    /// No block begins where one should.
    BlockMagic,
    /// The checksum of a block header; also what a block shows that was moved or comes from another file.
    BlockHeader,
    /// The body's length is above the limit or no multiple of 8.
    BodyLength(u32),
    /// The checksum of a body.
    Body,
    /// The frames in the body of a records block.
    Frame(FrameError),
    /// The header of a records block and its body disagree about the number of records.
    RecordCount {
        /// What the header says.
        header: u32,
        /// What the body holds.
        body: u64,
    },
    /// The structure of a sources table.
    SourcesTable,
    /// A source's id is 65535, which is reserved.
    SourceId,
    /// A source's name is empty or too long.
    SourceName {
        /// The source's id.
        id: u16,
        /// Bytes in its name.
        len: usize,
    },
    /// A source's name is not UTF-8.
    SourceNameUtf8 {
        /// The source's id.
        id: u16,
    },
    /// A source has two names.
    SourceRenamed {
        /// The source's id.
        id: u16,
    },
    /// A seal with a body of the wrong length.
    SealLength(u32),
    /// The seal's sums are not those of the file in front of it.
    Totals {
        /// What the seal says.
        sealed: Box<Totals>,
        /// What was read; losses are those of the gaps.
        read: Box<Totals>,
    },
    /// Not damage, but not understood: see [`ReadError::Features`].
    Unsupported(Feature),
    /// Something follows the seal.
    Trailing,
}

/// Why nothing was written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The output failed, just now. The writer is poisoned from here on.
    Io {
        /// Bytes written in whole blocks; what follows them in the output is not to be trusted.
        good_len: u64,
        /// The error.
        source: io::Error,
    },
    /// The output failed earlier.
    Poisoned {
        /// Bytes written in whole blocks.
        good_len: u64,
        /// Kind of the first error.
        kind: io::ErrorKind,
        /// Text of the first error.
        first: String,
    },
    /// The journal is sealed.
    Sealed,
    /// The image is longer than [`MAX_BODY`]. Nothing was written, the writer goes on.
    ImageTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The length of the image is no multiple of 8. Nothing was written, the writer goes on.
    ImageLength {
        /// Its length in bytes.
        len: usize,
    },
    /// The table of sources would be a fault to every reader. Nothing was written, the writer goes on.
    Sources(Fault),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read: {error}"),
            Self::Empty => write!(f, "the file is empty"),
            Self::NotAJournal { first } => {
                write!(f, "not a journal: it begins with \"{}\"", first.escape_ascii())
            }
            Self::Version { found } => {
                write!(f, "a journal of version {found}; this program reads version {VERSION}")
            }
            Self::Features { offset, what } => write!(f, "at byte {offset}: {what}"),
            Self::TornTail { offset, have, want } => {
                write!(f, "cut short: the block at byte {offset} has {have} of {want} bytes")
            }
            Self::Damaged { offset, what } => write!(f, "damaged at byte {offset}: {what}"),
            Self::TrailingData { offset } => write!(f, "data behind the seal, at byte {offset}"),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(bits) => write!(f, "needs features {bits:#x}, unknown to this program"),
            Self::Block(bits) => write!(f, "block with features {bits:#x}, unknown to this program"),
            Self::Kind(kind) => write!(f, "block of kind {kind}, unknown to this program"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileMagic => write!(f, "the first bytes of the file header are wrong"),
            Self::TextMode => write!(f, "line ends were converted, as in a transfer as text"),
            Self::FileHeader => write!(f, "the checksum of the file header is wrong"),
            Self::FileHeaderLength(len) => write!(f, "the file header claims {len} bytes"),
            Self::BlockMagic => write!(f, "no block begins here"),
            Self::BlockHeader => write!(f, "the checksum of the block header is wrong"),
            Self::BodyLength(len) => write!(f, "the block claims a body of {len} bytes"),
            Self::Body => write!(f, "the checksum of the block's body is wrong"),
            Self::Frame(error) => error.fmt(f),
            Self::RecordCount { header, body } => {
                write!(f, "the block claims {header} records, holds {body}")
            }
            Self::SourcesTable => write!(f, "the table of sources is malformed"),
            Self::SourceId => write!(f, "source 65535 is reserved"),
            Self::SourceName { id, len } => {
                write!(f, "the name of source {id} has {len} bytes; 1 to {MAX_NAME} are allowed")
            }
            Self::SourceNameUtf8 { id } => write!(f, "the name of source {id} is not UTF-8"),
            Self::SourceRenamed { id } => write!(f, "source {id} has two names"),
            Self::SealLength(len) => write!(f, "the seal has a body of {len} bytes"),
            Self::Totals { sealed, read } => {
                write!(f, "the seal's sums are not the file's: sealed {sealed:?}, read {read:?}")
            }
            Self::Unsupported(feature) => feature.fmt(f),
            Self::Trailing => write!(f, "data behind the seal"),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { good_len, source } => write!(f, "cannot write behind byte {good_len}: {source}"),
            Self::Poisoned { good_len, first, .. } => {
                write!(f, "nothing is written behind byte {good_len} since an earlier error: {first}")
            }
            Self::Sealed => write!(f, "the journal is sealed"),
            Self::ImageTooLong { len } => write!(f, "an image of {len} bytes; {MAX_BODY} are allowed"),
            Self::ImageLength { len } => write!(f, "an image of {len} bytes, which is no multiple of 8"),
            Self::Sources(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl WriteError {
    /// The kind of the output's (first) error, if it was the output that failed.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Io { source, .. } => Some(source.kind()),
            Self::Poisoned { kind, .. } => Some(*kind),
            _ => None,
        }
    }
}
