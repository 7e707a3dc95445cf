//! Bursts with known answers: synthetic counters against [`Burst`].

use std::time::Duration;

use flipside_sources::host::{Burst, BurstReport, Peak, Refresh};

const MS: u64 = 1_000_000;
const TIMED: Refresh = Refresh::Timed { floor: Duration::ZERO };

/// Observes `value(ms)` once a millisecond, read in no time.
fn every_ms(refresh: Refresh, ms: std::ops::Range<u64>, mut value: impl FnMut(u64) -> u64) -> BurstReport {
    let mut burst = Burst::new(refresh);
    for ms in ms {
        burst.observe(ms * MS, ms * MS, value(ms));
    }
    burst.report()
}

fn peak(report: &BurstReport) -> Peak {
    report.peak.expect("there is a peak")
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= right.abs() * 0.01
}

#[test]
fn a_burst_of_known_height_at_a_known_time() {
    for at in [1_u64, 2, 499, 500, 501, 1500, 4321, 9998, 9999] {
        let report = every_ms(Refresh::Live, 0..10_000, |ms| ms * 2 + if ms >= at { 700 } else { 0 });
        let peak = peak(&report);
        assert_eq!((peak.at_ns, peak.over_ns, peak.rate), ((at - 1) * MS, MS, 702_000.0), "burst at {at}");
        // The second around it, or what there was of it.
        let around = ((at + 500).min(9999) - at.saturating_sub(500)) as f64;
        let mean = (around * 2.0 + 700.0) * 1000.0 / around;
        assert!(near(peak.mean, mean), "burst at {at}: {} instead of {mean}", peak.mean);
        assert_eq!(report.update_period_ns, Some(MS));
        assert_eq!((report.total, report.samples), (9999 * 2 + 700, 10_000));
        assert!(near(report.mean, 2070.0));
    }
}

#[test]
fn the_highest_of_many_bursts_wins_and_the_first_of_equals_is_as_good() {
    let height = |ms: u64| match ms {
        1000 | 7000 => 50,
        3000 => 90,
        _ => u64::from(!ms.is_multiple_of(3)),
    };
    let mut sum = 0;
    let report = every_ms(Refresh::Live, 0..9000, |ms| {
        sum += height(ms);
        sum
    });
    assert_eq!((peak(&report).at_ns, peak(&report).rate), (2999 * MS, 90_000.0));
}

#[test]
fn a_burst_after_silence_is_counted_over_its_own_millisecond() {
    let report = every_ms(Refresh::Live, 0..3000, |ms| if ms < 2000 { 5 } else { 905 });
    assert_eq!((peak(&report).rate, peak(&report).at_ns), (900_000.0, 1999 * MS));
    assert!(near(peak(&report).mean, 900.0));
    assert_eq!(report.update_period_ns, None);
}

#[test]
fn a_counter_refreshed_every_four_ms_is_not_read_as_four_times_its_rate() {
    for refresh in [Refresh::Live, TIMED] {
        // 10 in a millisecond, shown every four; between 2000 and 2040 it is 30.
        let true_count = |ms: u64| ms * 10 + 20 * ms.clamp(2000, 2040).saturating_sub(2000);
        let report = every_ms(refresh, 3..6000, |ms| true_count(ms / 4 * 4));
        assert_eq!(report.update_period_ns, Some(4 * MS), "{refresh:?}");
        let peak = peak(&report);
        assert_eq!((peak.over_ns, peak.rate), (4 * MS, 30_000.0), "{refresh:?}");
        assert!((2000 * MS..2040 * MS).contains(&peak.at_ns), "{peak:?}");
        assert!(near(peak.mean, 10_800.0), "{peak:?}");
    }
}

#[test]
fn a_counter_refreshed_every_second_is_stated_over_a_second() {
    let report = every_ms(TIMED, 0..10_500, |ms| ms / 1000 * 1000 * 7);
    assert_eq!(report.update_period_ns, Some(1000 * MS));
    assert_eq!((peak(&report).over_ns, peak(&report).rate), (1000 * MS, 7000.0));
}

#[test]
fn the_first_step_of_a_slow_counter_tells_nothing() {
    let report = every_ms(TIMED, 0..1500, |ms| if ms < 700 { 0 } else { 1_000_000 });
    assert_eq!(report.peak, None);
    assert_eq!(report.total, 1_000_000);
}

#[test]
fn a_coarse_counter_is_stated_over_its_floor_at_least() {
    // Ticks of ten milliseconds, two of which fall into one sample now and then.
    let refresh = Refresh::Timed { floor: Duration::from_millis(50) };
    let report = every_ms(refresh, 0..5000, |ms| ms / 20 * 2 + u64::from(ms >= 3001));
    let peak = peak(&report);
    assert!(peak.over_ns >= 50 * MS, "{peak:?}");
    // 100 a second in truth; 7 in 60 ms is the worst that rounding can make of it.
    assert!(peak.rate <= 140.0, "{peak:?}");
}

#[test]
fn a_counter_that_falls_is_unchanged() {
    let values = [100, 150, 40, 45, u64::MAX, 3, 4];
    let mut burst = Burst::new(Refresh::Live);
    for (ms, value) in values.into_iter().enumerate().filter(|(_, value)| *value != u64::MAX) {
        burst.observe(ms as u64 * MS, ms as u64 * MS, value);
    }
    let report = burst.report();
    assert_eq!(report.total, 50 + 5 + 1);
    assert_eq!((peak(&report).rate, peak(&report).at_ns), (50_000.0, 0));
}

#[test]
fn a_rate_is_over_the_time_it_really_took() {
    let mut burst = Burst::new(Refresh::Live);
    // Evenly 10 in a millisecond, but sampled irregularly; a late sample brings more, over more time.
    for ms in (0..2000).filter(|ms| ms % 7 != 3 && !(800..830).contains(ms)) {
        burst.observe(ms * MS, ms * MS, ms * 10);
    }
    let report = burst.report();
    assert_eq!(peak(&report).rate, 10_000.0);
    assert!(near(report.mean, 10_000.0));
    assert!(report.series.points.iter().all(|rate| near(*rate, 10_000.0)), "{:?}", report.series);
}

#[test]
fn a_thread_held_up_between_reading_and_looking_at_the_clock_makes_no_peak() {
    let mut burst = Burst::new(Refresh::Live);
    for ms in 0..1000_u64 {
        // The sample of 400 is read 30 ms late, but its read began on time; the next ones follow at once.
        let (from, to) = match ms {
            400 => (400 * MS, 430 * MS),
            401..=430 => (430 * MS, 430 * MS),
            _ => (ms * MS, ms * MS),
        };
        let read_at = if ms == 400 { 430 } else { (to / MS).max(ms) };
        burst.observe(from, to, read_at * 10);
    }
    assert_eq!(peak(&burst.report()).rate, 10_000.0);
}

#[test]
fn faster_than_the_ring_was_made_for() {
    let mut burst = Burst::new(Refresh::Live);
    for sample in 0..50_000_u64 {
        let value = sample + if sample >= 20_000 { 300 } else { 0 };
        burst.observe(sample * 50_000, sample * 50_000, value);
    }
    let report = burst.report();
    assert_eq!((peak(&report).at_ns, peak(&report).over_ns), (19_999 * 50_000, 50_000));
    assert!(peak(&report).mean > 20_000.0 && peak(&report).mean < 40_000.0);
}

#[test]
fn slower_than_the_second_around_a_peak() {
    let mut burst = Burst::new(Refresh::Live);
    for second in 0..20_u64 {
        burst.observe(
            second * 3000 * MS,
            second * 3000 * MS,
            second * 30 + if second > 10 { 600 } else { 0 },
        );
    }
    let report = burst.report();
    assert_eq!((peak(&report).rate, peak(&report).over_ns), (210.0, 3000 * MS));
    assert_eq!(report.series.seconds_per_point, 0.5);
}

#[test]
fn too_little_to_say_anything() {
    assert_eq!(Burst::new(Refresh::Live).report().peak, None);
    let mut burst = Burst::new(Refresh::Live);
    burst.observe(5, 5, 1000);
    assert_eq!((burst.report().peak, burst.report().total, burst.report().mean), (None, 0, 0.0));
    // Two samples at the same instant, and one before it: no division by zero, no peak out of nothing.
    burst.observe(5, 5, 2000);
    burst.observe(3, 4, 3000);
    assert_eq!(burst.report().peak, None);
    assert_eq!(burst.report().total, 2000);
}

#[test]
fn a_report_in_the_middle_changes_nothing() {
    let value = |ms: u64| ms * 3 + if ms == 900 { 40 } else { 0 };
    let mut asked = Burst::new(Refresh::Live);
    for ms in 0..3000 {
        asked.observe(ms * MS, ms * MS, value(ms));
        if ms % 100 == 0 {
            let _ = asked.report();
        }
    }
    assert_eq!(asked.report(), every_ms(Refresh::Live, 0..3000, value));
}

#[test]
fn a_counter_that_changes_with_great_regularity_is_taken_for_a_slow_one() {
    // Every second millisecond, never otherwise: nothing in the samples tells that from a refresh every two.
    // The peak is then stated over two, which is too low rather than too high.
    let report = every_ms(Refresh::Live, 0..5000, |ms| ms / 2 + if ms >= 3000 { 99 } else { 0 });
    assert_eq!((peak(&report).rate, peak(&report).over_ns), (50_000.0, 2 * MS));
}
