//! A folder that looks like a host's `/proc` and `/sys`, and a sink that keeps what it gets.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use flipside_sources::host::{Group, Sample, Sink, Vanished};
use tempfile::TempDir;

pub(crate) const STAT: &str = "cpu  10 2 30 400 50 6 7 8 0 0\ncpu0 10 2 30 400 50 6 7 8 0 0\nintr 1234 0 9 0\nctxt 5678\n\
    btime 1700000000\nprocesses 99\nprocs_running 3\nprocs_blocked 1\nsoftirq 777 1 2 3\n";
pub(crate) const MEMINFO: &str = "MemTotal:       1000 kB\nMemFree:         400 kB\nMemAvailable:    600 kB\n\
    Buffers:          11 kB\nCached:          122 kB\nSwapCached:        0 kB\nSwapTotal:        50 kB\n\
    SwapFree:         40 kB\nDirty:             7 kB\nWriteback:         1 kB\nAnonPages:        90 kB\n\
    Mapped:           33 kB\nShmem:            22 kB\nHugePages_Total:       0\n";
pub(crate) const NET_DEV: &str = "Inter-|   Receive   |  Transmit\n face |bytes packets errs drop fifo frame compressed \
    multicast|bytes packets errs drop fifo colls carrier compressed\n\
    \x20   lo:    500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0\n\
    \x20 eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\nwlan0:7 1 0 0 0 0 0 0 8 1 0 0 0 0 0 0\n";
pub(crate) const DISK: &str = "  100  1  200  5  300  2  400  6  7  888  9 0 0 0 0 0 0\n";
pub(crate) const PRESSURE: &str =
    "some avg10=0.00 avg60=0.00 avg300=0.04 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=17\n";

/// A sink that keeps everything.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) samples: Vec<(usize, String, u64)>,
    pub(crate) vanished: Vec<(usize, bool, String)>,
    pub(crate) last_ns: u64,
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

pub(crate) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn whole_host() -> TempDir {
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
pub(crate) fn sample_at(group: &mut Group, seconds: u64, kept: &mut Kept) -> usize {
    group.sample(Instant::now() - Duration::from_secs(seconds), kept)
}

pub(crate) fn all_of(root: &Path) -> Group {
    Group::merge(Group::open_kernel(root).unwrap().groups).unwrap()
}
