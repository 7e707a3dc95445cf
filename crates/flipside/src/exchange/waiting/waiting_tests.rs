//! What is learnt from waits.

use super::*;

/// Waits that end after so many turns; how many spins and rests it would have the next time.
fn after(policy: &Policy, turns: u32, waits: usize) -> (u32, u32) {
    for _ in 0..waits {
        let mut patience = policy.begin(1);
        (0..turns).for_each(|_| _ = patience.spin());
        policy.end(&patience);
    }
    (policy.learnt.spins.load(Relaxed), policy.learnt.rests.load(Relaxed))
}

#[test]
fn it_spins_as_long_as_that_ends_well_and_not_much_longer() {
    let policy = Policy::new(Waiting::Adaptive, true);
    assert_eq!(after(&policy, 10, 3), (SPINS / 8, 16), "what is long enough stays");
    assert_eq!(after(&policy, SPINS / 8, 1).0, SPINS / 4);
    assert_eq!(after(&policy, SPINS, 1).0, SPINS / 8, "it was too long");
    assert_eq!(after(&policy, SPINS, 100).0, LEAST);
}

#[test]
fn after_a_short_sleep_it_rests_longer_and_after_a_long_one_less() {
    let policy = Policy::new(Waiting::Adaptive, true);
    let slept = |ago: Duration| {
        let mut patience = policy.begin(1);
        while patience.spin() {}
        let since = patience.asleep.expect("it is time to sleep");
        patience.asleep = since.checked_sub(ago);
        policy.end(&patience);
        policy.learnt.rests.load(Relaxed)
    };
    assert_eq!([slept(SHORT), slept(SHORT), slept(SHORT)], [8, 4, 4]);
    // A test that is stopped here for long has slept long: several of them have not.
    let most = (0..100).map(|_| slept(Duration::ZERO)).max();
    assert_eq!(most, Some(48));
}

#[test]
fn who_shall_sleep_or_has_no_processor_learns_nothing() {
    for policy in [Policy::new(Waiting::Sleeping, true), Policy::new(Waiting::Adaptive, false)] {
        assert_eq!(after(&policy, 1000, 10), (SPINS / 8, 16));
    }
    let mut patience = Policy::new(Waiting::Sleeping, true).begin(1);
    assert!(!patience.spin());
    let mut patience = Policy::new(Waiting::Spinning, true).begin(1);
    assert!((0..100_000).all(|_| patience.spin()));
}
