//! Command lines that make no sense: exit 2, the place, and a way out; and nothing is touched.

use crate::support::Place;

/// Arguments, and what the message must name.
const BAD: &[(&[&str], &[&str])] = &[
    (&[], &["Usage", "record"]),
    (&["recrod"], &["recrod", "record"]),
    (&["record", "--nope"], &["--nope", "--help"]),
    (&["record", "-Z"], &["-Z", "--help"]),
    (&["show"], &["FILE"]),
    (&["verify"], &["FILE"]),
    (&["show", "--follow", "x.flip"], &["--follow"]),
    (&["show", "-n", "0", "x.flip"], &["'-n <N>'", "at least 1"]),
    (&["show", "-n", "many", "x.flip"], &["many", "-n"]),
    (&["completions", "tcsh"], &["tcsh", "bash"]),
    // Sources.
    (&["record", "hots"], &["hots", "hint", "host"]),
    (&["record", ""], &["not a source", "hint"]),
    (&["record", "x.pcap"], &["x.pcap", "hint"]),
    (&["record", "udp://0.0.0.0:1"], &["udp://0.0.0.0:1", "hint"]),
    (&["record", "-", "-"], &["-: named twice"]),
    (&["record", "host", "host"], &["host: named twice"]),
    (&["record", "-w", "-", "--", "true"], &["-w -", "hint"]),
    // Sizes.
    (&["record", "--side", "0"], &["--side", "0", "at least"]),
    (&["record", "--side", "10Q"], &["--side", "10Q", "64KiB"]),
    (&["record", "--side", "-1"], &["--side", "-1"]),
    (&["record", "--side", ""], &["--side"]),
    (&["record", "--side", "99999999999999999999"], &["--side", "99999999999999999999"]),
    (&["record", "--side", "100"], &["--side 100", "smaller than a record", "4096"]),
    (&["record", "--side", "4095"], &["--side 4095", "4096"]),
    // Times.
    (&["record", "--duration", "0"], &["--duration", "longer than 0"]),
    (&["record", "--duration", "0s"], &["--duration", "longer than 0"]),
    (&["record", "--duration", "10"], &["--duration", "10s"]),
    (&["record", "--duration", "10Q"], &["--duration", "10Q", "10s"]),
    (&["record", "--duration", "-1s"], &["--duration", "-1s"]),
    (&["record", "--duration=-1s"], &["--duration", "-1s", "10s"]),
    (&["record", "--linger", "-1ms"], &["--linger", "-1ms"]),
    (&["record", "--linger", "soon"], &["--linger", "soon", "250ms"]),
    // Counts and choices.
    (&["record", "-c", "0"], &["--count", "at least 1"]),
    (&["record", "-c", "-1"], &["--count", "-1"]),
    (&["record", "-c", "1.5"], &["--count", "1.5"]),
    (&["record", "--overflow", "wait"], &["--overflow", "wait", "block"]),
    (&["record", "--order", "garbage"], &["--order", "garbage", "total", "per-writer"]),
    (&["record", "--order"], &["--order"]),
    (&["record", "--pin", "all"], &["--pin", "all", "auto"]),
    (&["record", "--pin", "0,"], &["--pin", "auto"]),
    (&["record", "--pin", "99999"], &["--pin", "99999", "usable"]),
    // Load.
    (&["load", "host"], &["host"]),
    (&["load", "--writers", "0"], &["--writers", "0"]),
    (&["load", "--writers", "100000"], &["--writers", "100000", "1024"]),
    (&["load", "--min", "0"], &["--min", "at least 1"]),
    (&["load", "--min", "20", "--max", "10"], &["--min 20", "--max 10"]),
    (&["load", "--side", "4096", "--max", "5000"], &["--side 4096", "--max 5000", "hint"]),
    (&["load", "--side", "64"], &["--side 64", "hint"]),
    (&["load", "--blocks", "0"], &["--blocks", "at least 1"]),
    (&["load", "--duration", "0"], &["--duration", "longer than 0"]),
    (&["load", "--blocks", "5", "--duration", "1s"], &["--blocks", "--duration"]),
    (&["load", "--with", "rayon"], &["--with", "rayon", "crossbeam"]),
    (&["load", "--with", "mutex", "--compare"], &["--with", "--compare"]),
    (&["load", "--with", "mutex", "--overflow", "drop"], &["--overflow", "hint"]),
    (&["load", "--order", "PerWriter"], &["--order", "PerWriter", "per-writer"]),
    (&["load", "--with", "mutex", "--order", "per-writer"], &["--order per-writer", "hint"]),
    (&["load", "--compare", "--overflow", "fail"], &["--overflow", "hint"]),
    (&["load", "--compare", "-w", "-"], &["--compare", "hint"]),
    (&["load", "--seed", "-1"], &["--seed", "-1"]),
    (&["load", "--aux-work", "much"], &["--aux-work", "much"]),
    (&["load", "--pin", "99999"], &["--pin", "99999", "usable"]),
];

#[test]
fn usage_errors_exit_2_and_name_the_place() {
    let place = Place::new();
    for (args, texts) in BAD {
        let run = place.run(args).expect(2).says(texts);
        assert!(run.out.is_empty(), "{args:?} says something on standard output");
    }
    assert!(place.names().is_empty(), "something was created: {:?}", place.names());
}

#[test]
fn a_negative_value_is_not_explained_with_two_dashes() {
    // Behind two dashes stands a command: it would be run.
    let place = Place::new();
    for args in [["record", "--duration", "-1s"], ["record", "-c", "-1"], ["record", "--side", "-1"]] {
        let said = place.run(&args).expect(2).err_text();
        assert!(!said.contains("-- -1"), "{args:?}: {said}");
    }
}

#[test]
fn two_dashes_without_a_command_are_a_usage_error() {
    // Not a recording of the host: a command was meant. A short duration, in case it is one.
    Place::new().run(&["record", "--duration", "100ms", "--"]).expect(2);
}

#[test]
fn flags_that_are_not_built_do_not_exist() {
    let place = Place::new();
    for flag in ["-C", "-G", "-W", "-s", "--sync", "--mapped", "--audit", "--filter", "--tee"] {
        place.run(&["record", flag]).expect(2).says(&[flag]);
    }
    for verb in ["recover", "export", "report"] {
        place.run(&[verb, "x.flip"]).expect(2).says(&[verb]);
    }
}
