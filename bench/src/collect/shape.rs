//! A workload: which records, how many writers, how large a side.

use std::ops::RangeInclusive;

/// Sizes of the mix, in bytes, each as likely as any other.
pub(crate) const MIX: RangeInclusive<usize> = 10..=10_000;

/// Lengths repeat after so many records: few enough to stay in the first-level cache.
const LENGTHS: usize = 4096;
/// Records of the check begin at different places of the source, so that no two neighbours are alike.
const OFFSETS: usize = 251;
/// The check writes the record's name in front: writer and index.
const NAME: usize = 8;

/// A workload.
pub(crate) struct Shape {
    pub(crate) workload: String,
    pub(crate) writers: usize,
    /// Bytes of a side.
    pub(crate) side: usize,
    lengths: Vec<u16>,
    /// What records are made of.
    source: Vec<u8>,
    longest: usize,
}

impl Shape {
    pub(crate) fn new(workload: &str, lens: RangeInclusive<usize>, writers: usize, side: usize) -> Self {
        let (shortest, longest) = (*lens.start(), *lens.end());
        assert!(shortest >= NAME && longest < side, "a record fits, with its name");
        // Always the same numbers: every run sees the same records.
        let mut random = SplitMix(0x5eed);
        let lengths = (0..LENGTHS)
            .map(|_| shortest + (random.next() % (longest - shortest + 1) as u64) as usize)
            .map(|len| u16::try_from(len).expect("records are short"))
            .collect();
        let source = (0..longest + OFFSETS).map(|_| random.next() as u8).collect();
        Self { workload: workload.into(), writers, side, lengths, source, longest }
    }

    /// Length of a writer's record. Looked up for workloads with one size as well, so that no contender's copy
    /// is specialised for it.
    #[inline]
    fn len(&self, writer: usize, index: usize) -> usize {
        // Writers begin at different places.
        usize::from(self.lengths[(index + writer * (LENGTHS / 8)) % LENGTHS])
    }

    /// A record for timing: its bytes lie in the cache, as those of a record just made would.
    #[inline]
    pub(crate) fn record(&self, writer: usize, index: usize) -> &[u8] {
        &self.source[..self.len(writer, index)]
    }

    /// A record for the check, which tells by itself whose it is, which one, and whether it is whole.
    pub(crate) fn named(&self, writer: usize, index: usize, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&((writer as u64) << 48 | index as u64).to_le_bytes());
        let at = index % OFFSETS;
        into.extend_from_slice(&self.source[at..at + self.len(writer, index) - NAME]);
    }

    /// Whose record that is and which one, as it claims itself.
    pub(crate) fn name(body: &[u8]) -> Option<(usize, usize)> {
        let name = u64::from_le_bytes(*body.first_chunk::<NAME>()?);
        Some(((name >> 48) as usize, (name & ((1 << 48) - 1)) as usize))
    }

    /// What all writers together write, each `records` records, when one of `len` bytes counts `framed(len)`.
    pub(crate) fn total(&self, records: usize, framed: fn(usize) -> usize) -> usize {
        let (laps, rest) = (records / LENGTHS, records % LENGTHS);
        let lap: usize = self.lengths.iter().map(|&len| framed(usize::from(len))).sum();
        (0..self.writers)
            .map(|writer| {
                let tail = (0..rest).map(|index| framed(self.len(writer, index)));
                laps * lap + tail.sum::<usize>()
            })
            .sum()
    }

    /// The longest record.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Mean length of a record.
    pub(crate) fn mean(&self) -> f64 {
        self.lengths.iter().map(|&len| f64::from(len)).sum::<f64>() / LENGTHS as f64
    }

    /// Slots of a channel that holds as many bytes as two sides, with eight per record for its length.
    pub(crate) fn slots(&self) -> usize {
        ((2 * self.side) as f64 / (self.mean() + 8.0)) as usize
    }

    /// Workload and writers, for people.
    pub(crate) fn title(&self) -> String {
        let plural = if self.writers == 1 { "" } else { "s" };
        format!("{}, {} writer{plural}", self.workload, self.writers)
    }
}

/// Steele, Lea and Flood's generator.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_what_the_records_add_up_to() {
        let shape = Shape::new("mix", MIX, 3, 1 << 20);
        for records in [0, 1, 4096, 10_000] {
            let slow: usize = (0..3)
                .flat_map(|writer| (0..records).map(move |index| (writer, index)))
                .map(|(writer, index)| shape.record(writer, index).len() + 4)
                .sum();
            assert_eq!(shape.total(records, |len| len + 4), slow);
        }
    }

    #[test]
    fn the_mix_is_as_promised_and_always_the_same() {
        let shape = Shape::new("mix", MIX, 1, 1 << 20);
        let lens = (0..LENGTHS).map(|index| shape.record(0, index).len());
        assert!(lens.clone().min() < Some(100) && lens.clone().min() >= Some(10));
        assert!(lens.clone().max() > Some(9_900) && lens.max() <= Some(10_000));
        assert!((shape.mean() - 5_005.0).abs() < 150.0);
        let again = Shape::new("mix", MIX, 1, 1 << 20);
        assert_eq!(shape.lengths, again.lengths);
    }

    #[test]
    fn a_named_record_has_the_length_of_the_timed_one() {
        let shape = Shape::new("mix", MIX, 2, 1 << 20);
        let mut body = Vec::new();
        shape.named(1, 300, &mut body);
        assert_eq!(body.len(), shape.record(1, 300).len());
        assert_eq!(Shape::name(&body), Some((1, 300)));
    }
}
