//! Processors, interrupts and context switches: one read of `/proc/stat`.

use std::path::Path;
use std::time::Duration;

use super::detect::Masked;
use super::group::{Out, Probe};
use super::reread::Reread;
use super::scan::{line, number, numbers};
use super::source::Source;

const CPU_KEYS: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const INTERRUPT_KEYS: [&str; 2] = ["total", "softirq"];
const SWITCH_KEYS: [&str; 4] = ["total", "forks", "running", "blocked"];

const ALL: [(Source, &str); 3] = [
    (Source::Cpu, "line \"cpu\" of eight numbers"),
    (Source::Interrupts, "lines \"intr\" and \"softirq\""),
    (Source::ContextSwitches, "lines \"ctxt\", \"processes\", \"procs_running\" and \"procs_blocked\""),
];

/// `/proc/stat`, and which of its three sources this host has.
#[derive(Debug)]
pub(super) struct Stat {
    file: Reread,
    sources: Vec<Source>,
}

/// What one read said; a source is `None` where a line of it is missing or damaged.
#[derive(Debug, Default)]
struct Lines {
    cpu: Option<[u64; 8]>,
    interrupts: [Option<u64>; 2],
    switches: [Option<u64>; 4],
}

impl Stat {
    pub(super) fn open(root: &Path, masked: &mut Vec<Masked>) -> Option<Self> {
        let opened = Reread::open(root.join("proc/stat")).and_then(|mut file| {
            let lines = file.read(|text| Ok(parse(text)))?;
            Ok((file, lines))
        });
        let (file, lines) = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                masked.extend(ALL.iter().map(|(source, _)| Masked::new(*source, true, &fault)));
                return None;
            }
        };
        let mut sources = Vec::new();
        for (source, missing) in ALL {
            if lines.has(source) {
                sources.push(source);
            } else {
                masked.push(Masked::new(source, true, &file.missing(missing)));
            }
        }
        (!sources.is_empty()).then_some(Self { file, sources })
    }
}

impl Probe for Stat {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn period_min(&self) -> Duration {
        Duration::ZERO
    }

    fn sample(&mut self, out: &mut Out<'_>) {
        let sources = &self.sources;
        let complete = |text: &[u8]| {
            let lines = parse(text);
            let all =
                sources.iter().enumerate().all(|(index, source)| out.has_ended(index) || lines.has(*source));
            if all { Ok(lines) } else { Err("lines") }
        };
        // When a line is missing even at the second look, the third one finds out what is still there.
        let lines = self.file.read(complete).or_else(|_| self.file.read(|text| Ok(parse(text))));
        out.read_is_over();
        for (index, source) in self.sources.iter().enumerate() {
            match &lines {
                Ok(lines) if lines.has(*source) => lines.emit(*source, index, out),
                Ok(_) => out.end(index, self.file.missing(what_is_missing(*source))),
                Err(fault) => out.end(index, fault.again()),
            }
        }
    }
}

fn what_is_missing(source: Source) -> &'static str {
    ALL.iter().find(|(candidate, _)| *candidate == source).map_or("line", |(_, missing)| missing)
}

impl Lines {
    fn has(&self, source: Source) -> bool {
        match source {
            Source::Cpu => self.cpu.is_some(),
            Source::Interrupts => self.interrupts.iter().all(Option::is_some),
            _ => self.switches.iter().all(Option::is_some),
        }
    }

    fn emit(&self, source: Source, index: usize, out: &mut Out<'_>) {
        match source {
            Source::Cpu => {
                let ticks = self.cpu.unwrap_or_default();
                let [user, nice, system, _, _, irq, softirq, steal] = ticks;
                let busy = [user, nice, system, irq, softirq, steal].into_iter().fold(0, u64::wrapping_add);
                out.emit(index, busy, |payload| payload.fields(&CPU_KEYS, &ticks));
            }
            Source::Interrupts => {
                let values = self.interrupts.map(Option::unwrap_or_default);
                out.emit(index, values[0], |payload| payload.fields(&INTERRUPT_KEYS, &values));
            }
            _ => {
                let values = self.switches.map(Option::unwrap_or_default);
                out.emit(index, values[0], |payload| payload.fields(&SWITCH_KEYS, &values));
            }
        }
    }
}

fn parse(mut text: &[u8]) -> Lines {
    let mut lines = Lines::default();
    while let Some(line) = line(&mut text) {
        // The lines of single processors outnumber all others, so they are told from them first.
        let Some(end) = line.iter().position(|byte| *byte == b' ') else {
            continue;
        };
        let (key, mut rest) = line.split_at(end);
        match key {
            b"cpu" => lines.cpu = numbers(&mut rest),
            b"intr" => lines.interrupts[0] = number(&mut rest),
            b"softirq" => lines.interrupts[1] = number(&mut rest),
            b"ctxt" => lines.switches[0] = number(&mut rest),
            b"processes" => lines.switches[1] = number(&mut rest),
            b"procs_running" => lines.switches[2] = number(&mut rest),
            b"procs_blocked" => lines.switches[3] = number(&mut rest),
            _ => {}
        }
    }
    lines
}
