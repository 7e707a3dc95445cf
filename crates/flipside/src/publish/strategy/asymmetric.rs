//! A fence for the compiler on the reader's side, and the system's help on the writer's.

#[cfg(feature = "std")]
use core::task::{Context, Poll};

use crossbeam_utils::CachePadded;

use super::super::error::{Full, Refused, Straggler};
use super::seats::{DefaultSeats, FENCED, OUTSIDE, OUTSIDE_FENCED, Place, RING, default_seats};
use super::words::{self, Left, Words};
use super::{Kind, Seat, Seats, Strategy};
use crate::substrate::atomic::{Ordering::Relaxed, Site, const_fn, fence, light_fence};
use crate::substrate::fence::LazyFences;
use crate::substrate::wait::Bell;
#[cfg(feature = "std")]
use crate::substrate::wait::Registration;

/// Readers store and load, with a fence for the compiler alone; before the writer looks at them it asks the system to
/// run a fence in every thread of the process (membarrier, Linux 4.14). The default.
///
/// For: reads that outnumber publishes by a thousand and more. When not: where every operation is published by itself;
/// the system call costs half a microsecond, and some microseconds while readers run on other processors.
/// [`Counters`](super::Counters) is cheaper then. Without guard readers, with [pinned](crate::publish::Pinned) ones
/// only, there is no system call but before the writer sleeps.
///
/// Whether the system has membarrier is found out by the first reader or writer. If it has not, readers and writer use
/// full fences, as in [`Epochs`](super::Epochs), and readers one more when they leave.
///
/// Progress: [`read`](crate::publish::Reader::read) is wait-free. A writer that waits sleeps, and the last straggler
/// wakes it. If the system refuses later what it granted, the wait ends with
/// [`Refused`](crate::publish::PublishError::Refused), and can be tried again.
///
/// The handshake is that of userspace RCU (Desnoyers and others), with a version where that has a phase.
#[derive(Debug)]
pub struct Asymmetric<R = DefaultSeats> {
    // Readers look at the version whenever they enter; only the writer writes it.
    words: CachePadded<Words<R>>,
    fences: LazyFences,
    vacated: Bell,
}

impl Asymmetric {
    const_fn! {
        /// With as many seats as there are readers.
        #[must_use]
        pub fn new() -> Self {
            Self::with_seats(default_seats())
        }
    }

    const_fn! {
        /// As on a system without membarrier.
        #[must_use]
        pub fn portable() -> Self {
            Self::portable_with_seats(default_seats())
        }
    }
}

impl<R: Seats> Asymmetric<R> {
    const_fn! {
        /// With these seats.
        #[must_use]
        pub fn with_seats(seats: R) -> Self {
            Self::build(seats, LazyFences::detect())
        }
    }

    const_fn! {
        /// As on a system without membarrier, with these seats.
        #[must_use]
        pub fn portable_with_seats(seats: R) -> Self {
            Self::build(seats, LazyFences::portable())
        }
    }

    const_fn! {
        fn build(seats: R, fences: LazyFences) -> Self {
            Self { words: CachePadded::new(Words::new(seats)), fences, vacated: Bell::new() }
        }
    }

    /// Whether readers are spared their fence here. Asks the system if nobody has, and stays the same from then on.
    #[must_use]
    pub fn is_asymmetric(&self) -> bool {
        self.fences.get().is_asymmetric()
    }

    /// One who has to use full fences enters; or somebody is inside already.
    #[cold]
    fn enter_slowly(&self, place: &Place, seat: &Seat, word: u64, stays: impl FnOnce()) -> u64 {
        if word != OUTSIDE_FENCED {
            stays();
            return word;
        }
        self.words.enter_fenced(place, || left(place, seat))
    }
}

/// After a reader has left a version, or has said that it was not inside of it after all: wakes the writer, if it waits
/// for this reader.
#[inline(always)]
fn left(place: &Place, seat: &Seat) {
    // [P6] light fence, pairs with [P7]. Ours first: the writer, which looks again before it sleeps, sees that we have
    // left. Theirs first: we see that it waits. Weaker: it sleeps, and nobody rings.
    light_fence(Site::P6, &place.link);
    if place.awaited.load(Relaxed) != 0 {
        left_slowly(seat);
    }
}

#[cold]
fn left_slowly(seat: &Seat) {
    // SAFETY: the seat's strategy is alive: it is one of its methods that left.
    let place = unsafe { seat.place() };
    let mut awaited = place.awaited.load(Relaxed);
    if awaited & FENCED != 0 {
        // [P1] SeqCst fence, pairs with [P7], which is a full fence then: as [P6].
        fence(Site::P1);
        awaited = place.awaited.load(Relaxed);
    }
    if awaited & FENCED != 0 && words::inside(place).is_none() {
        place.rest(OUTSIDE_FENCED);
    }
    if awaited & RING != 0 {
        // Before the ring: a writer that waits for the same reader again says so after it. And the ring last: it runs
        // the code of wakers, which may come back to this very seat.
        place.awaited.fetch_and(!RING, Relaxed);
        // SAFETY: as above.
        unsafe { seat.ring() };
    }
}

impl Default for Asymmetric {
    fn default() -> Self {
        Self::new()
    }
}

/// Who was inside when the writer flipped.
#[derive(Debug)]
pub struct Residual {
    left: Left,
    #[cfg(feature = "std")]
    task: Registration,
}

// SAFETY: the laws are proved in PROOF.md: one word for each reader, which only he stores; a light fence between word
// and version against a heavy one between version and words.
unsafe impl<R: Seats> Strategy for Asymmetric<R> {
    const FLIP_FENCES: bool = true;
    const REACH_INTERRUPTS: bool = true;

    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, kind: Kind) -> Result<Seat, Full> {
        self.words.seat(&self.vacated, kind, !self.is_asymmetric())
    }

    unsafe fn release(&self, seat: &mut Seat) {
        // SAFETY: the caller's promise.
        unsafe { self.words.release(seat) };
    }

    unsafe fn enter(&self, seat: &Seat) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { self.enter_or_stay(seat, || ()) }
    }

    #[inline(always)]
    unsafe fn enter_or_stay(&self, seat: &Seat, stays: impl FnOnce()) -> u64 {
        // SAFETY: the seat is of this strategy, which is alive.
        let place = unsafe { seat.place() };
        let word = place.word.load(Relaxed);
        if word == OUTSIDE {
            return self.words.enter_lightly(place, || left(place, seat));
        }
        self.enter_slowly(place, seat, word, stays)
    }

    #[inline(always)]
    unsafe fn leave(&self, seat: &Seat) {
        // SAFETY: as in `enter_or_stay`.
        let place = unsafe { seat.place() };
        place.rest(OUTSIDE);
        left(place, seat);
    }

    #[inline(always)]
    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        // SAFETY: as in `enter_or_stay`.
        words::inside(unsafe { seat.place() })
    }

    unsafe fn online(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter_or_stay`.
        let place = unsafe { seat.place() };
        self.words.online(place, || left(place, seat))
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter_or_stay`.
        let place = unsafe { seat.place() };
        let found = self.words.advance(place);
        left(place, seat);
        found
    }

    fn number(&self, seat: &Seat) -> Option<u32> {
        Some(seat.number())
    }

    #[inline(always)]
    fn version(&self) -> u64 {
        self.words.version.load()
    }

    unsafe fn flip(&self) -> Residual {
        Residual {
            left: self.words.flip(),
            #[cfg(feature = "std")]
            task: Registration::default(),
        }
    }

    fn reach(&self, residual: &mut Residual) -> Result<(), Refused> {
        Ok(self.words.reach(&mut residual.left, &self.fences.get())?)
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.words.vacant(&residual.left)
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        self.words.straggler(&residual.left)
    }

    #[cfg(feature = "std")]
    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.reach(residual)?;
        if !self.vacant(residual) {
            self.vacated.announce_task(&mut residual.task, cx.waker());
            match self.summon(residual) {
                Ok(true) => return Poll::Pending,
                Ok(false) if !self.vacant(residual) => {
                    // Who is just entering was not asked, and will not ring.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(false) => {}
                Err(refused) => {
                    self.stop_polling(residual);
                    return Poll::Ready(Err(refused));
                }
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
        super::sleeping(self, residual, &self.vacated, deadline, || self.summon(residual))
    }
}

#[cfg(feature = "std")]
impl<R: Seats> Asymmetric<R> {
    /// Those who are in the way ring when they are not any more; readers of the other side are not troubled. The caller
    /// has announced itself. Whether there is anybody to sleep for.
    fn summon(&self, residual: &Residual) -> Result<bool, Refused> {
        self.words.await_all(&residual.left);
        // [P7] heavy fence, pairs with [P6]: see there.
        self.fences.get().heavy(Site::P7, self.words.links())?;
        Ok(self.words.awaits(&residual.left))
    }
}
