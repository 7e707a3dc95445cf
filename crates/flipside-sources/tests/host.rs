//! The host's counters against folders that look like a host's `/proc` and `/sys`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use flipside_sources::host::{Group, Origin, Sample, Sink, Source, Ticker, Vanished};
use flipside_sources::stop;
use tempfile::TempDir;

const STAT: &str = "cpu  10 2 30 400 50 6 7 8 0 0\ncpu0 10 2 30 400 50 6 7 8 0 0\nintr 1234 0 9 0\nctxt 5678\n\
    btime 1700000000\nprocesses 99\nprocs_running 3\nprocs_blocked 1\nsoftirq 777 1 2 3\n";
const MEMINFO: &str = "MemTotal:       1000 kB\nMemFree:         400 kB\nMemAvailable:    600 kB\n\
    Buffers:          11 kB\nCached:          122 kB\nSwapCached:        0 kB\nSwapTotal:        50 kB\n\
    SwapFree:         40 kB\nDirty:             7 kB\nWriteback:         1 kB\nAnonPages:        90 kB\n\
    Mapped:           33 kB\nShmem:            22 kB\nHugePages_Total:       0\n";
const NET_DEV: &str = "Inter-|   Receive   |  Transmit\n face |bytes packets errs drop fifo frame compressed \
    multicast|bytes packets errs drop fifo colls carrier compressed\n\
    \x20   lo:    500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0\n\
    \x20 eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\nwlan0:7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0\n";
const DISK: &str = "  100  1  200  5  300  2  400  6  7  888  9 0 0 0 0 0 0\n";
const PRESSURE: &str =
    "some avg10=0.00 avg60=0.00 avg300=0.04 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=17\n";

/// A sink that keeps everything.
#[derive(Default)]
struct Kept {
    samples: Vec<(usize, String, u64)>,
    vanished: Vec<(usize, bool, String)>,
    last_ns: u64,
}

impl Sink for Kept {
    fn sample(&mut self, index: usize, sample: Sample<'_>) {
        assert!(sample.payload.is_ascii() && !sample.payload.contains(&b'\n'));
        assert!(sample.from_ns <= sample.to_ns && self.last_ns <= sample.to_ns);
        self.last_ns = sample.to_ns;
        let payload = String::from_utf8(sample.payload.to_vec()).unwrap();
        self.samples.push((index, payload, sample.main));
    }

    fn vanished(&mut self, index: usize, vanished: Vanished) {
        self.vanished.push((index, vanished.whole, vanished.to_string()));
    }
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn whole_host() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "proc/stat", STAT);
    put(root.path(), "proc/meminfo", MEMINFO);
    put(root.path(), "proc/net/dev", NET_DEV);
    for part in ["cpu", "io", "memory"] {
        put(root.path(), &format!("proc/pressure/{part}"), PRESSURE);
    }
    for disk in ["sda", "nvme0n1", "loop0", "ram1", "zram0", "dm-0", "md127"] {
        put(root.path(), &format!("sys/block/{disk}/stat"), DISK);
    }
    put(root.path(), "sys/block/sr0/stat", DISK);
    put(root.path(), "sys/block/sr0/size", "0\n");
    root
}

/// Samples as if `seconds` after the origin, so that no source is skipped for being asked too soon.
fn sample_at(group: &mut Group, seconds: u64, kept: &mut Kept) -> usize {
    group.sample(Instant::now() - Duration::from_secs(seconds), kept)
}

fn all_of(root: &Path) -> Group {
    Group::merge(Group::open_kernel(root).unwrap().groups).unwrap()
}

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
    let names: Vec<_> = detected
        .groups
        .iter()
        .map(|group| group.names().to_vec())
        .collect();
    let expected = [
        vec!["cpu", "interrupts", "context-switches"],
        vec!["memory", "pressure"],
        vec!["network", "disk"],
    ];
    assert_eq!(names, expected);
    let periods: Vec<_> = detected
        .groups
        .iter()
        .map(|group| group.period_min().as_millis())
        .collect();
    assert_eq!(periods, [0, 10, 0]);

    let mut group = Group::merge(detected.groups).unwrap();
    let mut kept = Kept::default();
    assert_eq!(sample_at(&mut group, 1, &mut kept), 7);
    let text = |name, text: &str, main| (name, text.to_owned(), main);
    let expected = [
        text(
            "cpu",
            "user=10 nice=2 system=30 idle=400 iowait=50 irq=6 softirq=7 steal=8",
            63,
        ),
        text("interrupts", "total=1234 softirq=777", 1234),
        text(
            "context-switches",
            "total=5678 forks=99 running=3 blocked=1",
            5678,
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
    ];
    assert_eq!(lines(&kept, &group), expected);
    assert!(
        group
            .sources()
            .iter()
            .zip(group.names())
            .all(|(source, name)| source.name() == *name)
    );
}

#[test]
fn a_change_is_seen_at_the_next_sample() {
    let root = whole_host();
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    sample_at(&mut group, 1, &mut kept);
    put(
        root.path(),
        "proc/stat",
        &STAT.replace("intr 1234", "intr 99999999999"),
    );
    put(root.path(), "proc/meminfo", &MEMINFO.replace("600", "590"));
    kept.samples.clear();
    sample_at(&mut group, 2, &mut kept);
    assert_eq!(
        kept.samples[1],
        (1, "total=99999999999 softirq=777".to_owned(), 99_999_999_999)
    );
    assert_eq!(kept.samples[3].2, 10);
    put(root.path(), "proc/meminfo", &MEMINFO.replace("600", "605"));
    sample_at(&mut group, 3, &mut kept);
    assert_eq!(kept.samples[10].2, 25, "memory moved by ten down and fifteen up");
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
    let count = |wanted: Source| {
        kept.samples
            .iter()
            .filter(|(index, ..)| group.sources()[*index] == wanted)
            .count()
    };
    assert_eq!(count(Source::Cpu), 200);
    assert_eq!(count(Source::Disk), 200);
    assert!(
        (15..=22).contains(&count(Source::Memory)),
        "{}",
        count(Source::Memory)
    );
    assert_eq!(count(Source::Pressure), count(Source::Memory));
}

#[test]
fn what_is_masked_is_named_and_the_rest_goes_on() {
    let root = whole_host();
    fs::remove_dir_all(root.path().join("proc/pressure")).unwrap();
    fs::remove_dir_all(root.path().join("sys")).unwrap();
    put(root.path(), "proc/net/dev", "nonsense");
    let detected = Group::open_all(root.path()).unwrap();
    assert_eq!(detected.origin, Origin::Kernel);
    assert_eq!(detected.groups.len(), 2);
    let masked: Vec<_> = detected.masked.iter().map(|masked| masked.name).collect();
    assert_eq!(masked, ["pressure", "pressure", "pressure", "network", "disk"]);
    for masked in &detected.masked {
        assert!(
            masked.whole && masked.why.contains(masked.path.to_str().unwrap()),
            "{masked}"
        );
    }
}

#[test]
fn a_masked_part_leaves_the_other_parts() {
    let root = whole_host();
    put(root.path(), "proc/stat", &STAT.replace("ctxt 5678\n", ""));
    put(root.path(), "proc/pressure/io", "some avg10=0.00\n");
    put(root.path(), "sys/block/sda/stat", "1 2 x\n");
    put(
        root.path(),
        "proc/meminfo",
        "MemTotal: 9 kB\nMemFree: 2 kB\nMemAvailable: 3 kB\n",
    );
    let detected = Group::open_kernel(root.path()).unwrap();
    let masked: Vec<_> = detected
        .masked
        .iter()
        .map(|masked| (masked.name, masked.whole))
        .collect();
    assert_eq!(
        masked,
        [("context-switches", true), ("pressure", false), ("disk", false)]
    );
    let mut group = Group::merge(detected.groups).unwrap();
    assert_eq!(
        group.names(),
        ["cpu", "interrupts", "memory", "pressure", "network", "disk"]
    );
    let mut kept = Kept::default();
    sample_at(&mut group, 1, &mut kept);
    assert_eq!(kept.samples[2].1, "total_kib=9 free_kib=2 available_kib=3");
    assert_eq!(
        kept.samples[3].1,
        "cpu_some_us=42 memory_some_us=42 memory_full_us=17"
    );
    assert!(kept.samples[5].1.starts_with("read_ops=100 "));
}

#[test]
fn nothing_at_all_names_what_was_tried() {
    let root = tempfile::tempdir().unwrap();
    let error = Group::open_kernel(root.path()).unwrap_err();
    let text = error.to_string();
    for tried in [
        "proc/stat",
        "proc/meminfo",
        "proc/net/dev",
        "sys/block",
        "proc/pressure/io",
    ] {
        assert!(text.contains(tried), "{text}");
    }
    assert!(error.tried.iter().all(|masked| masked.whole));
    assert!(Group::merge([]).is_none());
}

#[test]
fn without_proc_another_kind_of_source_is_chosen() {
    let root = tempfile::tempdir().unwrap();
    let mut detected = Group::open_all(root.path()).unwrap();
    assert_eq!(detected.origin, Origin::Sysinfo);
    let group = &mut detected.groups[0];
    assert!(group.period_min() >= Duration::from_millis(100));
    assert!(
        group.names().contains(&"cpu") && group.names().contains(&"memory"),
        "{:?}",
        group.names()
    );
    let origin = Instant::now();
    let mut kept = Kept::default();
    assert_eq!(group.sample(origin, &mut kept), group.names().len());
    assert_eq!(group.sample(origin, &mut kept), group.names().len());
    assert_eq!(
        kept.samples.len(),
        group.names().len(),
        "asked too soon, it keeps silent"
    );
    std::thread::sleep(group.period_min());
    group.sample(origin, &mut kept);
    assert_eq!(kept.samples.len(), 2 * group.names().len());
    let memory = kept
        .samples
        .iter()
        .find(|(index, ..)| group.names()[*index] == "memory")
        .unwrap();
    assert!(
        memory.1.starts_with("total_kib=") && !memory.1.starts_with("total_kib=0 "),
        "{}",
        memory.1
    );
}

#[test]
fn a_device_that_vanishes_stays_in_the_sums() {
    let root = whole_host();
    let mut group = all_of(root.path());
    let disk = group.names().iter().position(|name| *name == "disk").unwrap();
    let mut kept = Kept::default();
    sample_at(&mut group, 1, &mut kept);
    let before = kept.samples[disk].clone();
    fs::write(root.path().join("sys/block/sda/stat"), "").unwrap();
    for second in 2..5 {
        kept.samples.clear();
        assert_eq!(sample_at(&mut group, second, &mut kept), 7);
        assert_eq!(
            kept.samples[disk].1,
            before.1.replace("in_flight=14", "in_flight=7")
        );
        assert_eq!(kept.samples[disk].2, before.2);
    }
    assert_eq!(kept.vanished.len(), 1, "{:?}", kept.vanished);
    assert!(
        !kept.vanished[0].1 && kept.vanished[0].2.contains("sys/block/sda/stat"),
        "{:?}",
        kept.vanished
    );
    // The other one too: that is the end of the source, and only of that.
    fs::write(root.path().join("sys/block/nvme0n1/stat"), "").unwrap();
    kept.samples.clear();
    assert_eq!(sample_at(&mut group, 5, &mut kept), 6);
    assert_eq!(kept.samples.len(), 6);
    assert_eq!(kept.vanished[1].0, disk);
    assert!(kept.vanished[1].1);
}

#[test]
fn a_source_that_fails_ends_alone_and_once() {
    let root = whole_host();
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    assert_eq!(sample_at(&mut group, 1, &mut kept), 7);
    put(root.path(), "proc/stat", &STAT.replace("intr 1234", "intr many"));
    put(
        root.path(),
        "proc/net/dev",
        &NET_DEV.replace("1000 10", "1000 ten"),
    );
    kept.samples.clear();
    assert_eq!(sample_at(&mut group, 2, &mut kept), 5);
    let ended: Vec<_> = kept
        .vanished
        .iter()
        .map(|(index, whole, _)| (group.names()[*index], *whole))
        .collect();
    assert_eq!(ended, [("interrupts", true), ("network", true)]);
    assert!(kept.vanished[0].2.contains("proc/stat"), "{:?}", kept.vanished);
    // What has ended stays ended, even when its file recovers: a hole would look like a burst.
    put(root.path(), "proc/stat", STAT);
    put(root.path(), "proc/net/dev", NET_DEV);
    kept.samples.clear();
    assert_eq!(sample_at(&mut group, 3, &mut kept), 5);
    assert_eq!((kept.samples.len(), kept.vanished.len()), (5, 2));
    for path in [
        "stat",
        "meminfo",
        "net/dev",
        "pressure/cpu",
        "pressure/io",
        "pressure/memory",
    ] {
        put(root.path(), &format!("proc/{path}"), "");
    }
    for disk in ["sda", "nvme0n1"] {
        put(root.path(), &format!("sys/block/{disk}/stat"), "");
    }
    assert_eq!(sample_at(&mut group, 4, &mut kept), 0);
    // Seven ends, two parts of pressure and one disk before the last.
    assert_eq!(kept.vanished.len(), 10, "{:?}", kept.vanished);
    assert_eq!(sample_at(&mut group, 5, &mut kept), 0);
    assert_eq!(kept.vanished.len(), 10);
}

#[test]
fn no_damage_to_a_file_makes_a_panic() {
    let root = whole_host();
    for (path, text) in [
        ("proc/stat", STAT),
        ("proc/meminfo", MEMINFO),
        ("proc/net/dev", NET_DEV),
        ("proc/pressure/io", PRESSURE),
        ("sys/block/sda/stat", DISK),
    ] {
        for cut in 0..text.len() {
            let mut damaged = text.as_bytes().to_vec();
            damaged[cut] = [0, 255, b' ', b'\n', b':', b'9'][cut % 6];
            for bytes in [&text.as_bytes()[..cut], &damaged[..]] {
                fs::write(root.path().join(path), bytes).unwrap();
                let mut group = all_of(root.path());
                sample_at(&mut group, 1, &mut Kept::default());
            }
        }
        put(root.path(), path, text);
    }
}

#[test]
fn files_larger_than_a_page_are_read_to_their_end() {
    let root = whole_host();
    let many: String = (0..2000)
        .map(|cpu| format!("cpu{cpu} 1 2 3 4 5 6 7 8 9 0\n"))
        .collect();
    put(root.path(), "proc/stat", &STAT.replace("intr", &(many + "intr")));
    let interfaces: String = (0..3000)
        .map(|i| format!("v{i}: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n"))
        .collect();
    put(root.path(), "proc/net/dev", &(NET_DEV.to_owned() + &interfaces));
    let mut group = all_of(root.path());
    let mut kept = Kept::default();
    assert_eq!(sample_at(&mut group, 1, &mut kept), 7);
    assert_eq!((kept.samples[1].2, kept.samples[5].2), (1234, 3015 + 9000));
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
    let switches = group
        .names()
        .iter()
        .position(|name| *name == "context-switches")
        .unwrap();
    let main =
        |samples: &[(usize, String, u64)]| samples.iter().find(|sample| sample.0 == switches).unwrap().2;
    assert!(main(&kept.samples) > main(&first));
    assert!(kept.vanished.is_empty());
}

#[test]
fn ticks_do_not_drift_and_missed_ones_are_counted() {
    let (handle, stop) = stop::pair().unwrap();
    let (start, period) = (Instant::now(), Duration::from_millis(5));
    let mut ticker = Ticker::starting_at(start, period);
    for _ in 0..20 {
        let tick = ticker.wait(&stop).unwrap();
        // Whatever the machine did to us, the time of a tick is a multiple of the period.
        let due = tick.at - tick.behind - start;
        assert_eq!(due.as_nanos() % period.as_nanos(), 0);
    }
    let before = (ticker.late(), ticker.missed(), ticker.ticks());
    std::thread::sleep(Duration::from_millis(52));
    let tick = ticker.wait(&stop).unwrap();
    assert!(
        tick.missed >= 9 && tick.behind >= Duration::from_millis(45),
        "{tick:?}"
    );
    assert_eq!(
        (ticker.late(), ticker.missed()),
        (before.0 + 1, before.1 + tick.missed)
    );
    let tick = ticker.wait(&stop).unwrap();
    assert_eq!((tick.at - tick.behind - start).as_nanos() % period.as_nanos(), 0);
    // Every period of the whole time is either a tick or a missed one.
    let periods = ((tick.at - start).as_nanos() / period.as_nanos()) as u64;
    assert_eq!(
        ticker.ticks() + ticker.missed() - tick.missed,
        periods - tick.missed
    );
    assert_eq!(ticker.ticks(), before.2 + 2);
    drop(handle);
    assert!(ticker.wait(&stop).is_none());
}

#[test]
fn a_stop_ends_a_long_sleep_at_once() {
    let (handle, stop) = stop::pair().unwrap();
    let sleeper = std::thread::spawn(move || Ticker::new(Duration::from_secs(3600)).wait(&stop).is_none());
    std::thread::sleep(Duration::from_millis(20));
    let begin = Instant::now();
    handle.stop();
    assert!(sleeper.join().unwrap());
    assert!(begin.elapsed() < Duration::from_secs(60));
}
