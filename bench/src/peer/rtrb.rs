//! rtrb: a ring of bytes per writer, the reader goes round. No order across writers, and nobody can block: a
//! writer that finds its ring full spins, then yields; so does the eager reader.
//!
//! Each ring has the memory of two sides. A record is its length and its bytes; the reader takes what
//! is there as two slices at most, as it would hand them to a vectored write.

use crossbeam_utils::Backoff;
use rtrb::{Consumer, Producer, RingBuffer};

use super::{Peer, Put, Sink, TIMER, Take, Wake, frames};
use crate::collect::shape::Shape;

pub(crate) struct Rtrb;
pub(crate) struct Writer(Producer<u8>);
pub(crate) struct Reader {
    rings: Vec<Ring>,
    wake: Wake,
}

struct Ring {
    bytes: Consumer<u8>,
    /// The beginning of a record whose end is not there yet; only the check assembles records.
    partial: Vec<u8>,
}

impl Peer for Rtrb {
    const NAME: &'static str = "peer/rtrb";
    const READERS: &'static [Wake] = &[Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        let capacity = 2 * shape.side;
        let (writers, rings) = (0..shape.writers)
            .map(|_| {
                let (mut producer, mut bytes) = RingBuffer::new(capacity);
                touch(&mut producer, &mut bytes);
                let partial = Vec::new();
                (Writer(producer), Ring { bytes, partial })
            })
            .unzip();
        (writers, Reader { rings, wake })
    }

    fn framed(len: usize) -> usize {
        frames::LENGTH + len
    }
}

/// Brings the pages of a ring in, as for everybody else.
fn touch(producer: &mut Producer<u8>, consumer: &mut Consumer<u8>) {
    let all = producer.slots();
    producer.write_chunk(all).expect("an empty ring has room").commit_all();
    consumer.read_chunk(all).expect("what was just written").commit_all();
}

impl Put for Writer {
    #[inline]
    fn put(&mut self, record: &[u8]) {
        let backoff = Backoff::new();
        // Two pushes instead of one: a single commit for both pieces is to be had by `unsafe` only, and a second
        // store to a line that is ours costs next to nothing. To ask for room beforehand would cost more, a look
        // at the reader's line for each record.
        for piece in [&frames::length(record)[..], record] {
            while self.0.push_entire_slice(piece).is_err() {
                backoff.snooze();
            }
        }
    }
}

impl Ring {
    /// Takes what is there; false if that was nothing.
    fn take<S: Sink>(&mut self, sink: &mut S) -> bool {
        let there = self.bytes.slots();
        if there == 0 {
            return false;
        }
        let chunk = self.bytes.read_chunk(there).expect("what is there");
        let (first, second) = chunk.as_slices();
        if S::WALK {
            self.partial.extend_from_slice(first);
            self.partial.extend_from_slice(second);
            let rest = frames::walk(&self.partial, sink).len();
            self.partial.drain(..self.partial.len() - rest);
        } else {
            sink.slice(first);
            sink.slice(second);
        }
        chunk.commit_all();
        true
    }
}

impl Take for Reader {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        let backoff = Backoff::new();
        loop {
            // Asked before looking: what a writer left behind is there once it is gone.
            let over = self.rings.iter().all(|ring| ring.bytes.is_abandoned());
            let mut news = false;
            for ring in &mut self.rings {
                news |= ring.take(sink);
            }
            if news {
                backoff.reset();
            } else if over {
                return;
            } else if self.wake == Wake::Timer {
                std::thread::sleep(TIMER);
            } else {
                backoff.snooze();
            }
        }
    }
}
