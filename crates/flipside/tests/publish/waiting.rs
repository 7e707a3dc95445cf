//! Readers that wait for the next version, on threads and as tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use flipside::publish::strategy::Strategy;
use flipside::publish::{Abandoned, Offline, Writer};

use crate::{Shared, list, with_every_strategy};

with_every_strategy! {
    readers_sleep_until_there_is_news
    a_reader_that_sleeps_is_told_when_the_writer_goes
    ;
    news_is_told_once
    a_task_is_woken_by_news_and_leaves_nothing_behind
}

fn news_is_told_once<S: Strategy>(strategy: S) {
    let (mut writer, mut reader) = list(strategy);
    let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
    let moment = Duration::from_millis(1);
    assert_eq!(reader.changed_timeout(moment), Ok(None));
    assert_eq!(pinned.changed_timeout(Duration::ZERO), Ok(None));
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    let mut late = reader.clone();
    assert_eq!(reader.changed(), Ok(1));
    assert_eq!(late.changed(), Ok(1), "a clone has seen what the original had");
    assert_eq!(reader.changed_timeout(moment), Ok(None));
    assert_eq!((pinned.changed(), pinned.version()), (Ok(1), 1));
    for n in 0..3 {
        writer.apply(move |list| list.push(n));
        writer.publish().unwrap();
        pinned.refresh();
    }
    assert_eq!(reader.changed(), Ok(4), "those in between are passed over");
    drop(writer);
    assert_eq!(reader.changed(), Err(Abandoned));
    assert_eq!(late.changed(), Ok(4), "the last version comes before the news that the writer has gone");
    assert_eq!(late.changed_timeout(Duration::MAX), Err(Abandoned));
    assert_eq!(pinned.changed(), Err(Abandoned));
    let mut writer = Writer::new(reader.pointer().clone()).unwrap();
    assert_eq!(reader.changed_timeout(moment), Ok(None), "there is a writer again");
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    assert_eq!((reader.changed(), late.changed(), pinned.changed()), (Ok(5), Ok(5), Ok(5)));
}

fn readers_sleep_until_there_is_news<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let (tell, told) = mpsc::channel();
    let follows = |is_pinned: bool| {
        let (tell, mut reader) = (tell.clone(), reader.clone());
        thread::spawn(move || {
            let mut pinned = is_pinned.then(|| Offline::new(reader.pointer().clone()).unwrap().online());
            let mut newest = 0;
            tell.send(0).unwrap();
            loop {
                let news = pinned.as_mut().map_or_else(|| reader.changed(), |pinned| pinned.changed());
                let Ok(version) = news else { return newest };
                assert!(version > newest, "told twice");
                newest = version;
                let len = pinned.as_ref().map_or_else(|| reader.read().len(), |pinned| pinned.get().len());
                assert!(len as u64 >= version);
                tell.send(version).unwrap();
            }
        })
    };
    let threads = [false, true, false].map(follows);
    assert_eq!(told.iter().take(3).sum::<u64>(), 0, "all are there: a pinned one begins with what it finds");
    for n in 0..500 {
        writer.apply(move |list| list.push(n));
        let version = writer.publish().unwrap();
        if n % 2 == 0 {
            // Until each of them has seen it: one that is not woken never says so.
            let seen = told.iter().filter(|seen| *seen == version).take(3).count();
            assert_eq!(seen, 3);
        }
    }
    drop(writer);
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [500; 3]);
}

fn a_reader_that_sleeps_is_told_when_the_writer_goes<S: Shared>(strategy: S) {
    let (writer, mut reader) = list(strategy);
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        tell.send(()).unwrap();
        (reader.changed(), reader.changed_timeout(Duration::from_secs(1000)))
    });
    told.recv().unwrap();
    (0..50).for_each(|_| thread::yield_now());
    drop(writer);
    assert_eq!(thread.join().unwrap(), (Err(Abandoned), Err(Abandoned)));
}

#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn a_task_is_woken_by_news_and_leaves_nothing_behind<S: Strategy>(strategy: S) {
    let (mut writer, mut reader) = list(strategy);
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(counts.clone());
    let cx = &mut Context::from_waker(&waker);
    for _ in 0..3 {
        let mut future = Box::pin(reader.changed_async());
        assert!(future.as_mut().poll(cx).is_pending());
        assert!(future.as_mut().poll(cx).is_pending());
        drop(future);
        assert_eq!(Arc::strong_count(&counts), 2, "a future that is dropped leaves no waker");
    }
    let mut future = Box::pin(reader.changed_async());
    assert!(future.as_mut().poll(cx).is_pending());
    let before = counts.0.load(SeqCst);
    writer.apply(|list| list.push(1));
    writer.publish().unwrap();
    assert_eq!(counts.0.load(SeqCst), before + 1);
    assert_eq!(future.as_mut().poll(cx), Poll::Ready(Ok(1)));
    drop(future);
    // One that is leaked loses nothing for the next.
    let mut leaked = Box::new(reader.clone());
    let mut future = Box::pin(leaked.changed_async());
    assert!(future.as_mut().poll(cx).is_pending());
    std::mem::forget(future);
    std::mem::forget(leaked);
    let mut pinned = Offline::new(reader.pointer().clone()).unwrap().online();
    let mut future = Box::pin(pinned.changed_async());
    assert!(future.as_mut().poll(cx).is_pending());
    drop(writer);
    assert_eq!(future.as_mut().poll(cx), Poll::Ready(Err(Abandoned)));
}
