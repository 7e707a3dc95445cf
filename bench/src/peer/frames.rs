//! The simplest framing there is, for the peers that share bytes: a length in four bytes, then the record.

use super::Sink;

pub(crate) const LENGTH: usize = 4;

/// The bytes in front of a record.
#[inline]
pub(crate) fn length(record: &[u8]) -> [u8; LENGTH] {
    u32::try_from(record.len()).expect("records are short").to_le_bytes()
}

/// Hands the whole records at the beginning of `bytes` to the sink; returns the rest, less than a record.
pub(crate) fn walk<'a>(mut bytes: &'a [u8], sink: &mut impl Sink) -> &'a [u8] {
    while let Some((length, rest)) = bytes.split_first_chunk::<LENGTH>() {
        let Some((body, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else {
            break;
        };
        sink.record(body);
        bytes = rest;
    }
    bytes
}
