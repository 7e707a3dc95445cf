//! When a writer gives way, and when not.

use super::*;

const SPAN: usize = 72;

/// Writes records with so much in between; how often it looked at the clock.
fn looks(pace: &mut Pace, records: usize, between: usize) -> usize {
    let mut looks = 0;
    for _ in 0..records {
        let at = pace.end + between;
        if pace.alternates(at..at + SPAN) {
            looks += 1;
            pace.is_quick(Instant::now());
        }
    }
    looks
}

#[test]
fn who_is_alone_or_slow_never_looks_at_the_clock() {
    let mut pace = Pace::new();
    assert_eq!(looks(&mut pace, 10_000, 0), 0);
    assert_eq!(looks(&mut pace, 10_000, 5 * SPAN), 0);
    // The other side, from its beginning.
    pace.end = 1 << 20;
    assert!((0..100).all(|at| !pace.alternates(at * SPAN..(at + 1) * SPAN) || at == 0));
}

#[test]
fn who_alternates_looks_after_a_number_that_varies() {
    let mut pace = Pace::new();
    let looks = looks(&mut pace, 12_000, SPAN);
    assert!((12_000 / 20..=12_000 / 4).contains(&looks), "{looks}");
    let mut limits = std::collections::BTreeSet::new();
    for _ in 0..200 {
        pace.end += SPAN;
        pace.is_quick(Instant::now());
        assert!(LIMIT.contains(&pace.limit));
        limits.insert(pace.limit);
    }
    assert!(limits.len() > 8, "{limits:?}");
}

#[test]
fn only_who_is_quick_gives_way() {
    let mut pace = Pace::new();
    let began = Instant::now();
    assert!(!pace.is_quick(began), "there is nothing to compare with");
    let soon = began + QUICK * pace.limit - Duration::from_nanos(1);
    assert!(pace.is_quick(soon));
    let late = soon + QUICK * pace.limit;
    assert!(!pace.is_quick(late));
}
