//! The sequential model of a lane for each writer.

use flipside::collect::Overflow;

use crate::expected::{Answer, Books, Model, Refusal, drained, span};
use crate::support::Seen;

/// A place in a lane: which side, counted from the first, and bytes before it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    round: u64,
    offset: usize,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    /// The writer's, up to which all is published.
    place: At,
    /// Where he left the side before.
    left: usize,
    taken: At,
    released: At,
    /// Refused on this side, by this owner of the slot.
    full: bool,
    /// By any.
    refused: bool,
    /// The span of the open claim.
    open: Option<usize>,
    /// Published on the side before this one, and not taken.
    behind: Vec<Seen>,
    /// Published on this one.
    published: Vec<Seen>,
}

impl Lane {
    fn is_flipped(&self) -> bool {
        self.taken.round != self.place.round
    }

    /// Makes room for so much, if it can.
    fn enter(&mut self, span: usize, side: usize) -> bool {
        let fits = !self.full && self.place.offset + span <= side;
        if !fits {
            // The reader must have left the other side: it has released all up to somewhere on this one.
            self.full = self.released.round != self.place.round;
            self.refused = self.full;
            if !self.full {
                self.left = self.place.offset;
                self.behind.append(&mut self.published);
                self.place = At { round: self.place.round + 1, offset: 0 };
            }
        }
        !self.full
    }

    /// The open claim is over.
    fn leave(&mut self, seen: impl FnOnce(usize) -> Seen) -> bool {
        let Some(span) = self.open.take() else { return false };
        self.place.offset += span;
        self.published.push(seen(span));
        true
    }

    /// The rest of a side that the writer has left, or else the front; both if everything is wanted. True if something is
    /// left for later.
    fn take(&mut self, everything: bool, into: &mut Vec<Seen>, high_water: &mut usize) -> bool {
        if self.is_flipped() {
            let rest = self.left != self.taken.offset;
            if rest {
                *high_water = (self.left - self.taken.offset).max(*high_water);
            }
            into.append(&mut self.behind);
            self.taken = At { round: self.place.round, offset: 0 };
            if !rest {
                self.released = self.taken;
            }
            if rest && !everything {
                return true;
            }
        }
        if self.place != self.taken {
            *high_water = (self.place.offset - self.taken.offset).max(*high_water);
        }
        into.append(&mut self.published);
        self.taken = self.place;
        false
    }
}

#[derive(Clone, Debug)]
enum Phase {
    Front,
    Vacating { last: bool, asked: bool },
    Ready(Vec<Seen>, bool),
    Finished,
}

pub(crate) struct Lanes {
    side: usize,
    watermark: usize,
    eager: bool,
    waits: bool,
    flight: bool,
    lanes: Vec<Lane>,
    sealed: bool,
    phase: Phase,
    books: Books,
}

impl Lanes {
    pub(crate) fn new(side: usize, watermark: usize, eager: bool, overflow: Overflow, slots: usize) -> Self {
        let flight = overflow == Overflow::FlightRecorder;
        Self {
            side,
            watermark: watermark.next_multiple_of(8),
            eager,
            waits: matches!(overflow, Overflow::BlockTimeout(_)),
            flight,
            lanes: vec![Lane::default(); slots],
            sealed: false,
            phase: Phase::Front,
            books: Books::new(slots),
        }
    }

    fn is_high(&self) -> bool {
        let high = |lane: &Lane| lane.is_flipped() || lane.place.offset - lane.taken.offset >= self.watermark;
        self.lanes.iter().any(high)
    }

    fn take(&mut self, everything: bool) -> Vec<Seen> {
        let mut records = self.books.losses.gaps();
        for (slot, lane) in self.lanes.iter_mut().enumerate() {
            if lane.take(everything, &mut records, &mut self.books.high_water) {
                self.books.losses.put_off(slot);
            }
        }
        records
    }
}

impl Lanes {
    /// A flight recorder gives up what a writer left behind who will soon need the room, or needs it now.
    fn make_room(&mut self) {
        for (slot, lane) in self.lanes.iter_mut().enumerate() {
            if !lane.is_flipped() || lane.place.offset < self.watermark && !lane.refused {
                continue;
            }
            for seen in lane.behind.drain(..) {
                if let Seen::Data { body, .. } = seen {
                    self.books.losses.give_up(slot, body.len());
                    self.books.counts[slot].overwritten += 1;
                    self.books.counts[slot].pending -= 1;
                }
            }
            lane.taken = At { round: lane.place.round, offset: 0 };
            lane.released = lane.taken;
        }
    }
}

impl Model for Lanes {
    fn hand_over(&mut self, slot: usize) {
        self.lanes[slot].full = false;
    }

    fn claim(&mut self, slot: usize, len: usize) -> Answer {
        self.books.counts[slot].offered += 1;
        let too_large = span(len) > self.side;
        if !too_large && !self.sealed && self.lanes[slot].enter(span(len), self.side) {
            self.lanes[slot].open = Some(span(len));
            self.books.counts[slot].pending += 1;
            return Answer::Accepted;
        }
        let refusal = Refusal::of(too_large, self.books.closing, self.waits, self.books.draining);
        self.books.losses.lose(slot, len, refusal);
        self.books.counts[slot].dropped[refusal as usize] += 1;
        Answer::Refused(refusal)
    }

    fn commit_open(&mut self, slot: usize, body: &[u8]) {
        let (source, body) = (slot as u16, body.to_vec());
        let left = self.lanes[slot].leave(|_| Seen::Data { source, tag: 0, body });
        assert!(left, "the model lost a claim");
    }

    fn abort_open(&mut self, slot: usize) {
        let source = slot as u16;
        if self.lanes[slot].leave(|span| Seen::Aborted { source, len: span - 8 }) {
            self.books.counts[slot].aborted += 1;
            self.books.counts[slot].pending -= 1;
        }
    }

    fn first_open(&mut self) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.open.is_some())
    }

    fn look(&mut self) -> Option<Vec<Seen>> {
        loop {
            match &self.phase {
                Phase::Finished => return None,
                Phase::Ready(records, _) => return Some(records.clone()),
                Phase::Front => {
                    if !self.books.closing && self.lanes.iter().all(|lane| lane.place == lane.taken) {
                        self.books.wanted = false;
                        return None;
                    }
                    if self.flight && !self.books.closing && !self.books.wanted {
                        self.make_room();
                        return None;
                    }
                    if !self.books.closing && !self.books.wanted && !self.eager && !self.is_high() {
                        return None;
                    }
                    self.sealed = self.books.closing;
                    self.books.flips += 1;
                    self.books.losses.note();
                    self.phase = Phase::Vacating { last: self.books.closing, asked: self.books.wanted };
                    self.books.wanted = false;
                }
                &Phase::Vacating { last, asked } => {
                    // An open claim is waited for only in the end.
                    if last && self.first_open().is_some() {
                        return None;
                    }
                    let records = self.take(last || asked);
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
        self.lanes.iter_mut().for_each(|lane| lane.released = lane.taken);
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
