//! What must happen when a scope is left, by a panic too.

/// Calls what may panic on behalf of somebody who has nothing to do with it: the panic's message is all that comes of it.
#[cfg(feature = "std")]
pub(crate) fn quietly(call: impl FnOnce()) {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        // The payload's destructor is the user's as well.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            core::mem::forget(again);
        }
    }
}

/// Calls what may panic on behalf of somebody who has nothing to do with it. Without `std` a panic cannot be caught: it is
/// the end of the program, by a second one.
#[cfg(not(feature = "std"))]
pub(crate) fn quietly(call: impl FnOnce()) {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            panic!("a panic where none may pass");
        }
    }
    let abort = Abort;
    call();
    core::mem::forget(abort);
}

/// Runs its closure when it is dropped: at the end of its scope, or while a panic of the user's code passes by.
///
/// It must be a local variable that no user code can reach, or it could be forgotten.
#[cfg(feature = "alloc")]
#[must_use = "it runs at once if it is not kept"]
pub(crate) struct Finally<F: FnMut()>(F);

#[cfg(feature = "alloc")]
impl<F: FnMut()> Finally<F> {
    pub(crate) const fn new(last: F) -> Self {
        Self(last)
    }
}

#[cfg(feature = "alloc")]
impl<F: FnMut()> Drop for Finally<F> {
    #[inline]
    fn drop(&mut self) {
        (self.0)();
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::Finally;
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    #[test]
    fn it_runs_once_at_the_end_and_on_a_panic() {
        let runs = Cell::new(0);
        let scope = |panics: bool| {
            let _finally = Finally::new(|| runs.set(runs.get() + 1));
            if panics {
                resume_unwind(Box::new(()));
            }
        };
        scope(false);
        assert_eq!(runs.get(), 1);
        assert!(catch_unwind(AssertUnwindSafe(|| scope(true))).is_err());
        assert_eq!(runs.get(), 2);
    }
}
