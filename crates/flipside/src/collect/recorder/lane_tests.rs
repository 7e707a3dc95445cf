//! The head with so few bits to count with that it wraps every few records.

use std::thread;

use super::lane::{Lane, Look, Watch};
use crate::substrate::atomic::{AtomicBool, Ordering::Relaxed};
use crate::substrate::side::Side;

/// A count of `bits` bits.
const fn shift(bits: u32) -> u32 {
    usize::BITS - bits
}

type Narrow<const SHIFT: u32> = Lane<[u64; 2], SHIFT>;

fn record<const SHIFT: u32>(lane: &Narrow<SHIFT>, during: impl FnOnce()) {
    let side = lane.enter();
    // SAFETY: inside of `side`; each test records from one thread at a time.
    unsafe {
        lane.with(side, |[a, b]| {
            *a += 1;
            during();
            *b += 1;
        });
    }
    lane.leave(side);
}

fn look<const SHIFT: u32>(watch: &mut Watch, lane: &Narrow<SHIFT>, sum: &mut u64) -> Look {
    watch.flip(lane);
    watch.visit(lane, |value| {
        let [a, b] = std::mem::take(value);
        assert_eq!(a, b, "half a record");
        *sum += a;
    })
}

#[test]
fn who_is_inside_is_seen_whatever_the_count_has_come_to() {
    for entries in 1..40 {
        let lane = Narrow::<{ shift(3) }>::new([0; 2], [0; 2]);
        let (mut watch, mut sum) = (Watch::new(), 0);
        for _ in 1..entries {
            record(&lane, || ());
        }
        record(&lane, || {
            // Nothing entered and eight entries look alike: the records are left where they are.
            let expected = if entries % 8 == 0 { Look::Nothing } else { Look::Occupied };
            assert_eq!(look(&mut watch, &lane, &mut sum), expected, "after {entries} entries");
            assert_eq!(look(&mut watch, &lane, &mut sum), expected, "after {entries} entries");
        });
        let expected = if entries % 8 == 0 { Look::Nothing } else { Look::Visited(entries % 8) };
        assert_eq!(look(&mut watch, &lane, &mut sum), expected, "after {entries} entries");
        record(&lane, || ());
        assert!(matches!(look(&mut watch, &lane, &mut sum), Look::Visited(_)));
        assert_eq!(sum, entries as u64 + 1);
    }
}

#[test]
fn the_count_never_reaches_the_side() {
    let lane = Narrow::<{ shift(2) }>::new([0; 2], [0; 2]);
    for _ in 0..1000 {
        assert_eq!(lane.enter(), Side::A);
        lane.leave(Side::A);
    }
}

#[test]
fn a_thousand_wraps_against_a_reader() {
    const RECORDS: u64 = 200_000;
    let lane = Narrow::<{ shift(2) }>::new([0; 2], [0; 2]);
    let (mut watch, mut sum) = (Watch::new(), 0);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..RECORDS {
                // A straggler now and then.
                record(&lane, || if n % 64 == 0 { thread::yield_now() } else { std::hint::spin_loop() });
            }
            stop.store(true, Relaxed);
        });
        while !stop.load(Relaxed) {
            if look(&mut watch, &lane, &mut sum) == Look::Nothing {
                thread::yield_now();
            }
        }
    });
    // What the last flip left behind, then what looks like nothing: one record more does not.
    for _ in 0..3 {
        let _ = look(&mut watch, &lane, &mut sum);
    }
    record(&lane, || ());
    assert!(matches!(look(&mut watch, &lane, &mut sum), Look::Visited(_)));
    assert_eq!(sum, RECORDS + 1);
}

#[test]
fn a_visitor_that_panics_visits_again() {
    let lane = Narrow::<{ super::lane::WIDE }>::new([0; 2], [0; 2]);
    let (mut watch, mut sum) = (Watch::new(), 0);
    record(&lane, || ());
    watch.flip(&lane);
    let panics =
        std::panic::AssertUnwindSafe(|| watch.visit(&lane, |_| std::panic::resume_unwind(Box::new(()))));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert!(watch.is_vacating());
    assert_eq!(look(&mut watch, &lane, &mut sum), Look::Visited(1));
    assert_eq!((sum, watch.is_vacating()), (1, false));
}
