//! The host's counters where something is masked, missing, damaged or goes away.

use std::fs;
use std::time::{Duration, Instant};

use flipside_sources::host::{Group, Origin};

mod host_tree;
use host_tree::{DISK, Kept, MEMINFO, NET_DEV, PRESSURE, STAT, all_of, put, sample_at, whole_host};

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
    assert_eq!(masked, ["network", "disk", "pressure", "pressure", "pressure"]);
    for masked in &detected.masked {
        assert!(masked.whole && masked.why.contains(masked.path.to_str().unwrap()), "{masked}");
    }
}

#[test]
fn a_masked_part_leaves_the_other_parts() {
    let root = whole_host();
    put(root.path(), "proc/stat", &STAT.replace("ctxt 5678\n", ""));
    put(root.path(), "proc/pressure/io", "some avg10=0.00\n");
    put(root.path(), "sys/block/sda/stat", "1 2 x\n");
    put(root.path(), "proc/meminfo", "MemTotal: 9 kB\nMemFree: 2 kB\nMemAvailable: 3 kB\n");
    let detected = Group::open_kernel(root.path()).unwrap();
    let masked: Vec<_> = detected.masked.iter().map(|masked| (masked.name, masked.whole)).collect();
    assert_eq!(masked, [("context-switches", true), ("disk", false), ("pressure", false)]);
    let mut group = Group::merge(detected.groups).unwrap();
    assert_eq!(group.names(), ["cpu", "interrupts", "network", "disk", "memory", "pressure"]);
    let mut kept = Kept::default();
    sample_at(&mut group, 1, &mut kept);
    assert_eq!(kept.samples[4].1, "total_kib=9 free_kib=2 available_kib=3");
    assert_eq!(kept.samples[5].1, "cpu_some_us=42 memory_some_us=42 memory_full_us=17");
    assert!(kept.samples[3].1.starts_with("read_ops=100 "));
}

#[test]
fn nothing_at_all_names_what_was_tried() {
    let root = tempfile::tempdir().unwrap();
    let error = Group::open_kernel(root.path()).unwrap_err();
    let text = error.to_string();
    for tried in ["proc/stat", "proc/meminfo", "proc/net/dev", "sys/block", "proc/pressure/io"] {
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
    assert!(group.names().contains(&"cpu") && group.names().contains(&"memory"), "{:?}", group.names());
    let origin = Instant::now();
    let mut kept = Kept::default();
    assert_eq!(group.sample(origin, &mut kept), group.names().len());
    assert_eq!(group.sample(origin, &mut kept), group.names().len());
    assert_eq!(kept.samples.len(), group.names().len(), "asked too soon, it keeps silent");
    std::thread::sleep(group.period_min());
    group.sample(origin, &mut kept);
    assert_eq!(kept.samples.len(), 2 * group.names().len());
    let memory = kept.samples.iter().find(|(index, ..)| group.names()[*index] == "memory").unwrap();
    assert!(memory.1.starts_with("total_kib=") && !memory.1.starts_with("total_kib=0 "), "{}", memory.1);
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
        assert_eq!(kept.samples[disk].1, before.1.replace("in_flight=14", "in_flight=7"));
        assert_eq!(kept.samples[disk].2, before.2);
    }
    assert_eq!(kept.vanished.len(), 1, "{:?}", kept.vanished);
    assert!(!kept.vanished[0].1 && kept.vanished[0].2.contains("sys/block/sda/stat"), "{:?}", kept.vanished);
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
    put(root.path(), "proc/net/dev", &NET_DEV.replace("1000 10", "1000 ten"));
    kept.samples.clear();
    assert_eq!(sample_at(&mut group, 2, &mut kept), 5);
    let ended: Vec<_> =
        kept.vanished.iter().map(|(index, whole, _)| (group.names()[*index], *whole)).collect();
    assert_eq!(ended, [("interrupts", true), ("network", true)]);
    assert!(kept.vanished[0].2.contains("proc/stat"), "{:?}", kept.vanished);
    // What has ended stays ended, even when its file recovers: a hole would look like a burst.
    put(root.path(), "proc/stat", STAT);
    put(root.path(), "proc/net/dev", NET_DEV);
    kept.samples.clear();
    assert_eq!(sample_at(&mut group, 3, &mut kept), 5);
    assert_eq!((kept.samples.len(), kept.vanished.len()), (5, 2));
    for path in ["stat", "meminfo", "net/dev", "pressure/cpu", "pressure/io", "pressure/memory"] {
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
