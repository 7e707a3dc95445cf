//! One suite over both orders, every overflow policy, size of a side, linger, watermark, number of writers and way to read,
//! against a model behind a mutex. What must hold for all of them stands in [`check`]; a failure names the
//! setup and its seed.

mod check;
#[path = "../support/mod.rs"]
mod support;
mod workload;

use std::time::Duration;

use flipside::collect::{Order, Overflow};

use workload::Ending::{Close, Dropped, Racing};
use workload::How::{Next, Poll, Run, Timed};
use workload::{How, Setup};

const POLICIES: [Overflow; 5] = [
    Overflow::Block,
    Overflow::BlockTimeout(Duration::from_micros(50)),
    Overflow::BlockTimeout(Duration::from_secs(3600)),
    Overflow::Fail,
    Overflow::DropNewest,
];

const LINGERS: [Option<Duration>; 3] = [Some(Duration::ZERO), Some(Duration::from_millis(1)), None];

const ORDERS: [(Order, bool); 3] =
    [(Order::Total, true), (Order::PerWriter, true), (Order::PerWriter, false)];

/// Every setup with these threads and sides.
fn suite(threads: &[usize], sides: &[usize], hows: &[How], records: usize) {
    let mut seed = 0;
    for (order, membarrier) in ORDERS {
        for &side in sides {
            for overflow in POLICIES {
                for (&threads, &how) in threads.iter().zip(hows.iter().cycle().skip(seed as usize)) {
                    seed += 1;
                    // Tiny sides with the long linger wait for it over and over: a watermark of one word helps.
                    let watermark = match seed % 3 {
                        _ if side < 256 => Some(1),
                        0 => None,
                        1 => Some(side),
                        _ => Some(side.div_ceil(3)),
                    };
                    let setup = Setup {
                        order,
                        membarrier,
                        overflow,
                        side,
                        linger: LINGERS[seed as usize % 3],
                        watermark,
                        threads,
                        how,
                        ending: [Close, Dropped, Racing][seed as usize / 2 % 3],
                        records,
                        seed,
                    };
                    let history = support::within(&format!("{setup:?}"), move || setup.run());
                    check::all(&setup, &history);
                }
            }
        }
    }
}

const HOWS: [How; 4] = [Next, Timed, Poll, Run];

#[test]
fn tiny_sides() {
    suite(&[1, 2, 3], &[16, 24, 40], &HOWS, 150);
}

#[test]
fn small_sides() {
    suite(&[1, 2, 4, 8], &[128, 1000], &HOWS, 400);
}

#[test]
fn large_sides() {
    suite(&[1, 2, 5, 8], &[1 << 16, 1 << 20], &HOWS, 700);
}

#[test]
fn a_reader_that_loiters_makes_every_policy_work() {
    suite(&[2, 4, 8], &[64, 512], &[How::Loiter, How::Refuse], 200);
}
