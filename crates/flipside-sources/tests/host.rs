//! The host's counters against folders that look like a host's `/proc` and `/sys`: what the payloads say.

use std::time::{Duration, Instant};

use flipside_sources::host::{Group, Origin, Source};

mod host_tree;
use host_tree::{Kept, MEMINFO, NET_DEV, STAT, all_of, put, sample_at, whole_host};

fn lines(kept: &Kept, group: &Group) -> Vec<(&'static str, String, u64)> {
    kept.samples
        .iter()
        .map(|(index, payload, main)| (group.names()[*index], payload.clone(), *main))
        .collect()
}

#[test]
fn every_source_says_what_its_file_says() {
    let root = whole_host();
    let detected = Group::open_all(root.path()).unwrap();
    assert_eq!(detected.origin, Origin::Kernel);
    assert!(detected.masked.is_empty(), "{:?}", detected.masked);
    let names: Vec<_> = detected.groups.iter().map(|group| group.names().to_vec()).collect();
    let expected =
        [vec!["cpu", "interrupts", "context-switches", "network", "disk"], vec!["memory", "pressure"]];
    assert_eq!(names, expected);
    let periods: Vec<_> = detected.groups.iter().map(|group| group.period_min().as_millis()).collect();
    assert_eq!(periods, [0, 10]);

    let mut group = Group::merge(detected.groups).unwrap();
    let mut kept = Kept::default();
    assert_eq!(sample_at(&mut group, 1, &mut kept), 7);
    let text = |name, text: &str, main| (name, text.to_owned(), main);
    let expected = [
        text("cpu", "user=10 nice=2 system=30 idle=400 iowait=50 irq=6 softirq=7 steal=8", 63),
        text("interrupts", "total=1234 softirq=777", 1234),
        text("context-switches", "total=5678 forks=99 running=3 blocked=1", 5678),
        text(
            "network",
            "rx_bytes=1007 rx_packets=11 rx_errors=1 rx_dropped=2 tx_bytes=2008 tx_packets=21 tx_errors=3 \
             tx_dropped=4 lo_bytes=500 lo_packets=5",
            3015,
        ),
        text(
            "disk",
            "read_ops=200 read_bytes=204800 write_ops=600 write_bytes=409600 in_flight=14 busy_ms=1776",
            614_400,
        ),
        text(
            "memory",
            "total_kib=1000 free_kib=400 available_kib=600 buffers_kib=11 cached_kib=122 swap_total_kib=50 \
             swap_free_kib=40 dirty_kib=7 writeback_kib=1 anon_kib=90 mapped_kib=33 shmem_kib=22",
            0,
        ),
        text(
            "pressure",
            "cpu_some_us=42 io_some_us=42 io_full_us=17 memory_some_us=42 memory_full_us=17",
            160,
        ),
    ];
    assert_eq!(lines(&kept, &group), expected);
    assert!(group.sources().iter().zip(group.names()).all(|(source, name)| source.name() == *name));
}

#[test]
fn a_change_is_seen_at_the_next_sample() {
    let root = whole_host();
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    sample_at(&mut group, 1, &mut kept);
    put(root.path(), "proc/stat", &STAT.replace("intr 1234", "intr 99999999999"));
    put(root.path(), "proc/meminfo", &MEMINFO.replace("600", "590"));
    kept.samples.clear();
    sample_at(&mut group, 2, &mut kept);
    assert_eq!(kept.samples[1], (1, "total=99999999999 softirq=777".to_owned(), 99_999_999_999));
    assert_eq!(kept.samples[5].2, 10);
    put(root.path(), "proc/meminfo", &MEMINFO.replace("600", "605"));
    sample_at(&mut group, 3, &mut kept);
    assert_eq!(kept.samples[12].2, 25, "memory moved by ten down and fifteen up");
}

#[test]
fn slow_sources_are_read_when_their_time_has_come() {
    let root = whole_host();
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    // Two hundred ticks of a millisecond, made by an origin that lies ever further back.
    let now = Instant::now();
    for ms in 1..=200 {
        let behind = now.elapsed();
        group.sample(now + behind - Duration::from_millis(ms), &mut kept);
        kept.last_ns = 0;
    }
    let count =
        |wanted: Source| kept.samples.iter().filter(|(index, ..)| group.sources()[*index] == wanted).count();
    assert_eq!(count(Source::Cpu), 200);
    assert_eq!(count(Source::Disk), 200);
    assert!((15..=22).contains(&count(Source::Memory)), "{}", count(Source::Memory));
    assert_eq!(count(Source::Pressure), count(Source::Memory));
}

#[test]
fn files_larger_than_a_page_are_read_to_their_end() {
    let root = whole_host();
    let many: String = (0..2000).map(|cpu| format!("cpu{cpu} 1 2 3 4 5 6 7 8 9 0\n")).collect();
    put(root.path(), "proc/stat", &STAT.replace("intr", &(many + "intr")));
    let interfaces: String = (0..3000).map(|i| format!("v{i}: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n")).collect();
    put(root.path(), "proc/net/dev", &(NET_DEV.to_owned() + &interfaces));
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    assert_eq!(sample_at(&mut group, 1, &mut kept), 7);
    assert_eq!((kept.samples[1].2, kept.samples[3].2), (1234, 3015 + 9000));
}

#[cfg(target_os = "linux")]
#[test]
fn this_host_has_counters_that_rise() {
    let mut group = all_of("/".as_ref());
    let (mut kept, origin) = (Kept::default(), Instant::now());
    assert!(group.sample(origin, &mut kept) >= 3);
    let first = kept.samples.clone();
    kept.samples.clear();
    std::thread::sleep(Duration::from_millis(50));
    group.sample(origin, &mut kept);
    let switches = group.names().iter().position(|name| *name == "context-switches").unwrap();
    let main =
        |samples: &[(usize, String, u64)]| samples.iter().find(|sample| sample.0 == switches).unwrap().2;
    assert!(main(&kept.samples) > main(&first));
    assert!(kept.vanished.is_empty());
}
