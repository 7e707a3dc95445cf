//! The sequential model of a lane that all share: two lists and some sums.

use crate::expected::{Answer, Books, Model, Refusal, drained, span};
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
    books: Books,
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
            books: Books::new(slots),
        }
    }

    fn enter(&mut self, slot: usize, len: usize) -> Answer {
        self.books.counts[slot].offered += 1;
        let too_large = span(len) > self.side;
        let full = self.sealed || self.front.full || self.front.used + span(len) > self.side;
        if !too_large && !full {
            return Answer::Accepted;
        }
        let refusal = Refusal::of(too_large, self.books.closing, self.waits, self.books.draining);
        if !too_large {
            self.front.full = true;
        }
        self.books.losses.lose(slot, len, refusal);
        self.books.counts[slot].dropped[refusal as usize] += 1;
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
        self.sealed = self.books.closing;
        self.books.flips += 1;
        self.books.losses.note();
        self.phase = Phase::Vacating(side, self.books.closing);
        self.books.wanted = false;
    }
}

impl Model for Oracle {
    fn claim(&mut self, slot: usize, len: usize) -> Answer {
        let answer = self.enter(slot, len);
        if answer == Answer::Accepted {
            let span = span(len);
            self.front.used += span;
            self.front.places.push(Place::Open { slot, span });
            self.books.counts[slot].pending += 1;
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
            self.books.counts[slot].aborted += 1;
            self.books.counts[slot].pending -= 1;
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
                    if !filled && !self.books.closing {
                        self.books.wanted = false;
                        return None;
                    }
                    let high = self.front.full || self.front.used >= self.watermark;
                    if !self.books.closing && !self.books.wanted && !high && !self.eager {
                        return None;
                    }
                    self.flip();
                }
                Phase::Vacating(side, last) => {
                    if side.places.iter().any(|place| matches!(place, Place::Open { .. })) {
                        return None;
                    }
                    self.books.high_water = self.books.high_water.max(side.used);
                    let last = *last;
                    let places = std::mem::take(&mut side.places);
                    let mut records = self.books.losses.gaps();
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
        drained(&records, &mut self.books.counts);
        self.books.losses.tell();
        if last {
            let gaps = self.books.losses.rest();
            self.phase = match gaps.is_empty() {
                true => Phase::Finished,
                false => Phase::Ready(gaps, true),
            };
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    fn books(&self) -> &Books {
        &self.books
    }

    fn books_mut(&mut self) -> &mut Books {
        &mut self.books
    }
}
