//! The reading workloads: how long a question takes, alone, in company, beside a stalled reader or a publisher.

use std::hint::{self, black_box};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::role::{Ask, Peer, Reader, Write};
use super::subject::{Order, Subject};

/// Publishes a second, where there is a publisher.
const PUBLISHES: u32 = 1000;

/// A reading workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Those who read and are timed.
    pub(crate) threads: usize,
    /// Added to each key: keys that are there, or that are missing.
    pub(crate) base: u64,
    pub(crate) company: Company,
}

/// Who else is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Nobody,
    /// One more reader, who sits in a guard the whole time.
    Stalled,
    /// The writer, who publishes one change every millisecond.
    Publisher,
}

/// The time in which each thread asks so many blocks, every key once in each. It runs from the first one that
/// sets off to the last one that is done.
pub(crate) fn timed<T: Subject, P: Peer<T>>(reading: Reading, blocks: usize) -> Duration {
    let Reading { threads, base, company } = reading;
    let (mut writer, mut readers) = P::open(threads + usize::from(company == Company::Stalled));
    let order = Order::new();
    let fresh = T::fresh();
    let block = order.keys().fold(0, |sum: u64, key| sum.wrapping_add(fresh.answer(base + key)));
    let line = Line::new(threads);
    thread::scope(|scope| {
        // Company leaves when its end of the channel is dropped, by a panic as well.
        let (leave, until) = mpsc::channel::<()>();
        let (ready, settled) = mpsc::channel();
        match company {
            Company::Nobody => {}
            Company::Stalled => {
                let mut reader = readers.pop().expect("one more was opened");
                scope.spawn(move || {
                    reader.session().hold(|| {
                        let _ = ready.send(());
                        let _ = until.recv();
                    });
                });
                settled.recv().expect("the stalled reader got in");
            }
            Company::Publisher => {
                let (writer, order) = (&mut writer, &order);
                scope.spawn(move || publisher::<T, P>(writer, order, &until));
            }
        }
        let threads: Vec<_> = readers
            .iter_mut()
            .map(|reader| {
                let (line, order) = (&line, &order);
                scope.spawn(move || {
                    let mut session = reader.session();
                    // A block to warm up, and for whatever is done but once.
                    black_box(ask(&mut session, order, base, 1));
                    line.wait();
                    let start = Instant::now();
                    let sum = ask(&mut session, order, base, blocks);
                    (start, Instant::now(), sum)
                })
            })
            .collect();
        let spans: Vec<_> =
            threads.into_iter().map(|thread| thread.join().expect("a reader failed")).collect();
        drop(leave);
        for (_, _, sum) in &spans {
            assert_eq!(*sum, block.wrapping_mul(blocks as u64), "wrong answers");
        }
        span(&spans)
    })
}

/// Where threads wait for each other before they set off. They spin: one that slept in a `Barrier` is woken on the
/// processor of the one that wakes it, and for many milliseconds, the whole of a short round, both take turns there.
pub(super) struct Line(AtomicUsize);

impl Line {
    pub(super) const fn new(threads: usize) -> Self {
        Self(AtomicUsize::new(threads))
    }

    /// Once for each of the threads.
    pub(super) fn wait(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        while self.0.load(Ordering::Relaxed) > 0 {
            hint::spin_loop();
        }
    }
}

/// From the first start to the last end.
pub(super) fn span(spans: &[(Instant, Instant, u64)]) -> Duration {
    let start = spans.iter().map(|span| span.0).min().expect("somebody reads");
    let end = spans.iter().map(|span| span.1).max().expect("somebody reads");
    end.duration_since(start)
}

/// The loop that is timed, compiled for each contender by itself.
#[inline(never)]
fn ask<T: Subject, A: Ask<T>>(session: &mut A, order: &Order, base: u64, blocks: usize) -> u64 {
    let mut sum = 0u64;
    for _ in 0..blocks {
        for key in black_box(order).keys() {
            if T::ALIKE {
                // No instruction, but memory may have changed for all the compiler knows. Where each answer is
                // another one this would only make it load the subject's address again and again.
                black_box(());
            }
            sum = sum.wrapping_add(session.ask(base + key));
        }
    }
    black_box(sum)
}

/// Publishes at its rate, late or not, what is there already: so all sums stay as they are.
fn publisher<T: Subject, P: Peer<T>>(writer: &mut P::Writer, order: &Order, until: &mpsc::Receiver<()>) {
    let start = Instant::now();
    for (count, key) in (1..).zip(order.keys().cycle()) {
        let due = start + Duration::from_secs(1) * count / PUBLISHES;
        let wait = due.saturating_duration_since(Instant::now());
        if until.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        writer.publish(std::iter::once(T::put(key, 0)));
    }
}
