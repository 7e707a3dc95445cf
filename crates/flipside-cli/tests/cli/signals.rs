//! Ctrl-C, SIGTERM and SIGUSR1.

use rustix::process::Signal;

use crate::support::{Place, Running, seq, until};

fn recorder_with_a_thousand_lines(place: &Place) -> Running {
    let mut running = place.start(&["record", "-", "-w", "x.flip", "--json"]);
    running.say(&String::from_utf8(seq(1000)).unwrap());
    until("the lines are recorded", || place.len("x.flip") > 20_000);
    running
}

#[test]
fn a_first_signal_ends_the_recording_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = Place::new();
        let mut running = recorder_with_a_thousand_lines(&place);
        running.say("half a line");
        // Until it was read nobody can promise it.
        std::thread::sleep(std::time::Duration::from_millis(200));
        running.signal(signal);
        let pipe = running.stdin.take();
        let summary = running.wait().expect(0).json();
        drop(pipe);
        assert_eq!(place.holds(&summary, "x.flip").received, 1001);
        assert_eq!(place.raw("x.flip"), [seq(1000), b"half a line".to_vec()].concat());
    }
}

#[test]
fn sigusr1_prints_statistics_and_the_recording_goes_on() {
    let place = Place::new();
    let mut running = recorder_with_a_thousand_lines(&place);
    for _ in 0..3 {
        let before = running.said().len();
        running.signal(Signal::USR1);
        until("statistics are printed", || running.said()[before..].contains("written"));
    }
    let said = running.said();
    assert!(said.contains("stdin") && said.contains("1,000"), "{said}");
    running.say("one more\n");
    let summary = running.close().wait().expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 1001);
}

#[test]
fn sigusr1_does_not_spoil_a_journal_on_standard_output() {
    let place = Place::new();
    let mut running = place.start(&["record", "-", "-w", "-", "-q"]);
    running.say("a\n");
    running.signal_until_said(Signal::USR1, "written");
    let run = running.close().wait().expect(0);
    place.write("x.flip", &run.out);
    assert_eq!(place.raw("x.flip"), b"a\n");
}

impl Running {
    /// Sends a signal until the answer is there: it may come before the program listens, which for this one
    /// would be its end.
    fn signal_until_said(&mut self, signal: Signal, what: &str) {
        std::thread::sleep(std::time::Duration::from_millis(300));
        until(what, || {
            self.signal(signal);
            std::thread::sleep(std::time::Duration::from_millis(50));
            self.said().contains(what)
        });
    }
}

#[test]
fn a_signal_during_a_load_ends_it_in_order() {
    for signal in [Signal::INT, Signal::TERM] {
        let place = Place::new();
        let args = ["load", "-w", "x.flip", "--json", "--duration", "1h", "--aux-work", "20us"];
        let running = place.start(&args);
        until("the load runs", || place.len("x.flip") > 100_000);
        running.signal(signal);
        let summary = running.close().wait().expect(0).json();
        place.holds(&summary, "x.flip");
        assert_eq!(summary["equal_at_both_ends"], true);
    }
}

#[test]
fn an_interrupted_host_recording_is_whole() {
    let place = Place::new();
    let running = place.start(&["record", "-w", "x.flip", "--json", "--duration", "1h"]);
    until("the host is recorded", || place.len("x.flip") > 5_000);
    running.signal(Signal::INT);
    let summary = running.close().wait().expect(0).json();
    assert!(place.holds(&summary, "x.flip").received > 0);
}

#[test]
fn stopped_in_the_middle_of_a_flood() {
    let place = Place::new();
    // Not INT: a shell without job control starts its background commands with that ignored.
    let script = "yes | { exec 3<&0; \"$F\" record - <&3 -w x.flip --json=s.json & p=$!
        sleep 0.5; kill -TERM $p; wait $p; }";
    place.sh(script).expect(0);
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert!(place.holds(&summary, "x.flip").received > 0);
}
