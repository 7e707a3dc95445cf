//! A block that has passed every check, and what can be asked of it.

use std::fmt;
use std::io::{self, Write};

use crate::frame::{Census, Record, Records};
use crate::layout::BlockHeader;
use crate::sources::Sources;

/// A block of records whose checksums, structure and count have been found good.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    pub(crate) offset: u64,
    pub(crate) header: BlockHeader,
    pub(crate) body: &'a [u8],
    pub(crate) sums: Census,
    pub(crate) sources: &'a Sources,
}

impl<'a> Block<'a> {
    /// Offset of the block's header in the file, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The block's header.
    #[must_use]
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// The body: the image of the side as it was written.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Sums over the records.
    #[must_use]
    pub fn census(&self) -> &Census {
        &self.sums
    }

    /// The records, in the order of the file. They were checked before the block was handed out.
    #[must_use]
    pub fn records(&self) -> Records<'a> {
        Records::checked(self.body)
    }

    /// The name of a source, if a table in front of this block has named it.
    #[must_use]
    pub fn source_name(&self, id: u16) -> Option<&'a str> {
        self.sources.name(id)
    }

    /// The wall clock for a record's `time_ns`, by this block's anchor: nanoseconds since the Unix epoch,
    /// saturating at both ends.
    #[must_use]
    pub fn wall_ns(&self, time_ns: u64) -> u64 {
        let meta = &self.header.meta;
        let wall = i128::from(meta.wall_ns) + i128::from(time_ns) - i128::from(meta.mono_ns);
        wall.clamp(0, i128::from(u64::MAX)) as u64
    }

    /// Writes the payloads as they are, one after the other, and nothing else.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_raw(&self, out: &mut impl Write) -> io::Result<()> {
        for record in self.records() {
            if let Record::Data { payload, .. } = record {
                out.write_all(payload)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("offset", &self.offset)
            .field("header", &self.header)
            .field("census", &self.sums)
            .finish_non_exhaustive()
    }
}
