//! What an entry costs in memory: bytes that were asked of the allocator and not given back, when a map has been built by
//! inserts, published a thousand at a time. What an allocator adds to each block for itself, 8 to 16 bytes as a rule,
//! is not in it; so the number of blocks stands beside it.

use super::role::{Ask, Peer, Reader, Write};
use super::subject::Subject;
use crate::harness::{Plan, within};
use crate::report::{Better, Head, Line, Report, table};

/// Entries of the map.
const ENTRIES: u64 = 100_000;
/// Inserts of one publish.
const BATCH: usize = 1000;

/// Somebody who holds a map in memory.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    pub(crate) name: &'static str,
    /// Builds it, looks whether everything is there, and says what it takes.
    pub(crate) build: fn() -> Result<Held, String>,
}

/// For each entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) bytes: f64,
    pub(crate) blocks: f64,
}

impl Holder {
    pub(crate) const fn of<T: Subject, P: Peer<T>>(name: &'static str) -> Self {
        Self { name, build: build::<T, P> }
    }
}

fn build<T: Subject, P: Peer<T>>() -> Result<Held, String> {
    let before = counting::held();
    let (mut writer, mut readers) = P::open(1);
    for from in (0..ENTRIES).step_by(BATCH) {
        writer.publish((from..from + BATCH as u64).map(|key| T::put(key, 0)));
    }
    writer.settle();
    if P::SHARED {
        let mut session = readers[0].session();
        session.refresh();
        if let Some(key) = (0..ENTRIES).find(|&key| T::version(key, session.ask(key)) != Some(0)) {
            return Err(format!("key {key} was lost"));
        }
    }
    // Readers are not entries.
    drop(readers);
    let held = counting::held();
    drop(writer);
    let each = |now: i64, before: i64| (now - before) as f64 / ENTRIES as f64;
    Ok(Held { bytes: each(held.bytes, before.bytes), blocks: each(held.blocks, before.blocks) })
}

/// One sample of each: there is nothing in it that varies.
pub(crate) fn run(holders: &[Holder], plan: &Plan, report: &mut Report) -> Result<(), String> {
    let head =
        Head { table: "publish", workload: "memory", threads: 1, unit: "B/entry", better: Better::Less };
    let mut lines = Vec::new();
    for &Holder { name, build } in holders {
        // In a thread of its own, whose blocks are counted by themselves.
        let Some(held) = within(plan.patience, build) else {
            println!("\n{name}, memory: no end in sight; left out");
            continue;
        };
        let Held { bytes, blocks } = held.map_err(|fault| format!("{name}, memory: {fault}"))?;
        let remark = format!("{blocks:.2} blocks an entry");
        lines.push(Line { contender: name, samples: vec![bytes], remark });
    }
    print!("{}", table(&format!("memory, {ENTRIES} entries"), head, "", &lines));
    for line in lines {
        report.add(head, line.contender, line.samples);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::publish::peer::HOLDERS;

    #[test]
    fn everybody_holds_its_entries_and_the_same_again() {
        for holder in HOLDERS {
            let held = (holder.build)().expect(holder.name);
            // A key and a value, once at least; and no more than some cache lines for each.
            assert!((16.0..=256.0).contains(&held.bytes), "{}: {held:?}", holder.name);
            let again = std::thread::spawn(holder.build).join().unwrap().unwrap();
            assert!((held.bytes - again.bytes).abs() < 1.0, "{}: {held:?}, {again:?}", holder.name);
        }
    }

    #[test]
    fn two_copies_are_twice_a_plain_map() {
        let of = |name| {
            let holder = HOLDERS.iter().find(|holder| holder.name == name).unwrap();
            (holder.build)().unwrap().bytes
        };
        let (ours, plain) = (of("flipside/map"), of("limit/plain-map"));
        // And the log, which keeps its room.
        assert!((1.9..=2.2).contains(&(ours / plain)), "{ours} to {plain}");
    }
}
