//! Narrow rounds: who is far away may be far ahead.

use flipside::exchange;

#[test]
fn one_who_is_slow_to_look_at_the_first_narrow_round_finds_it_complete() {
    let last = 3;
    let parties = exchange::parties(last + 1)
        .segment(1, |_, _| 0)
        .neighbours(|rank| {
            [rank.checked_sub(1), Some(rank + 1).filter(|next| *next <= last)].into_iter().flatten()
        })
        .build()
        .unwrap();
    let pending: Vec<_> = parties.into_iter().map(|party| party.start().publish_narrow()).collect();
    let [zero, one, two, three] = <[_; 4]>::try_from(pending).unwrap();
    // Round 2 of the two that are furthest from rank 0, and of the one between, who waits for it.
    let [one, two, three] = [one, two, three].map(|pending| pending.wait().unwrap().publish());
    let three = three.wait().unwrap().publish();
    assert_eq!((zero.number(), three.number()), (1, 3));
    let zero = zero.wait().unwrap().publish().wait().unwrap();
    let one = one.wait().unwrap();
    let two = two.wait().unwrap();
    // They meet again in round 4.
    let zero = zero.publish();
    let [one, two] = [one, two].map(|round| round.publish());
    let narrow = [zero, one, two, three].map(|pending| pending.wait().unwrap().publish_wide());
    assert!(narrow.map(|pending| pending.wait().unwrap().number()).iter().all(|number| *number == 4));
}
