//! Blocks whose checksums are right and whose contents lie.

use flipside_journal::{End, Fault, Feature, FrameFault, ReadError, Reader, verify};

use crate::build::{Item, RawBlock, data, file, image, sums};

/// What a reader says to a file in which `block` stands between two good ones.
fn fault(block: RawBlock) -> Fault {
    let good = |seq| RawBlock::records(&[data(1, seq, b"x")]);
    let (bytes, offsets) = file(&[good(0), block, good(1)]);
    let report = verify(&bytes[..]).unwrap();
    assert_eq!(report.damages.len(), 1, "{report:?}");
    assert_eq!(report.damages[0].offset, offsets[1] as u64);
    assert_eq!(report.damages[0].len, (offsets[2] - offsets[1]) as u64, "{report:?}");
    assert_eq!(report.census.records, 2, "the block is not used, its neighbours are");
    report.damages[0].what.clone()
}

fn with_len(len: u32) -> RawBlock {
    RawBlock { claimed_len: Some(len), ..RawBlock::records(&[data(1, 9, b"x")]) }
}

#[test]
fn impossible_lengths_of_blocks() {
    for len in [u32::MAX, u32::MAX - 7, (1 << 30) + 8, 7, 33] {
        assert_eq!(fault(with_len(len)), Fault::BodyLength(len));
    }
}

#[test]
fn a_great_length_that_is_allowed_is_a_torn_tail() {
    for len in [1 << 30, 1 << 20] {
        let (bytes, offsets) = file(&[with_len(len)]);
        let mut reader = Reader::new(&bytes[..]).unwrap();
        let error = reader.next_block().unwrap_err();
        let ReadError::TornTail { offset, have, want } = error else { panic!("{error}") };
        assert_eq!(offset, offsets[0] as u64);
        assert_eq!((have, want), (bytes.len() as u64 - offset, 64 + u64::from(len)));
        // The same again, and after giving up on it the end.
        assert!(matches!(reader.next_block(), Err(ReadError::TornTail { .. })));
        assert_eq!(reader.resync().unwrap().len, have);
        assert!(reader.next_block().unwrap().is_none());
        assert_eq!(reader.end(), Some(End::Unsealed));
    }
}

#[test]
fn frames_that_lie() {
    let frame = |len: u32, kind: u8, body: usize| {
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.extend([kind, 0, 1, 0]);
        bytes.resize(8 + body, 0);
        bytes
    };
    for (body, what) in [
        (frame(u32::MAX, 1, 24), FrameFault::Overrun { span: 1 << 32, left: 24 }),
        (frame(u32::MAX, 4, 24), FrameFault::Overrun { span: 1 << 32, left: 24 }),
        (frame(25, 1, 24), FrameFault::Overrun { span: 32, left: 24 }),
        (frame(15, 1, 16), FrameFault::BodyLength { kind: 1, len: 15 }),
        (frame(0, 1, 0), FrameFault::BodyLength { kind: 1, len: 0 }),
        (frame(15, 2, 16), FrameFault::BodyLength { kind: 2, len: 15 }),
        (frame(17, 2, 24), FrameFault::BodyLength { kind: 2, len: 17 }),
        (frame(16, 0, 16), FrameFault::Kind(0)),
        (frame(16, 5, 16), FrameFault::Kind(5)),
        (frame(0, 255, 0), FrameFault::Kind(255)),
    ] {
        // Behind a good frame, so that the offset is seen to count.
        let body = [image(&[data(1, 9, b"12345678")]), body].concat();
        let Fault::Frame(found) = fault(RawBlock::new(1, 2, body)) else { panic!("{what:?}") };
        assert_eq!((found.at, found.what), (32, what));
    }
    let short = flipside_journal::census(&[0; 4]).unwrap_err();
    assert_eq!(short.what, FrameFault::ShortHeader { left: 4 });
    // The body is there, its padding is not.
    let unpadded = flipside_journal::census(&frame(25, 4, 25)).unwrap_err();
    assert_eq!(unpadded.what, FrameFault::Overrun { span: 32, left: 25 });
}

#[test]
fn the_number_of_records_must_be_right() {
    for count in [0, 2, u32::MAX] {
        let block = RawBlock { count, ..RawBlock::records(&[data(1, 9, b"x")]) };
        assert_eq!(fault(block), Fault::RecordCount { header: count, body: 1 });
    }
    // Gaps, aborted claims and padding are not records.
    let quiet = [Item::Gap { source: 1, records: 1, bytes: 17 }, Item::Aborted { source: 1, len: 3 }];
    assert_eq!(fault(RawBlock::new(1, 2, image(&quiet))), Fault::RecordCount { header: 2, body: 0 });
}

#[test]
fn tables_that_lie() {
    let long = [b'x'; 256];
    assert_eq!(fault(RawBlock::sources(&[(u16::MAX, b"a")])), Fault::SourceId);
    assert_eq!(fault(RawBlock::sources(&[(3, b"")])), Fault::SourceName { id: 3, len: 0 });
    assert_eq!(fault(RawBlock::sources(&[(3, &long)])), Fault::SourceName { id: 3, len: 256 });
    assert_eq!(fault(RawBlock::sources(&[(3, b"\xff\xfe")])), Fault::SourceNameUtf8 { id: 3 });
    assert_eq!(fault(RawBlock::sources(&[(3, b"a"), (3, b"b")])), Fault::SourceRenamed { id: 3 });
    for count in [0, 9, u32::MAX] {
        let table = RawBlock { count, ..RawBlock::sources(&[(3, b"abcd")]) };
        assert_eq!(fault(table), Fault::SourcesTable, "count {count}");
    }
    // Zeros behind the last entry are padding only because the count says so.
    let table = RawBlock { count: 2, ..RawBlock::sources(&[(3, b"abcdef")]) };
    assert_eq!(fault(table), Fault::SourceName { id: 0, len: 0 });
    let mut padded = RawBlock::sources(&[(3, b"abcd")]);
    padded.body.extend([0; 8]);
    assert_eq!(fault(padded), Fault::SourcesTable);
    let mut dirty = RawBlock::sources(&[(3, b"abc")]);
    dirty.body[7] = 1;
    assert_eq!(fault(dirty), Fault::SourcesTable);
}

#[test]
fn a_faulty_table_changes_no_name() {
    let tables = [
        RawBlock::sources(&[(1, b"one")]),
        RawBlock::sources(&[(2, b"two"), (1, b"other")]),
        RawBlock::sources(&[(3, b"three"), (1, b"one")]),
    ];
    let (bytes, _) = file(&tables);
    let report = verify(&bytes[..]).unwrap();
    assert_eq!(report.damages[0].what, Fault::SourceRenamed { id: 1 });
    let names: Vec<_> = report.sources.iter().map(|source| (source.id, source.name.as_deref())).collect();
    assert_eq!(names, [(1, Some("one")), (3, Some("three"))]);
}

#[test]
fn a_seal_that_disagrees_is_damage() {
    let items = [
        data(1, 0, b"abc"),
        Item::Gap { source: 1, records: 3, bytes: 60 },
        Item::Aborted { source: 1, len: 8 },
    ];
    let right = sums(&items);
    assert_eq!(right, [1, 3, 3, 1]);
    let told = |sums: [u64; 4], blocks| {
        let (bytes, offsets) = file(&[RawBlock::records(&items), RawBlock::seal(sums, blocks)]);
        let report = verify(&bytes[..]).unwrap();
        assert_eq!(report.damages.is_empty(), report.is_sealed());
        if let Some(damage) = report.damages.first() {
            assert!(matches!(damage.what, Fault::Totals { .. }) && damage.offset == offsets[1] as u64);
        }
        report.is_sealed()
    };
    assert!(told(right, 1));
    assert!(told([1, 3, 4, 1], 1), "a loss without a gap");
    for wrong in
        [[0, 3, 3, 1], [2, 3, 3, 1], [1, 2, 3, 1], [1, 4, 3, 1], [1, 3, 2, 1], [1, 3, 3, 0], [1, 3, 3, 2]]
    {
        assert!(!told(wrong, 1), "{wrong:?}");
    }
    assert!(!told(right, 0) && !told(right, 2));
    let mut short = RawBlock::seal(right, 1);
    short.body.truncate(40);
    assert_eq!(fault(short), Fault::SealLength(40));
}

#[test]
fn unknown_kinds_and_flags() {
    for kind in [0, 4, 5, 127] {
        assert_eq!(fault(RawBlock::new(kind, 0, vec![1; 16])), Fault::Unsupported(Feature::Kind(kind)));
    }
    for flags in [1, 8, 15] {
        let block = RawBlock { flags, ..RawBlock::records(&[data(1, 9, b"x")]) };
        assert_eq!(fault(block), Fault::Unsupported(Feature::Block(flags)));
    }
    // What may be skipped is skipped, and counts as a block; what may be ignored is ignored.
    let ignored = RawBlock { flags: 0xf0, ..RawBlock::records(&[data(1, 0, b"x")]) };
    let skipped = [128, 255].map(|kind| RawBlock::new(kind, 7, vec![1; 16]));
    let seal = RawBlock::seal([1, 1, 0, 0], 3);
    let (bytes, _) = file(&[skipped[0].clone(), ignored, skipped[1].clone(), seal]);
    let report = verify(&bytes[..]).unwrap();
    assert!(report.is_clean() && report.is_sealed() && report.census.records == 1, "{report:?}");
}

#[test]
fn an_unknown_block_is_an_error_with_its_offset() {
    let (bytes, offsets) = file(&[RawBlock::new(9, 0, vec![])]);
    let mut reader = Reader::new(&bytes[..]).unwrap();
    let error = reader.next_block().unwrap_err();
    assert!(
        matches!(error, ReadError::Features { offset, what: Feature::Kind(9) } if offset == offsets[0] as u64)
    );
    assert!(error.to_string().contains("kind 9"));
}

#[test]
fn more_damages_than_a_report_lists_are_counted() {
    let (bytes, _) = file(&vec![RawBlock::new(9, 0, vec![]); 4_100]);
    let report = verify(&bytes[..]).unwrap();
    assert_eq!((report.damages.len(), report.more_damages), (4_096, 4));
}
