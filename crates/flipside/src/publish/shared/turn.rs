//! A turn: one thread holds the writer, and makes the calls of all.

use std::any::Any;
use std::mem::{forget, take};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::desk::{Desk, Failed, Unpublished, lock};
use super::{Outcome, Policy};
use crate::publish::{Log, Operation, Pointer, PublishError, Straggler, Writer};

/// How long the holder waits for readers to leave before it looks again who is in the way.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How often it is tried to make a spoilt copy anew if its clone panics.
const CLONES: u32 = 3;

/// The writer in the hands of this thread. Dropped, by a panic too, it puts it back and wakes the callers.
pub(super) struct Turn<'d, P: Pointer> {
    desk: &'d Desk<P>,
    writer: Option<Writer<P>>,
    /// All calls with lesser tickets have been taken.
    taken: u64,
    /// The number of the look that it is at.
    look: u64,
}

impl<P: Pointer> Drop for Turn<'_, P> {
    fn drop(&mut self) {
        let mut state = lock(&self.desk.state);
        state.writer = self.writer.take();
        state.holder = 0;
        state.in_the_way = None;
        state.served = state.served.max(self.taken);
        state.version = self.desk.pointer.version();
        let is_awaited = state.asleep > 0;
        drop(state);
        if is_awaited {
            self.desk.bell.notify_all();
        }
    }
}

impl<'d, P, T, O, X> Turn<'d, P>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    pub(super) fn new(desk: &'d Desk<P>, writer: Writer<P>, look: u64) -> Self {
        Self { desk, writer: Some(writer), taken: 0, look }
    }

    fn writer(&mut self) -> &mut Writer<P> {
        self.writer.as_mut().expect("it is taken when this is dropped")
    }

    /// Waits until the back is nobody's, and brings it up to date. After this nothing waits until the flip.
    pub(super) fn prepare(&mut self) -> Result<(), Failed> {
        loop {
            match bring_up_to_date(self.writer()).map_err(Failed::Panic)? {
                Ok(()) => return Ok(()),
                Err(PublishError::Occupied(straggler)) if straggler.is_this_thread() => {
                    return Err(Failed::Error(PublishError::OwnReader(straggler)));
                }
                Err(PublishError::Occupied(straggler)) => self.wait(straggler)?,
                Err(error) => return Err(Failed::Error(error)),
            }
        }
    }

    /// Tells who is in the way, for it may be one of the callers, waits a little for him to leave, and begins another look.
    fn wait(&mut self, straggler: Straggler) -> Result<(), Failed> {
        let mut state = lock(&self.desk.state);
        state.in_the_way = Some((self.look, straggler));
        // If it is none of them they sleep on.
        let is_caller = state.calls.iter().any(|call| straggler.is_thread(call.thread));
        drop(state);
        if is_caller {
            self.desk.bell.notify_all();
        }
        match self.writer().vacate_timeout(LOOK_AGAIN) {
            Ok(()) | Err(PublishError::TimedOut { .. }) => {}
            Err(error) => return Err(Failed::Error(error)),
        }
        let mut state = lock(&self.desk.state);
        state.looks += 1;
        self.look = state.looks;
        Ok(())
    }

    /// Makes the calls that are there, and publishes if it is time.
    pub(super) fn make_all(&mut self) {
        let mut state = lock(&self.desk.state);
        state.in_the_way = None;
        let (calls, policy, published_at) = (take(&mut state.calls), state.policy, state.published_at);
        drop(state);
        let first = calls.front().map_or(0, |first| first.ticket);
        self.taken = calls.back().map_or(0, |last| last.ticket + 1);
        let mut publish = false;
        for call in calls {
            publish |= call.publish;
            (call.job)(self.writer());
        }
        let writer = self.writer();
        // A log with a bound does not outgrow it by more than one turn.
        publish |= writer.is_full();
        publish |= match policy {
            Policy::EveryCall => true,
            Policy::Every(operations) => writer.pending() >= operations,
            Policy::Interval(interval) => published_at.elapsed() >= interval,
            Policy::ByHand => false,
        };
        if publish && writer.pending() > 0 {
            // Everything is applied, and the back is vacant: this fails if the back is spoilt and cannot be made anew.
            let why = match catch_unwind(AssertUnwindSafe(|| writer.try_publish())) {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(Unpublished::Error(error)),
                Err(payload) => {
                    discard(payload);
                    Some(Unpublished::Panic)
                }
            };
            self.note(first, why);
        }
    }

    /// Notes that all was published, or which calls were not, and why.
    fn note(&self, first: u64, why: Option<Unpublished>) {
        let mut state = lock(&self.desk.state);
        match why {
            None => (state.published_at, state.unpublished) = (Instant::now(), None),
            Some(why) => {
                // Those of an earlier turn may not have been told yet.
                let first = state.unpublished.take().map_or(first, |(tickets, _)| tickets.start);
                state.unpublished = Some((first..self.taken, why));
            }
        }
    }
}

/// Makes one call, and its operations at once, so that if one panics it is known whose it is.
pub(super) fn make<P, T, O, X, R>(
    writer: &mut Writer<P>,
    call: impl FnOnce(&T, &mut Vec<O>) -> R,
) -> Outcome<R>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut operations = Vec::new();
        let result = call(writer.try_latest()?, &mut operations);
        writer.extend(operations);
        writer.try_latest()?;
        Ok(result)
    }));
    if outcome.is_err() {
        // Before the next call sees what was spoilt. If this fails that one does as well.
        if let Err(payload) = bring_up_to_date(writer) {
            discard(payload);
        }
    }
    outcome
}

/// Gives the back all that is in the log, whatever panics on the way.
///
/// An operation that panics is out of the log at the next try, and its caller has gone. It is `T::clone` that panics if the
/// log does not get shorter: then the panic comes back.
fn bring_up_to_date<P, T, O, X>(
    writer: &mut Writer<P>,
) -> Result<Result<(), PublishError>, Box<dyn Any + Send>>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    let (mut shortest, mut tries) = (usize::MAX, 0);
    loop {
        match catch_unwind(AssertUnwindSafe(|| writer.try_latest().map(|_| ()))) {
            Ok(outcome) => return Ok(outcome),
            Err(payload) if tries == CLONES => return Err(payload),
            Err(payload) => discard(payload),
        }
        let is_shorter = writer.log_len() < shortest;
        (shortest, tries) = if is_shorter { (writer.log_len(), 0) } else { (shortest, tries + 1) };
    }
}

/// Drops what a panic carried, which may panic as well.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        forget(another);
    }
}
