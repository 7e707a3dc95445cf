//! A word for each party, looked at by all others.

use std::boxed::Box;
use std::task::Waker;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::{Barrier, Broken, Kind, Look, Neighbours, Presence};
use crate::substrate::atomic::{AtomicU64, Ordering::*, Site, at};
use crate::substrate::gate::{ASLEEP, Gate};

/// Each party says in a word of its own how far it has come, and looks at the words of the others.
///
/// For: no more parties than processors. An arrival is one exchange on a line that one other party writes, everybody knows who
/// is late, and one can wait for some and not for others. When not: for many parties, since each looks at each: use
/// [`Central`](super::Central).
#[derive(Debug)]
pub struct Flags {
    /// From this round on none is ever complete. Looked at by those who find somebody late.
    dead_from: AtomicU64,
    parties: usize,
    /// By rank, two to a line: who says that it has come takes the line, and sees in it how far the other one has. So two
    /// parties pass one line to and fro, where they would pass two. More read half as many lines, and two write each; nobody
    /// else does.
    pairs: Box<[CachePadded<[Gate; 2]>]>,
    /// By rank; none if there are no narrow rounds.
    neighbours: Box<[Neighbours]>,
    presence: Presence,
}

// The word of a party:
//
//   round << 4 | NARROW_BEFORE | NARROW | LEFT | (the gate's) ASLEEP
//
//   r --arrive--> r+1 --arrive--> ... --leave--> LEFT      for ever
//
// Rounds stand in 28 bits and wrap. A party waits for r; the others are at r-1, r or r+1, or gone; in narrow rounds
// neighbours are. So the difference of two rounds is small, and its sign is that of the difference modulo 2^28.
const LEFT: u32 = 1 << 1;
const NARROW: u32 = 1 << 2;
const NARROW_BEFORE: u32 = 1 << 3;
const SHIFT: u32 = 4;
const ROUND: u32 = u32::MAX << SHIFT;

/// The round's place in a word. The upper bits of the round fall off.
#[inline]
const fn word_of(round: u64) -> u32 {
    (round as u32) << SHIFT
}

/// How many rounds the word is ahead of this one, in units of the word; negative if it is behind.
#[inline]
const fn ahead(word: u32, round: u64) -> i32 {
    (word & ROUND).wrapping_sub(word_of(round)) as i32
}

impl Flags {
    /// For so many parties, all of which have passed round `start`.
    #[must_use]
    pub fn new(parties: usize, start: u64) -> Self {
        Self::with_neighbours(parties, start, Box::default())
    }

    /// With neighbours for each rank.
    pub(in crate::exchange) fn with_neighbours(
        parties: usize,
        start: u64,
        neighbours: Box<[Neighbours]>,
    ) -> Self {
        let word = || Gate::new(word_of(start));
        Self {
            dead_from: AtomicU64::new(u64::MAX),
            parties,
            pairs: (0..parties.div_ceil(2)).map(|_| CachePadded::new([word(), word()])).collect(),
            neighbours,
            presence: Presence::new(parties, parties),
        }
    }

    #[inline]
    fn word(&self, rank: usize) -> &Gate {
        &self.pairs[rank / 2][rank % 2]
    }

    /// The neighbours of a rank, if there are narrow rounds.
    pub(in crate::exchange) fn neighbours(&self, rank: usize) -> Option<&Neighbours> {
        self.neighbours.get(rank)
    }

    /// How far a party has come.
    #[inline]
    fn seen(&self, rank: usize) -> u32 {
        // [E2] Acquire, pairs with [E1], [E5], [E14]. Ours first: it has not arrived, and we look again. Theirs first: its segment,
        // and its reading of ours, happen before what follows. Weaker: we read what it is still writing.
        self.word(rank).load(at(Site::E2, Acquire))
    }

    /// Whether the round that this rank has arrived at so many rounds ago (0 or 1) was a narrow one. For who has the rank.
    pub(in crate::exchange) fn was_narrow(&self, rank: usize, ago: usize) -> bool {
        // Relaxed: only this rank writes these bits.
        self.word(rank).load(Relaxed) & [NARROW, NARROW_BEFORE][ago] != 0
    }

    /// For which kind a word takes a round, if it says that it has been arrived at.
    #[inline]
    fn kind(word: u32, round: u64) -> Option<Kind> {
        let ahead = ahead(word, round);
        let narrow = match ahead.cmp(&0) {
            core::cmp::Ordering::Less => return None,
            core::cmp::Ordering::Equal => word & NARROW != 0,
            core::cmp::Ordering::Greater if ahead == 1 << SHIFT => word & NARROW_BEFORE != 0,
            // It has passed the next round without us: so that is narrow for it, and this one as well.
            core::cmp::Ordering::Greater => true,
        };
        Some(if narrow { Kind::Narrow } else { Kind::Wide })
    }

    /// Whether a word says what this look waits for.
    #[inline]
    fn is_done(word: u32, round: u64, kind: Kind, rank: usize) -> Result<bool, Broken> {
        // First, since its round stays where it is, and some day seems to be ahead. Its kind does not matter: it has passed its
        // last round as a wide one, and seen that it is that for us as well.
        if word & LEFT != 0 {
            return Ok(true);
        }
        match Self::kind(word, round) {
            Some(theirs) if theirs == kind => Ok(true),
            Some(_) => Err(Broken::Mismatch(rank)),
            None => Ok(false),
        }
    }

    /// Looks at all who have not been seen, up to the first who has not arrived; that one, and its word. If nobody has died.
    #[inline]
    fn first_late(&self, look: &mut Look) -> Result<Option<(usize, u32)>, Broken> {
        while let Some(rank) = look.next(self.parties, &self.neighbours) {
            let word = self.seen(rank);
            if !Self::is_done(word, look.round, look.kind, rank)? {
                // [E13] Acquire, pairs with [E4]. Who learns of a death knows whose it was. Weaker: it does not.
                let dead_from = self.dead_from.load(at(Site::E13, Acquire));
                return if dead_from <= look.round { Err(Broken::Died) } else { Ok(Some((rank, word))) };
            }
            look.seen += 1;
        }
        Ok(None)
    }
}

// SAFETY: B1 by E1 and E2: a word says a round only when its party has arrived at it. B2 by the same pair. B3: who dies lowers
// `dead_from` to a round at which it never arrives. B4: who sleeps has marked the word of one who is late, and looked again;
// any change of that word wakes, and so does a death.
unsafe impl Barrier for Flags {
    #[inline]
    unsafe fn arrive(&self, rank: usize, round: u64, kind: Kind) -> bool {
        let gate = self.word(rank);
        let before = if self.was_narrow(rank, 0) { NARROW_BEFORE } else { 0 };
        let narrow = if matches!(kind, Kind::Narrow) { NARROW } else { 0 };
        // [E1] Release, pairs with [E2]. Ours first: what we wrote for this round, and what we read in the one before,
        // happens before what they do when they see it. Theirs first: they wait. Weaker: they read a segment in the
        // making, or write where we still read.
        gate.set(word_of(round) | narrow | before, at(Site::E1, Release));
        false
    }

    unsafe fn open(&self, _round: u64) {}

    #[inline]
    fn poll(&self, look: &mut Look) -> Result<bool, Broken> {
        self.first_late(look).map(|late| late.is_none())
    }

    #[inline]
    fn is_plainly_open(&self, round: u64) -> bool {
        // At this round or the next one, and nothing else is said in the word.
        let is_there = |rank| self.seen(rank) & !ASLEEP;
        (0..self.parties).all(|rank| is_there(rank).wrapping_sub(word_of(round)) & !word_of(1) == 0)
    }

    fn has_arrived(&self, rank: usize, round: u64, kind: Kind) -> bool {
        // The last line may have a word to spare.
        assert!(rank < self.parties, "there is no party {rank}: there are {}, from 0", self.parties);
        // [E3] Acquire, pairs with [E1]: as [E2], for one who does not wait for all.
        Self::kind(self.word(rank).load(at(Site::E3, Acquire)), round) == Some(kind)
    }

    fn sleep(&self, look: &mut Look, deadline: Option<Instant>) {
        if let Ok(Some((rank, word))) = self.first_late(look)
            && self.word(rank).mark(word)
        {
            match self.first_late(look) {
                Ok(Some((still, _))) if still == rank => self.word(rank).sleep(word, deadline),
                Ok(_) => {}
                Err(_) => self.word(rank).unmark(),
            }
        }
    }

    fn leave_waker(&self, rank: usize, look: &mut Look, waker: &Waker) {
        while let Ok(Some((late, word))) = self.first_late(look) {
            let gate = self.word(late);
            gate.leave_waker(rank, waker);
            if gate.mark(word) {
                if self.first_late(look).is_err() {
                    gate.unmark();
                }
                return;
            }
            gate.take_waker(rank);
        }
    }

    fn take_waker(&self, rank: usize, look: &Look) {
        if let Some(late) = look.next(self.parties, &self.neighbours) {
            self.word(late).take_waker(rank);
        }
    }

    unsafe fn die(&self, _rank: usize, round: u64) {
        // [E4] Release, pairs with [E13]: see there.
        self.dead_from.fetch_min(round + 1, at(Site::E4, Release));
        for gate in self.pairs.iter().flat_map(|pair| pair.iter()) {
            // Whoever this one was late for may sleep at another's word.
            // [E14] Release, pairs with [E2]. Ours first: a sleeper's look, after its mark, sees the death. Theirs first: we find
            // the mark, and wake. Weaker: it sleeps on.
            gate.update(|word| word, at(Site::E14, Release));
        }
    }

    unsafe fn leave(&self, rank: usize, round: u64) -> bool {
        self.presence.leave(rank, round);
        // [E5] Release, pairs with [E2]. As [E1]: what we read in our last round happens before they write there.
        self.word(rank).update(|word| word | LEFT, at(Site::E5, Release));
        false
    }

    fn presence(&self) -> &Presence {
        &self.presence
    }
}
