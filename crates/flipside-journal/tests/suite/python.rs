//! FORMAT.md is enough to read a journal: a reader in another language does.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use flipside_journal::{BlockMeta, Reader, Totals, Writer};

use crate::build::{ID, Item, Random, image, records, sums};

/// `None`, and a word on why, where there is no Python.
fn python(journal: &[u8]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/read_journal.py");
    let mut command = Command::new("python3");
    command.arg(script).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("SKIPPED: cannot run python3: {error}");
            return None;
        }
    };
    let mut input = child.stdin.take().unwrap();
    // It may have seen enough before it has seen everything.
    let _ = input.write_all(journal);
    drop(input);
    Some(child.wait_with_output().unwrap())
}

fn journal() -> Vec<u8> {
    let mut random = Random::new("python", 3);
    let mut writer = Writer::create(Vec::new(), ID, 5).unwrap();
    writer.sources(&[(0, "nil"), (1, "one")]).unwrap();
    let mut all = Vec::new();
    for epoch in 0..5 {
        let items: Vec<Item> = (0..10)
            .flat_map(|_| {
                let len = random.below(300);
                let payload = random.bytes(len);
                let tag = random.below(2) as u8;
                let data = Item::Data { source: 1, tag, seq: random.next(), time: random.next(), payload };
                let gap = Item::Gap { source: 0, records: 2, bytes: 50 };
                [data, gap, Item::Aborted { source: 1, len: len / 9 }, Item::Pad { len: len / 7 }]
            })
            .collect();
        writer
            .append(&image(&items), BlockMeta { epoch, records: records(&items), ..BlockMeta::default() })
            .unwrap();
        all.extend(items);
    }
    let [records, payload_bytes, lost_records, aborted] = sums(&all);
    writer.seal(Totals { records, payload_bytes, lost_records, aborted, ..Totals::default() }).unwrap();
    writer.into_inner()
}

#[test]
fn python_reads_the_same() {
    let bytes = journal();
    let Some(found) = python(&bytes) else { return };
    let mut expected = Vec::new();
    let mut reader = Reader::new(&bytes[..]).unwrap();
    while let Some(block) = reader.next_block().unwrap() {
        block.write_raw(&mut expected).unwrap();
    }
    let said = String::from_utf8_lossy(&found.stderr);
    assert!(found.status.success(), "{said}");
    assert!(found.stdout == expected, "python printed other bytes");
    assert!(said.contains("50 records") && said.contains("100 lost, 50 aborted, sealed"), "{said}");
}

#[test]
fn python_sees_damage() {
    let whole = journal();
    for (at, word) in
        [(3, "not a journal"), (30, "header damaged"), (90, "header damaged"), (700, "body damaged")]
    {
        let mut bytes = whole.clone();
        bytes[at] ^= 8;
        let Some(found) = python(&bytes) else { return };
        let said = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.code() == Some(3) && said.contains(word), "byte {at}: {said}");
    }
    let Some(found) = python(&whole[..whole.len() - 5]) else {
        return;
    };
    assert!(found.status.code() == Some(3) && String::from_utf8_lossy(&found.stderr).contains("cut short"));
}
