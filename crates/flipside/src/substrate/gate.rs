//! A word to wait at.
//!
//! Who waits for a change of the word marks it, and sleeps while it has that value. Who changes it replaces it, finds the
//! mark in what he replaced, and wakes. Both happen on one word, whose changes have one order, so there is nothing that one
//! of them could miss, and no fence: the change comes after the mark and finds it, or before, and then the word is no longer
//! what the sleeper would sleep on.
//!
//! When not: where the word is changed by a plain store. Then it takes a [bell](super::wait), and fences.

use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;
use std::vec::Vec;

use super::atomic::{AtomicU32, Bed, Mutex, Ordering, Ordering::Relaxed};
use super::unwind::quietly;

/// The mark of a word at which somebody sleeps, thread or task.
pub(crate) const ASLEEP: u32 = 1;

/// A word, and who sleeps at it. Its lowest bit is the gate's.
///
/// ```text
/// w --mark--> w|ASLEEP --set v--> v      and all are woken
/// w ----------set v-------------> v      nobody sleeps: no lock, no system call
/// ```
#[derive(Debug)]
// The word comes first: those of two gates that lie side by side share a line of 64 bytes.
#[repr(C)]
pub(crate) struct Gate {
    word: AtomicU32,
    bed: Bed,
    /// Tasks that sleep, by a number that tells them apart. Nothing of the user's runs under the lock.
    tasks: Mutex<Vec<(usize, Waker)>>,
}

impl Gate {
    /// With this value.
    pub(crate) fn new(value: u32) -> Self {
        Self { word: AtomicU32::new(value), bed: Bed::new(), tasks: Mutex::new(Vec::new()) }
    }

    /// The value, with the mark if there is one.
    #[inline]
    pub(crate) fn load(&self, ordering: Ordering) -> u32 {
        self.word.load(ordering)
    }

    /// Replaces the value, and wakes who sleeps.
    #[inline]
    pub(crate) fn set(&self, value: u32, ordering: Ordering) {
        if self.word.swap(value, ordering) & ASLEEP != 0 {
            self.wake();
        }
    }

    /// Replaces the value by one that follows from it, without the mark, and wakes who sleeps.
    pub(crate) fn update(&self, change: impl Fn(u32) -> u32, ordering: Ordering) {
        let before = self.word.fetch_update(ordering, Relaxed, |word| Some(change(word) & !ASLEEP));
        if before.unwrap_or_else(|word| word) & ASLEEP != 0 {
            self.wake();
        }
    }

    /// Marks the word, if it still has the value that was `seen`, or finds it marked. Who gets `true` looks once more at what
    /// it waits for, and then [sleeps](Self::sleep), or not: a mark that nobody needs costs a call of the system and no more.
    ///
    /// Relaxed: who looks again with an acquire reads what the mark was put on, and all that came before that.
    pub(crate) fn mark(&self, seen: u32) -> bool {
        let (plain, marked) = (seen & !ASLEEP, seen | ASLEEP);
        match self.word.compare_exchange(plain, marked, Relaxed, Relaxed) {
            Ok(_) => true,
            Err(now) => now == marked,
        }
    }

    /// Takes a mark back that was put on a word which will not change, and wakes who sleeps.
    ///
    /// For what is told by something else than the word, as a death is: who tells it clears the mark and wakes, and the word is
    /// what it was. Another one who marks it then, looks again and learns of the death must not leave the mark: somebody may
    /// have looked before the death, not sleep yet, and take it for his own.
    pub(crate) fn unmark(&self) {
        self.update(|word| word, Relaxed);
    }

    /// Sleeps while the word is what was `seen` and marked.
    pub(crate) fn sleep(&self, seen: u32, deadline: Option<Instant>) {
        self.bed.sleep(&self.word, seen | ASLEEP, deadline);
    }

    /// Leaves a waker, for whom the next change wakes once the word is marked: so this comes first, then
    /// [`mark`](Self::mark), then the look.
    ///
    /// # Panics
    ///
    /// If the waker's `clone` or `drop` does.
    pub(crate) fn leave_waker(&self, task: usize, waker: &Waker) {
        let waker = waker.clone();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let old = match tasks.iter().position(|(known, _)| *known == task) {
            Some(at) => Some(std::mem::replace(&mut tasks[at].1, waker)),
            None => {
                tasks.push((task, waker));
                None
            }
        };
        drop(tasks);
        drop(old);
    }

    /// Takes a waker back, if it is still there.
    ///
    /// # Panics
    ///
    /// If the waker's `drop` does.
    pub(crate) fn take_waker(&self, task: usize) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = tasks.iter().position(|(known, _)| *known == task);
        let waker = at.map(|at| tasks.swap_remove(at));
        drop(tasks);
        drop(waker);
    }

    #[cold]
    fn wake(&self) {
        self.bed.wake(&self.word);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.into_iter().for_each(|(_, waker)| quietly(|| waker.wake()));
    }
}
