//! What can go wrong, and who is in the way.

use core::fmt;
use core::time::Duration;

use crate::substrate::atomic::thread_token;
use crate::substrate::fence;

/// A reader who is still inside of the side that the writer wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Straggler {
    reader: Option<u32>,
    since: u64,
    thread: usize,
}

impl Straggler {
    /// For strategies: the reader of this number, if readers have one, inside since this version.
    ///
    /// `thread` is 0 where it is not known by which thread.
    #[must_use]
    pub fn new(reader: Option<u32>, since: u64, thread: usize) -> Self {
        Self { reader, since, thread }
    }

    /// For strategies: one that belongs to the thread that asks.
    #[must_use]
    pub fn of_this_thread(since: u64) -> Self {
        // Where threads cannot be told apart there is one.
        Self { reader: None, since, thread: thread_token().max(1) }
    }

    /// What a strategy notes of the thread that enters, for [`new`](Self::new): a number that tells living threads
    /// apart, 0 if that cannot be done (without `std`).
    #[must_use]
    pub fn this_thread() -> usize {
        thread_token()
    }

    /// Its reader's number, if the strategy numbers them: [`Reader::number`](crate::publish::Reader::number) is the same.
    #[must_use]
    pub fn reader(&self) -> Option<u32> {
        self.reader
    }

    /// The version that it has been inside of since it entered; how many are behind it says how long that is. (Of one who is
    /// just entering: the version that it knew.)
    #[must_use]
    pub fn since_version(&self) -> u64 {
        self.since
    }

    /// Whether it was this very thread that entered: it cannot leave while it waits. `false` where that is not known.
    #[must_use]
    pub fn is_this_thread(&self) -> bool {
        self.is_thread(thread_token())
    }

    /// Whether it was the thread with this token that entered. `false` where that is not known.
    pub(super) fn is_thread(&self, token: usize) -> bool {
        self.thread != 0 && self.thread == token.max(1)
    }
}

impl fmt::Debug for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Straggler")
            .field("reader", &self.reader)
            .field("since_version", &self.since)
            .field("is_this_thread", &self.is_this_thread())
            .finish()
    }
}

impl fmt::Display for Straggler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reader {
            Some(number) => write!(f, "reader {number}")?,
            None => write!(f, "a reader")?,
        }
        write!(f, " has been inside since version {}", self.since)?;
        if self.is_this_thread() { f.write_str(", entered by this very thread") } else { Ok(()) }
    }
}

/// There is no place for another reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// How many places there are.
    pub places: usize,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all {} places for readers are taken: drop a reader, or make the buffer with more",
            self.places
        )
    }
}

impl core::error::Error for Full {}

/// There is a writer already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterExists;

impl fmt::Display for WriterExists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the buffer has a writer: drop it to make another, or hand it over")
    }
}

impl core::error::Error for WriterExists {}

/// The system began to refuse what it had granted (membarrier): nothing can be said about readers who are inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    errno: i32,
}

impl Refused {
    /// The system's number for the reason.
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.errno
    }
}

impl From<fence::Refused> for Refused {
    fn from(refused: fence::Refused) -> Self {
        Self { errno: refused.errno() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the system refuses membarrier, which it had granted (error {}): try again, or make the buffer with \
             `Asymmetric::portable()`",
            self.errno
        )
    }
}

impl core::error::Error for Refused {}

/// Why the writer cannot have the other side. Nothing is lost: what was pushed or written stays, readers go on, and the
/// call can be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// Somebody is inside, and the call does not wait.
    Occupied(Straggler),
    /// Somebody was inside for all of the time that was given.
    TimedOut {
        /// The time that was given.
        waited: Duration,
        /// Who is in the way.
        straggler: Straggler,
    },
    /// It is this very thread that is inside, with a guard or a pinned reader: waiting would never end.
    OwnReader(Straggler),
    /// It is this very thread that makes a call of the same shared writer: a call in it would wait for itself.
    OwnCall,
    /// The system refuses the heavy fence.
    Refused(Refused),
    /// An operation panicked half way, and the copy that it spoilt cannot be made anew, for nobody said how to clone
    /// it. Readers carry on with the last version.
    Poisoned,
}

impl PublishError {
    /// Who is in the way, if somebody is.
    #[must_use]
    pub fn straggler(&self) -> Option<Straggler> {
        match self {
            Self::Occupied(straggler) | Self::TimedOut { straggler, .. } | Self::OwnReader(straggler) => {
                Some(*straggler)
            }
            Self::OwnCall | Self::Refused(_) | Self::Poisoned => None,
        }
    }
}

impl From<Refused> for PublishError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(straggler) => write!(f, "the other side is occupied: {straggler}"),
            Self::TimedOut { waited, straggler } => {
                write!(f, "the other side was occupied for all of {waited:?}: {straggler}")
            }
            Self::OwnReader(straggler) => write!(
                f,
                "waiting would never end: {straggler}; drop its guard (or take the pinned reader offline) before \
                 the second publish after it"
            ),
            Self::OwnCall => f.write_str(
                "waiting would never end: this very thread is making a call of the same shared writer; make this one \
                 after it, or leave operations to it",
            ),
            Self::Refused(refused) => refused.fmt(f),
            Self::Poisoned => f.write_str(
                "an operation panicked half way and the writer cannot clone the good copy: take the value out with \
                 `into_inner`, or make the buffer with `publish::log`, which knows how to clone",
            ),
        }
    }
}

impl core::error::Error for PublishError {}

/// The value was not set. It is given back.
#[derive(Clone, PartialEq, Eq)]
pub struct SetError<T> {
    /// Why.
    pub error: PublishError,
    /// The value.
    pub value: T,
}

impl<T> From<SetError<T>> for PublishError {
    fn from(unset: SetError<T>) -> Self {
        unset.error
    }
}

impl<T> fmt::Debug for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetError").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> core::error::Error for SetError<T> {}
