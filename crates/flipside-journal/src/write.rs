//! Writing a journal: a header, an image, one call.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSlice, Seek, SeekFrom, Write};

use crate::error::WriteError;
use crate::layout::{BlockHeader, BlockMeta, FileHeader, HEADER_LEN, MAX_BODY, Totals, VERSION, crc, seed};
use crate::layout::{KIND_RECORDS, KIND_SEAL, KIND_SOURCES};
use crate::sources::Sources;

/// Outputs whose tail can be taken back, so that a block that was written by half can be removed.
pub trait Cut: Write {
    /// Shortens the output to `len` bytes; the next byte is written there.
    ///
    /// # Errors
    ///
    /// Those of the output; a pipe or a device cannot be cut.
    fn cut(&mut self, len: u64) -> io::Result<()>;
}

impl Cut for File {
    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)?;
        self.seek(SeekFrom::Start(len)).map(drop)
    }
}

#[derive(Debug)]
enum State {
    Open,
    Sealed,
    /// The first error of the output.
    Poisoned(io::ErrorKind, String),
}

/// Writes one journal to `W`, which need not be able to seek.
///
/// Give it the bare output: an image is written with one vectored call, and a buffer in between would copy it,
/// and would make [`good_len`](Self::good_len) a promise about memory.
///
/// The first error of the output poisons the writer, since it is unknown how much of the block arrived.
pub struct Writer<W> {
    out: W,
    file_id: [u8; 16],
    /// Offset behind the last whole block.
    good_len: u64,
    blocks: u64,
    sources: Sources,
    state: State,
}

impl<W: Write> Writer<W> {
    /// Writes the file header. `file_id` is to be random: it keeps blocks of one file from passing for blocks
    /// of another. `wall_ns` is the wall clock, in nanoseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// Those of the output, of which part of the header may then have been written.
    pub fn create(mut out: W, file_id: [u8; 16], wall_ns: u64) -> io::Result<Self> {
        let header = FileHeader { version: VERSION, features: 0, file_id, created_wall_ns: wall_ns };
        write_all(&mut out, &mut [IoSlice::new(&header.encode())])?;
        let good_len = HEADER_LEN as u64;
        Ok(Self { out, file_id, good_len, blocks: 0, sources: Sources::default(), state: State::Open })
    }

    /// Names sources: ids below 65535, names of 1 to 255 bytes. May be called again for more of them; a name
    /// may be repeated but not changed. Readers know
    /// a name for the records behind it.
    ///
    /// # Errors
    ///
    /// [`WriteError::Sources`] for a table that no reader would accept, or as for [`append`](Self::append).
    pub fn sources(&mut self, entries: &[(u16, &str)]) -> Result<(), WriteError> {
        self.ready()?;
        let mut sources = self.sources.clone();
        for (id, name) in entries {
            sources.insert(*id, name).map_err(WriteError::Sources)?;
        }
        // Without repetitions a table is 17 MB at most, far below the limit of a body.
        let fresh: Vec<_> = sources.iter().filter(|(id, _)| self.sources.name(*id).is_none()).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let meta = BlockMeta { records: fresh.len() as u32, ..BlockMeta::default() };
        let body = Sources::encode(&fresh);
        self.put(KIND_SOURCES, meta, [&body[..]].into_iter())?;
        self.sources = sources;
        Ok(())
    }

    /// Writes an image as one block: one checksum over it and, unless the output takes it in pieces, one
    /// vectored write. The image is not looked into.
    ///
    /// # Errors
    ///
    /// An image that is longer than [`MAX_BODY`] or whose length is no multiple of 8 is refused and nothing
    /// else happens. An error of the output poisons the writer: the error itself is
    /// [`WriteError::Io`], and [`WriteError::Poisoned`] repeats it ever after.
    pub fn append(&mut self, image: &[u8], meta: BlockMeta) -> Result<(), WriteError> {
        self.append_slices([image], meta)
    }

    /// As [`append`](Self::append), for an image that lies in several places, such as the sides of several lanes:
    /// one block, one checksum, one vectored write, nothing copied. `meta` speaks of all of it.
    ///
    /// ```
    /// use flipside_journal::{BlockMeta, Reader, Writer};
    ///
    /// // Two frames of padding, which readers skip.
    /// let (front, back) = ([0, 0, 0, 0, 4, 0, 0, 0], [8, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    /// let mut writer = Writer::create(Vec::new(), [9; 16], 0)?;
    /// writer.append_slices([&front[..], &back[..]], BlockMeta::default())?;
    /// let file = writer.into_inner();
    /// assert_eq!(Reader::new(&file[..])?.next_block()?.unwrap().body(), [&front[..], &back[..]].concat());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append), of the sum of the lengths.
    pub fn append_slices<'a, I>(&mut self, image: I, meta: BlockMeta) -> Result<(), WriteError>
    where
        I: IntoIterator<Item = &'a [u8], IntoIter: Clone>,
    {
        self.ready()?;
        let slices = image.into_iter();
        let len = slices.clone().fold(0usize, |len, slice| len.saturating_add(slice.len()));
        if len > MAX_BODY {
            return Err(WriteError::ImageTooLong { len });
        }
        if !len.is_multiple_of(8) {
            return Err(WriteError::ImageLength { len });
        }
        self.put(KIND_RECORDS, meta, slices)
    }

    /// Writes the seal and flushes the output. `totals.blocks` is filled in here; the other sums are the
    /// caller's, and a reader takes a difference for damage.
    ///
    /// # Errors
    ///
    /// As for [`append`](Self::append). What the output says to a flush poisons as well.
    pub fn seal(&mut self, totals: Totals) -> Result<(), WriteError> {
        self.ready()?;
        let totals = Totals { blocks: self.blocks, ..totals };
        self.put(KIND_SEAL, BlockMeta::default(), [&totals.encode()[..]].into_iter())?;
        self.state = State::Sealed;
        self.out.flush().map_err(|error| self.poison(error))
    }

    /// The slices are no longer than a body may be.
    fn put<'a>(
        &mut self,
        kind: u8,
        meta: BlockMeta,
        body: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<(), WriteError> {
        let seed = seed(&self.file_id, self.good_len);
        let body_crc = body.clone().fold(seed, crc);
        let body_len = body.clone().map(<[u8]>::len).sum::<usize>();
        let header =
            BlockHeader { kind, flags: meta.flags(), lane: 0, body_len: body_len as u32, meta, body_crc };
        let header = header.encode(seed);
        let mut parts = vec![IoSlice::new(&header)];
        for slice in body {
            parts.push(IoSlice::new(slice));
        }
        write_all(&mut self.out, &mut parts).map_err(|error| self.poison(error))?;
        self.good_len += (HEADER_LEN + body_len) as u64;
        self.blocks += 1;
        Ok(())
    }

    fn poison(&mut self, source: io::Error) -> WriteError {
        self.state = State::Poisoned(source.kind(), source.to_string());
        WriteError::Io { good_len: self.good_len, source }
    }

    fn ready(&self) -> Result<(), WriteError> {
        match &self.state {
            State::Open => Ok(()),
            State::Sealed => Err(WriteError::Sealed),
            State::Poisoned(kind, first) => {
                Err(WriteError::Poisoned { good_len: self.good_len, kind: *kind, first: first.clone() })
            }
        }
    }
}

impl<W: Cut> Writer<W> {
    /// Ends a journal whose output failed, for want of space for example: removes what was written of the
    /// last block, then writes the seal into the room that this has made. If there is no room even for the
    /// seal, the file is left ending with its last whole block.
    ///
    /// `totals` must not count the images that could not be written, except as losses. On a writer that has
    /// not failed this is [`seal`](Self::seal). It is no remedy for a failed *sync*, after which nobody knows
    /// what is on the disk.
    ///
    /// # Errors
    ///
    /// Those of [`seal`](Self::seal), and those of cutting.
    pub fn cut_and_seal(&mut self, totals: Totals) -> Result<(), WriteError> {
        if matches!(self.state, State::Poisoned(..)) {
            self.out.cut(self.good_len).map_err(|error| self.poison(error))?;
            self.state = State::Open;
        }
        let whole = self.good_len;
        let sealed = self.seal(totals);
        if matches!(sealed, Err(WriteError::Io { .. })) && self.good_len == whole {
            // The error to report is the first one; that the file may keep a torn tail only adds to it.
            let _ = self.out.cut(whole);
        }
        sealed
    }
}

impl<W> Writer<W> {
    /// Bytes written in whole blocks: where the next block begins, and what is worth keeping after an error.
    #[must_use]
    pub fn good_len(&self) -> u64 {
        self.good_len
    }

    /// Blocks written, of every kind.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Whether the seal has been written.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        matches!(self.state, State::Sealed)
    }

    /// The output, to sync it for example. Writing to it by other means spoils the journal.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    /// The output, by value. A journal without a seal is complete up to [`good_len`](Self::good_len).
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Says nothing of the output, which may be a buffer of any size.
impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("good_len", &self.good_len)
            .field("blocks", &self.blocks)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Writes all parts: in one call, unless the output takes fewer bytes, or fewer parts (1,024 on Linux), at a time.
fn write_all(out: &mut impl Write, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
    let mut left = parts.iter().map(|part| part.len()).sum::<usize>();
    // Parts without a byte, which an output could take for its own end.
    IoSlice::advance_slices(&mut parts, 0);
    while left > 0 {
        let written = match &*parts {
            [part] => out.write(part),
            parts => out.write_vectored(parts),
        };
        match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(bytes) if bytes > left => {
                return Err(io::Error::other("the output claims more than it was given"));
            }
            Ok(bytes) => {
                left -= bytes;
                IoSlice::advance_slices(&mut parts, bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
