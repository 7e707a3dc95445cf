//! Every party to every party, in rounds.

mod barrier;
mod error;
mod memory;
mod narrow;
mod party;
mod pending;
mod pin;
mod profile;
mod round;
mod setup;
mod shared;
mod view;
mod waiting;

pub use barrier::{Barrier, Broken, Central, Flags, Kind, Look, Presence};
pub use error::{Cause, JoinError, Poisoned, SetupError, TimedOut, TooLong, WaitError};
pub use memory::{Contiguous, Memory, Padded, TooLarge};
pub use narrow::{NarrowPending, NarrowRound};
pub use party::{Entrance, Party, scope};
pub use pending::{Pending, Waited};
pub use profile::{PartyReport, Profile, Report, Spread};
pub use round::Round;
pub use setup::{Choice, Parties, Setup, parties};
pub use view::{NarrowView, View};
pub use waiting::Waiting;
