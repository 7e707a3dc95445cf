//! Exchanges on one word: the reader's and the writer's steps are ordered because they are steps of the same word.

#[cfg(feature = "std")]
use core::task::{Context, Poll};

use super::super::error::{Full, Refused, Straggler};
use super::seats::{DefaultSeats, OUTSIDE, Place, default_seats};
use super::words::{Version, make_known, meet_the_new, note_thread};
use super::{Kind, Seat, Seats, Strategy};
use crate::substrate::atomic::{
    Ordering::{AcqRel, Acquire, Relaxed},
    Site, at, const_fn,
};
use crate::substrate::wait::Bell;
#[cfg(feature = "std")]
use crate::substrate::wait::Registration;

/// A reader exchanges his word when he enters and when he leaves; the writer marks the words of those who are inside,
/// and who leaves with a mark rings. In the manner of `flashmap`.
///
/// For: a publish for every few reads, where [`Asymmetric`](super::Asymmetric)'s system call would cost more than two
/// exchanges a read. When not: mostly reads.
///
/// Progress: [`read`](crate::publish::Reader::read) is lock-free: it begins anew when the writer has published within the
/// few instructions that it takes. A writer that waits sleeps, and the last straggler wakes it.
///
/// After flashmap (Cassy343), where the side stands in each reader's counter, so that two readers can see a flip in
/// different orders. Here the side is read from one version behind the exchange: what one reader has seen, the next
/// sees.
///
/// ```text
/// a reader's word:  OUTSIDE --enter--> v --mark--> v | MARK --leave--> OUTSIDE (and ring)
///                      |               '-----------leave----------> OUTSIDE
///                      '--mark--> OUTSIDE, unchanged: MARK is one of its bits
/// ```
#[derive(Debug)]
pub struct Counters<R = DefaultSeats> {
    version: Version,
    seats: R,
    vacated: Bell,
}

/// The writer has seen this reader inside of the side that it left.
const MARK: u64 = 1 << 63;

impl Counters {
    const_fn! {
        /// With as many seats as there are readers.
        #[must_use]
        pub fn new() -> Self {
            Self::with_seats(default_seats())
        }
    }
}

impl<R: Seats> Counters<R> {
    const_fn! {
        /// With these seats.
        #[must_use]
        pub fn with_seats(seats: R) -> Self {
            Self { version: Version::new(), seats, vacated: Bell::new() }
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> Counters<R> {
    /// The word of a reader who now says `new`: he enters, leaves, or goes on to another version. Whether the writer is to
    /// be rung.
    #[inline(always)]
    fn exchange(place: &Place, new: u64) -> bool {
        // [P19] AcqRel, pairs with [P20] and, through the mark, with [P10]. Ours first: the writer's mark finds us inside;
        // or, if we leave, the writer has seen all that we read. Theirs first: the version that we load next is the new
        // one. Weaker: we are inside of the side that the writer finds empty, or it writes while we still read.
        let old = place.word.swap(new, at(Site::P19, AcqRel));
        old & MARK != 0 && old != OUTSIDE
    }

    /// Goes from version `held` to the newest, if that is another.
    ///
    /// After each exchange the version is looked at again: an exchange takes away the mark of a flip that came after the
    /// version was read, and the reader would be inside unmarked. There is one more turn only if the writer has published
    /// again within the last one.
    ///
    /// The ring comes last: it runs the code of wakers, which may come back to this very seat and must find it settled.
    #[inline(always)]
    fn settle(&self, place: &Place, mut held: u64) -> u64 {
        let mut is_awaited = false;
        loop {
            let found = self.version.load();
            if found == held {
                break;
            }
            is_awaited |= Self::exchange(place, found);
            held = found;
        }
        if is_awaited {
            self.vacated.ring();
        }
        held
    }

    /// Marks the reader of one word if he is inside of a side that is not that of `version`.
    fn mark(place: &Place, version: u64) {
        // Relaxed, below the flip's fence [P10]: the exchange that finds this mark, or comes after it, sees the new version.
        let old = place.word.fetch_or(MARK, Relaxed);
        if old == version {
            // Not in the way. If this fails he has left, and rung for nobody.
            let _ = place.word.compare_exchange(version | MARK, version, Relaxed, Relaxed);
        }
    }

    /// Whether the reader of one word is in the way, and then his word.
    fn marked(place: &Place) -> Option<u64> {
        // [P20] Acquire, pairs with [P19]: see there.
        let word = place.word.load(at(Site::P20, Acquire));
        (word & MARK != 0 && word != OUTSIDE).then_some(word & !MARK)
    }
}

/// Who was inside when the writer flipped.
#[derive(Debug)]
pub struct Residual {
    version: u64,
    reached: bool,
    #[cfg(feature = "std")]
    task: Registration,
}

// SAFETY: the laws are proved in PROOF.md: entering and marking are read-modify-writes of one word, so one of them sees
// the other; a reader keeps the mark until he has left.
unsafe impl<R: Seats> Strategy for Counters<R> {
    const FLIP_FENCES: bool = true;

    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, kind: Kind) -> Result<Seat, Full> {
        let seat = Seat::take(&self.seats, &self.vacated, kind, false)?;
        make_known();
        Ok(seat)
    }

    unsafe fn release(&self, seat: &mut Seat) {
        // SAFETY: outside and not used again, says the caller.
        unsafe { seat.give_back() };
    }

    #[inline(always)]
    unsafe fn enter(&self, seat: &Seat) -> u64 {
        // SAFETY: the seat is of this strategy, which is alive.
        let place = unsafe { seat.place() };
        let known = self.version.glance();
        note_thread(place);
        // Outside, it was not awaited.
        Self::exchange(place, known);
        self.settle(place, known)
    }

    #[inline(always)]
    unsafe fn leave(&self, seat: &Seat) {
        // SAFETY: as in `enter`.
        if Self::exchange(unsafe { seat.place() }, OUTSIDE) {
            self.vacated.ring();
        }
    }

    #[inline(always)]
    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        // SAFETY: as in `enter`.
        let word = unsafe { seat.place() }.word.load(Relaxed);
        (word != OUTSIDE).then_some(word & !MARK)
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter`.
        let place = unsafe { seat.place() };
        self.settle(place, place.word.load(Relaxed) & !MARK)
    }

    fn number(&self, seat: &Seat) -> Option<u32> {
        Some(seat.number())
    }

    #[inline(always)]
    fn version(&self) -> u64 {
        self.version.load()
    }

    unsafe fn flip(&self) -> Residual {
        let version = self.version.flip();
        meet_the_new();
        Residual {
            version,
            reached: false,
            #[cfg(feature = "std")]
            task: Registration::default(),
        }
    }

    fn reach(&self, residual: &mut Residual) -> Result<(), Refused> {
        if !residual.reached {
            self.seats.each().for_each(|slot| Self::mark(slot.place(), residual.version));
            residual.reached = true;
        }
        Ok(())
    }

    fn vacant(&self, residual: &Residual) -> bool {
        residual.reached && self.seats.each().all(|slot| Self::marked(slot.place()).is_none())
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        let slots = self.seats.each().enumerate().filter(|_| residual.reached);
        super::most_pressing(slots.filter_map(|(index, slot)| {
            let word = Self::marked(slot.place())?;
            Some(Straggler::new(Some(slot.number(index)), word, slot.place().thread.load(Relaxed)))
        }))
    }

    #[cfg(feature = "std")]
    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.reach(residual)?;
        if !self.vacant(residual) {
            self.vacated.announce_task(&mut residual.task, cx.waker());
            if !self.vacant(residual) {
                return Poll::Pending;
            }
        }
        self.stop_polling(residual);
        Poll::Ready(Ok(()))
    }

    #[cfg(feature = "std")]
    fn stop_polling(&self, residual: &mut Residual) {
        self.vacated.withdraw(&mut residual.task);
    }

    #[cfg(feature = "std")]
    fn wait(&self, residual: &mut Residual, deadline: Option<std::time::Instant>) -> Result<bool, Refused> {
        self.reach(residual)?;
        let residual = &*residual;
        super::sleeping(self, residual, &self.vacated, deadline, || Ok(!self.vacant(residual)))
    }
}
