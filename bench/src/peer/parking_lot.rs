//! The swapped `Vec<u8>` behind parking_lot's mutex.

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::swapped::{Lock, State, Swapped};

pub(crate) type ParkingLot = Swapped<Parking>;

pub(crate) enum Parking {}

impl Lock for Parking {
    const NAME: &'static str = "peer/parking_lot";
    type Mutex = Mutex<State>;
    type Guard<'a> = MutexGuard<'a, State>;
    type Bell = Condvar;

    fn mutex(state: State) -> Mutex<State> {
        Mutex::new(state)
    }

    #[inline]
    fn lock(mutex: &Mutex<State>) -> MutexGuard<'_, State> {
        mutex.lock()
    }

    fn wait<'a>(bell: &Condvar, mut guard: Self::Guard<'a>) -> Self::Guard<'a> {
        bell.wait(&mut guard);
        guard
    }

    fn ring_one(bell: &Condvar) {
        bell.notify_one();
    }

    fn ring_all(bell: &Condvar) {
        bell.notify_all();
    }
}
