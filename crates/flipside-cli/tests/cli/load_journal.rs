//! What a load leaves on the disk, where it runs, and what it says.

use std::collections::BTreeMap;

use crate::support::{Law, Place, skipped};

fn contents(place: &Place, seed: &str, with: &str) -> BTreeMap<(String, u64), String> {
    let args = ["load", "-q", "--force", "-w", "x.flip", "--seed", seed, "--with", with];
    let args = [&args[..], &["--blocks", "300", "--writers", "3", "--max", "500"]].concat();
    place.run(&args).expect(0);
    let lines = place.shown("x.flip").into_iter();
    let key = |line: &serde_json::Value| {
        (line["source"].as_str().unwrap().to_owned(), line["seq"].as_u64().unwrap())
    };
    lines.map(|line| (key(&line), line["hex"].to_string() + &line["text"].to_string())).collect()
}

#[test]
fn a_seed_gives_the_same_blocks_again_whoever_carries_them() {
    let place = Place::new();
    let one = contents(&place, "7", "flipside");
    assert_eq!(one.len(), 300);
    for with in ["flipside", "mutex", "crossbeam"] {
        assert!(contents(&place, "7", with) == one, "{with}: other blocks from the same seed");
    }
    assert!(contents(&place, "8", "flipside") != one, "the same blocks from another seed");
}

#[test]
fn the_journal_can_go_to_standard_output() {
    let place = Place::new();
    let run = place.run(&["load", "--json", "--blocks", "500", "-w", "-"]).expect(0);
    let summary = run.err_json();
    assert_eq!(Law::of(&summary).written, 500);
    place.write("x.flip", &run.out);
    place.holds(&summary, "x.flip");
}

#[test]
fn the_words_have_the_law_and_both_ends() {
    let place = Place::new();
    let run = place.run(&["load", "--blocks", "500", "-w", "x.flip"]).expect(0);
    let texts =
        ["received 500 = written 500 + filtered 0 + dropped 0", "equal at both ends", "writers", "reader"];
    let run = run.says(&texts).says(&["x.flip", "read back: 500 of 500"]);
    assert!(run.out.is_empty());
}

#[test]
fn pin_auto_says_when_there_are_too_few_processors() {
    let place = Place::new();
    let args = ["load", "--pin", "auto", "--writers", "1024", "--blocks", "2048", "-w", "x.flip"];
    place.run(&args).expect(0).says(&["not pinned", "1025"]);
    assert_eq!(place.verify("x.flip").1["records"], 2048);
}

#[test]
fn pin_to_what_is_usable_and_no_further() {
    let place = Place::new();
    let usable = rustix::thread::sched_getaffinity(None).unwrap();
    let cpus: Vec<_> = (0..rustix::thread::CpuSet::MAX_CPU).filter(|&cpu| usable.is_set(cpu)).collect();
    let first = cpus[0].to_string();
    let args = ["load", "--force", "--blocks", "100", "-w", "x.flip", "--pin"];
    place.run(&[&args[..], &[&first]].concat()).expect(0).says(&["pinned: disk on", &first]);
    let unusable = (0..1024).find(|cpu| !cpus.contains(cpu)).unwrap_or(5000).to_string();
    let list = format!("{first},{unusable}");
    place.run(&[&args[..], &[&list]].concat()).expect(2).says(&["--pin", &unusable, "usable:", &first]);
    place.run(&["record", "-", "--pin", &unusable]).expect(2).says(&["--pin", &unusable]);
    if cpus.len() >= 2 {
        let run = place.run(&[&args[..], &["auto", "--writers", "1"]].concat()).expect(0);
        run.says(&["pinned: disk on"]);
    } else {
        skipped("pinning of two threads", "one processor is usable");
    }
}

#[test]
fn a_load_is_read_by_show_as_any_journal() {
    let place = Place::new();
    place.run(&["load", "-q", "--blocks", "50", "--writers", "2", "-w", "x.flip"]).expect(0);
    let one = place.run(&["show", "--json", "--source", "writer-1", "x.flip"]).expect(0).json_lines();
    assert_eq!(one.len(), 25);
    let raw = place.raw("x.flip").len() as u64;
    assert_eq!(place.verify("x.flip").1["bytes"], raw);
    // Random bytes cannot steer the terminal.
    let text = place.run(&["show", "x.flip"]).expect(0).out_text();
    assert!(!text.chars().any(|c| c != '\n' && c != '\t' && c.is_control()));
}
