//! kanal, bounded, with a box per record.

use kanal::{Receiver, Sender, bounded};

use super::channel::{self, Dry};
use super::{Peer, Put, Sink, Take, Wake};
use crate::collect::shape::Shape;

pub(crate) struct Kanal;
pub(crate) struct Writer(Sender<Box<[u8]>>);
pub(crate) struct Reader(Receiver<Box<[u8]>>, Wake);

impl Peer for Kanal {
    const NAME: &'static str = "peer/kanal";
    const READERS: &'static [Wake] = &[Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        let (sender, receiver) = bounded(shape.slots());
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
        self.0.send(record.into()).expect("the reader outlives us");
    }
}

impl Take for Reader {
    fn drain<S: Sink>(&mut self, sink: &mut S) {
        let Self(receiver, wake) = self;
        let try_recv = || match receiver.try_recv() {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(Dry::Empty),
            Err(_) => Err(Dry::Closed),
        };
        channel::drain(*wake, || receiver.recv().ok(), try_recv, sink);
    }
}
