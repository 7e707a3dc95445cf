//! Sleeping until somebody rings.
//!
//! The sleeper announces itself, fences, looks again, sleeps. The ringer publishes, fences, looks for
//! sleepers, rings. Each does store, fence, load, so at least one of them sees the other (the store-buffering
//! litmus with both fences); a lock guards only the list, and never while user code runs.
//!
//! A task sleeps by returning `Pending`, with its waker in the list. A ring takes all wakers out, and wakes them when
//! it has let go of the lock: what they do then, ring again, panic or come back at once, meets no lock of ours. A task
//! that goes away takes its waker back; one that is forgotten leaves it until the next ring.

#[cfg(feature = "std")]
pub(crate) use with_std::{Bell, Registration};

#[cfg(not(feature = "std"))]
pub(crate) use without_std::Bell;

#[cfg(feature = "std")]
mod with_std {
    use std::sync::PoisonError;
    use std::task::Waker;
    use std::time::Instant;
    use std::vec::Vec;

    use crate::substrate::atomic::{
        AtomicU32, Condvar, Mutex, MutexGuard, Ordering::Relaxed, Site, const_fn, fence, wait_until,
    };
    use crate::substrate::unwind::quietly;

    /// A bell for any number of sleepers: threads, and tasks that left a waker.
    ///
    /// ```text
    /// sleepers: 0 --announce--> n --announce--> n+1
    ///           ^                |
    ///           +----- ring -----+     (everybody is woken; cancel and withdraw take one back)
    /// ```
    #[derive(Debug)]
    pub(crate) struct Bell {
        /// How many have announced themselves since the last ring; written under the lock, so that a ringer
        /// who finds 0 need not take it.
        sleepers: AtomicU32,
        list: Mutex<List>,
        rung: Condvar,
    }

    /// What the lock guards. Nothing of the user's runs under it: wakers are cloned, woken and dropped, and memory is
    /// allocated and freed, before or after.
    #[derive(Debug)]
    struct List {
        rings: u64,
        /// Threads among the sleepers.
        threads: u32,
        /// Tasks among the sleepers.
        tasks: Vec<(u64, Waker)>,
        /// Registrations so far.
        registered: u64,
    }

    /// An announced sleeper: it sleeps or cancels.
    #[must_use]
    #[derive(Debug)]
    pub(crate) struct Ticket(u64);

    /// A task's place at one bell, or none. Who drops it without withdrawing leaves a waker behind, until the next
    /// ring.
    #[derive(Debug, Default)]
    pub(crate) struct Registration(Option<u64>);

    impl Bell {
        const_fn! {
            pub(crate) fn new() -> Self {
                let list = List { rings: 0, threads: 0, tasks: Vec::new(), registered: 0 };
                Self { sleepers: AtomicU32::new(0), list: Mutex::new(list), rung: Condvar::new() }
            }
        }

        fn lock(&self) -> MutexGuard<'_, List> {
            self.list.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Under the lock: as many sleep as are in the list.
        fn count(&self, list: &List) {
            // There is memory for fewer tasks than that.
            let tasks = u32::try_from(list.tasks.len()).unwrap_or(u32::MAX / 2);
            self.sleepers.store(list.threads + tasks, Relaxed);
        }

        /// Announces a thread. The caller must look at what it waits for *after* this.
        pub(crate) fn announce(&self) -> Ticket {
            let mut list = self.lock();
            list.threads += 1;
            self.count(&list);
            let ticket = Ticket(list.rings);
            drop(list);
            Self::announced();
            ticket
        }

        /// Announces a task, or says by which waker one that is announced wants to be woken. The caller must look at
        /// what it waits for *after* this.
        ///
        /// # Panics
        ///
        /// If the waker's `clone` does, then nothing is announced that was not; or its `drop`.
        pub(crate) fn announce_task(&self, registration: &mut Registration, waker: &Waker) {
            let (mut waker, mut room) = (waker.clone(), Vec::new());
            let known = registration.0;
            loop {
                let mut list = self.lock();
                if let Some((_, its)) = list.tasks.iter_mut().find(|(key, _)| Some(*key) == known) {
                    std::mem::swap(its, &mut waker);
                    break;
                }
                if list.tasks.len() == list.tasks.capacity() && room.capacity() > list.tasks.len() {
                    room.append(&mut list.tasks);
                    std::mem::swap(&mut room, &mut list.tasks);
                }
                if list.tasks.len() < list.tasks.capacity() {
                    list.registered += 1;
                    let key = list.registered;
                    list.tasks.push((key, waker));
                    self.count(&list);
                    registration.0 = Some(key);
                    drop(list);
                    return Self::announced();
                }
                let wanted = 2 * list.tasks.len() + 1;
                drop(list);
                room = Vec::with_capacity(wanted);
            }
            Self::announced();
        }

        /// After an announcement, before the look.
        fn announced() {
            // [W1] SeqCst fence, pairs with [W2]. Ours first: the ringer's load below its fence sees the
            // sleeper. Theirs first: the look that follows here sees the news. Weaker: both miss each other
            // and the sleeper sleeps on.
            fence(Site::W1);
        }

        /// The look showed that there is no need to sleep.
        pub(crate) fn cancel(&self, ticket: Ticket) {
            let mut list = self.lock();
            if list.rings == ticket.0 {
                list.threads -= 1;
                self.count(&list);
            }
        }

        /// Takes a task's registration back, if it has one.
        ///
        /// # Panics
        ///
        /// If the waker's `drop` does; it is taken back all the same.
        pub(crate) fn withdraw(&self, registration: &mut Registration) {
            let Some(known) = registration.0.take() else { return };
            let mut list = self.lock();
            let found = list.tasks.iter().position(|(key, _)| *key == known);
            let task = found.map(|at| list.tasks.swap_remove(at));
            self.count(&list);
            drop(list);
            drop(task);
        }

        /// Sleeps until a ring later than the announcement, or until `deadline`.
        pub(crate) fn sleep(&self, ticket: Ticket, deadline: Option<Instant>) {
            let mut list = self.lock();
            while list.rings == ticket.0 {
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    list.threads -= 1;
                    self.count(&list);
                    return;
                }
                list = wait_until(&self.rung, list, deadline);
            }
        }

        /// Wakes everybody who announced himself before the news that the caller has just published.
        #[inline]
        pub(crate) fn ring(&self) {
            self.ring_if(|| true);
        }

        /// As [`ring`](Self::ring), for one who has passed a sequentially consistent fence since the news.
        #[inline]
        pub(crate) fn ring_fenced(&self) {
            if self.sleepers.load(Relaxed) != 0 {
                self.wake();
            }
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
            let mut list = self.lock();
            if self.sleepers.load(Relaxed) == 0 {
                return;
            }
            list.rings += 1;
            let threads = std::mem::take(&mut list.threads);
            let mut tasks = std::mem::take(&mut list.tasks);
            self.count(&list);
            drop(list);
            if threads != 0 {
                self.rung.notify_all();
            }
            if tasks.is_empty() {
                return;
            }
            tasks.drain(..).for_each(|(_, waker)| quietly(|| waker.wake()));
            // Its room for the next: an idle task costs no allocation each time.
            let mut list = self.lock();
            if list.tasks.capacity() == 0 {
                std::mem::swap(&mut tasks, &mut list.tasks);
            }
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

        pub(crate) fn ring_fenced(&self) {}

        #[cfg(feature = "alloc")]
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
