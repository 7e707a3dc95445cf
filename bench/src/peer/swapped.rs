//! The rival: a mutex around a `Vec<u8>`. Writers lock and append a length and their bytes if there is room,
//! else they wait on a condition variable. The reader locks, swaps the vector for its own empty one, unlocks,
//! and consumes what it got outside of the lock.
//!
//! Both vectors are allocated and touched beforehand and hold as much as a side. Conditions are signalled only
//! when somebody waits, and after the lock is released, so no signal costs a system call in vain.

use std::marker::PhantomData;
use std::ops::DerefMut;
use std::sync::Arc;

use super::{Peer, Put, Sink, TIMER, Take, Wake, frames};
use crate::collect::shape::Shape;

/// A mutex and its condition variable.
pub(crate) trait Lock: 'static {
    const NAME: &'static str;
    type Mutex: Send + Sync;
    type Guard<'a>: DerefMut<Target = State>;
    type Bell: Send + Sync + Default;
    fn mutex(state: State) -> Self::Mutex;
    fn lock(mutex: &Self::Mutex) -> Self::Guard<'_>;
    fn wait<'a>(bell: &Self::Bell, guard: Self::Guard<'a>) -> Self::Guard<'a>;
    fn ring_one(bell: &Self::Bell);
    fn ring_all(bell: &Self::Bell);
}

/// What the mutex protects.
pub(crate) struct State {
    bytes: Vec<u8>,
    /// Writers that are not yet dropped.
    live: usize,
    /// Writers that wait for room.
    blocked: usize,
    /// The reader waits for this many bytes.
    reader_waits: bool,
}

struct Shared<L: Lock> {
    mutex: L::Mutex,
    room: L::Bell,
    news: L::Bell,
    capacity: usize,
    /// The reader sleeps below it.
    threshold: usize,
}

pub(crate) struct Swapped<L>(PhantomData<L>);
pub(crate) struct Writer<L: Lock>(Arc<Shared<L>>);
pub(crate) struct Reader<L: Lock> {
    shared: Arc<Shared<L>>,
    spare: Vec<u8>,
    wake: Wake,
}

/// A vector whose pages are there.
fn touched(capacity: usize) -> Vec<u8> {
    let mut bytes = vec![1; capacity];
    bytes.clear();
    bytes
}

impl<L: Lock> Peer for Swapped<L> {
    const NAME: &'static str = L::NAME;
    const READERS: &'static [Wake] = &[Wake::Half, Wake::Eager, Wake::Timer];
    type Writer = Writer<L>;
    type Reader = Reader<L>;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer<L>>, Reader<L>) {
        let state =
            State { bytes: touched(shape.side), live: shape.writers, blocked: 0, reader_waits: false };
        let shared = Arc::new(Shared {
            mutex: L::mutex(state),
            room: L::Bell::default(),
            news: L::Bell::default(),
            capacity: shape.side,
            threshold: if wake == Wake::Half { shape.side / 2 } else { 1 },
        });
        let writers = (0..shape.writers).map(|_| Writer(shared.clone())).collect();
        let spare = touched(shape.side);
        (writers, Reader { shared, spare, wake })
    }

    fn framed(len: usize) -> usize {
        frames::LENGTH + len
    }
}

impl<L: Lock> Put for Writer<L> {
    #[inline]
    fn put(&mut self, record: &[u8]) {
        let shared = &*self.0;
        let needs = frames::LENGTH + record.len();
        let mut state = L::lock(&shared.mutex);
        while state.bytes.len() + needs > shared.capacity {
            state.blocked += 1;
            state = L::wait(&shared.room, state);
            state.blocked -= 1;
        }
        state.bytes.extend_from_slice(&frames::length(record));
        state.bytes.extend_from_slice(record);
        let rings = state.reader_waits && state.bytes.len() >= shared.threshold;
        if rings {
            state.reader_waits = false;
        }
        drop(state);
        if rings {
            L::ring_one(&shared.news);
        }
    }
}

impl<L: Lock> Drop for Writer<L> {
    fn drop(&mut self) {
        let mut state = L::lock(&self.0.mutex);
        state.live -= 1;
        drop(state);
        L::ring_one(&self.0.news);
    }
}

impl<L: Lock> Take for Reader<L> {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        let shared = &*self.shared;
        loop {
            let mut state = L::lock(&shared.mutex);
            while self.wake != Wake::Timer && state.bytes.len() < shared.threshold && state.live > 0 {
                state.reader_waits = true;
                state = L::wait(&shared.news, state);
            }
            std::mem::swap(&mut state.bytes, &mut self.spare);
            let (blocked, over) = (state.blocked > 0, state.live == 0);
            drop(state);
            if blocked {
                L::ring_all(&shared.room);
            }
            if over && self.spare.is_empty() {
                return;
            }
            if S::WALK {
                assert!(frames::walk(&self.spare, sink).is_empty(), "a vector holds whole records");
            } else {
                sink.slice(&self.spare);
            }
            let full = self.spare.len() >= shared.capacity / 2;
            self.spare.clear();
            if self.wake == Wake::Timer && !full {
                std::thread::sleep(TIMER);
            }
        }
    }
}
