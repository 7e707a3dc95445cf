//! Models of collect: what happens in every order.
//!
//! Sides are tiny, so that they fill, and the reader is often the main thread, so that loom has one thread less.
//! Memory is watched by a shadow cell for every eight bytes: a body drained before it is written, or overwritten
//! before it is drained, fails the model even where the bytes happen to be right.

use std::ops::Add;
use std::rc::Rc;
use std::time::Duration;

use loom::cell::UnsafeCell;

use super::{Batch, Builder, Collector, Drain, Next, Order, Outcome, Overflow, Record, Writer};
use crate::substrate::model::Quiet;

mod ends;
mod lanes;
mod losses;
mod sides;

/// The body of every record: with its header two words.
type Body = [u8; 8];

/// Bytes that a record of a [`Body`] takes.
const SPAN: usize = 16;

/// A collector whose sides hold `records` records of a [`Body`], and which flips at once (`eager`) or only when a
/// side is full or somebody asks.
fn build(
    overflow: Overflow,
    records: usize,
    writers: usize,
    eager: bool,
) -> (Quiet<Collector>, Quiet<Drain>) {
    built(Builder::new(overflow), records, writers, eager)
}

/// The same with a lane for each writer, and with the kind of fences that is asked for.
fn build_lanes(
    overflow: Overflow,
    records: usize,
    writers: usize,
    eager: bool,
    membarrier: bool,
) -> (Quiet<Collector>, Quiet<Drain>) {
    let builder = Builder::new(overflow).order(Order::PerWriter).membarrier(membarrier);
    built(builder, records, writers, eager)
}

fn built(builder: Builder, records: usize, writers: usize, eager: bool) -> (Quiet<Collector>, Quiet<Drain>) {
    let side = records * SPAN;
    let linger = if eager { Duration::ZERO } else { Duration::MAX };
    let builder = builder.side(side).watermark(side).writers(writers);
    let (collector, drain) = builder.linger(linger).build().unwrap();
    (Quiet::new(collector), Quiet::new(drain))
}

fn spawn<R: 'static>(body: impl FnOnce() -> R + 'static) -> loom::thread::JoinHandle<R> {
    loom::thread::spawn(body)
}

fn writer(collector: &Collector) -> Quiet<Writer> {
    Quiet::new(collector.writer().unwrap())
}

/// Writes `count` records of this writer's own; how many were accepted.
fn write(writer: &mut Writer, count: u8) -> usize {
    (0..count).filter(|&n| matches!(writer.write(&body(writer.source(), n)), Ok(Outcome::Accepted))).count()
}

fn body(source: u16, n: u8) -> Body {
    [source as u8 + 1, n, 3, 4, 5, 6, 7, 8]
}

/// What a sink has seen, by source. The cells let loom tell whether somebody may look. (The threads of a model
/// are one of the system's, so an `Rc` counts them.)
#[derive(Clone)]
struct Sink(Rc<[UnsafeCell<Seen>; 2]>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    data: usize,
    aborted: usize,
    /// Records lost, as the gaps tell, and their bytes.
    lost: u64,
    lost_bytes: u64,
}

impl Add for Seen {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            data: self.data + other.data,
            aborted: self.aborted + other.aborted,
            lost: self.lost + other.lost,
            lost_bytes: self.lost_bytes + other.lost_bytes,
        }
    }
}

impl Sink {
    fn new() -> Self {
        Self(Rc::new([0, 1].map(|_| UnsafeCell::new(Seen::default()))))
    }

    /// What it has seen of one source.
    fn of(&self, source: u16) -> Seen {
        // SAFETY: loom fails the model if anybody writes at the same time.
        self.0[usize::from(source)].with(|seen| unsafe { *seen })
    }

    /// What it has seen of all of them.
    fn look(&self) -> Seen {
        self.of(0) + self.of(1)
    }

    fn takes(&self, batch: &Batch<'_>) {
        let mut data = 0;
        for record in batch.records() {
            let (source, more) = match record {
                Record::Data { source, body: its, .. } => {
                    assert_eq!(its, body(source, its[1]), "a torn record");
                    data += 1;
                    (source, Seen { data: 1, ..Seen::default() })
                }
                Record::Aborted { source, .. } => (source, Seen { aborted: 1, ..Seen::default() }),
                Record::Gap { source, lost } => {
                    let (lost, lost_bytes) = (lost.records, lost.bytes);
                    (source, Seen { lost, lost_bytes, ..Seen::default() })
                }
            };
            let now = self.of(source) + more;
            // SAFETY: loom fails the model if anybody else reads or writes at the same time.
            self.0[usize::from(source)].with_mut(|seen| unsafe { *seen = now });
        }
        assert_eq!(batch.count(), data, "the count of a batch");
    }

    /// Takes one batch, waiting for it; false if the collector has finished instead.
    fn take_one(&self, drain: &mut Drain) -> bool {
        let Some(batch) = drain.next() else { return false };
        let batch = Quiet::new(batch);
        self.takes(&batch);
        batch.into_inner().release();
        true
    }

    /// Drains until the collector has finished.
    fn take_all(&self, drain: &mut Drain) {
        while self.take_one(drain) {}
    }

    /// Takes a batch if there is one; false if the collector has finished.
    fn poll(&self, drain: &mut Drain) -> bool {
        match drain.try_next() {
            Next::Batch(batch) => {
                let batch = Quiet::new(batch);
                self.takes(&batch);
                batch.into_inner().release();
            }
            Next::Pending => {}
            Next::Finished => return false,
        }
        true
    }

    /// Looks so many times, without ever sleeping. And without yielding: after a yield loom shows no thread a
    /// value that it has seen before, not even the first one of an atomic that it made.
    fn poll_often(&self, drain: &mut Drain, times: usize) {
        for _ in 0..times {
            self.poll(drain);
        }
    }
}
