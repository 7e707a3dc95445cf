//! What the channels have in common: records of variable size travel as `Box<[u8]>`, one allocation each, for
//! that is what their users write. (The two that recycle their slots, thingbuf and disruptor, do without.)

use super::{Sink, TIMER, Wake};

/// Both ways to see a channel that ran dry.
pub(crate) enum Dry {
    /// Nothing at present.
    Empty,
    /// All senders are gone.
    Closed,
}

/// Receives until the senders are gone: `recv` blocks and gives `None` then, `try_recv` does not block.
///
/// A blocking receiver spins and parks as its library sees fit. The restrained one empties the channel, then
/// sleeps.
pub(crate) fn drain<T: AsRef<[u8]>>(
    wake: Wake,
    mut recv: impl FnMut() -> Option<T>,
    mut try_recv: impl FnMut() -> Result<T, Dry>,
    sink: &mut impl Sink,
) {
    if wake != Wake::Timer {
        while let Some(record) = recv() {
            sink.record(record.as_ref());
        }
        return;
    }
    loop {
        match try_recv() {
            Ok(record) => sink.record(record.as_ref()),
            Err(Dry::Empty) => std::thread::sleep(TIMER),
            Err(Dry::Closed) => return,
        }
    }
}
