//! The segments of all parties, on every side.

mod block;
mod contiguous;
mod padded;

use core::fmt;

pub use contiguous::Contiguous;
pub use padded::Padded;

/// Segments, one for each party on each side: pieces for who builds something else than [`exchange`](super) of them.
///
/// ```
/// use flipside::exchange::{Memory, Padded};
///
/// let memory: Padded<u32> = Padded::new(3, 8, |rank, _| rank as u32)?;
/// // SAFETY: nobody else has the memory.
/// unsafe { memory.own(1, 2)[0] = 7 };
/// // SAFETY: nobody writes.
/// assert_eq!(unsafe { memory.segment(1, 2) }[..2], [7, 2]);
/// # Ok::<(), flipside::exchange::TooLarge>(())
/// ```
///
/// # Safety
///
/// [`own`](Self::own) and [`segment`](Self::segment) give the same elements for the same side and rank, and others for every
/// other. All of them are alive, always.
pub unsafe trait Memory: fmt::Debug + Send + Sync {
    /// What a segment consists of.
    type Element: Send + Sync;

    /// 2 or 3.
    const SIDES: usize;

    /// How many segments a side has.
    fn parties(&self) -> usize;

    /// The elements of every segment, if all are used.
    fn capacity(&self) -> usize;

    /// How many elements of a segment are visible; its owner says so before it publishes.
    ///
    /// # Panics
    ///
    /// If there is no such side or segment.
    fn len(&self, side: usize, rank: usize) -> usize;

    /// Says how many elements of a segment will be visible, no more than there are; nothing where all always are.
    ///
    /// # Panics
    ///
    /// If there is no such side or segment.
    fn set_len(&self, side: usize, rank: usize, len: usize) {
        let _ = (side, rank, len);
    }

    /// The whole segment, for the one who may write it.
    ///
    /// # Panics
    ///
    /// If there is no such side or segment.
    ///
    /// # Safety
    ///
    /// Nobody else touches it while the reference lives.
    #[expect(clippy::mut_from_ref, reason = "who may have it is what a round is about")]
    unsafe fn own(&self, side: usize, rank: usize) -> &mut [Self::Element];

    /// What is visible of a segment.
    ///
    /// # Panics
    ///
    /// If there is no such side or segment.
    ///
    /// # Safety
    ///
    /// Nobody writes it while the reference lives, and all writes before happen before.
    unsafe fn segment(&self, side: usize, rank: usize) -> &[Self::Element];
}

/// Segments that cannot be: they are more bytes than there are addresses, or than the system gives. (Many systems give more than
/// they have, and only see when it is written to.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// How many parties.
    pub parties: usize,
    /// Elements of a segment.
    pub len: usize,
    /// Bytes of an element.
    pub element_bytes: usize,
    /// How many sides.
    pub sides: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parties, len, element_bytes, sides } = self;
        let s = |count: usize| if count == 1 { "" } else { "s" };
        write!(
            f,
            "{sides} sides of {parties} segment{} of {len} element{} of {element_bytes} byte{} are more than there is memory for",
            s(*parties),
            s(*len),
            s(*element_bytes)
        )
    }
}

impl core::error::Error for TooLarge {}

/// Where the segments of a round lie.
#[inline]
pub(super) const fn side_of<M: Memory>(round: u64) -> usize {
    (round % M::SIDES as u64) as usize
}

/// Where an index is not one.
#[cold]
#[track_caller]
pub(super) fn no_such(what: &str, at: usize, count: usize) -> ! {
    panic!("there is no {what} {at}: there are {count}, from 0")
}
