//! A full fence on both sides; readers never ring.

use super::super::error::{Full, Refused, Straggler};
use super::seats::{DefaultSeats, OUTSIDE, default_seats};
use super::words::{self, Left, Words};
use super::{Kind, Seat, Seats, Strategy};
use crate::substrate::atomic::const_fn;
use crate::substrate::fence::Fences;
use crate::substrate::wait::Bell;

/// Readers store, fence and load; the writer stores, fences and looks. In the manner of `evmap`.
///
/// For: systems without membarrier, and writers that publish often and can wait by timer. When not: where the writer
/// must be woken at once, or waits as a task (there is no bell: a task is polled again and again).
///
/// Progress: [`read`](crate::publish::Reader::read) is wait-free. A writer that waits sleeps 50 microseconds to 1
/// millisecond between two looks.
///
/// The algorithm is evmap's (Jon Gjengset), with one difference: a reader's word has one writer, so that it is stored
/// and not counted, and says the version that the reader holds.
///
/// ```
/// use flipside::publish::{Buffer, Reader, raw, strategy::Epochs};
///
/// let buffer = Buffer::with(Epochs::new(), [1, 1], (), ());
/// let (reader, mut writer) = (Reader::new(&buffer)?, raw::Writer::new(&buffer)?);
/// *writer.back()? = 2;
/// writer.publish()?;
/// assert_eq!(*reader.read(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Epochs<R = DefaultSeats> {
    words: Words<R>,
    /// Never rung.
    vacated: Bell,
}

impl Epochs {
    const_fn! {
        /// With as many seats as there are readers.
        #[must_use]
        pub fn new() -> Self {
            Self::with_seats(default_seats())
        }
    }
}

impl<R: Seats> Epochs<R> {
    const_fn! {
        /// With these seats.
        #[must_use]
        pub fn with_seats(seats: R) -> Self {
            Self { words: Words::new(seats), vacated: Bell::new() }
        }
    }
}

impl Default for Epochs {
    fn default() -> Self {
        Self::new()
    }
}

const FENCES: Fences = Fences::portable();

/// Who was inside when the writer flipped.
#[derive(Debug)]
pub struct Residual(Left);

// SAFETY: the laws are proved in PROOF.md, section by section: one word for each reader, which only he stores; a full
// fence between word and version, and between version and words.
unsafe impl<R: Seats> Strategy for Epochs<R> {
    const FLIP_FENCES: bool = true;

    type Seat = Seat;
    type Residual = Residual;

    fn seat(&self, kind: Kind) -> Result<Seat, Full> {
        self.words.seat(&self.vacated, kind, false)
    }

    unsafe fn release(&self, seat: &mut Seat) {
        // SAFETY: the caller's promise.
        unsafe { self.words.release(seat) };
    }

    #[inline(always)]
    unsafe fn enter(&self, seat: &Seat) -> u64 {
        // SAFETY: the seat is of this strategy, which is alive.
        self.words.enter_fenced(unsafe { seat.place() }, || ())
    }

    #[inline(always)]
    unsafe fn leave(&self, seat: &Seat) {
        // SAFETY: as in `enter`.
        unsafe { seat.place() }.rest(OUTSIDE);
    }

    #[inline(always)]
    unsafe fn inside(&self, seat: &Seat) -> Option<u64> {
        // SAFETY: as in `enter`.
        words::inside(unsafe { seat.place() })
    }

    unsafe fn online(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter`.
        self.words.online(unsafe { seat.place() }, || ())
    }

    unsafe fn advance(&self, seat: &Seat) -> u64 {
        // SAFETY: as in `enter`.
        self.words.advance(unsafe { seat.place() })
    }

    fn number(&self, seat: &Seat) -> Option<u32> {
        Some(seat.number())
    }

    #[inline(always)]
    fn version(&self) -> u64 {
        self.words.version.load()
    }

    unsafe fn flip(&self) -> Residual {
        Residual(self.words.flip())
    }

    fn reach(&self, residual: &mut Residual) -> Result<(), Refused> {
        Ok(self.words.reach(&mut residual.0, &FENCES)?)
    }

    fn vacant(&self, residual: &Residual) -> bool {
        self.words.vacant(&residual.0)
    }

    fn straggler(&self, residual: &Residual) -> Option<Straggler> {
        self.words.straggler(&residual.0)
    }
}
