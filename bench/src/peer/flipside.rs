//! Ours, blocking when full: `Order::Total`, one lane for all writers, and `Order::PerWriter`, a lane for each,
//! with two sides of its own.

use flipside::collect::{Batch, Builder, Drain, Next, Order, Outcome, Overflow, Record, Writer};
use std::time::Duration;

use super::{Peer, Put, Sink, TIMER, Take, Wake};
use crate::collect::shape::Shape;

pub(crate) struct Total;
pub(crate) struct PerWriter;

pub(crate) struct Reader {
    drain: Drain,
    wake: Wake,
    half: usize,
}

impl Peer for Total {
    const NAME: &'static str = "flipside/total";
    const READERS: &'static [Wake] = &[Wake::Half, Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        open(Order::Total, shape.side, shape.writers, wake)
    }

    fn framed(len: usize) -> usize {
        (8 + len).next_multiple_of(8)
    }
}

impl Peer for PerWriter {
    const NAME: &'static str = "flipside/per-writer";
    const READERS: &'static [Wake] = Total::READERS;
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        open(Order::PerWriter, shape.side, shape.writers, wake)
    }

    fn framed(len: usize) -> usize {
        Total::framed(len)
    }
}

fn open(order: Order, side: usize, writers: usize, wake: Wake) -> (Vec<Writer>, Reader) {
    let builder = Builder::new(Overflow::Block).order(order).side(side).writers(writers);
    let builder = match wake {
        // The library's defaults: the watermark is half a side, and a rest lingers for 100 ms.
        Wake::Half | Wake::Nobody => builder,
        Wake::Eager | Wake::Timer => builder.linger(Duration::ZERO),
    };
    let (collector, drain) = builder.build().expect("a side of a sensible size");
    let writers = (0..writers).map(|_| collector.writer().expect("as many slots as writers")).collect();
    // The collector is dropped here: it closes when the last writer is gone.
    (writers, Reader { drain, wake, half: side / 2 })
}

impl Put for Writer {
    #[inline]
    fn put(&mut self, record: &[u8]) {
        match self.write(record) {
            Ok(Outcome::Accepted) => {}
            lost => panic!("a blocking collector lost a record: {lost:?}"),
        }
    }
}

impl Take for Reader {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        if self.wake != Wake::Timer {
            while let Some(batch) = self.drain.next() {
                take(batch, sink);
            }
            return;
        }
        loop {
            match self.drain.try_next() {
                Next::Finished => return,
                Next::Pending => std::thread::sleep(TIMER),
                Next::Batch(batch) => {
                    let full = batch.len() >= self.half;
                    take(batch, sink);
                    if !full {
                        std::thread::sleep(TIMER);
                    }
                }
            }
        }
    }
}

fn take<S: Sink>(batch: Batch<'_>, sink: &mut S) {
    if S::WALK {
        for record in batch.records() {
            match record {
                Record::Data { body, .. } => sink.record(body),
                other => panic!("neither lost nor aborted anything, but found {other:?}"),
            }
        }
    } else {
        batch.slices().for_each(|slice| sink.slice(slice));
    }
    batch.release();
}
