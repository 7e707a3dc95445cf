//! What the models have in common: what they are asked, and how they count.

use crate::support::Seen;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Timeout,
    TooLarge,
    FromSink,
    Closed,
}

impl Refusal {
    /// Why a record is refused that finds no room, or is too large for any.
    pub(crate) fn of(too_large: bool, closing: bool, waits: bool, draining: bool) -> Self {
        if closing {
            Self::Closed
        } else if too_large {
            Self::TooLarge
        } else if !waits {
            Self::Full
        } else if draining {
            Self::FromSink
        } else {
            Self::Timeout
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expected {
    pub(crate) offered: u64,
    pub(crate) drained: u64,
    pub(crate) drained_bytes: u64,
    pub(crate) aborted: u64,
    pub(crate) pending: u64,
    pub(crate) overwritten: u64,
    /// By [`Refusal`].
    pub(crate) dropped: [u64; 5],
}

pub(crate) fn span(len: usize) -> usize {
    8 + len.div_ceil(8) * 8
}

/// Counts what was released.
pub(crate) fn drained(records: &[Seen], counts: &mut [Expected]) {
    for seen in records {
        if let Seen::Data { source, body, .. } = seen {
            let counts = &mut counts[usize::from(*source)];
            counts.drained += 1;
            counts.drained_bytes += body.len() as u64;
            counts.pending -= 1;
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Loss(u64, u64);

/// Losses by slot, on their way into the output.
pub(crate) struct Losses {
    lost: Vec<Loss>,
    noted: Vec<Loss>,
    due: Vec<Loss>,
    told: Vec<Loss>,
}

impl Losses {
    pub(crate) fn new(slots: usize) -> Self {
        let none = || vec![Loss::default(); slots];
        Self { lost: none(), noted: none(), due: none(), told: none() }
    }

    pub(crate) fn lose(&mut self, slot: usize, len: usize, refusal: Refusal) {
        if refusal != Refusal::Closed {
            self.lost[slot].0 += 1;
            self.lost[slot].1 += len as u64;
        }
    }

    /// An accepted record is given up: it stood before all that the next flip finds.
    pub(crate) fn give_up(&mut self, slot: usize, len: usize) {
        for losses in [&mut self.lost, &mut self.noted] {
            losses[slot].0 += 1;
            losses[slot].1 += len as u64;
        }
    }

    /// A flip.
    pub(crate) fn note(&mut self) {
        self.due.clone_from(&self.noted);
        self.noted.clone_from(&self.lost);
    }

    /// Records that are older than what was noted are still to come.
    pub(crate) fn put_off(&mut self, slot: usize) {
        self.noted[slot] = self.due[slot];
    }

    /// The gaps that are due; the highest slot stands first.
    pub(crate) fn gaps(&self) -> Vec<Seen> {
        let gap = |slot: usize| Seen::Gap {
            source: slot as u16,
            records: self.due[slot].0 - self.told[slot].0,
            bytes: self.due[slot].1 - self.told[slot].1,
        };
        let untold = |slot: &usize| self.due[*slot] != self.told[*slot];
        (0..self.due.len()).rev().filter(untold).map(gap).collect()
    }

    /// What was due is in the output.
    pub(crate) fn tell(&mut self) {
        self.told.clone_from(&self.due);
    }

    /// What stands after the last batch.
    pub(crate) fn rest(&mut self) -> Vec<Seen> {
        self.due.clone_from(&self.lost);
        self.gaps()
    }

    pub(crate) fn told(&self) -> (u64, u64) {
        self.told.iter().fold((0, 0), |sum, told| (sum.0 + told.0, sum.1 + told.1))
    }

    pub(crate) fn has_told_all(&self) -> bool {
        self.told == self.lost
    }
}

/// What every model keeps of what it was asked and what it did.
pub(crate) struct Books {
    /// By slot.
    pub(crate) counts: Vec<Expected>,
    pub(crate) losses: Losses,
    pub(crate) wanted: bool,
    pub(crate) closing: bool,
    pub(crate) draining: bool,
    pub(crate) flips: u64,
    pub(crate) high_water: usize,
}

impl Books {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            counts: vec![Expected::default(); slots],
            losses: Losses::new(slots),
            wanted: false,
            closing: false,
            draining: false,
            flips: 0,
            high_water: 0,
        }
    }
}

/// What the collector is compared with.
pub(crate) trait Model {
    fn books(&self) -> &Books;

    fn books_mut(&mut self) -> &mut Books;

    /// A slot has a new owner.
    fn hand_over(&mut self, _slot: usize) {}

    fn claim(&mut self, slot: usize, len: usize) -> Answer;

    fn commit_open(&mut self, slot: usize, body: &[u8]);

    fn abort_open(&mut self, slot: usize);

    fn write(&mut self, slot: usize, body: &[u8]) -> Answer {
        let answer = self.claim(slot, body.len());
        if answer == Answer::Accepted {
            self.commit_open(slot, body);
        }
        answer
    }

    /// The lowest slot with an open claim.
    fn first_open(&mut self) -> Option<usize>;

    /// The reader looks; what it is handed.
    fn look(&mut self) -> Option<Vec<Seen>>;

    fn release(&mut self);

    fn is_finished(&self) -> bool;

    /// Whether it is answered already.
    fn flush(&mut self) -> bool {
        self.books_mut().wanted = true;
        self.is_finished()
    }

    fn close(&mut self) {
        self.books_mut().closing = true;
    }

    fn draining(&mut self, draining: bool) {
        self.books_mut().draining = draining;
    }

    fn is_draining(&self) -> bool {
        self.books().draining
    }

    fn counts(&self, slot: usize) -> Expected {
        self.books().counts[slot]
    }

    fn flips(&self) -> u64 {
        self.books().flips
    }

    fn high_water(&self) -> usize {
        self.books().high_water
    }

    fn losses(&self) -> &Losses {
        &self.books().losses
    }
}
