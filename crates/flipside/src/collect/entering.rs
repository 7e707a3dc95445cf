//! How a writer enters the front, waits for room, and leaves.

use super::builder::Overflow;
use super::error::WriteError;
use super::lane::{Grant, News};
use super::own::No;
use super::record::{HEADER, KIND_ABORTED, KIND_DATA, Record, Records, fill, header, span};
use super::slot::{Cause, add};
use super::writer::{Way, Writer};
use crate::substrate::atomic::Ordering::Relaxed;

impl Writer {
    /// Enters the front side with room for a body of `len` bytes.
    pub(super) fn enter(&mut self, len: usize) -> Result<Grant, WriteError> {
        let span = self.prepare(len)?;
        match self.try_enter(span) {
            Ok(grant) => Ok(grant),
            Err(no) => self.enter_full(no, span, len),
        }
    }

    /// Aborts a forgotten claim; the span of a body of `len` bytes, if there is one.
    pub(super) fn prepare(&mut self, len: usize) -> Result<usize, WriteError> {
        if let Some(forgotten) = self.open {
            self.abort(forgotten);
        }
        match span(len).filter(|&span| span <= self.capacity()) {
            Some(span) => Ok(span),
            None => Err(self.refuse(Cause::TooLarge, len)),
        }
    }

    /// Copies a whole record into the lane that all share, if nothing needs to be thought of; otherwise nothing has
    /// happened, but that the side may have been found full.
    #[inline]
    pub(super) fn put_shared(&mut self, body: &[u8]) -> bool {
        let (lane, slot, len) = (self.shared.lanes.shared(), &**self.its, body.len());
        if self.open.is_some() || len > lane.capacity() - HEADER {
            return false;
        }
        slot.entering();
        let Some(grant) = lane.claim(slot, (len + HEADER + 7) & !7) else {
            slot.out();
            return false;
        };
        slot.entered(grant.side);
        // SAFETY: the lane gave the grant just now; it leaves below, and this is the only reference.
        let bytes = unsafe { lane.granted(grant, 0, grant.span) };
        fill(bytes, header(len, KIND_DATA, 0, self.source()), &[body]);
        add(&slot.marks[grant.side].records, 1);
        slot.count(grant.side, len);
        lane.leave(slot, grant);
        slot.out();
        if grant.news != News::No {
            self.tell(grant.news);
        }
        #[cfg(feature = "std")]
        self.pace.wrote(grant.at..grant.at + grant.span);
        true
    }

    /// The largest span of a record.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        match &self.way {
            Way::Own(lane, _) => lane.capacity(),
            Way::Shared => self.shared.lanes.shared().capacity(),
        }
    }

    /// Enters the front if it has room.
    pub(super) fn try_enter(&mut self, span: usize) -> Result<Grant, No> {
        match &mut self.way {
            Way::Own(lane, cursor) => lane.enter(cursor, span, &self.shared.gate),
            Way::Shared => {
                self.its.entering();
                match self.shared.lanes.shared().claim(&self.its, span) {
                    Some(grant) => {
                        self.its.entered(grant.side);
                        Ok(grant)
                    }
                    None => {
                        self.its.out();
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
        #[cfg(not(feature = "std"))]
        let _ = span; // Only those who wait try again.
        match self.shared.overflow {
            Overflow::Fail | Overflow::DropNewest | Overflow::FlightRecorder => {
                self.shared.reader.ring();
                Err(self.refuse(Cause::Full, len))
            }
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
        self.shared.reader.ring();
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
        add(&self.its.waits, 1);
        add(&self.its.waited_ns, u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
        entered
    }

    /// Whether there is no use in trying to enter, as of now.
    #[cfg(feature = "std")]
    pub(super) fn is_full(&self) -> bool {
        match &self.way {
            Way::Own(lane, cursor) => !lane.has_room(cursor),
            Way::Shared => self.shared.lanes.shared().is_full(),
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
    pub(super) fn refuse(&self, cause: Cause, len: usize) -> WriteError {
        // After a close nothing else is worth saying, and no gap can be written any more.
        let cause = self.its.refused.settle(cause, len, || self.shared.is_closing());
        match cause {
            Cause::Full => WriteError::Full,
            Cause::Timeout => WriteError::Timeout,
            Cause::Closed => WriteError::Closed,
            Cause::FromSink => WriteError::FromSink,
            Cause::TooLarge => WriteError::TooLarge { len, max: self.capacity() - HEADER },
        }
    }

    /// Wakes the reader if it sleeps and the claim is news to it.
    #[cold]
    pub(super) fn tell(&self, news: News) {
        match news {
            News::No => {}
            News::First => self.shared.reader.ring_if(|| self.shared.is_in_deep_sleep()),
            News::High => self.shared.reader.ring(),
        }
    }

    /// In a lane of its own there is nothing to tell of before a claim is over.
    pub(crate) fn tell_late(&self, grant: Grant) {
        if matches!(self.way, Way::Own(..)) {
            self.tell(grant.news);
        }
    }

    /// Counts a committed record and leaves.
    pub(crate) fn committed(&mut self, grant: Grant, len: usize) {
        self.its.count(grant.side, len);
        self.leave(grant, 1);
    }

    /// Counts the records of a committed batch, which take the first `filled` bytes of its grant, and leaves.
    pub(crate) fn committed_batch(&mut self, grant: Grant, filled: usize, records: u64) {
        {
            // SAFETY: only a `ClaimBatch` calls this, at its end, with its own open grant and the unique borrow that it
            // has of this writer; it keeps no reference to the bytes, and the one made here is gone before the leave.
            let bytes = unsafe { self.granted(grant, 0, filled) };
            for record in Records::new(bytes) {
                if let Record::Data { body, .. } = record {
                    self.its.count(grant.side, body.len());
                }
            }
        }
        self.leave(grant, records);
    }

    /// Leaves with an aborted record: its body is zeroed, so that nothing half-written or older is drained.
    pub(crate) fn abort(&mut self, grant: Grant) {
        let header = header(grant.span - HEADER, KIND_ABORTED, 0, self.source());
        // SAFETY: the grant is this writer's open one and leaves below. A claim or batch that could still
        // hold a reference to these bytes borrows the writer mutably, so none is alive.
        let bytes = unsafe { self.granted(grant, 0, grant.span) };
        bytes.fill(0);
        bytes[..HEADER].copy_from_slice(&header);
        add(&self.its.marks[grant.side].aborted, 1);
        self.leave(grant, 0);
        self.tell_late(grant);
    }

    fn leave(&mut self, grant: Grant, records: u64) {
        if self.open.take().is_some() {
            self.its.claimed_by.store(0, Relaxed);
        }
        match &mut self.way {
            // Its place counts the records.
            Way::Own(lane, cursor) => lane.leave(cursor, grant, records),
            Way::Shared => {
                add(&self.its.marks[grant.side].records, records);
                self.shared.lanes.shared().leave(&self.its, grant);
                self.its.out();
                #[cfg(feature = "std")]
                self.pace.wrote(grant.at..grant.at + grant.span);
            }
        }
    }

    /// The bytes of a grant, or a part of them.
    ///
    /// # Safety
    ///
    /// This writer entered by the grant and has not left yet, and `from..from + len` lies in it. No other reference
    /// to those bytes is alive.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "a grant is exclusive, whatever the borrow")]
    pub(super) unsafe fn granted(&self, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        match &self.way {
            // SAFETY: the caller promised what the lane asks for, and it is the lane that gave the grant.
            Way::Own(lane, _) => unsafe { lane.granted(grant, from, len) },
            // SAFETY: as above.
            Way::Shared => unsafe { self.shared.lanes.shared().granted(grant, from, len) },
        }
    }

    /// The bytes of an open claim's body.
    pub(crate) fn body(&mut self, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        debug_assert!(self.open.is_some());
        // SAFETY: only a claim or a batch calls this, with its own open grant, through the unique borrow that it has of
        // this writer; what this returns keeps that borrow, so there is one reference at a time.
        unsafe { self.granted(grant, HEADER + from, len) }
    }

    /// The whole of an open claim, header included.
    pub(crate) fn frame(&mut self, grant: Grant) -> &mut [u8] {
        debug_assert!(self.open.is_some());
        // SAFETY: as in `body`.
        unsafe { self.granted(grant, 0, grant.span) }
    }
}
