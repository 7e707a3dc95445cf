//! What can go wrong, and whose round it was.

use core::fmt;

use super::memory::TooLarge;

/// Why a party died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Its thread panicked.
    Panicked,
    /// Its round was dropped, by a return or a `?`, or it gave up waiting; it has neither published again nor
    /// [left](super::Round::leave).
    Dropped,
    /// It found that another party takes the round for a wide one, or for a narrow one, and it does not.
    Mismatch,
    /// The step that it made at the end of the round, for all, panicked.
    Step,
}

/// A round that will never be complete, because a party died before it published; nor will any later one.
///
/// Everybody who waits for this round, or comes to it, is told the same. All rounds before are complete, for everybody. (Among
/// narrow rounds a party may be told of a death far away: of the first one, in a round that need not be its own.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisoned {
    /// The party that died; if several did without this round, the first one of them, as all see it.
    pub rank: usize,
    /// The first round that it did not publish.
    pub round: u64,
    /// How it died.
    pub cause: Cause,
}

impl fmt::Display for Poisoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, round, cause } = self;
        let how = match cause {
            Cause::Panicked => "panicked",
            Cause::Dropped => "gave up, or dropped its round, without leaving",
            Cause::Mismatch => "found that not all take this round for one of the same kind, wide or narrow",
            Cause::Step => "panicked in the step at the end of the round",
        };
        write!(f, "round {round} will never be complete: party {rank} {how}")
    }
}

impl core::error::Error for Poisoned {}

/// Why a wait with an end was over.
///
/// It may hold what was waited for, to go on with, and while it does the others wait for this party. So it is not an
/// [`Error`](core::error::Error), which a `?` would carry away into a box: one goes on, or gives up first, by
/// [`give_up`](Self::give_up) or by a `?` into a [`GaveUp`].
///
/// ```
/// use flipside::exchange::{self, GaveUp};
/// use std::time::Duration;
///
/// fn one_round(round: exchange::Round<exchange::Contiguous<u32>>) -> Result<u32, GaveUp> {
///     let round = round.publish().wait_timeout(Duration::from_secs(10))?;
///     Ok(round.view().all().iter().sum())
/// }
///
/// let ends = exchange::parties(3).segment(1, |_, _| 7).scope(|round| match round.rank() {
///     2 => Err(String::from("party 2 has other things to do")),
///     _ => one_round(round).map_err(|gave_up| gave_up.to_string()),
/// })?;
/// assert!(ends.iter().all(|end| end.as_ref().is_err_and(|why| why.contains("party 2"))), "{ends:?}");
/// # Ok::<(), exchange::SetupError>(())
/// ```
pub enum WaitError<P> {
    /// The round will never be complete.
    Poisoned(Poisoned),
    /// Not all have arrived in time.
    TimedOut(TimedOut<P>),
}

/// Not all have arrived in time. One's own arrival stands: one can only go on waiting, or give up. As long as this lives and does
/// neither, the others wait.
#[must_use = "who drops it gives up, and the others are told so"]
pub struct TimedOut<P> {
    /// What was waited for; to go on with.
    pub pending: P,
    /// The round.
    pub round: u64,
    /// Who has not arrived, in the order of the ranks, when the time was over. Some may have since. Nobody, if all came just
    /// then, or the last one makes the [step](super::Setup::step).
    pub late: std::vec::Vec<usize>,
}

impl<P> fmt::Debug for TimedOut<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimedOut")
            .field("round", &self.round)
            .field("late", &self.late)
            .finish_non_exhaustive()
    }
}

impl<P> TimedOut<P> {
    /// Gives up: the party goes, and the others are told so. What is left is an error that holds on to nothing.
    pub fn give_up(self) -> Late {
        Late { round: self.round, late: self.late }
    }
}

impl<P> fmt::Display for TimedOut<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_late(self.round, &self.late, f)
    }
}

/// Not all had arrived in time when a party [gave up](TimedOut::give_up).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// The round.
    pub round: u64,
    /// Who had not arrived, in the order of the ranks.
    pub late: std::vec::Vec<usize>,
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say_late(self.round, &self.late, f)
    }
}

impl core::error::Error for Late {}

/// So many ranks stand in a message.
const SHOWN: usize = 8;

fn say_late(round: u64, late: &[usize], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if late.is_empty() {
        return write!(f, "round {round} is not complete in time: all have come by now, or make the step");
    }
    write!(
        f,
        "round {round} is not complete in time: no word of part{} ",
        if late.len() == 1 { "y" } else { "ies" }
    )?;
    for (at, rank) in late.iter().take(SHOWN).enumerate() {
        write!(f, "{}{rank}", if at == 0 { "" } else { ", " })?;
    }
    if late.len() > SHOWN { write!(f, " and {} more", late.len() - SHOWN) } else { Ok(()) }
}

/// Why a party that waited with an end goes no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The round will never be complete.
    Poisoned(Poisoned),
    /// Not all had arrived in time; the others are told that this party has gone.
    Late(Late),
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned(poisoned) => poisoned.fmt(f),
            Self::Late(late) => late.fmt(f),
        }
    }
}

impl core::error::Error for GaveUp {}

impl<P> From<WaitError<P>> for GaveUp {
    fn from(error: WaitError<P>) -> Self {
        error.give_up()
    }
}

impl<P> WaitError<P> {
    /// Gives up, if it is not over anyhow: the party goes, and the others are told so. What is left is an error that holds on
    /// to nothing.
    pub fn give_up(self) -> GaveUp {
        match self {
            Self::Poisoned(poisoned) => GaveUp::Poisoned(poisoned),
            Self::TimedOut(timed_out) => GaveUp::Late(timed_out.give_up()),
        }
    }
}

impl<P> fmt::Debug for WaitError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned(poisoned) => fmt::Debug::fmt(poisoned, f),
            Self::TimedOut(timed_out) => fmt::Debug::fmt(timed_out, f),
        }
    }
}

impl<P> fmt::Display for WaitError<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned(poisoned) => poisoned.fmt(f),
            Self::TimedOut(timed_out) => timed_out.fmt(f),
        }
    }
}

impl<P> From<Poisoned> for WaitError<P> {
    fn from(poisoned: Poisoned) -> Self {
        Self::Poisoned(poisoned)
    }
}

/// A length that a segment does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Whose segment.
    pub rank: usize,
    /// The round that it is written for.
    pub round: u64,
    /// The length that was asked for.
    pub asked: usize,
    /// The elements that there are.
    pub capacity: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, round, asked, capacity } = self;
        write!(
            f,
            "the segment of party {rank}, round {round}, has room for {capacity} elements, not for {asked}"
        )
    }
}

impl core::error::Error for TooLong {}

/// An exchange that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupError {
    /// An exchange needs a party.
    NoParties,
    /// More parties than there can be, with those who may join.
    TooManyParties {
        /// How many.
        parties: usize,
        /// How many there can be.
        most: usize,
    },
    /// The segments are more bytes than there can be.
    TooLarge(TooLarge),
    /// Flags are for a fixed number of parties: no [room](super::Parties::room) to join, no [step](super::Setup::step).
    NeedsCentral {
        /// What was asked for.
        what: &'static str,
    },
    /// [Neighbours](super::Setup::neighbours) are waited for by flags: `Central` only knows when all have arrived.
    NeedsFlags {
        /// What was asked for, and needs `Central`.
        what: &'static str,
    },
    /// A neighbour that is not a party.
    NoSuchNeighbour {
        /// Whose neighbour.
        rank: usize,
        /// Who should have been it.
        neighbour: usize,
        /// How many there are.
        parties: usize,
    },
    /// A list of processors of another length than there are parties, with those who may join.
    PinsForOthers {
        /// Its length.
        pins: usize,
        /// How many parties there can be.
        parties: usize,
    },
    /// This process may not run on that processor, or there is none.
    NoSuchProcessor {
        /// For which party.
        rank: usize,
        /// The processor's number.
        processor: usize,
        /// Where it may run.
        allowed: std::vec::Vec<usize>,
    },
    /// Threads cannot be pinned on this system.
    CannotPin,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoParties => write!(f, "an exchange among 0 parties: there must be one at least"),
            Self::TooManyParties { parties, most } => {
                write!(f, "an exchange among {parties} parties: there can be {most}, with those who may join")
            }
            Self::TooLarge(too_large) => too_large.fmt(f),
            Self::NeedsCentral { what } => {
                write!(f, "{what} needs the central barrier: leave out `barrier(Choice::Flags)`")
            }
            Self::NeedsFlags { what } => {
                write!(
                    f,
                    "neighbours need the barrier of flags, and {what} the central one: leave one of them out"
                )
            }
            Self::NoSuchNeighbour { rank, neighbour, parties } => {
                write!(
                    f,
                    "party {rank} cannot have {neighbour} for a neighbour: there are {parties} parties, from 0"
                )
            }
            Self::PinsForOthers { pins, parties } => {
                write!(
                    f,
                    "`pin` lists {pins} processors for {parties} ranks (parties, and room): it takes one for each"
                )
            }
            Self::NoSuchProcessor { rank, processor, allowed } => {
                write!(f, "party {rank} cannot run on processor {processor}: this process may on ")?;
                for (at, run) in allowed.chunk_by(|one, next| one + 1 == *next).enumerate() {
                    let (comma, first, last) = (if at == 0 { "" } else { ", " }, run[0], run[run.len() - 1]);
                    if first == last {
                        write!(f, "{comma}{first}")
                    } else {
                        write!(f, "{comma}{first}-{last}")
                    }?;
                }
                Ok(())
            }
            Self::CannotPin => write!(f, "threads cannot be pinned on this system: leave out `pin`"),
        }
    }
}

impl core::error::Error for SetupError {}

impl From<TooLarge> for SetupError {
    fn from(too_large: TooLarge) -> Self {
        Self::TooLarge(too_large)
    }
}

/// Why nobody more joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JoinError {
    /// No rank is free. The exchange has [room](super::Parties::room) for so many; without room nobody joins, nor in the place of
    /// who has left.
    Full {
        /// How many parties there can be.
        parties: usize,
    },
    /// The exchange is over.
    Poisoned(Poisoned),
    /// No round was opened in time. The wish has been taken back.
    TimedOut,
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { parties } => {
                let s = if *parties == 1 { "" } else { "s" };
                write!(f, "no rank is free: there are {parties} rank{s}; `room` makes more, for who joins")
            }
            Self::Poisoned(poisoned) => poisoned.fmt(f),
            Self::TimedOut => write!(f, "no round was opened in time to join at"),
        }
    }
}

impl core::error::Error for JoinError {}
