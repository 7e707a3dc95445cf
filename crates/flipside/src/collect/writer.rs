//! The writer's handle: write, or claim and commit.

use alloc::sync::Arc;
use core::fmt;

use super::builder::Overflow;
use super::claim::Claim;
use super::collector::{Presence, Shared};
use super::error::WriteError;
use super::lane::{Grant, News};
use super::lanes::Lanes;
use super::own::{Cursor, No};
use super::record::{HEADER, KIND_ABORTED, KIND_DATA, header, span};
use super::slot::{Cause, Slot, add, bucket};
use crate::substrate::atomic::Ordering::Relaxed;
use crate::substrate::side::Side;

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
    shared: Arc<Shared>,
    /// Only held: the collector stays open as long as somebody may write.
    _presence: Arc<Presence>,
    slot: usize,
    source: u16,
    /// The grant of a [`Claim`]. Found here by the next call, its claim was forgotten.
    open: Option<Grant>,
    /// In a lane of its own.
    cursor: Cursor,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, presence: Arc<Presence>, slot: usize, source: u16) -> Self {
        let cursor = match &shared.lanes {
            Lanes::Shared(_) => Cursor::NONE,
            Lanes::Own(lanes) => lanes[slot].cursor(),
        };
        Self { shared, _presence: presence, slot, source, open: None, cursor }
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
    /// As long as the side has room: one read-modify-write and one copy, wait-free. The records that make the reader
    /// look (the first of an epoch, the one across the watermark) also wake it if it sleeps, for which they take
    /// the lock of its bell for a few instructions and make one system call. When the side is full, the
    /// [`Overflow`] policy decides; only the blocking ones wait, for the reader.
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
        self.write_tagged(0, &[body])
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
    #[inline]
    pub fn write_tagged(&mut self, tag: u8, parts: &[&[u8]]) -> Result<Outcome, WriteError> {
        let len = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let grant = match self.enter(len) {
            Ok(grant) => grant,
            Err(WriteError::Full) if self.shared.overflow != Overflow::Fail => return Ok(Outcome::Dropped),
            Err(error) => return Err(error),
        };
        // SAFETY: `enter` gave the grant just now; it leaves below, and this is the only reference.
        let bytes = unsafe { self.shared.lanes.granted(self.slot, grant, 0, grant.span) };
        // The padding lies in the last word. What the copy does not reach must not be an earlier record's.
        if let Some(last) = bytes.last_chunk_mut::<8>() {
            *last = [0; 8];
        }
        let (head, mut rest) = bytes.split_at_mut(HEADER);
        head.copy_from_slice(&header(len, KIND_DATA, tag, self.source));
        for part in parts {
            let (here, next) = rest.split_at_mut(part.len());
            here.copy_from_slice(part);
            rest = next;
        }
        self.committed(grant, len);
        self.tell(grant.news);
        Ok(Outcome::Accepted)
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
        let grant = self.enter(len)?;
        self.open = Some(grant);
        #[cfg(feature = "std")]
        self.own().claimed_by.store(crate::substrate::atomic::thread_token(), Relaxed);
        if matches!(self.shared.lanes, Lanes::Shared(_)) {
            self.tell(grant.news);
        }
        Ok(Claim::new(self, grant))
    }

    /// Wakes the reader if it sleeps and the claim is news to it.
    #[inline]
    fn tell(&self, news: News) {
        match news {
            News::No => {}
            News::First => self.shared.reader.ring_if(|| self.shared.is_in_deep_sleep()),
            News::High => self.shared.reader.ring(),
        }
    }

    #[inline]
    fn own(&self) -> &Slot {
        &self.shared.slots[self.slot]
    }

    /// Enters the front side with room for a body of `len` bytes.
    #[inline]
    fn enter(&mut self, len: usize) -> Result<Grant, WriteError> {
        if let Some(forgotten) = self.open {
            self.abort(forgotten);
        }
        let slot = self.own();
        add(&slot.offered, 1);
        let Some(span) = span(len).filter(|&span| span <= self.shared.lanes.capacity()) else {
            return Err(self.refuse(Cause::TooLarge, len));
        };
        match self.try_enter(span) {
            Ok(grant) => Ok(grant),
            Err(no) => self.enter_full(no, span, len),
        }
    }

    /// Enters the front if it has room.
    #[inline]
    fn try_enter(&mut self, span: usize) -> Result<Grant, No> {
        let Self { shared, cursor, slot: index, .. } = self;
        let slot = &shared.slots[*index];
        match &shared.lanes {
            Lanes::Own(lanes) => lanes[*index].enter(cursor, span, &shared.gate),
            Lanes::Shared(lane) => {
                slot.entering();
                match lane.claim(slot, span) {
                    Some(grant) => {
                        slot.entered(grant.side);
                        Ok(grant)
                    }
                    None => {
                        slot.out();
                        Err(No::Full)
                    }
                }
            }
        }
    }

    /// The side is full: the policy decides.
    #[cold]
    fn enter_full(&mut self, no: No, span: usize, len: usize) -> Result<Grant, WriteError> {
        if no == No::Sealed {
            return Err(self.refuse(Cause::Closed, len));
        }
        self.shared.reader.ring();
        #[cfg(not(feature = "std"))]
        let _ = span; // Only those who wait try again.
        match self.shared.overflow {
            Overflow::Fail | Overflow::DropNewest | Overflow::FlightRecorder => Err(self.refuse(Cause::Full, len)),
            #[cfg(feature = "std")]
            Overflow::Block => self.enter_later(span, None).map_err(|cause| self.refuse(cause, len)),
            #[cfg(feature = "std")]
            Overflow::BlockTimeout(wait) => {
                let deadline = super::closing::deadline_after(wait);
                self.enter_later(span, deadline).map_err(|cause| self.refuse(cause, len))
            }
        }
    }

    /// Waits for room and enters.
    #[cfg(feature = "std")]
    fn enter_later(&mut self, span: usize, deadline: Option<std::time::Instant>) -> Result<Grant, Cause> {
        if self.shared.is_draining_here() {
            return Err(Cause::FromSink);
        }
        let began = std::time::Instant::now();
        let entered = loop {
            if let Err(cause) = self.await_room(deadline) {
                break Err(cause);
            }
            match self.try_enter(span) {
                Ok(grant) => break Ok(grant),
                Err(No::Sealed) => break Err(Cause::Closed),
                // Others filled the new side before us.
                Err(No::Full) => self.shared.reader.ring(),
            }
        };
        let slot = self.own();
        add(&slot.waits, 1);
        add(&slot.waited_ns, u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        entered
    }

    /// Whether there is no use in trying to enter, as of now.
    #[cfg(feature = "std")]
    fn is_full(&self) -> bool {
        match &self.shared.lanes {
            Lanes::Shared(lane) => lane.is_full(),
            Lanes::Own(lanes) => !lanes[self.slot].has_room(&self.cursor),
        }
    }

    /// Waits until the side was seen with room: pauses, then yields, then sleeps.
    #[cfg(feature = "std")]
    fn await_room(&self, deadline: Option<std::time::Instant>) -> Result<(), Cause> {
        let backoff = crate::substrate::atomic::Backoff::default();
        let shared = &*self.shared;
        while self.is_full() {
            if shared.is_closing() {
                return Err(Cause::Closed);
            }
            if deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline) {
                return Err(Cause::Timeout);
            }
            if !backoff.is_spent() {
                backoff.snooze();
                continue;
            }
            let ticket = shared.room.announce();
            if self.is_full() && !shared.is_closing() {
                shared.room.sleep(ticket, deadline);
            } else {
                shared.room.cancel(ticket);
            }
        }
        Ok(())
    }

    #[cold]
    fn refuse(&self, cause: Cause, len: usize) -> WriteError {
        // After a close nothing else is worth saying, and no gap can be written any more.
        let cause = self.own().refused.settle(cause, len, || self.shared.is_closing());
        match cause {
            Cause::Full => WriteError::Full,
            Cause::Timeout => WriteError::Timeout,
            Cause::Closed => WriteError::Closed,
            Cause::FromSink => WriteError::FromSink,
            Cause::TooLarge => WriteError::TooLarge { len, max: self.shared.lanes.capacity() - HEADER },
        }
    }

    /// Counts a committed record and leaves.
    #[inline]
    pub(crate) fn committed(&mut self, grant: Grant, len: usize) {
        let slot = self.own();
        add(&slot.sizes[bucket(len)], 1);
        let marks = match &self.shared.lanes {
            Lanes::Own(_) => &slot.marks[Side::A],
            Lanes::Shared(_) => {
                add(&slot.marks[grant.side].records, 1);
                &slot.marks[grant.side]
            }
        };
        add(&marks.bytes, len as u64);
        self.leave(grant, 1);
    }

    /// Leaves with an aborted record: its body is zeroed, so that nothing half-written or older is drained.
    pub(crate) fn abort(&mut self, grant: Grant) {
        // SAFETY: the grant is this writer's open one and leaves below. A `Claim` that could still hold a
        // reference to these bytes borrows the writer mutably, so none is alive.
        let bytes = unsafe { self.shared.lanes.granted(self.slot, grant, 0, grant.span) };
        bytes.fill(0);
        bytes[..HEADER].copy_from_slice(&header(grant.span - HEADER, KIND_ABORTED, 0, self.source));
        add(&self.own().marks[grant.side].aborted, 1);
        self.leave(grant, 0);
        self.tell_late(grant);
    }

    #[inline]
    fn leave(&mut self, grant: Grant, records: u64) {
        let Self { shared, cursor, slot: index, .. } = self;
        let slot = &shared.slots[*index];
        if self.open.is_some() {
            slot.claimed_by.store(0, Relaxed);
        }
        match &shared.lanes {
            Lanes::Own(lanes) => lanes[*index].leave(cursor, grant.span, records),
            Lanes::Shared(lane) => {
                lane.leave(slot, grant);
                slot.out();
            }
        }
        self.open = None;
    }

    /// In a lane of its own there is nothing to tell of before a claim is over.
    pub(crate) fn tell_late(&self, grant: Grant) {
        if matches!(self.shared.lanes, Lanes::Own(_)) {
            self.tell(grant.news);
        }
    }

    /// The bytes of an open claim's body.
    pub(crate) fn body(&mut self, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        debug_assert!(self.open.is_some());
        // SAFETY: only a `Claim` calls this, with its own open grant, through the unique borrow that it has of
        // this writer; what this returns keeps that borrow, so there is one reference at a time.
        unsafe { self.shared.lanes.granted(self.slot, grant, HEADER + from, len) }
    }

    /// The whole of an open claim, header included.
    pub(crate) fn frame(&mut self, grant: Grant) -> &mut [u8] {
        debug_assert!(self.open.is_some());
        // SAFETY: as in `body`.
        unsafe { self.shared.lanes.granted(self.slot, grant, 0, grant.span) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(forgotten) = self.open {
            self.abort(forgotten);
        }
        self.own().give_back();
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
