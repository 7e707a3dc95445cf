//! Several sources at once.

use serde_json::Value;

use crate::support::{Place, seq};

#[test]
fn standard_input_and_a_command() {
    let place = Place::new();
    let args = ["record", "-", "-w", "x.flip", "--json=s.json", "--", "sh", "-c", "seq 500; seq 200 >&2"];
    let run = place.feed(&seq(300), &args).expect(0);
    assert_eq!(run.out, seq(500));
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1000);
    for (source, count) in [("stdin", 300), ("stdout", 500), ("stderr", 200)] {
        assert_eq!(summary["sources"][source]["received"], count);
        let shown = place.run(&["show", "--raw", "--source", source, "x.flip"]).expect(0);
        assert_eq!(shown.out, seq(count), "{source}");
    }
}

#[test]
fn the_host_and_a_command_end_with_the_command() {
    let place = Place::new();
    let args = ["record", "host", "-w", "x.flip", "--json=s.json", "--", "sh", "-c", "sleep 0.5; echo done"];
    place.run(&args).expect(0);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = place.holds(&summary, "x.flip");
    assert!(law.received > 1, "{law:?}");
    assert_eq!(summary["sources"]["stdout"]["received"], 1);
}

#[test]
fn the_host_and_standard_input_end_with_the_input() {
    let place = Place::new();
    let mut running = place.start(&["record", "host", "-", "-w", "x.flip", "--json"]);
    running.say("a\nb\n");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let summary = running.close().wait().expect(0).json();
    assert!(place.holds(&summary, "x.flip").received > 2);
    assert_eq!(summary["sources"]["stdin"]["received"], 2);
}

#[test]
fn every_source_of_the_summary_is_in_the_journal() {
    let place = Place::new();
    let args =
        ["record", "host", "-", "-w", "x.flip", "--json=s.json", "--duration", "300ms", "--", "echo", "x"];
    place.feed(b"a\n", &args).expect(0);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let (_, found) = place.verify("x.flip");
    for (name, source) in summary["sources"].as_object().unwrap() {
        assert_eq!(found["sources"][name]["records"], source["written"], "{name}: {found}");
    }
}
