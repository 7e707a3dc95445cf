use super::{Barrier, Broken, Flags, Kind, Look, Neighbours};

/// Four in a ring, which arrive as far as this says.
fn ring(rounds: [u64; 4], first: Kind) -> Flags {
    let beside = |rank: usize| vec![(rank + 3) % 4, (rank + 1) % 4];
    let neighbours = |rank| Neighbours { sees: beside(rank), waits_for: beside(rank) };
    let flags = Flags::with_neighbours(4, 0, (0..4).map(neighbours).collect());
    for (rank, last) in rounds.into_iter().enumerate() {
        for round in 1..=last {
            let kind = if round == 1 { first } else { Kind::Narrow };
            // SAFETY: one thread, round after round; nobody reads segments.
            unsafe { flags.arrive(rank, round, kind) };
        }
    }
    flags
}

#[test]
fn in_the_first_narrow_round_others_may_be_rounds_ahead() {
    // All have arrived at round 1. Rank 2 has passed round 2 with its neighbours, while rank 0 has not looked yet.
    let flags = ring([1, 2, 3, 2], Kind::Narrow);
    assert_eq!(flags.poll(&mut Look::at_all(1, Kind::Narrow)), Ok(true));
    // Who takes the round for a wide one is told so.
    assert_eq!(flags.poll(&mut Look::at_all(1, Kind::Wide)), Err(Broken::Mismatch(0)));
    let mut look = Look { seen: 2, ..Look::at_all(1, Kind::Wide) };
    assert_eq!(flags.poll(&mut look), Err(Broken::Mismatch(2)));
}

#[test]
fn a_round_is_narrow_for_all_or_for_none() {
    let flags = ring([1, 2, 2, 2], Kind::Wide);
    assert_eq!(flags.poll(&mut Look::at_all(1, Kind::Wide)), Ok(true));
    let mut look = Look { seen: 1, ..Look::at_all(1, Kind::Narrow) };
    assert_eq!(flags.poll(&mut look), Err(Broken::Mismatch(1)));
}

#[test]
fn who_has_left_long_ago_is_not_waited_for() {
    let flags = Flags::new(2, 0);
    // SAFETY: one thread, round after round; it is the last call of this rank.
    unsafe { flags.leave(1, 0) };
    for round in [1, 1 << 26, (1 << 26) + 1, (1 << 27) - 1, 1 << 27, (1 << 27) + 1] {
        // SAFETY: one thread; that rounds are left out, and nobody waits for them, makes no difference to the words.
        unsafe { flags.arrive(0, round, Kind::Wide) };
        assert_eq!(flags.poll(&mut Look::at_all(round, Kind::Wide)), Ok(true), "round {round}");
    }
}
