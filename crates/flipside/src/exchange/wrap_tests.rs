//! Rounds whose numbers no longer fit into the words of the barriers.

use super::{Choice, Memory, Setup, parties};

/// Party by party, round by round, across the wrap.
fn cross<M: Memory<Element = u64>>(setup: Setup<M>, start: u64) {
    let ends = setup.starting_at(start).scope(|mut round| {
        for _ in 0..100 {
            let number = round.number();
            assert!(round.view().segments().flatten().all(|element| *element == number));
            round.own()[0] = number + 1;
            round = round.publish().wait().unwrap();
        }
        round.number()
    });
    assert_eq!(ends.unwrap(), [start + 100; 3]);
}

#[test]
fn rounds_go_on_when_their_words_wrap() {
    // The words have 28 bits for rounds, or 30.
    for (choice, start) in [(Choice::Flags, (1 << 28) - 50), (Choice::Central, (1 << 30) - 50)] {
        cross(parties(3).segment(1, |_, _| start).barrier(choice), start);
        cross(parties(3).three_sides().padded(1, |_, _| start).barrier(choice), start);
    }
}

#[test]
fn narrow_rounds_go_on_as_well() {
    let start = (1 << 28) - 50;
    let row = parties(3).segment(1, |_, _| start).neighbours(|rank| (rank..rank + 2).filter(|at| *at < 3));
    let ends = row.starting_at(start).scope(|round| {
        let mut round = round.narrow();
        for _ in 0..100 {
            let (own, view) = round.split();
            assert!(view.segments().all(|(_, segment)| segment[0] == view.round()));
            own[0] = view.round() + 1;
            round = round.publish().wait().unwrap();
        }
        round.publish_wide().wait().unwrap().number()
    });
    assert_eq!(ends.unwrap(), [start + 101; 3]);
}
