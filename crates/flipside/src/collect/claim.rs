//! A record under construction, in place.

use core::fmt;
use core::marker::PhantomData;

use super::error::ClaimFull;
use super::lane::Grant;
use super::record::{HEADER, KIND_DATA, KIND_PAD, header, span};
use super::writer::Writer;

/// Room in the front side that belongs to one writer until it is committed.
///
/// Only what was [put](Self::put) or asked for [zeroed](Self::zeroed) is published; the rest of the room is
/// skipped. Dropping the claim, by a panic for instance, aborts it. It cannot go to another thread: `flush`
/// recognises a thread that would wait for its own claim.
#[must_use = "a claim that is dropped is aborted"]
pub struct Claim<'a> {
    writer: &'a mut Writer,
    grant: Grant,
    filled: usize,
    /// Whoever claims, commits: not `Send`.
    here: PhantomData<*mut ()>,
}

impl<'a> Claim<'a> {
    pub(crate) fn new(writer: &'a mut Writer, grant: Grant) -> Self {
        Self { writer, grant, filled: 0, here: PhantomData }
    }

    /// Bytes that can still be added. At least what was asked for, up to 7 more.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.grant.span - HEADER - self.filled
    }

    /// Bytes added so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether nothing has been added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Appends a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ClaimFull`] if they do not fit; then nothing is appended.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), ClaimFull> {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Appends `len` zeroed bytes and returns them, to be filled in place.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn zeroed(&mut self, len: usize) -> Result<&mut [u8], ClaimFull> {
        let room = self.room(len)?;
        room.fill(0);
        Ok(room)
    }

    fn room(&mut self, len: usize) -> Result<&mut [u8], ClaimFull> {
        let left = self.remaining();
        if len > left {
            return Err(ClaimFull { len, left });
        }
        let from = self.filled;
        self.filled += len;
        Ok(self.writer.body(self.grant, from, len))
    }

    /// Publishes what was added, as one record. Wait-free.
    pub fn commit(self) {
        self.commit_tagged(0);
    }

    /// As [`commit`](Self::commit), with a byte of the application's own for the record's header.
    pub fn commit_tagged(self, tag: u8) {
        let (grant, len, source) = (self.grant, self.filled, self.writer.source());
        let frame = self.writer.frame(grant);
        frame[..HEADER].copy_from_slice(&header(len, KIND_DATA, tag, source));
        // Zero what was claimed and not used: it must not show what an earlier record left there.
        frame[HEADER + len..].fill(0);
        // A body no longer than its grant has a span; the grant's own bounds it.
        let used = span(len).unwrap_or(grant.span);
        if let Some(pad) = frame[used..].first_chunk_mut::<HEADER>() {
            *pad = header(grant.span - used - HEADER, KIND_PAD, 0, source);
        }
        self.writer.committed(grant, len);
        self.writer.tell_late(grant);
        // Settled: the destructor must not abort it. There is nothing else in a claim to drop.
        core::mem::forget(self);
    }

    /// Gives the claim up: counted as aborted, skipped by the reader.
    pub fn abort(self) {
        drop(self);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.writer.abort(self.grant);
    }
}

impl fmt::Write for Claim<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

#[cfg(feature = "std")]
impl std::io::Write for Claim<'_> {
    /// Takes as many bytes as fit, so `write_all` beyond the claim fails with `WriteZero`.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let fits = bytes.len().min(self.remaining());
        self.put(&bytes[..fits])?;
        Ok(fits)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "std")]
impl From<ClaimFull> for std::io::Error {
    fn from(full: ClaimFull) -> Self {
        Self::new(std::io::ErrorKind::WriteZero, full)
    }
}

impl fmt::Debug for Claim<'_> {
    /// How much of it is filled, never the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("len", &self.filled).field("remaining", &self.remaining()).finish()
    }
}
