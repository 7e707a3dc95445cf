//! One pass of a workload through a contender: checked, timed, or paced.
//!
//! A pass ends when the reader has everything and all writers are gone. It begins with the first thread that
//! leaves the barrier, whoever that is: nothing is hidden between the two.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::shape::Shape;
use crate::peer::{Peer, Put, Sink, Take, Wake};

/// Starts a thread for each writer, reads on this one, and returns the time of it and what the writers return.
fn pass<P: Peer, S: Sink, T: Send>(
    shape: &Shape,
    wake: Wake,
    sink: &mut S,
    write: impl Fn(usize, &mut P::Writer, Instant) -> T + Sync,
) -> (Duration, Vec<T>) {
    let (writers, mut reader) = P::open(shape, wake);
    let barrier = Barrier::new(shape.writers + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = writers
            .into_iter()
            .enumerate()
            .map(|(index, mut writer)| {
                let (barrier, write) = (&barrier, &write);
                scope.spawn(move || {
                    barrier.wait();
                    let start = Instant::now();
                    let result = write(index, &mut writer, start);
                    drop(writer);
                    (start, result)
                })
            })
            .collect();
        barrier.wait();
        let mut start = Instant::now();
        reader.drain(sink);
        let end = Instant::now();
        let results = threads
            .into_iter()
            .map(|thread| {
                let (its, result) = thread.join().expect("a writer failed");
                start = start.min(its);
                result
            })
            .collect();
        (end.duration_since(start), results)
    })
}

/// Passes so many records per writer as fast as it goes.
pub(crate) fn timed<P: Peer>(shape: &Shape, wake: Wake, per_writer: usize) -> Duration {
    let mut sink = Touch::default();
    let (took, _) = pass::<P, _, _>(shape, wake, &mut sink, |index, writer, _| {
        for record in 0..per_writer {
            writer.put(shape.record(index, record));
        }
    });
    sink.complete::<P>(shape, per_writer);
    took
}

/// What a paced pass yields.
pub(crate) struct Paced {
    pub(crate) took: Duration,
    /// Nanoseconds from the time a write was due to its return.
    pub(crate) latency: Histogram<u64>,
}

/// Passes so many records per writer, one every `interval` nanoseconds in each.
///
/// An open loop: each record is due at its time, whatever became of the one before, and its latency runs from
/// then to the return of its write. So a stall counts against every record that it delayed.
pub(crate) fn paced<P: Peer>(shape: &Shape, wake: Wake, per_writer: usize, interval: f64) -> Paced {
    let mut sink = Touch::default();
    let (took, histograms) = pass::<P, _, _>(shape, wake, &mut sink, |index, writer, _| {
        let mut latency = histogram();
        // The beginning is not recorded: cold caches and threads that are still being woken.
        let warm = per_writer / 10;
        let start = Instant::now();
        let now = || start.elapsed().as_nanos() as u64;
        // Writers are due in turn, not all at once.
        let offset = interval * index as f64 / shape.writers as f64;
        let mut at = now();
        for record in 0..per_writer {
            let due = (offset + interval * record as f64) as u64;
            while at < due {
                // Who has nothing to do for long gives way to the reader, which may need this core.
                if due - at > 5_000 {
                    thread::yield_now();
                } else {
                    std::hint::spin_loop();
                }
                at = now();
            }
            writer.put(shape.record(index, record));
            at = now();
            if record >= warm {
                latency.saturating_record(at.saturating_sub(due));
            }
        }
        latency
    });
    sink.complete::<P>(shape, per_writer);
    let mut latency = histogram();
    for one in &histograms {
        latency.add(one).expect("they have the same bounds");
    }
    Paced { took, latency }
}

/// Up to ten seconds, to three digits, its pages brought in: to fault on them is no cost of a write.
fn histogram() -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("sensible bounds");
    histogram.reset();
    histogram
}

/// Does with the bytes what a sink does at least: it has each cache line in its hands.
#[derive(Default)]
struct Touch {
    bytes: usize,
    sum: u64,
}

impl Touch {
    #[inline]
    fn touch(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        let (lines, rest) = bytes.as_chunks::<64>();
        for line in lines {
            let word = line.first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
            self.sum = self.sum.wrapping_add(word);
        }
        self.sum = self.sum.wrapping_add(rest.first().map_or(0, |&byte| u64::from(byte)));
    }

    /// Nothing was dropped.
    fn complete<P: Peer>(self, shape: &Shape, per_writer: usize) {
        black_box(self.sum);
        let expected = shape.total(per_writer, P::framed);
        assert_eq!(self.bytes, expected, "{}, {}: bytes lost or invented", P::NAME, shape.title());
    }
}

impl Sink for Touch {
    const WALK: bool = false;

    #[inline]
    fn record(&mut self, body: &[u8]) {
        self.touch(body);
    }

    #[inline]
    fn slice(&mut self, bytes: &[u8]) {
        self.touch(bytes);
    }
}

/// Passes records that tell who they are. Every one must arrive once, unchanged, in the order of its writer.
pub(crate) fn check<P: Peer>(shape: &Shape, wake: Wake, per_writer: usize) -> Result<(), String> {
    let mut sink = Inspect { shape, next: vec![0; shape.writers], expected: Vec::new(), fault: None };
    pass::<P, _, _>(shape, wake, &mut sink, |index, writer, _| {
        let mut body = Vec::new();
        for record in 0..per_writer {
            shape.named(index, record, &mut body);
            writer.put(&body);
        }
    });
    let missing = sink.next.iter().find(|&&next| next != per_writer);
    match (sink.fault, missing) {
        (Some(fault), _) => Err(format!("{}, {}: {fault}", P::NAME, shape.title())),
        (None, Some(got)) => Err(format!("{}, {}: {got} of {per_writer} records", P::NAME, shape.title())),
        (None, None) => Ok(()),
    }
}

struct Inspect<'a> {
    shape: &'a Shape,
    /// The record that each writer's next one must be.
    next: Vec<usize>,
    expected: Vec<u8>,
    /// The first one.
    fault: Option<String>,
}

impl Inspect<'_> {
    fn inspect(&mut self, body: &[u8]) -> Result<(), String> {
        let (writer, index) = Shape::name(body).ok_or("a record without a name")?;
        let next = self
            .next
            .get_mut(writer)
            .ok_or_else(|| format!("a record of writer {writer}, who does not exist"))?;
        if index != *next {
            return Err(format!("record {index} of writer {writer} instead of record {next}"));
        }
        *next += 1;
        self.shape.named(writer, index, &mut self.expected);
        (*body == *self.expected)
            .then_some(())
            .ok_or_else(|| format!("record {index} of writer {writer} is damaged"))
    }
}

impl Sink for Inspect<'_> {
    const WALK: bool = true;

    fn record(&mut self, body: &[u8]) {
        if self.fault.is_none() {
            self.fault = self.inspect(body).err();
        }
    }

    fn slice(&mut self, _bytes: &[u8]) {
        self.fault.get_or_insert_with(|| "handed out bytes instead of records".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::shape::MIX;
    use crate::peer::COLLECT;

    #[test]
    fn every_contender_passes_its_check_with_every_reader() {
        let shape = Shape::new("mix", MIX, 3, 1 << 16);
        for contender in COLLECT {
            for &wake in contender.readers {
                (contender.check)(&shape, wake, 300).expect(contender.name);
            }
        }
    }

    #[test]
    fn the_check_sees_loss_damage_and_disorder() {
        let shape = Shape::new("64B", 64..=64, 1, 1 << 16);
        let body = |index| {
            let mut body = Vec::new();
            shape.named(0, index, &mut body);
            body
        };
        let after = |bodies: &[Vec<u8>]| {
            let mut sink = Inspect { shape: &shape, next: vec![0], expected: Vec::new(), fault: None };
            bodies.iter().for_each(|body| sink.record(body));
            sink.fault
        };
        assert_eq!(after(&[body(0), body(1)]), None);
        assert!(after(&[body(0), body(2)]).is_some());
        assert!(after(&[body(0), body(0)]).is_some());
        assert!(after(&[body(1), body(0)]).is_some());
        let mut damaged = body(0);
        damaged[63] ^= 1;
        assert!(after(&[damaged]).is_some());
        assert!(after(&[body(0)[..63].to_vec()]).is_some());
    }

    #[test]
    fn a_paced_pass_keeps_its_pace() {
        let shape = Shape::new("64B", 64..=64, 2, 1 << 16);
        let paced = COLLECT[0].paced.expect("ours has a reader");
        let passed = paced(&shape, Wake::Eager, 100, 100_000.0);
        assert!(passed.took >= Duration::from_micros(9_900));
        assert_eq!(passed.latency.len(), 180);
    }
}
