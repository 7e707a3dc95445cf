//! `--order`: what holds in both orders, and what tells them apart.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Law, Place, drain, seq, until};

const ORDERS: [&str; 2] = ["total", "per-writer"];

fn summary(place: &Place) -> Value {
    serde_json::from_slice(&place.read("s.json")).unwrap()
}

impl Place {
    /// The records of each source, as they are shown: numbers from 0 without a hole. All texts of each.
    fn texts(&self, journal: &str) -> BTreeMap<String, Vec<String>> {
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.shown(journal) {
            let source = texts.entry(line["source"].as_str().unwrap().to_owned()).or_default();
            assert_eq!(line["seq"], source.len(), "{line}");
            source.push(line["text"].as_str().unwrap_or_default().to_owned());
        }
        texts
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).split_inclusive('\n').map(str::to_owned).collect()
}

#[test]
fn each_verb_has_the_order_that_fits() {
    let place = Place::new();
    for (sources, order) in [(&["-"][..], "total"), (&["host"], "total"), (&["host", "-"], "per-writer")] {
        let args = ["record", "--duration", "50ms", "-w", "x.flip", "--force", "--json"];
        let said = place.feed(b"a\n", &[&args[..], sources].concat()).expect(0).json();
        assert_eq!(said["order"], order, "{sources:?}");
    }
    let said = place.feed(b"a\n", &["record", "-", "-w", "x.flip", "--force", "--json"]).expect(0).json();
    assert_eq!((&said["order"], &said["side_bytes"]), (&"total".into(), &(1 << 20).into()));
    let said = place.run(&["load", "--json", "--blocks", "10", "-w", "y.flip"]).expect(0).json();
    assert_eq!((&said["order"], &said["side_bytes"]), (&"per-writer".into(), &(1 << 18).into()));
    for order in ORDERS {
        let words = format!("{order} order");
        let args = ["record", "-", "--force", "-w", "x.flip", "--order", order];
        place.feed(b"a\n", &args).expect(0).says(&[&words]);
        let args = ["load", "--blocks", "10", "--force", "-w", "y.flip", "--order", order];
        place.run(&args).expect(0).says(&[&words]);
        let args = ["load", "--compare", "--blocks", "10", "--order", order];
        place.run(&args).expect(0).says(&[&words]);
    }
}

#[test]
fn standard_input_is_whole() {
    let place = Place::new();
    for order in ORDERS {
        for side in ["4096", "1MiB"] {
            let args = ["record", "-", "-w", "x.flip", "--force", "--json", "--side", side, "--order", order];
            let summary = place.feed(&seq(100_000), &args).expect(0).json();
            assert_eq!(summary["order"], order);
            assert_eq!(
                place.holds(&summary, "x.flip"),
                Law { received: 100_000, written: 100_000, dropped: 0 }
            );
            assert_eq!(place.raw("x.flip"), seq(100_000));
        }
    }
}

/// A side holds a line of 256 KiB with one lane, and must with three.
#[test]
fn the_longest_line_is_one_record_however_many_share_the_sides() {
    let place = Place::new();
    let mut line = vec![b'x'; 256 * 1024 - 1];
    line.push(b'\n');
    for (order, side) in [("total", 1 << 20), ("per-writer", 256 * 1024 + 24)] {
        let args = ["record", "-", "-w", "x.flip", "--force", "--json=s.json", "--order", order];
        place.feed(&line, &[&args[..], &["--", "sh", "-c", "seq 5; seq 6 >&2"]].concat()).expect(0);
        assert_eq!(summary(&place)["side_bytes"], side.max((1 << 20) / if order == "total" { 1 } else { 3 }));
        place.holds(&summary(&place), "x.flip");
        let texts = place.texts("x.flip");
        assert_eq!((texts["stdin"].len(), texts["stdout"].len(), texts["stderr"].len()), (1, 5, 6));
    }
}

#[test]
fn several_sources_are_whole_and_each_is_in_order() {
    let place = Place::new();
    let script = "seq 20000 & seq 30000 >&2; wait";
    for order in ORDERS {
        let args =
            ["record", "-", "-w", "x.flip", "--force", "--json=s.json", "--side", "16KiB", "--order", order];
        place.feed(&seq(25_000), &[&args[..], &["--", "sh", "-c", script]].concat()).expect(0);
        assert_eq!(place.holds(&summary(&place), "x.flip").written, 75_000);
        let texts = place.texts("x.flip");
        for (source, count) in [("stdin", 25_000), ("stdout", 20_000), ("stderr", 30_000)] {
            assert_eq!(texts[source], lines(&seq(count)), "{source}");
        }
    }
}

/// Within a block, and these lines are in one block, times go up whoever spoke.
#[test]
fn lanes_are_shown_by_time() {
    let place = Place::new();
    let script = "for i in 1 2 3 4; do echo a$i; sleep 0.05; echo b$i >&2; sleep 0.05; done";
    let args =
        ["record", "-w", "x.flip", "--linger", "1h", "--order", "per-writer", "--", "sh", "-c", script];
    place.run(&args).expect(0);
    let all: Vec<_> = place.shown("x.flip").iter().map(|line| line["text"].clone()).collect();
    assert_eq!(all, ["a1\n", "b1\n", "a2\n", "b2\n", "a3\n", "b3\n", "a4\n", "b4\n"]);
    // The raw view is that of the file, where each source stands by itself.
    assert_eq!(place.raw("x.flip"), b"a1\na2\na3\na4\nb1\nb2\nb3\nb4\n");
}

#[test]
fn the_host_for_a_second() {
    let place = Place::new();
    for order in ORDERS {
        let args = ["record", "--duration", "1s", "-w", "x.flip", "--force", "--json", "--order", order];
        let summary = place.run(&args).expect(0).json();
        let law = place.holds(&summary, "x.flip");
        assert!(law.received > 100 && law.dropped == 0, "{law:?}");
        assert!(place.texts("x.flip").len() > 1);
        assert!(summary["high_water_bytes"].as_u64().unwrap() > 0, "{summary}");
    }
}

#[test]
fn an_interrupt_ends_it_in_order() {
    for order in ORDERS {
        let place = Place::new();
        let args = ["record", "host", "-", "-w", "x.flip", "--json", "--linger", "1ms", "--order", order];
        let mut running = place.start(&args);
        running.say("a\nb\n");
        until("both lines are in the journal", || {
            place.run(&["show", "--raw", "--source", "stdin", "x.flip"]).out == b"a\nb\n"
        });
        running.signal(Signal::INT);
        let summary = running.wait().expect(0).json();
        assert!(place.holds(&summary, "x.flip").received > 2);
        assert_eq!(place.texts("x.flip")["stdin"], ["a\n", "b\n"]);
    }
}

/// Into a pipe that nobody reads for a while: the buffer is full for certain.
#[test]
fn what_a_full_buffer_drops_is_told_by_gaps() {
    for order in ORDERS {
        let place = Place::new();
        let args =
            ["record", "host", "-", "-w", "-", "--json=s.json", "--overflow", "drop", "--side", "16KiB"];
        let mut running = place.start_with_pipes(&[&args[..], &["--order", order]].concat());
        let mut pipe = running.stdin.take().unwrap();
        let feeder = std::thread::spawn(move || drop(std::io::Write::write_all(&mut pipe, &seq(100_000))));
        feeder.join().unwrap();
        std::thread::sleep(Duration::from_millis(100));
        place.write("x.flip", drain(running.stdout.take().unwrap()));
        running.wait().expect(0);
        let summary = summary(&place);
        let law = place.holds(&summary, "x.flip");
        assert_eq!(summary["sources"]["stdin"]["received"], 100_000);
        let (mut lost, mut numbers) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, Vec<u64>>::new());
        for line in place.shown("x.flip") {
            let source = line["source"].as_str().unwrap().to_owned();
            match line["lost_records"].as_u64() {
                Some(gap) => *lost.entry(source).or_default() += gap,
                None => numbers.entry(source).or_default().push(line["seq"].as_u64().unwrap()),
            }
        }
        assert_eq!(lost.values().sum::<u64>(), law.dropped);
        assert!(lost["stdin"] > 0, "{lost:?}");
        for (source, numbers) in numbers {
            assert!(numbers.is_sorted_by(|a, b| a < b), "{source} is out of order");
            let received = summary["sources"][&source]["received"].as_u64().unwrap();
            assert_eq!(numbers.len() as u64 + lost.get(&source).copied().unwrap_or(0), received, "{source}");
        }
    }
}

#[test]
fn a_killed_recording_keeps_a_prefix_of_each_source() {
    for order in ORDERS {
        let place = Place::new();
        let script = "exec seq 1000000000 & seq 1000000000 >&2 & wait";
        let args = ["record", "-w", "x.flip", "--linger", "1ms", "--side", "64KiB", "--order", order, "--"];
        let running = place.start(&[&args[..], &["sh", "-c", script]].concat());
        until("some of it is in the journal", || place.len("x.flip") > 1_000_000);
        running.signal(Signal::KILL);
        running.close().wait();
        let (code, found) = place.verify("x.flip");
        assert_eq!((code, &found["sealed"], &found["missing"]), (3, &false.into(), &0.into()), "{found}");
        assert_eq!(found["damages"], serde_json::json!([]));
        for source in ["stdout", "stderr"] {
            let out = place.run(&["show", "--raw", "--source", source, "x.flip"]).expect(1).out;
            let count = found["sources"][source]["records"].as_u64().unwrap();
            assert_eq!(lines(&out), lines(&seq(count)), "{source}");
        }
    }
}

/// The seal says exactly what stands before it, though the writers went on when the disk was full.
#[test]
fn a_full_disk_leaves_a_clean_journal() {
    let place = Place::new();
    for order in ORDERS {
        for _ in 0..10 {
            let command = format!(
                "trap '' XFSZ; ulimit -f 2000; ulimit -c 0; \"$F\" record --force -w x.flip --side 256KiB \
                --order {order} -- sh -c 'seq 300000 & seq 300000 >&2; wait' >/dev/null"
            );
            place.sh(&command).expect(1).says(&["x.flip", "hint"]);
            let (code, found) = place.verify("x.flip");
            assert_eq!((code, &found["sealed"]), (0, &true.into()), "{found}");
        }
    }
}

#[test]
fn load_is_equal_at_both_ends() {
    let place = Place::new();
    for order in ORDERS {
        for more in
            [&[][..], &["--writers", "1"], &["--side", "10024"], &["--writers", "40", "--side", "64KiB"]]
        {
            let args = ["load", "--json", "--force", "-w", "x.flip", "--blocks", "3000", "--order", order];
            let summary = place.run(&[&args[..], more].concat()).expect(0).json();
            assert_eq!(place.holds(&summary, "x.flip"), Law { received: 3000, written: 3000, dropped: 0 });
            assert_eq!((&summary["order"], &summary["equal_at_both_ends"]), (&order.into(), &true.into()));
        }
        let args = ["--overflow", "drop", "--side", "16KiB", "--reader-aux-work", "20us", "--blocks", "4000"];
        let args = [&["load", "--json", "--force", "-w", "x.flip", "--order", order], &args[..]].concat();
        let summary = place.run(&args).expect(0).json();
        assert!(place.holds(&summary, "x.flip").dropped > 0, "{summary}");
    }
}
