//! A turn: one thread holds the writer, and makes the calls of all.

use std::any::Any;
use std::mem::{forget, swap, take};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::desk::{Desk, Failed, Unpublished, lock};
use super::slot::{Ask, Call, Slot};
use crate::publish::{Log, Operation, Pointer, PublishError, Straggler, Writer};
use crate::substrate::atomic::Ordering::Relaxed;

/// How long the holder waits for readers to leave before it looks again who is in the way.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// How often it is tried to make a spoilt copy anew if its clone panics.
const CLONES: u32 = 3;

/// What a turn begins with.
pub(super) struct Begun<P: Pointer> {
    pub(super) writer: Writer<P>,
    pub(super) look: u64,
    /// So many operations are published. `None`: it is a matter of time.
    pub(super) enough: Option<usize>,
}

/// The writer in the hands of this thread. Dropped, by a panic too, it puts it back and wakes the callers.
pub(super) struct Turn<'d, P: Pointer> {
    desk: &'d Desk<P>,
    writer: Option<Writer<P>>,
    enough: Option<usize>,
    /// The number of the look that it is at.
    look: u64,
    /// From the first call that was taken up to the last: all with lesser tickets have been served.
    taken: Range<u64>,
    /// Those that are to be made; between times, room for them.
    calls: Vec<Call<P>>,
    publish: Publish,
}

/// Whether what was made has been published.
enum Publish {
    NotYet,
    /// It has, and this was the time, if the policy asks for it.
    Done(Option<Instant>),
    Failed(Unpublished),
}

impl<P: Pointer> Drop for Turn<'_, P> {
    #[inline]
    fn drop(&mut self) {
        let mut state = lock(&self.desk.state);
        state.writer = self.writer.take();
        state.holder = 0;
        state.in_the_way = None;
        state.served = state.served.max(self.taken.end);
        state.version = self.desk.pointer.version();
        match self.publish {
            Publish::NotYet => {}
            Publish::Done(now) => {
                state.unpublished = None;
                if let Some(now) = now {
                    state.published_at = now;
                }
            }
            // Those of an earlier turn may not have been told yet.
            Publish::Failed(why) if !self.taken.is_empty() => {
                let first = state.unpublished.take().map_or(self.taken.start, |(tickets, _)| tickets.start);
                state.unpublished = Some((first..self.taken.end, why));
            }
            Publish::Failed(_) => {}
        }
        if self.calls.capacity() > 0 {
            state.room = take(&mut self.calls);
        }
        self.desk.tell(&mut state);
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
    #[inline]
    pub(super) fn new(desk: &'d Desk<P>, Begun { writer, look, enough }: Begun<P>) -> Self {
        Self {
            desk,
            writer: Some(writer),
            enough,
            look,
            taken: 0..0,
            calls: Vec::new(),
            publish: Publish::NotYet,
        }
    }

    fn writer(&mut self) -> &mut Writer<P> {
        self.writer.as_mut().expect("it is taken when this is dropped")
    }

    /// Makes a call of this thread, then those that have come meanwhile, and publishes if it is time.
    #[inline]
    pub(super) fn make_own<C: Ask<T, O>>(mut self, slot: &mut Slot<C, C::Answer>) -> Result<(), Failed> {
        make(self.writer(), slot);
        if slot.call.is_some() {
            self.make_late(slot)?;
        }
        let is_asked = self.make_waiting();
        self.publish(is_asked).map_err(Failed::from)
    }

    /// Makes a call of this thread that could not be made at once, for no fault of its own.
    #[cold]
    fn make_late<C: Ask<T, O>>(&mut self, slot: &mut Slot<C, C::Answer>) -> Result<(), Failed> {
        if let Some(Failed::Panic(payload)) = slot.failed.take() {
            discard(payload);
        }
        self.prepare()?;
        make(self.writer(), slot);
        Ok(())
    }

    /// Makes all calls, then those that have come meanwhile, and publishes if it is time.
    pub(super) fn make_all(mut self) {
        let mut is_asked = self.make_those_there();
        is_asked |= self.make_waiting();
        // Each of the callers is told.
        let _ = self.publish(is_asked);
    }

    /// Publishes what was called for. The version.
    pub(super) fn publish_all(mut self) -> Result<u64, Failed> {
        if self.writer().pending() > 0 {
            self.prepare()?;
            self.make_waiting();
            self.publish(true)?;
        }
        Ok(self.writer().version())
    }

    /// Waits until the back is nobody's, and brings it up to date. After this nothing waits until the flip.
    pub(super) fn prepare(&mut self) -> Result<(), Failed> {
        let mut has_waited = false;
        loop {
            match bring_up_to_date(self.writer()).map_err(Failed::Panic)? {
                Ok(()) if has_waited => {
                    lock(&self.desk.state).in_the_way = None;
                    return Ok(());
                }
                Ok(()) => return Ok(()),
                Err(PublishError::Occupied(straggler)) if straggler.is_this_thread() => {
                    return Err(Failed::Error(PublishError::OwnReader(straggler)));
                }
                Err(PublishError::Occupied(straggler)) => {
                    self.wait(straggler)?;
                    has_waited = true;
                }
                Err(error) => return Err(Failed::Error(error)),
            }
        }
    }

    /// Tells who is in the way, for it may be one of the callers, waits a little for him to leave, and begins another look.
    #[cold]
    fn wait(&mut self, straggler: Straggler) -> Result<(), Failed> {
        let mut state = lock(&self.desk.state);
        state.in_the_way = Some((self.look, straggler));
        self.desk.tell(&mut state);
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

    /// Makes the calls that have come meanwhile, if it seems that there are any. Whether one asks for a publish.
    #[inline]
    fn make_waiting(&mut self) -> bool {
        // Relaxed: a hint. Who is not seen here makes his call himself, when the writer is put back.
        self.desk.waiting.load(Relaxed) > 0 && self.make_those_there()
    }

    /// Makes the calls that are there. Whether one asks for a publish.
    fn make_those_there(&mut self) -> bool {
        let mut state = lock(&self.desk.state);
        if self.calls.capacity() == 0 {
            self.calls = take(&mut state.room);
        }
        swap(&mut state.calls, &mut self.calls);
        self.desk.waiting.store(0, Relaxed);
        drop(state);
        let (Some(first), Some(last)) = (self.calls.first(), self.calls.last()) else { return false };
        let start = if self.taken.is_empty() { first.ticket } else { self.taken.start };
        self.taken = start..last.ticket + 1;
        let (mut is_asked, mut calls) = (false, take(&mut self.calls));
        for call in calls.drain(..) {
            match call.job {
                Some(job) => job.make(self.writer()),
                None => is_asked = true,
            }
        }
        self.calls = calls;
        is_asked
    }

    /// Publishes if it is time, or somebody asks for it.
    #[inline]
    fn publish(&mut self, is_asked: bool) -> Result<(), Unpublished> {
        let (is_time, now) = match self.enough {
            Some(enough) => (self.writer().pending() >= enough, None),
            None => {
                let now = lock(&self.desk.state).is_time();
                (now.is_some(), now)
            }
        };
        let writer = self.writer();
        // A log with a bound does not outgrow it by more than one turn.
        if writer.pending() == 0 || !(is_time || is_asked || writer.is_full()) {
            return Ok(());
        }
        // Everything is applied, and the back is vacant: this fails if the back is spoilt and cannot be made anew.
        let why = match catch_unwind(AssertUnwindSafe(|| writer.try_publish())) {
            Ok(Ok(_)) => {
                self.publish = Publish::Done(now);
                return Ok(());
            }
            Ok(Err(error)) => Unpublished::Error(error),
            Err(payload) => {
                discard(payload);
                Unpublished::Panic
            }
        };
        self.publish = Publish::Failed(why);
        Err(why)
    }
}

/// Makes one call, and its operations at once, so that if one panics it is known whose it is. It stays in its slot if it
/// cannot be made.
#[inline]
pub(super) fn make<P, T, O, X, C>(writer: &mut Writer<P>, slot: &mut Slot<C, C::Answer>)
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
    C: Ask<T, O>,
{
    let made = catch_unwind(AssertUnwindSafe(|| {
        writer.make(|latest, operations| {
            slot.answer = Some(C::make(&mut slot.call, latest, operations));
        })
    }));
    match made {
        Ok(Ok(())) => {}
        Ok(Err(error)) => slot.failed = Some(Failed::Error(error)),
        Err(payload) => {
            slot.failed = Some(Failed::Panic(payload));
            if slot.call.is_none() {
                repair(writer);
            }
        }
    }
}

/// Before the next call sees what was spoilt. If this fails that one does as well.
#[cold]
fn repair<P, T, O, X>(writer: &mut Writer<P>)
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    if let Err(payload) = bring_up_to_date(writer) {
        discard(payload);
    }
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
