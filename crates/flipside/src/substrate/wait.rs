//! Sleeping until somebody rings.
//!
//! The sleeper announces itself, fences, looks again, sleeps. The ringer publishes, fences, looks for
//! sleepers, rings. Each does store, fence, load, so at least one of them sees the other (the store-buffering
//! litmus with both fences); a lock guards only the list, and never while user code runs.

#[cfg(feature = "std")]
pub(crate) use with_std::Bell;

#[cfg(not(feature = "std"))]
pub(crate) use without_std::Bell;

#[cfg(feature = "std")]
mod with_std {
    use std::sync::PoisonError;
    use std::time::Instant;

    use crate::substrate::atomic::{
        AtomicU32, Condvar, Mutex, MutexGuard, Ordering::Relaxed, Site, fence, wait_until,
    };

    /// A bell for any number of sleepers.
    ///
    /// ```text
    /// sleepers: 0 --announce--> n --announce--> n+1
    ///           ^                |
    ///           +----- ring -----+     (everybody is woken; cancel takes one back)
    /// ```
    #[derive(Debug)]
    pub(crate) struct Bell {
        /// How many have announced themselves since the last ring; written under the lock, so that a ringer
        /// who finds 0 need not take it.
        sleepers: AtomicU32,
        rings: Mutex<u64>,
        rung: Condvar,
    }

    /// An announced sleeper: it sleeps or cancels.
    #[must_use]
    #[derive(Debug)]
    pub(crate) struct Ticket(u64);

    impl Bell {
        pub(crate) fn new() -> Self {
            Self { sleepers: AtomicU32::new(0), rings: Mutex::new(0), rung: Condvar::new() }
        }

        fn lock(&self) -> MutexGuard<'_, u64> {
            self.rings.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Announces a sleeper. The caller must look at what it waits for *after* this.
        pub(crate) fn announce(&self) -> Ticket {
            let rings = self.lock();
            self.sleepers.store(self.sleepers.load(Relaxed) + 1, Relaxed);
            let ticket = Ticket(*rings);
            drop(rings);
            // [W1] SeqCst fence, pairs with [W2]. Ours first: the ringer's load below its fence sees the
            // sleeper. Theirs first: the look that follows here sees the news. Weaker: both miss each other
            // and the sleeper sleeps on.
            fence(Site::W1);
            ticket
        }

        /// The look showed that there is no need to sleep.
        pub(crate) fn cancel(&self, ticket: Ticket) {
            let rings = self.lock();
            if *rings == ticket.0 {
                self.sleepers.store(self.sleepers.load(Relaxed) - 1, Relaxed);
            }
        }

        /// Sleeps until a ring later than the announcement, or until `deadline`.
        pub(crate) fn sleep(&self, ticket: Ticket, deadline: Option<Instant>) {
            let mut rings = self.lock();
            while *rings == ticket.0 {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    self.sleepers.store(self.sleepers.load(Relaxed) - 1, Relaxed);
                    return;
                }
                rings = wait_until(&self.rung, rings, deadline);
            }
        }

        /// Wakes everybody who announced himself before the news that the caller has just published.
        #[inline]
        pub(crate) fn ring(&self) {
            self.ring_if(|| true);
        }

        /// As [`ring`](Self::ring), if what the sleepers wrote before they announced themselves says that the news
        /// concerns them.
        #[inline]
        pub(crate) fn ring_if(&self, concerned: impl FnOnce() -> bool) {
            // [W2] SeqCst fence, pairs with [W1]: see there.
            fence(Site::W2);
            if self.sleepers.load(Relaxed) != 0 && concerned() {
                self.wake();
            }
        }

        #[cold]
        fn wake(&self) {
            let mut rings = self.lock();
            if self.sleepers.load(Relaxed) == 0 {
                return;
            }
            *rings += 1;
            self.sleepers.store(0, Relaxed);
            drop(rings);
            self.rung.notify_all();
        }
    }
}

#[cfg(not(feature = "std"))]
mod without_std {
    /// Without `std` nobody can sleep, so there is nobody to wake: everything polls.
    #[derive(Debug)]
    pub(crate) struct Bell;

    impl Bell {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) fn ring(&self) {}

        pub(crate) fn ring_if(&self, _concerned: impl FnOnce() -> bool) {}
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::Bell;
    use std::time::{Duration, Instant};

    #[test]
    fn a_ring_after_the_announcement_is_never_missed() {
        let bell = Bell::new();
        let ticket = bell.announce();
        bell.ring();
        bell.sleep(ticket, None); // Would hang if the ring were lost.
    }

    #[test]
    fn a_deadline_ends_the_sleep_and_takes_the_sleeper_back() {
        let bell = Bell::new();
        let ticket = bell.announce();
        bell.sleep(ticket, Some(Instant::now() + Duration::from_millis(5)));
        let ticket = bell.announce();
        bell.cancel(ticket);
        bell.ring(); // Nobody there; must not count a sleeper below zero.
        let ticket = bell.announce();
        bell.ring();
        bell.sleep(ticket, None);
    }
}
