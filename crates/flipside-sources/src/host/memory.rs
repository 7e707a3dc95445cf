//! Memory: `/proc/meminfo`.

use std::path::Path;
use std::time::Duration;

use super::detect::Masked;
use super::group::{Out, Probe};
use super::reread::Reread;
use super::scan::{line, number};
use super::source::Source;

/// What is taken from the file, by the file's name for it and by ours. The first three must be there.
const FIELDS: [(&[u8], &str); 12] = [
    (b"MemTotal:", "total_kib"),
    (b"MemFree:", "free_kib"),
    (b"MemAvailable:", "available_kib"),
    (b"Buffers:", "buffers_kib"),
    (b"Cached:", "cached_kib"),
    (b"SwapTotal:", "swap_total_kib"),
    (b"SwapFree:", "swap_free_kib"),
    (b"Dirty:", "dirty_kib"),
    (b"Writeback:", "writeback_kib"),
    (b"AnonPages:", "anon_kib"),
    (b"Mapped:", "mapped_kib"),
    (b"Shmem:", "shmem_kib"),
];
const AVAILABLE: usize = 2;

/// The kernel gathers changes per processor and adds them up once a second, sooner only where they are large.
/// At 1 kHz nearly every read would say what the one before said, at the price of the network's counters.
const PERIOD_MIN: Duration = Duration::from_millis(10);

type Values = [Option<u64>; FIELDS.len()];

/// `/proc/meminfo`.
#[derive(Debug)]
pub(super) struct Memory {
    file: Reread,
    moved: Moved,
}

impl Memory {
    pub(super) fn open(root: &Path, masked: &mut Vec<Masked>) -> Option<Self> {
        let opened = Reread::open(root.join("proc/meminfo")).and_then(|mut file| {
            file.read(parse)?;
            Ok(file)
        });
        match opened {
            Ok(file) => Some(Self { file, moved: Moved::default() }),
            Err(fault) => {
                masked.push(Masked::new(Source::Memory, true, &fault));
                None
            }
        }
    }
}

impl Probe for Memory {
    fn sources(&self) -> &[Source] {
        &[Source::Memory]
    }

    fn period_min(&self) -> Duration {
        PERIOD_MIN
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        let values = self.file.read(parse);
        out.read_is_over();
        match values {
            Ok(values) => {
                let moved = self.moved.by(values[AVAILABLE].unwrap_or_default());
                out.emit(0, moved, |payload| {
                    for ((_, key), value) in FIELDS.iter().zip(values) {
                        if let Some(value) = value {
                            payload.field(key, value);
                        }
                    }
                });
            }
            Err(fault) => out.end(0, fault),
        }
    }
}

/// Makes a counter that only rises out of a level that rises and falls: how far it has moved in all.
#[derive(Debug, Default)]
pub(super) struct Moved {
    level: Option<u64>,
    total: u64,
}

impl Moved {
    pub(super) fn by(&mut self, level: u64) -> u64 {
        let before = self.level.replace(level).unwrap_or(level);
        self.total = self.total.wrapping_add(level.abs_diff(before));
        self.total
    }
}

fn parse(mut text: &[u8]) -> Result<Values, &'static str> {
    let mut values = Values::default();
    // The file keeps the order of the table, so that the next field is nearly always the one looked for.
    // Where another file system invents its own order, the rest of the table is searched.
    let mut next = 0;
    while let Some(line) = line(&mut text) {
        let found = (next..FIELDS.len()).chain(0..next).find(|index| line.starts_with(FIELDS[*index].0));
        let Some(index) = found else { continue };
        values[index] = number(&mut &line[FIELDS[index].0.len()..]);
        next = index + 1;
        if next == FIELDS.len() && values.iter().all(Option::is_some) {
            break;
        }
    }
    let needed = ["line \"MemTotal\"", "line \"MemFree\"", "line \"MemAvailable\""];
    match needed.into_iter().zip(values).find(|(_, value)| value.is_none()) {
        Some((missing, _)) => Err(missing),
        None => Ok(values),
    }
}
