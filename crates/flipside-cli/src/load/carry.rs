//! Who carries the blocks: the double buffer, a swapped `Vec` under a mutex, or a channel.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flipside::collect::{Collector, Drain, Outcome, WriteError, Writer};
use flipside_sources::feed::PREFIX;

use super::frame;

/// What became of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Taken,
    Dropped,
    /// Refused under `--overflow fail`.
    Full,
    /// The reader is gone.
    Closed,
}

/// A writer's end.
pub(crate) enum Hand {
    Flipside(Writer),
    Mutex(u16, Arc<Swapped>),
    Crossbeam(u16, crossbeam_channel::Sender<Parcel>),
}

/// A block in the channel.
pub(crate) struct Parcel {
    source: u16,
    /// Prefix and payload.
    bytes: Box<[u8]>,
}

impl Hand {
    pub(crate) fn put(&mut self, prefix: &[u8; PREFIX], payload: &[u8]) -> Put {
        match self {
            Self::Flipside(writer) => match writer.write_tagged(0, &[prefix, payload]) {
                Ok(Outcome::Accepted) => Put::Taken,
                Ok(Outcome::Dropped) => Put::Dropped,
                Err(WriteError::Closed) => Put::Closed,
                Err(_) => Put::Full,
            },
            Self::Mutex(source, swapped) => swapped.put(*source, prefix, payload),
            Self::Crossbeam(source, sender) => {
                let bytes = [prefix.as_slice(), payload].concat().into_boxed_slice();
                match sender.send(Parcel { source: *source, bytes }) {
                    Ok(()) => Put::Taken,
                    Err(_) => Put::Closed,
                }
            }
        }
    }
}

/// The reader's end: images of whole records, one after the other; each in one slice or several.
pub(crate) enum Take {
    Flipside(Box<Drain>),
    Mutex(Arc<Swapped>, Duration),
    Crossbeam(crossbeam_channel::Receiver<Parcel>, Duration),
}

/// What the reader's end did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) flips: u64,
    pub(crate) high_water: usize,
}

impl Take {
    /// Hands every image to `sink` until no writer is left; the sink's first error ends it.
    pub(crate) fn run<E>(
        self,
        side: usize,
        mut sink: impl FnMut(&[&[u8]], u64) -> Result<(), E>,
    ) -> (Taken, Result<(), E>) {
        let mut taken = Taken::default();
        let mut count = |image: &[&[u8]]| {
            taken.flips += 1;
            taken.high_water = taken.high_water.max(image.iter().map(|slice| slice.len()).sum());
            sink(image, taken.flips)
        };
        let result = match self {
            Self::Flipside(mut drain) => drain.run(|batch| count(&batch.slices().collect::<Vec<_>>())),
            Self::Mutex(swapped, linger) => swapped.run(linger, |image| count(&[image])),
            Self::Crossbeam(receiver, linger) => {
                run_channel(&receiver, side, linger, |image| count(&[image]))
            }
        };
        (taken, result)
    }
}

/// Fills an image from the channel until it is full, or as old as the linger; hands it on.
fn run_channel<E>(
    receiver: &crossbeam_channel::Receiver<Parcel>,
    side: usize,
    linger: Duration,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut image = Vec::with_capacity(side);
    let mut held = VecDeque::new();
    loop {
        match held.pop_front().or_else(|| receiver.recv().ok()) {
            None => return Ok(()),
            Some(parcel) => add(&mut image, &parcel),
        }
        let due = Instant::now() + linger;
        while let Ok(parcel) = receiver.recv_deadline(due) {
            if image.len() + frame::span(parcel.bytes.len() - PREFIX) > side {
                held.push_back(parcel);
                break;
            }
            add(&mut image, &parcel);
        }
        sink(&image)?;
        image.clear();
    }
}

fn add(image: &mut Vec<u8>, parcel: &Parcel) {
    if let Some((prefix, payload)) = parcel.bytes.split_first_chunk::<PREFIX>() {
        frame::append(image, parcel.source, prefix, payload);
    }
}

/// The rival: two vectors of a side each, one of them under the mutex.
#[derive(Debug)]
pub(crate) struct Swapped {
    state: Mutex<State>,
    room: Condvar,
    ready: Condvar,
    side: usize,
}

#[derive(Debug)]
struct State {
    front: Vec<u8>,
    writers: usize,
    waits: u64,
    closed: bool,
}

impl Swapped {
    pub(crate) fn new(side: usize, writers: usize) -> Self {
        let state = State { front: Vec::with_capacity(side), writers, waits: 0, closed: false };
        Self { state: Mutex::new(state), room: Condvar::new(), ready: Condvar::new(), side }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, source: u16, prefix: &[u8; PREFIX], payload: &[u8]) -> Put {
        let mut state = self.lock();
        let span = frame::span(payload.len());
        while state.front.len() + span > self.side && !state.closed {
            state.waits += 1;
            self.ready.notify_one();
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return Put::Closed;
        }
        let before = state.front.len();
        frame::append(&mut state.front, source, prefix, payload);
        // The reader is woken as ours is: by the first record and at the watermark.
        let half = self.side / 2;
        if before == 0 || (before < half && before + span >= half) {
            self.ready.notify_one();
        }
        Put::Taken
    }

    /// One writer will write no more.
    pub(crate) fn leave(&self) {
        self.lock().writers -= 1;
        self.ready.notify_one();
    }

    /// Times that a writer found no room.
    pub(crate) fn waits(&self) -> u64 {
        self.lock().waits
    }

    fn run<E>(&self, linger: Duration, mut sink: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut back = Vec::with_capacity(self.side);
        loop {
            let mut state = self.lock();
            while state.front.is_empty() && state.writers > 0 {
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let due = Instant::now() + linger;
            while state.front.len() < self.side / 2 && state.writers > 0 {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                state = self.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            }
            if state.front.is_empty() {
                return Ok(());
            }
            std::mem::swap(&mut state.front, &mut back);
            drop(state);
            self.room.notify_all();
            if let Err(error) = sink(&back) {
                self.lock().closed = true;
                self.room.notify_all();
                return Err(error);
            }
            back.clear();
        }
    }
}

/// Both ends of a carrier, and what is needed to ask it for counts.
pub(crate) struct Carrier {
    pub(crate) hands: Vec<Hand>,
    pub(crate) take: Take,
    pub(crate) collector: Option<Collector>,
    pub(crate) swapped: Option<Arc<Swapped>>,
}
