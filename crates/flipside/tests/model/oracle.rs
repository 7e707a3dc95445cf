//! The sequential model: two lists and some sums.

use crate::support::Seen;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    Timeout,
    TooLarge,
    FromSink,
    Closed,
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
    /// Full, timeout, too large, from the sink, closed.
    pub(crate) dropped: [u64; 5],
}

/// One place in a side.
#[derive(Clone, Debug)]
enum Place {
    Open { slot: usize, span: usize },
    Settled(Seen),
}

#[derive(Clone, Debug, Default)]
struct Side {
    used: usize,
    /// A claim did not fit: full for everybody.
    full: bool,
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
enum Phase {
    Front,
    Vacating(Side, bool),
    Ready(Vec<Seen>, bool),
    Finished,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Loss(u64, u64);

pub(crate) struct Oracle {
    side: usize,
    watermark: usize,
    eager: bool,
    waits: bool,
    front: Side,
    sealed: bool,
    phase: Phase,
    counts: Vec<Expected>,
    lost: Vec<Loss>,
    noted: Vec<Loss>,
    due: Vec<Loss>,
    told: Vec<Loss>,
    wanted: bool,
    closing: bool,
    draining: bool,
    flips: u64,
    high_water: usize,
}

fn span(len: usize) -> usize {
    8 + len.div_ceil(8) * 8
}

impl Oracle {
    pub(crate) fn new(side: usize, watermark: usize, eager: bool, waits: bool, slots: usize) -> Self {
        let losses = || vec![Loss::default(); slots];
        Self {
            side,
            watermark,
            eager,
            waits,
            front: Side::default(),
            sealed: false,
            phase: Phase::Front,
            counts: vec![Expected::default(); slots],
            lost: losses(),
            noted: losses(),
            due: losses(),
            told: losses(),
            wanted: false,
            closing: false,
            draining: false,
            flips: 0,
            high_water: 0,
        }
    }

    fn enter(&mut self, slot: usize, len: usize) -> Answer {
        self.counts[slot].offered += 1;
        let too_large = span(len) > self.side;
        let full = self.sealed || self.front.full || self.front.used + span(len) > self.side;
        if !too_large && !full {
            return Answer::Accepted;
        }
        let refusal = if self.closing {
            Refusal::Closed
        } else if too_large {
            Refusal::TooLarge
        } else if !self.waits {
            Refusal::Full
        } else if self.draining {
            Refusal::FromSink
        } else {
            Refusal::Timeout
        };
        if !too_large {
            self.front.full = true;
        }
        if refusal != Refusal::Closed {
            self.lost[slot].0 += 1;
            self.lost[slot].1 += len as u64;
        }
        let cause = match refusal {
            Refusal::Full => 0,
            Refusal::Timeout => 1,
            Refusal::TooLarge => 2,
            Refusal::FromSink => 3,
            Refusal::Closed => 4,
        };
        self.counts[slot].dropped[cause] += 1;
        Answer::Refused(refusal)
    }

    pub(crate) fn claim(&mut self, slot: usize, len: usize) -> Answer {
        let answer = self.enter(slot, len);
        if answer == Answer::Accepted {
            let span = span(len);
            self.front.used += span;
            self.front.places.push(Place::Open { slot, span });
            self.counts[slot].pending += 1;
        }
        answer
    }

    pub(crate) fn write(&mut self, slot: usize, body: &[u8]) -> Answer {
        let answer = self.claim(slot, body.len());
        if answer == Answer::Accepted {
            self.commit_open(slot, body);
        }
        answer
    }

    /// The sides on which claims may be open.
    fn sides(&mut self) -> impl Iterator<Item = &mut Side> {
        let back = match &mut self.phase {
            Phase::Vacating(side, _) => Some(side),
            _ => None,
        };
        back.into_iter().chain([&mut self.front])
    }

    fn settle(&mut self, slot: usize, seen: impl FnOnce(usize) -> Seen) -> bool {
        let open = self.sides().flat_map(|side| &mut side.places).find_map(|place| match place {
            Place::Open { slot: its, span } if *its == slot => Some((*span, place)),
            _ => None,
        });
        let Some((span, place)) = open else { return false };
        *place = Place::Settled(seen(span));
        true
    }

    pub(crate) fn commit_open(&mut self, slot: usize, body: &[u8]) {
        let body = body.to_vec();
        let source = slot as u16;
        let settled = self.settle(slot, |_| Seen::Data { source, tag: 0, body });
        assert!(settled, "the model lost a claim");
    }

    pub(crate) fn abort_open(&mut self, slot: usize) {
        let source = slot as u16;
        if self.settle(slot, |span| Seen::Aborted { source, len: span - 8 }) {
            self.counts[slot].aborted += 1;
            self.counts[slot].pending -= 1;
        }
    }

    pub(crate) fn first_open(&mut self) -> Option<usize> {
        let open = |place: &mut Place| match place {
            Place::Open { slot, .. } => Some(*slot),
            Place::Settled(_) => None,
        };
        self.sides().flat_map(|side| &mut side.places).filter_map(open).min()
    }

    /// The reader looks; what it is handed.
    pub(crate) fn look(&mut self) -> Option<Vec<Seen>> {
        loop {
            match &mut self.phase {
                Phase::Finished => return None,
                Phase::Ready(records, _) => return Some(records.clone()),
                Phase::Front => {
                    let filled = self.front.used > 0;
                    if !filled && !self.closing {
                        self.wanted = false;
                        return None;
                    }
                    let high = self.front.full || self.front.used >= self.watermark;
                    if !self.closing && !self.wanted && !high && !self.eager {
                        return None;
                    }
                    self.flip();
                }
                Phase::Vacating(side, last) => {
                    if side.places.iter().any(|place| matches!(place, Place::Open { .. })) {
                        return None;
                    }
                    self.high_water = self.high_water.max(side.used);
                    let last = *last;
                    let places = std::mem::take(&mut side.places);
                    let mut records = self.gaps();
                    records.extend(places.into_iter().map(|place| match place {
                        Place::Settled(seen) => seen,
                        Place::Open { .. } => unreachable!("just looked"),
                    }));
                    let empty = records.is_empty();
                    self.phase = Phase::Ready(records, last);
                    if empty {
                        self.release();
                    }
                }
            }
        }
    }

    fn flip(&mut self) {
        let side = std::mem::take(&mut self.front);
        self.sealed = self.closing;
        self.flips += 1;
        self.due.clone_from(&self.noted);
        self.noted.clone_from(&self.lost);
        self.phase = Phase::Vacating(side, self.closing);
        self.wanted = false;
    }

    /// The gaps that are due; the highest slot stands first.
    fn gaps(&self) -> Vec<Seen> {
        let gap = |slot: usize| Seen::Gap {
            source: slot as u16,
            records: self.due[slot].0 - self.told[slot].0,
            bytes: self.due[slot].1 - self.told[slot].1,
        };
        let untold = |slot: &usize| self.due[*slot] != self.told[*slot];
        (0..self.due.len()).rev().filter(untold).map(gap).collect()
    }

    pub(crate) fn release(&mut self) {
        let Phase::Ready(records, last) = std::mem::replace(&mut self.phase, Phase::Front) else {
            panic!("nothing to release")
        };
        for seen in &records {
            if let Seen::Data { source, body, .. } = seen {
                let counts = &mut self.counts[usize::from(*source)];
                counts.drained += 1;
                counts.drained_bytes += body.len() as u64;
                counts.pending -= 1;
            }
        }
        self.told.clone_from(&self.due);
        if last {
            self.due.clone_from(&self.lost);
            let gaps = self.gaps();
            self.phase = match gaps.is_empty() {
                true => Phase::Finished,
                false => Phase::Ready(gaps, true),
            };
        }
    }

    /// Whether it is answered already.
    pub(crate) fn flush(&mut self) -> bool {
        self.wanted = true;
        self.is_finished()
    }

    pub(crate) fn close(&mut self) {
        self.closing = true;
    }

    pub(crate) fn draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    pub(crate) fn counts(&self, slot: usize) -> Expected {
        self.counts[slot]
    }

    pub(crate) fn flips(&self) -> u64 {
        self.flips
    }

    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    pub(crate) fn told(&self) -> (u64, u64) {
        self.told.iter().fold((0, 0), |sum, told| (sum.0 + told.0, sum.1 + told.1))
    }

    pub(crate) fn has_told_all(&self) -> bool {
        self.told == self.lost
    }
}
