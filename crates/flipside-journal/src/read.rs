//! Reading a journal as a stream: one block at a time, from a file or from a pipe.

mod resync;

use std::fmt;
use std::io::Read;
use std::ops::ControlFlow;

use crate::block::Block;
use crate::error::{Fault, Feature, ReadError};
use crate::frame::{Census, census};
use crate::input::Input;
use crate::layout::{
    BLOCK_FLAGS_INCOMPATIBLE, BLOCK_MAGIC, KIND_OPTIONAL, KIND_RECORDS, KIND_SEAL, KIND_SOURCES,
};
use crate::layout::{BlockHeader, FileHeader, HEADER_LEN, MAX_BODY, Totals, crc, seed};
use crate::open::{file_header, no_header};
use crate::sources::Sources;

/// How a journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a seal: everything that was recorded is here, or counted as lost.
    Sealed(Totals),
    /// Without a seal, though between two blocks: it was cut, its recorder was killed or is still at work.
    Unsealed,
}

/// What [`Reader::resync`] stepped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Offset of the first byte that was not read, in bytes.
    pub offset: u64,
    /// How many bytes were not read.
    pub len: u64,
}

#[derive(Debug)]
enum State {
    /// A block, or the end, is expected at the start of the window.
    Blocks,
    /// The file ends within the block at the start of the window.
    Torn,
    /// An error was returned, and is returned again until somebody calls `resync`.
    Stuck { offset: u64, error: Stop, extent: Extent },
    /// A seal was read; nothing may follow.
    Sealed,
    /// Everything there was has been read or skipped.
    Done,
}

#[derive(Clone, Debug)]
enum Stop {
    Fault(Fault),
    Feature(Feature),
    Trailing,
}

/// How far what is wrong reaches.
#[derive(Clone, Copy, Debug)]
enum Extent {
    /// The header was good, so the length in it is known to be what was written.
    Known(usize),
    /// Only a search will tell.
    Unknown,
    ToTheEnd,
}

/// A streaming reader of one journal.
///
/// It holds one block in memory and reads its input once, forwards, so that a pipe will do.
///
/// A file that somebody is still writing can be followed: after `Ok(None)` without a seal, and after
/// [`ReadError::TornTail`], [`next_block`](Self::next_block) looks again.
pub struct Reader<R> {
    input: Input<R>,
    header: Option<FileHeader>,
    file_id: [u8; 16],
    sources: Sources,
    state: State,
    /// Bytes of the block handed out last; consumed on the next call.
    pending: usize,
    end: Option<End>,
    /// Something was skipped, so that the seal cannot be held against what was read.
    skipped: bool,
    sums: Census,
    blocks: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the file header.
    ///
    /// A *damaged* header is no error here: the first [`next_block`](Self::next_block) reports it, and
    /// [`resync`](Self::resync) then tries to go on. That works if the file id in it is intact, or if no more
    /// than one bit of the header is wrong.
    ///
    /// # Errors
    ///
    /// [`ReadError::Empty`], [`NotAJournal`](ReadError::NotAJournal), [`Version`](ReadError::Version),
    /// [`Features`](ReadError::Features), [`TornTail`](ReadError::TornTail) (the file ends within its header)
    /// and [`Io`](ReadError::Io).
    ///
    /// ```
    /// use flipside_journal::{ReadError, Reader};
    /// assert!(matches!(Reader::new(&b"Dear diary"[..]), Err(ReadError::NotAJournal { .. })));
    /// ```
    pub fn new(stream: R) -> Result<Self, ReadError> {
        let mut input = Input::new(stream);
        let have = input.fill(HEADER_LEN)?;
        let Some(bytes) = input.window().first_chunk::<HEADER_LEN>() else {
            return Err(no_header(&input.window()[..have]));
        };
        let (header, fault) = file_header(bytes)?;
        let state = match &fault {
            Some(fault) => {
                State::Stuck { offset: 0, error: Stop::Fault(fault.clone()), extent: Extent::Unknown }
            }
            None => State::Blocks,
        };
        let pending = if fault.is_none() { HEADER_LEN } else { 0 };
        Ok(Self {
            input,
            header: fault.is_none().then_some(header),
            file_id: header.file_id,
            sources: Sources::default(),
            state,
            pending,
            end: None,
            skipped: false,
            sums: Census::default(),
            blocks: 0,
        })
    }

    /// The next block of records; `Ok(None)` at the end, where [`end`](Self::end) says which end it is.
    ///
    /// Tables of sources and the seal are taken in on the way.
    ///
    /// # Errors
    ///
    /// Those of [`ReadError`] except `Empty`, `NotAJournal` and `Version`. After
    /// [`Damaged`](ReadError::Damaged), [`Features`](ReadError::Features) and
    /// [`TrailingData`](ReadError::TrailingData) the same error comes again until [`resync`](Self::resync) is
    /// called; after the others the call may be repeated.
    pub fn next_block(&mut self) -> Result<Option<Block<'_>>, ReadError> {
        loop {
            self.input.consume(self.pending);
            self.pending = 0;
            match &self.state {
                State::Stuck { offset, error, .. } => return Err(error.clone().at(*offset)),
                State::Done => return Ok(None),
                State::Sealed => {
                    if self.input.fill(1)? == 0 {
                        return Ok(None);
                    }
                    return Err(self.stick(Stop::Trailing, Extent::ToTheEnd));
                }
                State::Blocks | State::Torn => {}
            }
            match self.step()? {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(None) => return Ok(None),
                ControlFlow::Break(Some((header, sums))) => {
                    let body = &self.input.window()[HEADER_LEN..self.pending];
                    let offset = self.input.offset();
                    return Ok(Some(Block { offset, header, body, sums, sources: &self.sources }));
                }
            }
        }
    }

    /// Looks at the start of the window: a whole block, the end, or an error.
    fn step(&mut self) -> Result<ControlFlow<Option<(BlockHeader, Census)>>, ReadError> {
        self.state = State::Blocks;
        self.end = None;
        let offset = self.input.offset();
        let have = self.input.fill(HEADER_LEN)?;
        if have == 0 {
            self.end = Some(End::Unsealed);
            return Ok(ControlFlow::Break(None));
        }
        let magic = &self.input.window()[..have.min(4)];
        if magic != &BLOCK_MAGIC[..magic.len()] {
            return Err(self.stick(Stop::Fault(Fault::BlockMagic), Extent::Unknown));
        }
        let Some(bytes) = self.input.window().first_chunk::<HEADER_LEN>() else {
            self.state = State::Torn;
            return Err(ReadError::TornTail { offset, have: have as u64, want: HEADER_LEN as u64 });
        };
        let seed = seed(&self.file_id, offset);
        if !BlockHeader::checksum_holds(bytes, seed) {
            return Err(self.stick(Stop::Fault(Fault::BlockHeader), Extent::Unknown));
        }
        let header = BlockHeader::decode(bytes);
        let len = header.body_len as usize;
        if len > MAX_BODY || !len.is_multiple_of(8) {
            return Err(self.stick(Stop::Fault(Fault::BodyLength(header.body_len)), Extent::Unknown));
        }
        let want = HEADER_LEN + len;
        let have = self.input.fill(want)?;
        if have < want {
            self.state = State::Torn;
            return Err(ReadError::TornTail { offset, have: have as u64, want: want as u64 });
        }
        match self.judge(&header, seed, want) {
            Ok(outcome) => {
                self.pending = want;
                Ok(outcome)
            }
            Err(stop) => Err(self.stick(stop, Extent::Known(want))),
        }
    }

    /// A block that is there in full, its header verified: is its body what its header says?
    fn judge(
        &mut self,
        header: &BlockHeader,
        seed: u32,
        want: usize,
    ) -> Result<ControlFlow<Option<(BlockHeader, Census)>>, Stop> {
        let body = &self.input.window()[HEADER_LEN..want];
        if crc(seed, body) != header.body_crc {
            return Err(Stop::Fault(Fault::Body));
        }
        let unknown = header.flags & BLOCK_FLAGS_INCOMPATIBLE;
        if unknown != 0 {
            return Err(Stop::Feature(Feature::Block(unknown)));
        }
        let outcome = match header.kind {
            KIND_RECORDS => {
                let sums = census(body).map_err(Fault::Frame)?;
                if sums.records != u64::from(header.meta.records) {
                    return Err(Fault::RecordCount { header: header.meta.records, body: sums.records }.into());
                }
                self.sums.add(&sums);
                ControlFlow::Break(Some((*header, sums)))
            }
            KIND_SOURCES => {
                self.sources.absorb(body, header.meta.records)?;
                ControlFlow::Continue(())
            }
            KIND_SEAL => {
                let totals = Totals::decode(body).ok_or(Fault::SealLength(header.body_len))?;
                self.compare(&totals)?;
                self.end = Some(End::Sealed(totals));
                self.state = State::Sealed;
                return Ok(ControlFlow::Continue(()));
            }
            KIND_OPTIONAL.. => ControlFlow::Continue(()),
            kind => return Err(Stop::Feature(Feature::Kind(kind))),
        };
        self.blocks += 1;
        Ok(outcome)
    }

    /// Holds the seal against what was read, if all of it was read.
    fn compare(&self, sealed: &Totals) -> Result<(), Fault> {
        let read = Totals {
            records: self.sums.records,
            payload_bytes: self.sums.payload_bytes,
            lost_records: self.sums.lost_records,
            aborted: self.sums.aborted,
            blocks: self.blocks,
            end_wall_ns: sealed.end_wall_ns,
        };
        // A loss is not always followed by a gap, as when a source never speaks again; but every gap is a loss.
        let losses_fit = sealed.lost_records >= read.lost_records;
        if self.skipped || (losses_fit && *sealed == Totals { lost_records: sealed.lost_records, ..read }) {
            return Ok(());
        }
        Err(Fault::Totals { sealed: Box::new(*sealed), read: Box::new(read) })
    }

    fn stick(&mut self, error: Stop, extent: Extent) -> ReadError {
        let offset = self.input.offset();
        self.state = State::Stuck { offset, error: error.clone(), extent };
        error.at(offset)
    }
}

impl<R> Reader<R> {
    /// The file header; `None` if it is damaged.
    #[must_use]
    pub fn header(&self) -> Option<&FileHeader> {
        self.header.as_ref()
    }

    /// The names of sources read so far.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// How the journal ended; `None` until [`next_block`](Self::next_block) has returned `Ok(None)`.
    ///
    /// [`End::Unsealed`] says what was true when the end of the input was met; it is `None` again once
    /// reading went on.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Offset behind the last block that was read in full, or behind what was skipped, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.input.offset() + self.pending as u64
    }

    /// Gives the stream back. Bytes that were read ahead are gone from it.
    pub fn into_inner(self) -> R {
        self.input.into_stream()
    }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("offset", &self.offset())
            .field("header", &self.header)
            .field("state", &self.state)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl Stop {
    fn at(self, offset: u64) -> ReadError {
        match self {
            Self::Fault(what) => ReadError::Damaged { offset, what },
            Self::Feature(what) => ReadError::Features { offset, what },
            Self::Trailing => ReadError::TrailingData { offset },
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
