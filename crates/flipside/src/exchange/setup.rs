//! What an exchange is made of.

use core::cell::UnsafeCell;
use core::fmt;
use std::boxed::Box;
use std::sync::Arc;
use std::thread;
use std::vec::Vec;

use super::barrier::{Central, Either, Flags, Neighbours};
use super::error::SetupError;
use super::memory::Memory;
use super::parties::{MOST, few_enough};
use super::party::{Party, scope};
use super::pin;
use super::profile::{Profile, Recorder};
use super::round::Round;
use super::shared::{Contributions, Death, Shared, Step};
use super::view::View;
use super::waiting::{Policy, Waiting};

/// Which barrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// Flags, if there are no more parties than processors, or there are neighbours; else, and with room or a step, the
    /// central one.
    #[default]
    Auto,
    /// [`Flags`](super::Flags).
    Flags,
    /// [`Central`](super::Central).
    Central,
}

/// An exchange in the making.
#[must_use = "it is not an exchange before it is built"]
pub struct Setup<M: Memory, R: Send + Sync = ()> {
    parties: usize,
    room: usize,
    memory: Result<M, SetupError>,
    contributions: Result<Contributions<R>, SetupError>,
    choice: Choice,
    waiting: Waiting,
    neighbours: Option<Vec<Vec<usize>>>,
    pins: Vec<usize>,
    recorder: Option<Recorder>,
    step: Option<Step<M, R>>,
    start: u64,
}

impl<M: Memory> Setup<M> {
    pub(super) fn new(parties: usize, room: usize, memory: Result<M, SetupError>) -> Self {
        let contributions = contributions(parties.saturating_add(room), |_| ());
        Self {
            parties,
            room,
            memory,
            contributions,
            choice: Choice::Auto,
            waiting: Waiting::Adaptive,
            neighbours: None,
            pins: Vec::new(),
            recorder: None,
            step: None,
            start: 0,
        }
    }

    /// Each party contributes a value to each round ([`Round::publish_with`]), and sees those of all
    /// ([`View::contributions`]): a sum, a maximum, a vote whether to go on, without another barrier. Those of round 0 are made
    /// by `contribution(rank)`, which is called three times for each party: contributions have three sides, whatever segments have.
    ///
    /// # Panics
    ///
    /// If it comes after [`step`](Self::step), which sees the contributions.
    #[track_caller]
    pub fn contributing<R: Send + Sync>(self, contribution: impl FnMut(usize) -> R) -> Setup<M, R> {
        assert!(self.step.is_none(), "`contributing` comes before `step`");
        let ranks = self.parties.saturating_add(self.room);
        let Self { parties, room, memory, choice, waiting, neighbours, pins, recorder, start, .. } = self;
        let contributions = contributions(ranks, contribution);
        let step = None;
        Setup {
            parties,
            room,
            memory,
            contributions,
            choice,
            waiting,
            neighbours,
            pins,
            recorder,
            step,
            start,
        }
    }
}

impl<M: Memory, R: Send + Sync> Setup<M, R> {
    /// Whose segments each party sees in [narrow rounds](Round::narrow), beside its own; who is listed twice counts once. Needs
    /// flags.
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// // Bands of a picture: each sees the one above and the one below.
    /// let bands = 8;
    /// let setup = exchange::parties(bands)
    ///     .segment(1000, |_, _| 0u8)
    ///     .neighbours(|rank| [rank.checked_sub(1), Some(rank + 1).filter(|below| *below < bands)].into_iter().flatten());
    /// assert_eq!(setup.build()?.len(), bands);
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    pub fn neighbours<N: IntoIterator<Item = usize>>(mut self, mut of: impl FnMut(usize) -> N) -> Self {
        self.neighbours =
            Some((0..self.parties.min(MOST)).map(|rank| of(rank).into_iter().collect()).collect());
        self
    }

    /// Which barrier.
    pub fn barrier(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// How parties wait.
    pub fn waiting(mut self, waiting: Waiting) -> Self {
        self.waiting = waiting;
        self
    }

    /// Where parties run: the party of rank `r` on the processor `processors[r]`, from its [start](Party::start) on.
    pub fn pin(mut self, processors: impl IntoIterator<Item = usize>) -> Self {
        self.pins = processors.into_iter().collect();
        self
    }

    /// Measures who computes and who waits, and keeps the last `rounds` rounds (65,536 at most) for a [picture](Profile::svg); with
    /// 0, only what a [report](Profile::report) needs. Takes two looks at the clock a round from each party; without it, nothing. The
    /// memory, which is taken now: [`Profile`](Profile#cost). Called twice, the later one records.
    ///
    /// ```
    /// use flipside::exchange;
    ///
    /// let (setup, profile) = exchange::parties(4).contributing(|_| 0).profile(100);
    /// setup.scope(|mut round| {
    ///     // The party of rank 3 has much more to do.
    ///     let work = if round.rank() == 3 { 100_000 } else { 1 };
    ///     for _ in 0..10 {
    ///         let found = (0..work).filter(|number| number % 7 == 3).count();
    ///         round = round.publish_with(found).wait().expect("nobody dies");
    ///     }
    /// })?;
    /// println!("{}", profile.report());
    /// let picture = profile.svg();
    /// # assert!(picture.ends_with("</svg>\n"));
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    pub fn profile(mut self, rounds: usize) -> (Self, Profile) {
        // What cannot be built has no ranks to record: `build` says so.
        let is_possible = self.memory.is_ok() && self.contributions.is_ok();
        let ranks = if is_possible { self.parties.saturating_add(self.room) } else { 0 };
        let (recorder, profile) = Recorder::new(ranks, rounds, processors());
        self.recorder = Some(recorder);
        (self, profile)
    }

    /// What the last party that arrives at a round does for all, before anybody sees it: a snapshot, a message to another
    /// machine. Needs the central barrier. If it panics the exchange is over. When the last party leaves it makes the step of a
    /// round that nobody is in any more. It is shared with threads of no known end, hence `'static`: what it writes to it has
    /// behind an `Arc`.
    ///
    /// ```
    /// use flipside::exchange;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let history = Arc::new(Mutex::new(Vec::new()));
    /// let kept = history.clone();
    /// exchange::parties(3)
    ///     .contributing(|_| 0)
    ///     .step(move |view| kept.lock().unwrap().push(view.sum()))
    ///     .scope(|mut round| {
    ///         for turn in 1..=3 {
    ///             round = round.publish_with(turn).wait().expect("nobody dies");
    ///         }
    ///     })?;
    /// assert_eq!(*history.lock().unwrap(), [3, 6, 9]);
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    pub fn step(mut self, step: impl FnMut(View<'_, M, R>) + Send + 'static) -> Self {
        self.step = Some(Box::new(step));
        self
    }

    /// For models and tests of what happens after many rounds.
    #[cfg(test)]
    pub(super) fn starting_at(mut self, round: u64) -> Self {
        self.start = round;
        self
    }

    /// The parties, each for one thread, in the order of their ranks.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    ///
    /// # Panics
    ///
    /// `segment` and the like, if the closures that make the elements do.
    pub fn build(self) -> Result<Vec<Party<M, R>>, SetupError> {
        let (parties, start) = (self.parties, self.start);
        let shared = Arc::new(self.shared()?);
        Ok((0..parties).map(|rank| Party::new(shared.clone(), rank, start)).collect())
    }

    fn shared(self) -> Result<Shared<M, R>, SetupError> {
        if self.parties == 0 {
            return Err(SetupError::NoParties);
        }
        let (memory, contributions) = (self.memory?, self.contributions?);
        let ranks = memory.parties();
        pin::check(&self.pins, ranks)?;
        let processors = processors();
        let central = match (self.room, &self.step) {
            (0, None) => None,
            (0, Some(_)) => Some("a step"),
            _ => Some("room to join"),
        };
        let is_central = match (self.choice, central, &self.neighbours) {
            (Choice::Flags, Some(what), _) => return Err(SetupError::NeedsCentral { what }),
            (Choice::Central, None, Some(_)) => {
                return Err(SetupError::NeedsFlags { what: "`barrier(Choice::Central)`" });
            }
            (_, Some(what), Some(_)) => return Err(SetupError::NeedsFlags { what }),
            (Choice::Flags, ..) | (_, _, Some(_)) => false,
            (Choice::Central, ..) | (_, Some(_), _) => true,
            (Choice::Auto, None, None) => ranks > processors,
        };
        let barrier = if is_central {
            Either::Central(Central::with_room(self.parties, self.room, self.start))
        } else {
            let neighbours = self.neighbours.map(|sees| mutual(sees, ranks)).transpose()?;
            Either::Flags(Flags::with_neighbours(ranks, self.start, neighbours.unwrap_or_default()))
        };
        Ok(Shared {
            memory,
            contributions,
            barrier,
            step: self.step.map(UnsafeCell::new),
            death: Death::new(ranks),
            waiting: Policy::new(self.waiting, ranks <= processors),
            pins: self.pins,
            recorder: self.recorder,
        })
    }

    /// Builds it, and runs each party on a thread of its own, until all have returned: what they returned, in the order of
    /// their ranks. A closure that panics or drops its round ends the exchange for the others. What it returns is kept until all
    /// have: who returns a round, or what is pending, is waited for, for ever.
    ///
    /// The closure is shared by all. Where each party has something of its own, such as a file, give it to the thread with its
    /// [`Party`]:
    ///
    /// ```
    /// use flipside::exchange;
    /// use std::thread;
    ///
    /// let inputs = [String::from("some"), String::from("more")];
    /// let parties = exchange::parties(2).segment(1, |_, _| 0).build()?;
    /// thread::scope(|scope| {
    ///     for (party, input) in parties.into_iter().zip(inputs) {
    ///         scope.spawn(move || {
    ///             let mut round = party.start();
    ///             round.own()[0] = input.into_bytes().len();
    ///             assert_eq!(round.publish().wait().expect("nobody dies").view().all(), [4, 4]);
    ///         });
    ///     }
    /// });
    /// # Ok::<(), exchange::SetupError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    ///
    /// # Panics
    ///
    /// If a closure does, with what the one panicked with that was the first; if a thread cannot be started.
    pub fn scope<O: Send>(self, run: impl Fn(Round<M, R>) -> O + Sync) -> Result<Vec<O>, SetupError> {
        Ok(scope(self.build()?, run))
    }
}

/// Where this process may run, at once.
fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn contributions<R: Send + Sync>(
    ranks: usize,
    mut contribution: impl FnMut(usize) -> R,
) -> Result<Contributions<R>, SetupError> {
    few_enough(ranks)?;
    Ok(Contributions::new(ranks, 1, |rank, _| contribution(rank))?)
}

/// Whom each waits for: those it sees, and those who see it.
fn mutual(sees: Vec<Vec<usize>>, parties: usize) -> Result<Box<[Neighbours]>, SetupError> {
    let mut all = std::vec![Neighbours::default(); parties];
    for (rank, sees) in sees.into_iter().enumerate() {
        for neighbour in sees {
            if neighbour >= parties {
                return Err(SetupError::NoSuchNeighbour { rank, neighbour, parties });
            }
            if neighbour != rank && !all[rank].sees.contains(&neighbour) {
                all[rank].sees.push(neighbour);
                all[rank].waits_for.push(neighbour);
                all[neighbour].waits_for.push(rank);
            }
        }
    }
    for neighbours in &mut all {
        neighbours.waits_for.sort_unstable();
        neighbours.waits_for.dedup();
    }
    Ok(all.into_boxed_slice())
}

impl<M: Memory, R: Send + Sync> fmt::Debug for Setup<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("parties", &self.parties)
            .field("room", &self.room)
            .field("memory", &self.memory)
            .field("barrier", &self.choice)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}
