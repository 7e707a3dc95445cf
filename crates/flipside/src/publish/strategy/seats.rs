//! Where readers sit: slots that the writer can walk through, taken and given back without a lock.

use core::fmt;
use core::ptr::NonNull;
#[cfg(feature = "alloc")]
use core::ptr::null_mut;

use crossbeam_utils::CachePadded;

use super::super::error::Full;
#[cfg(feature = "alloc")]
use crate::substrate::atomic::AtomicPtr;
use crate::substrate::atomic::{
    AtomicBool, AtomicU8, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
    Site, at, const_fn,
};
use crate::substrate::fence::Link;
use crate::substrate::wait::Bell;

/// What a word says of a reader who is outside.
pub(super) const OUTSIDE: u64 = u64::MAX;
/// As OUTSIDE, of a reader who has to enter by a full fence: one comparison tells him that, and that he is outside.
pub(super) const OUTSIDE_FENCED: u64 = u64::MAX - 1;

/// The writer waits for this reader.
pub(super) const RING: u8 = 1;
/// This reader's fences are full ones.
pub(super) const FENCED: u8 = 2;

/// One reader's place: 128 bytes that no other reader touches.
///
/// ```text
/// free --take--> taken --release--> free        the word is OUTSIDE while the slot is free
/// ```
pub struct Slot(CachePadded<Place>);

pub(super) struct Place {
    /// OUTSIDE, or the version that the reader is inside of; what else it may say is for the strategy.
    pub(super) word: AtomicU64,
    /// The thread that entered last.
    pub(super) thread: AtomicUsize,
    /// Why this reader has more to do when he leaves: RING, FENCED, or nothing.
    pub(super) awaited: AtomicU8,
    pub(super) link: Link,
    taken: AtomicBool,
    /// The slot behind it in a list. Written before the slot is linked, never after.
    #[cfg(feature = "alloc")]
    next: *const Slot,
    number: u32,
}

impl Place {
    /// The reader is outside.
    #[inline(always)]
    pub(super) fn rest(&self, word: u64) {
        // [P5] Release, pairs with [P12]. Ours first: the writer that sees this has seen all that was read in this
        // seat. Weaker: the side is written while it is still read.
        self.word.store(word, at(Site::P5, Release));
    }
}

// SAFETY: `next` is not written once the slot is shared, and leads to slots that live as long; all else is atomic.
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

impl Slot {
    const_fn! {
        /// A free place.
        #[must_use]
        pub fn new() -> Self {
            Self::with(0, false)
        }
    }

    const_fn! {
        fn with(number: u32, taken: bool) -> Self {
            Self(CachePadded::new(Place {
                word: AtomicU64::new(OUTSIDE),
                thread: AtomicUsize::new(0),
                awaited: AtomicU8::new(0),
                link: Link::new(),
                taken: AtomicBool::new(taken),
                #[cfg(feature = "alloc")]
                next: core::ptr::null(),
                number,
            }))
        }
    }

    #[inline(always)]
    pub(super) fn place(&self) -> &Place {
        &self.0
    }

    /// The number that errors call its reader by.
    pub(super) fn number(&self, at: usize) -> u32 {
        // A list numbers its slots; an array, made slot by slot, is numbered by place.
        if self.0.number == 0 { u32::try_from(at).unwrap_or(u32::MAX) } else { self.0.number }
    }

    fn try_take(&self) -> bool {
        let taken = &self.0.taken;
        // [P14] Acquire, pairs with [P13]. Theirs first: the last owner's words stand before ours, and what it read
        // happens before what we publish. Weaker: its OUTSIDE could come to stand after our entry, and hide it.
        !taken.load(Relaxed) && taken.compare_exchange(false, true, at(Site::P14, Acquire), Relaxed).is_ok()
    }

    fn give_back(&self) {
        // [P13] Release, pairs with [P14]: see there.
        self.0.taken.store(false, at(Site::P13, Release));
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// The seats of a strategy that is not told which: as many as there are readers; without an allocator, eight.
#[cfg(feature = "alloc")]
pub type DefaultSeats = Grown;
/// The seats of a strategy that is not told which: as many as there are readers; without an allocator, eight.
#[cfg(not(feature = "alloc"))]
pub type DefaultSeats = [Slot; 8];

const_fn! {
    pub(super) fn default_seats() -> DefaultSeats {
        #[cfg(feature = "alloc")]
        return Grown::new();
        #[cfg(not(feature = "alloc"))]
        return [const { Slot::new() }; 8];
    }
}

mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for [super::Slot; N] {}
    impl Sealed for &mut [super::Slot] {}
    #[cfg(feature = "alloc")]
    impl Sealed for super::Grown {}
}

/// Where the slots are: a fixed number of them in an array, or a slice of the caller's (`&mut`, for no other strategy may
/// use them at the same time), or a list that grows.
///
/// Slots that readers were forgotten in stay taken, and a reader that was forgotten inside is in the way of whatever
/// strategy has its slot: make them afresh then.
pub trait Seats: sealed::Sealed {
    /// Takes a free slot. Looks at each once: lock-free, linear in the slots.
    #[doc(hidden)]
    fn take(&self) -> Result<(&Slot, u32), Full>;

    /// Every slot that may be taken.
    #[doc(hidden)]
    fn each(&self) -> impl Iterator<Item = &Slot>;
}

fn take_one(slots: &[Slot]) -> Result<(&Slot, u32), Full> {
    let mut free = slots.iter().enumerate().filter(|(_, slot)| slot.try_take());
    let (index, slot) = free.next().ok_or(Full { places: slots.len() })?;
    Ok((slot, slot.number(index)))
}

impl<const N: usize> Seats for [Slot; N] {
    fn take(&self) -> Result<(&Slot, u32), Full> {
        take_one(self)
    }

    fn each(&self) -> impl Iterator<Item = &Slot> {
        self.iter()
    }
}

impl Seats for &mut [Slot] {
    fn take(&self) -> Result<(&Slot, u32), Full> {
        take_one(self)
    }

    fn each(&self) -> impl Iterator<Item = &Slot> {
        self.iter()
    }
}

/// As many slots as there were readers at the same time; each is allocated once and freed with the buffer.
///
/// ```text
/// head --> newest slot --> ... --> first slot --> null      slots are linked at the head, and never unlinked
/// ```
#[cfg(feature = "alloc")]
pub struct Grown {
    head: AtomicPtr<Slot>,
}

#[cfg(feature = "alloc")]
impl Grown {
    const_fn! {
        pub(super) fn new() -> Self {
            Self { head: AtomicPtr::new(null_mut()) }
        }
    }

    fn first(&self) -> *const Slot {
        // [P16] Acquire, pairs with [P15]. Theirs first: the slot is whole, and so are those behind it, for links are
        // read-modify-writes of one word. Weaker: a slot is read before it was written.
        self.head.load(at(Site::P16, Acquire))
    }

    fn walk(&self) -> impl Iterator<Item = &Slot> {
        let mut next = self.first();
        core::iter::from_fn(move || {
            // SAFETY: null, or linked: then it is whole (P16), and freed only when nobody can borrow `self`.
            let slot = unsafe { next.as_ref() }?;
            next = slot.0.next;
            Some(slot)
        })
    }
}

#[cfg(feature = "alloc")]
impl Seats for Grown {
    fn take(&self) -> Result<(&Slot, u32), Full> {
        if let Some(slot) = self.walk().find(|slot| slot.try_take()) {
            return Ok((slot, slot.number(0)));
        }
        let mut slot = alloc::boxed::Box::new(Slot::with(1, true));
        let mut head = self.first();
        loop {
            // SAFETY: linked, so it is whole and stays.
            let behind = unsafe { head.as_ref() }.map_or(0, |slot| slot.0.number);
            slot.0.number = behind.saturating_add(1);
            slot.0.next = head;
            let new = alloc::boxed::Box::into_raw(slot);
            // [P15] Release, pairs with [P16]: see there.
            match self.head.compare_exchange(head.cast_mut(), new, at(Site::P15, Release), Relaxed) {
                Ok(_) => {
                    // SAFETY: linked for as long as `self` lives.
                    let slot = unsafe { &*new };
                    return Ok((slot, slot.number(0)));
                }
                // SAFETY: it was not linked, so it is still ours.
                Err(_) => slot = unsafe { alloc::boxed::Box::from_raw(new) },
            }
            head = self.first();
        }
    }

    fn each(&self) -> impl Iterator<Item = &Slot> {
        self.walk()
    }
}

#[cfg(feature = "alloc")]
impl Drop for Grown {
    fn drop(&mut self) {
        let mut next = self.first();
        while !next.is_null() {
            // SAFETY: made by `Box::into_raw`, linked once, and nobody borrows `self` any more.
            let slot = unsafe { alloc::boxed::Box::from_raw(next.cast_mut()) };
            next = slot.0.next;
        }
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for Grown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grown").field("slots", &self.walk().count()).finish()
    }
}

/// A taken slot, with the fences that its owner uses.
#[derive(Debug)]
pub struct Seat {
    slot: NonNull<Slot>,
    /// Rung for the writer when it waits for this reader. It is the strategy's, which the seat finds by itself: so that
    /// leaving, in a loop, keeps no pointer at hand that is needed once in a blue moon (6 % of a read).
    vacated: NonNull<Bell>,
    number: u32,
    kind: super::Kind,
}

// SAFETY: a seat borrows a slot and a bell, which are `Sync`.
unsafe impl Send for Seat {}

impl Seat {
    /// Takes a slot, for a reader who is outside, with full fences or without.
    pub(super) fn take(
        seats: &impl Seats,
        vacated: &Bell,
        kind: super::Kind,
        is_fenced: bool,
    ) -> Result<Self, Full> {
        let (slot, number) = seats.take()?;
        let (word, awaited) = if is_fenced { (OUTSIDE_FENCED, FENCED) } else { (OUTSIDE, 0) };
        slot.0.awaited.store(awaited, Relaxed);
        // Not stored if it stands there: Counters' words are changed by read-modify-writes alone.
        if slot.0.word.load(Relaxed) != word {
            slot.0.rest(word);
        }
        Ok(Self { slot: NonNull::from(slot), vacated: NonNull::from(vacated), number, kind })
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn kind(&self) -> super::Kind {
        self.kind
    }

    /// The slot.
    ///
    /// # Safety
    ///
    /// The strategy that made this seat is alive.
    #[inline(always)]
    pub(super) unsafe fn place(&self) -> &Place {
        // SAFETY: slots live as long as their strategy, says the caller.
        unsafe { self.slot.as_ref() }.place()
    }

    /// Wakes the writer.
    ///
    /// # Safety
    ///
    /// As for [`place`](Self::place).
    pub(super) unsafe fn ring(&self) {
        // SAFETY: the bell is the strategy's, which is alive and stays where it is while it has seats.
        unsafe { self.vacated.as_ref() }.ring();
    }

    /// Gives the slot back.
    ///
    /// # Safety
    ///
    /// The strategy that made this seat is alive, the reader is outside, and the seat is not used again.
    pub(super) unsafe fn give_back(&mut self) {
        // SAFETY: as in `place`.
        let slot = unsafe { self.slot.as_ref() };
        // As it was found: the slots may be another strategy's next.
        if slot.0.word.load(Relaxed) != OUTSIDE {
            slot.0.rest(OUTSIDE);
        }
        slot.give_back();
    }
}
