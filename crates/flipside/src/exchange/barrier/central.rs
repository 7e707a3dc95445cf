//! A count of those who are missing, and one word at which all wait.

#[cfg(all(test, not(flipside_loom)))]
mod central_tests;

use std::boxed::Box;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;
use std::vec::Vec;

use crossbeam_utils::CachePadded;

use super::{Barrier, Broken, Kind, Look, Presence};
use crate::substrate::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering::*, Site, at,
};
use crate::substrate::gate::{ASLEEP, Gate};

/// Each party counts down; the last one opens the round for all.
///
/// For: more parties than processors, where a waiting party should sleep, once, and be woken once; parties that come later; a
/// step that the last one does for all. When not: for few parties that all run: use [`Flags`](super::Flags), which has no line
/// that all write.
///
/// After the central barrier of J. Mellor-Crummey and M. Scott, *Algorithms for Scalable Synchronization on Shared-Memory
/// Multiprocessors* (1991), with a generation where that has a sense.
#[derive(Debug)]
pub struct Central {
    /// How many have still to arrive.
    missing: CachePadded<AtomicUsize>,
    /// How many take part in the newest round; changed under the lock of the roster.
    present: AtomicUsize,
    /// The newest round that is open.
    opened: CachePadded<Gate>,
    /// From this round on none is ever opened.
    dead_from: AtomicU64,
    /// Whether somebody comes or goes: see [`Roster`].
    changes: AtomicBool,
    roster: Mutex<Roster>,
    /// Whether ranks are given to who comes.
    has_room: bool,
    /// How far each has come, for those who ask.
    words: Box<[CachePadded<AtomicU32>]>,
    presence: Presence,
}

// The gate's word:
//
//   round << 2 | DIED | (the gate's) ASLEEP
//
//   r --the last one opens--> r+1
//   DIED --once set--> for ever, but the round may still be opened at which all arrived in time
//
// A party waits for r and finds r-1 or r, so that the upper bits of the round are not needed.
const DIED: u32 = 1 << 1;
const SHIFT: u32 = 2;

/// The round's place in a word. The upper bits of the round fall off.
#[inline]
const fn word_of(round: u64) -> u32 {
    (round as u32) << SHIFT
}

/// Who comes and goes. Changed under the lock, and taken notice of by who opens a round.
#[derive(Debug)]
struct Roster {
    /// The newest round, as of the last change.
    round: u64,
    /// Those who take part in it for the last time.
    leaving: Vec<usize>,
    /// Those who wait to be admitted.
    waiting: Vec<usize>,
    /// Ranks that nobody has.
    free: Vec<usize>,
}

/// Of one who has asked to join.
#[derive(Debug)]
pub(in crate::exchange) struct Wish {
    /// What it will be, or is.
    pub(in crate::exchange) rank: usize,
    /// Since when the rank's last party took part: what views of that time still show, until somebody else is admitted.
    last_since: u64,
}

impl Central {
    /// For so many parties, all of which have passed round `start`.
    #[must_use]
    pub fn new(parties: usize, start: u64) -> Self {
        Self::with_room(parties, 0, start)
    }

    /// As [`new`](Self::new), with room for more to join.
    pub(in crate::exchange) fn with_room(parties: usize, room: usize, start: u64) -> Self {
        let ranks = parties + room;
        let roster = Roster {
            round: start,
            leaving: Vec::new(),
            waiting: Vec::new(),
            free: (parties..ranks).rev().collect(),
        };
        Self {
            missing: CachePadded::new(AtomicUsize::new(parties)),
            present: AtomicUsize::new(parties),
            opened: CachePadded::new(Gate::new(word_of(start))),
            dead_from: AtomicU64::new(u64::MAX),
            changes: AtomicBool::new(false),
            roster: Mutex::new(roster),
            has_room: room > 0,
            words: (0..ranks).map(|_| CachePadded::new(AtomicU32::new(word_of(start)))).collect(),
            presence: Presence::new(parties, ranks),
        }
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One arrives at the round that is missing it, or is not missed any more. Whether it was the last.
    #[inline]
    fn count_down(&self) -> bool {
        // [E6] AcqRel, pairs with itself. Ours last: what all did before they arrived happens before we open the round. Weaker:
        // we open what somebody still writes, as far as the others can tell.
        self.missing.fetch_sub(1, at(Site::E6, AcqRel)) == 1
    }

    /// Takes notice of who comes and goes, at the opening of a round: how many take part in it. If nobody does, who asks to
    /// join opens the next round as soon as it has the lock, and it is his.
    fn change(&self, roster: &mut Roster, round: u64) -> usize {
        self.changes.store(false, Relaxed);
        let present = self.present.load(Relaxed) - roster.leaving.len() + roster.waiting.len();
        self.present.store(present, Relaxed);
        let Roster { leaving, waiting, free, round: newest } = roster;
        *newest = round;
        if self.has_room {
            free.append(leaving);
        }
        leaving.clear();
        for rank in waiting.drain(..) {
            self.words[rank].store(word_of(round), Relaxed);
            self.presence.join(rank, round);
        }
        present
    }

    /// Lets so many into a round, if anybody is left.
    fn let_in(&self, round: u64, present: usize) {
        if present == 0 {
            return;
        }
        self.missing.store(present, Relaxed);
        // [E7] Release, pairs with [E8], [E9]. Ours first: what all did before they arrived, and what we did since, happens
        // before what they do in the round. Weaker: they read segments in the making.
        self.opened.update(|word| word & DIED | word_of(round), at(Site::E7, Release));
    }

    /// Asks for a rank: then the next round that is opened admits it. `None` if all are taken.
    pub(in crate::exchange) fn ask_to_join(&self) -> Option<Wish> {
        let mut roster = self.roster();
        let rank = roster.free.pop()?;
        let wish = Wish { rank, last_since: self.presence.since(rank) };
        roster.waiting.push(rank);
        self.changes.store(true, Relaxed);
        // The last who left has taken notice of it under this lock, and opened no round: who comes first does.
        if self.present.load(Relaxed) == 0 {
            let next = roster.round + 1;
            let present = self.change(&mut roster, next);
            drop(roster);
            self.let_in(next, present);
        }
        Some(wish)
    }

    /// Whether who asked has been admitted: at which round.
    pub(in crate::exchange) fn admitted(&self, wish: &Wish) -> Result<Option<u64>, Broken> {
        // [E9] Acquire, pairs with [E7], [E10]: as [E8], for one who comes. The round must be the one that admitted us: another
        // word is older than our name on the list of those present, whatever that list shows by now.
        let word = self.opened.load(at(Site::E9, Acquire));
        match self.presence.since(wish.rank) {
            since if since != wish.last_since && word & !(DIED | ASLEEP) == word_of(since - 1) => {
                Ok(Some(since - 1))
            }
            _ if word & DIED != 0 => Err(Broken::Died),
            _ => Ok(None),
        }
    }

    /// Sleeps until a round is opened, or `deadline`, unless who asked has been admitted.
    pub(in crate::exchange) fn sleep_till_admitted(&self, wish: &Wish, deadline: Option<Instant>) {
        let word = self.opened.load(Relaxed);
        if self.opened.mark(word) {
            match self.admitted(wish) {
                Ok(None) => self.opened.sleep(word, deadline),
                Ok(Some(_)) => {}
                Err(_) => self.opened.unmark(),
            }
        }
    }

    /// Takes the wish back, if it has not been granted; `true` if it is off the list.
    pub(in crate::exchange) fn withdraw(&self, wish: &Wish) -> bool {
        let mut roster = self.roster();
        let Some(at) = roster.waiting.iter().position(|waiting| *waiting == wish.rank) else { return false };
        roster.waiting.swap_remove(at);
        roster.free.push(wish.rank);
        true
    }

    /// As [`Barrier::poll`], with the word that it is the answer to.
    #[inline]
    fn look(&self, round: u64) -> (u32, Result<bool, Broken>) {
        // [E8] Acquire, pairs with [E7], [E10]. Ours first: the round is closed, and we look again. Theirs first: all that
        // was done before all arrived happens before what follows. Weaker: we read segments in the making.
        let word = self.opened.load(at(Site::E8, Acquire));
        if word & !(DIED | ASLEEP) == word_of(round) {
            return (word, Ok(true));
        }
        // Who died had not arrived at that round, and so nobody will open it.
        let is_dead = word & DIED != 0 && self.dead_from.load(Relaxed) <= round;
        (word, if is_dead { Err(Broken::Died) } else { Ok(false) })
    }
}

// SAFETY: B1: a round is opened by who counted `missing` down to 0. B2: by E6 to that one, and by E7 and E8 from it. B3: a
// round that was opened is answered first; `dead_from` is written before the mark DIED. B4: who sleeps has marked the only
// word on which the answer depends, and has looked again.
unsafe impl Barrier for Central {
    #[inline]
    unsafe fn arrive(&self, rank: usize, round: u64, _kind: Kind) -> bool {
        // [E11] Release, pairs with [E12]. Ours first: our segment happens before what who asks early does with it. Weaker: it
        // reads what we are still writing.
        self.words[rank].store(word_of(round), at(Site::E11, Release));
        self.count_down()
    }

    #[inline]
    unsafe fn open(&self, round: u64) {
        // Relaxed: who leaves has said so before it counted down. Who comes may come too late, for this round.
        let present = if self.changes.load(Relaxed) {
            self.change(&mut self.roster(), round)
        } else {
            self.present.load(Relaxed)
        };
        self.let_in(round, present);
    }

    #[inline]
    fn poll(&self, look: &mut Look) -> Result<bool, Broken> {
        self.look(look.round).1
    }

    fn has_arrived(&self, rank: usize, round: u64, _kind: Kind) -> bool {
        // [E12] Acquire, pairs with [E11]: see there.
        let word = self.words[rank].load(at(Site::E12, Acquire));
        word.wrapping_sub(word_of(round)) as i32 >= 0
    }

    fn sleep(&self, look: &mut Look, deadline: Option<Instant>) {
        if let (word, Ok(false)) = self.look(look.round)
            && self.opened.mark(word)
        {
            match self.look(look.round).1 {
                Ok(false) => self.opened.sleep(word, deadline),
                Ok(true) => {}
                Err(_) => self.opened.unmark(),
            }
        }
    }

    fn leave_waker(&self, rank: usize, look: &mut Look, waker: &Waker) {
        self.opened.leave_waker(rank, waker);
        while let (word, Ok(false)) = self.look(look.round) {
            if self.opened.mark(word) {
                if self.look(look.round).1.is_err() {
                    self.opened.unmark();
                }
                return;
            }
        }
        // Opened before the mark: nobody wakes for it.
        self.opened.take_waker(rank);
    }

    fn take_waker(&self, rank: usize, _look: &Look) {
        self.opened.take_waker(rank);
    }

    unsafe fn die(&self, _rank: usize, round: u64) {
        self.dead_from.fetch_min(round + 1, Relaxed);
        // [E10] Release, pairs with [E8], [E9]. Ours first: who sees the mark sees since when. Weaker: it sleeps on, or
        // does not know whose fault it is.
        self.opened.update(|word| word | DIED, at(Site::E10, Release));
    }

    unsafe fn leave(&self, rank: usize, round: u64) -> bool {
        self.presence.leave(rank, round);
        let mut roster = self.roster();
        roster.leaving.push(rank);
        self.changes.store(true, Relaxed);
        drop(roster);
        self.count_down()
    }

    fn presence(&self) -> &Presence {
        &self.presence
    }
}
