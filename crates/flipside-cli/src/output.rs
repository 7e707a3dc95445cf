//! Where the journal goes, and the thread that takes it there.

use std::fs::File;
use std::io::{self, IoSlice, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

use flipside::collect::{Batch, Collector, Drain, Record};
use flipside_journal::{self as journal, BlockMeta, CreateError, Cut, MAX_BODY, Totals, WriteError};
use flipside_journal::{census, create_file};
use flipside_sources::feed::{Clock, PREFIX};

use crate::args::OrderArg;
use crate::failure::Failure;
use crate::journals::mark_live;

/// A file, or standard output.
#[derive(Debug)]
pub(crate) enum Sink {
    File(File),
    Stdout(Stdout),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write_vectored(parts),
            Self::Stdout(out) => out.write_vectored(parts),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}

impl Cut for Sink {
    fn cut(&mut self, len: u64) -> io::Result<()> {
        match self {
            Self::File(file) => file.cut(len),
            Self::Stdout(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Output {
    writer: journal::Writer<Sink>,
    /// `None` for standard output.
    pub(crate) path: Option<PathBuf>,
}

impl Output {
    /// Creates the journal that `-w` names, or one named after host and time; writes its header and the table
    /// of sources.
    pub(crate) fn create(
        wanted: Option<&Path>,
        force: bool,
        clock: Clock,
        sources: &[(u16, &str)],
    ) -> Result<Self, Failure> {
        let (sink, path) = match wanted {
            Some(path) if path == Path::new("-") => {
                if io::stdout().is_terminal() {
                    let failure = Failure::usage("-w - would pour a journal onto the terminal");
                    return Err(failure.hint("send it on: -w - | flipside show -, or name a file"));
                }
                (Sink::Stdout(io::stdout()), None)
            }
            Some(path) if path.extension().is_some_and(|it| it == "pcapng" || it == "pcap") => {
                let name = path.display();
                return Err(Failure::usage(format_args!("{name}: capture files are not written yet"))
                    .hint("name a journal, with another extension"));
            }
            Some(path) => (Sink::File(create(path, force)?), Some(path.to_owned())),
            None => {
                let (file, path) = create_default()?;
                (Sink::File(file), Some(path))
            }
        };
        if let Sink::File(file) = &sink {
            mark_live(file);
        }
        let mut file_id = [0; 16];
        getrandom::fill(&mut file_id)
            .map_err(|error| Failure::error(format_args!("no random number for the journal: {error}")))?;
        let name = path.as_deref().map_or("standard output".into(), Path::to_string_lossy).into_owned();
        let failed = |error: &dyn std::fmt::Display| {
            Failure::error(format_args!("cannot write {name}: {error}"))
                .hint("choose another place with -w, or make room there")
        };
        let (_, wall_ns) = clock.anchor();
        let mut writer = journal::Writer::create(sink, file_id, wall_ns).map_err(|error| failed(&error))?;
        writer.sources(sources).map_err(|error| failed(&error))?;
        Ok(Self { writer, path })
    }

    /// The name for people.
    pub(crate) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string())
    }

    /// Writes slices of whole records, as one block. Only lanes of half a gigabyte can hold more than a block: then
    /// each slice is one.
    pub(crate) fn append<'a>(
        &mut self,
        image: impl Iterator<Item = &'a [u8]> + Clone,
        meta: BlockMeta,
    ) -> Result<(), WriteError> {
        append_within(MAX_BODY, &mut self.writer, image, meta)
    }

    /// Seals the journal; after an error what was half written is removed first.
    pub(crate) fn seal(&mut self, totals: Totals) -> Result<(), WriteError> {
        self.writer.cut_and_seal(totals)?;
        Ok(())
    }
}

fn append_within<'a, W: Write>(
    limit: usize,
    writer: &mut journal::Writer<W>,
    mut image: impl Iterator<Item = &'a [u8]> + Clone,
    meta: BlockMeta,
) -> Result<(), WriteError> {
    if image.clone().map(<[u8]>::len).sum::<usize>() <= limit {
        return writer.append_slices(image, meta);
    }
    image.try_for_each(|slice| {
        // What the core has written is a sequence of frames.
        let records = census(slice).map_or(0, |found| found.records);
        writer.append(slice, BlockMeta { records: u32::try_from(records).unwrap_or(u32::MAX), ..meta })
    })
}

fn create(path: &Path, force: bool) -> Result<File, Failure> {
    create_file(path, force).map_err(|error| create_failed(&error))
}

/// Why there is no journal, with the way out.
pub(crate) fn create_failed(error: &CreateError) -> Failure {
    let failure = Failure::error(error);
    match error {
        CreateError::Exists(_) => failure.hint("replace it with --force, or choose another name with -w"),
        CreateError::SymbolicLink(_) => failure.hint("name the file that the link points to"),
        _ => failure.hint("choose another place with -w"),
    }
}

/// `HOST-UTC.flip` here, with a number behind it where that second has a file already.
fn create_default() -> Result<(File, PathBuf), Failure> {
    let host: String = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    let host = host.trim_start_matches(['.', '-']);
    let utc = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    for attempt in 1..100 {
        let name = match attempt {
            1 => format!("{host}-{utc}.flip"),
            more => format!("{host}-{utc}-{more}.flip"),
        };
        match create_file(&name, false) {
            Err(CreateError::Exists(_)) => {}
            other => {
                let file =
                    other.map_err(|error| Failure::error(&error).hint("choose another place with -w"))?;
                return Ok((file, name.into()));
            }
        }
    }
    Err(Failure::error("a hundred journals of this second exist already").hint("name one with -w"))
}

/// What the drain has done when it ends.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) output: Output,
    pub(crate) error: Option<WriteError>,
    /// Bytes of the largest batch.
    pub(crate) fullest: usize,
}

/// Takes everything that the collector gathers to the journal, until it is closed or the journal fails, and
/// seals it.
pub(crate) fn drain(
    mut drain: Drain,
    mut output: Output,
    clock: Clock,
    collector: &Collector,
    order: OrderArg,
) -> Drained {
    let by_source = order == OrderArg::PerWriter;
    let mut totals = Totals::default();
    let mut fullest = 0;
    let result = drain.run(|batch| {
        let (mono_ns, wall_ns) = clock.anchor();
        let holds = sums(batch);
        let lost = totals.lost_records + holds.lost_records;
        let records = u32::try_from(batch.count()).unwrap_or(u32::MAX);
        let meta = BlockMeta { epoch: batch.epoch(), records, lost, mono_ns, wall_ns, by_source };
        output.append(batch.slices(), meta)?;
        totals.records += batch.count();
        totals.payload_bytes += holds.payload_bytes;
        totals.aborted += holds.aborted;
        totals.lost_records = lost;
        fullest = fullest.max(batch.len());
        Ok(())
    });
    // Writers must not wait for a journal that is gone: dropping the reader refuses them.
    drop(drain);
    let total = collector.stats().total();
    // What the journal could not take is lost too, though no gap could be written for it.
    totals.lost_records = totals.lost_records.max(total.dropped.total() + total.abandoned);
    let (_, end_wall_ns) = clock.anchor();
    totals.end_wall_ns = end_wall_ns;
    let sealed = output.seal(totals);
    let error = result.err().or(sealed.err());
    Drained { output, error, fullest }
}

/// What a batch adds to the seal. It is counted here since a seal must say exactly what stands before it, and the
/// collector's sums may be a record ahead of its reader.
fn sums(batch: &Batch<'_>) -> Totals {
    let mut sums = Totals::default();
    for record in batch.records() {
        match record {
            Record::Data { body, .. } => sums.payload_bytes += (body.len() - PREFIX) as u64,
            Record::Gap { lost, .. } => sums.lost_records += lost.records,
            Record::Aborted { .. } => sums.aborted += 1,
            _ => {}
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::frame;

    #[test]
    fn what_is_too_much_for_a_block_is_a_block_for_each_slice() {
        let mut slices = [Vec::new(), Vec::new(), Vec::new()];
        for (seq, slice) in [0, 0, 1, 2, 2, 2].into_iter().enumerate() {
            frame::append(&mut slices[slice], 3, &frame::prefix(seq as u64, 9), b"payload");
        }
        let all: usize = slices.iter().map(Vec::len).sum();
        for (limit, blocks) in [(all, 1), (all - 1, 3)] {
            let mut writer = journal::Writer::create(Vec::new(), [1; 16], 0).unwrap();
            let meta = BlockMeta { epoch: 4, records: 6, ..BlockMeta::default() };
            append_within(limit, &mut writer, slices.iter().map(|slice| &slice[..]), meta).unwrap();
            let report = journal::verify(&writer.into_inner()[..]).unwrap();
            assert!(report.is_clean() && report.census.records == 6, "{report:?}");
            assert_eq!(report.blocks, blocks);
        }
    }
}
