//! The contenders of the table `publish`, one file each.
//!
//! A reader of a map asks each question under a guard of its own. All maps have the same hasher, rustc-hash's,
//! but for two: evmap and flashmap take another one than std's by an `unsafe fn` only, and there is no `unsafe`
//! in here. Their measure are the contenders named `-siphash`, which have std's hasher as well.

pub(crate) mod arc_swap;
pub(crate) mod collection;
pub(crate) mod dashmap;
pub(crate) mod evmap;
pub(crate) mod flashmap;
pub(crate) mod flipside;
pub(crate) mod left_right;
pub(crate) mod mutexed;
pub(crate) mod papaya;
pub(crate) mod parking_lot;
pub(crate) mod plain;
pub(crate) mod scc;
pub(crate) mod std_rwlock;
pub(crate) mod tokio_watch;
pub(crate) mod triple_buffer;

use std::sync::Arc;

use ::flipside::publish::strategy::{Asymmetric, Counters, Epochs, Locked};

use super::memory::Holder;
use super::role::Contender;
use super::subject::{Map, SipMap, Value};

const SIPHASH: &str = "std's hasher";
const HELD: &str = "one guard for all";
const COLLECTION: &str = "publish::map, by Asymmetric";
const MUTEX: &str = "its writer under a Mutex";
const MUTEX_SIPHASH: &str = "its writer under a Mutex; std's hasher";

/// Those who share a map.
pub(crate) const MAPS: &[Contender] = &[
    Contender::of::<Map, flipside::Guards<Asymmetric>>("flipside/asymmetric", ""),
    Contender::of::<Map, flipside::Guards<Epochs>>("flipside/epochs", ""),
    Contender::of::<Map, flipside::Guards<Counters>>("flipside/counters", ""),
    Contender::of::<Map, flipside::Guards<Locked>>("flipside/locked", ""),
    Contender::of::<Map, flipside::Pinned>("flipside/pinned", "looks for news each time"),
    Contender::of::<SipMap, flipside::Guards<Asymmetric>>("flipside/asymmetric-siphash", SIPHASH),
    Contender::of::<Map, collection::Collected<u64>>("flipside/map", COLLECTION),
    Contender::of::<Map, plain::Plain>("limit/plain-map", ""),
    Contender::of::<SipMap, plain::Plain>("limit/plain-map-siphash", SIPHASH),
    Contender::of::<Map, std_rwlock::StdRwLock>("peer/std-rwlock", ""),
    Contender::of::<Map, parking_lot::ParkingLot>("peer/parking_lot-rwlock", ""),
    Contender::of::<Map, arc_swap::Load>("peer/arc-swap", ""),
    Contender::of::<Map, arc_swap::Cached>("peer/arc-swap-cache", ""),
    Contender::of::<Map, left_right::LeftRight>("peer/left-right", ""),
    Contender::of::<SipMap, evmap::Evmap>("peer/evmap", SIPHASH),
    Contender::of::<SipMap, flashmap::Flashmap>("peer/flashmap", SIPHASH),
    Contender::of::<Map, papaya::Papaya>("peer/papaya", ""),
    Contender::of::<Map, dashmap::Dashmap>("peer/dashmap", ""),
    Contender::of::<Map, scc::Scc>("peer/scc", ""),
];

/// Those whose readers enter once and ask many times, and still learn of news when they wish to.
pub(crate) const PINNED: &[Contender] = &[
    Contender::of::<Map, flipside::Still>("flipside/pinned", ""),
    Contender::of::<Map, plain::Plain>("limit/plain-map", ""),
    Contender::of::<Map, arc_swap::Cached>("peer/arc-swap-cache", "looks for news each time"),
    Contender::of::<Map, papaya::Held>("peer/papaya", HELD),
];

/// Those who share a single value.
pub(crate) const VALUES: &[Contender] = &[
    Contender::of::<Value, flipside::Guards<Asymmetric>>("flipside/asymmetric", ""),
    Contender::of::<Value, flipside::Guards<Epochs>>("flipside/epochs", ""),
    Contender::of::<Value, flipside::Guards<Counters>>("flipside/counters", ""),
    Contender::of::<Value, flipside::Guards<Locked>>("flipside/locked", ""),
    Contender::of::<Value, flipside::Pinned>("flipside/pinned", "looks for news each time"),
    Contender::of::<Value, plain::Plain>("limit/plain-value", ""),
    Contender::of::<Value, std_rwlock::StdRwLock>("peer/std-rwlock", ""),
    Contender::of::<Value, parking_lot::ParkingLot>("peer/parking_lot-rwlock", ""),
    Contender::of::<Value, arc_swap::Load>("peer/arc-swap", ""),
    Contender::of::<Value, arc_swap::Cached>("peer/arc-swap-cache", ""),
    Contender::of::<Value, left_right::LeftRight>("peer/left-right", ""),
    Contender::of::<Value, triple_buffer::Triple>("peer/triple_buffer", "one reader only"),
    Contender::of::<Value, tokio_watch::Watch>("peer/tokio-watch", ""),
];

/// Those who share a map that every thread reads and writes.
pub(crate) const MIXED: &[Contender] = &[
    Contender::of_many::<Map, collection::Shared<Asymmetric, 1>>("flipside/asymmetric", ""),
    Contender::of_many::<Map, collection::Shared<Asymmetric, 1000>>(
        "flipside/asymmetric-every-1000",
        "publishes every 1000 writes",
    ),
    Contender::of_many::<Map, collection::Shared<Counters, 1>>("flipside/counters", ""),
    Contender::of_many::<Map, std_rwlock::StdRwLock>("peer/std-rwlock", ""),
    Contender::of_many::<Map, parking_lot::ParkingLot>("peer/parking_lot-rwlock", ""),
    Contender::of_many::<Map, mutexed::Mutexed<left_right::LeftRight>>("peer/left-right", MUTEX),
    Contender::of_many::<SipMap, mutexed::Mutexed<evmap::Evmap>>("peer/evmap", MUTEX_SIPHASH),
    Contender::of_many::<Map, papaya::Papaya>("peer/papaya", ""),
    Contender::of_many::<Map, dashmap::Dashmap>("peer/dashmap", ""),
    Contender::of_many::<Map, scc::Scc>("peer/scc", ""),
];

/// Those whose memory is counted.
pub(crate) const HOLDERS: &[Holder] = &[
    Holder::of::<Map, collection::Collected<u64>>("flipside/map"),
    Holder::of::<Map, collection::Collected<Arc<u64>>>("flipside/map-arc"),
    Holder::of::<Map, plain::Plain>("limit/plain-map"),
    Holder::of::<Map, left_right::LeftRight>("peer/left-right"),
    Holder::of::<SipMap, evmap::Evmap>("peer/evmap"),
    Holder::of::<SipMap, flashmap::Flashmap>("peer/flashmap"),
    Holder::of::<Map, papaya::Papaya>("peer/papaya"),
    Holder::of::<Map, dashmap::Dashmap>("peer/dashmap"),
    Holder::of::<Map, scc::Scc>("peer/scc"),
];
