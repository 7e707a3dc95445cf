//! The writer's handle: write, or claim and commit.

use alloc::sync::Arc;
use core::fmt;

use crossbeam_utils::CachePadded;

use super::builder::Overflow;
use super::claim::Claim;
use super::collector::{Presence, Shared, Taken};
use super::error::WriteError;
use super::lane::Grant;
use super::lanes::Lanes;
use super::own::{Cursor, OwnLane};
#[cfg(feature = "std")]
use super::pace::Pace;
use super::record::{KIND_DATA, fill, header};
use super::slot::Slot;
#[cfg(feature = "std")]
use crate::substrate::atomic::{Ordering::Relaxed, thread_token};

/// What became of a record that was offered without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands in the front side and will be drained.
    Accepted,
    /// The side was full and the policy is [`Overflow::DropNewest`]: it is counted as dropped, and a gap record
    /// will say so in the output.
    Dropped,
}

/// One thread's way into the collector. Made by [`Collector::writer`](super::Collector::writer).
///
/// It can be sent to another thread and needs `&mut` to write, so one slot has one writer at a time. Dropping it
/// frees the slot.
pub struct Writer {
    pub(super) shared: Arc<Shared>,
    /// Only held: the collector stays open as long as somebody may write.
    _presence: Arc<Presence>,
    slot: usize,
    pub(super) its: Arc<CachePadded<Slot>>,
    source: u16,
    /// The grant of a claim, or of a batch. Found here by the next call, it was forgotten.
    pub(super) open: Option<Grant>,
    pub(super) way: Way,
    /// How it gets on with the others that share its lane.
    #[cfg(feature = "std")]
    pub(super) pace: Pace,
}

/// Where the records go.
pub(super) enum Way {
    /// Into the lane that all share.
    Shared,
    /// Into a lane of its own.
    Own(Arc<OwnLane>, Cursor),
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, presence: Arc<Presence>, taken: Taken) -> Self {
        let Taken { slot, source, is_first } = taken;
        let way = match &shared.lanes {
            Lanes::Shared(_) => Way::Shared,
            Lanes::Own(lanes) => {
                if is_first {
                    // SAFETY: the slot is this writer's since it was taken, and no writer had it before: `is_first`.
                    unsafe { lanes[slot].touch() };
                }
                Way::Own(lanes[slot].clone(), lanes[slot].cursor())
            }
        };
        let its = shared.slots[slot].clone();
        Self {
            shared,
            _presence: presence,
            slot,
            its,
            source,
            open: None,
            way,
            #[cfg(feature = "std")]
            pace: Pace::new(),
        }
    }

    /// The number of its slot.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// The source that stands in the header of its records.
    #[must_use]
    pub fn source(&self) -> u16 {
        self.source
    }

    /// Copies one record into the front side.
    ///
    /// As long as the side has room: one copy and plain stores, with [`Order::Total`](super::Order::Total) one
    /// read-modify-write as well; wait-free. The records that make the reader look (the first of an epoch, the one across
    /// the watermark) also wake it if it sleeps, for which they take the lock of its bell for a few instructions and make
    /// one system call. When the side is full, the [`Overflow`] policy decides; only the blocking ones wait, for the
    /// reader.
    ///
    /// Who alternates with another writer in total order, record by record and as fast as both can, pauses for some
    /// microseconds now and then, after a record (with `std`): both get further so.
    ///
    /// ```
    /// use flipside::collect::{Builder, Outcome, Overflow};
    ///
    /// let (collector, _drain) = Builder::new(Overflow::DropNewest).side(64).build()?;
    /// let mut writer = collector.writer()?;
    /// assert_eq!(writer.write(&[7; 50])?, Outcome::Accepted);
    /// assert_eq!(writer.write(&[7; 50])?, Outcome::Dropped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WriteError`], each counted as a drop.
    #[inline]
    pub fn write(&mut self, body: &[u8]) -> Result<Outcome, WriteError> {
        let quick = match &mut self.way {
            Way::Own(lane, cursor) => lane.put(cursor, &self.shared.gate, &self.its, self.source, body),
            Way::Shared => self.put_shared(body),
        };
        if quick { Ok(Outcome::Accepted) } else { self.write_tagged(0, &[body]) }
    }

    /// As [`write`](Self::write), for a record whose pieces lie in several places.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_vectored(&mut self, parts: &[&[u8]]) -> Result<Outcome, WriteError> {
        self.write_tagged(0, parts)
    }

    /// As [`write_vectored`](Self::write_vectored), with a byte of the application's own for the record's header.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_tagged(&mut self, tag: u8, parts: &[&[u8]]) -> Result<Outcome, WriteError> {
        let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let grant = match self.enter(len) {
            Ok(grant) => grant,
            Err(WriteError::Full) if self.shared.overflow != Overflow::Fail => return Ok(Outcome::Dropped),
            Err(error) => return Err(error),
        };
        Ok(self.put(grant, tag, parts, len))
    }

    /// Fills what was just entered, and leaves.
    pub(super) fn put(&mut self, grant: Grant, tag: u8, parts: &[&[u8]], len: usize) -> Outcome {
        // SAFETY: who calls this entered by the grant just now; it leaves below, and this is the only reference.
        let bytes = unsafe { self.granted(grant, 0, grant.span) };
        fill(bytes, header(len, KIND_DATA, tag, self.source), parts);
        self.committed(grant, len);
        self.tell(grant.news);
        Outcome::Accepted
    }

    /// Claims room for a body of up to `len` bytes, to be filled in place.
    ///
    /// The reader cannot take the side until the claim is over, so it should be short; nothing else waits for
    /// it before the front is full as well. A claim that a thread forgets (`mem::forget`) is aborted by the same
    /// writer's next call.
    ///
    /// ```
    /// use flipside::collect::{Builder, Overflow};
    ///
    /// let (collector, _drain) = Builder::new(Overflow::Fail).build()?;
    /// let mut writer = collector.writer()?;
    /// let mut claim = writer.claim(1500)?;
    /// claim.put(b"only what was written")?;
    /// claim.commit();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); under [`Overflow::DropNewest`] a drop is [`WriteError::Full`].
    pub fn claim(&mut self, len: usize) -> Result<Claim<'_>, WriteError> {
        let grant = self.open(len)?;
        Ok(Claim::new(self, grant))
    }

    /// Enters with room for a body of `len` bytes, and remembers that somebody works there.
    pub(super) fn open(&mut self, len: usize) -> Result<Grant, WriteError> {
        let grant = self.enter(len)?;
        self.open = Some(grant);
        #[cfg(feature = "std")]
        self.its.claimed_by.store(thread_token(), Relaxed);
        if matches!(self.way, Way::Shared) {
            self.tell(grant.news);
        }
        Ok(grant)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(forgotten) = self.open {
            self.abort(forgotten);
        }
        self.its.give_back();
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("slot", &self.slot)
            .field("source", &self.source)
            .field("in_claim", &self.open.is_some())
            .finish_non_exhaustive()
    }
}
