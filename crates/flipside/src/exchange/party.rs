//! Parties, before they start, and the threads that they run on.

use core::fmt;
use core::time::Duration;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Instant;
use std::vec::Vec;

use super::barrier::Either;
use super::error::{Cause, JoinError};
use super::memory::Memory;
use super::pin::pin;
use super::round::Round;
use super::shared::{Seat, Shared};

/// A party that has not started. Send it to its thread, and [start](Self::start) it there.
///
/// Dropped, it ends the exchange for all, in the first round.
#[derive(Debug)]
#[must_use = "dropped, it ends the exchange for all"]
pub struct Party<M: Memory, R: Send + Sync = ()> {
    seat: Seat<M, R>,
}

impl<M: Memory, R: Send + Sync> Party<M, R> {
    pub(super) fn new(shared: Arc<Shared<M, R>>, rank: usize, start: u64) -> Self {
        Self { seat: Seat::new(shared, rank, start) }
    }

    /// The number of this party, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.seat.rank
    }

    /// Round 0. Pins this thread, if there is a [list](super::Setup::pin) that says where.
    ///
    /// ```
    /// use flipside::exchange;
    /// use std::thread;
    ///
    /// let parties = exchange::parties(2).segment(1, |_, _| 0).build()?;
    /// let threads: Vec<_> = parties
    ///     .into_iter()
    ///     .map(|party| {
    ///         thread::spawn(move || {
    ///             let mut round = party.start();
    ///             round.own()[0] = round.rank() + 1;
    ///             round.publish().wait().map(|round| round.view().all().to_vec())
    ///         })
    ///     })
    ///     .collect();
    /// for thread in threads {
    ///     assert_eq!(thread.join().unwrap(), Ok(vec![1, 2]));
    /// }
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    pub fn start(self) -> Round<M, R> {
        started(self.seat)
    }

    /// Where more parties come from.
    #[must_use]
    pub fn entrance(&self) -> Entrance<M, R> {
        Entrance::new(Arc::clone(&self.seat.shared))
    }
}

fn started<M: Memory, R: Send + Sync>(seat: Seat<M, R>) -> Round<M, R> {
    if let Some(processor) = seat.shared.pins.get(seat.rank) {
        // The list was checked; where a processor has gone since, the thread runs where it may.
        pin(*processor);
    }
    if let Some(recorder) = &seat.shared.recorder {
        recorder.started(seat.rank);
    }
    Round { seat }
}

/// Runs each party on a thread of its own, until all have returned: what they returned, in the order of their ranks.
///
/// # Panics
///
/// If a closure does, with what the one panicked with that was the first to; if a thread cannot be started.
pub fn scope<M: Memory, R: Send + Sync, O: Send>(
    parties: Vec<Party<M, R>>,
    run: impl Fn(Round<M, R>) -> O + Sync,
) -> Vec<O> {
    let shared = parties.first().map(|party| Arc::clone(&party.seat.shared));
    let run = &run;
    let mut ends: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = parties
            .into_iter()
            .map(|party| {
                let rank = party.rank();
                (rank, scope.spawn(move || run(party.start())))
            })
            .collect();
        threads.into_iter().map(|(rank, thread)| (rank, thread.join())).collect()
    });
    // Who panicked because another one did is not who is to blame.
    if let Some(first) = shared.and_then(|shared| shared.death.first())
        && matches!(first.cause, Cause::Panicked | Cause::Step)
        && let Some(at) = ends.iter().position(|(rank, end)| *rank == first.rank && end.is_err())
    {
        ends.swap(0, at);
    }
    let mut outputs: Vec<_> = ends
        .into_iter()
        .map(|(rank, end)| (rank, end.unwrap_or_else(|payload| resume_unwind(payload))))
        .collect();
    outputs.sort_by_key(|(rank, _)| *rank);
    outputs.into_iter().map(|(_, output)| output).collect()
}

/// Where parties come from that [join](Self::join) later.
pub struct Entrance<M: Memory, R: Send + Sync = ()> {
    shared: Arc<Shared<M, R>>,
}

impl<M: Memory, R: Send + Sync> Entrance<M, R> {
    pub(super) fn new(shared: Arc<Shared<M, R>>) -> Self {
        Self { shared }
    }

    /// Joins at the next round that is complete. The new party sees that round, and publishes in the next. Waits for the
    /// parties that are there; if all have [left](Round::leave), it goes on alone.
    ///
    /// ```
    /// use flipside::exchange;
    /// use std::thread;
    ///
    /// let [party] = <[_; 1]>::try_from(exchange::parties(1).room(1).contributing(|_| 1).build()?).unwrap();
    /// let entrance = party.entrance();
    /// let second = thread::spawn(move || entrance.join()?.publish_with(2).wait().map_err(exchange::JoinError::Poisoned));
    /// let mut round = party.start();
    /// while round.view().contributions().count() < 2 || round.view().sum() < 3 {
    ///     round = round.publish_with(1).wait().expect("nobody dies");
    /// }
    /// second.join().unwrap().expect("there is room").leave();
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JoinError::Full`] at once; [`JoinError::Poisoned`] if the exchange is over.
    pub fn join(&self) -> Result<Round<M, R>, JoinError> {
        self.join_until(None)
    }

    /// As [`join`](Self::join), for this time at most.
    ///
    /// # Errors
    ///
    /// As `join`, and [`JoinError::TimedOut`].
    pub fn join_timeout(&self, timeout: Duration) -> Result<Round<M, R>, JoinError> {
        self.join_until(Instant::now().checked_add(timeout))
    }

    fn join_until(&self, deadline: Option<Instant>) -> Result<Round<M, R>, JoinError> {
        let no_room = || match self.shared.death.first() {
            Some(poisoned) => JoinError::Poisoned(poisoned),
            None => JoinError::Full { parties: self.shared.memory.parties() },
        };
        let Either::Central(barrier) = &self.shared.barrier else { return Err(no_room()) };
        let wish = barrier.ask_to_join().ok_or_else(no_room)?;
        loop {
            let is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            match barrier.admitted(&wish) {
                Ok(Some(round)) => return Ok(started(Seat::new(self.shared.clone(), wish.rank, round))),
                Err(_) if barrier.withdraw(&wish) => {
                    let death = self.shared.death.first();
                    return Err(JoinError::Poisoned(
                        death.expect("the barrier learns of a death after this does"),
                    ));
                }
                Ok(None) if is_late && barrier.withdraw(&wish) => return Err(JoinError::TimedOut),
                // Admitted in this very moment, if it could not be withdrawn.
                Ok(None) if is_late => thread::yield_now(),
                Ok(None) => barrier.sleep_till_admitted(&wish, deadline),
                Err(_) => thread::yield_now(),
            }
        }
    }
}

impl<M: Memory, R: Send + Sync> Clone for Entrance<M, R> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<M: Memory, R: Send + Sync> fmt::Debug for Entrance<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entrance").field("ranks", &self.shared.memory.parties()).finish_non_exhaustive()
    }
}
