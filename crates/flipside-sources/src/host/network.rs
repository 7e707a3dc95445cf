//! Network: `/proc/net/dev`, summed over its interfaces.

use std::path::Path;
use std::time::Duration;

use super::detect::Masked;
use super::group::{Out, Probe};
use super::reread::Reread;
use super::scan::{line, numbers};
use super::source::Source;

const KEYS: [&str; 10] = [
    "rx_bytes",
    "rx_packets",
    "rx_errors",
    "rx_dropped",
    "tx_bytes",
    "tx_packets",
    "tx_errors",
    "tx_dropped",
    "lo_bytes",
    "lo_packets",
];
/// Where the first eight stand among the sixteen columns of an interface.
const COLUMNS: [usize; 8] = [0, 1, 2, 3, 8, 9, 10, 11];
/// The titles of the columns take two lines.
const TITLES: usize = 2;

/// `/proc/net/dev`. It shows the interfaces of our own network namespace, those that come later included.
#[derive(Debug)]
pub(super) struct Network {
    file: Reread,
}

impl Network {
    pub(super) fn open(root: &Path, masked: &mut Vec<Masked>) -> Option<Self> {
        let opened = Reread::open(root.join("proc/net/dev")).and_then(|mut file| {
            file.read(parse)?;
            Ok(file)
        });
        match opened {
            Ok(file) => Some(Self { file }),
            Err(fault) => {
                masked.push(Masked::new(Source::Network, true, &fault));
                None
            }
        }
    }
}

impl Probe for Network {
    fn sources(&self) -> &[Source] {
        &[Source::Network]
    }

    fn period_min(&self) -> Duration {
        Duration::ZERO
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        let values = self.file.read(parse);
        out.read_is_over();
        match values {
            Ok(values) => {
                let bytes = values[0].wrapping_add(values[4]);
                out.emit(0, bytes, |payload| payload.fields(&KEYS, &values));
            }
            Err(fault) => out.end(0, fault),
        }
    }
}

fn parse(mut text: &[u8]) -> Result<[u64; KEYS.len()], &'static str> {
    let mut sums = [0_u64; KEYS.len()];
    for _ in 0..TITLES {
        line(&mut text).ok_or("titles of the columns")?;
    }
    while let Some(line) = line(&mut text) {
        let colon = line.iter().position(|byte| *byte == b':').ok_or("name of an interface")?;
        let values: [u64; 12] = numbers(&mut &line[colon + 1..]).ok_or("twelve numbers of an interface")?;
        if line[..colon].trim_ascii_start() == b"lo" {
            // What the loopback receives is what it sent, so one side says it all.
            sums[8] = sums[8].wrapping_add(values[0]);
            sums[9] = sums[9].wrapping_add(values[1]);
        } else {
            for (sum, column) in sums.iter_mut().zip(COLUMNS) {
                *sum = sum.wrapping_add(values[column]);
            }
        }
    }
    Ok(sums)
}
