//! The writing workloads: what a change and its publish cost the writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::role::{Ask, Peer, Reader, Write};
use super::subject::{ENTRIES, Order, Subject};

/// A writing workload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing {
    /// Changes of one publish.
    pub(crate) batch: usize,
    pub(crate) kind: Kind,
    /// Whether somebody reads all the while, on a thread of its own.
    pub(crate) watched: bool,
}

/// What the changes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Inserts over what is there.
    Insert,
    /// Removes. What was removed is put back by publishes that are not timed; since some leave work to the next
    /// publish, each settles its own.
    Remove,
}

/// The time of so many publishes.
pub(crate) fn timed<T: Subject, P: Peer<T>>(writing: Writing, publishes: usize) -> Duration {
    let (mut writer, mut readers) = P::open(1);
    let order = Order::new();
    let reader = &mut readers[0];
    let stop = AtomicBool::new(false);
    let took = thread::scope(|scope| {
        // A reader that is there but does not read must not be in the way, so its session waits till the end.
        let _stop = Stop(&stop);
        if writing.watched {
            let (reader, order, stop) = (&mut *reader, &order, &stop);
            let (ready, settled) = std::sync::mpsc::channel();
            scope.spawn(move || {
                let mut session = reader.session();
                let _ = ready.send(());
                watch::<T, _>(&mut session, order, stop);
            });
            settled.recv().expect("the reader started");
        }
        match writing.kind {
            Kind::Insert => insert::<T, P>(&mut writer, &order, writing.batch, publishes),
            Kind::Remove => remove::<T, P>(&mut writer, &order, writing.batch, publishes),
        }
    });
    let mut session = reader.session();
    session.refresh();
    for key in order.keys() {
        assert_eq!(T::version(key, session.ask(key)), Some(0), "key {key} was lost");
    }
    took
}

/// Dropped, by a panic as well, it sends the reader home.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads on and on.
fn watch<T: Subject, A: Ask<T>>(session: &mut A, order: &Order, stop: &AtomicBool) {
    for key in order.keys().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        session.refresh();
        assert!(T::version(key, session.ask(key)).is_some(), "key {key} is damaged");
    }
}

#[inline(never)]
fn insert<T: Subject, P: Peer<T>>(
    writer: &mut P::Writer,
    order: &Order,
    batch: usize,
    publishes: usize,
) -> Duration {
    let start = Instant::now();
    for at in 0..publishes {
        writer.publish(order.from(at * batch % ENTRIES, batch).map(|key| T::put(key, 0)));
    }
    start.elapsed()
}

#[inline(never)]
fn remove<T: Subject, P: Peer<T>>(
    writer: &mut P::Writer,
    order: &Order,
    batch: usize,
    publishes: usize,
) -> Duration {
    let mut took = Duration::ZERO;
    for at in 0..publishes {
        let from = at * batch % ENTRIES;
        let start = Instant::now();
        writer.publish(order.from(from, batch).map(T::take));
        writer.settle();
        took += start.elapsed();
        writer.publish(order.from(from, batch).map(|key| T::put(key, 0)));
        writer.settle();
    }
    took
}
