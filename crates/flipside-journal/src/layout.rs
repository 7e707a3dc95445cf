//! The bytes of headers and seals, apart from what is done with them. `FORMAT.md` draws the same tables.

use crc32fast::Hasher;

/// The first eight bytes of every journal. The high bit, the CR LF and the control-Z are there to be spoilt by
/// transfers that take the file for text.
pub const MAGIC: [u8; 8] = *b"\x89FLIP\r\n\x1a";
/// The version of the format that this crate reads and writes.
pub const VERSION: u16 = 1;
/// Bytes of the file header, and of every block header.
pub const HEADER_LEN: usize = 64;
/// Most bytes in the body of a block: 1 GiB.
pub const MAX_BODY: usize = 1 << 30;
/// Most sources in a journal; their ids are below this number, so 65535 itself is never an id in a table.
pub const MAX_SOURCES: usize = 65_535;
/// Most bytes in the name of a source.
pub const MAX_NAME: usize = 255;

/// The last of the four is the version: blocks of another version are not even looked at.
pub(crate) const BLOCK_MAGIC: [u8; 4] = *b"\xf1BK1";
pub(crate) const KIND_RECORDS: u8 = 1;
pub(crate) const KIND_SOURCES: u8 = 2;
pub(crate) const KIND_SEAL: u8 = 3;
/// Kinds from here on may be skipped by a reader that does not know them.
pub(crate) const KIND_OPTIONAL: u8 = 0x80;
/// Flags in these bits change the meaning of a block; a reader refuses the ones it does not know.
pub(crate) const BLOCK_FLAGS_INCOMPATIBLE: u8 = 0x0f;
/// Of no consequence to whoever does not know it.
const BLOCK_FLAG_BY_SOURCE: u8 = 0x10;
pub(crate) const SEAL_BODY: usize = 48;

/// What the first 64 bytes of a journal say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The version of the format.
    pub version: u16,
    /// Features without which the file cannot be read; none is defined in version 1.
    pub features: u32,
    /// Random bytes that tell this file from every other; part of the seed of every checksum in it.
    pub file_id: [u8; 16],
    /// Wall clock at creation, in nanoseconds since the Unix epoch.
    pub created_wall_ns: u64,
}

/// What the caller of [`Writer::append`](crate::Writer::append) knows about an image.
///
/// ```
/// let meta = flipside_journal::BlockMeta { epoch: 4, records: 1, ..Default::default() };
/// assert_eq!(meta.lost, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockMeta {
    /// The epoch (number of the flip) that filled the side.
    pub epoch: u64,
    /// DATA frames in the image. A reader counts them and takes a difference for damage.
    pub records: u32,
    /// Records lost so far, since the start of the recording.
    pub lost: u64,
    /// The anchor: nanoseconds since the start of the recording, on a monotonic clock, ...
    pub mono_ns: u64,
    /// ... and the wall clock at the same moment, in nanoseconds since the Unix epoch.
    pub wall_ns: u64,
    /// Each source's records stand together, so that between sources only the times tell what came first.
    pub by_source: bool,
}

impl BlockMeta {
    pub(crate) fn flags(&self) -> u8 {
        if self.by_source { BLOCK_FLAG_BY_SOURCE } else { 0 }
    }
}

/// The header of a block, as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// 1 records, 2 sources table, 3 seal.
    pub kind: u8,
    /// The low four bits change the meaning of the block, the high four may be ignored.
    pub flags: u8,
    /// The lane that the image came from; 0 as long as there is one lane.
    pub lane: u16,
    /// Bytes of the body that follows; a multiple of 8, at most [`MAX_BODY`].
    pub body_len: u32,
    /// Epoch, count, losses and anchor as the writer gave them.
    pub meta: BlockMeta,
    pub(crate) body_crc: u32,
}

/// The sums that a seal carries: the last word of a journal that was closed in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// DATA frames in this file.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Records lost while this file was written: at least the sum over its gaps.
    pub lost_records: u64,
    /// ABORTED frames in this file.
    pub aborted: u64,
    /// Blocks before the seal, of every kind. The writer counts them and ignores what the caller says here.
    pub blocks: u64,
    /// Wall clock at the end, in nanoseconds since the Unix epoch.
    pub end_wall_ns: u64,
}

/// The state that the checksums of a block start from: a CRC-32 over the file's id and the block's offset.
pub(crate) fn seed(file_id: &[u8; 16], offset: u64) -> u32 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(file_id);
    bytes[16..].copy_from_slice(&offset.to_le_bytes());
    crc(0, &bytes)
}

/// CRC-32 as in zlib, continued from `start`.
pub(crate) fn crc(start: u32, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(start);
    hasher.update(bytes);
    hasher.finalize()
}

fn take<const N: usize>(bytes: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

fn u16_at(bytes: &[u8; HEADER_LEN], at: usize) -> u16 {
    u16::from_le_bytes(take(bytes, at))
}

fn u32_at(bytes: &[u8; HEADER_LEN], at: usize) -> u32 {
    u32::from_le_bytes(take(bytes, at))
}

fn u64_at(bytes: &[u8; HEADER_LEN], at: usize) -> u64 {
    u64::from_le_bytes(take(bytes, at))
}

impl FileHeader {
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&self.version.to_le_bytes());
        bytes[10..12].copy_from_slice(&(HEADER_LEN as u16).to_le_bytes());
        bytes[12..16].copy_from_slice(&self.features.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.file_id);
        bytes[32..40].copy_from_slice(&self.created_wall_ns.to_le_bytes());
        let sum = crc(0, &bytes[..60]);
        bytes[60..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The fields as they stand, and the header length; nothing is checked.
    pub(crate) fn decode(bytes: &[u8; HEADER_LEN]) -> (Self, u16) {
        let header = Self {
            version: u16_at(bytes, 8),
            features: u32_at(bytes, 12),
            file_id: take(bytes, 16),
            created_wall_ns: u64_at(bytes, 32),
        };
        (header, u16_at(bytes, 10))
    }

    pub(crate) fn checksum_holds(bytes: &[u8; HEADER_LEN]) -> bool {
        crc(0, &bytes[..60]) == u32_at(bytes, 60)
    }

    /// The header with its one wrong bit put right, if one wrong bit explains what is there.
    ///
    /// The file's id seeds every checksum, so that a single bit lost in it would lose the whole file. CRC-32
    /// tells all single and double errors in so short a header apart, hence at most one candidate fits; and a
    /// wrong guess would show, as not one block would verify.
    pub(crate) fn mended(bytes: &[u8; HEADER_LEN]) -> Option<[u8; HEADER_LEN]> {
        let mut candidate = *bytes;
        for bit in 0..HEADER_LEN * 8 {
            candidate[bit / 8] ^= 1 << (bit % 8);
            if candidate[..8] == MAGIC && Self::checksum_holds(&candidate) {
                return Some(candidate);
            }
            candidate[bit / 8] ^= 1 << (bit % 8);
        }
        None
    }
}

impl BlockHeader {
    /// The 64 bytes, with the header's own checksum, which starts from `seed`.
    pub(crate) fn encode(&self, seed: u32) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..4].copy_from_slice(&BLOCK_MAGIC);
        bytes[4] = self.kind;
        bytes[5] = self.flags;
        bytes[6..8].copy_from_slice(&self.lane.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.meta.epoch.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.body_len.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.meta.records.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.meta.lost.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.meta.mono_ns.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.meta.wall_ns.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.body_crc.to_le_bytes());
        let sum = crc(seed, &bytes[..60]);
        bytes[60..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    pub(crate) fn checksum_holds(bytes: &[u8; HEADER_LEN], seed: u32) -> bool {
        crc(seed, &bytes[..60]) == u32_at(bytes, 60)
    }

    /// The fields as they stand; nothing is checked.
    pub(crate) fn decode(bytes: &[u8; HEADER_LEN]) -> Self {
        Self {
            kind: bytes[4],
            flags: bytes[5],
            lane: u16_at(bytes, 6),
            body_len: u32_at(bytes, 16),
            meta: BlockMeta {
                epoch: u64_at(bytes, 8),
                records: u32_at(bytes, 20),
                lost: u64_at(bytes, 24),
                mono_ns: u64_at(bytes, 32),
                wall_ns: u64_at(bytes, 40),
                by_source: bytes[5] & BLOCK_FLAG_BY_SOURCE != 0,
            },
            body_crc: u32_at(bytes, 56),
        }
    }
}

impl Totals {
    pub(crate) fn encode(&self) -> [u8; SEAL_BODY] {
        let fields = [
            self.records,
            self.payload_bytes,
            self.lost_records,
            self.aborted,
            self.blocks,
            self.end_wall_ns,
        ];
        let mut bytes = [0; SEAL_BODY];
        for (slot, field) in bytes.chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    /// `None` if the body is not as long as a seal's.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        let body: &[u8; SEAL_BODY] = body.try_into().ok()?;
        let mut fields = [0; SEAL_BODY / 8];
        for (field, bytes) in fields.iter_mut().zip(body.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            *field = u64::from_le_bytes(word);
        }
        let [records, payload_bytes, lost_records, aborted, blocks, end_wall_ns] = fields;
        Some(Self { records, payload_bytes, lost_records, aborted, blocks, end_wall_ns })
    }
}
