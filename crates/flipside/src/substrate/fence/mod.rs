//! Light and heavy fences: the hot side of a handshake pays nothing, the cold side pays for both.
//!
//! For: *announce, fence, look* against *change, fence, look*, where one of the two runs a million times as often
//! as the other. A writer who enters a side and the reader who has just flipped it are such a pair.
//!
//! When not to use it: where both sides are about equally frequent (two plain fences are cheaper), where the light
//! side stores by a read-modify-write anyway, and **never with the light fence on both sides of a pair**: two
//! light fences order nothing between them. At most one side is light.
//!
//! Guarantee: what the section *Light and heavy* below proves, and nothing else. In particular no access on the
//! other side becomes visible by a fence: that one thing happens before another is the business of acquire and
//! release, as everywhere in this library.
//!
//! Cost: light, a well predicted branch and, without membarrier, a full fence (2 to 20 ns). Heavy: one system call
//! (half a microsecond where this was written), which interrupts every processor that is running another thread of this
//! process (then 3 to 11 microseconds; more on larger machines); without membarrier a full fence.
#![doc = include_str!("PROOF.md")]

use super::atomic::{self, AtomicU8, Ordering::Relaxed, Site, const_fn};

#[cfg(all(feature = "std", target_os = "linux"))]
mod membarrier;
#[cfg(not(all(feature = "std", target_os = "linux")))]
mod portable;

#[cfg(all(test, feature = "std", not(flipside_loom)))]
mod litmus_tests;
#[cfg(all(test, flipside_loom))]
mod model;
#[cfg(all(test, feature = "std", target_os = "linux", not(flipside_loom)))]
mod refusal_tests;

#[cfg(all(feature = "std", target_os = "linux"))]
use membarrier as system;
#[cfg(not(all(feature = "std", target_os = "linux")))]
use portable as system;

pub(crate) use super::atomic::Link;
pub(crate) use system::Refused;

/// Which pair of fences; chosen at construction, the same for everybody who takes part in a handshake.
///
/// | kind | light | heavy |
/// |---|---|---|
/// | portable | `fence(SeqCst)` | `fence(SeqCst)` |
/// | asymmetric | for the compiler only | membarrier |
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fences {
    /// The system's promise, if these are asymmetric.
    everywhere: Option<system::Everywhere>,
}

impl Fences {
    /// Asymmetric if the system lets us, else portable. At most three system calls.
    pub(crate) fn detect() -> Self {
        Self { everywhere: system::Everywhere::detect() }
    }

    /// A full fence on both sides, on every system.
    pub(crate) const fn portable() -> Self {
        Self { everywhere: None }
    }

    /// Whether the light fence is one for the compiler only. True for ever, or false for ever.
    pub(crate) fn is_asymmetric(&self) -> bool {
        self.everywhere.is_some()
    }

    /// The hot side: store, `light`, load. Its partner must be a [`heavy`](Self::heavy) of the same `Fences` that
    /// is given the same `link`; one thread at a time uses a link for this.
    #[inline(always)]
    pub(crate) fn light(&self, site: Site, link: &Link) {
        if self.is_asymmetric() {
            atomic::light_fence(site, link);
        } else {
            atomic::fence(site);
        }
    }

    /// The cold side: store, `heavy`, load. It reaches all threads of this process, and no other process that
    /// shares its memory. Does not block, but interrupts everybody who runs.
    ///
    /// # Errors
    ///
    /// The system refuses what it granted at construction. Then *nothing is ordered*: light sides that have run, or
    /// run from now on, may be seen late, and the caller must not conclude anything from what it loads next. It can
    /// never happen to portable fences.
    pub(crate) fn heavy<'a>(
        &self,
        site: Site,
        links: impl IntoIterator<Item = &'a Link>,
    ) -> Result<(), Refused> {
        match &self.everywhere {
            Some(everywhere) => atomic::heavy_fence(site, links, || everywhere.fence()),
            None => {
                atomic::fence(site);
                Ok(())
            }
        }
    }
}

/// A pair that is chosen by whoever needs it first, the same for everybody from then on: for what is made in a
/// `static`, before there is a system to ask.
///
/// ```text
/// UNDECIDED --first use--> PORTABLE | ASYMMETRIC      for ever
/// ```
#[derive(Debug)]
pub(crate) struct LazyFences(AtomicU8);

const UNDECIDED: u8 = 0;
const PORTABLE: u8 = 1;
const ASYMMETRIC: u8 = 2;

impl LazyFences {
    const_fn! {
        /// Will ask the system.
        pub(crate) fn detect() -> Self {
            Self(AtomicU8::new(UNDECIDED))
        }
    }

    const_fn! {
        /// Will not ask.
        pub(crate) fn portable() -> Self {
            Self(AtomicU8::new(PORTABLE))
        }
    }

    /// The pair. Its first user asks the system; of two first users, who may be told different things, one is right.
    pub(crate) fn get(&self) -> Fences {
        let decided = match self.0.load(Relaxed) {
            UNDECIDED => {
                let found = if Fences::detect().is_asymmetric() { ASYMMETRIC } else { PORTABLE };
                self.0.compare_exchange(UNDECIDED, found, Relaxed, Relaxed).err().unwrap_or(found)
            }
            decided => decided,
        };
        let everywhere = if decided == ASYMMETRIC { system::Everywhere::granted() } else { None };
        Fences { everywhere }
    }
}
