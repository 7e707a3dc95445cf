//! Standard input comes back byte for byte.

use crate::support::{Place, noise, seq};

/// Inputs with a name each; everything a line can be.
fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let long = |len: usize, end: &str| [vec![b'x'; len], end.into()].concat();
    const CHUNK: usize = 256 * 1024;
    vec![
        ("nothing", vec![]),
        ("one byte", b"a".to_vec()),
        ("a line", b"a\n".to_vec()),
        ("no last newline", b"a\nb".to_vec()),
        ("an empty line", b"\n".to_vec()),
        ("empty lines", b"\n\n\na\n\n".to_vec()),
        ("CRLF", b"a\r\nb\r\n\r\n".to_vec()),
        ("a lone CR", b"a\rb\r".to_vec()),
        ("NUL", b"\0\n\0\0a\0\n\0".to_vec()),
        ("invalid UTF-8", b"\xff\xfe\n\xc3\n\xed\xa0\x80\xf5".to_vec()),
        ("escapes", b"\x1b[31mred\x1b[0m\n\x07\n".to_vec()),
        ("longer than a small side", long(10_000, "\nafter\n")),
        ("a chunk less one, with its end", long(CHUNK - 1, "\n")),
        ("a chunk, without an end", long(CHUNK, "")),
        ("a chunk and its end", long(CHUNK, "\nafter")),
        ("a chunk and one", long(CHUNK + 1, "\n")),
        ("a megabyte in one line", long(1_000_000, "")),
        ("a megabyte in one line, ended", long(1_000_000, "\n")),
        ("a megabyte of empty lines", vec![b'\n'; 100_000]),
        ("noise", noise(1_000_000, 7)),
        ("numbers", seq(100_000)),
    ]
}

fn round_trip(side: &str) {
    for (name, input) in inputs() {
        let place = Place::new();
        let run = place.feed(&input, &["record", "-", "-w", "x.flip", "--json", "--side", side]).expect(0);
        let summary = run.json();
        let law = place.holds(&summary, "x.flip");
        assert_eq!(law.dropped, 0, "{name}");
        assert_eq!(summary["bytes"], input.len(), "{name}");
        assert!(place.raw("x.flip") == input, "{name}, sides of {side}: not the same bytes");
        // Pieces of long lines say that they go on; the lines are then those of the input.
        let mut lines = 0;
        for (index, record) in place.shown("x.flip").iter().enumerate() {
            assert_eq!(record["seq"], index, "{name}: {record}");
            lines += u64::from(record["continued"] != true);
        }
        let ends = input.iter().filter(|&&byte| byte == b'\n').count() as u64;
        let open = u64::from(input.last().is_some_and(|&last| last != b'\n'));
        assert_eq!(lines, ends + open, "{name}, sides of {side}: lines");
    }
}

#[test]
fn byte_for_byte_with_the_default_side() {
    round_trip("1MiB");
}

#[test]
fn byte_for_byte_with_the_smallest_side() {
    round_trip("4096");
}

#[test]
fn byte_for_byte_through_pipes_only() {
    let place = Place::new();
    for (_, input) in inputs() {
        place.write("input", &input);
        place.sh("\"$F\" record - -w - <input | \"$F\" show --raw - | cmp - input").expect(0);
    }
}

#[test]
fn the_sizes_of_the_summary_are_those_of_the_lines() {
    let place = Place::new();
    let input = b"1\n22\n333\n4444\n";
    let summary = place.feed(input, &["record", "-", "-w", "x.flip", "--json"]).expect(0).json();
    assert_eq!(summary["sizes"]["min"], 2);
    assert_eq!(summary["sizes"]["max"], 5);
    for quantile in ["p50", "p90", "p99"] {
        let value = summary["sizes"][quantile].as_u64().unwrap();
        assert!((2..=5).contains(&value), "{quantile} of {summary}");
    }
    assert_eq!(summary["files"], serde_json::json!(["x.flip"]));
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    assert!(summary["flips"].as_u64().unwrap() >= 1);
}

#[test]
fn standard_input_from_a_file_and_from_dev_null() {
    let place = Place::new();
    place.write("input", seq(1000));
    place.sh("\"$F\" record - -w x.flip <input && \"$F\" show --raw x.flip | cmp - input").expect(0);
    place.sh("\"$F\" record - -w e.flip </dev/null && \"$F\" verify e.flip").expect(0);
}
