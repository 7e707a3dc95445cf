//! `verify`: what is good, what is no journal, what is in it.

use crate::support::{Place, seq};

#[test]
fn good_is_0_with_counts_by_source() {
    let place = Place::new();
    place.run(&["record", "-q", "-w", "x.flip", "--", "sh", "-c", "seq 1200; seq 34 >&2"]).expect(0);
    let told = place.run(&["verify", "x.flip"]).expect(0).out_text();
    for text in ["x.flip: good", "1,234 records", "sealed", "stdout: 1,200 records", "stderr: 34 records"] {
        assert!(told.contains(text), "{text:?} is not in {told}");
    }
    let (code, found) = place.verify("x.flip");
    assert_eq!((code, &found["good"]), (0, &true.into()));
    assert_eq!(found["sources"]["stderr"]["records"], 34);
    assert_eq!(found["file_len"], place.len("x.flip"));
    assert_eq!(found["good_len"], found["file_len"]);
}

#[test]
fn an_empty_recording_is_good() {
    let place = Place::new();
    let summary = place.run(&["record", "-", "-w", "x.flip", "--json"]).expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 0);
    assert!(place.raw("x.flip").is_empty());
}

#[test]
fn what_is_no_journal_is_1_with_a_way_out() {
    let place = Place::new();
    place.write("text", "just some text, and long enough to hold the header of a journal if it were one\n");
    place.write("zeros", vec![0; 1000]);
    std::fs::create_dir(place.path("folder")).unwrap();
    for name in ["text", "zeros", "folder", "missing"] {
        for verb in ["verify", "show"] {
            let run = place.run(&[verb, name]).expect(1).says(&[name, "hint"]);
            assert!(run.out.is_empty(), "{verb} {name}: {}", run.out_text());
        }
    }
    place.run(&["verify", env!("CARGO_BIN_EXE_flipside")]).expect(1).says(&["not a journal"]);
}

#[test]
fn an_empty_file_is_never_good() {
    let place = Place::new();
    place.write("empty", "");
    let run = place.run(&["verify", "empty"]).says(&["empty", "hint"]);
    assert!(matches!(run.code(), 1 | 3), "{}", run.code());
    let run = place.run(&["show", "empty"]).says(&["empty", "hint"]);
    assert_ne!(run.code(), 0);
}

#[test]
fn the_worst_of_several_is_the_status_and_all_are_told() {
    let place = Place::new();
    place.feed(&seq(100), &["record", "-", "-q", "-w", "good"]).expect(0);
    let bytes = place.read("good");
    place.write("cut", &bytes[..bytes.len() / 2]);
    place.write("text", "no journal, and long enough not to be taken for the beginning of one, is it not\n");
    let told = |files: &[&str], code: i32| {
        let out = place.run(&[&["verify"], files].concat()).expect(code).out_text();
        files.iter().for_each(|file| assert!(*file == "text" || out.contains(file), "{file}: {out}"));
    };
    told(&["good", "good"], 0);
    told(&["good", "cut"], 3);
    told(&["cut", "good"], 3);
    told(&["cut", "text", "good"], 1);
    told(&["text", "cut"], 1);
}

#[test]
fn a_journal_on_standard_input() {
    let place = Place::new();
    place.sh("seq 100 | \"$F\" record - -w - | \"$F\" verify -").expect(0);
    place.sh("seq 100 | \"$F\" record - -w - | head -c 500 | \"$F\" verify -").expect(3);
    place.sh("seq 100 | \"$F\" verify -").expect(1);
    place.sh("\"$F\" verify - </dev/null").says(&["hint"]);
}

#[test]
fn json_is_one_line_for_each_file() {
    let place = Place::new();
    place.feed(&seq(10), &["record", "-", "-q", "-w", "a.flip"]).expect(0);
    place.write("empty", "");
    let run = place.run(&["verify", "--json", "a.flip", "empty", "missing", "a.flip"]).expect(1);
    let goods: Vec<_> = run.json_lines().iter().map(|line| line["good"].clone()).collect();
    assert_eq!(goods, [true, false, false, true]);
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let place = Place::new();
    place.feed(&seq(10), &["record", "-", "-q", "-w", "a.flip"]).expect(0);
    place.sh("\"$F\" verify a.flip | true").expect(0);
    place.sh("\"$F\" verify a.flip >/dev/full").expect(1).says(&["standard output"]);
}
