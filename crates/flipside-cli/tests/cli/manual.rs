//! Help, completions, the man page.

use crate::support::Place;

const VERBS: [&str; 6] = ["record", "load", "show", "verify", "completions", "man"];

#[test]
fn completions_for_the_shells() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let run = place.run(&["completions", shell]).expect(0);
        let script = run.out_text();
        assert!(run.err.is_empty() && script.contains("flipside"), "{shell}");
        for word in VERBS.iter().chain(&["duration", "overflow", "crossbeam"]) {
            assert!(script.contains(word), "{shell}: nothing about {word}");
        }
    }
}

#[test]
fn bash_takes_its_completions() {
    let place = Place::new();
    if place.sh("command -v bash").code() != 0 {
        return crate::support::skipped("bash completions", "no bash");
    }
    place.sh("\"$F\" completions bash >c && bash -c 'source ./c && complete -p flipside'").expect(0);
}

#[test]
fn the_man_page_has_every_verb_and_option() {
    let page = Place::new().run(&["man"]).expect(0).out_text();
    assert!(page.starts_with(".ie") || page.contains(".TH"), "no roff");
    let plain = page.replace("\\-", "-");
    for verb in VERBS {
        assert!(plain.contains(&format!("flipside-{verb}")), "no page of {verb}");
    }
    for option in ["--duration", "--overflow", "--fail-on-loss", "--json", "--linger", "--compare", "--raw"] {
        assert!(plain.contains(option), "nothing about {option}");
    }
    assert!(plain.contains("130"), "nothing about exit statuses");
}

#[test]
fn help_is_on_standard_output_and_fits() {
    let place = Place::new();
    for verb in
        [&["--help"][..], &["record", "--help"], &["record", "-h"], &["load", "-h"], &["help", "show"]]
    {
        let run = place.run(verb).expect(0);
        assert!(run.err.is_empty() && !run.out.is_empty(), "{verb:?}");
        for line in run.out_text().lines() {
            assert!(line.chars().count() <= 100, "{verb:?}: {line}");
        }
    }
}

#[test]
fn the_exit_statuses_in_the_help_are_not_broken_in_two() {
    let help = Place::new().run(&["--help"]).expect(0).out_text();
    let tail = help.split("Exit status").nth(1).expect("exit statuses");
    let shortest = tail.lines().rev().skip(1).map(|line| line.chars().count()).min().unwrap();
    assert!(shortest > 40, "an ugly line in:\n{tail}");
}

#[test]
fn version() {
    let run = Place::new().run(&["--version"]).expect(0);
    assert_eq!(run.out_text(), format!("flipside {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_closed_standard_output_is_no_panic() {
    let place = Place::new();
    for args in ["man", "completions bash", "--help", "record --help", "--version"] {
        place.sh(&format!("\"$F\" {args} | true")).expect(0);
    }
    place.sh("\"$F\" man >/dev/full").expect(1);
}
