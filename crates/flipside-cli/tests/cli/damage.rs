//! Every kind of harm to a small journal is found, and what is shown beside it is true.

use std::collections::BTreeSet;

use crate::support::{Place, Run};

/// A journal of several blocks with lines of different lengths.
fn journal() -> (Place, Vec<u8>, BTreeSet<String>) {
    let place = Place::new();
    let input: String = (0..400).map(|n| format!("{n} {}\n", "x".repeat(n % 37))).collect();
    let args = ["record", "-", "-q", "-w", "x.flip", "--side", "4096"];
    place.feed(input.as_bytes(), &args).expect(0);
    let lines = input.split_inclusive('\n').map(str::to_owned).collect();
    let bytes = place.read("x.flip");
    assert!(place.verify("x.flip").1["blocks"].as_u64().unwrap() >= 3);
    (place, bytes, lines)
}

/// Verifies many harmed copies at once: 3 for all together, and none of them is good.
fn verify_all(place: &Place, names: &[String], codes: &[i32]) {
    for some in names.chunks(64) {
        let mut args = vec!["verify", "--json"];
        args.extend(some.iter().map(String::as_str));
        let run = place.run(&args);
        assert!(codes.contains(&run.code()), "exit status {} of {some:?}\n{}", run.code(), run.err_text());
        let lines = run.json_lines();
        assert_eq!(lines.len(), some.len());
        lines.iter().for_each(|line| assert_eq!(line["good"], false, "{line}"));
    }
}

fn shows_only_right_records(run: &Run, lines: &BTreeSet<String>, what: &str) {
    assert_eq!(run.code(), 1, "{what}: harm is not told by show\n{}", run.err_text());
    assert!(!run.err.is_empty(), "{what}: nothing is said");
    let mut last = None;
    for record in run.json_lines() {
        if record["text"].is_string() {
            assert!(lines.contains(record["text"].as_str().unwrap()), "{what}: invented {record}");
            assert!(last < record["seq"].as_u64(), "{what}: out of order {record}");
            last = record["seq"].as_u64();
        }
    }
}

#[test]
fn every_truncation_is_found() {
    let (place, bytes, lines) = journal();
    let step = (bytes.len() / 400).max(1);
    let seal = bytes.len() - 64 - 48;
    let cuts = (0..bytes.len()).filter(|cut| cut % step == 0 || *cut < 72 || *cut + 8 > seal);
    let cuts: Vec<_> = cuts.collect();
    let names: Vec<_> = cuts.iter().map(|cut| format!("cut-{cut}")).collect();
    names.iter().zip(&cuts).for_each(|(name, &cut)| place.write(name, &bytes[..cut]));
    verify_all(&place, &names, &[3]);
    for name in names.iter().step_by(names.len() / 60) {
        shows_only_right_records(&place.run(&["show", "--json", name]), &lines, name);
    }
}

#[test]
fn a_truncation_leaves_the_records_before_it() {
    let (place, bytes, _) = journal();
    let whole = place.raw("x.flip");
    let mut most = 0;
    for cut in (64..bytes.len()).step_by(bytes.len() / 40) {
        place.write("cut", &bytes[..cut]);
        let run = place.run(&["show", "--raw", "cut"]).expect(1).says(&["cut", "hint"]);
        assert!(whole.starts_with(&run.out), "cut at {cut}: not a prefix");
        assert!(run.out.len() >= most, "cut at {cut}: fewer records than with an earlier cut");
        most = run.out.len();
    }
    assert!(most > whole.len() / 2);
}

#[test]
fn single_bit_flips_are_found() {
    let (place, bytes, lines) = journal();
    let mut random = fastrand::Rng::with_seed(11);
    let mut flips: Vec<(usize, u8)> = (0..bytes.len()).step_by(29).map(|at| (at, random.u8(..8))).collect();
    // The whole header of the file, the first block's, and the seal, in full.
    let seal = bytes.len() - 64 - 48;
    flips.extend((0..128).chain(seal..bytes.len()).map(|at| (at, random.u8(..8))));
    let mut names = Vec::new();
    for (at, bit) in flips {
        let mut harmed = bytes.clone();
        harmed[at] ^= 1 << bit;
        let name = format!("flip-{at}-{bit}");
        place.write(&name, harmed);
        names.push(name);
    }
    verify_all(&place, &names, &[3]);
    for name in names.iter().step_by(names.len() / 80) {
        shows_only_right_records(&place.run(&["show", "--json", name]), &lines, name);
    }
}

#[test]
fn damage_in_the_middle_costs_no_more_than_its_block() {
    let (place, mut bytes, lines) = journal();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write("harmed", &bytes);
    let run = place.run(&["show", "--json", "harmed"]);
    shows_only_right_records(&run, &lines, "harmed");
    let seqs: Vec<_> = run.json_lines().iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert_eq!((seqs.first(), seqs.last()), (Some(&0), Some(&399)), "nothing behind the damage is shown");
    assert!(seqs.len() > 200, "{} records are left", seqs.len());
    let told = place.run(&["verify", "harmed"]).expect(3).out_text();
    assert!(told.contains("damaged") && told.contains("at byte"), "{told}");
}

#[test]
fn garbage_zeros_and_another_journal_behind_it() {
    let (place, bytes, lines) = journal();
    for (name, tail) in [("garbage", b"garbage".to_vec()), ("zeros", vec![0; 4096]), ("twice", bytes.clone())]
    {
        place.write(name, [&bytes[..], &tail[..]].concat());
        place.run(&["verify", name]).expect(3);
        shows_only_right_records(&place.run(&["show", "--json", name]), &lines, name);
    }
}

#[test]
fn a_hole_of_zeros_and_a_removed_block() {
    let (place, bytes, lines) = journal();
    let mut hole = bytes.clone();
    hole[bytes.len() / 3..bytes.len() / 2].fill(0);
    place.write("hole", hole);
    let cut = [&bytes[..bytes.len() / 3 / 8 * 8], &bytes[bytes.len() / 2 / 8 * 8..]].concat();
    place.write("removed", cut);
    for name in ["hole", "removed"] {
        place.run(&["verify", name]).expect(3);
        shows_only_right_records(&place.run(&["show", "--json", name]), &lines, name);
    }
}

#[test]
fn harmed_journals_on_a_pipe() {
    let (place, mut bytes, _) = journal();
    place.write("cut", &bytes[..bytes.len() - 200]);
    place.sh("cat cut | \"$F\" verify -").expect(3);
    place.sh("cat cut | \"$F\" show - >/dev/null").expect(1);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    place.write("harmed", &bytes);
    place.sh("cat harmed | \"$F\" verify -").expect(3);
    place.sh("cat harmed | \"$F\" show - >/dev/null").expect(1);
}
