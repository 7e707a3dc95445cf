//! How records stand in a side, byte for byte. No `unsafe`: a side's image is also a file's.
//!
//! ```text
//!  0               4     5     6        8                    8+len      next multiple of 8
//!  +---------------+-----+-----+--------+--------------------+----------+
//!  | len: u32      |kind |tag  |source  | body: len bytes    | zeros    |     little-endian
//!  +---------------+-----+-----+--------+--------------------+----------+
//! ```

use core::iter::FusedIterator;

/// Bytes before each body.
pub(crate) const HEADER: usize = 8;
/// A gap record: header, records lost, bytes lost.
pub(crate) const GAP: usize = HEADER + 16;

pub(crate) const KIND_DATA: u8 = 1;
pub(crate) const KIND_GAP: u8 = 2;
pub(crate) const KIND_ABORTED: u8 = 3;
pub(crate) const KIND_PAD: u8 = 4;

/// The bytes that a body of `len` occupies in a side, header and padding included, or `None` if no side is
/// as large.
pub(crate) const fn span(len: usize) -> Option<usize> {
    match len.checked_add(HEADER + 7) {
        Some(sum) if len <= u32::MAX as usize => Some(sum & !7),
        _ => None,
    }
}

/// A record's eight leading bytes.
#[inline]
pub(crate) const fn header(len: usize, kind: u8, tag: u8, source: u16) -> [u8; HEADER] {
    let word = (len as u64) | (kind as u64) << 32 | (tag as u64) << 40 | (source as u64) << 48;
    word.to_le_bytes()
}

/// Fills the span of a record with header, body and padding.
#[inline]
pub(crate) fn fill(bytes: &mut [u8], header: [u8; HEADER], parts: &[&[u8]]) {
    // The padding lies in the last word. What the copy does not reach must not be an earlier record's.
    if let Some(last) = bytes.last_chunk_mut::<8>() {
        *last = [0; 8];
    }
    let (head, mut rest) = bytes.split_at_mut(HEADER);
    head.copy_from_slice(&header);
    for part in parts {
        let (here, next) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = next;
    }
}

/// A gap record, whole.
pub(crate) fn gap(source: u16, lost: Lost) -> [u8; GAP] {
    let mut bytes = [0; GAP];
    bytes[..8].copy_from_slice(&header(GAP - HEADER, KIND_GAP, 0, source));
    bytes[8..16].copy_from_slice(&lost.records.to_le_bytes());
    bytes[16..].copy_from_slice(&lost.bytes.to_le_bytes());
    bytes
}

/// Records that were offered and not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// How many.
    pub records: u64,
    /// The sum of their bodies, in bytes.
    pub bytes: u64,
}

/// What stands in a drained slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record<'a> {
    /// A record that a writer committed.
    Data {
        /// The writer's [source](super::Collector::writer_for).
        source: u16,
        /// The byte that the writer passed along; 0 unless he did.
        tag: u8,
        /// What he wrote.
        body: &'a [u8],
    },
    /// Here records of this source are missing: they were refused while the side before this one was full.
    Gap {
        /// Whose they were.
        source: u16,
        /// How many they were.
        lost: Lost,
    },
    /// A claim or a [batch](super::ClaimBatch) that was dropped instead of committed; its body is zeroed.
    Aborted {
        /// Whose it was.
        source: u16,
        /// The bytes it had claimed; of a batch all of its room but 8.
        len: usize,
    },
}

/// The records of a slice in the order in which they stand.
///
/// It is meant for what a [`Batch`](super::Batch) holds, so it has no errors to report: it ends at the first byte
/// that is no record, which in a batch is the end. For bytes from a disk there is the journal's own reader.
#[derive(Clone, Debug)]
#[must_use]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records of an image that begins with one. Of any other bytes it yields nonsense, or nothing, and never
    /// panics: see [`SideLayout`](super::SideLayout).
    pub const fn new(image: &'a [u8]) -> Self {
        Self { rest: image }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let (head, tail) = self.rest.split_first_chunk::<HEADER>()?;
            let [l0, l1, l2, l3, kind, tag, s0, s1] = *head;
            let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
            let source = u16::from_le_bytes([s0, s1]);
            let body = tail.get(..len)?;
            self.rest = self.rest.get(span(len)?..)?;
            return Some(match kind {
                KIND_DATA => Record::Data { source, tag, body },
                KIND_GAP => {
                    let word = |at: usize| body.get(at..)?.first_chunk().map(|c| u64::from_le_bytes(*c));
                    Record::Gap { source, lost: Lost { records: word(0)?, bytes: word(8)? } }
                }
                KIND_ABORTED => Record::Aborted { source, len },
                KIND_PAD => continue,
                _ => return None,
            });
        }
    }
}

impl FusedIterator for Records<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn spans_are_whole_words_and_never_wrap() {
        assert_eq!(span(0), Some(8));
        assert_eq!(span(1), Some(16));
        assert_eq!(span(8), Some(16));
        assert_eq!(span(usize::MAX), None);
        assert_eq!(span(usize::MAX - 14), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let mut image = Vec::new();
        image.extend(gap(7, Lost { records: 3, bytes: 99 }));
        image.extend(header(5, KIND_DATA, 1, 2));
        image.extend(b"hello\0\0\0");
        image.extend(header(8, KIND_PAD, 0, 0));
        image.extend([0; 8]);
        image.extend(header(0, KIND_ABORTED, 0, 4));
        let records: Vec<_> = Records::new(&image).collect();
        let gap = Record::Gap { source: 7, lost: Lost { records: 3, bytes: 99 } };
        let data = Record::Data { source: 2, tag: 1, body: b"hello" };
        assert_eq!(records, [gap, data, Record::Aborted { source: 4, len: 0 }]);
    }

    #[test]
    fn hostile_bytes_end_the_walk_instead_of_the_program() {
        proptest::proptest!(|(image: Vec<u8>)| {
            let _ = Records::new(&image).count();
        });
        let mut image = header(usize::MAX, KIND_DATA, 0, 0).to_vec();
        image.extend([0; 64]);
        assert_eq!(Records::new(&image).count(), 0);
    }
}
