//! Every party to every party, in rounds.
//!
//! In each round every party writes its own segment, in place, and then all read the segments of all, while they write the next
//! round's on the other side. Nothing is copied, and there is one barrier a round. The field calls this bulk-synchronous (L.
//! Valiant, *A Bridging Model for Parallel Computation*, 1990), or an in-place all-gather.
//!
//! ```
//! use flipside::exchange;
//!
//! // Four threads, ten numbers each, which move half of the way to the mean of all, ten times.
//! let ends = exchange::parties(4).segment(10, |rank, _| rank as f64).scope(|mut round| {
//!     for _ in 0..10 {
//!         let (own, view) = round.split();
//!         let mean = view.all().iter().sum::<f64>() / view.all().len() as f64;
//!         own.iter_mut().zip(view.mine()).for_each(|(next, now)| *next = (now + mean) / 2.0);
//!         round = round.publish().wait()?;
//!     }
//!     Ok::<f64, exchange::Poisoned>(round.view().all()[0])
//! })?;
//! // What each closure returned, by rank: a number, or who had died.
//! for end in ends {
//!     assert!((end? - 1.5).abs() < 0.01);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **What one published last is in [`View::mine`]. One's own segment, [`Round::own`], is the next one's, and still holds what one
//! wrote there two rounds ago.**
//!
//! For: simulations, iterative solvers, cellular automata, mixing: a fixed number of threads that all need what all have done,
//! thousands of times a second. When not: for work of different size that is best shared out (rayon); where a round has so much
//! work that a barrier is nothing (above a hundred microseconds a swap of two vectors in rayon does as well); for parties
//! that come and go all the time.
//!
//! # What there is
//!
//! | | |
//! |---|---|
//! | [`parties`] | how many, with [`room`](Parties::room) for more, on two sides or [three](Parties::three_sides); then [`segment`](Parties::segment), [`padded`](Parties::padded) or [`no_segment`](Parties::no_segment) |
//! | [`Setup`] | what else: [`contributing`](Setup::contributing), [`neighbours`](Setup::neighbours), [`barrier`](Setup::barrier), [`waiting`](Setup::waiting), [`pin`](Setup::pin), [`profile`](Setup::profile), [`step`](Setup::step); up to [`build`](Setup::build) or [`scope`](Setup::scope) |
//! | [`Party`] | one of them, before it starts on its thread |
//! | [`Round`] | a round that all have published: [`view`](Round::view) to read, [`own`](Round::own) to write, both by [`split`](Round::split); [`set_len`](Round::set_len) where segments are padded, [`before`](Round::before) where there are three sides |
//! | [`Pending`] | a round that this party has published: [`wait`](Pending::wait), [`wait_timeout`](Pending::wait_timeout), [`try_wait`](Pending::try_wait), `.await`; [`late`](Pending::late), and [`segment`](Pending::segment) for who needs only one of the others |
//! | [`View::contributions`] | a value from each party each round: sums, maxima, votes, the same to the last bit for all |
//! | [`NarrowRound`] | rounds in which one waits for one's neighbours only |
//! | [`Round::leave`], [`Entrance::join`] | parties that go and come, between two rounds |
//! | [`Setup::step`] | what the last one to arrive does for all |
//! | [`Profile`] | who computes, who waits, and for whom |
//! | [`Barrier`], [`Memory`] | the pieces, for something else |
//!
//! # Guarantees
//!
//! - Misuse does not compile: to read a round that is not complete, to write what has been published, to keep either for longer
//!   than its round.
//! - A party that dies, by a panic, a `?` or a drop, is an error for the others, not a hang: [`Poisoned`] names its rank and
//!   the first round that it did not publish. All rounds before are complete, for everybody; that one is for nobody.
//! - Who is late is named by [`TimedOut`]. A party that is forgotten (`mem::forget`), or kept somewhere, is late for ever; an
//!   error of [`wait_timeout`](Pending::wait_timeout) keeps it, until it [gives up](WaitError::give_up).
//! - Publishing is wait-free, but for waking who sleeps (a call of the system for threads, a lock and their wakers for tasks), for
//!   a lock when parties come or go, and for a [step](Setup::step). Waiting is for the others.
//! - A round allocates nothing, and, if nobody yields or sleeps, makes no system call. (A task that sleeps leaves its waker in a
//!   list, and [`TimedOut`] has one of who is late. With more parties than processors they yield, nearly always.)
//! - Any `T: Send + Sync`. Nothing is copied, cloned, zeroed or dropped behind your back: one's own segment is as one has left
//!   it, as many rounds ago as there are sides.
//!
//! # Cost
//!
//! Needs `std`, for threads and sleep.
//!
//! Memory: [`SIDES`](Memory::SIDES) x parties x segment x `size_of::<T>()`, and some cache lines for each party. Sides are
//! filled by the thread that builds the exchange, which on machines with several memories is the place where they lie.
//! A round: an exchange on a line of one's own and a look at those of all others ([`Flags`], no more parties than processors), or a
//! count on a line that all write ([`Central`], else).
//!
//! # From `SynchedMemory`
//!
//! The design that this goes back to (`SynchedMemory`, a proposal for shared memory between threads in rounds) has one buffer, a
//! barrier before and after, and a copy for each who reads.
//!
//! | there | here |
//! |---|---|
//! | `SynchedMemory::new(threads, len)` | `parties(threads).segment(len, ...)` |
//! | `build_local_handler(rank)` | a [`Party`], of which there is one for each rank |
//! | `write_local_memory_and_sync_read(&handler, &data)` | write to [`own`](Round::own), `publish().wait()?`, read [`view`](Round::view) |
//! | multiple iterations, `update_global_timestamp` | `round = round.publish().wait()?`; rounds [count](Round::number) themselves |
//! | custom synchronisation: `write_local_memory`, `wait_write_barrier`, `read_global` | [`publish`](Round::publish), [`wait`](Pending::wait), [`view`](Round::view), with something else in between |
//! | map-reduce with convergence: read all, decide | [`publish_with`](Round::publish_with) and [`View::sum`] |
//! | error handling: `catch_unwind` around each call | [`Poisoned`], for everybody |
//! | real-time audio: copy, then mix | [`Padded`] segments read in place, [`wait_timeout`](Pending::wait_timeout) |
//!
//! What is guaranteed here is proved in [`proof`].

mod barrier;
#[cfg(doctest)]
mod compile_fail;
mod error;
mod memory;
#[cfg(all(test, flipside_loom))]
mod model;
mod narrow;
mod parties;
mod party;
mod pending;
mod pin;
mod profile;
mod round;
#[cfg(all(test, flipside_shuttle))]
mod schedules;
mod setup;
mod shared;
mod view;
mod waited;
mod waiting;
#[cfg(all(test, not(flipside_loom)))]
mod wrap_tests;
#[doc = include_str!("PROOF.md")]
pub mod proof {}

pub use barrier::{Barrier, Broken, Central, Flags, Kind, Look, Presence};
pub use error::{Cause, GaveUp, JoinError, Late, Poisoned, SetupError, TimedOut, TooLong, WaitError};
pub use memory::{Contiguous, Memory, Padded, TooLarge};
pub use narrow::{NarrowPending, NarrowRound};
pub use parties::{Parties, parties};
pub use party::{Entrance, Party, scope};
pub use pending::Pending;
pub use profile::{PartyReport, Profile, Report, Spread};
pub use round::Round;
pub use setup::{Choice, Setup};
pub use view::{NarrowView, View};
pub use waited::Waited;
pub use waiting::Waiting;
