//! Sleeping at a word where there is no futex, or none that loom or shuttle would know of.

use super::imp::{AtomicU32, Condvar, Mutex, Ordering::Relaxed, wait_until};

/// Where threads sleep while a word has a value.
#[derive(Debug)]
pub(crate) struct Bed {
    lock: Mutex<()>,
    rung: Condvar,
}

impl Bed {
    super::imp::const_fn! {
        pub(crate) fn new() -> Self {
            Self { lock: Mutex::new(()), rung: Condvar::new() }
        }
    }

    /// Sleeps while the word has this value, until it is woken or `deadline`; or for no reason.
    pub(crate) fn sleep(&self, word: &AtomicU32, value: u32, deadline: Option<std::time::Instant>) {
        let guard = self.lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Whoever changes it after this look comes to the lock, and then to the bell, after we sleep.
        if word.load(Relaxed) == value {
            drop(wait_until(&self.rung, guard, deadline));
        }
    }

    /// Wakes all who sleep, after the word was changed.
    pub(crate) fn wake(&self, _word: &AtomicU32) {
        drop(self.lock.lock());
        self.rung.notify_all();
    }
}
