//! The sequential model of a lane that all share: two lists and some sums.

use crate::expected::{Answer, Expected, Losses, Model, Refusal, drained, span};
use crate::support::Seen;

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

pub(crate) struct Oracle {
    side: usize,
    watermark: usize,
    eager: bool,
    waits: bool,
    front: Side,
    sealed: bool,
    phase: Phase,
    counts: Vec<Expected>,
    losses: Losses,
    wanted: bool,
    closing: bool,
    draining: bool,
    flips: u64,
    high_water: usize,
}

impl Oracle {
    pub(crate) fn new(side: usize, watermark: usize, eager: bool, waits: bool, slots: usize) -> Self {
        Self {
            side,
            watermark,
            eager,
            waits,
            front: Side::default(),
            sealed: false,
            phase: Phase::Front,
            counts: vec![Expected::default(); slots],
            losses: Losses::new(slots),
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
        let refusal = Refusal::of(too_large, self.closing, self.waits, self.draining);
        if !too_large {
            self.front.full = true;
        }
        self.losses.lose(slot, len, refusal);
        self.counts[slot].dropped[refusal as usize] += 1;
        Answer::Refused(refusal)
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

    fn flip(&mut self) {
        let side = std::mem::take(&mut self.front);
        self.sealed = self.closing;
        self.flips += 1;
        self.losses.note();
        self.phase = Phase::Vacating(side, self.closing);
        self.wanted = false;
    }
}

impl Model for Oracle {
    fn claim(&mut self, slot: usize, len: usize) -> Answer {
        let answer = self.enter(slot, len);
        if answer == Answer::Accepted {
            let span = span(len);
            self.front.used += span;
            self.front.places.push(Place::Open { slot, span });
            self.counts[slot].pending += 1;
        }
        answer
    }

    fn write(&mut self, slot: usize, body: &[u8]) -> Answer {
        let answer = self.claim(slot, body.len());
        if answer == Answer::Accepted {
            self.commit_open(slot, body);
        }
        answer
    }

    fn commit_open(&mut self, slot: usize, body: &[u8]) {
        let body = body.to_vec();
        let source = slot as u16;
        let settled = self.settle(slot, |_| Seen::Data { source, tag: 0, body });
        assert!(settled, "the model lost a claim");
    }

    fn abort_open(&mut self, slot: usize) {
        let source = slot as u16;
        if self.settle(slot, |span| Seen::Aborted { source, len: span - 8 }) {
            self.counts[slot].aborted += 1;
            self.counts[slot].pending -= 1;
        }
    }

    fn first_open(&mut self) -> Option<usize> {
        let open = |place: &mut Place| match place {
            Place::Open { slot, .. } => Some(*slot),
            Place::Settled(_) => None,
        };
        self.sides().flat_map(|side| &mut side.places).filter_map(open).min()
    }

    fn look(&mut self) -> Option<Vec<Seen>> {
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
                    let mut records = self.losses.gaps();
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

    fn release(&mut self) {
        let Phase::Ready(records, last) = std::mem::replace(&mut self.phase, Phase::Front) else {
            panic!("nothing to release")
        };
        drained(&records, &mut self.counts);
        self.losses.tell();
        if last {
            let gaps = self.losses.rest();
            self.phase = match gaps.is_empty() {
                true => Phase::Finished,
                false => Phase::Ready(gaps, true),
            };
        }
    }

    fn flush(&mut self) -> bool {
        self.wanted = true;
        self.is_finished()
    }

    fn close(&mut self) {
        self.closing = true;
    }

    fn draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    fn is_draining(&self) -> bool {
        self.draining
    }

    fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    fn counts(&self, slot: usize) -> Expected {
        self.counts[slot]
    }

    fn flips(&self) -> u64 {
        self.flips
    }

    fn high_water(&self) -> usize {
        self.high_water
    }

    fn losses(&self) -> &Losses {
        &self.losses
    }
}
