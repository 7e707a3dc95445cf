//! A fence for the compiler on the reader's side, and the system's help on the writer's.

#[cfg(feature = "std")]
use core::task::{Context, Poll};

use crossbeam_utils::CachePadded;

use super::super::error::{Full, Refused, Straggler};
use super::seats::{DefaultSeats, default_seats};
use super::words::{self, Left, Words};
use super::{Kind, Seat, Seats, Strategy};
use crate::substrate::atomic::{AtomicBool, Ordering::Relaxed, Site, const_fn};
use crate::substrate::fence::{LazyFences, Link};
use crate::substrate::wait::Bell;
#[cfg(feature = "std")]
use crate::substrate::wait::Registration;

/// Readers store and load, with a fence for the compiler alone; before the writer looks at them it asks the system to
/// run a fence in every thread of the process (membarrier, Linux 4.14). The default.
///
/// For: reads that outnumber publishes by a thousand and more. When not: where every operation is published by itself;
/// the system call costs half a microsecond, and some microseconds while readers run on other processors.
/// [`Counters`](super::Counters) is cheaper then. Without guard readers, with [pinned](crate::publish::Pinned) ones
/// only, there is no system call.
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
    // Readers look at these two whenever they enter and leave; only the writer writes them.
    front: CachePadded<Front<R>>,
    fences: LazyFences,
    vacated: Bell,
}

#[derive(Debug)]
struct Front<R> {
    words: Words<R>,
    /// The writer waits, or is about to: who leaves rings.
    waiting: AtomicBool,
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
            let front = Front { words: Words::new(seats), waiting: AtomicBool::new(false) };
            Self { front: CachePadded::new(front), fences, vacated: Bell::new() }
        }
    }

    /// Whether readers are spared their fence here. Asks the system if nobody has, and stays the same from then on.
    #[must_use]
    pub fn is_asymmetric(&self) -> bool {
        self.fences.get().is_asymmetric()
    }

    /// After a reader has left version `held`: wakes the writer, if it waits.
    #[inline(always)]
    fn left(&self, seat: &Seat, link: &Link, held: u64) {
        // [P6] light fence, pairs with [P7]. Ours first: the writer, which looks again before it sleeps, sees that we
        // have left. Theirs first: we see that it waits. Weaker: it sleeps, and nobody rings.
        seat.fences().light(Site::P6, link);
        if self.front.waiting.load(Relaxed) {
            self.ring(held);
        }
    }

    #[cold]
    fn ring(&self, held: u64) {
        // The others are not waited for.
        if held != self.front.words.version.glance() {
            self.vacated.ring();
        }
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
    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, kind: Kind) -> Result<Seat, Full> {
        self.front.words.seat(self.fences.get(), kind)
    }

    unsafe fn release(&self, seat: &mut Seat) {
        // SAFETY: the caller's promise.
        unsafe { self.front.words.release(seat) };
    }

    #[inline(always)]
    unsafe fn enter(&self, seat: &Seat) -> u64 {
        // SAFETY: the seat is of this strategy, which is alive.
        self.front.words.enter(unsafe { seat.place() }, seat.fences())
    }

    #[inline(always)]
    unsafe fn leave(&self, seat: &Seat) {
        // SAFETY: as in `enter`.
        let place = unsafe { seat.place() };
        let held = words::held(place);
        words::leave(place);
        self.left(seat, &place.link, held);
    }

    #[inline(always)]
    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        // SAFETY: as in `enter`.
        words::inside(unsafe { seat.place() })
    }

    unsafe fn online(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter`.
        self.front.words.online(unsafe { seat.place() })
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter`.
        let place = unsafe { seat.place() };
        let held = words::held(place);
        let found = self.front.words.advance(place);
        self.left(seat, &place.link, held);
        found
    }

    fn number(&self, seat: &Seat) -> Option<u32> {
        Some(seat.number())
    }

    #[inline(always)]
    fn version(&self) -> u64 {
        self.front.words.version.load()
    }

    unsafe fn flip(&self) -> Residual {
        Residual {
            left: self.front.words.flip(),
            #[cfg(feature = "std")]
            task: Registration::default(),
        }
    }

    fn reach(&self, residual: &mut Residual) -> Result<(), Refused> {
        Ok(self.front.words.reach(&mut residual.left, &self.fences.get())?)
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.front.words.vacant(&residual.left)
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        self.front.words.straggler(&residual.left)
    }

    #[cfg(feature = "std")]
    fn poll_vacant(&self, residual: &mut Residual, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.reach(residual)?;
        if !self.vacant(residual) {
            self.vacated.announce_task(&mut residual.task, cx.waker());
            let summoned = self.summon();
            if summoned.is_ok() && !self.vacant(residual) {
                return Poll::Pending;
            }
            self.stop_polling(residual);
            return Poll::Ready(summoned);
        }
        self.stop_polling(residual);
        Poll::Ready(Ok(()))
    }

    #[cfg(feature = "std")]
    fn stop_polling(&self, residual: &mut Residual) {
        self.front.waiting.store(false, Relaxed);
        self.vacated.withdraw(&mut residual.task);
    }

    #[cfg(feature = "std")]
    fn wait(&self, residual: &mut Residual, deadline: Option<std::time::Instant>) -> Result<bool, Refused> {
        self.reach(residual)?;
        let end = super::sleeping(self, residual, &self.vacated, deadline, || self.summon());
        self.front.waiting.store(false, Relaxed);
        end
    }
}

#[cfg(feature = "std")]
impl<R: Seats> Asymmetric<R> {
    /// Whoever leaves from now on rings. The caller has announced itself, and looks again after this.
    fn summon(&self) -> Result<(), Refused> {
        self.front.waiting.store(true, Relaxed);
        // [P7] heavy fence, pairs with [P6]: see there.
        Ok(self.fences.get().heavy(Site::P7, self.front.words.links())?)
    }
}
