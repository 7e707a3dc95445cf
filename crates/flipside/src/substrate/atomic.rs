//! The one door to atomics, fences, locks and threads: the real ones, loom's under `cfg(flipside_loom)`, or shuttle's under
//! `cfg(flipside_shuttle)`, which runs many threads in random orders where loom runs few in all.
//!
//! Every ordering stronger than `Relaxed` names its *site*: `at(Site::C2, Release)`. In a normal build that is
//! the ordering itself. Under loom a model can ask for a *mutant*, in which one site is weakened to `Relaxed`
//! (a fence: to nothing), and every site's mutant must be killed by a model. A `PROOF.md` lists the sites, and
//! a test keeps list, code and models together.

pub(crate) use super::sites::Site;
pub(crate) use imp::*;

#[cfg(not(flipside_loom))]
mod imp {
    use super::Site;

    #[cfg(not(flipside_shuttle))]
    use core::sync::atomic;
    #[cfg(flipside_shuttle)]
    use shuttle::sync::{self, atomic};
    #[cfg(all(feature = "std", not(flipside_shuttle)))]
    use std::sync;

    pub(crate) use atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
    #[cfg(feature = "alloc")]
    pub(crate) use atomic::{AtomicPtr, AtomicU32};
    #[cfg(feature = "std")]
    pub(crate) use sync::{Condvar, Mutex, MutexGuard};

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
        atomic::fence(Ordering::SeqCst);
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
        atomic::compiler_fence(Ordering::SeqCst);
    }

    /// The heavy side: a fence here and, by `everywhere`, in every other thread.
    pub(crate) fn heavy_fence<'a, E>(
        _site: Site,
        _links: impl IntoIterator<Item = &'a Link>,
        everywhere: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        // What the system does for the caller itself is neither asked nor argued about.
        atomic::fence(Ordering::SeqCst);
        let done = everywhere();
        atomic::fence(Ordering::SeqCst);
        done
    }

    /// Whether the system is asked, and used, for heavy fences.
    #[cfg(all(feature = "std", target_os = "linux"))]
    pub(crate) const ASKS_THE_SYSTEM: bool = true;

    /// Whether a deadline ends a sleep.
    #[cfg(feature = "std")]
    pub(crate) const TIMED_SLEEPS: bool = true;

    /// Whether what a panic drops is to stay as it is: where a model has failed, loom could not follow.
    #[cfg(feature = "std")]
    pub(crate) const fn gives_up() -> bool {
        false
    }

    /// How many pauses of the processor are worth trying before a sleep: some ten microseconds.
    #[cfg(feature = "std")]
    pub(crate) const SPINS: u32 = if cfg!(flipside_shuttle) { 0 } else { 2000 };

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

    /// Where threads sleep while a word has a value: the system's futex. It needs nothing of its own.
    #[cfg(all(feature = "std", target_os = "linux", not(flipside_shuttle)))]
    #[derive(Debug)]
    pub(crate) struct Bed;

    #[cfg(all(feature = "std", target_os = "linux", not(flipside_shuttle)))]
    impl Bed {
        pub(crate) const fn new() -> Self {
            Self
        }

        /// Sleeps while the word has this value, until it is woken or `deadline`; or for no reason.
        pub(crate) fn sleep(&self, word: &AtomicU32, value: u32, deadline: Option<std::time::Instant>) {
            use rustix::thread::futex::{Flags, Timespec, wait};
            let left = deadline.map(|deadline| deadline.saturating_duration_since(std::time::Instant::now()));
            // One that is too far away for the system is none.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            // Another value, a signal, the deadline: whatever ends it, the caller looks again.
            let _ = wait(word, Flags::PRIVATE, value, left.as_ref());
        }

        /// Wakes all who sleep, after the word was changed.
        pub(crate) fn wake(&self, word: &AtomicU32) {
            use rustix::thread::futex::{Flags, wake};
            let _ = wake(word, Flags::PRIVATE, i32::MAX as u32);
        }
    }

    #[cfg(all(feature = "std", any(not(target_os = "linux"), flipside_shuttle)))]
    pub(crate) use super::bed::Bed;

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

#[path = "bed.rs"]
#[cfg(all(feature = "std", any(flipside_loom, flipside_shuttle, not(target_os = "linux"))))]
mod bed;

#[cfg(flipside_loom)]
mod imp {
    use std::cell::Cell;

    use super::Site;

    pub(crate) use super::bed::Bed;

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

    pub(crate) fn gives_up() -> bool {
        std::thread::panicking()
    }

    pub(crate) const SPINS: u32 = 0;

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
