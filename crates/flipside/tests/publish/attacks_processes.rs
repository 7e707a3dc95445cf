//! A fork, and a system that begins to refuse membarrier: 16, 17.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flipside::publish::strategy::{Asymmetric, Counters};
use flipside::publish::{Buffer, Offline, PublishError, ReadGuard, Reader, raw};

use crate::support::{refuse_membarrier, within};
use crate::{Shared, list};

fn forks<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.push(1));
    writer.publish_both().unwrap();
    let guard = reader.read();
    // SAFETY: the child uses memory that it has, then exits without unwinding or destructors.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        writer.apply(|list| list.clear());
        let first = writer.publish() == Ok(2);
        writer.apply(|list| list.clear());
        let own = matches!(writer.publish(), Err(PublishError::OwnReader(_)));
        let held = *guard == [1];
        drop(guard);
        let second = writer.publish() == Ok(3) && reader.read().is_empty();
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(if first && own && held && second { 42 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: our child, and a place for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 42, "{status}");
    assert_eq!((guard.len(), writer.version(), reader.version()), (1, 1, 1), "nothing of the child's");
}

#[test]
fn a_16_a_child_after_a_fork_has_a_buffer_of_its_own() {
    within("forks", || {
        forks(Asymmetric::new());
        forks(Asymmetric::portable());
        forks(Counters::new());
    });
}

/// The environment variable that tells a child what it is for.
const CHILD: &str = "FLIPSIDE_TEST_PUBLISH_REFUSED";

/// What the child does: publishes before and after the refusal.
fn with_membarrier_refused() {
    let buffer = Arc::new(Buffer::new([0, 0], ()));
    let mut writer = raw::Writer::new(buffer.clone()).unwrap();
    let reader = Reader::new(buffer.clone()).unwrap();
    let was_asymmetric = buffer.strategy().is_asymmetric();
    for n in 1..10 {
        *writer.back().unwrap() = n;
        writer.publish().unwrap();
    }
    refuse_membarrier();
    // The flip before needs the fence before its side is touched.
    if was_asymmetric {
        for _ in 0..3 {
            assert!(matches!(writer.try_back(), Err(PublishError::Refused(_))));
            assert!(matches!(writer.back(), Err(PublishError::Refused(_))));
            assert!(
                matches!(writer.publish(), Err(PublishError::Refused(refused)) if refused.errno() == libc::EPERM)
            );
        }
        assert_eq!((writer.version(), *reader.read()), (9, 9), "nothing is flipped, and readers go on");
        assert_eq!(ReadGuard::version(&reader.clone().read()), 9);
        // Without guard readers no membarrier is needed.
        drop(reader);
        let mut pinned = Offline::new(buffer.clone()).unwrap().online();
        for n in 10..20 {
            *writer.back().unwrap() = n;
            assert_eq!(writer.publish(), Ok(n));
            assert!(pinned.refresh());
            assert_eq!(*pinned.get(), n);
        }
    }
    // Who asks only now gets full fences.
    let buffer = Arc::new(Buffer::new([0, 0], ()));
    assert!(!buffer.strategy().is_asymmetric());
    let mut writer = raw::Writer::new(buffer.clone()).unwrap();
    let (tell, told) = mpsc::channel::<()>();
    let other = Reader::new(buffer).unwrap();
    let stranger = thread::spawn(move || {
        while told.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            drop(other.read());
        }
    });
    for n in 1..2000u64 {
        *writer.back_timeout(Duration::from_secs(20)).unwrap() = n;
        assert_eq!(writer.publish(), Ok(n));
    }
    drop(tell);
    stranger.join().unwrap();
}

#[test]
fn a_17_membarrier_that_is_refused_from_some_moment_on() {
    const NAME: &str = "attacks_processes::a_17_membarrier_that_is_refused_from_some_moment_on";
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
