//! What of a collector's memory is resident: in a process of its own, where nothing else allocates.
#![cfg(target_os = "linux")]

use flipside::collect::{Builder, Order, Overflow};

const MIB: usize = 1 << 20;

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap() * 1024
}

#[test]
fn lanes_become_resident_when_their_slot_is_first_taken() {
    // One side of all lanes is 8 MiB: what the system may give for a page, 2 MiB, is little beside it.
    let before = resident();
    let builder = Builder::new(Overflow::Fail).order(Order::PerWriter).side(8 * MIB).writers(16);
    let (collector, _drain) = builder.build().unwrap();
    let built = resident() - before;
    assert!(built < 16 * MIB, "{built} bytes are resident before there is a writer");
    let writer = collector.writer_for(7).unwrap();
    let taken = resident() - before;
    assert!((16 * MIB..32 * MIB).contains(&taken), "{taken} bytes are resident with one writer");
    // Nor is there more when it is taken again.
    drop(writer);
    let mut again = collector.writer_for(7).unwrap();
    again.write(&[1; 1000]).unwrap();
    assert!(resident() - before < 32 * MIB);
    assert_eq!(collector.memory(), 16 * 16 * MIB);
    let second = collector.writer_for(8).unwrap();
    assert!((32 * MIB..48 * MIB).contains(&(resident() - before)));
    drop((second, again));

    let before = resident();
    let shared = Builder::new(Overflow::Fail).side(16 * MIB).build().unwrap();
    assert!(resident() - before >= 32 * MIB, "a lane for all is resident from the start");
    drop(shared);
}
