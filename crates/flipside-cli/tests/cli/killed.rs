//! `kill -9`: what was written before is good.

use std::collections::BTreeMap;

use rustix::process::Signal;

use crate::support::{Place, seq, until};

#[test]
fn a_killed_load_leaves_a_prefix_of_each_writer() {
    let place = Place::new();
    for round in 0..3 {
        let args =
            ["load", "--force", "-w", "x.flip", "--duration", "1h", "--side", "32KiB", "--max", "2000"];
        let running = place.start(&[&args[..], &["--linger", "1ms", "--aux-work", "5us"]].concat());
        until("the load runs", || place.len("x.flip") > 200_000 + 50_000 * round);
        running.signal(Signal::KILL);
        assert_eq!(running.close().wait().code(), 1009);

        let run = place.run(&["verify", "x.flip"]).expect(3);
        let told = run.out_text();
        assert!(told.contains("cut") && told.contains("killed"), "{told}");
        assert!(!told.contains("MISSING"), "{told}");
        let (_, found) = place.verify("x.flip");
        assert_eq!(found["sealed"], false);
        assert_eq!(found["damages"], serde_json::json!([]));

        let shown = place.run(&["show", "--json", "x.flip"]).expect(1).says(&["hint"]);
        let said = shown.err_text();
        // Between two blocks, or within one.
        assert!(said.contains("killed") || said.contains("cut short"), "{said}");
        let mut next = BTreeMap::new();
        for line in shown.json_lines() {
            let source = line["source"].as_str().unwrap().to_owned();
            let want = next.entry(source).or_insert(0);
            assert_eq!(line["seq"], *want, "{line}");
            *want += 1;
        }
        assert_eq!(found["records"], next.values().sum::<i32>());
        assert!(next.len() > 1, "{next:?}");
    }
}

#[test]
fn a_killed_recording_keeps_what_was_shown() {
    let place = Place::new();
    let mut running = place.start(&["record", "-", "-w", "x.flip", "--linger", "1ms"]);
    running.say(&String::from_utf8(seq(1000)).unwrap());
    until("the lines are in the journal", || {
        place.len("x.flip") > 0 && place.run(&["show", "--raw", "x.flip"]).out == seq(1000)
    });
    running.signal(Signal::KILL);
    running.wait();
    let run = place.run(&["show", "--raw", "x.flip"]).expect(1).says(&["killed"]);
    assert_eq!(run.out, seq(1000));
    let (code, found) = place.verify("x.flip");
    assert_eq!((code, &found["records"]), (3, &1000.into()), "{found}");
}
