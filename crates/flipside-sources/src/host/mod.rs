//! This host's kernel counters, sampled up to a thousand times a second.
//!
//! **What for.** Averages over a second hide what happens within a millisecond: a burst of packets that fills
//! a queue, a storm of interrupts, a stall. Here every counter is read often enough to see those, and cheaply
//! enough not to cause any: each file is opened once and read again in place, nothing is allocated per
//! sample, and one system call both sleeps until the next tick and learns of the end of the run.
//!
//! **When not.** To know *who* caused something, ask a tracer: these are sums over the host. And a counter is
//! only as quick as the kernel that refreshes it; [`BurstReport::update_period_ns`] says how quick it was.
//!
//! **How.** [`Group::open_all`] finds what this host offers, as one [`Group`] per thread; what a container
//! masks is named and left out. A thread calls [`Group::sample`] at every tick of its [`Ticker`] and gets one
//! payload per [`Source`] through its [`Sink`]; a [`Burst`] per source finds the peaks.
//!
//! **Guarantees.** A source that fails ends alone, by name, once; the others go on. A peak is never
//! overstated by a thread that was held up between reading a counter and looking at the clock: see
//! [`Sample::from_ns`].
//!
//! **Cost.** `examples/host_cost.rs` measures it. Expect 20 us of reading per tick, and up to as much again
//! for every thread that is woken from an idle processor, which is dear in a virtual machine. Threads that
//! tick from the same start on the same processor wake together and share that; [`Group::merge`] makes one
//! thread do. `/proc/interrupts` and the like cost several times as much as all of these together and are not
//! read.
//!
//! # Payloads
//!
//! One line of text without its newline, ASCII, `key=value` pairs divided by spaces, always in this order.
//! Counters are cumulative since boot unless marked `now`.
//!
//! | source | fields | its main counter |
//! |---|---|---|
//! | `cpu` | `user nice system idle iowait irq softirq steal`: ticks of all processors together, [`ticks_per_second`] to the second | ticks that were neither `idle` nor `iowait` |
//! | `interrupts` | `total softirq` | `total` |
//! | `context-switches` | `total forks`, now `running blocked` | `total` |
//! | `memory` | now `total_kib free_kib available_kib buffers_kib cached_kib swap_total_kib swap_free_kib dirty_kib writeback_kib anon_kib mapped_kib shmem_kib` | KiB by which `available_kib` moved, up or down, since the start |
//! | `pressure` | `cpu_some_us io_some_us io_full_us memory_some_us memory_full_us` | their sum |
//! | `network` | `rx_bytes rx_packets rx_errors rx_dropped tx_bytes tx_packets tx_errors tx_dropped` over all interfaces but `lo`, then `lo_bytes lo_packets` | `rx_bytes + tx_bytes` |
//! | `disk` | `read_ops read_bytes write_ops write_bytes`, now `in_flight`, `busy_ms` over all whole devices | `read_bytes + write_bytes` |
//!
//! Fields that this kernel does not have are left out of `memory` and `pressure`, never invented. Packets
//! that pass a bridge, a bond or a tunnel are counted by every interface they pass, as the kernel counts
//! them.
//!
//! # How often
//!
//! At every tick, except for `memory` and `pressure`: at most every 10 ms. The kernel refreshes most of
//! `memory` only once a second, and `pressure` is dear, three files for one source. [`Group::period_min`]
//! says that all of a group's sources are that slow, so that its thread need not wake for nothing.
//!
//! # Without `/proc`
//!
//! On other systems, and where `/proc` is not mounted, the crate `sysinfo` answers instead, for `cpu`
//! (`busy cpus`: ticks and a number of processors), `memory` (`total_kib free_kib available_kib
//! swap_total_kib swap_free_kib`), `network` (as above without `dropped` and `lo`) and `disk` (`read_bytes
//! write_bytes`). It supports five samples a second ([`Group::period_min`]) and allocates.

#![forbid(unsafe_code)]

mod burst;
mod detect;
mod disk;
mod fallback;
mod gaps;
mod group;
mod memory;
mod network;
mod payload;
mod pressure;
mod reread;
mod scan;
mod series;
mod source;
mod stat;
mod ticker;

pub use burst::{Burst, BurstReport, Peak};
pub use detect::{Detected, Masked, NothingToSample, Origin};
pub use group::{Group, Sample, Sink};
pub use series::Series;
pub use source::{Fault, Refresh, Source, Vanished, ticks_per_second};
pub use ticker::{Tick, Ticker};
