//! Record frames as a side holds them, for the carriers that have to build them, and the walk over them that all
//! carriers share.

use flipside_sources::feed::PREFIX;

const HEADER: usize = 8;
const KIND_DATA: u8 = 1;
const KIND_GAP: u8 = 2;

/// The two words before each payload.
pub(crate) fn prefix(seq: u64, time_ns: u64) -> [u8; PREFIX] {
    let mut prefix = [0; PREFIX];
    prefix[..8].copy_from_slice(&seq.to_le_bytes());
    prefix[8..].copy_from_slice(&time_ns.to_le_bytes());
    prefix
}

/// The bytes that a record of `payload` bytes occupies.
pub(crate) const fn span(payload: usize) -> usize {
    (HEADER + PREFIX + payload).next_multiple_of(8)
}

/// Appends a record.
pub(crate) fn append(image: &mut Vec<u8>, source: u16, prefix: &[u8; PREFIX], payload: &[u8]) {
    let end = image.len() + span(payload.len());
    // Blocks are far below 4 GiB: a side holds at most 1.
    image.extend_from_slice(&((PREFIX + payload.len()) as u32).to_le_bytes());
    image.extend_from_slice(&[KIND_DATA, 0]);
    image.extend_from_slice(&source.to_le_bytes());
    image.extend_from_slice(prefix);
    image.extend_from_slice(payload);
    image.resize(end, 0);
}

/// A data record met on the walk.
pub(crate) struct Frame<'a> {
    pub(crate) source: u16,
    pub(crate) time_ns: u64,
    pub(crate) payload: &'a [u8],
}

/// The data records of an image.
pub(crate) fn frames(image: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    walk(image).filter_map(|(kind, source, body)| {
        let (prefix, payload) = body.split_at_checked(PREFIX).filter(|_| kind == KIND_DATA)?;
        Some(Frame { source, time_ns: u64::from_le_bytes(*prefix.last_chunk()?), payload })
    })
}

/// How many records each gap of an image stands for; gaps are at its beginning.
pub(crate) fn gaps(image: &[u8]) -> impl Iterator<Item = u64> {
    let gaps = walk(image).take_while(|&(kind, ..)| kind == KIND_GAP);
    gaps.filter_map(|(_, _, body)| Some(u64::from_le_bytes(*body.first_chunk()?)))
}

/// Kind, source and body of every record.
fn walk(image: &[u8]) -> impl Iterator<Item = (u8, u16, &[u8])> {
    let mut rest = image;
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<HEADER>()?;
        let [l0, l1, l2, l3, kind, _, s0, s1] = *head;
        let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let body = tail.get(..len)?;
        rest = rest.get((HEADER + len).next_multiple_of(8)..)?;
        Some((kind, u16::from_le_bytes([s0, s1]), body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_framed_is_found() {
        let mut image = Vec::new();
        for (source, payload) in [(0, &b"abc"[..]), (7, b""), (3, b"12345678")] {
            append(&mut image, source, &prefix(1, 99), payload);
        }
        let found: Vec<_> = frames(&image).map(|f| (f.source, f.time_ns, f.payload.to_vec())).collect();
        let wanted = [(0, 99, b"abc".to_vec()), (7, 99, Vec::new()), (3, 99, b"12345678".to_vec())];
        assert_eq!(found, wanted);
        assert_eq!(image.len(), span(3) + span(0) + span(8));
    }
}
