//! The table `journal`: images to a file, against `write` of the same bytes to the same file system.
//!
//! `limit/write` is the bare system call. The journal also computes a checksum over every byte, so what it adds
//! itself shows against `limit/write-crc`: the same plain loop with the same checksum. Nobody syncs: what is
//! measured is the way into the page cache. The file lies in the directory for temporary files (`TMPDIR`).

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use flipside_journal::{BlockMeta, End, Reader, Totals, Writer};

use crate::harness::{Plan, interleave};
use crate::report::{Better, Head, Line, Report, table};

/// One flip's worth.
const IMAGE: usize = 1 << 20;
/// Bytes of a payload; a frame has 24 more.
const PAYLOAD: usize = 232;
const RECORDS: usize = IMAGE / (PAYLOAD + 24);
/// More would fill disks and measure their write-back.
const MOST_IMAGES: usize = 256;
/// There are few rounds, so even the quick ones can be long.
const ROUND: Duration = Duration::from_millis(150);
/// As many are read back before anything is timed; a round has no fewer.
const CHECKED: usize = 32;
const FILE_ID: [u8; 16] = *b"flipside's bench";

/// Writes so many images to the file, and says how long that took.
type Append = fn(&[u8], File, usize) -> Result<Duration, String>;
const CONTENDERS: [(&str, Append); 3] =
    [("flipside/journal", journal), ("limit/write", write), ("limit/write-crc", write_crc)];

fn journal(image: &[u8], file: File, images: usize) -> Result<Duration, String> {
    let start = Instant::now();
    let mut writer = Writer::create(file, FILE_ID, 0).map_err(|error| error.to_string())?;
    for epoch in 0..images {
        let meta = BlockMeta { epoch: epoch as u64, records: RECORDS as u32, ..BlockMeta::default() };
        writer.append(image, meta).map_err(|error| error.to_string())?;
    }
    let totals = Totals {
        records: (RECORDS * images) as u64,
        payload_bytes: (RECORDS * PAYLOAD * images) as u64,
        ..Totals::default()
    };
    writer.seal(totals).map_err(|error| error.to_string())?;
    Ok(start.elapsed())
}

fn write(image: &[u8], mut file: File, images: usize) -> Result<Duration, String> {
    let start = Instant::now();
    for _ in 0..images {
        file.write_all(image).map_err(|error| error.to_string())?;
    }
    Ok(start.elapsed())
}

fn write_crc(image: &[u8], mut file: File, images: usize) -> Result<Duration, String> {
    let start = Instant::now();
    for _ in 0..images {
        // Each time anew, as the journal must.
        black_box(crc32fast::hash(black_box(image)));
        file.write_all(image).map_err(|error| error.to_string())?;
    }
    Ok(start.elapsed())
}

/// A side full of records, as the journal's format has them.
fn image() -> Vec<u8> {
    let mut image = Vec::with_capacity(IMAGE);
    for record in 0..RECORDS as u64 {
        image.extend_from_slice(&(PAYLOAD as u32 + 16).to_le_bytes());
        image.extend_from_slice(&[1, 0, 0, 0]);
        image.extend_from_slice(&record.to_le_bytes());
        image.extend_from_slice(&(1_000 * record).to_le_bytes());
        image.extend((0..PAYLOAD as u64).map(|at| (record * 31 + at * 7) as u8));
    }
    image
}

/// Every image arrived whole.
fn check(contender: &str, image: &[u8], path: &Path, images: usize) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    if contender != "flipside/journal" {
        let mut there = Vec::new();
        file.read_to_end(&mut there).map_err(|error| error.to_string())?;
        let whole = there.len() == IMAGE * images && there.chunks(IMAGE).all(|chunk| chunk == image);
        return whole.then_some(()).ok_or("the file differs".into());
    }
    let mut reader = Reader::new(file).map_err(|error| error.to_string())?;
    let mut bytes = 0;
    while let Some(block) = reader.next_block().map_err(|error| error.to_string())? {
        bytes += block.records().count() * (PAYLOAD + 24);
    }
    match reader.end() {
        Some(End::Sealed(_)) if bytes == IMAGE * images => Ok(()),
        end => Err(format!("{bytes} bytes of records, then {end:?}")),
    }
}

/// Runs the whole table.
pub(crate) fn run(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("bench.flip");
    let image = image();
    // A new file each time, for an old one's pages are already there. Its removal is nobody's cost.
    let append = |(name, append): (&str, Append), images: usize| {
        let file = File::create_new(&path).map_err(|error| error.to_string())?;
        append(&image, file, images).map_err(|error| format!("{name}: {error}"))
    };
    let remove = || fs::remove_file(&path).map_err(|error| error.to_string());
    // The system's first pages for the cache are slow to come by; freed again, they are there for all.
    append(CONTENDERS[1], MOST_IMAGES)?;
    remove()?;
    let mut images = MOST_IMAGES;
    for contender in CONTENDERS {
        append(contender, CHECKED)?;
        check(contender.0, &image, &path, CHECKED).map_err(|error| format!("{}: {error}", contender.0))?;
        remove()?;
        let took = append(contender, CHECKED)?;
        remove()?;
        // All write the same amount: the most that nobody takes longer for than a round is meant to take.
        let round = ROUND.as_secs_f64() / took.as_secs_f64() * CHECKED as f64;
        images = images.min(round as usize).max(CHECKED);
    }
    let mut failed = Ok(());
    let samples = interleave(CONTENDERS.len(), plan.rounds, |index| {
        let took = append(CONTENDERS[index], images).and_then(|took| remove().map(|()| took));
        let took = took.map_err(|error| failed = Err(error)).ok()?;
        Some((images * IMAGE) as f64 / 1e9 / took.as_secs_f64())
    });
    failed?;
    let head = Head { table: "journal", workload: "append", threads: 1, unit: "GB/s", better: Better::More };
    let mut lines = Vec::new();
    for ((contender, _), samples) in CONTENDERS.into_iter().zip(samples) {
        lines.push(Line {
            contender,
            samples: samples.ok_or_else(|| format!("{contender} failed"))?,
            remark: String::new(),
        });
    }
    let title = format!("append, {images} MiB to {}", folder.path().display());
    print!("{}", table(&title, head, "", &lines));
    for line in lines {
        report.add(head, line.contender, line.samples);
    }
    Ok(())
}
