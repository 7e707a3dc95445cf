//! The one door to atomics, fences, locks and threads: the real ones, or loom's under `cfg(flipside_loom)`.
//!
//! Every ordering stronger than `Relaxed` names its *site*: `at(Site::C2, Release)`. In a normal build that is
//! the ordering itself. Under loom a model can ask for a *mutant*, in which one site is weakened to `Relaxed`
//! (a fence: to nothing), and every site's mutant must be killed by a model. A `PROOF.md` lists the sites, and
//! a test keeps list, code and models together.

/// The labelled sites of the library. The letter is the module: `C` for collect, `R` for its recorder, `P` for publish,
/// `W` for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "alloc"), expect(dead_code, reason = "the sites of what needs an allocator"))]
pub(crate) enum Site {
    /// A writer enters a side: the claim.
    C1,
    /// A writer leaves: the commit.
    C2,
    /// The reader looks whether everybody has left.
    C3,
    /// The reader flips.
    C4,
    /// A flush takes its ticket.
    C5,
    /// The reader reads the tickets before it flips.
    C6,
    /// The reader answers the tickets.
    C7,
    /// A flush reads the answer.
    C8,
    /// A refusal has been counted.
    C9,
    /// The reader sees that it has.
    C10,
    /// The reader has finished.
    C11,
    /// A closer sees that it has.
    C12,
    /// A slot is given back.
    C13,
    /// A slot is taken.
    C14,
    /// A loss is counted, after its bytes.
    C15,
    /// The reader reads the count of losses, before their bytes.
    C16,
    /// A writer said that it is refusing; it looks whether the collector is closed after this fence.
    C17,
    /// The reader saw that the collector is closed; it looks for refusing writers after this fence.
    C18,
    /// A writer enters its own lane.
    C19,
    /// It leaves.
    C20,
    /// The reader looks how far it has come.
    C21,
    /// The reader has done with a part of a lane.
    C22,
    /// A writer looks whether the other side is vacant.
    C23,
    /// A writer said that it is inside; it looks what the reader says after this light fence.
    C24,
    /// The reader said that it seals, or sleeps; it looks into the lanes after this heavy fence.
    C25,
    /// A writer of a recorder enters a side.
    R1,
    /// He leaves it.
    R2,
    /// The reader looks whether he has left.
    R3,
    /// The reader flips a lane.
    R4,
    /// A lane is given back.
    R5,
    /// A lane is taken.
    R6,
    /// A reader says that it enters.
    P1,
    /// It looks at the version after this light fence.
    P2,
    /// The version that is read.
    P3,
    /// A reader acknowledges a version.
    P4,
    /// A reader leaves.
    P5,
    /// It looks whether the writer waits after this light fence.
    P6,
    /// The writer said that it waits; it looks at the readers after this heavy fence.
    #[cfg(feature = "std")]
    P7,
    /// The writer flips.
    P8,
    /// It looks at the readers after this heavy fence.
    P9,
    /// Whether there are readers whom only the heavy fence reaches, it looks after this one.
    P10,
    /// A reader has registered, or goes online; it looks at the version after this fence.
    P11,
    /// The writer looks at a reader's word.
    P12,
    /// A slot is given back.
    P13,
    /// A slot is taken.
    P14,
    /// A new slot is linked.
    P15,
    /// The slots are walked through.
    P16,
    /// A guard's reader has gone.
    P17,
    /// The writer counts the guards' readers.
    P18,
    /// A reader enters, leaves or goes on by exchange.
    P19,
    /// The writer marks who is inside.
    P20,
    /// The writer looks whether the marked have left.
    P21,
    /// A writer goes, and leaves the buffer to the next.
    P22,
    /// The next writer takes it.
    P23,
    /// A sleeper announced itself; it looks again after this fence.
    #[cfg(feature = "std")]
    W1,
    /// A ringer published its news; it looks for sleepers after this fence.
    #[cfg(feature = "std")]
    W2,
}

pub(crate) use imp::*;

#[cfg(not(flipside_loom))]
mod imp {
    use super::Site;

    pub(crate) use core::sync::atomic::Ordering;
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
    #[cfg(feature = "alloc")]
    pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32};
    #[cfg(feature = "std")]
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

    /// A constant function, for what stands in a `static`; loom's atomics are made at run time.
    macro_rules! const_fn {
        ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis const fn $($rest)* };
    }
    pub(crate) use const_fn;

    /// The ordering of a labelled site.
    #[inline(always)]
    pub(crate) const fn at(_site: Site, ordering: Ordering) -> Ordering {
        ordering
    }

    /// A sequentially consistent fence.
    #[inline(always)]
    pub(crate) fn fence(_site: Site) {
        core::sync::atomic::fence(Ordering::SeqCst);
    }

    /// What a light fence shares with the heavy ones that reach it; here the system knows its threads.
    #[derive(Debug)]
    pub(crate) struct Link;

    impl Link {
        pub(crate) const fn new() -> Self {
            Self
        }
    }

    /// The light side of an asymmetric pair: keeps the compiler from moving accesses across, and nobody else.
    #[inline(always)]
    pub(crate) fn light_fence(_site: Site, _link: &Link) {
        core::sync::atomic::compiler_fence(Ordering::SeqCst);
    }

    /// The heavy side: a fence here and, by `everywhere`, in every other thread.
    pub(crate) fn heavy_fence<'a, E>(
        _site: Site,
        _links: impl IntoIterator<Item = &'a Link>,
        everywhere: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        // What the system does for the caller itself is neither asked nor argued about.
        core::sync::atomic::fence(Ordering::SeqCst);
        let done = everywhere();
        core::sync::atomic::fence(Ordering::SeqCst);
        done
    }

    /// Whether the system is asked, and used, for heavy fences.
    #[cfg(all(feature = "std", target_os = "linux"))]
    pub(crate) const ASKS_THE_SYSTEM: bool = true;

    /// Whether a deadline ends a sleep.
    #[cfg(feature = "std")]
    pub(crate) const TIMED_SLEEPS: bool = true;

    /// Waits on a condition variable, until `deadline` if there is one.
    #[cfg(feature = "std")]
    pub(crate) fn wait_until<'a, T>(
        bell: &Condvar,
        guard: MutexGuard<'a, T>,
        deadline: Option<std::time::Instant>,
    ) -> MutexGuard<'a, T> {
        use std::sync::PoisonError;
        match deadline {
            None => bell.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(std::time::Instant::now());
                bell.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    /// Gives the processor to somebody else for about `pause`.
    #[cfg(feature = "std")]
    pub(crate) fn sleep(pause: core::time::Duration) {
        std::thread::sleep(pause);
    }

    /// A number that tells the living threads apart, never 0; 0 where that cannot be told.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) fn thread_token() -> usize {
        std::thread_local!(static TOKEN: u8 = const { 0 });
        // In the destructors of other thread-locals this one may be gone: unknown then.
        TOKEN.try_with(|token| (&raw const *token).addr()).unwrap_or(0)
    }

    /// Without `std` nobody can tell.
    #[cfg(not(feature = "std"))]
    #[inline(always)]
    pub(crate) const fn thread_token() -> usize {
        0
    }

    #[cfg(feature = "alloc")]
    /// The processor's pause, then the scheduler's, with a bound on both.
    #[derive(Debug, Default)]
    pub(crate) struct Backoff(crossbeam_utils::Backoff);

    #[cfg(feature = "alloc")]
    impl Backoff {
        pub(crate) fn snooze(&self) {
            self.0.snooze();
        }

        /// Whether it is time to sleep, or to give up.
        pub(crate) fn is_spent(&self) -> bool {
            self.0.is_completed()
        }
    }

    #[cfg(feature = "alloc")]
    /// A value that several threads take in turns; who may touch it is for the caller to know.
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    #[cfg(feature = "alloc")]
    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Lends a pointer for the time of the call: meanwhile, says the caller, nobody else touches the value.
        /// Loom fails a model in which somebody does.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    #[cfg(feature = "alloc")]
    /// Watches accesses to plain memory; only loom has something to watch with.
    #[derive(Debug)]
    pub(crate) struct Shadow;

    #[cfg(feature = "alloc")]
    impl Shadow {
        pub(crate) const fn new(_len: usize) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn reads(&self, _at: usize, _len: usize) {}

        #[inline(always)]
        pub(crate) fn writes(&self, _at: usize, _len: usize) {}
    }
}

#[cfg(flipside_loom)]
mod imp {
    use std::cell::Cell;

    use super::Site;

    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

    macro_rules! const_fn {
        ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => { $(#[$meta])* $vis fn $($rest)* };
    }
    pub(crate) use const_fn;

    std::thread_local! {
        /// The site that is weakened at present. Loom runs all threads of a model on one thread of the
        /// system, so this reaches them all.
        static MUTANT: Cell<Option<Site>> = const { Cell::new(None) };
        /// Whether the fences of the bells do anything.
        static BELLS: Cell<bool> = const { Cell::new(true) };
    }

    /// Weakens one site in every model that this thread runs from now on.
    #[cfg(test)]
    pub(crate) fn set_mutant(site: Option<Site>) {
        MUTANT.with(|mutant| mutant.set(site));
    }

    /// Whether the fences of the bells do anything in the models that this thread runs from now on. Where nobody
    /// sleeps they must not be needed: without `std` there are none.
    #[cfg(test)]
    pub(crate) fn set_bells(bells: bool) {
        BELLS.with(|cell| cell.set(bells));
    }

    pub(crate) fn at(site: Site, ordering: Ordering) -> Ordering {
        if MUTANT.with(Cell::get) == Some(site) { Ordering::Relaxed } else { ordering }
    }

    loom::lazy_static! {
        static ref FENCES: AtomicUsize = AtomicUsize::new(0);
    }

    /// Loom sees no event in a fence and never runs another thread between the access before it and the fence.
    /// An access that all fences have in common makes them events, whose every order is explored.
    pub(crate) fn fence(site: Site) {
        let rings = BELLS.with(Cell::get) || !matches!(site, Site::W1 | Site::W2);
        if rings && MUTANT.with(Cell::get) != Some(site) {
            FENCES.fetch_add(1, Ordering::Relaxed);
            loom::sync::atomic::fence(Ordering::SeqCst);
        }
    }

    /// What a light fence shares with the heavy ones that reach it, and with no other light one.
    #[derive(Debug)]
    pub(crate) struct Link(AtomicUsize);

    impl Link {
        pub(crate) fn new() -> Self {
            Self(AtomicUsize::new(0))
        }

        /// Of two visits to a link the later sees all that came before the earlier.
        fn visit(&self) {
            self.0.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Pairs with heavy fences that are given this link, and never with a light one, which has its own.
    pub(crate) fn light_fence(site: Site, link: &Link) {
        if MUTANT.with(Cell::get) != Some(site) {
            link.visit();
        }
    }

    /// Visits one link after the other, as the system interrupts one thread after the other.
    pub(crate) fn heavy_fence<'a, E>(
        site: Site,
        links: impl IntoIterator<Item = &'a Link>,
        _everywhere: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        if MUTANT.with(Cell::get) != Some(site) {
            links.into_iter().for_each(Link::visit);
        }
        Ok(())
    }

    #[cfg(all(feature = "std", target_os = "linux"))]
    pub(crate) const ASKS_THE_SYSTEM: bool = false;

    pub(crate) const TIMED_SLEEPS: bool = false;

    /// Loom knows no time: a deadline is a wait without one.
    pub(crate) fn wait_until<'a, T>(
        bell: &Condvar,
        guard: MutexGuard<'a, T>,
        _deadline: Option<std::time::Instant>,
    ) -> MutexGuard<'a, T> {
        bell.wait(guard).unwrap()
    }

    pub(crate) fn sleep(_pause: core::time::Duration) {
        loom::thread::yield_now();
    }

    pub(crate) fn thread_token() -> usize {
        0
    }

    #[derive(Debug, Default)]
    pub(crate) struct Backoff(());

    impl Backoff {
        pub(crate) fn snooze(&self) {
            loom::thread::yield_now();
        }

        pub(crate) fn is_spent(&self) -> bool {
            true
        }
    }

    /// One loom cell for every eight bytes: an access that is not ordered with another fails the model.
    #[derive(Debug)]
    pub(crate) struct Shadow(Vec<loom::cell::UnsafeCell<()>>);

    impl Shadow {
        pub(crate) fn new(len: usize) -> Self {
            Self((0..len.div_ceil(8)).map(|_| loom::cell::UnsafeCell::new(())).collect())
        }

        pub(crate) fn reads(&self, at: usize, len: usize) {
            self.0[at / 8..(at + len).div_ceil(8)].iter().for_each(|cell| cell.with(|_| ()));
        }

        pub(crate) fn writes(&self, at: usize, len: usize) {
            self.0[at / 8..(at + len).div_ceil(8)].iter().for_each(|cell| cell.with_mut(|_| ()));
        }
    }
}
