//! Journals byte by byte, after FORMAT.md, without the crate under test.

use std::io::{self, Read};

pub(crate) const ID: [u8; 16] = *b"sixteen id bytes";

/// A frame to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Data { source: u16, tag: u8, seq: u64, time: u64, payload: Vec<u8> },
    Gap { source: u16, records: u64, bytes: u64 },
    Aborted { source: u16, len: usize },
    Pad { len: usize },
}

pub(crate) fn data(source: u16, seq: u64, payload: &[u8]) -> Item {
    Item::Data { source, tag: 0, seq, time: seq.wrapping_add(1000), payload: payload.to_vec() }
}

fn frame(out: &mut Vec<u8>, kind: u8, tag: u8, source: u16, body: &[u8]) {
    out.extend((body.len() as u32).to_le_bytes());
    out.extend([kind, tag]);
    out.extend(source.to_le_bytes());
    out.extend(body);
    while !out.len().is_multiple_of(8) {
        out.push(0);
    }
}

pub(crate) fn image(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        match item {
            Item::Data { source, tag, seq, time, payload } => {
                let body = [&seq.to_le_bytes(), &time.to_le_bytes(), &payload[..]].concat();
                frame(&mut out, 1, *tag, *source, &body);
            }
            Item::Gap { source, records, bytes } => {
                frame(&mut out, 2, 0, *source, &[records.to_le_bytes(), bytes.to_le_bytes()].concat());
            }
            Item::Aborted { source, len } => frame(&mut out, 3, 0, *source, &vec![0; *len]),
            Item::Pad { len } => frame(&mut out, 4, 0, 0, &vec![0xee; *len]),
        }
    }
    out
}

pub(crate) fn records(items: &[Item]) -> u32 {
    items.iter().filter(|item| matches!(item, Item::Data { .. })).count() as u32
}

/// The sums a seal should have, blocks and time aside.
pub(crate) fn sums(items: &[Item]) -> [u64; 4] {
    let mut sums = [0; 4];
    for item in items {
        match item {
            Item::Data { payload, .. } => {
                sums[0] += 1;
                sums[1] += payload.len() as u64;
            }
            Item::Gap { records, .. } => sums[2] = sums[2].saturating_add(*records),
            Item::Aborted { .. } => sums[3] += 1,
            Item::Pad { .. } => {}
        }
    }
    sums
}

/// CRC-32, one bit at a time.
pub(crate) fn crc(start: u32, bytes: &[u8]) -> u32 {
    let mut state = !start;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            state = if state & 1 == 1 { state >> 1 ^ 0xedb8_8320 } else { state >> 1 };
        }
    }
    !state
}

/// A block header to be; every field may be made to lie, and the checksums will be right.
#[derive(Clone, Debug)]
pub(crate) struct RawBlock {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) count: u32,
    pub(crate) lost: u64,
    pub(crate) anchor: (u64, u64),
    /// In place of the true length.
    pub(crate) claimed_len: Option<u32>,
    pub(crate) body: Vec<u8>,
}

impl RawBlock {
    pub(crate) fn new(kind: u8, count: u32, body: Vec<u8>) -> Self {
        Self { kind, flags: 0, count, lost: 0, anchor: (0, 0), claimed_len: None, body }
    }

    pub(crate) fn records(items: &[Item]) -> Self {
        Self::new(1, records(items), image(items))
    }

    pub(crate) fn sources(entries: &[(u16, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (id, name) in entries {
            body.extend(id.to_le_bytes());
            body.extend((name.len() as u16).to_le_bytes());
            body.extend(*name);
        }
        while !body.len().is_multiple_of(8) {
            body.push(0);
        }
        Self::new(2, entries.len() as u32, body)
    }

    pub(crate) fn seal(sums: [u64; 4], blocks: u64) -> Self {
        let fields = [sums[0], sums[1], sums[2], sums[3], blocks, 77];
        Self::new(3, 0, fields.iter().flat_map(|field| field.to_le_bytes()).collect())
    }

    pub(crate) fn bytes(&self, id: [u8; 16], offset: u64) -> Vec<u8> {
        let seed = crc(crc(0, &id), &offset.to_le_bytes());
        let mut head = vec![0xf1, 0x42, 0x4b, 0x31, self.kind, self.flags, 0, 0];
        head.extend(5u64.to_le_bytes());
        head.extend(self.claimed_len.unwrap_or(self.body.len() as u32).to_le_bytes());
        head.extend(self.count.to_le_bytes());
        head.extend(self.lost.to_le_bytes());
        head.extend(self.anchor.0.to_le_bytes());
        head.extend(self.anchor.1.to_le_bytes());
        head.extend([0; 8]);
        head.extend(crc(seed, &self.body).to_le_bytes());
        head.extend(crc(seed, &head).to_le_bytes());
        assert_eq!(head.len(), 64);
        head.extend(&self.body);
        head
    }
}

pub(crate) fn file_header(version: u16, length: u16, features: u32) -> Vec<u8> {
    let mut head = vec![0x89, 0x46, 0x4c, 0x49, 0x50, 0x0d, 0x0a, 0x1a];
    head.extend(version.to_le_bytes());
    head.extend(length.to_le_bytes());
    head.extend(features.to_le_bytes());
    head.extend(ID);
    head.extend(123u64.to_le_bytes());
    head.extend([0; 20]);
    head.extend(crc(0, &head).to_le_bytes());
    assert_eq!(head.len(), 64);
    head
}

/// A file with these blocks, and the offset of each.
pub(crate) fn file(blocks: &[RawBlock]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = file_header(1, 64, 0);
    let mut offsets = Vec::new();
    for block in blocks {
        offsets.push(bytes.len());
        bytes.extend(block.bytes(ID, bytes.len() as u64));
    }
    (bytes, offsets)
}

/// Small, seeded, and good enough (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Prints the seed, which the environment variable `FLIPSIDE_SEED` replaces, so that a failure can be
    /// replayed.
    pub(crate) fn new(test: &str, seed: u64) -> Self {
        let seed = std::env::var("FLIPSIDE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(seed);
        println!("{test}: FLIPSIDE_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// A stream that gives little at a time, and is interrupted.
#[derive(Debug)]
pub(crate) struct Dribble<'a>(pub(crate) &'a [u8], pub(crate) Random);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1.below(4) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = (1 + self.1.below(97)).min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}
