//! What must happen when a scope is left, by a panic too.

/// Runs its closure when it is dropped: at the end of its scope, or while a panic of the user's code passes by.
///
/// It must be a local variable that no user code can reach, or it could be forgotten.
#[must_use = "it runs at once if it is not kept"]
pub(crate) struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Finally<F> {
    pub(crate) const fn new(last: F) -> Self {
        Self(last)
    }
}

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
