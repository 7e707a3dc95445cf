//! What the harness asks of a contender, and the list of them.
//!
//! All of them have the same shape of API: a writer hands over bytes that he keeps, so they are copied in; the
//! reader gets them as slices. All of them are lossless: a writer that finds no room waits. All of them own
//! about the same memory: two sides of [`Shape::side`] bytes, or as many slots as such two sides hold records.
//! (Two sides *for each writer*, if they are made that way: `flipside/per-writer` and `peer/rtrb`.)

pub(crate) mod channel;
pub(crate) mod crossbeam;
pub(crate) mod disruptor;
pub(crate) mod flipside;
pub(crate) mod flume;
pub(crate) mod frames;
pub(crate) mod kanal;
pub(crate) mod memcpy;
pub(crate) mod parking_lot;
pub(crate) mod rtrb;
pub(crate) mod std_mpsc;
pub(crate) mod std_mutex;
pub(crate) mod swapped;
pub(crate) mod thingbuf;

use std::time::Duration;

use crate::collect::run::{self, Paced};
use crate::collect::shape::Shape;

/// How long a reader that polls by timer sleeps when it has found nothing to do. The system adds its slack.
pub(crate) const TIMER: Duration = Duration::from_micros(200);

/// When the reader wakes up. Restraint is worth a factor, so each contender is timed with what serves it best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Takes whatever is there as soon as it is there.
    Eager,
    /// Sleeps until a side is half full.
    Half,
    /// Sleeps for [`TIMER`], then takes what is there.
    Timer,
    /// There is no reader.
    Nobody,
}

impl Wake {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Half => "half full",
            Self::Timer => "timer",
            Self::Nobody => "none",
        }
    }
}

/// A contender of the table `collect`.
pub(crate) trait Peer {
    /// As the contract spells it.
    const NAME: &'static str;
    /// The readers to choose from.
    const READERS: &'static [Wake];
    type Writer: Put + Send;
    type Reader: Take;

    /// A fresh collector for as many writers as the shape says, everything allocated.
    fn open(shape: &Shape, wake: Wake) -> (Vec<Self::Writer>, Self::Reader);

    /// Bytes that a [bulk](Sink::WALK) reader sees of a record of `len` bytes, framing included.
    fn framed(len: usize) -> usize;
}

/// A writer. Dropped when it has nothing more to say.
pub(crate) trait Put {
    /// Hands over a copy of `record`; waits while there is no room.
    fn put(&mut self, record: &[u8]);
}

/// The reader.
pub(crate) trait Take {
    /// Takes everything until all writers are gone.
    fn drain<S: Sink>(&mut self, sink: &mut S);
}

/// What the reader does with the bytes.
pub(crate) trait Sink {
    /// Whether it wants each record by itself, which only the check does. Otherwise whoever holds many records
    /// in one slice hands over that slice, framing and all, as it would be written to a file.
    const WALK: bool;
    /// The body of one record.
    fn record(&mut self, body: &[u8]);
    /// Bytes of many records.
    fn slice(&mut self, bytes: &[u8]);
}

/// A pass with an interval in nanoseconds.
pub(crate) type PacedPass = fn(&Shape, Wake, usize, f64) -> Paced;

/// A [`Peer`] behind function pointers, so that they fit into a list; inside, nothing is called indirectly.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) readers: &'static [Wake],
    /// Passes records that tell who they are, and looks at every byte of them.
    pub(crate) check: fn(&Shape, Wake, usize) -> Result<(), String>,
    /// Passes so many records per writer, as fast as it goes; asserts that all bytes arrived.
    pub(crate) timed: fn(&Shape, Wake, usize) -> Duration,
    /// Passes so many records per writer, one each so many nanoseconds. Not for those without a reader.
    pub(crate) paced: Option<PacedPass>,
}

impl Contender {
    const fn of<P: Peer>() -> Self {
        Self {
            name: P::NAME,
            readers: P::READERS,
            check: run::check::<P>,
            timed: run::timed::<P>,
            paced: Some(run::paced::<P>),
        }
    }
}

/// All contenders of `collect`, ours first. `peer/tracing-appender` takes lines from a subscriber and owns its
/// reader: it is measured where tracing is, not here.
pub(crate) const COLLECT: &[Contender] = &[
    Contender::of::<flipside::PerWriter>(),
    Contender::of::<flipside::Total>(),
    Contender::of::<parking_lot::ParkingLot>(),
    Contender::of::<std_mutex::StdMutex>(),
    Contender::of::<crossbeam::Crossbeam>(),
    Contender::of::<kanal::Kanal>(),
    Contender::of::<flume::Flume>(),
    Contender::of::<thingbuf::Thingbuf>(),
    Contender::of::<std_mpsc::StdMpsc>(),
    Contender::of::<disruptor::Disruptor>(),
    Contender::of::<rtrb::Rtrb>(),
    memcpy::MEMCPY,
];
