//! Every single-bit flip and every truncation of a 64 KiB journal: 589,824 inputs.
//!
//! Asked of each: no panic; no record that differs from the one written under its source and number; the
//! change is noticed; and nothing is lost but the block that was hit.

use std::ops::Range;
use std::thread;
use std::time::Instant;

use flipside_journal::{End, ReadError, Reader, Record};

use crate::build::{Item, Random, RawBlock, file, sums};

const SIZE: usize = 64 << 10;
const SOURCES: usize = 3;

struct Journal {
    bytes: Vec<u8>,
    /// Where each block is, and how many records it holds.
    blocks: Vec<(Range<usize>, usize)>,
    /// What was written, by source and number.
    written: Vec<Vec<(u64, u8, Vec<u8>)>>,
}

impl Journal {
    /// Exactly `SIZE` bytes: sources, blocks of records of many sizes, seal.
    fn new(random: &mut Random) -> Self {
        let mut written = vec![Vec::new(); SOURCES];
        let mut raw = vec![RawBlock::sources(&[(0, b"nil"), (1, b"one"), (2, b"two")])];
        let mut used = 64 + 64 + raw[0].body.len();
        let (mut all, mut counts) = (Vec::new(), vec![0]);
        let budget = SIZE - 112;
        while used < budget {
            let most = (budget - used - 64).min(2_000 + random.below(6_000)) & !7;
            // What would leave no room for another block's header goes into this one.
            let most = if budget - used - 64 - most < 200 { budget - used - 64 } else { most };
            let items = block_of(most, random, &mut written);
            counts.push(items.iter().filter(|item| matches!(item, Item::Data { .. })).count());
            raw.push(RawBlock::records(&items));
            all.extend(items);
            used += 64 + most;
        }
        counts.push(0);
        raw.push(RawBlock::seal(sums(&all), raw.len() as u64));
        let (bytes, offsets) = file(&raw);
        assert_eq!(bytes.len(), SIZE);
        let ends = offsets[1..].iter().copied().chain([SIZE]);
        let ranges = offsets.iter().zip(ends).map(|(start, end)| *start..end);
        Self { blocks: ranges.zip(counts).collect(), bytes, written }
    }

    fn records(&self) -> usize {
        self.written.iter().map(Vec::len).sum()
    }
}

/// Items whose frames fill `len` bytes exactly.
fn block_of(len: usize, random: &mut Random, written: &mut [Vec<(u64, u8, Vec<u8>)>]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut left = len;
    while left >= 300 {
        let source = random.below(SOURCES);
        if random.below(9) == 0 {
            items.push(Item::Aborted { source: source as u16, len: random.below(30) });
        } else {
            let most = if random.below(3) == 0 { 2_000 } else { 200 };
            let size = random.below(most).min(left - 48);
            let (time, tag, payload) = (random.next(), random.below(2) as u8, random.bytes(size));
            let seq = written[source].len() as u64;
            written[source].push((time, tag, payload.clone()));
            items.push(Item::Data { source: source as u16, tag, seq, time, payload });
        }
        left = len - crate::build::image(&items).len();
    }
    items.push(Item::Pad { len: left - 8 });
    items
}

#[derive(Debug, Default)]
struct Outcome {
    good: usize,
    /// Whether there was an error on the way, and which was the first.
    first: Option<ReadError>,
    sealed: bool,
}

/// Reads everything that can be had, and compares it with what was written.
fn read(bytes: &[u8], journal: &Journal) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let mut reader = match Reader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => {
            return Ok(Outcome { first: Some(error), ..outcome });
        }
    };
    loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                for record in block.records() {
                    let Record::Data { source, seq, time_ns, tag, payload } = record else {
                        continue;
                    };
                    let original =
                        journal.written.get(usize::from(source)).and_then(|all| all.get(seq as usize));
                    let same = original.is_some_and(|(t, g, p)| (*t, *g, &p[..]) == (time_ns, tag, payload));
                    if !same {
                        return Err(format!("a wrong record: source {source}, number {seq}"));
                    }
                    outcome.good += 1;
                }
            }
            Ok(None) => break,
            Err(error) => {
                let torn = matches!(error, ReadError::TornTail { .. });
                outcome.first.get_or_insert(error);
                if torn {
                    break;
                }
                reader.resync().map_err(|error| error.to_string())?;
            }
        }
    }
    outcome.sealed = matches!(reader.end(), Some(End::Sealed(_)));
    Ok(outcome)
}

/// Runs `check` for every number below `end`, on two threads.
fn on_two_threads(end: usize, check: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        let workers = [0, 1].map(|first| {
            let check = &check;
            scope.spawn(move || (first..end).step_by(2).for_each(check))
        });
        for worker in workers {
            worker.join().expect("a check failed, see above");
        }
    });
}

#[test]
fn every_flip() {
    let journal = Journal::new(&mut Random::new("every_flip", 1));
    let begun = Instant::now();
    let whole = read(&journal.bytes, &journal).unwrap();
    assert!(whole.sealed && whole.first.is_none());
    assert_eq!(whole.good, journal.records());
    assert!(whole.good > 100, "only {} records", whole.good);
    on_two_threads(SIZE, |at| {
        let mut bytes = journal.bytes.clone();
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            let outcome =
                read(&bytes, &journal).unwrap_or_else(|error| panic!("bit {bit} of byte {at}: {error}"));
            assert!(
                matches!(outcome.first, Some(ReadError::Damaged { .. })),
                "bit {bit} of byte {at}: {:?}",
                outcome.first
            );
            let hit =
                journal.blocks.iter().find(|(range, _)| range.contains(&at)).map_or(0, |(_, count)| *count);
            assert_eq!(outcome.good, journal.records() - hit, "bit {bit} of byte {at}: {:?}", outcome.first);
            bytes[at] ^= 1 << bit;
        }
    });
    println!("{} flips, {} records each, {:?}", SIZE * 8, whole.good, begun.elapsed());
}

#[test]
fn every_truncation() {
    let journal = Journal::new(&mut Random::new("every_truncation", 2));
    let begun = Instant::now();
    on_two_threads(SIZE, |len| {
        let outcome =
            read(&journal.bytes[..len], &journal).unwrap_or_else(|error| panic!("cut at {len}: {error}"));
        let whole = journal.blocks.iter().filter(|(range, _)| range.end <= len);
        assert_eq!(outcome.good, whole.map(|(_, count)| count).sum::<usize>(), "cut at {len}");
        assert!(!outcome.sealed, "cut at {len}");
        let boundary = journal.blocks.iter().any(|(range, _)| range.start == len);
        match outcome.first {
            Some(ReadError::Empty) => assert_eq!(len, 0),
            Some(ReadError::TornTail { offset, have, want }) => {
                assert!(len > 0 && !boundary && have < want);
                assert_eq!(offset + have, len as u64);
            }
            None => assert!(boundary, "cut at {len} was not noticed"),
            Some(other) => panic!("cut at {len}: {other}"),
        }
    });
    println!("{SIZE} truncations, {:?}", begun.elapsed());
}

/// The checker itself: a record changed under checksums that fit must be called wrong.
#[test]
fn the_checker_sees_a_forged_record() {
    let item = |payload: &[u8]| crate::build::data(0, 0, payload);
    let (bytes, _) = file(&[RawBlock::records(&[item(b"true")])]);
    let (forged, _) = file(&[RawBlock::records(&[item(b"trve")])]);
    let journal = Journal { bytes, blocks: Vec::new(), written: vec![vec![(1000, 0, b"true".to_vec())]] };
    assert_eq!(read(&journal.bytes, &journal).unwrap().good, 1);
    assert!(read(&forged, &journal).is_err());
}
