//! One writer's lane: a word to enter by, two counts to leave by, two values. See `PROOF.md` beside this file.

use crossbeam_utils::CachePadded;

use crate::substrate::atomic::{
    AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
    Site, UnsafeCell, at,
};
use crate::substrate::side::{Pair, Side};

/// Where the count begins in the head of production: above the side bit. Tests move it up until few bits are left.
pub(super) const WIDE: u32 = 1;

/// What one writer enters and leaves, and the reader flips.
///
/// ```text
/// head = { entered : the bits from SHIFT up | side : bit 0 }
///
///   enter   head += 1 << SHIFT       the side bit that was there is the side
///   leave   done[side] += 1 << SHIFT
///   flip    head = { 0 | other side }, by swap: what was there is what the epoch's entries add up to
/// ```
///
/// Counts wrap, off the top of the word and away from the side. The entered and the done of an epoch are at most one
/// apart when the reader compares them, so that no number of entries makes them look equal when they are not.
pub(super) struct Lane<T, const SHIFT: u32> {
    words: CachePadded<Words>,
    values: Pair<UnsafeCell<T>>,
}

/// The line that the writer works on. The reader comes here once an interval.
#[derive(Debug)]
struct Words {
    head: AtomicUsize,
    /// Entries that are over, by side, since the lane was made. Written by the lane's owner alone.
    done: [AtomicUsize; 2],
}

// SAFETY: of what a lane holds only the values are not `Sync` by themselves. A shared lane gives access to one only
// by `with`, whose callers exclude each other: a value is used by one thread after another, for which `Send` is enough.
unsafe impl<T: Send, const SHIFT: u32> Sync for Lane<T, SHIFT> {}

impl<T, const SHIFT: u32> Lane<T, SHIFT> {
    const ENTRY: usize = 1 << SHIFT;

    pub(super) fn new(a: T, b: T) -> Self {
        Self {
            words: CachePadded::new(Words {
                head: AtomicUsize::new(0),
                done: [AtomicUsize::new(0), AtomicUsize::new(0)],
            }),
            values: Pair::new(UnsafeCell::new(a), UnsafeCell::new(b)),
        }
    }

    /// The lane's owner enters the front side. Wait-free: one read-modify-write, of a line that is his.
    #[inline]
    pub(super) fn enter(&self) -> Side {
        // [R1] AcqRel, pairs with [R4], both ways, through the entries in between, which continue a release sequence.
        // Ours after theirs: what the reader did with this side's value before he made it the front is over. Ours
        // before theirs: he sees that our earlier entries are over. Weaker: we change a value that he still visits.
        Side::from_bit(self.words.head.fetch_add(Self::ENTRY, at(Site::R1, AcqRel)) & 1)
    }

    /// The owner, who entered `side`, leaves it.
    #[inline]
    pub(super) fn leave(&self, side: Side) {
        let done = &self.words.done[side.bit()];
        // [R2] Release, pairs with [R3]. Ours first: the reader sees all that was recorded. Theirs first: he finds the
        // lane occupied. Weaker: he visits a value that is still being changed.
        done.store(done.load(Relaxed).wrapping_add(Self::ENTRY), at(Site::R2, Release));
    }

    /// Lends one of the two values to `f`.
    ///
    /// # Safety
    ///
    /// Until `f` has returned nobody else touches that value, and every earlier access to it happens before this
    /// call: the caller is the owner inside of `side`, or the reader on a vacant `side`.
    #[inline]
    pub(super) unsafe fn with<R>(&self, side: Side, f: impl FnOnce(&mut T) -> R) -> R {
        self.values[side].with_mut(|value| {
            // SAFETY: exclusive by the caller's promise, and initialised at birth.
            f(unsafe { &mut *value })
        })
    }

    /// Whether anybody entered since the reader made `front` the front.
    fn is_entered(&self, front: Side) -> bool {
        self.words.head.load(Relaxed) != front.bit()
    }

    /// Makes the vacant side, the one across from `front`, the front; what the entries of `front` add up to.
    fn flip(&self, front: Side) -> usize {
        // [R4] AcqRel, pairs with [R1]. Release: we have done with the side that we give away. Acquire: of the entries
        // that we count, all but the last are seen to be over, so that counts which wrap cannot deceive.
        let word = self.words.head.swap(front.flip().bit(), at(Site::R4, AcqRel));
        debug_assert_eq!(word & 1, front.bit(), "only the reader changes the side");
        word - front.bit()
    }

    /// Entries of `side` that are over, since birth.
    fn done(&self, side: Side) -> usize {
        // [R3] Acquire, pairs with [R2].
        self.words.done[side.bit()].load(at(Site::R3, Acquire))
    }
}

/// What the reader knows of one lane.
#[derive(Debug)]
pub(super) struct Watch {
    front: Side,
    /// What was done on each side when it was last found vacant.
    base: [usize; 2],
    phase: Phase,
}

/// ```text
/// FRONT --flip--> VACATING --the straggler has left, and the visitor has returned--> FRONT
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The back is vacant, and visited.
    Front,
    /// The back is not to be given away yet.
    Vacating {
        /// What the entries of its epoch add up to.
        entered: usize,
    },
}

/// What a look at a back side found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It has been visited before.
    Nothing,
    /// The writer is still inside.
    Occupied,
    /// Its value was visited, with so many records.
    Visited(usize),
}

impl Watch {
    pub(super) const fn new() -> Self {
        Self { front: Side::A, base: [0; 2], phase: Phase::Front }
    }

    /// Flips the lane if something is recorded in its front, and its back may be given away.
    pub(super) fn flip<T, const SHIFT: u32>(&mut self, lane: &Lane<T, SHIFT>) {
        if self.phase == Phase::Front && lane.is_entered(self.front) {
            let entered = lane.flip(self.front);
            self.phase = Phase::Vacating { entered };
            self.front = self.front.flip();
        }
    }

    /// Visits the back if it was flipped and is vacant by now. If the visitor panics it will be visited again.
    pub(super) fn visit<T, const SHIFT: u32>(
        &mut self,
        lane: &Lane<T, SHIFT>,
        visit: impl FnOnce(&mut T),
    ) -> Look {
        let Phase::Vacating { entered } = self.phase else { return Look::Nothing };
        let back = self.front.flip();
        let done = lane.done(back);
        if done.wrapping_sub(self.base[back.bit()]) != entered {
            return Look::Occupied;
        }
        // SAFETY: as many have left the side as had entered when it was flipped, so it is vacant; [R3] puts what they
        // did before this. Nobody enters before this reader flips again, for which it needs `self`.
        unsafe { lane.with(back, visit) };
        self.base[back.bit()] = done;
        self.phase = Phase::Front;
        Look::Visited(entered >> SHIFT)
    }

    /// Whether the back is still to be visited.
    pub(super) fn is_vacating(&self) -> bool {
        self.phase != Phase::Front
    }
}
