//! thingbuf's blocking channel. It recycles its slots, so a record is copied into a `Vec<u8>` that is already
//! there and nothing is allocated.

use thingbuf::mpsc::blocking::{Receiver, Sender, with_recycle};
use thingbuf::mpsc::errors::TryRecvError;
use thingbuf::recycling::Recycle;

use super::{Peer, Put, Sink, TIMER, Take, Wake};
use crate::collect::shape::Shape;

pub(crate) struct Thingbuf;
pub(crate) struct Writer(Sender<Vec<u8>, Slots>);
pub(crate) struct Reader(Receiver<Vec<u8>, Slots>, Wake);

/// Slots keep their memory and have room for the largest record from the start.
pub(crate) struct Slots(usize);

impl Recycle<Vec<u8>> for Slots {
    fn new_element(&self) -> Vec<u8> {
        Vec::with_capacity(self.0)
    }

    fn recycle(&self, element: &mut Vec<u8>) {
        element.clear();
    }
}

impl Peer for Thingbuf {
    const NAME: &'static str = "peer/thingbuf";
    const READERS: &'static [Wake] = &[Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        let (sender, receiver) = with_recycle(shape.slots(), Slots(shape.longest()));
        let writers = (0..shape.writers).map(|_| Writer(sender.clone())).collect();
        (writers, Reader(receiver, wake))
    }

    fn framed(len: usize) -> usize {
        len
    }
}

impl Put for Writer {
    #[inline]
    fn put(&mut self, record: &[u8]) {
        let mut slot = self.0.send_ref().expect("the reader outlives us");
        slot.extend_from_slice(record);
    }
}

impl Take for Reader {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        let Self(receiver, wake) = self;
        if *wake != Wake::Timer {
            while let Some(record) = receiver.recv_ref() {
                sink.record(&record);
            }
            return;
        }
        loop {
            match receiver.try_recv_ref() {
                Ok(record) => sink.record(&record),
                Err(TryRecvError::Closed) => return,
                Err(_) => std::thread::sleep(TIMER),
            }
        }
    }
}
