//! A call: what is asked for, and where it lies while another thread may make it.

use std::mem::take;
use std::sync::Arc;

use super::desk::{Failed, lock};
use super::turn::make;
use crate::publish::log::place;
use crate::publish::{Log, Operation, Pointer, Writer};
use crate::substrate::atomic::Mutex;

/// What can be asked of the writer: a closure, or one operation, which can be had back as long as it is not made.
pub(super) trait Ask<T, O>: Sized {
    type Answer;

    /// Makes what is asked, and takes it for that.
    fn make(this: &mut Option<Self>, latest: &T, operations: &mut Vec<O>) -> Self::Answer;
}

const ONCE: &str = "it is made once";

/// A single operation.
pub(super) struct One<O>(pub(super) O);

/// A call, and what comes of it.
pub(super) struct Slot<C, R> {
    /// Until it is made.
    pub(super) call: Option<C>,
    pub(super) answer: Option<R>,
    /// Why there is no answer, or one that does not count.
    pub(super) failed: Option<Failed>,
}

/// A slot as whoever holds the writer sees it.
pub(super) trait Job<P: Pointer>: Send + Sync {
    /// Never panics: it keeps what came of it.
    fn make(&self, writer: &mut Writer<P>);
}

pub(super) struct Call<P: Pointer> {
    pub(super) ticket: u64,
    /// The token of the thread that waits for it.
    pub(super) thread: usize,
    /// None: it asks for nothing but to be published, whatever the policy says.
    pub(super) job: Option<Arc<dyn Job<P>>>,
}

impl<C, R> Default for Slot<C, R> {
    fn default() -> Self {
        Self { call: None, answer: None, failed: None }
    }
}

impl<T, O, R, F: FnOnce(&T, &mut Vec<O>) -> R> Ask<T, O> for F {
    type Answer = R;

    #[inline]
    fn make(this: &mut Option<Self>, latest: &T, operations: &mut Vec<O>) -> R {
        this.take().expect(ONCE)(latest, operations)
    }
}

impl<T, O> Ask<T, O> for One<O> {
    type Answer = ();

    #[inline]
    fn make(this: &mut Option<Self>, _: &T, operations: &mut Vec<O>) {
        place(operations, || this.take().expect(ONCE).0);
    }
}

impl<P, T, O, X, C, R> Job<P> for Mutex<Slot<C, R>>
where
    P: Pointer<Value = T, Log = Log<T, O>, Extras = X>,
    O: Operation<T, X>,
    C: Ask<T, O, Answer = R> + Send,
    R: Send,
{
    fn make(&self, writer: &mut Writer<P>) {
        let mut slot = take(&mut *lock(self));
        make(writer, &mut slot);
        *lock(self) = slot;
    }
}
