use super::profile_tests::made_up;
use super::svg::{Escaped, step};
use super::{Profile, Recorder, Span};
use crate::substrate::atomic::Ordering::Relaxed;

/// As much of XML as is needed: tags that are closed in order, attributes in quotes, each once, and nothing unescaped.
fn assert_is_xml(text: &str) {
    let (mut open, mut rest) = (Vec::new(), text);
    let mut roots = 0;
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{before}");
        assert!(!open.is_empty() || before.trim().is_empty(), "outside of the root: {before}");
        for entity in before.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;"].iter().any(|known| entity.starts_with(known)), "{before}");
        }
        let (tag, next) = after.split_once('>').expect("a tag ends");
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{text}");
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut known = Vec::new();
        while !attributes.trim().is_empty() {
            let (key, value) = attributes.trim_start().split_once("=\"").expect("an attribute has a value");
            let (value, next) = value.split_once('"').expect("a value ends");
            assert!(key.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-'), "{tag}");
            assert!(!value.contains(['<', '&']) && !known.contains(&key), "{tag}");
            known.push(key);
            attributes = next;
        }
        roots += usize::from(open.is_empty());
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && roots == 1 && rest.trim().is_empty(), "{text}");
}

fn picture(profile: &Profile) -> String {
    let picture = profile.svg();
    assert_is_xml(&picture);
    assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
    picture
}

#[test]
fn a_picture_has_a_line_for_each_party_and_says_what_it_shows() {
    let picture = picture(&made_up(&[(1_000, 3_000), (4_000, 0), (2_000, 2_000)], 20, 10));
    for words in [
        "Rounds 11 to 20",
        "party 0",
        "party 2",
        ">computes<",
        ">waits<",
        ">75%<",
        ">50%<",
        "time since round 11 began, in us",
        ">3 parties.<",
    ] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    assert!(!picture.contains("party 3") && !picture.contains("of 3 parties"));
}

#[test]
fn a_picture_of_nothing_says_so() {
    assert!(picture(&made_up(&[(1, 1); 2], 0, 10)).contains("Nothing has been recorded."));
    for profile in [made_up(&[(1, 1); 2], 5, 0), made_up(&[], 0, 3)] {
        assert!(picture(&profile).contains("No rounds were kept"));
    }
    // All that is recorded took no time at all.
    assert!(picture(&made_up(&[(0, 0); 2], 2, 2)).contains("Rounds 1 to 2"));
}

#[test]
fn what_is_torn_or_missing_is_left_out() {
    let profile = made_up(&[(10, 20), (20, 10), (0, 0)], 6, 6);
    profile.0.lanes[2].timeline.iter().flat_map(|group| group.iter()).for_each(|slot| {
        slot.0[0].store(99, Relaxed);
    });
    // The beginning of one span, and the rest of another.
    profile.0.lanes[0].timeline[0][2].0[1].store(1_000_000_000, Relaxed);
    let picture = picture(&profile);
    assert!(picture.contains("Rounds 1 to 6") && picture.contains("party 2") && picture.contains("in ns"));
}

#[test]
fn a_picture_has_bounds() {
    let mut of = vec![(1_000, 999_000); 1000];
    of[777] = (1_000_000, 0);
    let profile = made_up(&of, 600, 600);
    let picture = picture(&profile);
    assert!(picture.contains("40 of 1000 parties") && picture.contains("party 777"));
    assert!(picture.contains("Rounds 101 to 600") && picture.contains("The last 500"));
    assert!(picture.len() < 2_000_000, "{}", picture.len());
}

#[test]
fn who_has_left_long_ago_does_not_stretch_the_picture() {
    let (_, profile) = Recorder::new(2, 4, 2);
    for round in 1..=100 {
        let span = Span { round, began: 10 * round, arrived: 10 * round + 5, passed: 10 * round + 10 };
        profile.0.lanes[0].record(span);
        if round < 50 {
            profile.0.lanes[1].record(span);
        }
    }
    let picture = picture(&profile);
    assert!(picture.contains("Rounds 97 to 100") && picture.contains("party 1"));
}

#[test]
fn ticks_are_round_numbers() {
    let steps = [(0, 1), (8, 1), (9, 2), (16, 2), (17, 2), (18, 5), (45, 10), (800, 100), (900, 200)];
    for (length, tick) in steps {
        assert_eq!(step(length, 8), tick, "{length}");
    }
    assert!(u64::MAX / step(u64::MAX, 8) <= 8);
    assert_eq!(Escaped("a < b & c > d").to_string(), "a &lt; b &amp; c &gt; d");
}
