//! Pressure: how long tasks stood still for want of processors, I/O or memory.

use std::path::Path;
use std::time::Duration;

use super::detect::Masked;
use super::group::{Out, Probe};
use super::reread::Reread;
use super::scan::{line, number};
use super::source::Source;

/// The `full` line of `cpu` means nothing for a whole host and is always zero there.
const PARTS: [(&str, &str, Option<&str>); 3] = [
    ("cpu", "cpu_some_us", None),
    ("io", "io_some_us", Some("io_full_us")),
    ("memory", "memory_some_us", Some("memory_full_us")),
];

/// The kernel adds the totals up whenever they are read, so more often would show more. But this one source
/// takes three files, and a thread that wakes for it and for [`Memory`](super::memory::Memory) alone.
const PERIOD_MIN: Duration = Duration::from_millis(10);

/// The files of `/proc/pressure` that answer.
#[derive(Debug)]
pub(super) struct Pressure {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    file: Reread,
    some_key: &'static str,
    full_key: Option<&'static str>,
    last: [u64; 2],
    ended: bool,
}

impl Pressure {
    pub(super) fn open(root: &Path, masked: &mut Vec<Masked>) -> Option<Self> {
        let mut parts = Vec::new();
        let mut faults = Vec::new();
        for (name, some_key, full_key) in PARTS {
            let path = root.join("proc/pressure").join(name);
            // Where the kernel was built with it but booted without, it is the read that says so.
            let opened = Reread::open(path).and_then(|mut file| {
                let last = file.read(|text| parse(text, full_key.is_some()))?;
                Ok(Part { file, some_key, full_key, last, ended: false })
            });
            match opened {
                Ok(part) => parts.push(part),
                Err(fault) => faults.push(fault),
            }
        }
        let whole = parts.is_empty();
        masked.extend(faults.iter().map(|fault| Masked::new(Source::Pressure, whole, fault)));
        (!whole).then_some(Self { parts })
    }
}

impl Probe for Pressure {
    fn sources(&self) -> &[Source] {
        &[Source::Pressure]
    }

    fn period_min(&self) -> Duration {
        PERIOD_MIN
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        let mut left = self.parts.iter().filter(|part| !part.ended).count();
        for part in self.parts.iter_mut().filter(|part| !part.ended) {
            let full = part.full_key.is_some();
            match part.file.read(|text| parse(text, full)) {
                Ok(values) => part.last = values,
                Err(fault) => {
                    part.ended = true;
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
        let main = self.parts.iter().flat_map(|part| part.last).fold(0, u64::wrapping_add);
        out.emit(0, main, |payload| {
            for part in &self.parts {
                payload.field(part.some_key, part.last[0]);
                if let Some(key) = part.full_key {
                    payload.field(key, part.last[1]);
                }
            }
        });
    }
}

/// The totals of the lines `some` and, if wanted, `full`, in microseconds.
fn parse(mut text: &[u8], full: bool) -> Result<[u64; 2], &'static str> {
    let some = total(&mut text, b"some ").ok_or("line \"some\" with a total")?;
    let full = if full { total(&mut text, b"full ").ok_or("line \"full\" with a total")? } else { 0 };
    Ok([some, full])
}

/// The total stands at the end of the line, where it is found without a look at the averages.
fn total(text: &mut &[u8], name: &[u8]) -> Option<u64> {
    let fields = line(text)?.strip_prefix(name)?;
    let equals = fields.iter().rposition(|byte| *byte == b'=')?;
    fields[..equals].ends_with(b" total").then_some(())?;
    number(&mut &fields[equals + 1..])
}
