//! What `Asymmetric` and `Epochs` have in common: a version that the writer stores, and a word for each reader that
//! only he stores.
//!
//! ```text
//! reader                              writer
//!   word = a version it has seen        version = n, fence        (flip)
//!   fence, light                        fence, heavy, if light    (reach)
//!   v = version                         look at all words:
//!   word = v, if it is another            OUTSIDE or n: not in the way; else a straggler
//!   ... reads side v & 1 ...
//!   word = OUTSIDE
//! ```

use super::super::error::{Full, Straggler};
use super::Kind;
use super::seats::{OUTSIDE_FENCED, Place, Seat, Seats, Slot};
use crate::substrate::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    Site, at, const_fn, fence, light_fence, thread_token,
};
use crate::substrate::fence::{Fences, Link, Refused};
use crate::substrate::wait::Bell;

/// The newest version.
#[derive(Debug)]
pub(super) struct Version(AtomicU64);

impl Version {
    const_fn! {
        pub(super) fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    #[inline(always)]
    pub(super) fn load(&self) -> u64 {
        // [P3] Acquire, pairs with [P8]. Theirs first: what the writer did before the flip is seen. Weaker: a side is
        // read as it was before it was written.
        self.0.load(at(Site::P3, Acquire))
    }

    /// A version that was the newest at some time; nothing may be read because of it.
    #[inline(always)]
    pub(super) fn glance(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// The writer alone makes the next version the newest, and gets it.
    pub(super) fn flip(&self) -> u64 {
        let next = self.0.load(Relaxed).wrapping_add(1);
        // [P8] Release, pairs with [P3]: see there.
        self.0.store(next, at(Site::P8, Release));
        next
    }
}

/// The version, the slots, and how many of them only the heavy fence reaches.
#[derive(Debug)]
pub(super) struct Words<R> {
    pub(super) version: Version,
    pub(super) seats: R,
    /// Seats of the kind `Guards`.
    guards: AtomicUsize,
}

/// Who is still inside of a side: whoever's word says neither OUTSIDE nor the version that the flip made.
#[derive(Debug)]
pub(super) struct Left {
    version: u64,
    reached: bool,
}

impl<R: Seats> Words<R> {
    const_fn! {
        pub(super) fn new(seats: R) -> Self {
            Self { version: Version::new(), seats, guards: AtomicUsize::new(0) }
        }
    }

    pub(super) fn seat(&self, vacated: &Bell, kind: Kind, is_fenced: bool) -> Result<Seat, Full> {
        let seat = Seat::take(&self.seats, vacated, kind, is_fenced)?;
        if kind == Kind::Guards {
            self.guards.fetch_add(1, Relaxed);
        }
        make_known();
        Ok(seat)
    }

    /// # Safety
    ///
    /// As [`Strategy::release`](super::Strategy::release).
    pub(super) unsafe fn release(&self, seat: &mut Seat) {
        if seat.kind() == Kind::Guards {
            // [P17] Release, pairs with [P18]. Ours first: who counts no such reader any more has seen all that this
            // one read. Weaker: the writer neither fences nor sees the reader leave, and writes while it reads.
            self.guards.fetch_sub(1, at(Site::P17, Release));
        }
        // SAFETY: outside and not used again, says the caller.
        unsafe { seat.give_back() };
    }

    /// Enters the newest version; the writer has a heavy fence. `corrected` is called if the reader has said at first that
    /// it held an older version.
    #[inline(always)]
    pub(super) fn enter_lightly(&self, place: &Place, corrected: impl FnOnce()) -> u64 {
        let known = self.announce(place);
        // [P2] light fence, pairs with [P9]. Ours first: the writer sees the word and waits. Theirs first: the version
        // below is the new one. Weaker: the reader is inside of the side that the writer finds empty.
        light_fence(Site::P2, &place.link);
        self.settle(place, known, corrected)
    }

    /// Enters the newest version, with a full fence, as the writer has.
    #[inline(always)]
    pub(super) fn enter_fenced(&self, place: &Place, corrected: impl FnOnce()) -> u64 {
        let known = self.announce(place);
        // [P24] SeqCst fence, pairs with [P10]: as [P2].
        fence(Site::P24);
        self.settle(place, known, corrected)
    }

    /// Enters the newest version by what the writer does without asking the system.
    pub(super) fn online(&self, place: &Place, corrected: impl FnOnce()) -> u64 {
        let known = self.announce(place);
        make_known();
        self.settle(place, known, corrected)
    }

    /// The reader is about to enter, a version that it has seen or a later one.
    #[inline(always)]
    fn announce(&self, place: &Place) -> u64 {
        let known = self.version.glance();
        note_thread(place);
        acknowledge(place, known);
        known
    }

    /// After the fence: the version that the reader is inside of, which the word says from now on.
    #[inline(always)]
    fn settle(&self, place: &Place, known: u64, corrected: impl FnOnce()) -> u64 {
        let found = self.version.load();
        if found != known { correct(place, found, corrected) } else { found }
    }

    /// From one version to the newest. No fence: between two versions the reader is inside of one of them.
    #[inline(always)]
    pub(super) fn advance(&self, place: &Place) -> u64 {
        let found = self.version.load();
        acknowledge(place, found);
        found
    }

    pub(super) fn flip(&self) -> Left {
        let version = self.version.flip();
        meet_the_new();
        Left { version, reached: false }
    }

    /// The heavy fence between the flip and the first look at readers, if there may be any who need it: the others are met
    /// by the flip's own.
    pub(super) fn reach(&self, left: &mut Left, fences: &Fences) -> Result<(), Refused> {
        if !left.reached && fences.is_asymmetric() && self.has_guards() {
            // [P9] heavy fence, pairs with [P2]. Ours first: the version that the reader loads is the new one. Theirs
            // first: we see its word. Weaker: a side that somebody is inside of looks vacant.
            fences.heavy(Site::P9, self.links())?;
        }
        left.reached = true;
        Ok(())
    }

    /// Whether anybody registered has to be reached by the system. Below the fence of the flip: who is not counted here
    /// yet reads the new version.
    fn has_guards(&self) -> bool {
        // [P18] Acquire, pairs with [P17]: see there.
        self.guards.load(at(Site::P18, Acquire)) != 0
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.seats.each().map(|slot| &slot.place().link)
    }

    pub(super) fn vacant(&self, left: &Left) -> bool {
        left.reached && self.in_the_way(left, |_| true).next().is_none()
    }

    pub(super) fn straggler(&self, left: &Left) -> Option<Straggler> {
        super::most_pressing(self.in_the_way(left, |_| left.reached).map(|(index, slot, word)| {
            Straggler::new(Some(slot.number(index)), word, slot.place().thread.load(Relaxed))
        }))
    }

    /// Asks all who are in the way to ring when they are not any more.
    #[cfg(feature = "std")]
    pub(super) fn await_all(&self, left: &Left) {
        let in_the_way = self.in_the_way(left, |_| true);
        in_the_way.for_each(|(_, slot, _)| {
            slot.place().awaited.fetch_or(super::seats::RING, Relaxed);
        });
    }

    /// Whether anybody who was asked to ring is still in the way. Somebody else may be for a moment, who has entered since
    /// and not yet corrected the version that it gave at first: it was not asked, and must not be slept for.
    #[cfg(feature = "std")]
    pub(super) fn awaits(&self, left: &Left) -> bool {
        let was_asked = |place: &Place| place.awaited.load(Relaxed) & super::seats::RING != 0;
        self.in_the_way(left, was_asked).next().is_some()
    }

    /// Those of `whom` who are in the way, each with his index and his word.
    fn in_the_way(
        &self,
        left: &Left,
        whom: impl Fn(&Place) -> bool,
    ) -> impl Iterator<Item = (usize, &Slot, u64)> {
        let newest = left.version;
        self.seats.each().enumerate().filter_map(move |(index, slot)| {
            // [P12] Acquire, pairs with [P4] and [P5]. Theirs first: what the reader read before it wrote this
            // word happens before what the writer does to the side. Weaker: the side is written while it is read.
            let word = slot.place().word.load(at(Site::P12, Acquire));
            (is_inside(word) && word != newest && whom(slot.place())).then_some((index, slot, word))
        })
    }
}

/// What a reader does rarely, it does by a full fence, so that the writer need not ask the system for its sake.
pub(super) fn make_known() {
    // [P11] SeqCst fence, pairs with [P10]. Ours first: the writer sees what is registered, and the word.
    // Theirs first: the version that this reader loads next is the new one. Weaker: both miss each other.
    fence(Site::P11);
}

/// The writer's part of that, after each flip; and all of it for readers who enter by a full fence.
pub(super) fn meet_the_new() {
    // [P10] SeqCst fence, pairs with [P11], [P24] and, through a mark, with [P19]. Ours first: the reader that registers,
    // goes online or enters loads the new version. Theirs first: we see that it is there. Weaker: a reader that we do not
    // look at enters the side that we find vacant.
    fence(Site::P10);
}

/// Notes who enters, so that a writer can tell that it would wait for itself.
#[inline(always)]
pub(super) fn note_thread(place: &Place) {
    place.thread.store(thread_token(), Relaxed);
}

/// The reader holds this version now, and no other.
#[inline(always)]
pub(super) fn acknowledge(place: &Place, version: u64) {
    // [P4] Release, pairs with [P12]. Ours first: the writer that sees this version has also seen what the reader read
    // of those before. Weaker: the old side is written while it is still read.
    place.word.store(version, at(Site::P4, Release));
}

/// What it said was outdated.
#[cold]
fn correct(place: &Place, found: u64, corrected: impl FnOnce()) -> u64 {
    acknowledge(place, found);
    corrected();
    found
}

/// The version that a reader is inside of, for himself.
#[inline(always)]
pub(super) fn inside(place: &Place) -> Option<u64> {
    let word = place.word.load(Relaxed);
    is_inside(word).then_some(word)
}

#[inline(always)]
const fn is_inside(word: u64) -> bool {
    word < OUTSIDE_FENCED
}
