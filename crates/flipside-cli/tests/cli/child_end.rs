//! Commands that do not want to end.

use rustix::process::Signal;

use crate::support::{Place, drain, until};

#[test]
fn a_command_that_ignores_sigterm_is_not_waited_for_forever() {
    let place = Place::new();
    let script = "trap '' TERM; echo begun; sleep 15; >late";
    let args = ["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script];
    let running = place.start(&args);
    until("the command has begun", || place.len("x.flip") > 200);
    running.signal(Signal::TERM);
    running.close().wait();
    assert!(!place.path("late").exists(), "it was waited for");
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1);
}

#[test]
fn a_command_that_is_left_running_is_told_and_is_no_success() {
    let place = Place::new();
    let script = "trap '' TERM; echo begun; sleep 15";
    let running = place.start(&["record", "-w", "x.flip", "--", "sh", "-c", script]);
    until("the command has begun", || place.len("x.flip") > 200);
    running.signal(Signal::TERM);
    let run = running.close().wait();
    let said = run.err_text();
    assert_ne!(run.code(), 0, "the status of a command that has not ended cannot be known:\n{said}");
    assert!(said.contains("still running") || said.contains("did not end"), "{said}");
}

#[test]
fn what_a_grandchild_says_after_the_command_has_ended_is_recorded() {
    // As behind any pipe: the end is where the last writer closes it.
    let place = Place::new();
    let script = "echo before; { sleep 1; echo after; } & exit 5";
    place.run(&["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script]).expect(5);
    assert_eq!(place.raw("x.flip"), b"before\nafter\n");
    place.holds(&serde_json::from_slice(&place.read("s.json")).unwrap(), "x.flip");
}

#[test]
fn a_grandchild_that_keeps_the_pipes_open_does_not_keep_an_interrupted_recording() {
    let place = Place::new();
    let script = "echo before; { sleep 20; >late; } & exit 5";
    let running = place.start(&["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script]);
    until("the first line is recorded", || place.len("x.flip") > 200);
    // Let the command itself end.
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(Signal::TERM);
    running.close().wait().expect(5);
    assert!(!place.path("late").exists(), "it was waited for");
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1);
}

#[test]
fn after_a_signal_the_grandchild_is_not_waited_for() {
    let place = Place::new();
    let script = "{ sleep 15; >late; } & echo begun; wait";
    let args = ["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script];
    let running = place.start(&args);
    until("the command has begun", || place.len("x.flip") > 200);
    running.signal(Signal::INT);
    running.close().wait();
    assert!(!place.path("late").exists(), "it was waited for");
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1);
}

#[test]
fn sigterm_reaches_the_command_and_its_last_words_are_recorded() {
    let place = Place::new();
    let script = "trap 'echo last words; exit 9' TERM; echo begun; while :; do sleep 0.05; done";
    let running = place.start(&["record", "--json=s.json", "-w", "x.flip", "--", "sh", "-c", script]);
    until("the command has begun", || place.len("x.flip") > 200);
    running.signal(Signal::TERM);
    running.close().wait().expect(9);
    assert_eq!(place.raw("x.flip"), b"begun\nlast words\n");
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 2);
}

#[test]
fn a_pass_through_that_is_stuck_does_not_keep_an_interrupted_recording() {
    let place = Place::new();
    let running = place.start_with_pipes(&[
        "record",
        "--json=s.json",
        "-w",
        "x.flip",
        "--overflow",
        "block",
        "--",
        "yes",
    ]);
    until("something is recorded", || place.len("x.flip") > 10_000);
    running.signal(Signal::INT);
    running.wait();
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert!(place.holds(&summary, "x.flip").received > 0);
}

#[test]
fn a_second_interrupt_ends_at_once_with_130() {
    let place = Place::new();
    let script = "trap '' INT TERM; while :; do echo x; done";
    let mut running = place.start_with_pipes(&["record", "-w", "x.flip", "--", "sh", "-c", script]);
    until("something is recorded", || place.len("x.flip") > 10_000);
    // A signal that is pending already is not sent twice: so until it has ended.
    until("it ends", || {
        if running.is_over() {
            return true;
        }
        running.signal(Signal::INT);
        std::thread::sleep(std::time::Duration::from_millis(50));
        false
    });
    let pipe = running.stdout.take().unwrap();
    running.wait().expect(130);
    drop(pipe);
    // What was written until then is good; the journal has no seal.
    let (code, verdict) = place.verify("x.flip");
    assert!(code == 3 && verdict["verdict"] == "cut", "{verdict}");
}

#[test]
fn a_slow_reader_gets_everything_in_the_end() {
    let place = Place::new();
    let mut running = place.start_with_pipes(&["record", "-q", "-w", "x.flip", "--", "seq", "200000"]);
    let pipe = running.stdout.take().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let out = drain(pipe);
    running.wait().expect(0);
    assert!(out == crate::support::seq(200_000));
    assert!(place.raw("x.flip") == out);
}
