//! Threads on processors of their own.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::args::Pin;
use crate::failure::Failure;

/// Which thread runs where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    reader: Option<usize>,
    writers: Vec<usize>,
    /// What was decided, for people.
    pub(crate) note: Option<String>,
}

impl Places {
    /// Decides for `writers` writers and one reader, within the processors that this process may use.
    pub(crate) fn decide(pin: &Pin, writers: usize) -> Result<Self, Failure> {
        let list = match pin {
            Pin::None => return Ok(Self::default()),
            Pin::Auto => {
                let allowed = allowed()?;
                if allowed.len() <= writers {
                    let (have, need) = (allowed.len(), writers + 1);
                    let note = format!("not pinned: {need} processors needed, {have} usable");
                    return Ok(Self { note: Some(note), ..Self::default() });
                }
                allowed
            }
            Pin::List(list) => {
                let allowed = allowed()?;
                if let Some(cpu) = list.iter().find(|cpu| !allowed.contains(cpu)) {
                    return Err(Failure::usage(format_args!("--pin: processor {cpu} is not usable here"))
                        .hint(format_args!("usable: {}", joined(&allowed))));
                }
                list.clone()
            }
        };
        let (reader, writers) = (list[0], if list.len() > 1 { list[1..].to_vec() } else { list.clone() });
        let note = format!("pinned: disk on {reader}, sources on {}", joined(&writers));
        Ok(Self { reader: Some(reader), writers, note: Some(note) })
    }

    /// Moves the calling thread, the reader.
    pub(crate) fn take_reader(&self) {
        self.reader.iter().for_each(|&cpu| go_to(cpu));
    }

    /// Moves the calling thread, writer `index`. With more writers than places they share.
    pub(crate) fn take_writer(&self, index: usize) {
        if !self.writers.is_empty() {
            go_to(self.writers[index % self.writers.len()]);
        }
    }
}

fn allowed() -> Result<Vec<usize>, Failure> {
    let set = sched_getaffinity(None)
        .map_err(|error| Failure::error(format_args!("cannot ask for the usable processors: {error}")))?;
    Ok((0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect())
}

/// Only a wish: the processor may have been taken away since it was checked, and the thread works anywhere.
fn go_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    let _ = sched_setaffinity(None, &set);
}

fn joined(cpus: &[usize]) -> String {
    cpus.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_too_few_processors_nothing_is_pinned_and_that_is_said() {
        let places = Places::decide(&Pin::Auto, 100_000).unwrap();
        assert!(places.reader.is_none() && places.note.unwrap().starts_with("not pinned"));
    }

    #[test]
    fn a_processor_that_is_not_there_is_a_usage_error() {
        let failure = Places::decide(&Pin::List(vec![999]), 1).unwrap_err();
        assert_eq!(failure.code, crate::failure::USAGE);
    }
}
