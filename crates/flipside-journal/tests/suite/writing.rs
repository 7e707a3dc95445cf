//! Outputs that take little, are interrupted, lie, or are full.

use std::cell::Cell;
use std::io::{self, IoSlice, Write};

use flipside_journal::{BlockMeta, Cut, End, Fault, MAX_BODY, Reader, Totals, WriteError, Writer, verify};

use crate::build::{ID, Random, data, image};

fn meta(records: u32) -> BlockMeta {
    BlockMeta { records, ..BlockMeta::default() }
}

fn one_record(seq: u64) -> Vec<u8> {
    image(&[data(1, seq, &[seq as u8; 101])])
}

fn write_some<W: Write>(writer: &mut Writer<W>) -> Result<(), WriteError> {
    writer.sources(&[(1, "one")])?;
    for seq in 0..5 {
        writer.append(&one_record(seq), meta(1))?;
    }
    writer.append(&[], meta(0))?;
    writer.seal(totals(5))
}

fn totals(records: u64) -> Totals {
    Totals { records, payload_bytes: 101 * records, lost_records: 5 - records, ..Totals::default() }
}

/// Takes between one byte and a few, and is interrupted now and then.
struct Dribble(Vec<u8>, Random);

impl Write for Dribble {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.1.below(3) == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = (1 + self.1.below(90)).min(all.len());
        self.0.extend(&all[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn short_and_interrupted_writes_change_nothing() {
    let mut plain = Writer::create(Vec::new(), ID, 1).unwrap();
    write_some(&mut plain).unwrap();
    let plain = plain.into_inner();
    for seed in 0..200 {
        let mut writer = Writer::create(Dribble(Vec::new(), Random::new("short", seed)), ID, 1).unwrap();
        write_some(&mut writer).unwrap();
        assert_eq!(writer.into_inner().0, plain);
    }
}

/// Cuts an image at random places.
fn pieces<'a>(mut image: &'a [u8], random: &mut Random, count: usize) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for _ in 1..count {
        let (piece, rest) = image.split_at(random.below(1 + 2 * image.len() / count).min(image.len()));
        pieces.push(piece);
        image = rest;
    }
    pieces.push(image);
    pieces
}

#[test]
fn an_image_in_pieces_is_the_same_block() {
    let image = image(&(0..300).map(|seq| data(1, seq, &[7; 50])).collect::<Vec<_>>());
    let plain = |image: &[u8]| {
        let mut writer = Writer::create(Vec::new(), ID, 1).unwrap();
        writer.append(image, meta(300)).unwrap();
        writer.append(&one_record(300), meta(1)).unwrap();
        writer.into_inner()
    };
    let plain = plain(&image);
    for seed in 0..60 {
        let mut random = Random::new("pieces", seed);
        let count = [1, 2, 3, 10, 200, 5000][seed as usize % 6];
        let pieces = pieces(&image, &mut random, count);
        let mut writer = Writer::create(Dribble(Vec::new(), random), ID, 1).unwrap();
        writer.append_slices(pieces, meta(300)).unwrap();
        writer.append_slices([&one_record(300)[..], &[], &[]], meta(1)).unwrap();
        assert_eq!(writer.into_inner().0, plain, "seed {seed}");
    }
    assert!(verify(&plain[..]).unwrap().is_clean());
}

/// More pieces than a system takes in one call, into a real file.
#[test]
fn a_file_takes_thousands_of_pieces() {
    let image = image(&(0..3000).map(|seq| data(1, seq, b"x")).collect::<Vec<_>>());
    let mut writer = Writer::create(tempfile::tempfile().unwrap(), ID, 1).unwrap();
    writer.append_slices(image.chunks(8), meta(3000)).unwrap();
    assert!(image.len() / 8 > 4096);
    let mut file = writer.into_inner();
    io::Seek::rewind(&mut file).unwrap();
    let report = verify(file).unwrap();
    assert!(report.is_clean() && report.census.records == 3000, "{report:?}");
}

/// Counts calls.
#[derive(Default)]
struct Calls {
    plain: Cell<usize>,
    vectored: Cell<usize>,
    flushes: Cell<usize>,
}

impl Write for &Calls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.plain.set(self.plain.get() + 1);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.vectored.set(self.vectored.get() + 1);
        Ok(slices.iter().map(|slice| slice.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes.set(self.flushes.get() + 1);
        Ok(())
    }
}

#[test]
fn an_image_is_one_vectored_write() {
    let calls = Calls::default();
    let mut writer = Writer::create(&calls, ID, 1).unwrap();
    assert_eq!((calls.plain.get(), calls.vectored.get()), (1, 0));
    for number in 1..=10 {
        writer.append(&one_record(0), meta(1)).unwrap();
        assert_eq!((calls.plain.get(), calls.vectored.get()), (1, number));
    }
    assert_eq!(calls.flushes.get(), 0);
    let (one, two) = (one_record(0), one_record(1));
    writer.append_slices([&one[..], &[], &two[..]], meta(2)).unwrap();
    assert_eq!((calls.plain.get(), calls.vectored.get()), (1, 11));
    writer.seal(Totals::default()).unwrap();
    assert_eq!((calls.plain.get(), calls.vectored.get(), calls.flushes.get()), (1, 12, 1));
}

/// Answers every write with the same number, whatever it is offered.
struct Liar(usize);

impl Write for Liar {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Ok(self.0)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn outputs_that_take_nothing_or_too_much_are_errors() {
    assert_eq!(Writer::create(Liar(0), ID, 1).unwrap_err().kind(), io::ErrorKind::WriteZero);
    assert_eq!(Writer::create(Liar(usize::MAX), ID, 1).unwrap_err().kind(), io::ErrorKind::Other);
    let mut writer = Writer::create(Liar(64), ID, 1).unwrap();
    let error = writer.append(&[0; 8], meta(0)).unwrap_err();
    assert_eq!(error.io_kind(), Some(io::ErrorKind::Other));
}

/// A disk with so much room. `stuck`: it cannot be cut.
struct Disk {
    data: Vec<u8>,
    room: usize,
    stuck: bool,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let free = self.room - self.data.len();
        if free == 0 {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no room"));
        }
        let taken = free.min(bytes.len());
        self.data.extend(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Cut for Disk {
    fn cut(&mut self, len: u64) -> io::Result<()> {
        if self.stuck {
            return Err(io::Error::other("cannot be cut"));
        }
        self.data.truncate(len as usize);
        Ok(())
    }
}

/// Every size of disk from a bare header to all that is needed.
#[test]
fn a_full_disk_leaves_a_clean_journal() {
    let needed = 64 + 72 + 5 * (64 + 128) + 64 + 112;
    let (mut sealed, mut unsealed) = (0, 0);
    for room in 64..=needed {
        let mut writer = Writer::create(Disk { data: Vec::new(), room, stuck: false }, ID, 1).unwrap();
        let first = write_some(&mut writer);
        assert_eq!(first.is_ok(), room == needed, "room {room}");
        let good = writer.good_len();
        if let Err(first) = first {
            assert!(matches!(first, WriteError::Io { good_len, .. } if good_len == good), "{first}");
            assert_eq!(first.io_kind(), Some(io::ErrorKind::StorageFull));
            // Poisoned: nothing more is written, and the first error is named.
            let again = writer.append(&one_record(9), meta(1)).unwrap_err();
            assert!(matches!(again, WriteError::Poisoned { good_len, .. } if good_len == good));
            assert!(again.to_string().contains("no room"), "{again}");
            assert!(matches!(writer.sources(&[(3, "x")]), Err(WriteError::Poisoned { .. })));
            assert!(matches!(writer.seal(Totals::default()), Err(WriteError::Poisoned { .. })));
            assert_eq!(again.io_kind(), Some(io::ErrorKind::StorageFull));
        } else {
            assert!(matches!(writer.append(&[], meta(0)), Err(WriteError::Sealed)));
            continue;
        }
        let records = good.saturating_sub(64 + 72).div_euclid(64 + 128).min(5);
        let repaired = writer.cut_and_seal(totals(records)).is_ok();
        assert_eq!(repaired, room as u64 >= good + 112, "room {room}");
        assert_eq!(repaired, writer.is_sealed());
        let data = writer.into_inner().data;
        assert_eq!(data.len() as u64, if repaired { good + 112 } else { good });
        let report = verify(&data[..]).unwrap();
        assert!(report.is_clean(), "room {room}: {report:?}");
        assert_eq!(report.census.records, records);
        assert_eq!(report.is_sealed(), repaired);
        *(if repaired { &mut sealed } else { &mut unsealed }) += 1;
    }
    assert!(sealed > 100 && unsealed > 100, "{sealed} sealed, {unsealed} not");
}

#[test]
fn an_output_that_cannot_be_cut_stays_poisoned() {
    let mut writer = Writer::create(Disk { data: Vec::new(), room: 100, stuck: true }, ID, 1).unwrap();
    writer.append(&one_record(0), meta(1)).unwrap_err();
    let error = writer.cut_and_seal(Totals::default()).unwrap_err();
    assert!(error.to_string().contains("cannot be cut"), "{error}");
    assert!(matches!(writer.append(&[], meta(0)), Err(WriteError::Poisoned { .. })));
    assert_eq!(writer.good_len(), 64);
    assert_eq!(writer.get_ref().data.len(), 100);
}

#[test]
fn cut_and_seal_without_an_error_is_seal() {
    let mut writer = Writer::create(Disk { data: Vec::new(), room: 999, stuck: true }, ID, 1).unwrap();
    writer.append(&one_record(0), meta(1)).unwrap();
    writer.cut_and_seal(totals(1)).unwrap();
    assert!(matches!(writer.cut_and_seal(totals(1)), Err(WriteError::Sealed)));
    assert!(verify(&writer.into_inner().data[..]).unwrap().is_sealed());
}

#[test]
fn what_no_reader_would_accept_is_not_written() {
    let mut writer = Writer::create(Vec::new(), ID, 1).unwrap();
    assert!(matches!(writer.append(&[0; 9], meta(0)), Err(WriteError::ImageLength { len: 9 })));
    let long = "x".repeat(256);
    for (entries, fault) in [
        (&[(u16::MAX, "a")][..], Fault::SourceId),
        (&[(1, "")], Fault::SourceName { id: 1, len: 0 }),
        (&[(1, &long)], Fault::SourceName { id: 1, len: 256 }),
        (&[(1, "a"), (1, "b")], Fault::SourceRenamed { id: 1 }),
    ] {
        let found = writer.sources(entries).unwrap_err();
        assert!(matches!(&found, WriteError::Sources(what) if *what == fault), "{found}");
    }
    assert_eq!(writer.good_len(), 64);
    // None of them has poisoned the writer, and a repeated name costs nothing.
    writer.sources(&[(1, &long[..255]), (1, &long[..255]), (65_534, "z")]).unwrap();
    let len = writer.good_len();
    writer.sources(&[(65_534, "z")]).unwrap();
    writer.sources(&[]).unwrap();
    assert_eq!(writer.good_len(), len);
    assert!(matches!(writer.sources(&[(1, "y")]), Err(WriteError::Sources(_))));
    writer.seal(Totals::default()).unwrap();
    let bytes = writer.into_inner();
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert!(reader.next_block().unwrap().is_none());
    assert!(matches!(reader.end(), Some(End::Sealed(_))));
    assert_eq!((reader.sources().len(), reader.sources().name(65_534)), (2, Some("z")));
}

#[test]
fn the_largest_table_of_sources() {
    let names: Vec<String> = (0..65_535).map(|id| format!("{id:0>255}")).collect();
    let entries: Vec<(u16, &str)> =
        names.iter().enumerate().map(|(id, name)| (id as u16, &name[..])).collect();
    let mut writer = Writer::create(Vec::new(), ID, 1).unwrap();
    writer.sources(&entries).unwrap();
    let bytes = writer.into_inner();
    let report = verify(&bytes[..]).unwrap();
    assert!(report.is_clean());
    assert_eq!(report.sources.len(), 65_535);
    assert_eq!(report.sources[9].name.as_deref(), Some(&names[9][..]));
}

#[test]
fn an_image_above_the_limit_is_refused() {
    // Zeroed pages that are never touched: the length is refused before anything is read.
    let image = vec![0; MAX_BODY + 8];
    let mut writer = Writer::create(io::sink(), ID, 1).unwrap();
    let error = writer.append(&image, meta(0)).unwrap_err();
    assert!(matches!(error, WriteError::ImageTooLong { len } if len == MAX_BODY + 8));
    let halves = image.split_at(MAX_BODY / 2);
    let error = writer.append_slices([halves.0, halves.1], meta(0)).unwrap_err();
    assert!(matches!(error, WriteError::ImageTooLong { len } if len == MAX_BODY + 8));
    let error = writer.append_slices([&image[..8], &image[..1]], meta(0)).unwrap_err();
    assert!(matches!(error, WriteError::ImageLength { len: 9 }));
    assert_eq!(writer.good_len(), 64);
}
