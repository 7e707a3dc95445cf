//! Where journals are created, and where not.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::{fs, io};

use crate::support::{Place, Run};

fn record_to(place: &Place, more: &[&str]) -> Run {
    place.feed(b"new\n", &[&["record", "-", "-q"], more].concat())
}

#[test]
fn an_existing_file_is_kept_without_force_and_replaced_with_it() {
    let place = Place::new();
    place.write("x.flip", "old");
    record_to(&place, &["-w", "x.flip"]).expect(1).says(&["x.flip already exists", "hint", "--force"]);
    assert_eq!(place.read("x.flip"), b"old");
    // Whoever has the old one open keeps it.
    let mut old = fs::File::open(place.path("x.flip")).unwrap();
    record_to(&place, &["-w", "x.flip", "--force"]).expect(0);
    assert_eq!(place.raw("x.flip"), b"new\n");
    let mut text = String::new();
    io::Read::read_to_string(&mut old, &mut text).unwrap();
    assert_eq!(text, "old");
}

#[test]
fn force_without_a_file_is_no_error() {
    let place = Place::new();
    record_to(&place, &["-w", "x.flip", "--force"]).expect(0);
    assert_eq!(place.raw("x.flip"), b"new\n");
}

#[test]
fn what_is_no_place_for_a_journal() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    place.write("target", "precious");
    symlink("target", place.path("link")).unwrap();
    symlink("nowhere", place.path("dangling")).unwrap();
    place.sh("mkfifo fifo").expect(0);
    let table: &[(&str, &[&str])] = &[
        ("folder", &["folder is a directory", "hint"]),
        (".", &["is a directory", "hint"]),
        ("folder/", &["folder/", "directory", "hint"]),
        ("link", &["link is a symbolic link", "hint"]),
        ("dangling", &["dangling is a symbolic link", "hint"]),
        ("fifo", &["fifo", "hint"]),
        ("missing/x.flip", &["missing/x.flip", "No such file", "hint"]),
        ("target/x.flip", &["target/x.flip", "hint"]),
        ("/dev/tty0", &["/dev/tty0", "hint"]),
    ];
    for (name, texts) in table {
        for more in [&["-w", name][..], &["-w", name, "--force"]] {
            record_to(&place, more).expect(1).says(texts);
        }
        place.run(&["load", "--blocks", "1", "-w", name]).expect(1).says(texts);
    }
    assert_eq!(place.read("target"), b"precious");
    assert_eq!(place.names(), ["dangling", "fifo", "folder", "link", "target"]);
}

#[test]
fn a_name_that_is_too_long() {
    let place = Place::new();
    let name = "x".repeat(300);
    record_to(&place, &["-w", &name]).expect(1).says(&["too long", "hint"]);
}

#[test]
fn a_journal_is_its_owner_s_alone() {
    let place = Place::new();
    let run = place.sh("umask 0; echo a | \"$F\" record - -q -w x.flip; \"$F\" load -q --blocks 5 -w y.flip");
    run.expect(0);
    for name in ["x.flip", "y.flip"] {
        let mode = fs::metadata(place.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[test]
fn the_default_name_is_host_and_utc_here() {
    let place = Place::new();
    let summary = place.feed(b"a\n", &["record", "-", "--json"]).expect(0).json();
    let names = place.names();
    assert_eq!(summary["files"], serde_json::json!(names));
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let (name, stamp) = names[0].rsplit_once('-').unwrap();
    assert!(host.chars().all(|c| !c.is_ascii_alphanumeric() || name.contains(c)), "{name} of {host}");
    // 20260131T235959Z.flip
    assert_eq!(stamp.len(), "20260131T235959Z.flip".len(), "{stamp}");
    assert!(stamp.starts_with("20") && stamp.ends_with("Z.flip") && stamp.as_bytes()[8] == b'T', "{stamp}");
}

#[test]
fn default_names_of_one_second_do_not_collide() {
    let place = Place::new();
    for _ in 0..5 {
        record_to(&place, &[]).expect(0);
    }
    let names = place.names();
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        assert_eq!(place.raw(&name), b"new\n");
    }
}

#[test]
fn quiet_says_nothing() {
    let place = Place::new();
    let run = place.feed(b"a\n", &["record", "-", "-q", "-w", "x.flip"]).expect(0);
    assert!(run.out.is_empty() && run.err.is_empty(), "{}", run.err_text());
    let run = place.run(&["load", "-q", "--blocks", "10", "-w", "y.flip"]).expect(0);
    assert!(run.out.is_empty() && run.err.is_empty(), "{}", run.err_text());
}

#[test]
fn words_go_to_standard_error_and_no_progress_where_that_is_no_terminal() {
    let place = Place::new();
    let run = place.feed(b"a\nb\n", &["record", "-", "-w", "x.flip"]).expect(0);
    assert!(run.out.is_empty());
    let said = run.err_text();
    assert!(said.contains("received 2 = written 2 + filtered 0 + dropped 0"), "{said}");
    assert!(said.contains("x.flip") && said.contains("stdin"), "{said}");
    assert!(!said.contains('\r') && !said.contains('\x1b'), "{said:?}");
}

#[test]
fn a_summary_in_a_file_leaves_the_words() {
    let place = Place::new();
    let run = place.feed(b"a\n", &["record", "-", "-w", "x.flip", "--json=s.json"]).expect(0);
    assert!(run.out.is_empty());
    assert!(run.err_text().contains("received 1 ="));
    let summary = serde_json::from_slice(&place.read("s.json")).unwrap();
    place.holds(&summary, "x.flip");
}
