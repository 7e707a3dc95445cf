//! What happens when the buffer is full, and which exit status wins.

use serde_json::Value;

use crate::support::{Law, Place, drain, seq};

const LINES: u64 = 100_000;

/// Records into a pipe that nobody reads until the input is used up: the buffer is full for certain.
fn into_a_stuck_pipe(place: &Place, more: &[&str]) -> (i32, String, Value) {
    let args = [&["record", "-", "-w", "-", "--json=s.json", "--side", "4096"], more].concat();
    let mut running = place.start_with_pipes(&args);
    let mut pipe = running.stdin.take().unwrap();
    let (used_up, all) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        // A recording that has failed reads no more.
        drop(std::io::Write::write_all(&mut pipe, &seq(LINES)));
        drop(pipe);
        let _ = used_up.send(());
    });
    // One that has failed also waits for its journal to get through, and that waits for us.
    let _ = all.recv_timeout(std::time::Duration::from_secs(2));
    place.write("x.flip", drain(running.stdout.take().unwrap()));
    let run = running.wait();
    writer.join().unwrap();
    (run.code(), run.err_text(), serde_json::from_slice(&place.read("s.json")).unwrap())
}

#[test]
fn drop_counts_and_tells_in_the_journal() {
    let place = Place::new();
    let (code, _, summary) = into_a_stuck_pipe(&place, &["--overflow", "drop"]);
    assert_eq!(code, 0);
    let law = place.holds(&summary, "x.flip");
    assert_eq!(law.received, LINES);
    assert!(law.dropped > 0 && law.written > 0, "{law:?}");
    // Numbers go up, and what they leave out is told by gaps, at the latest one block behind.
    let (mut next, mut lost, mut written) = (0, 0, 0);
    for line in place.shown("x.flip") {
        if let Some(gap) = line["lost_records"].as_u64() {
            lost += gap;
            continue;
        }
        let seq = line["seq"].as_u64().unwrap();
        assert!(seq >= next, "{seq} after {next}");
        assert_eq!(line["text"], format!("{}\n", seq + 1));
        next = seq + 1;
        written += 1;
    }
    assert_eq!((written + lost, lost), (LINES, law.dropped));
    let text = place.run(&["show", "x.flip"]).expect(0).out_text();
    assert!(text.contains("lost here"));
}

#[test]
fn drop_with_fail_on_loss_is_3() {
    let place = Place::new();
    let (code, said, summary) = into_a_stuck_pipe(&place, &["--overflow", "drop", "--fail-on-loss"]);
    assert_eq!(code, 3, "{said}");
    assert!(Law::of(&summary).dropped > 0);
}

#[test]
fn fail_on_loss_without_loss_is_0() {
    let place = Place::new();
    let args = ["record", "-", "-w", "x.flip", "--fail-on-loss", "--overflow", "drop", "--json"];
    let summary = place.feed(b"a\n", &args).expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").dropped, 0);
}

#[test]
fn fail_is_an_error_with_a_way_out() {
    for more in [&["--overflow", "fail"][..], &["--overflow", "fail", "--fail-on-loss"]] {
        let place = Place::new();
        let (code, said, summary) = into_a_stuck_pipe(&place, more);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("full") && said.contains("--side") && said.contains("hint"), "{said}");
        let law = Law::of(&summary);
        assert!(law.dropped > 0 && law.received < LINES, "{law:?}");
        assert!(summary["error"].is_string());
        // What was accepted before is there, in order.
        let (code, found) = place.verify("x.flip");
        assert!(code == 0 && found["records"] == law.written, "{found}\n{summary}");
        assert!(seq(LINES).starts_with(&place.raw("x.flip")));
    }
}

#[test]
fn block_loses_nothing_with_the_smallest_side() {
    let place = Place::new();
    let (code, _, summary) = {
        let args = ["record", "-", "-w", "x.flip", "--json=s.json", "--side", "4096", "--overflow", "block"];
        let run = place.feed(&seq(LINES), &args);
        (run.code(), run.err_text(), serde_json::from_slice(&place.read("s.json")).unwrap())
    };
    assert_eq!(code, 0);
    let law = place.holds(&summary, "x.flip");
    assert_eq!((law.written, law.dropped), (LINES, 0));
}

#[test]
fn a_tiny_side_and_a_fast_command_drop_by_the_law() {
    let place = Place::new();
    let script = "yes '' | head -c 2000000; exit 7";
    let common =
        ["record", "--side", "4096", "--overflow", "drop", "--force", "-w", "x.flip", "--json=s.json"];
    let run = |more: &[&str]| {
        let run = place.run(&[&common[..], more, &["--", "sh", "-c", script]].concat());
        (run, serde_json::from_slice(&place.read("s.json")).unwrap())
    };
    let (ended, summary) = run(&[]);
    let law = place.holds(&summary, "x.flip");
    assert_eq!(law.received, 2_000_000);
    assert!(law.dropped > 0, "{law:?}");
    ended.expect(7);
    // Loss comes before the command's own status.
    let (ended, summary) = run(&["--fail-on-loss"]);
    assert!(place.holds(&summary, "x.flip").dropped > 0);
    ended.expect(3);
}

#[test]
fn fail_comes_before_the_status_of_the_command() {
    let place = Place::new();
    let script = "yes '' | head -c 2000000; exit 7";
    let args = ["record", "--side", "4096", "--overflow", "fail", "-w", "x.flip", "--json=s.json"];
    let run = place.run(&[&args[..], &["--", "sh", "-c", script]].concat()).expect(1);
    run.says(&["--overflow", "hint"]);
    Law::of(&serde_json::from_slice(&place.read("s.json")).unwrap());
}

#[test]
fn usage_comes_before_everything() {
    let place = Place::new();
    place.run(&["record", "--overflow", "nothing", "-w", "/dev/full", "--", "false"]).expect(2);
    assert!(place.names().is_empty());
}
