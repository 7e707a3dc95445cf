//! The first 64 bytes: is this a journal, was it one, can it be read?

use crate::error::{Fault, Feature, ReadError};
use crate::layout::{FileHeader, HEADER_LEN, MAGIC, VERSION};

/// Up to four wrong bits in the magic still make a journal, if a damaged one: text differs by far more. Of a
/// file shorter than the magic that would prove nothing, so what there is of it must be right.
fn looks_like_a_journal(bytes: &[u8]) -> bool {
    if bytes.len() < MAGIC.len() {
        return MAGIC.starts_with(bytes);
    }
    let wrong: u32 = MAGIC.iter().zip(bytes).map(|(magic, byte)| (magic ^ byte).count_ones()).sum();
    wrong <= 4
}

/// Fewer bytes than a header.
pub(crate) fn no_header(bytes: &[u8]) -> ReadError {
    if bytes.is_empty() {
        ReadError::Empty
    } else if looks_like_a_journal(bytes) {
        ReadError::TornTail { offset: 0, have: bytes.len() as u64, want: HEADER_LEN as u64 }
    } else {
        ReadError::NotAJournal { first: bytes[..bytes.len().min(16)].to_vec() }
    }
}

/// The header, with what is wrong with it if it is still worth trying.
pub(crate) fn file_header(bytes: &[u8; HEADER_LEN]) -> Result<(FileHeader, Option<Fault>), ReadError> {
    let fault = header_fault(bytes)?;
    // Of a damaged header only the file id is used, mended if one wrong bit explains the damage.
    let mended = fault.as_ref().and_then(|_| FileHeader::mended(bytes));
    Ok((FileHeader::decode(&mended.unwrap_or(*bytes)).0, fault))
}

fn header_fault(bytes: &[u8; HEADER_LEN]) -> Result<Option<Fault>, ReadError> {
    let (header, len) = FileHeader::decode(bytes);
    if bytes.starts_with(b"\x89FLIP\n\x1a") || bytes.starts_with(b"\x89FLIP\r\r\n") {
        return Ok(Some(Fault::TextMode));
    }
    if !looks_like_a_journal(bytes) {
        return Err(ReadError::NotAJournal { first: bytes[..16].to_vec() });
    }
    if bytes[..8] != MAGIC {
        return Ok(Some(Fault::FileMagic));
    }
    // The checksum comes first: a wrong bit in the version must not make the file one of the future.
    if !FileHeader::checksum_holds(bytes) {
        return Ok(Some(Fault::FileHeader));
    }
    if header.version != VERSION {
        return Err(ReadError::Version { found: header.version });
    }
    if header.features != 0 {
        return Err(ReadError::Features { offset: 0, what: Feature::Header(header.features) });
    }
    Ok((usize::from(len) != HEADER_LEN).then_some(Fault::FileHeaderLength(len)))
}
