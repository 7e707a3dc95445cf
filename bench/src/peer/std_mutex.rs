//! The swapped `Vec<u8>` behind the standard library's mutex.

use std::sync::{Condvar, Mutex, MutexGuard};

use super::swapped::{Lock, State, Swapped};

pub(crate) type StdMutex = Swapped<Std>;

pub(crate) enum Std {}

impl Lock for Std {
    const NAME: &'static str = "peer/std-mutex";
    type Mutex = Mutex<State>;
    type Guard<'a> = MutexGuard<'a, State>;
    type Bell = Condvar;

    fn mutex(state: State) -> Mutex<State> {
        Mutex::new(state)
    }

    #[inline]
    fn lock(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
        mutex.lock().expect("nobody panics inside")
    }

    fn wait<'a>(bell: &Condvar, guard: Self::Guard<'a>) -> Self::Guard<'a> {
        bell.wait(guard).expect("nobody panics inside")
    }

    fn ring_one(bell: &Condvar) {
        bell.notify_one();
    }

    fn ring_all(bell: &Condvar) {
        bell.notify_all();
    }
}
