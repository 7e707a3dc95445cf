//! A recording can be looked at while it is made.

use crate::support::{Place, until};

#[test]
fn a_line_is_shown_while_it_is_recorded() {
    let place = Place::new();
    let mut recorder = place.start(&["record", "-", "-w", "x.flip", "--json"]);
    recorder.say("a\n");
    let shown = || place.run(&["show", "--raw", "x.flip"]);
    until("the first line is in the journal", || place.len("x.flip") > 0 && shown().out == b"a\n");
    assert!(!recorder.is_over());

    let run = place.run(&["verify", "x.flip"]).expect(0);
    let told = run.out_text();
    assert!(told.contains("being written"), "{told}");
    shown().expect(0);
    assert_eq!(place.verify("x.flip").1["sealed"], false);

    recorder.say("b\n");
    until("the second line is in the journal", || shown().out == b"a\nb\n");
    let summary = recorder.close().wait().expect(0).json();
    assert_eq!(place.holds(&summary, "x.flip").received, 2);
}

#[test]
fn a_half_line_is_not_shown_before_it_ends() {
    let place = Place::new();
    let mut recorder = place.start(&["record", "-", "-w", "x.flip", "--json", "--linger", "0"]);
    recorder.say("whole\nhal");
    until("the whole line is there", || {
        place.len("x.flip") > 0 && place.run(&["show", "--raw", "x.flip"]).out == b"whole\n"
    });
    recorder.say("f\n");
    recorder.close().wait().expect(0);
    let lines: Vec<_> = place.shown("x.flip").iter().map(|line| line["text"].clone()).collect();
    assert_eq!(lines, ["whole\n", "half\n"]);
}

#[test]
fn the_journal_on_a_pipe_arrives_while_it_is_recorded() {
    let place = Place::new();
    let mut recorder = place.start_with_pipes(&["record", "-", "-w", "-", "-q"]);
    recorder.say("a\n");
    let mut pipe = recorder.stdout.take().unwrap();
    let mut seen = Vec::new();
    // Header, table of sources, and a block with the line, while the input is still open.
    while !seen.windows(2).any(|two| two == b"a\n") {
        let mut some = [0; 512];
        let n = std::io::Read::read(&mut pipe, &mut some).unwrap();
        assert_ne!(n, 0, "the journal ended");
        seen.extend_from_slice(&some[..n]);
    }
    assert!(!recorder.is_over());
    recorder.close().wait().expect(0);
}
