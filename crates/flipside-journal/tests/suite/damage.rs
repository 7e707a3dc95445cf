//! Damage, told apart from other ends.

use flipside_journal::{BlockMeta, Fault, Feature, ReadError, Reader, Record, Writer, verify};
use proptest::prelude::*;

use crate::build::{Dribble, ID, Random, RawBlock, data, file, file_header, image, sums};

/// Sources, three blocks of two records each, seal.
fn three() -> (Vec<u8>, Vec<usize>) {
    let blocks = [0, 2, 4].map(|seq| vec![data(1, seq, &[seq as u8; 30]), data(1, seq + 1, b"odd")]);
    let mut raw = vec![RawBlock::sources(&[(1, b"one")])];
    raw.extend(blocks.iter().map(|items| RawBlock::records(items)));
    raw.push(RawBlock::seal(sums(&blocks.concat()), 4));
    file(&raw)
}

fn new_error(bytes: &[u8]) -> ReadError {
    Reader::new(bytes).map(|_| ()).unwrap_err()
}

fn first_error(bytes: &[u8]) -> ReadError {
    let mut reader = Reader::new(bytes).unwrap();
    loop {
        match reader.next_block() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("no error"),
            Err(error) => return error,
        }
    }
}

#[test]
fn what_is_no_journal() {
    assert!(matches!(new_error(b""), ReadError::Empty));
    for text in
        [&b"h"[..], b"hello", b"plain text, rather long, of more than sixty-four bytes, no journal at all\n"]
    {
        let error = new_error(text);
        assert!(matches!(&error, ReadError::NotAJournal { first } if text.starts_with(first)), "{error}");
        assert!(error.to_string().contains(&String::from_utf8_lossy(&text[..1])[..]));
    }
    // Escaped, lest a terminal obeys it.
    assert!(!new_error(b"\x1b[2J").to_string().contains('\x1b'));
}

#[test]
fn a_header_cut_short_is_a_torn_tail() {
    let (bytes, _) = three();
    for len in 1..64 {
        let error = new_error(&bytes[..len]);
        assert!(
            matches!(error, ReadError::TornTail { offset: 0, have, want: 64 } if have == len as u64),
            "{error}"
        );
    }
}

#[test]
fn an_almost_right_magic_is_damage() {
    let (bytes, _) = three();
    for (wrong, journal) in [(0b1, true), (0b1111, true), (0b1_1111, false)] {
        let mut bytes = bytes.clone();
        bytes[2] ^= wrong;
        match Reader::new(&bytes[..]) {
            Ok(mut reader) => {
                assert!(journal);
                let error = reader.next_block().unwrap_err();
                assert!(matches!(error, ReadError::Damaged { offset: 0, what: Fault::FileMagic }));
                assert!(reader.header().is_none());
            }
            Err(error) => assert!(!journal && matches!(error, ReadError::NotAJournal { .. })),
        }
    }
}

#[test]
fn text_mode_is_named() {
    let (bytes, _) = three();
    let unix: Vec<u8> = [&bytes[..5], &bytes[6..]].concat();
    let dos: Vec<u8> = [&bytes[..6], b"\r", &bytes[6..]].concat();
    for bytes in [unix, dos] {
        let error = first_error(&bytes);
        assert!(matches!(error, ReadError::Damaged { offset: 0, what: Fault::TextMode }), "{error}");
    }
}

#[test]
fn other_versions_and_features_are_refused() {
    assert!(matches!(new_error(&file_header(2, 64, 0)), ReadError::Version { found: 2 }));
    let error = new_error(&file_header(1, 64, 1 << 31));
    assert!(matches!(error, ReadError::Features { offset: 0, what: Feature::Header(0x8000_0000) }));
    assert!(error.to_string().contains("0x80000000"));
    let error = first_error(&file_header(1, 72, 0));
    assert!(matches!(error, ReadError::Damaged { offset: 0, what: Fault::FileHeaderLength(72) }));
    // A wrong bit in the version is damage and not the future.
    let mut bytes = file_header(1, 64, 0);
    bytes[8] ^= 2;
    assert!(matches!(first_error(&bytes), ReadError::Damaged { offset: 0, what: Fault::FileHeader }));
}

/// The id is what every checksum starts from; one wrong bit in it is put right, more of them are not.
#[test]
fn a_damaged_file_header() {
    let (bytes, _) = three();
    for (at, wrong, readable) in [(20, 4, true), (20, 5, false), (45, 0xff, true), (33, 0x77, true)] {
        let mut bytes = bytes.clone();
        bytes[at] ^= wrong;
        let report = verify(&bytes[..]).unwrap();
        assert_eq!(report.census.records, if readable { 6 } else { 0 });
        assert_eq!(report.is_sealed(), readable);
        assert_eq!(report.damages.len(), 1);
        assert_eq!((report.damages[0].offset, report.good_len), (0, 0));
        assert_eq!(report.damages[0].len, if readable { 64 } else { bytes.len() as u64 });
    }
}

#[test]
fn damage_in_the_middle_and_a_torn_tail_are_different() {
    let (bytes, offsets) = three();
    let mut middle = bytes.clone();
    middle[offsets[2] + 70] ^= 0x10;
    let report = verify(&middle[..]).unwrap();
    assert_eq!(report.damages.len(), 1);
    assert_eq!(report.damages[0].offset, offsets[2] as u64);
    assert_eq!(report.damages[0].len, (offsets[3] - offsets[2]) as u64);
    assert_eq!(report.damages[0].what, Fault::Body);
    assert_eq!((report.torn_tail, report.is_sealed(), report.missing), (None, true, 2));
    assert_eq!((report.census.records, report.good_len), (4, offsets[2] as u64));

    let torn = verify(&bytes[..offsets[3] + 65]).unwrap();
    assert!(torn.damages.is_empty() && !torn.is_sealed() && !torn.is_clean());
    let tail = torn.torn_tail.unwrap();
    assert_eq!((tail.offset, tail.have), (offsets[3] as u64, 65));
    assert_eq!(tail.want, (offsets[4] - offsets[3]) as u64);
    assert_eq!((torn.good_len, torn.file_len), (offsets[3] as u64, offsets[3] as u64 + 65));

    let both = verify(&middle[..offsets[3] + 65]).unwrap();
    assert!(both.torn_tail.is_some() && both.damages.len() == 1);
}

#[test]
fn a_moved_block_is_damage() {
    let (bytes, offsets) = three();
    let (a, b, c) = (offsets[1], offsets[2], offsets[3]);
    assert_eq!(b - a, c - b);
    let swapped = [&bytes[..a], &bytes[b..c], &bytes[a..b], &bytes[c..]].concat();
    let report = verify(&swapped[..]).unwrap();
    assert_eq!(report.census.records, 2);
    // One range, as nothing verifies in between.
    assert_eq!(report.damages.len(), 1);
    assert_eq!(report.damages[0].what, Fault::BlockHeader);
    assert_eq!((report.damages[0].offset, report.damages[0].len), (a as u64, (c - a) as u64));

    let doubled = [&bytes[..c], &bytes[b..]].concat();
    assert_eq!(verify(&doubled[..]).unwrap().census.records, 4);
    let removed = [&bytes[..a], &bytes[b..]].concat();
    assert_eq!(verify(&removed[..]).unwrap().census.records, 0);
}

#[test]
fn a_block_of_another_file_is_damage() {
    let (bytes, offsets) = three();
    let mut other = Writer::create(Vec::new(), *b"another sixteen.", 0).unwrap();
    other.sources(&[(1, "one")]).unwrap();
    let items = [data(1, 0, &[9; 30]), data(1, 1, b"odd")];
    other.append(&image(&items), BlockMeta { records: 2, ..BlockMeta::default() }).unwrap();
    assert_ne!(*b"another sixteen.", ID);
    let other = other.into_inner();
    let mixed = [&bytes[..offsets[1]], &other[offsets[1]..offsets[2]], &bytes[offsets[2]..]].concat();
    let report = verify(&mixed[..]).unwrap();
    assert_eq!((report.census.records, report.damages.len()), (4, 1));
}

#[test]
fn nothing_may_follow_the_seal() {
    let (mut bytes, _) = three();
    let end = bytes.len() as u64;
    bytes.extend(b"more");
    assert!(matches!(first_error(&bytes), ReadError::TrailingData { offset } if offset == end));
    let report = verify(&bytes[..]).unwrap();
    assert_eq!((report.damages[0].offset, report.damages[0].len), (end, 4));
    assert_eq!(report.damages[0].what, Fault::Trailing);
    assert!(report.is_sealed() && !report.is_clean());
    assert_eq!((report.good_len, report.file_len), (end, end + 4));
}

#[test]
fn errors_stay_until_resync() {
    let (mut bytes, offsets) = three();
    bytes[offsets[1] + 3] ^= 1;
    let mut reader = Reader::new(&bytes[..]).unwrap();
    for _ in 0..3 {
        let error = reader.next_block().unwrap_err();
        assert!(matches!(error, ReadError::Damaged { what: Fault::BlockMagic, .. }));
    }
    let skipped = reader.resync().unwrap();
    assert_eq!((skipped.offset, skipped.len), (offsets[1] as u64, (offsets[2] - offsets[1]) as u64));
    assert_eq!(reader.resync().unwrap().len, 0);
    assert_eq!(reader.next_block().unwrap().unwrap().offset(), offsets[2] as u64);
    assert_eq!(reader.resync().unwrap().offset, offsets[3] as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Whatever is overwritten, inserted or removed: no panic, and what comes out is what went in.
    #[test]
    fn vandalism(edits in proptest::collection::vec(
        (any::<prop::sample::Index>(), 0..3u8, 0..200usize, proptest::collection::vec(any::<u8>(), 0..100)), 1..4
    )) {
        let (mut bytes, _) = three();
        for (at, how, len, new) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + len).min(bytes.len());
            match how {
                0 => { bytes.splice(at..(at + new.len()).min(bytes.len()), new); }
                1 => { bytes.splice(at..at, new); }
                _ => { bytes.drain(at..end); }
            }
        }
        if let Ok(mut reader) = Reader::new(&bytes[..]) {
            loop {
                match reader.next_block() {
                    Ok(Some(block)) => for record in block.records() {
                        let Record::Data { source: 1, seq, payload, .. } = record else { panic!("{record:?}") };
                        let expected = if seq % 2 == 0 { vec![seq as u8; 30] } else { b"odd".to_vec() };
                        prop_assert_eq!(payload, &expected[..]);
                    },
                    Ok(None) => break,
                    Err(_) => { reader.resync().unwrap(); }
                }
            }
        }
        if let Ok(report) = verify(&bytes[..]) {
            prop_assert_eq!(report.file_len, bytes.len() as u64);
            prop_assert!(report.good_len <= report.file_len);
        }
    }

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Reader::new(&bytes[..]).is_err());
        let _ = flipside_journal::census(&bytes);
        // And noise where blocks should be.
        let file = [file_header(1, 64, 0), bytes].concat();
        prop_assert_eq!(verify(&file[..]).unwrap().census.records, 0);
    }
}

/// A header that the search looks for may straddle whatever the input gives at once.
#[test]
fn the_search_misses_no_offset() {
    let blocks = [data(1, 0, &[1; 2000]), data(1, 1, b"found")].map(|item| RawBlock::records(&[item]));
    let (mut bytes, offsets) = file(&blocks);
    bytes[offsets[0] + 20] ^= 1;
    for seed in 0..300 {
        let mut reader = Reader::new(Dribble(&bytes, Random::new("search", seed))).unwrap();
        assert!(matches!(reader.next_block(), Err(ReadError::Damaged { .. })));
        assert_eq!(reader.resync().unwrap().len, (offsets[1] - offsets[0]) as u64, "seed {seed}");
        assert_eq!(reader.next_block().unwrap().unwrap().census().records, 1);
    }
}
