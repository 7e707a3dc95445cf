//! Segments for peers that bring no memory of their own, as safe Rust has them.
//!
//! The barrier already says who may read and write, but only `unsafe` code can rely on that. Safe code pays once more: by
//! locks that never wait, or by elements that are atomic and hence copied and added one by one. Locks do better with long
//! segments, atomics with short ones; each workload takes what serves the peer best.

use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_utils::CachePadded;

use super::play::Play;

/// The segments of all parties, one buffer.
pub(crate) trait Store: Send + Sync + 'static {
    fn new(parties: usize, len: usize) -> Self;

    /// Writes a whole segment.
    fn write(&self, rank: usize, first: u64);

    /// Reads all segments where they are.
    fn read<P: Play>(&self, play: &mut P);

    /// All segments, copied.
    fn copied(&self) -> Vec<u64>;
}

/// A whole segment of plain elements.
#[inline]
pub(crate) fn fill(segment: &mut [u64], first: u64) {
    segment.iter_mut().zip(0..).for_each(|(element, at)| *element = first.wrapping_add(at));
}

/// All elements, or the first of each segment.
#[inline]
pub(crate) fn read<P: Play>(play: &mut P, len: usize, elements: impl Iterator<Item = u64>) {
    if P::GLANCE {
        play.read(elements.step_by(len));
    } else {
        play.read(elements);
    }
}

/// One behind the other. Relaxed: it is the barrier that orders the rounds.
pub(crate) struct Atomics {
    elements: Vec<AtomicU64>,
    len: usize,
}

impl Store for Atomics {
    fn new(parties: usize, len: usize) -> Self {
        Self { elements: (0..parties * len).map(|_| AtomicU64::new(0)).collect(), len }
    }

    #[inline]
    fn write(&self, rank: usize, first: u64) {
        let segment = &self.elements[rank * self.len..][..self.len];
        segment.iter().zip(0..).for_each(|(element, at)| element.store(first.wrapping_add(at), Relaxed));
    }

    #[inline]
    fn read<P: Play>(&self, play: &mut P) {
        // Not by `read`: to skip an atomic element would be to load it.
        let load = |element: &AtomicU64| element.load(Relaxed);
        if P::GLANCE {
            play.read(self.elements.iter().step_by(self.len).map(load));
        } else {
            play.read(self.elements.iter().map(load));
        }
    }

    #[inline]
    fn copied(&self) -> Vec<u64> {
        self.elements.iter().map(|element| element.load(Relaxed)).collect()
    }
}

/// Each behind a lock of its own. It is free whenever somebody comes to write, and shared by all who read.
pub(crate) struct Locked {
    segments: Vec<CachePadded<RwLock<Vec<u64>>>>,
    len: usize,
}

impl Store for Locked {
    fn new(parties: usize, len: usize) -> Self {
        // Not zeroed: that would leave the pages to be brought in while the clock runs.
        let segment = |_| CachePadded::new(RwLock::new(vec![1; len]));
        Self { segments: (0..parties).map(segment).collect(), len }
    }

    #[inline]
    fn write(&self, rank: usize, first: u64) {
        fill(&mut self.segments[rank].write().expect("nobody panics"), first);
    }

    #[inline]
    fn read<P: Play>(&self, play: &mut P) {
        for segment in &self.segments {
            read(play, self.len, segment.read().expect("nobody panics").iter().copied());
        }
    }

    #[inline]
    fn copied(&self) -> Vec<u64> {
        let mut all = Vec::with_capacity(self.segments.len() * self.len);
        for segment in &self.segments {
            all.extend_from_slice(&segment.read().expect("nobody panics"));
        }
        all
    }
}
