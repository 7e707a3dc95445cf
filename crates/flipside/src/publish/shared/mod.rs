//! Many writers: calls that are made by whoever holds the writer.
//!
//! For: several threads that change the same thing, each a little: counts, sessions, registrations.
//!
//! When not: where one thread writes anyhow (a [`Writer`] of its own costs nothing), or where each thread writes to keys
//! of its own all the time (a sharded map).
//!
//! The idea is flat combining (Hendler, Incze, Shavit, Tzafrir: *Flat Combining and the Synchronization-Parallelism
//! Tradeoff*, SPAA 2010): instead of taking turns with the lock, each puts down what it wants, and one does it for all.
//! Who finds nobody there makes his call himself, at once.
//!
//! # Cost
//!
//! A call that meets nobody takes a short lock twice, and otherwise costs what the [`Writer`] costs; it allocates nothing,
//! but for a closure that leaves several operations. A call that is queued is put into one allocation; its thread spins a
//! little before it sleeps (with [`Asymmetric`](super::strategy::Asymmetric), whose publish would interrupt it each time,
//! it sleeps at once). The clock is asked only by a [`Policy::Interval`].
//!
//! # What a call may wait for
//!
//! A call returns when it has been made, whoever made it, and (by the [`Policy`]) published. Meanwhile its thread makes
//! the calls of others, or sleeps. It waits for the thread that holds the writer, and with it
//! - for the closures and operations of the calls before it and beside it. **They run on any of the calling threads, but
//!   never under a lock of ours.** A closure that waits for another call of the same writer waits for ever; one that makes
//!   such a call itself has an error, as has a destructor or a waker that is run meanwhile:
//!   [`OwnCall`](crate::publish::PublishError::OwnCall);
//! - for readers who entered before the publish before, as [`Writer::publish`] does. If it is the *calling* thread that is
//!   inside, with a guard or a pinned reader, the call is withdrawn, with
//!   [`OwnReader`](crate::publish::PublishError::OwnReader). Other threads must leave: a thread that holds a guard while
//!   it waits (on a lock, a channel, a join) for one that calls here may wait for ever.
//!
//! Who holds the writer makes the calls that are there when he begins, and once more those that have come meanwhile, and no
//! more: nobody works for others for ever.
//!
//! # Panics
//!
//! A panic in a closure or in an operation is carried to the caller whose it was, and goes on there. Nobody else sees it;
//! the copy is made anew, as [`Writer`] says. (When a panic comes late, the second time that an operation is made, its
//! caller has gone, and only the other copy is made anew.)

mod desk;
#[cfg(all(test, not(flipside_loom)))]
mod shared_tests;
mod slot;
#[cfg(all(test, not(flipside_loom)))]
mod storm_tests;
mod turn;
#[cfg(all(test, not(flipside_loom)))]
mod turn_tests;

use core::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::desk::{Desk, Failed, lock};
use self::slot::{Ask, One, Slot};
use self::turn::Turn;
use super::{Log, Operation, Pointer, PublishError, SetError, Source, Writer};

/// When what was called for is published.
///
/// Whatever it says, a log that has come to its [bound](Log::with_bound) is published; one without grows until somebody
/// publishes. **Nothing is published at the end**: what is still in the log when the last [`SharedWriter`] is dropped stays
/// there, unseen, for the next writer of the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Before the call returns. Calls that are made together are published together.
    #[default]
    EveryCall,
    /// When there are so many unpublished operations.
    Every(usize),
    /// When the last time is so long ago, or when this has been the policy for so long. This is looked at when somebody
    /// calls; there is no thread that would do it.
    Interval(Duration),
    /// By [`SharedWriter::publish`].
    ByHand,
}

/// A writer for any number of threads: clonable, and used by `&self`. See the [module](self) for what a call waits for.
///
/// It is made of the writer of any log.
///
/// ```
/// use flipside::publish::{self, Edit, SharedWriter, map};
///
/// let (writer, reader) = map::new();
/// let votes = SharedWriter::new(writer);
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         let votes = votes.clone();
///         scope.spawn(move || {
///             votes.call(|votes, edits| {
///                 // What is read here nobody changes before the edits are made: no vote is lost.
///                 let before = votes.get("ada").copied().unwrap_or(0);
///                 edits.push(Edit::put(("ada", before + 1)));
///                 before
///             })
///         });
///     }
/// });
/// assert_eq!(reader.get_cloned("ada"), Some(4));
/// ```
pub struct SharedWriter<P: Pointer> {
    desk: Arc<Desk<P>>,
}

impl<P, T, O, X> SharedWriter<P>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
{
    /// Shares this writer. Publishes every call.
    #[must_use]
    pub fn new(writer: Writer<P>) -> Self {
        Self::with_policy(writer, Policy::default())
    }

    /// Shares this writer, with this policy.
    #[must_use]
    pub fn with_policy(writer: Writer<P>, policy: Policy) -> Self {
        Self { desk: Arc::new(Desk::new(writer, policy)) }
    }

    /// Calls a closure with the newest state, published or not, and then makes the operations that it leaves. What the
    /// closure returns comes back.
    ///
    /// Nothing is changed between the closure and its operations. It may be called by another thread. See
    /// [`SharedWriter`] for an example.
    ///
    /// # Errors
    ///
    /// [`PublishError::OwnReader`] if this thread is inside of the copy that is to be written;
    /// [`OwnCall`](PublishError::OwnCall) if it is making a call of the same writer;
    /// [`Refused`](PublishError::Refused), [`Poisoned`](PublishError::Poisoned). Then the closure was not called, or (if
    /// the writer was poisoned by a call beside this one) what it asked for is in the log and will not be seen.
    ///
    /// # Panics
    ///
    /// If the closure does, and then nothing has changed; if one of its operations does, and then the others are made; if
    /// the copy that was spoilt by a panic cannot be made anew, because `T::clone` panics (then what was made lies in the
    /// log, for the next publish).
    pub fn call<R: Send + 'static>(
        &self,
        call: impl FnOnce(&T, &mut Vec<O>) -> R + Send + 'static,
    ) -> Result<R, PublishError> {
        self.hand_in(call).map_err(|(error, _)| error)
    }

    /// Makes an operation.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), with the operation, if it was not taken.
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn apply(&self, operation: O) -> Result<(), SetError<Option<O>>>
    where
        O: Send + 'static,
    {
        self.hand_in(One(operation))
            .map_err(|(error, call)| SetError { error, value: call.map(|One(operation)| operation) })
    }

    /// Publishes what was called for, whatever the policy says. The number of the version. If nothing waits to be published
    /// it does nothing, as [`Writer::publish`].
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Panics
    ///
    /// As [`call`](Self::call).
    pub fn publish(&self) -> Result<u64, PublishError> {
        let published = match self.desk.arrive()? {
            Some(begun) => Turn::new(&self.desk, begun).publish_all(),
            None => self.desk.queue(None),
        };
        match published {
            Ok(version) => Ok(version),
            Err(Failed::Error(error)) => Err(error),
            Err(Failed::Panic(payload)) => resume_unwind(payload),
        }
    }

    /// Makes the call, or puts it on the desk, and comes back with what came of it. With an error comes the call, if it was
    /// not made.
    #[inline]
    fn hand_in<C>(&self, call: C) -> Result<C::Answer, (PublishError, Option<C>)>
    where
        C: Ask<T, O, Answer: Send + 'static> + Send + 'static,
    {
        let arrived = self.desk.arrive();
        // Not before: what the caller has just put together is still on its way to memory, and here it is moved.
        let mut slot = Slot { call: Some(call), answer: None, failed: None };
        let served = match arrived {
            Ok(Some(begun)) => Turn::new(&self.desk, begun).make_own(&mut slot),
            Ok(None) => self.desk.queue_call(&mut slot),
            Err(error) => Err(Failed::Error(error)),
        };
        match (slot.failed, served) {
            // Its own panic goes before what became of the others.
            (Some(Failed::Panic(payload)), _) | (_, Err(Failed::Panic(payload))) => resume_unwind(payload),
            (_, Err(Failed::Error(error))) | (Some(Failed::Error(error)), _) => Err((error, slot.call)),
            (None, Ok(())) => Ok(slot.answer.expect("a call that is served is made")),
        }
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> Policy {
        lock(&self.desk.state).policy
    }

    /// Changes the policy, for the calls that follow.
    pub fn set_policy(&self, policy: Policy) {
        let now = Instant::now();
        let mut state = lock(&self.desk.state);
        if !matches!(state.policy, Policy::Interval(_)) {
            state.published_at = now;
        }
        state.policy = policy;
    }

    /// Where readers come from.
    #[must_use]
    pub fn source(&self) -> Source<P> {
        Source::new(self.desk.pointer.clone())
    }

    /// The writer, if this is the last to share it. What was not published is in its log.
    ///
    /// # Errors
    ///
    /// This, if it is not the last.
    pub fn into_writer(self) -> Result<Writer<P>, Self> {
        Arc::try_unwrap(self.desk).map(Desk::into_writer).map_err(|desk| Self { desk })
    }
}

impl<P: Pointer> Clone for SharedWriter<P> {
    fn clone(&self) -> Self {
        Self { desk: self.desk.clone() }
    }
}

impl<P: Pointer> fmt::Debug for SharedWriter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWriter").field("version", &self.desk.pointer.version()).finish_non_exhaustive()
    }
}
