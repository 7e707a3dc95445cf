//! Records on disk: one checksummed block per flip, readable by a program of a hundred lines.
//!
//! A journal is a header, then blocks, then a seal. A block's body is the image of a vacated side exactly as
//! the writers left it, so that draining is one vectored write and nothing is encoded a second time. The bytes
//! are drawn in `FORMAT.md`, next to this crate's manifest, together with a reader in Python.
//!
//! *When not to use it*: as a database (there is no index and no update), or as protection against somebody
//! who wants to forge records (the checksums find accidents; they are not signatures).
//!
//! # Guarantees
//!
//! - A [`Reader`] never hands out a record of a block whose two checksums, structure and record count do not
//!   all agree. Both checksums are seeded with the file's id and the block's offset, so that a block copied
//!   from elsewhere is damage as well.
//! - A file that was cut ([`ReadError::TornTail`], [`End::Unsealed`]) and a file that was damaged
//!   ([`ReadError::Damaged`]) are told apart, and reading goes on behind damage ([`Reader::resync`]).
//! - No length taken from the input sizes an allocation: buffers grow as bytes arrive. A reader holds one
//!   block at a time, at most [`MAX_BODY`] bytes.
//! - A [`Writer`] that has failed once does not write again ([`Writer::cut_and_seal`] repairs its file first).
//!
//! # Cost
//!
//! Appending is one CRC-32 over the image and, in the good case, one system call; nothing is done per record.
//!
//! # Example
//!
//! ```
//! use flipside_journal::{BlockMeta, End, Reader, Record, Totals, Writer};
//!
//! // One DATA frame: length, kind, tag, source; sequence, time, payload; padding to a multiple of 8.
//! let mut image = Vec::new();
//! image.extend_from_slice(&21u32.to_le_bytes());
//! image.extend_from_slice(&[1, 0, 7, 0]);
//! image.extend_from_slice(&0u64.to_le_bytes());
//! image.extend_from_slice(&1_500u64.to_le_bytes());
//! image.extend_from_slice(b"hello\0\0\0");
//!
//! let mut writer = Writer::create(Vec::new(), [9; 16], 0)?;
//! writer.sources(&[(7, "greeter")])?;
//! writer.append(&image, BlockMeta { epoch: 1, records: 1, ..BlockMeta::default() })?;
//! writer.seal(Totals { records: 1, payload_bytes: 5, ..Totals::default() })?;
//! let file = writer.into_inner();
//!
//! let mut reader = Reader::new(&file[..])?;
//! while let Some(block) = reader.next_block()? {
//!     for record in block.records() {
//!         let Record::Data { source, time_ns, payload, .. } = record else { continue };
//!         assert_eq!((block.source_name(source), time_ns, payload), (Some("greeter"), 1_500, &b"hello"[..]));
//!     }
//! }
//! assert!(matches!(reader.end(), Some(End::Sealed(totals)) if totals.records == 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod block;
mod create;
mod error;
mod frame;
mod input;
mod layout;
mod open;
mod read;
mod sources;
mod verify;
mod write;

pub use block::Block;
pub use create::{CreateError, create_file, sync_parent};
pub use error::{Fault, Feature, ReadError, WriteError};
pub use frame::{CONTINUED, Census, FrameError, FrameFault, Record, Records, census};
pub use layout::{BlockHeader, BlockMeta, FileHeader, Totals};
pub use layout::{HEADER_LEN, MAGIC, MAX_BODY, MAX_NAME, MAX_SOURCES, VERSION};
pub use read::{End, Reader, Skipped};
pub use sources::Sources;
pub use verify::{Damage, Report, SourceReport, TornTail, read_back, verify};
pub use write::{Cut, Writer};
