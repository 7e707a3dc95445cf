//! Reading a whole journal to see whether it is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::block::Block;
use crate::error::{Fault, ReadError};
use crate::frame::{Census, Record};
use crate::layout::{FileHeader, Totals};
use crate::read::{End, Reader};

/// Damages that a report lists one by one; the rest are counted.
const MAX_DAMAGES: usize = 4096;

/// A range of bytes that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, in bytes, up to the next block that verifies or to the end.
    pub len: u64,
    /// How it showed.
    pub what: Fault,
}

/// A last block that is not there in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where the block begins, in bytes.
    pub offset: u64,
    /// How many of its bytes are there.
    pub have: u64,
    /// How many there should be, or 64 if not even its header is there.
    pub want: u64,
}

/// What a journal holds of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// The source's id.
    pub id: u16,
    /// Its name, if the journal has one.
    pub name: Option<String>,
    /// Records, bytes, gaps and aborted claims.
    pub census: Census,
    /// Sequence number of the first record. It is not 0 in a file that continues another.
    pub first_seq: Option<u64>,
    /// Sequence number of the last record.
    pub last_seq: Option<u64>,
    /// Holes in the sequence that gaps and aborted claims do not fully explain.
    pub holes: u64,
    /// Records missing in them without explanation.
    pub missing: u64,
    /// Records whose sequence number is not above that of the one before.
    pub out_of_order: u64,
    /// What gaps since the last record explain.
    explained: u64,
    /// Aborted claims since the last record; each may have taken a number, or not.
    may_explain: u64,
}

/// The result of reading a whole journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The file header; `None` if it is damaged.
    pub header: Option<FileHeader>,
    /// Bytes in the file.
    pub file_len: u64,
    /// Blocks of records that are good.
    pub blocks: u64,
    /// Sums over these blocks: records, payload bytes, gaps and their losses, aborted claims.
    pub census: Census,
    /// The highest count of losses in a block header: since the start of the recording, not of this file.
    pub lost_so_far: u64,
    /// Records missing in sequences without a gap to explain them, over all sources.
    pub missing: u64,
    /// Records out of order, over all sources.
    pub out_of_order: u64,
    /// By source, ascending by id; sources with a name and without a record included.
    pub sources: Vec<SourceReport>,
    /// The seal's sums; `None` if there is no seal.
    pub totals: Option<Totals>,
    /// Damaged ranges in the order of the file; the first 4,096 of them.
    pub damages: Vec<Damage>,
    /// How many more there are.
    pub more_damages: u64,
    /// The incomplete last block, if the file ends in one.
    pub torn_tail: Option<TornTail>,
    /// The file is good up to here, in bytes.
    pub good_len: u64,
}

impl Report {
    /// Whether the file has its seal: nothing was cut off.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.totals.is_some()
    }

    /// Whether all that is there is good: no damage, no torn tail, no unexplained hole. An unsealed file can be
    /// clean, and so can one with losses, as long as they are accounted for.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let whole = self.damages.is_empty() && self.torn_tail.is_none();
        whole && self.missing == 0 && self.out_of_order == 0
    }

    fn damage(&mut self, damage: Damage) {
        if self.damages.len() < MAX_DAMAGES {
            self.damages.push(damage);
        } else {
            self.more_damages += 1;
        }
    }

    fn block(&mut self, block: &Block<'_>, sources: &mut BTreeMap<u16, SourceReport>) {
        self.blocks += 1;
        self.census.add(block.census());
        self.lost_so_far = self.lost_so_far.max(block.header().meta.lost);
        for record in block.records() {
            let (Record::Data { source, .. } | Record::Gap { source, .. } | Record::Aborted { source, .. }) =
                record;
            sources.entry(source).or_default().record(&record);
        }
    }

    fn finish<R>(&mut self, reader: &Reader<R>, mut sources: BTreeMap<u16, SourceReport>) {
        self.header = reader.header().copied();
        if let Some(End::Sealed(totals)) = reader.end() {
            self.totals = Some(totals);
        }
        for (id, name) in reader.sources().iter() {
            sources.entry(id).or_default().name = Some(name.to_owned());
        }
        for (id, mut source) in sources {
            source.id = id;
            self.missing = self.missing.saturating_add(source.missing);
            self.out_of_order += source.out_of_order;
            self.sources.push(source);
        }
        let end = self.torn_tail.map_or(reader.offset(), |torn| torn.offset);
        self.file_len = self.torn_tail.map_or(reader.offset(), |torn| torn.offset + torn.have);
        self.good_len = self.damages.first().map_or(end, |first| first.offset);
    }
}

impl SourceReport {
    fn record(&mut self, record: &Record<'_>) {
        self.census.count(record);
        match *record {
            Record::Data { seq, .. } => self.sequence(seq),
            Record::Gap { lost_records, .. } => self.explain(lost_records),
            Record::Aborted { .. } => self.may_explain = self.may_explain.saturating_add(1),
        }
    }

    /// A loss that was counted while the sides flipped is told one block late: it first explains what is missing
    /// already, then what is to come. Every loss leaves a hole, so records that are missing for another reason
    /// stay missing.
    fn explain(&mut self, lost: u64) {
        let late = lost.min(self.missing);
        self.missing -= late;
        if self.missing == 0 {
            self.holes = 0;
        }
        self.explained = self.explained.saturating_add(lost - late);
    }

    /// Lost records have sequence numbers too, so a number must exceed the last by one and the losses between.
    fn sequence(&mut self, seq: u64) {
        let explained = self.explained.saturating_add(self.may_explain);
        (self.explained, self.may_explain) = (0, 0);
        match self.last_seq {
            None => self.first_seq = Some(seq),
            Some(last) if seq <= last => {
                self.out_of_order += 1;
                // The highest number stays, or one stray record would make holes of everything behind it.
                return;
            }
            Some(last) => {
                let unexplained = (seq - last - 1).saturating_sub(explained);
                self.holes += u64::from(unexplained > 0);
                self.missing = self.missing.saturating_add(unexplained);
            }
        }
        self.last_seq = Some(seq);
    }
}

/// Reads a journal to its end, steps over damage, and reports.
///
/// A file that ends in a torn block is reported up to there. Damage is no error but part of the report.
///
/// # Errors
///
/// Those of the input, and those that make the file no journal that this crate can read: see [`Reader::new`].
///
/// ```
/// let writer = flipside_journal::Writer::create(Vec::new(), [1; 16], 0)?;
/// let report = flipside_journal::verify(&writer.into_inner()[..])?;
/// assert!(report.is_clean() && !report.is_sealed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(stream: impl Read) -> Result<Report, ReadError> {
    let mut reader = Reader::new(stream)?;
    let mut report = Report::default();
    let mut sources = BTreeMap::new();
    loop {
        let what = match reader.next_block() {
            Ok(Some(block)) => {
                report.block(&block, &mut sources);
                continue;
            }
            Ok(None) => break,
            Err(ReadError::TornTail { offset, have, want }) => {
                report.torn_tail = Some(TornTail { offset, have, want });
                break;
            }
            Err(ReadError::Damaged { what, .. }) => what,
            Err(ReadError::Features { what, .. }) => Fault::Unsupported(what),
            Err(ReadError::TrailingData { .. }) => Fault::Trailing,
            Err(error) => return Err(error),
        };
        let skipped = reader.resync()?;
        report.damage(Damage { offset: skipped.offset, len: skipped.len, what });
    }
    report.finish(&reader, sources);
    Ok(report)
}

/// Opens a file and [`verify`]s it: what a recorder does with its own output before it says that all is well.
///
/// # Errors
///
/// Those of opening the file, and those of [`verify`].
pub fn read_back(path: impl AsRef<Path>) -> Result<Report, ReadError> {
    verify(File::open(path)?)
}
