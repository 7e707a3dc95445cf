//! Sequences, holes and what explains them.

use flipside_journal::{Report, SourceReport, read_back, verify};

use crate::build::{Item, RawBlock, data, file, sums};

fn report(blocks: &[&[Item]]) -> Report {
    let mut raw = vec![RawBlock::sources(&[(1, b"one"), (9, b"silent")])];
    raw.extend(blocks.iter().map(|items| RawBlock::records(items)));
    raw.push(RawBlock::seal(sums(&blocks.concat()), raw.len() as u64));
    let (bytes, _) = file(&raw);
    let report = verify(&bytes[..]).unwrap();
    assert!(report.damages.is_empty() && report.is_sealed(), "{report:?}");
    report
}

fn gap(source: u16, records: u64) -> Item {
    Item::Gap { source, records, bytes: records.saturating_mul(20) }
}

fn aborted(source: u16) -> Item {
    Item::Aborted { source, len: 24 }
}

/// Holes, missing, out of order of source 1.
fn judged(items: &[Item]) -> (u64, u64, u64) {
    let (whole, halves) = (report(&[items]), report(&[&items[..items.len() / 2], &items[items.len() / 2..]]));
    assert_eq!(whole.sources, halves.sources, "where a block ends makes no difference");
    let source: &SourceReport = &whole.sources[0];
    assert_eq!(source.id, 1);
    assert_eq!((whole.missing, whole.out_of_order), (source.missing, source.out_of_order));
    assert_eq!(whole.is_clean(), source.missing == 0 && source.out_of_order == 0);
    (source.holes, source.missing, source.out_of_order)
}

#[test]
fn holes_must_be_explained() {
    let d = |seq| data(1, seq, b"x");
    assert_eq!(judged(&[d(0), d(1), d(2)]), (0, 0, 0));
    assert_eq!(judged(&[d(7), d(8)]), (0, 0, 0), "a file may continue another");
    assert_eq!(judged(&[d(0), d(2), d(3), d(9)]), (2, 6, 0));
    assert_eq!(judged(&[d(0), gap(1, 3), d(4)]), (0, 0, 0));
    assert_eq!(judged(&[d(0), gap(1, 1), gap(1, 2), d(4)]), (0, 0, 0));
    assert_eq!(judged(&[d(0), gap(1, 3), d(5)]), (1, 1, 0), "more is missing than the gap says");
    assert_eq!(judged(&[d(0), gap(2, 3), d(4)]), (1, 3, 0), "the gap of another source");
    assert_eq!(judged(&[d(0), gap(1, 3), d(4), d(6)]), (1, 1, 0), "a gap explains one hole, not two");
    assert_eq!(judged(&[d(0), d(2), gap(1, 1), d(3)]), (0, 0, 0), "a gap that is told late");
    assert_eq!(judged(&[d(0), d(2), gap(1, 4), d(6)]), (0, 0, 0), "one late, three in time");
    assert_eq!(judged(&[d(0), d(3), gap(1, 1), d(4)]), (1, 1, 0), "late, and not all");
    assert_eq!(judged(&[d(0), aborted(1), d(2), aborted(1), d(3)]), (0, 0, 0), "with a number or without");
    assert_eq!(judged(&[d(0), aborted(1), d(3)]), (1, 1, 0));
    assert_eq!(judged(&[d(0), gap(1, u64::MAX), gap(1, 5), aborted(1), d(u64::MAX)]), (0, 0, 0));
}

#[test]
fn numbers_go_up() {
    let d = |seq| data(1, seq, b"x");
    assert_eq!(judged(&[d(0), d(1), d(1), d(2)]), (0, 0, 1));
    assert_eq!(judged(&[d(5), d(6), d(0), d(7)]), (0, 0, 1));
    assert_eq!(judged(&[d(u64::MAX), d(0)]), (0, 0, 1));
}

#[test]
fn the_sums_by_source() {
    let blocks: [&[Item]; 2] = [
        &[data(1, 0, b"abc"), data(2, 5, b""), gap(2, 4)],
        &[data(2, 10, b"12345"), aborted(1), data(1, 1, b"z")],
    ];
    let report = report(&blocks);
    assert_eq!((report.blocks, report.census.records, report.census.payload_bytes), (2, 4, 9));
    assert_eq!((report.census.gaps, report.census.lost_records, report.census.lost_bytes), (1, 4, 80));
    assert_eq!((report.census.aborted, report.totals.unwrap().blocks), (1, 3));
    let ids: Vec<_> = report.sources.iter().map(|source| (source.id, source.name.as_deref())).collect();
    assert_eq!(ids, [(1, Some("one")), (2, None), (9, Some("silent"))]);
    let two = &report.sources[1];
    assert_eq!((two.census.records, two.census.payload_bytes, two.census.lost_records), (2, 5, 4));
    assert_eq!((two.first_seq, two.last_seq), (Some(5), Some(10)));
    assert_eq!((report.sources[0].census.aborted, report.sources[0].census.records), (1, 2));
    assert_eq!((report.sources[2].census.records, report.sources[2].first_seq), (0, None));
}

#[test]
fn losses_of_the_whole_recording() {
    let mut block = RawBlock::records(&[]);
    block.lost = 12;
    let (bytes, _) = file(&[block, RawBlock::records(&[])]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.flip");
    std::fs::write(&path, &bytes).unwrap();
    let report = read_back(&path).unwrap();
    assert_eq!((report.lost_so_far, report.blocks), (12, 2));
    assert!(report.is_clean() && !report.is_sealed());
    assert_eq!(report.header.unwrap().created_wall_ns, 123);
    assert!(read_back(folder.path().join("none")).is_err());
}
