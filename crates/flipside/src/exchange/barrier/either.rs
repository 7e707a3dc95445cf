//! One of the two, decided at run time: a branch that is always the same.

use std::task::Waker;
use std::time::Instant;

use super::{Barrier, Broken, Central, Flags, Kind, Look, Neighbours, Presence};

#[expect(clippy::large_enum_variant, reason = "an exchange has one of it")]
#[derive(Debug)]
pub(in crate::exchange) enum Either {
    Flags(Flags),
    Central(Central),
}

macro_rules! either {
    ($barrier:expr, $it:ident => $do:expr) => {
        match $barrier {
            Either::Flags($it) => $do,
            Either::Central($it) => $do,
        }
    };
}

impl Either {
    /// The neighbours of a rank, if there are narrow rounds.
    pub(in crate::exchange) fn neighbours(&self, rank: usize) -> Option<&Neighbours> {
        match self {
            Self::Flags(flags) => flags.neighbours(rank),
            Self::Central(_) => None,
        }
    }

    /// Whether the round that this rank has arrived at so many rounds ago (0 or 1) was a narrow one. For who has the rank.
    pub(in crate::exchange) fn was_narrow(&self, rank: usize, ago: usize) -> bool {
        match self {
            Self::Flags(flags) => flags.was_narrow(rank, ago),
            Self::Central(_) => false,
        }
    }
}

// SAFETY: each of the two keeps the laws; so does the one of them that this is.
unsafe impl Barrier for Either {
    #[inline]
    unsafe fn arrive(&self, rank: usize, round: u64, kind: Kind) -> bool {
        // SAFETY: the caller's.
        either!(self, it => unsafe { it.arrive(rank, round, kind) })
    }

    unsafe fn open(&self, round: u64) {
        // SAFETY: the caller's.
        either!(self, it => unsafe { it.open(round) });
    }

    #[inline]
    fn poll(&self, look: &mut Look) -> Result<bool, Broken> {
        either!(self, it => it.poll(look))
    }

    #[inline]
    fn is_plainly_open(&self, round: u64) -> bool {
        either!(self, it => it.is_plainly_open(round))
    }

    fn has_arrived(&self, rank: usize, round: u64, kind: Kind) -> bool {
        either!(self, it => it.has_arrived(rank, round, kind))
    }

    fn sleep(&self, look: &mut Look, deadline: Option<Instant>) {
        either!(self, it => it.sleep(look, deadline));
    }

    fn leave_waker(&self, rank: usize, look: &mut Look, waker: &Waker) {
        either!(self, it => it.leave_waker(rank, look, waker));
    }

    fn take_waker(&self, rank: usize, look: &Look) {
        either!(self, it => it.take_waker(rank, look));
    }

    unsafe fn die(&self, rank: usize, round: u64) {
        // SAFETY: the caller's.
        either!(self, it => unsafe { it.die(rank, round) });
    }

    unsafe fn leave(&self, rank: usize, round: u64) -> bool {
        // SAFETY: the caller's.
        either!(self, it => unsafe { it.leave(rank, round) })
    }

    #[inline]
    fn presence(&self) -> &Presence {
        either!(self, it => it.presence())
    }
}
