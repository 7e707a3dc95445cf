//! `show`: text that cannot steer a terminal, limits, one source, JSON, several journals, pipes.

use crate::support::{Place, seq};

fn place_with(input: &[u8]) -> Place {
    let place = Place::new();
    place.feed(input, &["record", "-", "-w", "x.flip", "-q"]).expect(0);
    place
}

#[test]
fn text_escapes_whatever_could_steer_a_terminal() {
    let place = place_with("\x1b]0;title\x07\n\x1b[2J\u{9b}31m\na\rb\u{202e}c\u{7f}\n\u{0}\n".as_bytes());
    let out = place.run(&["show", "x.flip"]).expect(0).out_text();
    assert_eq!(out.lines().count(), 4, "{out}");
    let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!out.chars().any(steers), "{out:?}");
    assert!(out.contains("title") && out.contains("31m"), "{out}");
}

#[test]
fn text_escapes_what_is_no_utf8_and_keeps_the_rest() {
    let place = place_with(b"ok \xff\xfe \xc3\xbc\ttab\n");
    let out = place.run(&["show", "x.flip"]).expect(0).out_text();
    assert!(out.ends_with("ok \\xff\\xfe ü\ttab\n"), "{out:?}");
}

#[test]
fn a_line_of_text_has_time_source_and_payload() {
    let place = place_with(b"hello\nworld\n");
    let out = place.run(&["show", "x.flip"]).expect(0).out_text();
    for (line, word) in out.lines().zip(["hello", "world"]) {
        let parts: Vec<_> = line.split(' ').collect();
        assert_eq!(parts[1..], ["stdin", word], "{line}");
        assert!(parts[0].starts_with("20") && parts[0].ends_with('Z') && parts[0].contains('T'), "{line}");
    }
}

#[test]
fn n_limits_the_records() {
    let place = place_with(&seq(10));
    for n in [1, 3, 10, 11] {
        let count = n.to_string();
        let out = place.run(&["show", "-n", &count, "x.flip"]).expect(0).out_text();
        assert_eq!(out.lines().count(), n.min(10));
        let raw = place.run(&["show", "--raw", "-n", &count, "x.flip"]).expect(0).out;
        assert_eq!(raw, seq(n.min(10) as u64));
    }
}

#[test]
fn n_is_over_all_journals_together() {
    let place = place_with(&seq(3));
    let out = place.run(&["show", "--raw", "-n", "5", "x.flip", "x.flip"]).expect(0).out_text();
    assert_eq!(out, "1\n2\n3\n1\n2\n");
}

#[test]
fn json_has_a_line_for_each_record() {
    let place = place_with(b"plain\n\xff\xfe\n");
    let lines = place.shown("x.flip");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["text"], "plain\n");
    assert_eq!(lines[1]["hex"], "fffe0a");
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["source"], "stdin");
        assert_eq!(line["seq"], index);
        assert!(line["time_ns"].is_u64() && line["wall_ns"].is_u64(), "{line}");
    }
}

#[test]
fn json_and_raw_exclude_each_other() {
    place_with(b"a\n").run(&["show", "--json", "--raw", "x.flip"]).expect(2).says(&["--json", "--raw"]);
}

#[test]
fn one_source_of_several() {
    let place = Place::new();
    let script = "seq 3; seq 10 14 >&2";
    place.run(&["record", "-q", "-w", "x.flip", "--", "sh", "-c", script]).expect(0);
    let only =
        |source: &str| place.run(&["show", "--raw", "--source", source, "x.flip"]).expect(0).out_text();
    assert_eq!(only("stdout"), "1\n2\n3\n");
    assert_eq!(only("stderr"), "10\n11\n12\n13\n14\n");
    let two = place.run(&["show", "--raw", "--source", "stderr", "-n", "2", "x.flip"]).expect(0);
    assert_eq!(two.out_text(), "10\n11\n");
}

#[test]
fn an_unknown_source_is_an_error_with_a_way_out() {
    let place = place_with(b"a\n");
    let run = place.run(&["show", "--source", "stdn", "x.flip"]).expect(1).says(&["stdn", "hint"]);
    assert!(run.out.is_empty());
}

#[test]
fn several_journals_in_the_order_given() {
    let place = place_with(b"one\n");
    place.feed(b"two\n", &["record", "-", "-q", "-w", "y.flip"]).expect(0);
    let out = place.run(&["show", "--raw", "y.flip", "x.flip", "y.flip"]).expect(0).out_text();
    assert_eq!(out, "two\none\ntwo\n");
}

#[test]
fn a_journal_that_is_missing_does_not_hide_the_others() {
    let place = place_with(b"one\n");
    let run =
        place.run(&["show", "--raw", "missing.flip", "x.flip"]).expect(1).says(&["missing.flip", "hint"]);
    assert_eq!(run.out_text(), "one\n", "the other journal is not shown");
}

#[test]
fn a_journal_on_standard_input() {
    let place = place_with(&seq(100));
    let run = place.sh("cat x.flip | \"$F\" show --raw -").expect(0);
    assert_eq!(run.out, seq(100));
    let run = place.sh("\"$F\" show --raw - <x.flip").expect(0);
    assert_eq!(run.out, seq(100));
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let place = place_with(&seq(200_000));
    for form in ["", "--raw", "--json"] {
        let script = format!("{{ \"$F\" show {form} x.flip; echo $? >code; }} | head -1 >first");
        let run = place.sh(&script).expect(0);
        assert_eq!(run.err_text(), "", "{form}");
        assert_eq!(place.read("code"), b"0\n", "{form}");
        assert!(place.len("first") > 0);
    }
    place.sh("\"$F\" show x.flip >&-");
    place.sh("\"$F\" show x.flip >/dev/full").expect(1).says(&["standard output"]);
}

#[test]
fn the_summary_into_a_closed_or_full_output_is_no_panic() {
    let place = Place::new();
    place.sh("seq 9 | \"$F\" record - -w a.flip --json | true").expect(0);
    place.sh("seq 9 | \"$F\" record - -w b.flip --json >/dev/full").expect(1).says(&["standard output"]);
    place.sh("seq 9 | \"$F\" record - -w c.flip 2>&-").expect(0);
    place.sh("seq 9 | \"$F\" record - -w d.flip --json >&- 2>&-");
    for journal in ["a.flip", "b.flip", "c.flip"] {
        assert_eq!(place.verify(journal).0, 0, "{journal}");
    }
}

#[test]
fn a_limit_or_a_closed_pipe_do_not_make_a_source_unknown() {
    let place = place_with(&seq(100_000));
    place.run(&["show", "--source", "stdin", "-n", "1", "x.flip"]).expect(0);
    let run = place.sh("\"$F\" show --source stdin x.flip | head -1 >first").expect(0);
    assert_eq!(run.err_text(), "");
}
