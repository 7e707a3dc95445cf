//! The attacks on a lane for each writer, with fences that work everywhere.

#[path = "../attacks/claims.rs"]
mod claims;
#[path = "../attacks/flight.rs"]
mod flight;
#[path = "../attacks/handles.rs"]
mod handles;
#[path = "../attacks/lanes.rs"]
mod lanes;
#[path = "../attacks/limits.rs"]
mod limits;
#[cfg(unix)]
#[path = "../attacks/processes.rs"]
mod processes;
#[cfg(target_os = "linux")]
#[path = "../attacks/refused.rs"]
mod refused;
#[path = "../attacks/sink.rs"]
mod sink;
#[path = "../support/mod.rs"]
mod support;

use flipside::collect::{Builder, Order, Overflow};

const ORDER: Order = Order::PerWriter;

fn builder(overflow: Overflow) -> Builder {
    Builder::new(overflow).order(ORDER).membarrier(false)
}
