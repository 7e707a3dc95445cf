//! The default: this host.

use serde_json::Value;

use crate::support::{Place, Run, skipped};

/// What a recording of this host may consist of.
const SOURCES: [&str; 7] = ["cpu", "interrupts", "context-switches", "network", "disk", "memory", "pressure"];

fn assert_whole(place: &Place, run: &Run) -> Value {
    let said = run.err_text();
    let summary: Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let law = place.holds(&summary, "x.flip");
    assert!(law.received > 0 && law.dropped == 0, "{summary}");
    let sources = summary["sources"].as_object().unwrap();
    let masked: String = said.lines().filter(|line| line.contains("not visible here")).collect();
    for name in SOURCES {
        let recorded = sources.get(name).is_some_and(|source| source["received"].as_u64() > Some(0));
        assert!(recorded || masked.contains(name), "{name} is neither recorded nor named as masked:\n{said}");
    }
    assert_eq!(summary["read_back"]["good"], true);
    assert_eq!(summary["read_back"]["records"], law.written);
    summary
}

#[test]
fn a_second_of_this_host() {
    let place = Place::new();
    let run = place.run(&["record", "--duration", "1s", "-w", "x.flip", "--json=s.json"]).expect(0);
    let summary = assert_whole(&place, &run);
    // Some source is sampled often, and each has what the contract names.
    let most = summary["sources"].as_object().unwrap().values();
    assert!(most.map(|source| source["received"].as_u64().unwrap()).max() > Some(50), "{summary}");
    for source in summary["sources"].as_object().unwrap().values() {
        assert!(source["unit"].is_string() && source["sizes"].is_object(), "{source}");
    }
    run.says(&["received", "filtered 0", "read back", "worst burst"]);
}

#[test]
fn show_names_the_sources_of_the_host() {
    let place = Place::new();
    let args = ["record", "host", "--duration", "300ms", "-w", "x.flip", "--json"];
    let summary = place.run(&args).expect(0).json();
    for (name, source) in summary["sources"].as_object().unwrap() {
        let shown = place.run(&["show", "--json", "--source", name, "x.flip"]).expect(0).json_lines();
        assert_eq!(source["written"], shown.len(), "{name}");
        let mut last = None;
        for (index, line) in shown.iter().enumerate() {
            assert_eq!((&line["seq"], &line["source"]), (&index.into(), &name.as_str().into()));
            assert!(last <= line["time_ns"].as_u64(), "time goes backwards: {line}");
            last = line["time_ns"].as_u64();
        }
    }
}

/// Covers parts of /proc in a namespace of our own, as containers do.
fn masked_by(place: &Place, covers: &str, record: &str) -> Option<Run> {
    let probe = place.sh("unshare --user --map-root-user --mount true");
    if probe.code() != 0 {
        skipped("a masked /proc", &format!("no namespace without root: {}", probe.err_text().trim()));
        return None;
    }
    let script = format!("set -e; {covers}\n{record}");
    place.write("script", script);
    Some(place.sh("unshare --user --map-root-user --mount sh script"))
}

const RECORD: &str = "exec \"$F\" record --duration 300ms -v -w x.flip --json=s.json";

#[test]
fn what_is_masked_is_named_and_the_rest_is_recorded() {
    let place = Place::new();
    let covers = "mount --bind /dev/null /proc/diskstats
        mount --bind /dev/null /proc/meminfo
        if [ -d /proc/pressure ]; then mount -t tmpfs none /proc/pressure; fi";
    let Some(run) = masked_by(&place, covers, RECORD) else { return };
    let run = run.expect(0);
    let summary = assert_whole(&place, &run);
    // The disk's counters are in /sys as well.
    assert!(summary["sources"].get("memory").is_none() && summary["sources"].get("pressure").is_none());
    run.says(&["not visible here: memory", "not visible here: pressure"]);
}

#[test]
fn without_any_proc_there_is_a_fallback_or_an_error_with_a_way_out() {
    let place = Place::new();
    let Some(run) = masked_by(&place, "mount -t tmpfs none /proc", RECORD) else { return };
    match run.code() {
        0 => drop(assert_whole(&place, &run)),
        1 => drop(run.says(&["hint"])),
        other => panic!("exit status {other}: {}", run.err_text()),
    }
}

#[test]
fn the_summary_fits_a_terminal_of_100_columns() {
    let place = Place::new();
    if place.sh("command -v script && command -v stty").code() != 0 {
        return skipped("a summary on a terminal", "script(1) or stty is missing");
    }
    let script = r#"script -qec 'stty cols 100 rows 40; "$F" record --duration 500ms -w x.flip' /dev/null"#;
    let terminal = place.sh(script).expect(0).out_text();
    let summary = terminal.split_once("recorded this host").expect("a summary").1;
    for line in summary.lines().skip(1).map(|line| line.trim_end()) {
        assert!(line.chars().count() <= 100, "{} columns:\n{line}", line.chars().count());
    }
}

#[test]
fn verbose_says_each_source_s_sizes_as_its_help_promises() {
    let place = Place::new();
    let more = |flag: &str| {
        let args = ["record", "--duration", "200ms", "--force", "-w", "x.flip", flag];
        place.run(&args).expect(0).err_text().lines().count()
    };
    assert!(more("-v") > more("--fail-on-loss"), "-v says nothing more than without");
}
