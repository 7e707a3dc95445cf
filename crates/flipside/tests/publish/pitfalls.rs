//! The known ways to get it wrong.

use std::mem::forget;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flipside::publish::strategy::Strategy;
use flipside::publish::{Offline, PublishError, ReadGuard};

use crate::{Shared, list, with_every_strategy};

with_every_strategy! {
    a_writer_that_waits_is_not_in_the_way_of_clones
    a_writer_that_waits_is_woken
    fast_readers_do_not_starve_the_writer
    a_reader_that_comes_after_the_flip_is_not_waited_for
    a_timeout_names_the_culprit
    ;
    a_guard_delays_the_second_publish_and_nothing_earlier
    the_log_is_cut_short_again
    a_forgotten_guard_is_named_and_does_no_harm
    a_writer_with_its_own_guard_is_told
    a_writer_with_its_own_pinned_reader_is_told
    pushing_never_waits
    guards_of_one_reader_share_its_version
    a_pinned_reader_stays_until_it_says_so
}

fn a_guard_delays_the_second_publish_and_nothing_earlier<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let other = reader.clone();
    for round in 0..10 {
        let base = writer.version();
        let old = reader.read();
        writer.apply(move |list| list.push(round));
        assert_eq!(writer.try_publish(), Ok(base + 1), "the first publish after it does not wait");
        // Of the new side: the writer that waits for it instead waits for the wrong ones.
        let new = other.read();
        writer.apply(move |list| list.push(round));
        let Err(PublishError::Occupied(straggler)) = writer.try_publish() else {
            panic!("a reader is inside")
        };
        assert_eq!(straggler.since_version(), base);
        assert_eq!(straggler.reader(), reader.number());
        assert!(straggler.is_this_thread());
        assert_eq!((old.len(), new.len()), (2 * round as usize, 2 * round as usize + 1));
        drop(old);
        assert_eq!(writer.try_publish(), Ok(base + 2), "a reader of the new side is not waited for");
        drop(new);
    }
}

fn a_reader_that_comes_after_the_flip_is_not_waited_for<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    let (enter, entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let stranger = thread::spawn(move || {
        let guard = reader.read();
        enter.send(()).unwrap();
        let _ = may_leave.recv();
        guard.len()
    });
    entered.recv().unwrap();
    writer.apply(|list| list.push(2));
    assert_eq!(writer.publish(), Ok(2), "it entered version 1, and that is the side that stays");
    writer.apply(|list| list.push(3));
    let Err(PublishError::Occupied(straggler)) = writer.try_publish() else { panic!("a reader is inside") };
    assert_eq!((straggler.since_version(), straggler.is_this_thread()), (1, false));
    drop(leave);
    assert_eq!(stranger.join().unwrap(), 1);
    assert_eq!(writer.publish(), Ok(3));
}

fn the_log_is_cut_short_again<S: Strategy>(strategy: S) {
    let (mut writer, _reader) = list(strategy);
    for n in 0..1000 {
        writer.apply(move |list| list.push(n));
        assert!(writer.log_len() <= 2, "it keeps the last publish's, and what was pushed since");
        writer.try_publish().unwrap();
        assert_eq!((writer.pending(), writer.log_len()), (0, 1));
    }
    assert_eq!(writer.publish_both(), Ok(1000));
    assert_eq!(writer.log_len(), 0);
    assert!(writer.published().iter().copied().eq(0..1000));
    assert_eq!(writer.latest().unwrap().len(), 1000);
}

fn a_forgotten_guard_is_named_and_does_no_harm<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    writer.apply(|list| list.push(1));
    writer.try_publish().unwrap();
    forget(reader.read());
    forget(reader.read());
    for n in 2..5 {
        writer.apply(move |list| list.push(n));
        let published = writer.try_publish();
        if n == 2 {
            assert_eq!(published, Ok(2));
        } else {
            let straggler = published.unwrap_err().straggler().unwrap();
            assert_eq!((straggler.reader(), straggler.since_version()), (reader.number(), 1));
            assert!(matches!(writer.publish(), Err(PublishError::OwnReader(_))));
        }
    }
    assert_eq!(*reader.read(), [1], "its reader is inside of that version for good");
    let other = reader.clone();
    assert_eq!(*other.read(), [1, 2]);
    drop(reader);
    assert_eq!(writer.try_publish(), Ok(3));
    assert_eq!(*other.read(), [1, 2, 3, 4]);
}

fn a_writer_with_its_own_guard_is_told<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let guard = reader.read();
    writer.apply(|list| list.push(1));
    assert_eq!(writer.publish(), Ok(1));
    writer.apply(|list| list.push(2));
    for _ in 0..2 {
        let Err(PublishError::OwnReader(straggler)) = writer.publish() else { panic!("its own guard") };
        assert_eq!((straggler.reader(), straggler.since_version()), (reader.number(), 0));
        assert!(matches!(writer.latest(), Err(PublishError::OwnReader(_))));
        assert!(matches!(writer.publish_both(), Err(PublishError::OwnReader(_))));
        assert!(matches!(writer.publish_timeout(Duration::MAX), Err(PublishError::OwnReader(_))));
    }
    assert_eq!((writer.pending(), guard.len()), (1, 0));
    drop(guard);
    assert_eq!(writer.publish(), Ok(2));
    assert_eq!(*reader.read(), [1, 2]);
}

fn a_writer_with_its_own_pinned_reader_is_told<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
    writer.apply(|list| list.push(1));
    assert_eq!(writer.publish(), Ok(1));
    writer.apply(|list| list.push(2));
    let Err(PublishError::OwnReader(straggler)) = writer.publish() else { panic!("its own pinned reader") };
    assert_eq!((straggler.reader(), straggler.since_version()), (pinned.number(), 0));
    assert!(pinned.refresh());
    assert_eq!(writer.publish(), Ok(2));
    assert_eq!(*pinned.get(), [1]);
    writer.apply(|list| list.push(3));
    assert!(matches!(writer.publish(), Err(PublishError::OwnReader(_))));
    let rest = pinned.offline();
    assert_eq!(writer.publish(), Ok(3));
    assert_eq!(*rest.online().get(), [1, 2, 3]);
}

fn pushing_never_waits<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let _guard = reader.read();
    writer.apply(|list| list.push(0));
    writer.try_publish().unwrap();
    for n in 1..100 {
        writer.apply(move |list| list.push(n));
    }
    assert!(writer.try_publish().is_err());
    assert_eq!(writer.pending(), 99);
}

fn guards_of_one_reader_share_its_version<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let first = reader.read();
    writer.apply(|list| list.push(1));
    writer.try_publish().unwrap();
    let second = reader.read();
    let third = ReadGuard::clone(&second);
    assert_eq!([&first, &second, &third].map(ReadGuard::version), [0; 3]);
    drop(first);
    writer.apply(|list| list.push(2));
    assert!(writer.try_publish().is_err(), "two are left");
    drop(third);
    assert!(writer.try_publish().is_err(), "one is left");
    assert!(second.is_empty());
    drop(second);
    assert_eq!(ReadGuard::version(&reader.read()), 1);
    assert_eq!(writer.try_publish(), Ok(2));
}

fn a_pinned_reader_stays_until_it_says_so<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
    for n in 0..20 {
        assert!(!pinned.refresh());
        writer.apply(move |list| list.push(n));
        assert_eq!(writer.try_publish(), Ok(u64::from(n) + 1));
        assert_eq!((pinned.get().len(), pinned.version()), (n as usize, u64::from(n)));
        assert!(pinned.refresh());
        assert_eq!(pinned.get().len(), n as usize + 1);
    }
    pinned = pinned.offline().online();
    assert_eq!(pinned.version(), 20);
}

fn a_writer_that_waits_is_not_in_the_way_of_clones<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let guard = reader.read();
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        writer.apply(|list| list.push(2));
        tell.send(()).unwrap();
        writer.publish()
    });
    told.recv().unwrap();
    // It waits by now, or will soon: either way none of this may need it.
    for _ in 0..1000 {
        let other = reader.clone();
        assert_eq!(other.read().len(), 1);
        let _ = Offline::new(reader.pointer().clone()).unwrap().online().get();
        assert!(guard.is_empty());
        thread::yield_now();
    }
    drop(guard);
    assert_eq!(thread.join().unwrap(), Ok(2));
}

fn a_writer_that_waits_is_woken<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let (tell, told) = mpsc::channel::<u32>();
    let (enter, entered) = mpsc::channel();
    let thread = thread::spawn(move || {
        for n in told {
            let guard = reader.read();
            enter.send(()).unwrap();
            // Sometimes it falls asleep before this, sometimes after.
            (0..n % 50).for_each(|_| thread::yield_now());
            drop(guard);
        }
    });
    for n in 0..300u32 {
        writer.apply(move |list| list.push(n));
        writer.publish().unwrap();
        tell.send(n).unwrap();
        entered.recv().unwrap();
        writer.apply(move |list| list.push(n));
        writer.publish_both().unwrap();
    }
    drop(tell);
    thread.join().unwrap();
}

fn fast_readers_do_not_starve_the_writer<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            let (reader, is_over) = (reader.clone(), &is_over);
            scope.spawn(move || {
                let mut newest = 0;
                while !is_over.load(SeqCst) {
                    let guard = reader.read();
                    assert_eq!(guard.len() as u64, ReadGuard::version(&guard));
                    assert!(guard.len() >= newest, "versions do not go back");
                    newest = guard.len();
                }
            });
        }
        for n in 0..2000 {
            writer.apply(move |list| list.push(n));
            writer.publish().unwrap();
        }
        is_over.store(true, SeqCst);
    });
}

fn a_timeout_names_the_culprit<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let number = reader.number();
    let (enter, entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let stranger = thread::spawn(move || {
        let _guard = reader.read();
        enter.send(()).unwrap();
        let _ = may_leave.recv();
    });
    entered.recv().unwrap();
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    writer.apply(|list| list.push(2));
    for time in [0, 5].map(Duration::from_millis) {
        let Err(PublishError::TimedOut { waited, straggler }) = writer.publish_timeout(time) else {
            panic!("a reader is inside")
        };
        assert_eq!((waited, straggler.reader(), straggler.since_version()), (time, number, 0));
        let text = PublishError::TimedOut { waited, straggler }.to_string();
        assert!(text.contains("since version 0"), "{text}");
    }
    drop(leave);
    stranger.join().unwrap();
    assert_eq!(writer.publish_timeout(Duration::MAX), Ok(2));
}
