//! The suite of `publish::conformance` over every strategy, and over strategies that are broken on purpose.

#[path = "support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use flipside::publish::strategy::{
    Asymmetric, Counters, Epochs, Kind, Local, LocalAsync, Locked, Slot, Strategy,
};
use flipside::publish::{Full, Straggler, conformance};

fn slots() -> [Slot; 5] {
    [const { Slot::new() }; 5]
}

macro_rules! conforms {
    ($($name:ident: $make:expr;)*) => {$(
        #[test]
        fn $name() {
            support::within(stringify!($name), || conformance::all(|| $make));
        }
    )*};
}

conforms! {
    asymmetric: Asymmetric::new();
    asymmetric_without_membarrier: Asymmetric::portable();
    asymmetric_with_slots: Asymmetric::with_seats(slots());
    asymmetric_without_membarrier_with_slots: Asymmetric::portable_with_seats(slots());
    epochs: Epochs::new();
    epochs_with_slots: Epochs::with_seats(slots());
    counters: Counters::new();
    counters_with_slots: Counters::with_seats(slots());
    locked: Locked::new();
}

#[test]
fn local() {
    conformance::single_threaded(Local::new);
    conformance::single_threaded(LocalAsync::new);
}

#[test]
fn slots_of_somebody_else() {
    let theirs = || &mut Box::leak(Box::new(slots()))[..];
    conformance::single_threaded(|| Counters::with_seats(theirs()));
    conformance::single_threaded(|| Asymmetric::with_seats(theirs()));
}

/// What is wrong with a [`Broken`] strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A side with one reader in it is vacant.
    VacantTooEarly,
    /// As soon as a thread other than the writer's is inside, everything is vacant.
    VacantForStrangers,
    /// The new side's readers are waited for as well.
    WaitsForTheNewSide,
    /// Entering returns the version before the newest.
    StaleEntry,
    /// Advancing stays where it is.
    StaleAdvance,
    /// A released seat is still inside.
    NeverReleased,
    /// The straggler is said to be of this thread.
    NamesTheWriter,
    /// A pending task is never woken.
    WakesNobody,
}

/// `Locked`, but for one fault.
struct Broken {
    good: Locked,
    fault: Fault,
    inside: AtomicUsize,
}

impl Broken {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

// SAFETY: it is not, and only used by the suite, whose values are atomics: nothing is touched that could break.
unsafe impl Strategy for Broken {
    type Seat = <Locked as Strategy>::Seat;
    type Residual = <Locked as Strategy>::Residual;

    fn seat(&self, kind: Kind) -> Result<Self::Seat, Full> {
        self.good.seat(kind)
    }

    unsafe fn release(&self, seat: &mut Self::Seat) {
        if self.is(Fault::NeverReleased) {
            // SAFETY: the seat is this strategy's and not released.
            unsafe { self.good.enter(seat) };
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { self.good.release(seat) };
    }

    unsafe fn enter(&self, seat: &Self::Seat) -> u64 {
        self.inside.fetch_add(1, SeqCst);
        // SAFETY: the caller's promise.
        let version = unsafe { self.good.enter(seat) };
        if self.is(Fault::StaleEntry) { version.saturating_sub(1) } else { version }
    }

    unsafe fn leave(&self, seat: &Self::Seat) {
        self.inside.fetch_sub(1, SeqCst);
        // SAFETY: the caller's promise.
        unsafe { self.good.leave(seat) };
    }

    unsafe fn inside(&self, seat: &Self::Seat) -> Option<u64> {
        // SAFETY: the caller's promise.
        unsafe { self.good.inside(seat) }
    }

    unsafe fn advance(&self, seat: &Self::Seat) -> u64 {
        if self.is(Fault::StaleAdvance) {
            // SAFETY: the caller's promise.
            return unsafe { self.good.inside(seat) }.unwrap_or_default();
        }
        // SAFETY: the caller's promise.
        unsafe { self.good.advance(seat) }
    }

    fn number(&self, seat: &Self::Seat) -> Option<u32> {
        self.good.number(seat)
    }

    fn version(&self) -> u64 {
        self.good.version()
    }

    unsafe fn flip(&self) -> Self::Residual {
        // SAFETY: the caller's promise.
        unsafe { self.good.flip() }
    }

    fn vacant(&self, residual: &Self::Residual) -> bool {
        match self.fault {
            Fault::VacantTooEarly => self.inside.load(SeqCst) <= 1,
            Fault::VacantForStrangers => {
                self.straggler(residual).is_none_or(|straggler| !straggler.is_this_thread())
            }
            Fault::WaitsForTheNewSide => self.inside.load(SeqCst) == 0,
            _ => self.good.vacant(residual),
        }
    }

    fn straggler(&self, residual: &Self::Residual) -> Option<Straggler> {
        let straggler = self.good.straggler(residual)?;
        if self.is(Fault::NamesTheWriter) {
            return Some(Straggler::new(
                straggler.reader(),
                straggler.since_version(),
                Straggler::this_thread(),
            ));
        }
        Some(straggler)
    }

    fn poll_vacant(
        &self,
        residual: &mut Self::Residual,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), flipside::publish::Refused>> {
        if self.is(Fault::WakesNobody) && !self.vacant(residual) {
            return std::task::Poll::Pending;
        }
        self.good.poll_vacant(residual, cx)
    }

    fn stop_polling(&self, residual: &mut Self::Residual) {
        self.good.stop_polling(residual);
    }
}

#[test]
fn what_is_broken_is_found_and_named() {
    let faults = [
        (Fault::VacantTooEarly, "L2"),
        (Fault::VacantForStrangers, "L2"),
        (Fault::WaitsForTheNewSide, "L2"),
        (Fault::StaleEntry, "L1"),
        (Fault::StaleAdvance, "L1"),
        (Fault::NeverReleased, "L2"),
        (Fault::NamesTheWriter, "straggler"),
        (Fault::WakesNobody, "poll_vacant"),
    ];
    for (fault, law) in faults {
        let message = support::within("a broken strategy", move || {
            let make = || Broken { good: Locked::new(), fault, inside: AtomicUsize::new(0) };
            let panic = catch_unwind(AssertUnwindSafe(|| conformance::all(make)));
            let panic = panic.expect_err("it was not found");
            let text = panic.downcast_ref::<&str>().map(ToString::to_string);
            text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
        });
        assert!(message.starts_with(law), "{fault:?}: {message}");
    }
}
