//! The contenders of the table `exchange`, one file each.

pub(crate) mod doubled;
pub(crate) mod flipside;
pub(crate) mod rayon;
pub(crate) mod synced_memory;

use std::sync::{Arc, Barrier};

use super::role::{Contender, Variant};
use super::store::{Atomics, Locked};
use doubled::Doubled;
use synced_memory::SyncedMemory;

const ATOMICS: &str = "atomic elements";
const LOCKED: &str = "a lock for each segment";

/// All of them, ours first.
pub(crate) const CONTENDERS: &[Contender] = &[
    Contender {
        name: "flipside/auto",
        barrier: true,
        variants: &[Variant::of::<flipside::Flipside<flipside::Auto>>("")],
    },
    Contender {
        name: "flipside/flags",
        barrier: true,
        variants: &[Variant::of::<flipside::Flipside<flipside::Flags>>("")],
    },
    Contender {
        name: "flipside/central",
        barrier: true,
        variants: &[Variant::of::<flipside::Flipside<flipside::Central>>("")],
    },
    Contender {
        name: "peer/std-barrier",
        barrier: true,
        variants: &[
            Variant::of::<Doubled<Arc<Barrier>, Atomics>>(ATOMICS),
            Variant::of::<Doubled<Arc<Barrier>, Locked>>(LOCKED),
        ],
    },
    Contender {
        name: "peer/hurdles",
        barrier: true,
        variants: &[
            Variant::of::<Doubled<hurdles::Barrier, Atomics>>(ATOMICS),
            Variant::of::<Doubled<hurdles::Barrier, Locked>>(LOCKED),
        ],
    },
    Contender {
        name: "peer/rayon",
        barrier: true,
        variants: &[Variant::of::<rayon::Rayon>("tasks, not threads")],
    },
    Contender {
        name: "peer/synced-memory",
        barrier: true,
        variants: &[
            Variant::of::<SyncedMemory<Atomics, 1>>("may show the next round"),
            Variant::of::<SyncedMemory<Locked, 1>>("may show the next round"),
        ],
    },
    Contender {
        name: "peer/synced-memory-repaired",
        barrier: false,
        variants: &[
            Variant::of::<SyncedMemory<Atomics, 2>>("two barriers a round"),
            Variant::of::<SyncedMemory<Locked, 2>>("two barriers a round"),
        ],
    },
];
