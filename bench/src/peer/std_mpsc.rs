//! The standard library's `sync_channel`, with a box per record.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use super::channel::{self, Dry};
use super::{Peer, Put, Sink, Take, Wake};
use crate::collect::shape::Shape;

pub(crate) struct StdMpsc;
pub(crate) struct Writer(SyncSender<Box<[u8]>>);
pub(crate) struct Reader(Receiver<Box<[u8]>>, Wake);

impl Peer for StdMpsc {
    const NAME: &'static str = "peer/std-mpsc";
    const READERS: &'static [Wake] = &[Wake::Eager, Wake::Timer];
    type Writer = Writer;
    type Reader = Reader;

    fn open(shape: &Shape, wake: Wake) -> (Vec<Writer>, Reader) {
        let (sender, receiver) = sync_channel(shape.slots());
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
        let try_recv = || {
            receiver.try_recv().map_err(|error| match error {
                TryRecvError::Empty => Dry::Empty,
                TryRecvError::Disconnected => Dry::Closed,
            })
        };
        channel::drain(*wake, || receiver.recv().ok(), try_recv, sink);
    }
}
