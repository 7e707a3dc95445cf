//! A lane of one writer's own: no line that another writer touches, and no read-modify-write.
//!
//! The writer appends to its front side and publishes after each record how far it has come; it flips by itself
//! when the side is full and the reader has left the other. The reader takes what is published, up to the middle
//! of the front, and never waits for a writer. See `PROOF.md` beside this file.

use alloc::sync::Arc;

use crossbeam_utils::CachePadded;

use super::lane::{Grant, News};
use super::record::{HEADER, KIND_DATA, fill, header};
use super::slot::Slot;
use crate::substrate::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    Site, at,
};
use crate::substrate::bytes::Bytes;
use crate::substrate::fence::{Fences, Link, Refused};
use crate::substrate::side::{Pair, Side};

/// How far somebody has come, in one word.
///
/// ```text
/// { side : 1 | records : 31 | offset : 32 }      offset: a multiple of 8, so its lowest bit is free for
///                                                INSIDE: the writer is between entering and leaving
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

const INSIDE: u64 = 1;
const RECORD: u64 = 1 << 32;
const SIDE: u64 = 1 << 63;

impl Place {
    /// The beginning of a side.
    pub(crate) const fn start_of(side: Side) -> Self {
        Self((side.bit() as u64) << 63)
    }

    pub(crate) const fn side(self) -> Side {
        Side::from_bit((self.0 >> 63) as usize)
    }

    /// Bytes of whole records before it, on its side.
    #[inline]
    pub(crate) const fn offset(self) -> usize {
        (self.0 as u32 & !7) as usize
    }

    /// Committed records before it, on its side.
    pub(crate) const fn records(self) -> u64 {
        (self.0 & !SIDE) >> 32
    }

    pub(crate) const fn is_inside(self) -> bool {
        self.0 & INSIDE != 0
    }

    /// The same, of somebody who is not inside.
    pub(crate) const fn outside(self) -> Self {
        Self(self.0 & !INSIDE)
    }

    /// Bytes and records are bounded by a side: at most 2^30, and one record for 8 of them.
    #[inline]
    const fn after(self, span: usize, records: u64) -> Self {
        Self(self.0 + span as u64 + records * RECORD)
    }
}

/// What the reader tells all writers of lanes, on a line that seldom changes.
#[derive(Debug)]
pub(crate) struct Gate {
    state: AtomicU32,
    fences: Fences,
}

/// The reader sleeps without end, or is about to.
const ASLEEP: u32 = 1;
/// The reader takes nothing any more that is entered from now on.
const SEALED: u32 = 2;

impl Gate {
    pub(crate) fn new(fences: Fences) -> Self {
        Self { state: AtomicU32::new(0), fences }
    }

    /// Before the reader sleeps without end, and after. A heavy fence must follow before it looks again.
    #[cfg(feature = "std")]
    pub(crate) fn sleeps(&self, asleep: bool) {
        let sealed = self.state.load(Relaxed) & SEALED;
        self.state.store(if asleep { sealed | ASLEEP } else { sealed }, Relaxed);
    }

    /// For good. A heavy fence must follow before the reader looks for the last time.
    pub(crate) fn seal(&self) {
        self.state.store(SEALED, Relaxed);
    }

    /// Between what the reader has just said and its next look at the lanes.
    pub(crate) fn heavy(&self, lanes: &[Arc<OwnLane>]) -> Result<(), Refused> {
        // [C25] heavy fence, pairs with [C24]: see there.
        self.fences.heavy(Site::C25, lanes.iter().map(|lane| &lane.writer.link))
    }
}

/// The writer's own view of its lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    place: Place,
    /// A record that would end beyond it has to be thought about: the reader is to be told, or the side is full.
    stop: usize,
    /// Bytes up to there; 0 while a claim is open, so that the next call finds it if it was forgotten.
    room: usize,
    /// Refused until the next flip.
    full: bool,
}

/// One writer's lane.
///
/// ```text
/// writer: (side, n) --enter--> (side, n, INSIDE) --leave--> (side, n + span)
///         (side, n) --flip---> (other, 0), when the reader is on `side` too: then `other` is vacant
/// reader: (side, m) --take---> (side, n), or by way of the end of the side to (other, n)
/// ```
#[derive(Debug)]
pub(crate) struct OwnLane {
    writer: CachePadded<Published>,
    /// What the reader has released; all before it is the writer's again.
    released: CachePadded<AtomicU64>,
    sides: Pair<Bytes>,
    side: usize,
    watermark: usize,
}

/// The writer's line.
#[derive(Debug)]
struct Published {
    place: AtomicU64,
    /// Where it left a side, when it last did.
    left: [AtomicU64; 2],
    /// A record was refused since the last flip.
    refused: AtomicBool,
    link: Link,
}

/// Why nothing was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum No {
    Full,
    Sealed,
}

impl OwnLane {
    /// Over two sides of one size, a multiple of 8.
    pub(crate) fn over(sides: Pair<Bytes>, watermark: usize) -> Self {
        let side = sides[Side::A].len().min(sides[Side::B].len());
        Self {
            writer: CachePadded::new(Published {
                place: AtomicU64::new(0),
                left: [AtomicU64::new(0), AtomicU64::new(0)],
                refused: AtomicBool::new(false),
                link: Link::new(),
            }),
            released: CachePadded::new(AtomicU64::new(0)),
            sides,
            side,
            watermark: watermark.next_multiple_of(8),
        }
    }

    /// Touches the pages of both sides, so that the lane's first writer pays for none of them in a write.
    ///
    /// # Safety
    ///
    /// The caller is the lane's writer, and nobody has been before him.
    pub(crate) unsafe fn touch(&self) {
        for side in [Side::A, Side::B] {
            // SAFETY: [O1] the reader keeps off what is not published, and no writer has published anything yet; the
            // caller is the only one who could.
            unsafe { self.sides[side].touch() };
        }
    }

    /// Where its last writer stopped; the slot has changed hands, so there is no other.
    pub(crate) fn cursor(&self) -> Cursor {
        let place = Place(self.writer.place.load(Relaxed));
        debug_assert!(!place.is_inside(), "given back inside a claim");
        let mut cursor = Cursor { place, stop: 0, room: 0, full: false };
        cursor.stop = self.stop_after(place.offset());
        cursor.room = cursor.stop - place.offset();
        cursor
    }

    /// The last offset up to which the reader need not be told, having been told at `offset`. A record that fills the
    /// side to its last byte is always told.
    fn stop_after(&self, offset: usize) -> usize {
        offset + self.watermark.min(self.side - offset).saturating_sub(8)
    }

    /// Copies a whole record into the front and has it counted, if nothing needs to be thought of; otherwise nothing has
    /// happened.
    /// Wait-free; plain loads and stores.
    #[inline]
    pub(crate) fn put(
        &self,
        cursor: &mut Cursor,
        gate: &Gate,
        slot: &Slot,
        source: u16,
        body: &[u8],
    ) -> bool {
        let len = body.len();
        // The room is a whole number of words, so this says that header, body and padding fit.
        if len >= cursor.room.saturating_sub(HEADER - 1) {
            return false;
        }
        let place = cursor.place;
        if self.announce(place, gate) != 0 {
            self.publish(place);
            return false;
        }
        let span = (len + HEADER + 7) & !7;
        // SAFETY: these bytes of the front are not published, so the reader keeps off; and the cursor is the writer's,
        // of which there is one.
        let bytes = unsafe { self.sides[place.side()].write(place.offset(), span) };
        fill(bytes, header(len, KIND_DATA, 0, source), &[body]);
        cursor.room -= span;
        cursor.place = place.after(span, 1);
        // Before it can be drained: the reader subtracts what it takes from what is counted.
        slot.count(place.side(), len);
        self.publish(cursor.place);
        true
    }

    /// Enters the front with room for `span` bytes, at most a side. Wait-free; plain loads and stores.
    pub(crate) fn enter(&self, cursor: &mut Cursor, span: usize, gate: &Gate) -> Result<Grant, No> {
        let mut news = News::No;
        if cursor.place.offset() + span > cursor.stop {
            news = self.make_room(cursor, span)?;
        }
        let Cursor { place, .. } = *cursor;
        match self.announce(place, gate) {
            0 => {}
            ASLEEP if news == News::No => news = News::First,
            ASLEEP => {}
            _ => {
                self.publish(place);
                return Err(No::Sealed);
            }
        }
        cursor.room = 0;
        Ok(Grant { side: place.side(), at: place.offset(), span, news })
    }

    /// Says that the writer is inside; what the reader says.
    #[inline]
    fn announce(&self, place: Place, gate: &Gate) -> u32 {
        // [C19] Release, pairs with [C21]: it covers the word by which the last record left, so it must carry the
        // same. Weaker: the reader that looks now takes bytes that are not there yet.
        self.writer.place.store(place.0 | INSIDE, at(Site::C19, Release));
        // [C24] light fence, pairs with [C25]. Ours first: the reader sees that somebody is inside. Theirs first: we
        // see that it seals, or sleeps. Weaker: a record is accepted that nobody drains, or that nobody is told of.
        gate.fences.light(Site::C24, &self.writer.link);
        gate.state.load(Relaxed)
    }

    /// The slow way into the side: the reader is to be told, or the side is full.
    #[cold]
    fn make_room(&self, cursor: &mut Cursor, span: usize) -> Result<News, No> {
        let (side, at) = (cursor.place.side(), cursor.place.offset());
        if !cursor.full && at + span <= self.side {
            // Late, perhaps: then the reader is told too early.
            let released = Place(self.released.load(Relaxed));
            let from = if released.side() == side { released.offset() } else { 0 };
            let end = at + span;
            if end < self.side && end - from < self.watermark {
                cursor.stop = self.stop_after(from);
                return Ok(News::No);
            }
            return Ok(News::High);
        }
        if !self.is_vacant(side.flip()) {
            // A smaller one might fit; but what was lost is told at the start of a side.
            (cursor.full, cursor.stop, cursor.room) = (true, 0, 0);
            self.writer.refused.store(true, Relaxed);
            return Err(No::Full);
        }
        self.writer.left[side.bit()].store(cursor.place.0, Relaxed);
        self.writer.refused.store(false, Relaxed);
        (cursor.place, cursor.full) = (Place::start_of(side.flip()), false);
        Ok(News::High)
    }

    /// Whether the reader has left `side`, on which the writer is not.
    pub(crate) fn is_vacant(&self, side: Side) -> bool {
        // [C23] Acquire, pairs with [C22]: what the reader did with the side is over. Weaker: a record is written
        // over bytes that it still reads.
        Place(self.released.load(at(Site::C23, Acquire))).side() != side
    }

    /// Whether the writer would find room, as of now.
    #[cfg(feature = "std")]
    pub(crate) fn has_room(&self, cursor: &Cursor) -> bool {
        !cursor.full || self.is_vacant(cursor.place.side().flip())
    }

    /// Leaves: the grant's bytes with so many committed records are the reader's from here on.
    pub(crate) fn leave(&self, cursor: &mut Cursor, grant: Grant, records: u64) {
        cursor.place = cursor.place.after(grant.span, records);
        let offset = cursor.place.offset();
        if grant.news == News::High {
            cursor.stop = self.stop_after(offset);
        }
        cursor.room = cursor.stop - offset;
        self.publish(cursor.place);
    }

    #[inline]
    fn publish(&self, place: Place) {
        // [C20] Release, pairs with [C21]. Ours first: the reader sees the record, whole. Theirs first: it takes it
        // the next time. Weaker: it drains bytes not yet there.
        self.writer.place.store(place.0, at(Site::C20, Release));
    }

    /// Whether the writer found no room since its last flip. It rings after that.
    pub(crate) fn is_refused(&self) -> bool {
        self.writer.refused.load(Relaxed)
    }

    /// How far the writer has come, and whether it is inside.
    pub(crate) fn look(&self) -> Place {
        // [C21] Acquire, pairs with [C19] and [C20].
        Place(self.writer.place.load(at(Site::C21, Acquire)))
    }

    /// Where the writer left `side`, once it was seen on the other one.
    pub(crate) fn left(&self, side: Side) -> Place {
        Place(self.writer.left[side.bit()].load(Relaxed))
    }

    /// The reader has done with all before `place`.
    pub(crate) fn release(&self, place: Place) {
        // [C22] Release, pairs with [C23].
        self.released.store(place.outside().0, at(Site::C22, Release));
    }

    /// Bytes that are published and not released.
    pub(crate) fn pending(&self) -> usize {
        let (released, place) = (Place(self.released.load(Relaxed)), self.look());
        let before = if released.side() == place.side() { 0 } else { self.left(released.side()).offset() };
        (before + place.offset()).saturating_sub(released.offset())
    }

    /// Bytes allocated.
    pub(crate) const fn memory(&self) -> usize {
        2 * self.side
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.side
    }

    pub(crate) const fn watermark(&self) -> usize {
        self.watermark
    }

    /// The bytes of a grant, or a part of them.
    ///
    /// # Safety
    ///
    /// [`enter`](Self::enter) gave the grant, it has not left yet, and `from..from + len` lies in it. No other
    /// reference to those bytes is alive.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "a grant is exclusive, whatever the lane's borrow")]
    pub(crate) unsafe fn granted(&self, grant: Grant, from: usize, len: usize) -> &mut [u8] {
        debug_assert!(from + len <= grant.span);
        // SAFETY: [O1] the reader reads only what has left, and [C23] put what it read before the flip that made
        // this side the front. The caller promised the rest.
        unsafe { self.sides[grant.side].write(grant.at + from, len) }
    }

    /// Published bytes of a side.
    ///
    /// # Safety
    ///
    /// The caller is the reader; a [`look`](Self::look) of his has shown the bytes as left, and he has not released
    /// them.
    pub(crate) unsafe fn published(&self, side: Side, from: usize, to: usize) -> &[u8] {
        // SAFETY: [O1] what has left is not written again before it is released, and [C21] put what was written
        // before the look.
        unsafe { self.sides[side].read(from, to - from) }
    }
}
