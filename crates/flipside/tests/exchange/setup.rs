//! What an exchange cannot be made of.

use std::alloc::Layout;

use flipside::exchange::{self, Choice, Contiguous, Memory, Padded, SetupError, TooLarge, TooLong};

use crate::within;

#[test]
fn nobody_is_too_few_and_a_thousand_are_not_too_many() {
    let error = exchange::parties(0).segment(4, |_, _| 0).build().unwrap_err();
    assert_eq!(error, SetupError::NoParties);
    assert_eq!(error.to_string(), "an exchange among 0 parties: there must be one at least");
    within(|| {
        for choice in [Choice::Auto, Choice::Flags, Choice::Central] {
            let parties = exchange::parties(1000).contributing(|_| 1).barrier(choice).build().unwrap();
            // One thread is enough: what is pending needs none.
            let mut rounds: Vec<_> = parties.into_iter().map(exchange::Party::start).collect();
            for turn in 2..5 {
                let pending: Vec<_> = rounds.into_iter().map(|round| round.publish_with(turn)).collect();
                rounds = pending.into_iter().map(|pending| pending.wait().unwrap()).collect();
                assert_eq!(rounds[999].view().sum(), 1000 * turn);
            }
        }
    });
}

#[test]
fn a_party_alone_passes_at_once() {
    let ends = exchange::parties(1).segment(1, |_, _| 1u64).scope(|mut round| {
        for _ in 0..1000 {
            let (own, view) = round.split();
            own[0] = view.all()[0] + 1;
            round = round.publish().wait().unwrap();
        }
        round.view().all()[0]
    });
    assert_eq!(ends.unwrap(), [1001]);
}

#[test]
fn segments_may_be_empty_and_elements_nothing() {
    for len in [0, 5] {
        let lens = exchange::parties(2).segment(len, |_, _| ()).scope(|round| {
            let round = round.publish().wait().unwrap();
            (round.view().all().len(), round.view().segment(1).len())
        });
        assert_eq!(lens.unwrap(), [(2 * len, len); 2]);
    }
    let lens = exchange::parties(2).padded(0, |_, _| 1u8).scope(|mut round| {
        assert!(round.set_len(1).is_err());
        round.own().len()
    });
    assert_eq!(lens.unwrap(), [0, 0]);
    // As many nothings as one likes.
    let many: Contiguous<()> = Contiguous::new(2, 1000, |_, _| ()).unwrap();
    assert_eq!(many.capacity(), 1000);
}

#[test]
fn too_much_memory_is_an_error_with_numbers() {
    for len in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 16] {
        let error = exchange::parties(3).segment(len, |_, _| -> u64 { unreachable!() }).build().unwrap_err();
        let too_large = TooLarge { parties: 3, len, element_bytes: 8, sides: 2 };
        assert_eq!(error, SetupError::TooLarge(too_large));
        let error = exchange::parties(3).padded(len, |_, _| -> u64 { unreachable!() }).build().unwrap_err();
        assert_eq!(error, SetupError::TooLarge(too_large));
    }
    for parties in [(1 << 20) + 1, usize::MAX] {
        let error =
            exchange::parties(parties).segment(1, |_, _| -> u64 { unreachable!() }).build().unwrap_err();
        assert_eq!(error, SetupError::TooManyParties { parties, most: 1 << 20 });
        let room = exchange::parties(1).room(parties).contributing(|_| -> u64 { unreachable!() });
        assert!(room.build().unwrap_err().to_string().contains("there can be 1048576"));
    }
}

#[test]
fn elements_are_aligned_and_segments_padded() {
    #[derive(Clone, Copy)]
    #[repr(align(4096))]
    struct Page(u8);
    let pages: Padded<Page> = Padded::new(2, 3, |rank, _| Page(rank as u8)).unwrap();
    let bytes: Padded<u8, 3> = Padded::new(5, 3, |_, _| 0).unwrap();
    let whole: Contiguous<u8, 3> = Contiguous::new(5, 3, |_, _| 0).unwrap();
    let mut lines = Vec::new();
    for side in 0..3 {
        for rank in 0..5 {
            // SAFETY: nobody writes.
            let segment = unsafe { bytes.segment(side, rank) };
            assert_eq!(segment.as_ptr().addr() % 128, 0);
            lines.push(segment.as_ptr().addr() / 128);
        }
        // SAFETY: nobody writes.
        lines.push(unsafe { whole.all(side) }.as_ptr().addr() / 128);
    }
    lines.sort_unstable();
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "two share a line");
    for side in 0..2 {
        // SAFETY: nobody writes.
        let segment = unsafe { pages.segment(side, 1) };
        assert_eq!(segment.as_ptr().addr() % Layout::new::<Page>().align(), 0);
        assert!(segment.iter().all(|page| page.0 == 1));
    }
}

#[test]
fn a_length_beyond_the_segment_is_refused_and_nothing_changes() {
    let ends = exchange::parties(2).padded(4, |_, _| 0).scope(|mut round| {
        round.set_len(2).unwrap();
        let error = round.set_len(5).unwrap_err();
        let rank = round.rank();
        assert_eq!(error, TooLong { rank, round: 1, asked: 5, capacity: 4 });
        assert_eq!(
            error.to_string(),
            format!("the segment of party {rank}, round 1, has room for 4 elements, not for 5")
        );
        round.publish().wait().unwrap().view().segment(rank).len()
    });
    assert_eq!(ends.unwrap(), [2, 2]);
}

#[test]
fn what_only_one_barrier_can_do_is_not_asked_of_the_other() {
    let step = exchange::parties(2).no_segment().step(|_| ()).barrier(Choice::Flags);
    let error = step.build().unwrap_err();
    assert_eq!(error, SetupError::NeedsCentral { what: "a step" });
    assert_eq!(error.to_string(), "a step needs the central barrier: leave out `barrier(Choice::Flags)`");
}

#[cfg(target_os = "linux")]
#[test]
fn processors_are_a_list_of_those_there_are() {
    let pinned = |processors: &[usize]| {
        let setup = exchange::parties(2).no_segment().pin(processors.iter().copied());
        setup.scope(|round| round.publish().wait().unwrap().rank())
    };
    assert_eq!(pinned(&[0]).unwrap_err(), SetupError::PinsForOthers { pins: 1, parties: 2 });
    let error = pinned(&[0, 100_000]).unwrap_err();
    let allowed = allowed();
    let SetupError::NoSuchProcessor { rank: 1, processor: 100_000, allowed: all } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(all[0], allowed);
    let error = SetupError::NoSuchProcessor { rank: 1, processor: 9, allowed: vec![0, 1, 2, 4, 6, 7] };
    assert!(error.to_string().ends_with("this process may on 0-2, 4, 6-7"), "{error}");
    assert_eq!(pinned(&[allowed, allowed]).unwrap(), [0, 1]);
}

/// A processor that this process may run on.
#[cfg(target_os = "linux")]
fn allowed() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim();
    list.split([',', '-']).next().unwrap().parse().unwrap()
}

#[test]
fn debug_shows_no_elements() {
    struct Secret;
    impl std::fmt::Debug for Secret {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            unreachable!("others may be writing it")
        }
    }
    let setup = exchange::parties(1).padded(1, |_, _| Secret);
    let shown = format!("{setup:?}");
    assert!(shown.contains("Padded"), "{shown}");
    let round = setup.build().unwrap().pop().unwrap().start();
    assert!(format!("{round:?} {:?}", round.view()).contains("rank: 0"));
}
