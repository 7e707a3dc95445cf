//! What goes in comes out.

use flipside_journal::{BlockMeta, End, Reader, Record, Totals, Writer, census, verify};
use proptest::prelude::*;

use crate::build::{Dribble, ID, Item, Random, RawBlock, crc, file, image, records, sums};

fn item() -> impl Strategy<Value = Item> {
    let payload = prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => proptest::collection::vec(any::<u8>(), 0..3000)
    ];
    prop_oneof![
        8 => (any::<u16>(), 0..2u8, any::<u64>(), any::<u64>(), payload)
            .prop_map(|(source, tag, seq, time, payload)| Item::Data { source, tag, seq, time, payload }),
        1 => (any::<u16>(), 0..1u64 << 40, any::<u64>())
            .prop_map(|(source, records, bytes)| Item::Gap { source, records, bytes }),
        1 => (any::<u16>(), 0..100usize).prop_map(|(source, len)| Item::Aborted { source, len }),
        1 => (0..100usize).prop_map(|len| Item::Pad { len }),
    ]
}

fn to_item(record: Record<'_>) -> Item {
    match record {
        Record::Data { source, seq, time_ns: time, tag, payload } => {
            Item::Data { source, tag, seq, time, payload: payload.to_vec() }
        }
        Record::Gap { source, lost_records: records, lost_bytes: bytes } => {
            Item::Gap { source, records, bytes }
        }
        Record::Aborted { source, bytes } => Item::Aborted { source, len: bytes as usize },
    }
}

fn meta(number: usize, items: &[Item]) -> BlockMeta {
    let number = number as u64;
    BlockMeta {
        epoch: number,
        records: records(items),
        lost: 3 * number,
        mono_ns: 10 * number,
        wall_ns: 7 + number,
        by_source: number % 3 == 1,
    }
}

fn write(blocks: &[Vec<Item>]) -> Vec<u8> {
    let mut writer = Writer::create(Vec::new(), ID, 123).unwrap();
    writer.sources(&[(1, "one"), (2, "zwei: äöü")]).unwrap();
    for (number, items) in blocks.iter().enumerate() {
        writer.append(&image(items), meta(number, items)).unwrap();
    }
    let [records, payload_bytes, lost_records, aborted] = sums(&blocks.concat());
    writer
        .seal(Totals { records, payload_bytes, lost_records, aborted, blocks: 0, end_wall_ns: 77 })
        .unwrap();
    assert!(writer.is_sealed());
    assert_eq!(writer.blocks(), blocks.len() as u64 + 2);
    let len = writer.good_len();
    let bytes = writer.into_inner();
    assert_eq!(bytes.len() as u64, len);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn records_survive(
        blocks in proptest::collection::vec(proptest::collection::vec(item(), 0..30), 0..8),
        seed in any::<u64>(),
    ) {
        let bytes = write(&blocks);
        let mut reader = Reader::new(Dribble(&bytes, Random::new("records_survive", seed))).unwrap();
        let mut number = 0;
        while let Some(block) = reader.next_block().unwrap() {
            let expected: Vec<_> =
                blocks[number].iter().filter(|item| !matches!(item, Item::Pad { .. })).cloned().collect();
            let found: Vec<_> = block.records().map(to_item).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(block.header().meta, meta(number, &blocks[number]));
            prop_assert_eq!(block.source_name(2), Some("zwei: äöü"));
            prop_assert_eq!(block.source_name(3), None);
            prop_assert_eq!(block.body(), &image(&blocks[number])[..]);
            number += 1;
        }
        prop_assert_eq!(number, blocks.len());
        let [records, payload_bytes, lost_records, aborted] = sums(&blocks.concat());
        let totals = Totals {
            records, payload_bytes, lost_records, aborted, blocks: blocks.len() as u64 + 1, end_wall_ns: 77,
        };
        prop_assert_eq!(reader.end(), Some(End::Sealed(totals)));
        prop_assert_eq!(reader.offset(), bytes.len() as u64);
        let report = verify(&bytes[..]).unwrap();
        prop_assert!(report.damages.is_empty());
        prop_assert_eq!(report.census.records, records);
        prop_assert_eq!(report.file_len, bytes.len() as u64);
        prop_assert_eq!(report.good_len, bytes.len() as u64);
    }

    #[test]
    fn the_census_agrees_with_the_builder(items in proptest::collection::vec(item(), 0..50)) {
        let found = census(&image(&items)).unwrap();
        prop_assert_eq!([found.records, found.payload_bytes, found.lost_records, found.aborted], sums(&items));
    }
}

/// Writer and FORMAT.md agree byte for byte: the same file once from the crate, once from the independent
/// builder.
#[test]
fn the_bytes_are_those_of_the_document() {
    let items = vec![
        Item::Data { source: 1, tag: 1, seq: 0, time: 5, payload: b"abc".to_vec() },
        Item::Gap { source: 1, records: 2, bytes: 40 },
        Item::Aborted { source: 2, len: 9 },
        Item::Pad { len: 3 },
    ];
    let mut raw = RawBlock::records(&items);
    (raw.lost, raw.anchor, raw.flags) = (2, (10, 20), 0x10);
    let sources = RawBlock::sources(&[(1, b"one"), (2, b"two")]);
    let (expected, _) = file(&[sources, raw, RawBlock::seal([1, 3, 2, 1], 2)]);

    let mut writer = Writer::create(Vec::new(), ID, 123).unwrap();
    writer.sources(&[(1, "one"), (2, "two")]).unwrap();
    let meta = BlockMeta { epoch: 5, records: 1, lost: 2, mono_ns: 10, wall_ns: 20, by_source: true };
    writer.append(&image(&items), meta).unwrap();
    let totals =
        Totals { records: 1, payload_bytes: 3, lost_records: 2, aborted: 1, blocks: 99, end_wall_ns: 77 };
    writer.seal(totals).unwrap();
    let mut found = writer.into_inner();

    // The builder gives every block epoch 5; in sources and seal the epoch is zero.
    let seal = found.len() - 112;
    let mut expected = expected;
    for (at, id_offset) in [(64, 64u64), (seal, seal as u64)] {
        expected[at + 8] = 0;
        let sum = crc(crc(crc(0, &ID), &id_offset.to_le_bytes()), &expected[at..at + 60]);
        expected[at + 60..at + 64].copy_from_slice(&sum.to_le_bytes());
    }
    assert_eq!(found, expected);
    found[70] ^= 1;
    assert_ne!(found, expected);
}

#[test]
fn the_anchor_gives_the_wall_clock() {
    let mut block = RawBlock::records(&[]);
    block.anchor = (1_000, 50_000);
    let (bytes, _) = file(&[block]);
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert_eq!(reader.header().unwrap().created_wall_ns, 123);
    let block = reader.next_block().unwrap().unwrap();
    assert_eq!(block.wall_ns(1_000), 50_000);
    assert_eq!(block.wall_ns(1_250), 50_250);
    assert_eq!(block.wall_ns(0), 49_000);
    assert_eq!(block.wall_ns(u64::MAX), u64::MAX);
}

#[test]
fn the_wall_clock_does_not_wrap() {
    let mut block = RawBlock::records(&[]);
    block.anchor = (u64::MAX, 5);
    let (bytes, _) = file(&[block]);
    let mut reader = Reader::new(&bytes[..]).unwrap();
    assert_eq!(reader.next_block().unwrap().unwrap().wall_ns(7), 0);
}
