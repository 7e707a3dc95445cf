//! What can be known without `/proc`: the crate `sysinfo`, for the systems it knows.

use std::time::Duration;

use sysinfo::{DiskRefreshKind, Disks, MINIMUM_CPU_UPDATE_INTERVAL, Networks, System};

use super::detect::Masked;
use super::group::{Out, Probe};
use super::memory::Moved;
use super::source::{Fault, Source, ticks_per_second};

const NETWORK_KEYS: [&str; 6] =
    ["rx_bytes", "rx_packets", "rx_errors", "tx_bytes", "tx_packets", "tx_errors"];

/// The sources that `sysinfo` has for this system.
#[derive(Debug)]
pub(super) struct Fallback {
    system: System,
    networks: Networks,
    disks: Disks,
    sources: Vec<Source>,
    moved: Moved,
    busy_ticks: f64,
    last_ns: Option<u64>,
}

impl Fallback {
    /// `sysinfo` computes a processor's load over the time since the last look, and wants it this long.
    pub(super) const PERIOD_MIN: Duration = MINIMUM_CPU_UPDATE_INTERVAL;

    pub(super) fn open(masked: &mut Vec<Masked>) -> Option<Self> {
        let mut system = System::new();
        system.refresh_cpu_usage();
        system.refresh_memory();
        let networks = Networks::new_with_refreshed_list();
        let disks = Disks::new_with_refreshed_list_specifics(disk_kind());
        let there = [
            (Source::Cpu, !system.cpus().is_empty()),
            (Source::Memory, system.total_memory() > 0),
            (Source::Network, !networks.is_empty()),
            (Source::Disk, !disks.list().is_empty()),
        ];
        for (source, _) in there.iter().filter(|(_, there)| !there) {
            let fault = Fault::Content { path: "sysinfo".into(), missing: source.name() };
            masked.push(Masked::new(*source, true, &fault));
        }
        let sources: Vec<Source> =
            there.iter().filter(|(_, there)| *there).map(|(source, _)| *source).collect();
        let (moved, busy_ticks, last_ns) = (Moved::default(), 0.0, None);
        (!sources.is_empty()).then_some(Self { system, networks, disks, sources, moved, busy_ticks, last_ns })
    }

    fn emit_cpu(&mut self, index: usize, out: &mut Out<'_>) {
        let cpus = self.system.cpus().len() as u64;
        let passed_ns = self.last_ns.map_or(0, |last| out.now_ns().saturating_sub(last));
        self.last_ns = Some(out.now_ns());
        let load = f64::from(self.system.global_cpu_usage()) / 100.0 * cpus as f64;
        self.busy_ticks += (load * passed_ns as f64 / 1e9 * ticks_per_second() as f64).max(0.0);
        let busy = self.busy_ticks as u64;
        out.emit(index, busy, |payload| payload.fields(&["busy", "cpus"], &[busy, cpus]));
    }

    fn emit_memory(&mut self, index: usize, out: &mut Out<'_>) {
        let system = &self.system;
        let kib = [
            ("total_kib", system.total_memory()),
            ("free_kib", system.free_memory()),
            ("available_kib", system.available_memory()),
            ("swap_total_kib", system.total_swap()),
            ("swap_free_kib", system.free_swap()),
        ];
        let moved = self.moved.by(system.available_memory() / 1024);
        out.emit(index, moved, |payload| {
            kib.iter().for_each(|(key, bytes)| payload.field(key, bytes / 1024))
        });
    }

    fn emit_network(&self, index: usize, out: &mut Out<'_>) {
        let mut sums = [0_u64; NETWORK_KEYS.len()];
        for (_, data) in self.networks.iter().filter(|(name, _)| !matches!(name.as_str(), "lo" | "lo0")) {
            let values = [
                data.total_received(),
                data.total_packets_received(),
                data.total_errors_on_received(),
                data.total_transmitted(),
                data.total_packets_transmitted(),
                data.total_errors_on_transmitted(),
            ];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = sum.wrapping_add(value);
            }
        }
        out.emit(index, sums[0].wrapping_add(sums[3]), |payload| payload.fields(&NETWORK_KEYS, &sums));
    }

    fn emit_disk(&self, index: usize, out: &mut Out<'_>) {
        let mut sums = [0_u64; 2];
        let disks = self.disks.list();
        for (position, disk) in disks.iter().enumerate() {
            // A device that is mounted twice is listed twice.
            if disks[..position].iter().all(|before| before.name() != disk.name()) {
                let usage = disk.usage();
                sums[0] = sums[0].wrapping_add(usage.total_read_bytes);
                sums[1] = sums[1].wrapping_add(usage.total_written_bytes);
            }
        }
        let main = sums[0].wrapping_add(sums[1]);
        out.emit(index, main, |payload| payload.fields(&["read_bytes", "write_bytes"], &sums));
    }
}

fn disk_kind() -> DiskRefreshKind {
    DiskRefreshKind::nothing().with_io_usage()
}

impl Probe for Fallback {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn period_min(&self) -> Duration {
        Self::PERIOD_MIN
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        self.networks.refresh(true);
        self.disks.refresh_specifics(true, disk_kind());
        out.read_is_over();
        for index in 0..self.sources.len() {
            match self.sources[index] {
                Source::Cpu => self.emit_cpu(index, out),
                Source::Memory => self.emit_memory(index, out),
                Source::Network => self.emit_network(index, out),
                _ => self.emit_disk(index, out),
            }
        }
    }
}
