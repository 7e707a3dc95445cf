//! A journal that cannot be written.

use serde_json::Value;

use crate::support::{Law, Place, drain, seq};

#[test]
fn a_full_device_is_an_error_with_a_way_out() {
    let place = Place::new();
    let run = place.feed(&seq(1000), &["record", "-", "-w", "/dev/full"]).expect(1);
    run.says(&["/dev/full", "No space left", "hint"]);
    let run = place.run(&["load", "--blocks", "100", "-w", "/dev/full"]).expect(1);
    run.says(&["/dev/full", "No space left", "hint"]);
}

/// `ulimit -f` counts blocks of 512 or of 1024 bytes: about a megabyte, then EFBIG.
fn limited(place: &Place, trap: &str, command: &str) -> crate::support::Run {
    place.sh(&format!("{trap} ulimit -f 1000; ulimit -c 0; {command}"))
}

fn assert_cut_short(place: &Place) {
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = Law::of(&summary);
    assert_eq!(law.received, law.written + law.dropped);
    assert!(law.dropped > 0, "{summary}");
    assert!(summary["error"].as_str().is_some_and(|error| error.contains("x.flip")), "{summary}");
    // What was written before is kept: a prefix, and the summary counts exactly it.
    let (code, found) = place.verify("x.flip");
    assert_eq!(found["records"], law.written, "{found}\n{summary}");
    assert!(code == 0 || code == 3, "{found}");
    assert_eq!(found["damages"], serde_json::json!([]), "{found}");
    let raw = place.run(&["show", "--raw", "x.flip"]).out;
    assert!(seq(200_000).starts_with(&raw), "not a prefix of what was recorded");
}

#[test]
fn a_file_size_limit_is_an_error_and_keeps_what_was_written() {
    let place = Place::new();
    let command = "seq 200000 | \"$F\" record - -w x.flip --json=s.json";
    limited(&place, "trap '' XFSZ;", command).expect(1).says(&["x.flip", "hint"]);
    assert_cut_short(&place);
}

#[test]
fn a_file_size_limit_does_not_kill_the_recorder_by_sigxfsz() {
    let place = Place::new();
    let command = "seq 200000 | \"$F\" record - -w x.flip --json=s.json";
    limited(&place, "", command).expect(1).says(&["x.flip", "hint"]);
    assert_cut_short(&place);
}

#[test]
fn a_failing_journal_ends_the_command_and_is_the_exit_status() {
    let place = Place::new();
    let command = "\"$F\" record -w x.flip --json=s.json -- yes >/dev/null";
    limited(&place, "trap '' XFSZ;", command).expect(1).says(&["x.flip", "hint"]);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert!(Law::of(&summary).dropped > 0);
}

#[test]
fn a_failing_journal_comes_before_loss_and_the_status_of_the_command() {
    let place = Place::new();
    let command =
        "\"$F\" record --fail-on-loss -w x.flip --json=s.json -- sh -c 'seq 200000; exit 7' >/dev/null";
    limited(&place, "trap '' XFSZ;", command).expect(1);
    Law::of(&serde_json::from_slice(&place.read("s.json")).unwrap());
}

#[test]
fn a_failing_journal_ends_a_load() {
    let place = Place::new();
    for with in ["flipside", "mutex", "crossbeam"] {
        let command = format!("\"$F\" load --force --with {with} --blocks 2000 -w x.flip --json=s.json");
        limited(&place, "trap '' XFSZ;", &command).expect(1).says(&["x.flip", "hint"]);
        let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
        let law = Law::of(&summary);
        assert!(law.dropped > 0, "{with}: {summary}");
        assert_eq!(place.verify("x.flip").1["records"], law.written, "{with}: {summary}");
    }
}

#[test]
fn a_reader_of_the_journal_who_leaves_is_no_panic() {
    let place = Place::new();
    let command =
        "{ seq 1000000 | \"$F\" record - -w - --json=s.json; echo $? >code; } | head -c 1000 >start";
    place.sh(command).expect(0);
    assert_eq!(place.read("code"), b"1\n");
    let law = Law::of(&serde_json::from_slice(&place.read("s.json")).unwrap());
    assert!(law.dropped > 0, "{law:?}");
}

#[test]
fn a_reader_of_the_journal_who_waits_is_waited_for() {
    let place = Place::new();
    let mut running = place.start_with_pipes(&["record", "-", "-w", "-", "--json=s.json", "--side", "4096"]);
    let mut pipe = running.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut pipe, &seq(100_000)));
    std::thread::sleep(std::time::Duration::from_millis(300));
    place.write("x.flip", drain(running.stdout.take().unwrap()));
    running.wait().expect(0);
    feeder.join().unwrap().unwrap();
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").dropped, 0);
    assert_eq!(place.raw("x.flip"), seq(100_000));
}

#[test]
fn a_summary_that_cannot_be_written_is_an_error_before_the_recording() {
    let place = Place::new();
    let args = ["record", "-", "-w", "x.flip", "--json=nowhere/s.json"];
    place.feed(b"a\n", &args).expect(1).says(&["nowhere/s.json", "hint"]);
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn a_journal_is_not_poured_onto_a_terminal() {
    let place = Place::new();
    if place.sh("command -v script").code() != 0 {
        return crate::support::skipped("a journal on a terminal", "script(1) is missing");
    }
    let script =
        r#"seq 3 >input; script -qec '"$F" record - -w - <input; echo $? >code' /dev/null >terminal"#;
    place.sh(script).expect(0);
    assert_eq!(place.read("code"), b"2\n");
    assert!(!place.read("terminal").windows(4).any(|four| four == b"FLIP"), "binary on a terminal");
}
