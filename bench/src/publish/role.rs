//! What a contender is to the harness: a writer, readers, and what a reader has while it reads.

use std::ops::Deref;
use std::time::Duration;

use super::mix::{self, Mixing};
use super::read::{self, Reading};
use super::subject::Subject;
use super::write::{self, Writing};

/// A way to share a `T` between one writer and many readers.
pub(crate) trait Peer<T: Subject> {
    /// Whether readers ever see what the writer does. A limit shares nothing.
    const SHARED: bool = true;
    /// The most readers there can be.
    const READERS: usize = usize::MAX;
    type Writer: Write<T>;
    type Reader: Reader<T> + 'static;

    /// A writer and so many readers of a [fresh](Subject::fresh) subject.
    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>);
}

/// The one who changes it.
pub(crate) trait Write<T: Subject>: Send {
    /// Whether readers see the changes when [`publish`](Self::publish) returns. One whose policy is to wait for more
    /// of them shows them by [`settle`](Self::settle) at the latest.
    const PROMPT: bool = true;

    /// Applies all changes, in order; readers see them when this returns. Who has no versions may show some of
    /// them before. Of values the last one counts.
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>);

    /// Does now what the last publish left to the next one. Nothing, for those who do everything at once.
    fn settle(&mut self) {}
}

/// A reader on its way to its thread.
pub(crate) trait Reader<T: Subject>: Send {
    /// What it reads with, once it is there: this may borrow from the reader, and need not be `Send`.
    type Session<'a>: Ask<T>
    where
        Self: 'a;

    fn session(&mut self) -> Self::Session<'_>;
}

/// Reads. Everything is generic and inlined; nothing is called indirectly.
pub(crate) trait Ask<T: Subject> {
    /// Whether what one guard shows is of one version.
    const ONE_VERSION: bool;
    /// Whether it can sit in a guard.
    const GUARDS: bool;

    /// One question under a guard of its own.
    fn ask(&mut self, key: u64) -> u64;

    /// Two questions under one guard, if there is such a thing.
    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2];

    /// Takes notice of what has been published, where that is not done by every question.
    fn refresh(&mut self) {}

    /// Sits in a guard meanwhile.
    fn hold(&mut self, meanwhile: impl FnOnce());
}

/// Most readers have a guard that is the subject itself; this is enough for them to [`Ask`].
pub(crate) trait Enter<T> {
    const GUARDS: bool = true;
    type Guard<'a>: Deref<Target = T>
    where
        Self: 'a;

    fn enter(&mut self) -> Self::Guard<'_>;

    fn refresh(&mut self) {}
}

impl<T: Subject, E: Enter<T>> Ask<T> for E {
    const ONE_VERSION: bool = true;
    const GUARDS: bool = <E as Enter<T>>::GUARDS;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.enter().answer(key)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        let guard = self.enter();
        keys.map(|key| guard.answer(key))
    }

    #[inline]
    fn refresh(&mut self) {
        Enter::refresh(self);
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.enter();
        meanwhile();
        drop(guard);
    }
}

/// A [`Peer`] behind function pointers, so that they fit into a list; inside, nothing is called indirectly.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// What the printed table says beside it.
    pub(crate) remark: &'static str,
    /// Whether its readers can sit in a guard.
    pub(crate) guards: bool,
    /// The most readers there can be.
    pub(crate) readers: usize,
    /// Publishes so many versions, and looks at what a reader sees meanwhile and afterwards.
    pub(crate) check: fn(u32) -> Result<(), String>,
    /// The time for so many blocks of questions; asserts that the answers were right.
    pub(crate) read: fn(Reading, usize) -> Duration,
    /// The time for so many publishes; asserts that they arrived.
    pub(crate) write: fn(Writing, usize) -> Duration,
    /// The time for so many blocks of operations of each thread; for those whose writer is made for many threads.
    pub(crate) mix: Option<fn(Mixing, usize) -> Duration>,
}

impl Contender {
    pub(crate) const fn of<T: Subject, P: Peer<T>>(name: &'static str, remark: &'static str) -> Self {
        Self {
            name,
            remark,
            guards: session_guards::<T, P>(),
            readers: P::READERS,
            check: super::check::check::<T, P>,
            read: read::timed::<T, P>,
            write: write::timed::<T, P>,
            mix: None,
        }
    }

    /// One whose writer can be cloned: every thread reads and writes, and so it is checked.
    pub(crate) const fn of_many<T: Subject, P: Peer<T>>(name: &'static str, remark: &'static str) -> Self
    where
        P::Writer: Clone,
    {
        Self {
            check: super::check::check_many::<T, P>,
            mix: Some(mix::timed::<T, P>),
            ..Self::of::<T, P>(name, remark)
        }
    }
}

const fn session_guards<T: Subject, P: Peer<T>>() -> bool {
    <<P::Reader as Reader<T>>::Session<'static> as Ask<T>>::GUARDS
}
