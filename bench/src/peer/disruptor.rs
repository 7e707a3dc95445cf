//! The disruptor crate: a ring of events, each a `Vec<u8>` that keeps its memory. Always the multi-producer
//! ring, for the number of writers of a collector is no part of its type.
//!
//! Its `publish` spins while the ring is full, which with more threads than cores takes the core from the very
//! reader it waits for. `try_publish` and a yield serve it better, so that is what is timed. The ring's size
//! must be a power of two and at least 64: it gets the next such number.

use crossbeam_utils::Backoff;
use disruptor::{
    BusySpin, EventPoller, MultiProducer, Polling, Producer, SingleConsumerBarrier, build_multi_producer,
};

use super::{Peer, Put, Sink, TIMER, Take, Wake};
use crate::collect::shape::Shape;

pub(crate) struct Disruptor;
pub(crate) struct Writer(MultiProducer<Vec<u8>, SingleConsumerBarrier>);
pub(crate) struct Reader(EventPoller<Vec<u8>, disruptor::MultiProducerBarrier>, Wake);

impl Peer for Disruptor {
    const NAME: &'static str = "peer/disruptor";
    const READERS: &'static [Wake] = &[Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        let longest = shape.longest();
        let slots = shape.slots().next_power_of_two().max(64);
        // The wait strategy is for managed consumer threads; a poller has none.
        let builder = build_multi_producer(slots, || Vec::with_capacity(longest), BusySpin);
        let (poller, builder) = builder.new_event_poller();
        let producer = builder.build();
        let writers = (0..shape.writers).map(|_| Writer(producer.clone())).collect();
        (writers, Reader(poller, wake))
    }

    fn framed(len: usize) -> usize {
        len
    }
}

impl Put for Writer {
    #[inline]
    fn put(&mut self, record: &[u8]) {
        let backoff = Backoff::new();
        let fill = |event: &mut Vec<u8>| {
            event.clear();
            event.extend_from_slice(record);
        };
        while self.0.try_publish(fill).is_err() {
            backoff.snooze();
        }
    }
}

impl Take for Reader {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        let Self(poller, wake) = self;
        let backoff = Backoff::new();
        loop {
            match poller.poll() {
                Ok(mut events) => {
                    for event in &mut events {
                        sink.record(event);
                    }
                    backoff.reset();
                }
                Err(Polling::NoEvents) if *wake == Wake::Timer => std::thread::sleep(TIMER),
                Err(Polling::NoEvents) => backoff.snooze(),
                Err(Polling::Shutdown) => return,
            }
        }
    }
}
