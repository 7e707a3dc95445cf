//! `load`: the sums are equal at both ends, and its flags do what they say.

use serde_json::Value;

use crate::support::{Law, Place};

fn load(place: &Place, more: &[&str]) -> Value {
    place.run(&[&["load", "--json", "--force", "-w", "x.flip"], more].concat()).expect(0).json()
}

fn assert_quantiles(of: &Value) {
    let at = |name: &str| of[name].as_u64().unwrap_or_else(|| panic!("no {name} in {of}"));
    assert!(at("p50") <= at("p99") && at("p99") <= at("p99.9") && at("p99.9") <= at("max"), "{of}");
}

#[test]
fn blocks_are_exact_and_equal_at_both_ends_whoever_carries_them() {
    let place = Place::new();
    for with in ["flipside", "mutex", "crossbeam"] {
        for (blocks, writers) in [("1", "4"), ("1000", "1"), ("1001", "4"), ("5000", "3")] {
            let summary = load(&place, &["--with", with, "--blocks", blocks, "--writers", writers]);
            let law = place.holds(&summary, "x.flip");
            let wanted: u64 = blocks.parse().unwrap();
            assert_eq!((law.received, law.written, law.dropped), (wanted, wanted, 0), "{with}");
            assert_eq!(summary["with"], with);
            assert_eq!(summary["writers"].to_string(), writers);
            assert_eq!(summary["equal_at_both_ends"], true);
            assert_eq!(summary["read_back"]["records"], wanted);
            assert_eq!(summary["sources"].as_object().unwrap().len().to_string(), writers);
        }
    }
}

#[test]
fn the_fields_of_a_measurement_are_there() {
    let place = Place::new();
    for with in ["flipside", "mutex", "crossbeam"] {
        let summary = load(&place, &["--with", with, "--blocks", "3000"]);
        assert_quantiles(&summary["write_ns"]);
        assert_quantiles(&summary["latency_ns"]);
        assert_quantiles(&summary["sizes"]);
        assert!(summary["writer_waits"].is_u64(), "{summary}");
        assert!(summary["cpu_s"].as_f64().unwrap() > 0.0);
        assert!(summary["peak_rss_bytes"].as_u64().unwrap() > 100_000);
        assert!(summary["seconds"].as_f64().unwrap() > 0.0);
        assert!(summary["flips"].as_u64().unwrap() > 0);
        assert!(summary["high_water_bytes"].as_u64().unwrap() > 0);
    }
}

#[test]
fn sizes_stay_between_min_and_max() {
    let place = Place::new();
    for (min, max) in [(10, 10_000), (64, 64), (1, 1), (1, 300), (4000, 4096)] {
        let args = ["--blocks", "2000", "--min", &min.to_string(), "--max", &max.to_string()];
        let summary = load(&place, &args);
        let size = |name: &str| summary["sizes"][name].as_u64().unwrap();
        assert!(min <= size("min") && size("max") <= max, "{summary}");
        place.holds(&summary, "x.flip");
        if min == max {
            assert_eq!(summary["bytes"], 2000 * min);
        }
    }
    let args = ["--blocks", "100", "--min", "1KiB", "--max", "64KiB"];
    assert!(load(&place, &args)["sizes"]["min"].as_u64().unwrap() >= 1024);
}

#[test]
fn the_smallest_sides_do() {
    let place = Place::new();
    let args = ["--side", "4096", "--max", "4000", "--blocks", "2000"];
    place.holds(&load(&place, &args), "x.flip");
    let args = ["--side", "64", "--min", "1", "--max", "40", "--blocks", "2000"];
    place.holds(&load(&place, &args), "x.flip");
}

#[test]
fn dropping_obeys_the_law() {
    let place = Place::new();
    let slow = ["--side", "16KiB", "--reader-aux-work", "20us", "--blocks", "4000"];
    let summary = load(&place, &[&slow[..], &["--overflow", "drop"]].concat());
    let law = place.holds(&summary, "x.flip");
    assert_eq!(law.received, 4000);
    assert!(law.dropped > 0, "{summary}");
    assert_eq!(summary["equal_at_both_ends"], true);
    assert_eq!(summary["read_back"]["good"], true);
}

#[test]
fn failing_is_an_error_and_obeys_the_law() {
    let place = Place::new();
    let args = ["load", "--json", "-w", "x.flip", "--side", "16KiB", "--reader-aux-work", "50us"];
    let run = place.run(&[&args[..], &["--blocks", "20000", "--overflow", "fail"]].concat()).expect(1);
    let run = run.says(&["--overflow", "hint"]);
    let law = place.holds_after_refusal(&run.json());
    assert!(law.received < 20_000 && law.dropped > 0, "{law:?}");
}

impl Place {
    /// A refused block is reported to its writer, and need not stand in the journal as lost.
    fn holds_after_refusal(&self, summary: &Value) -> Law {
        let (code, found) = self.verify("x.flip");
        let law = Law::of(summary);
        assert!(code == 0 && found["records"] == law.written, "{found}\n{summary}");
        law
    }
}

#[test]
fn compare_runs_all_three() {
    let place = Place::new();
    let run = place.run(&["load", "--compare", "--json", "--blocks", "500"]).expect(0);
    let rows = run.json()["compare"].as_array().unwrap().clone();
    let names: Vec<_> = rows.iter().map(|row| row["with"].clone()).collect();
    assert_eq!(names, ["flipside", "mutex", "crossbeam"]);
    for row in &rows {
        assert_eq!(Law::of(row).written, 500);
        assert_eq!(row["equal_at_both_ends"], true);
        assert_quantiles(&row["write_ns"]);
        assert_quantiles(&row["latency_ns"]);
    }
    assert!(place.names().is_empty(), "journals nobody asked for: {:?}", place.names());
}

#[test]
fn compare_with_a_name_keeps_all_three_journals() {
    let place = Place::new();
    let run = place.run(&["load", "--compare", "--blocks", "500", "-w", "x.flip"]).expect(0);
    for word in ["flipside", "mutex", "crossbeam", "█"] {
        assert!(run.err_text().contains(word), "{word:?} is not in {}", run.err_text());
    }
    let names = ["x-crossbeam.flip", "x-flipside.flip", "x-mutex.flip"];
    assert_eq!(place.names(), names);
    for name in names {
        assert_eq!(place.verify(name).1["records"], 500);
    }
    // One that exists is found out before anything runs.
    std::fs::remove_file(place.path("x-flipside.flip")).unwrap();
    let args = ["load", "--compare", "--blocks", "500", "-w", "x.flip"];
    place.run(&args).expect(1).says(&["already exists", "--force"]);
    assert_eq!(
        place.names(),
        ["x-crossbeam.flip", "x-mutex.flip"],
        "the first ran although the second cannot"
    );
}

#[test]
fn duration_ends_it() {
    let place = Place::new();
    for with in ["flipside", "mutex", "crossbeam"] {
        let summary = load(&place, &["--with", with, "--duration", "100ms", "--aux-work", "10us"]);
        assert!(place.holds(&summary, "x.flip").received > 0);
    }
}
