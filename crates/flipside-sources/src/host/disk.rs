//! Disks: `/sys/block/*/stat`, summed over the whole devices that were there at the start.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::detect::Masked;
use super::group::{Out, Probe};
use super::reread::Reread;
use super::scan::numbers;
use super::source::{Fault, Source};

const KEYS: [&str; 6] = ["read_ops", "read_bytes", "write_ops", "write_bytes", "in_flight", "busy_ms"];
/// Position of `in_flight`, the only one that says how things stand rather than what has been done.
const IN_FLIGHT: usize = 4;

/// Devices that are memory, files, or made of other devices: counting them would count the same bytes twice.
const STACKED: [&str; 5] = ["loop", "ram", "zram", "dm-", "md"];

/// A sector is 512 bytes here, whatever the device thinks.
const SECTOR: u64 = 512;

/// The disks of this host.
#[derive(Debug)]
pub(super) struct Disk {
    devices: Vec<Device>,
}

#[derive(Debug)]
struct Device {
    file: Reread,
    last: [u64; KEYS.len()],
    ended: bool,
}

impl Disk {
    pub(super) fn open(root: &Path, masked: &mut Vec<Masked>) -> Option<Self> {
        let folder = root.join("sys/block");
        let names = match device_names(&folder) {
            Ok(names) => names,
            Err(fault) => {
                masked.push(Masked::new(Source::Disk, true, &fault));
                return None;
            }
        };
        let mut devices = Vec::new();
        let mut faults = Vec::new();
        for name in names {
            let opened = Reread::open(folder.join(name).join("stat")).and_then(|mut file| {
                let last = file.read(parse)?;
                Ok(Device { file, last, ended: false })
            });
            match opened {
                Ok(device) => devices.push(device),
                Err(fault) => faults.push(fault),
            }
        }
        let whole = devices.is_empty();
        if whole && faults.is_empty() {
            faults.push(Fault::Content { path: folder, missing: "disk that is not made of other disks" });
        }
        masked.extend(faults.iter().map(|fault| Masked::new(Source::Disk, whole, fault)));
        (!whole).then_some(Self { devices })
    }
}

/// The whole devices worth counting. A drive without a medium has the size 0 and nothing to say.
fn device_names(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let at_fault = |error| Fault::Io { path: folder.to_owned(), error };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(at_fault)? {
        let name = entry.map_err(at_fault)?.file_name();
        let stacked = STACKED.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()));
        let size = fs::read(folder.join(&name).join("size"));
        let empty = size.is_ok_and(|size| size.trim_ascii() == b"0");
        if !stacked && !empty {
            names.push(PathBuf::from(name));
        }
    }
    names.sort();
    Ok(names)
}

impl Probe for Disk {
    fn sources(&self) -> &[Source] {
        &[Source::Disk]
    }

    fn period_min(&self) -> Duration {
        Duration::ZERO
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        let mut left = self.devices.iter().filter(|device| !device.ended).count();
        for device in self.devices.iter_mut().filter(|device| !device.ended) {
            match device.file.read(parse) {
                Ok(values) => device.last = values,
                Err(fault) => {
                    // What it did stays in the sums, but it does nothing any more.
                    device.last[IN_FLIGHT] = 0;
                    device.ended = true;
                    left -= 1;
                    if left == 0 {
                        out.end(0, fault);
                        return;
                    }
                    out.lost_a_part(0, fault);
                }
            }
        }
        out.read_is_over();
        let mut sums = [0_u64; KEYS.len()];
        for device in &self.devices {
            for (sum, value) in sums.iter_mut().zip(device.last) {
                *sum = sum.wrapping_add(value);
            }
        }
        out.emit(0, sums[1].wrapping_add(sums[3]), |payload| payload.fields(&KEYS, &sums));
    }
}

fn parse(text: &[u8]) -> Result<[u64; KEYS.len()], &'static str> {
    let fields: [u64; 10] = numbers(&mut &*text).ok_or("ten numbers")?;
    let [read_ops, _, read_sectors, _, write_ops, _, write_sectors, _, in_flight, busy_ms] = fields;
    let (read, written) = (read_sectors.wrapping_mul(SECTOR), write_sectors.wrapping_mul(SECTOR));
    Ok([read_ops, read, write_ops, written, in_flight, busy_ms])
}
