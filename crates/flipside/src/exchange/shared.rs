//! What all parties have in common, and one party's hold on it.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::ManuallyDrop;
use std::boxed::Box;
use std::sync::Arc;
use std::time::Instant;
use std::vec::Vec;

use super::barrier::{Barrier, Broken, Either, Kind, Look};
use super::error::{Cause, Poisoned};
use super::memory::{Memory, Padded, side_of};
use super::profile::Recorder;
use super::view::View;
use super::waiting::Policy;
use crate::substrate::atomic::{AtomicU64, Ordering::*, Site, at, gives_up};

/// What the last who arrives does for all.
pub(super) type Step<M, R> = Box<dyn FnMut(View<'_, M, R>) + Send>;

pub(super) struct Shared<M: Memory, R: Send + Sync> {
    pub(super) memory: M,
    /// What each party contributes to a round, on the same sides.
    pub(super) contributions: Contributions<R>,
    pub(super) barrier: Either,
    pub(super) step: Option<UnsafeCell<Step<M, R>>>,
    pub(super) death: Death,
    pub(super) waiting: Policy,
    pub(super) pins: Vec<usize>,
    pub(super) recorder: Option<Recorder>,
}

/// One element for each party, on two sides or three.
pub(super) type Contributions<R> = Padded<R, 3>;

// SAFETY: the step is called by one thread at a time: whoever is the last to arrive at a round. All else is `Sync` by itself.
unsafe impl<M: Memory, R: Send + Sync> Sync for Shared<M, R> {}

/// The first death, in a word that is written once, and the first one of an earlier round, in another.
///
/// ```text
/// ALIVE --first death--> cause << 48 | rank      for ever
/// ```
///
/// In wide rounds all who are alive wait for the same round, and who has died is either of that round or, having published it, of
/// the next. So one of the two words tells of a death that explains why the round failed, and tells all the same.
#[derive(Debug)]
pub(super) struct Death {
    first: AtomicU64,
    earlier: AtomicU64,
    /// By rank: the first that it did not publish. 0 is none: all have passed that one.
    rounds: Box<[AtomicU64]>,
}

const ALIVE: u64 = u64::MAX;
const RANK: u64 = (1 << 48) - 1;
const CAUSES: [Cause; 4] = [Cause::Panicked, Cause::Dropped, Cause::Mismatch, Cause::Step];

impl Death {
    pub(super) fn new(ranks: usize) -> Self {
        let rounds = (0..ranks).map(|_| AtomicU64::new(0)).collect();
        Self { first: AtomicU64::new(ALIVE), earlier: AtomicU64::new(ALIVE), rounds }
    }

    /// The barrier says that somebody has died, after this.
    fn note(&self, rank: usize, round: u64, cause: Cause) {
        // Once: who dies of a mismatch is dropped afterwards.
        let _ = self.rounds[rank].compare_exchange(0, round, Relaxed, Relaxed);
        let word = (cause as u64) << 48 | rank as u64;
        if !Self::write_once(&self.first, word) && self.read(&self.first).is_some_and(|it| it.round > round) {
            Self::write_once(&self.earlier, word);
        }
    }

    fn write_once(to: &AtomicU64, word: u64) -> bool {
        // [E15] Release, pairs with [E16]. Ours first: our round happens before it is read with our rank. Theirs first: the barrier
        // tells of theirs. Weaker: who learns of a second death from the barrier reads our rank, and no round.
        to.compare_exchange(ALIVE, word, at(Site::E15, Release), Relaxed).is_ok()
    }

    fn read(&self, from: &AtomicU64) -> Option<Poisoned> {
        // [E16] Acquire, pairs with [E15]: see there.
        let word = from.load(at(Site::E16, Acquire));
        let rank = (word & RANK) as usize;
        let cause = *CAUSES.get((word >> 48) as usize)?;
        Some(Poisoned { rank, round: self.rounds[rank].load(Relaxed), cause })
    }

    /// Who died first.
    pub(super) fn first(&self) -> Option<Poisoned> {
        self.read(&self.first)
    }

    /// Whose death it is that this round will never be complete, for one who has learnt of it from the barrier.
    fn told(&self, round: u64) -> Option<Poisoned> {
        let first = self.first()?;
        if first.round <= round {
            return Some(first);
        }
        // Of a round that is further back still only narrow rounds know, whose parties are not told alike.
        Some(self.read(&self.earlier).filter(|earlier| earlier.round <= round).unwrap_or(first))
    }
}

impl<M: Memory, R: Send + Sync> Shared<M, R> {
    /// # Safety
    ///
    /// The caller has passed the round, as far as `kind` reaches, and has not arrived at the one that may overwrite it.
    #[inline]
    pub(super) unsafe fn view(&self, rank: usize, round: u64) -> View<'_, M, R> {
        View::new(&self.memory, &self.contributions, self.barrier.presence(), rank, round)
    }

    /// `round` is the first one that this rank does not publish.
    fn die(&self, rank: usize, round: u64, cause: Cause) {
        self.death.note(rank, round, cause);
        // SAFETY: the caller goes, or is about to panic; a second death of the same rank changes nothing.
        unsafe { self.barrier.die(rank, round - 1) };
    }

    #[cold]
    fn told(&self, rank: usize, round: u64, broken: Broken) -> Poisoned {
        if let Broken::Mismatch(_) = broken {
            self.die(rank, round, Cause::Mismatch);
        }
        self.death.told(round).expect("the barrier learns of a death after this does")
    }

    /// Makes the step, and opens a round, for the last who arrived or left. If the step panics the round stays closed.
    #[inline]
    fn open(&self, rank: usize, round: u64) {
        if let Some(step) = &self.step {
            self.step(step, rank, round);
        }
        // SAFETY: this was the last to arrive.
        unsafe { self.barrier.open(round) };
    }

    #[cold]
    fn step(&self, step: &UnsafeCell<Step<M, R>>, rank: usize, round: u64) {
        /// Dies in the name of who was about to open the round.
        struct Unopened<'s, M: Memory, R: Send + Sync>(&'s Shared<M, R>, usize, u64);
        impl<M: Memory, R: Send + Sync> Drop for Unopened<'_, M, R> {
            fn drop(&mut self) {
                self.0.die(self.1, self.2, Cause::Step);
            }
        }
        let unopened = Unopened(self, rank, round);
        // SAFETY: one thread at a time is the last to arrive at a round, and the next round begins after it has opened this one.
        let step = unsafe { &mut *step.get() };
        // SAFETY: all have arrived, and nobody has been let in.
        step(unsafe { self.view(rank, round) });
        core::mem::forget(unopened);
    }

    /// If all have arrived at a round that this rank has just arrived at.
    #[cold]
    fn note_if_last(&self, rank: usize, mut look: Look) {
        if let Some(recorder) = &self.recorder
            && self.barrier.poll(&mut look) == Ok(true)
        {
            recorder.was_last(rank);
        }
    }

    /// Waits for a round that this rank has arrived at, until `deadline`. Whether it is complete.
    #[inline(never)]
    fn wait(
        &self,
        rank: usize,
        round: u64,
        look: &mut Look,
        deadline: Option<Instant>,
    ) -> Result<bool, Poisoned> {
        let mut patience = self.waiting.begin(round);
        loop {
            match self.barrier.poll(look) {
                Ok(true) => break,
                Ok(false) => {}
                Err(broken) => return Err(self.told(rank, round, broken)),
            }
            if deadline.is_some_and(|deadline| patience.looks_at_the_clock() && Instant::now() >= deadline) {
                return Ok(false);
            }
            if !patience.spin() {
                self.barrier.sleep(look, deadline);
            }
        }
        self.waiting.end(&patience);
        if let Some(recorder) = &self.recorder {
            recorder.passed(rank, round);
        }
        Ok(true)
    }

    /// Who is waited for, and has not arrived.
    pub(super) fn late(&self, look: &Look) -> Vec<usize> {
        let round = look.round;
        // Who takes the round for another kind has arrived all the same.
        let has_arrived = |rank| {
            [Kind::Wide, Kind::Narrow].into_iter().any(|kind| self.barrier.has_arrived(rank, round, kind))
        };
        let is_late =
            |other: &usize| self.barrier.presence().is_present(*other, round) && !has_arrived(*other);
        match look.neighbours_of.and_then(|rank| self.barrier.neighbours(rank)) {
            Some(neighbours) => neighbours.waits_for.iter().copied().filter(is_late).collect(),
            None => (0..self.memory.parties()).filter(is_late).collect(),
        }
    }
}

/// A rank, and the round that it has published last. Dropped, it dies: nobody else can have the rank.
///
/// It is moved four times a round, and stays in registers if nothing ever asks for its address: what is called and not
/// inlined gets its parts, one by one.
pub(super) struct Seat<M: Memory, R: Send + Sync> {
    /// Taken out by who drops the seat, or leaves.
    pub(super) shared: ManuallyDrop<Arc<Shared<M, R>>>,
    pub(super) rank: usize,
    pub(super) round: u64,
    /// How much of the next segment will be seen.
    pub(super) len: usize,
}

impl<M: Memory, R: Send + Sync> Seat<M, R> {
    pub(super) fn new(shared: Arc<Shared<M, R>>, rank: usize, round: u64) -> Self {
        let len = shared.memory.capacity();
        Self { shared: ManuallyDrop::new(shared), rank, round, len }
    }

    #[inline]
    pub(super) const fn side(round: u64) -> usize {
        side_of::<M>(round)
    }

    /// The segment for the next round.
    #[inline]
    pub(super) fn own(&mut self) -> &mut [M::Element] {
        // SAFETY: see PROOF.md: after a round has been passed the side of the next is its owner's alone, until it publishes.
        // `&mut self` is the only way to it.
        unsafe { self.shared.memory.own(Self::side(self.round + 1), self.rank) }
    }

    /// What this party contributes to the next round.
    #[inline]
    pub(super) fn contribute(&mut self, contribution: R) {
        // SAFETY: as in `own`.
        unsafe { self.shared.contributions.own(Self::side(self.round + 1), self.rank)[0] = contribution };
    }

    /// Arrives at the next round.
    #[inline(always)]
    pub(super) fn arrive(&mut self, kind: Kind) {
        if let Some(recorder) = &self.shared.recorder {
            recorder.arrived(self.rank);
        }
        let next = self.round + 1;
        self.shared.memory.set_len(Self::side(next), self.rank, self.len);
        self.len = self.shared.memory.capacity();
        // SAFETY: rounds come one by one, each after the one before has been passed: that is what the types are for.
        let is_last = unsafe { self.shared.barrier.arrive(self.rank, next, kind) };
        if is_last {
            self.shared.open(self.rank, next);
        }
        self.round = next;
    }

    /// The view of the round before the one that was passed or arrived at, where there are three sides.
    #[track_caller]
    pub(super) fn before(&self) -> View<'_, M, R> {
        const { assert!(M::SIDES == 3) };
        let before = self.round.saturating_sub(1);
        let was_narrow = self.shared.barrier.was_narrow(self.rank, 1);
        assert!(!was_narrow, "round {before} was narrow: nobody has a view of all of it");
        // SAFETY: it has been passed, as a wide one, and with three sides a view may be read until the round after the next one is
        // arrived at: see PROOF.md.
        unsafe { self.shared.view(self.rank, before) }
    }

    /// Goes, after a round that it has passed.
    pub(super) fn leave(self) {
        let mut seat = ManuallyDrop::new(self);
        // SAFETY: the seat does not die as well, and nobody uses it again. What it shares is dropped at the end, or when the step
        // panics.
        let shared = unsafe { ManuallyDrop::take(&mut seat.shared) };
        // SAFETY: it is the last call of this rank.
        let is_last = unsafe { shared.barrier.leave(seat.rank, seat.round) };
        if is_last {
            shared.open(seat.rank, seat.round + 1);
        }
    }

    /// Follows the arrival, with nothing in between: who finds all complete was the last. Later looks cannot tell, since one
    /// may do something else before one waits.
    #[inline(always)]
    pub(super) fn note_if_last(&self, look: Look) {
        if self.shared.recorder.is_some() {
            self.shared.note_if_last(self.rank, look);
        }
    }

    /// Waits for the round that was arrived at, until `deadline`. Whether it is complete; once it is, its party has passed it,
    /// and does not ask again.
    #[inline]
    pub(super) fn wait(&self, look: &mut Look, deadline: Option<Instant>) -> Result<bool, Poisoned> {
        self.shared.wait(self.rank, self.round, look, deadline)
    }

    /// Waits for the wide round that was arrived at, as long as it takes.
    #[inline(always)]
    pub(super) fn wait_for_ever(&self, mut look: Look) -> Result<(), Poisoned> {
        if self.shared.recorder.is_some() || !self.shared.barrier.is_plainly_open(self.round) {
            let is_complete = self.shared.wait(self.rank, self.round, &mut look, None)?;
            debug_assert!(is_complete, "there is no deadline");
        }
        Ok(())
    }
}

impl<M: Memory, R: Send + Sync> Drop for Seat<M, R> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the seat is not used again.
        let shared = unsafe { ManuallyDrop::take(&mut self.shared) };
        died(shared, self.rank, self.round + 1);
    }
}

#[cold]
#[inline(never)]
fn died<M: Memory, R: Send + Sync>(shared: Arc<Shared<M, R>>, rank: usize, round: u64) {
    if gives_up() {
        return core::mem::forget(shared);
    }
    let cause = if std::thread::panicking() { Cause::Panicked } else { Cause::Dropped };
    shared.die(rank, round, cause);
}

impl<M: Memory, R: Send + Sync> fmt::Debug for Seat<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("rank", &self.rank).field("round", &self.round).finish_non_exhaustive()
    }
}
