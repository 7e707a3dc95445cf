//! A command: recorded and passed through, its exit status ours.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{Law, Place, seq};

#[test]
fn the_example_of_the_contract() {
    let place = Place::new();
    let script = "seq 1000; seq 1000 >&2; exit 7";
    let run = place.run(&["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script]).expect(7);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = place.holds(&summary, "x.flip");
    assert_eq!((law.received, law.written, law.dropped), (2000, 2000, 0));
    assert_eq!(summary["sources"]["stdout"]["received"], 1000);
    assert_eq!(summary["sources"]["stderr"]["received"], 1000);
    assert_eq!(run.out, seq(1000), "standard output is not passed through as it was");
    assert!(run.err.starts_with(&seq(1000)), "standard error is not passed through as it was");
}

#[test]
fn json_goes_to_standard_error_beside_a_command() {
    let place = Place::new();
    let run = place.run(&["record", "--json", "-w", "x.flip", "--", "echo", "data"]).expect(0);
    assert_eq!(run.out_text(), "data\n");
    assert_eq!(place.holds(&run.err_json(), "x.flip").received, 1);
}

#[test]
fn json_goes_to_standard_error_beside_a_journal_on_standard_output() {
    let place = Place::new();
    let run = place.feed(b"a\nb\n", &["record", "-", "-w", "-", "--json"]).expect(0);
    let summary = run.err_json();
    assert_eq!(Law::of(&summary).written, 2);
    assert_eq!(summary["files"], serde_json::json!(["-"]));
    place.write("x.flip", &run.out);
    place.holds(&summary, "x.flip");
}

#[test]
fn bytes_pass_through_untouched() {
    let place = Place::new();
    let input = crate::support::noise(300_000, 3);
    place.write("noise", &input);
    let run = place.run(&["record", "-q", "-w", "x.flip", "--", "cat", "noise"]).expect(0);
    assert!(run.out == input);
    assert!(place.raw("x.flip") == input);
    assert!(run.err.is_empty(), "{}", run.err_text());
}

#[test]
fn every_exit_status_is_ours() {
    let place = Place::new();
    for status in [0, 1, 2, 3, 42, 130, 255] {
        let script = format!("exit {status}");
        let args = ["record", "-q", "--force", "-w", "x.flip", "--", "sh", "-c", &script];
        place.run(&args).expect(status);
    }
}

#[test]
fn a_signal_that_kills_the_command_is_128_and_its_number() {
    let place = Place::new();
    for (name, number) in [("TERM", 15), ("KILL", 9), ("INT", 2), ("SEGV", 11)] {
        let script = format!("echo before; kill -{name} $$");
        let args = ["record", "--json", "--force", "-w", "x.flip", "--", "sh", "-c", &script];
        let summary = place.run(&args).expect(128 + number).err_json();
        assert_eq!(place.holds(&summary, "x.flip").received, 1);
        assert_eq!(summary["child_status"], 128 + number);
    }
}

#[test]
fn a_command_that_cannot_start_leaves_no_journal() {
    let place = Place::new();
    let run = place.run(&["record", "-w", "x.flip", "--", "./no-such-command"]).expect(1);
    run.says(&["no-such-command", "hint"]);
    place.write("plain", "no program");
    let mut mode = std::fs::metadata(place.path("plain")).unwrap().permissions();
    mode.set_mode(0o644);
    std::fs::set_permissions(place.path("plain"), mode).unwrap();
    place.run(&["record", "--", "./plain"]).expect(1).says(&["plain", "hint"]);
    assert_eq!(place.names(), ["plain"], "a journal was left behind");
}

#[test]
fn a_command_that_cannot_start_does_not_cost_the_old_journal() {
    let place = Place::new();
    place.feed(b"precious\n", &["record", "-", "-q", "-w", "x.flip"]).expect(0);
    place.run(&["record", "--force", "-w", "x.flip", "--", "./no-such-command"]).expect(1);
    assert!(place.path("x.flip").exists(), "--force removed a journal and put none in its place");
    assert_eq!(place.raw("x.flip"), b"precious\n");
}

#[test]
fn a_command_has_our_standard_input_unless_it_is_recorded() {
    let place = Place::new();
    let run = place.feed(b"typed\n", &["record", "-q", "-w", "a.flip", "--", "cat"]).expect(0);
    assert_eq!(run.out_text(), "typed\n");
    let run = place.feed(b"typed\n", &["record", "-", "-q", "-w", "b.flip", "--", "cat"]).expect(0);
    assert_eq!(run.out_text(), "");
    assert_eq!(place.raw("b.flip"), b"typed\n");
}

#[test]
fn options_behind_the_dashes_are_the_command_s() {
    let place = Place::new();
    let run =
        place.run(&["record", "-q", "-w", "x.flip", "--", "echo", "--json", "-w", "--", "-c"]).expect(0);
    assert_eq!(run.out_text(), "--json -w -- -c\n");
}

#[test]
fn a_reader_who_leaves_does_not_end_the_recording() {
    let place = Place::new();
    place.sh("\"$F\" record --json=s.json -w x.flip -- seq 100000 | head -1").expect(0);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = place.holds(&summary, "x.flip");
    assert_eq!(law.received, 100_000);
    assert_eq!(place.raw("x.flip"), seq(100_000));
}
