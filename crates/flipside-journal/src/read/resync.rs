//! Going on behind damage.

use std::io::Read;

use super::{End, Extent, Reader, Skipped, State};
use crate::error::ReadError;
use crate::layout::{BLOCK_MAGIC, BlockHeader, HEADER_LEN, seed};

impl<R: Read> Reader<R> {
    /// Steps over what the last error was about, so that [`next_block`](Self::next_block) can go on.
    ///
    /// Where a block's header was good, its length is known and its end is where reading goes on; else the
    /// next block header that verifies at its own offset (a multiple of 8) is searched for. Data behind the
    /// seal and a torn tail are skipped to the end of the input. Without an error to step over nothing
    /// happens, and the length is 0.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] only; the call may be repeated.
    pub fn resync(&mut self) -> Result<Skipped, ReadError> {
        let (offset, extent) = match &self.state {
            State::Stuck { offset, extent, .. } => (*offset, *extent),
            State::Torn => (self.input.offset(), Extent::ToTheEnd),
            _ => {
                return Ok(Skipped { offset: self.input.offset() + self.pending as u64, len: 0 });
            }
        };
        self.skipped = true;
        let state = match extent {
            Extent::Known(bytes) => {
                self.input.consume(bytes);
                State::Blocks
            }
            Extent::Unknown if self.search(offset)? => State::Blocks,
            Extent::Unknown | Extent::ToTheEnd => {
                self.drain()?;
                self.end = self.end.or(Some(End::Unsealed));
                State::Done
            }
        };
        self.state = state;
        Ok(Skipped { offset, len: self.input.offset() - offset })
    }

    /// Moves the window to the next header that verifies; `false` if there is none.
    fn search(&mut self, from: u64) -> Result<bool, ReadError> {
        if self.input.offset() == from {
            self.input.consume(8);
        }
        while self.input.fill(HEADER_LEN)? == HEADER_LEN {
            let start = self.input.offset();
            let candidates = self.input.window().windows(HEADER_LEN).step_by(8);
            let tried = candidates.len();
            let found = candidates.enumerate().find_map(|(index, bytes)| {
                let bytes = bytes.first_chunk::<HEADER_LEN>()?;
                let magic = bytes[..4] == BLOCK_MAGIC;
                let at = 8 * index;
                let verifies = || BlockHeader::checksum_holds(bytes, seed(&self.file_id, start + at as u64));
                (magic && verifies()).then_some(at)
            });
            self.input.consume(found.unwrap_or(8 * tried));
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn drain(&mut self) -> Result<(), ReadError> {
        while self.input.fill(1)? > 0 {
            self.input.consume(usize::MAX);
        }
        Ok(())
    }
}
