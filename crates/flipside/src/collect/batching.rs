//! Several records under construction, published at once.

use core::fmt;
use core::marker::PhantomData;

use super::error::{ClaimFull, WriteError};
use super::lane::Grant;
use super::record::{HEADER, KIND_DATA, KIND_PAD, fill, header, span};
use super::writer::Writer;

/// Room in the front side for several records of one writer, which become visible together.
///
/// One claim of the front, one publication: what is [put](Self::put) stands in the output without a record of
/// anybody else's in between, all of it or nothing. Room that was not used is skipped.
///
/// Dropping the batch, by a panic for instance, aborts it; one that was forgotten is aborted by the writer's next
/// call. It cannot go to another thread: as with a [`Claim`](super::Claim), `flush` recognises a thread that would
/// wait for its own.
///
/// # How it counts
///
/// A committed batch of `n` records counts as `n` records, drained or abandoned like any others; one without
/// records as nothing. As long as it is a whole it counts as **one** record, with a body of all its room but 8 bytes:
/// pending while it is open, dropped when there is no room for it, aborted when it is dropped instead of committed.
/// So does it stand in the output: one [`Gap`](super::Record::Gap) entry, one
/// [`Aborted`](super::Record::Aborted) record. The law of [`Counts`](super::Counts) holds at any time; `offered`
/// changes from 1 to `n` when the batch is committed.
#[must_use = "a batch that is dropped is aborted"]
pub struct ClaimBatch<'a> {
    writer: &'a mut Writer,
    grant: Grant,
    filled: usize,
    records: u64,
    /// Whoever claims, commits: not `Send`.
    here: PhantomData<*mut ()>,
}

impl Writer {
    /// The room that records with bodies of these lengths take, in bytes: 8 more than the body for each, rounded up to
    /// a multiple of 8. `usize::MAX` if that is more than a `usize` can say, and no side is as large.
    ///
    /// ```
    /// use flipside::collect::Writer;
    ///
    /// assert_eq!(Writer::batch_size([0, 1, 8, 9]), 8 + 16 + 16 + 24);
    /// ```
    #[must_use]
    pub fn batch_size(lens: impl IntoIterator<Item = usize>) -> usize {
        lens.into_iter().fold(0, |sum: usize, len| sum.saturating_add(span(len).unwrap_or(usize::MAX)))
    }

    /// Claims `total` bytes of room for several records at once: what [`batch_size`](Self::batch_size) says of their
    /// bodies, or any other number, for as many as will fit. It is rounded up to a multiple of 8, and at least 8.
    ///
    /// Progress is that of [`claim`](Self::claim): wait-free while the side has room, then as the
    /// [`Overflow`](super::Overflow) policy decides. The same holds of an open batch as of an open claim: the reader
    /// cannot take the side before it is over.
    ///
    /// ```
    /// use flipside::collect::{Builder, Next, Overflow, Writer};
    ///
    /// let (collector, mut drain) = Builder::new(Overflow::Fail).build()?;
    /// let mut writer = collector.writer()?;
    /// let lines = ["begin", "step one", "end"];
    /// let mut batch = writer.claim_batch(Writer::batch_size(lines.map(str::len)))?;
    /// for line in lines {
    ///     batch.put(line.as_bytes())?;
    /// }
    /// assert_eq!((batch.count(), batch.remaining()), (3, 0));
    /// batch.commit();
    /// collector.request_flush();
    /// let Next::Batch(drained) = drain.try_next() else { panic!("asked for") };
    /// assert_eq!(drained.count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`claim`](Self::claim). In [`WriteError::TooLarge`] both numbers are bytes of room, headers included.
    pub fn claim_batch(&mut self, total: usize) -> Result<ClaimBatch<'_>, WriteError> {
        // Its room is that of one record, which is what it counts as until it is committed.
        let grant = self.open(total.max(HEADER) - HEADER).map_err(|error| match error {
            WriteError::TooLarge { max, .. } => WriteError::TooLarge { len: total, max: max + HEADER },
            other => other,
        })?;
        Ok(ClaimBatch { writer: self, grant, filled: 0, records: 0, here: PhantomData })
    }
}

impl ClaimBatch<'_> {
    /// Adds a record with a copy of `body`.
    ///
    /// ```
    /// # use flipside::collect::{Builder, ClaimFull, Overflow};
    /// # let (collector, _drain) = Builder::new(Overflow::Fail).build()?;
    /// # let mut writer = collector.writer()?;
    /// let mut batch = writer.claim_batch(24)?;
    /// batch.put(b"one")?;
    /// assert_eq!(batch.put(b"two"), Err(ClaimFull { len: 16, left: 8 }));
    /// batch.put(b"")?;
    /// batch.commit();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClaimFull`], in bytes of room, if it does not fit; then nothing is added, and the batch goes on.
    #[inline]
    pub fn put(&mut self, body: &[u8]) -> Result<(), ClaimFull> {
        self.put_tagged(0, &[body])
    }

    /// As [`put`](Self::put), for a record whose pieces lie in several places.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    #[inline]
    pub fn put_vectored(&mut self, parts: &[&[u8]]) -> Result<(), ClaimFull> {
        self.put_tagged(0, parts)
    }

    /// As [`put_vectored`](Self::put_vectored), with a byte of the application's own for the record's header.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    #[inline]
    pub fn put_tagged(&mut self, tag: u8, parts: &[&[u8]]) -> Result<(), ClaimFull> {
        let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let left = self.remaining();
        let Some(span) = span(len).filter(|&span| span <= left) else {
            return Err(ClaimFull { len: span(len).unwrap_or(usize::MAX), left });
        };
        let (from, header) = (self.filled, header(len, KIND_DATA, tag, self.writer.source()));
        fill(&mut self.writer.frame(self.grant)[from..from + span], header, parts);
        self.filled += span;
        self.records += 1;
        Ok(())
    }

    /// Bytes of room used so far, headers and padding included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether there is no record in it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Records in it so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.records
    }

    /// Bytes of room that are left; a record takes 8 of them and its body, rounded up to a multiple of 8.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.grant.span - self.filled
    }

    /// Publishes all of its records, in the order in which they were put. Wait-free; reads each header once, to count
    /// it. Of a batch without records nothing is seen but the bytes that its room takes.
    pub fn commit(self) {
        let (grant, filled, records) = (self.grant, self.filled, self.records);
        let source = self.writer.source();
        let rest = &mut self.writer.frame(grant)[filled..];
        // It must not show what an earlier record left there.
        rest.fill(0);
        let len = rest.len();
        if let Some(pad) = rest.first_chunk_mut::<HEADER>() {
            *pad = header(len - HEADER, KIND_PAD, 0, source);
        }
        self.writer.committed_batch(grant, filled, records);
        self.writer.tell_late(grant);
        // Settled: the destructor must not abort it. There is nothing else in a batch to drop.
        core::mem::forget(self);
    }

    /// Gives the batch up with all of its records: counted as one that was aborted, skipped by the reader.
    pub fn abort(self) {
        drop(self);
    }
}

impl Drop for ClaimBatch<'_> {
    fn drop(&mut self) {
        self.writer.abort(self.grant);
    }
}

impl fmt::Debug for ClaimBatch<'_> {
    /// How much of it is filled, never the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimBatch")
            .field("count", &self.records)
            .field("len", &self.filled)
            .field("remaining", &self.remaining())
            .finish()
    }
}
