//! The two sides, and all that the writer leaves behind for the next.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::ManuallyDrop;

use super::error::WriterExists;
use super::strategy::{Asymmetric, Strategy};
use crate::substrate::atomic::{
    AtomicU8,
    Ordering::{Acquire, Relaxed, Release},
    Site, at, const_fn,
};
use crate::substrate::side::{Pair, Side};
use crate::substrate::wait::Bell;

/// Two copies of `T` behind one strategy: what readers and the writer point to.
///
/// `L` is what the writer keeps between two publishes ([`Log`](crate::publish::Log), or nothing), `S` the strategy, `X`
/// one value beside both copies that everybody sees (`extras`).
///
/// It can stand in a `static`, on the stack, or behind an `Rc` or an `Arc`; see [`Pointer`](crate::publish::Pointer).
///
/// Memory: two `T`, each on cache lines of its own, and one slot of 128 bytes for each reader.
///
/// ```
/// use flipside::publish::{Buffer, Reader, raw};
///
/// static LEVELS: Buffer<[u32; 3]> = Buffer::new([[1, 2, 3]; 2], ());
///
/// let mut writer = raw::Writer::new(&LEVELS)?;
/// writer.back()?[0] = 7;
/// writer.publish()?;
/// let reader = Reader::new(&LEVELS)?;
/// assert_eq!(reader.read()[0], 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Buffer<T, L = (), S: Strategy = Asymmetric, X = ()> {
    pub(super) strategy: S,
    sides: Pair<UnsafeCell<T>>,
    /// Rung at every flip, and when the writer goes.
    pub(super) news: Bell,
    office: AtomicU8,
    desk: UnsafeCell<Desk<L, S::Residual>>,
    extras: X,
}

/// What the writer leaves for the next one.
pub(super) struct Desk<L, R> {
    /// Who may still be inside of the back; `None` once it was found vacant.
    pub(super) residual: Option<R>,
    pub(super) log: L,
}

/// The writer's office.
///
/// ```text
/// NOBODY_YET --take--> HELD --leave--> LEFT --take--> HELD
/// ```
const NOBODY_YET: u8 = 0;
const HELD: u8 = 1;
const LEFT: u8 = 2;

// SAFETY: readers share `&T` between threads (`T: Sync`); the writer, on whichever thread, has `&mut T` and may drop the
// old value there, as whoever drops the buffer does (`T: Send`). The desk is the writer's alone, who may be on any
// thread (`L: Send`, `Residual: Send`). Extras are shared, and dropped by whoever is last (`X: Send + Sync`). That nobody
// has `&mut T` while somebody has `&T` is the strategy's laws; that there is one writer is the office.
unsafe impl<T, L, S, X> Sync for Buffer<T, L, S, X>
where
    T: Send + Sync,
    L: Send,
    S: Strategy<Residual: Send> + Sync,
    X: Send + Sync,
{
}

impl<T, L> Buffer<T, L> {
    const_fn! {
        /// With the default strategy. `log` is what the writer keeps: `()`, or a [`Log`](crate::publish::Log).
        pub fn new(copies: [T; 2], log: L) -> Self {
            Self::with(Asymmetric::new(), copies, log, ())
        }
    }
}

impl<T, L, S: Strategy, X> Buffer<T, L, S, X> {
    const_fn! {
        /// With this strategy and these extras. The first copy is what readers see.
        ///
        /// The copies may differ where nothing is replayed (`L = ()`): two frames. Under a log they must be equal.
        pub fn with(strategy: S, copies: [T; 2], log: L, extras: X) -> Self {
            // A constant function cannot take an array apart that may have to be dropped.
            let copies = ManuallyDrop::new(copies);
            let first = (&raw const copies).cast::<T>();
            // SAFETY: the array's first, read once; the array is not dropped.
            let a = unsafe { first.read() };
            // SAFETY: its second, likewise.
            let second = unsafe { first.add(1) };
            // SAFETY: as for the first.
            let b = unsafe { second.read() };
            Self {
                strategy,
                sides: Pair::new(UnsafeCell::new(a), UnsafeCell::new(b)),
                news: Bell::new(),
                office: AtomicU8::new(NOBODY_YET),
                desk: UnsafeCell::new(Desk { residual: None, log }),
                extras,
            }
        }
    }

    /// The strategy.
    pub fn strategy(&self) -> &S {
        &self.strategy
    }

    /// The value beside both copies.
    pub fn extras(&self) -> &X {
        &self.extras
    }

    /// How many times the writer has flipped. It may be outdated at once, and never goes back.
    pub fn version(&self) -> u64 {
        self.strategy.version()
    }

    /// Whether there was a writer and there is none now. Another one may come.
    pub fn is_abandoned(&self) -> bool {
        self.office.load(Relaxed) == LEFT
    }

    /// Both copies, the newer first, with the log and the extras.
    pub(super) fn into_parts(self) -> (T, T, L, X) {
        let front = side_of(self.strategy.version());
        let [a, b] = self.sides.into_inner().map(UnsafeCell::into_inner);
        let (front, back) = if front == Side::A { (a, b) } else { (b, a) };
        (front, back, self.desk.into_inner().log, self.extras)
    }

    /// Where the copy of a version is.
    #[inline(always)]
    pub(super) fn copy(&self, version: u64) -> *mut T {
        self.sides[side_of(version)].get()
    }

    pub(super) fn desk(&self) -> *mut Desk<L, S::Residual> {
        self.desk.get()
    }

    /// Takes the writer's office.
    pub(super) fn take_office(&self) -> Result<(), WriterExists> {
        let seen = self.office.load(Relaxed);
        // [P23] Acquire, pairs with [P22]. Theirs first: what the last writer did to copies and desk is done. Weaker: two
        // writers at one desk.
        let taken =
            seen != HELD && self.office.compare_exchange(seen, HELD, at(Site::P23, Acquire), Relaxed).is_ok();
        if taken { Ok(()) } else { Err(WriterExists) }
    }

    /// Gives it back. The caller was the writer, and is not any more.
    pub(super) fn leave_office(&self) {
        // [P22] Release, pairs with [P23]: see there.
        self.office.store(LEFT, at(Site::P22, Release));
        self.news.ring();
    }
}

/// The side that a version lives on.
const fn side_of(version: u64) -> Side {
    Side::from_bit((version & 1) as usize)
}

impl<T, L, S: Strategy + fmt::Debug, X> fmt::Debug for Buffer<T, L, S, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("version", &self.version())
            .field("strategy", &self.strategy)
            .finish_non_exhaustive()
    }
}
