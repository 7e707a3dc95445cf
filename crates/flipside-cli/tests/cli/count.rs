//! `-c` is exact, and `--duration` ends what would not.

use serde_json::Value;

use crate::support::{Place, seq};

#[test]
fn count_is_exact() {
    for count in [1, 2, 999, 1000] {
        let place = Place::new();
        let text = count.to_string();
        let args = ["record", "-", "-w", "x.flip", "--json", "-c", &text];
        let summary = place.feed(&seq(1000), &args).expect(0).json();
        let law = place.holds(&summary, "x.flip");
        assert_eq!((law.received, law.written), (count, count));
        assert_eq!(place.raw("x.flip"), seq(count));
    }
}

#[test]
fn more_than_there_are_is_no_error() {
    let place = Place::new();
    let summary =
        place.feed(&seq(5), &["record", "-", "-w", "x.flip", "--json", "-c", "1000"]).expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 5);
}

#[test]
fn a_slow_producer_is_not_waited_for_after_the_last_record() {
    let place = Place::new();
    let mut running = place.start(&["record", "-", "-w", "x.flip", "--json", "-c", "3"]);
    running.say("a\nb\n");
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!running.is_over(), "ended before the third record");
    running.say("c\n");
    // The pipe stays open, and nothing more comes.
    let pipe = running.stdin.take();
    let summary = running.wait().expect(0).json();
    drop(pipe);
    assert_eq!(place.holds(&summary, "x.flip").received, 3);
}

#[test]
fn count_is_over_all_sources_together() {
    let place = Place::new();
    let args = [
        "record",
        "-",
        "-w",
        "x.flip",
        "--json=s.json",
        "-c",
        "1500",
        "--",
        "sh",
        "-c",
        "seq 1000; seq 1000 >&2",
    ];
    let run = place.feed(&seq(1000), &args);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1500, "{}", run.err_text());
}

#[test]
fn count_ends_an_endless_command() {
    let place = Place::new();
    let run = place.run(&["record", "-w", "x.flip", "--json=s.json", "-c", "1000", "--", "yes"]);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = place.holds(&summary, "x.flip");
    assert_eq!((law.received, law.written), (1000, 1000));
    // Its own status, whatever ended it.
    assert_eq!(summary["child_status"], run.code());
}

#[test]
fn count_is_exact_where_records_are_dropped_too() {
    let place = Place::new();
    let args =
        ["record", "-", "-w", "x.flip", "--json", "-c", "5000", "--side", "4096", "--overflow", "drop"];
    let summary = place.feed(&seq(20_000), &args).expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 5000);
}

#[test]
fn duration_ends_an_open_input() {
    let place = Place::new();
    let mut running = place.start(&["record", "-", "-w", "x.flip", "--json", "--duration", "300ms"]);
    running.say("a\nunfinished");
    let pipe = running.stdin.take();
    let summary = running.wait().expect(0).json();
    drop(pipe);
    assert_eq!(place.holds(&summary, "x.flip").received, 2);
    assert_eq!(place.raw("x.flip"), b"a\nunfinished");
}

#[test]
fn duration_ends_an_endless_command() {
    let place = Place::new();
    let script = "echo begun; exec sleep 100";
    let args = ["record", "-w", "x.flip", "--json=s.json", "--duration", "300ms", "--", "sh", "-c", script];
    place.run(&args);
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    assert_eq!(place.holds(&summary, "x.flip").received, 1);
}

#[test]
fn an_input_that_ends_first_is_not_waited_on() {
    let place = Place::new();
    let args = ["record", "-", "-w", "x.flip", "--json", "--duration", "10m"];
    let summary = place.feed(b"a\n", &args).expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 1);
}
