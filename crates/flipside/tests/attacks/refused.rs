//! membarrier that begins to fail: 17.

use std::thread;
use std::time::Duration;

use flipside::collect::{FlushError, Overflow, WriteError};

use crate::support::{assert_law, bodies, drain_all, refuse_membarrier, within};

/// The environment variable that tells a child what it is for.
const CHILD: &str = "FLIPSIDE_TEST_REFUSED";

/// What the child does: everything that takes a heavy fence, before and after it is refused.
fn with_membarrier_refused() {
    for round in 0..40u64 {
        let linger = [Duration::ZERO, Duration::from_millis(5)][round as usize % 2];
        let builder = crate::builder(Overflow::Block).side(256).writers(3).linger(linger);
        let (collector, mut drain) = builder.build().unwrap();
        let writers: Vec<_> = (0..3).map(|_| collector.writer().unwrap()).collect();
        let reader = thread::spawn(move || bodies(&drain_all(&mut drain)).len() as u64);
        if round == 0 {
            // It falls asleep once with the fence, and from then on without.
            thread::sleep(Duration::from_millis(20));
            refuse_membarrier();
        }
        let threads: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let collector = collector.clone();
                thread::spawn(move || {
                    let mut accepted = 0u64;
                    for n in 0.. {
                        match writer.write(b"a record") {
                            Ok(_) => accepted += 1,
                            Err(error) => {
                                assert_eq!(error, WriteError::Closed);
                                break;
                            }
                        }
                        if n % 50 == 49 {
                            // Nobody writes: the reader tries to sleep. Then the flush has to reach it.
                            thread::sleep(Duration::from_millis(2));
                            let flushed = collector.flush_timeout(crate::support::PATIENCE);
                            assert_ne!(flushed, Err(FlushError::Timeout));
                        }
                    }
                    accepted
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(5));
        let report = collector.close(Duration::from_secs(20));
        let accepted: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        let drained = reader.join().unwrap();
        let total = collector.stats().total();
        assert_law(&total);
        assert_eq!(total.drained, drained);
        assert_eq!(total.drained + total.abandoned, accepted, "lost in silence");
        assert!(!report.complete || total.abandoned == 0, "{report:?}, {total:?}");
        assert_eq!(total.pending, 0);
    }
}

#[test]
fn a_17_membarrier_that_is_refused_from_some_moment_on_loses_nothing_in_silence() {
    const NAME: &str =
        "refused::a_17_membarrier_that_is_refused_from_some_moment_on_loses_nothing_in_silence";
    if std::env::var_os(CHILD).is_some() {
        return within("everything, with membarrier refused", with_membarrier_refused);
    }
    let own = std::env::current_exe().unwrap();
    let output = within("a child to which membarrier is refused", move || {
        let mut child = std::process::Command::new(own);
        child.args([NAME, "--exact", "--nocapture"]).env(CHILD, "1").output().unwrap()
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "{NAME}: no such test");
}
