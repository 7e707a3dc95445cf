//! Writers that wait as tasks.

use std::mem::forget;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use flipside::publish::strategy::{LocalAsync, Strategy};
use flipside::publish::{Buffer, Closure, Log, PublishError, Reader, Writer, raw, value};

use crate::{Shared, list, with_every_strategy};

with_every_strategy! {
    a_task_waits_for_a_guard_of_another_thread
    ;
    a_task_waits_for_a_guard_of_another_task
    futures_are_dropped_and_leaked_at_each_await
    a_future_has_published_when_it_is_ready_and_not_before
    values_are_set_and_updated_by_tasks
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

fn a_task_waits_for_a_guard_of_another_thread<S: Shared>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let (tell, told) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel();
    let stranger = thread::spawn(move || {
        for () in told {
            let guard = reader.read();
            enter.send(()).unwrap();
            thread::yield_now();
            drop(guard);
        }
    });
    runtime().block_on(async {
        for n in 0..200u64 {
            tell.send(()).unwrap();
            entered.recv().unwrap();
            writer.apply(move |list| list.push(n as u32));
            assert_eq!(writer.publish_async().await, Ok(n + 1));
        }
    });
    drop(tell);
    stranger.join().unwrap();
}

fn a_task_waits_for_a_guard_of_another_task<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let publishes = async {
        for n in 0..50 {
            writer.apply(move |list| list.push(n));
            assert_eq!(writer.publish_async().await, Ok(u64::from(n) + 1));
            tokio::task::yield_now().await;
        }
    };
    let reads = async {
        for n in 0..50 {
            let guard = reader.read();
            let seen = guard.clone();
            for _ in 0..n % 4 {
                tokio::task::yield_now().await;
            }
            assert_eq!(*guard, *seen);
        }
    };
    // Both in one task of one thread would do as well: the writer's part is polled again when it is woken.
    runtime().block_on(async {
        let (mut publishes, mut reads) = (pin!(publishes), pin!(reads));
        let (mut first, mut second) = (false, false);
        std::future::poll_fn(|cx| {
            first = first || publishes.as_mut().poll(cx).is_ready();
            second = second || reads.as_mut().poll(cx).is_ready();
            if first && second { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
}

#[derive(Default)]
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn futures_are_dropped_and_leaked_at_each_await<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(counts.clone());
    let cx = &mut Context::from_waker(&waker);
    for round in 0..8u64 {
        let guard = reader.read();
        let base = writer.version();
        writer.apply(|list| list.push(1));
        // Never polled: nothing is published.
        drop(writer.publish_async());
        assert_eq!((writer.pending(), writer.version()), (1, base));
        assert_eq!(pin!(writer.publish_async()).poll(cx), Poll::Ready(Ok(base + 1)));
        writer.apply(|list| list.push(2));
        let mut future = Box::pin(writer.publish_async());
        for _ in 0..=round % 3 {
            assert!(future.as_mut().poll(cx).is_pending());
        }
        if round % 2 == 0 {
            drop(future)
        } else {
            forget(future)
        }
        assert_eq!((writer.pending(), writer.version()), (1, base + 1));
        drop(guard);
        let published = if round % 4 < 2 {
            writer.publish()
        } else {
            let Poll::Ready(published) = pin!(writer.publish_async()).poll(cx) else {
                panic!("all have left")
            };
            published
        };
        assert_eq!(published, Ok(base + 2));
        assert_eq!(writer.publish_both(), Ok(base + 2));
    }
    assert!(writer.published().iter().copied().eq([1, 2].into_iter().cycle().take(16)));
}

fn a_future_has_published_when_it_is_ready_and_not_before<S: Strategy>(strategy: S) {
    let (mut writer, reader) = list(strategy);
    let counts = Arc::new(Counts::default());
    let waker = Waker::from(counts.clone());
    let cx = &mut Context::from_waker(&waker);
    let guard = reader.read();
    writer.apply(|list| list.push(1));
    writer.try_publish().unwrap();
    assert_eq!(pin!(writer.publish_async()).poll(cx), Poll::Ready(Ok(1)), "nothing was pushed: no wait");
    writer.apply(|list| list.push(2));
    let mut future = Box::pin(writer.publish_async());
    assert!(future.as_mut().poll(cx).is_pending());
    assert_eq!(*reader.clone().read(), [1]);
    drop(guard);
    assert_eq!(future.as_mut().poll(cx), Poll::Ready(Ok(2)));
    assert_eq!(*reader.read(), [1, 2]);
    drop(future);
    drop(waker);
    assert_eq!(Arc::strong_count(&counts), 1, "no waker is kept");
}

#[allow(clippy::arc_with_non_send_sync, reason = "the strategies of one thread come this way too")]
fn values_are_set_and_updated_by_tasks<S: Strategy>(strategy: S) {
    let buffer = Arc::new(Buffer::with(strategy, [0, 0], (), ()));
    let (mut writer, reader) = (value::Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    let cx = &mut Context::from_waker(Waker::noop());
    let guard = reader.read();
    assert_eq!(pin!(writer.set_async(1)).poll(cx), Poll::Ready(Ok(1)));
    {
        let mut future = pin!(writer.update_async(|value| *value += 1));
        assert!(future.as_mut().poll(cx).is_pending());
        drop(guard);
        assert_eq!(future.as_mut().poll(cx), Poll::Ready(Ok(2)));
    }
    let guard = reader.read();
    writer.try_set(7).unwrap();
    assert!(pin!(writer.update_async(|value| *value += 1)).poll(cx).is_pending());
    drop(guard);
    assert_eq!((*writer.get(), *reader.read()), (7, 7), "given up before it was ready: nothing has changed");
    assert!(matches!(writer.try_update(|value| *value += 1), Ok(4)));
}

#[test]
fn a_local_set_publishes_rcs() {
    type Names = Rc<Buffer<Vec<Rc<str>>, Log<Vec<Rc<str>>, Closure<Vec<Rc<str>>>>, LocalAsync>>;
    let buffer: Names = Rc::new(Buffer::with(LocalAsync::new(), [vec![], vec![]], Log::new(), ()));
    let (mut writer, reader) = (Writer::new(buffer.clone()).unwrap(), Reader::new(buffer).unwrap());
    let set = tokio::task::LocalSet::new();
    runtime().block_on(set.run_until(async move {
        let reads = tokio::task::spawn_local(async move {
            let mut lens = Vec::new();
            while lens.last() != Some(&5) {
                let guard = reader.read();
                tokio::task::yield_now().await;
                lens.push(guard.len());
                drop(guard);
                tokio::task::yield_now().await;
            }
            assert!(lens.is_sorted());
        });
        for _ in 0..5 {
            writer.apply(|names| names.push(Rc::from("name")));
            writer.publish_async().await.unwrap();
        }
        reads.await.unwrap();
    }));
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("deliberate");
    }
}

#[test]
fn a_waker_that_panics_leaves_a_pinned_reader_inside() {
    let buffer = Rc::new(Buffer::with(LocalAsync::new(), [1, 1], (), ()));
    let mut pinned = flipside::publish::Offline::new(buffer.clone()).unwrap().online();
    let mut writer = raw::Writer::new(buffer).unwrap();
    *writer.try_back().unwrap() = 2;
    writer.try_publish().unwrap();
    let waker = Waker::from(Arc::new(Panics));
    assert!(writer.poll_vacate(&mut Context::from_waker(&waker)).is_pending());
    let refresh = std::panic::AssertUnwindSafe(|| pinned.refresh());
    let _ = std::panic::catch_unwind(refresh);
    // Whatever it holds now, it holds it: either the old version and the writer waits, or the new one.
    let held = *pinned.get();
    match writer.try_back() {
        Ok(back) => *back = 99,
        Err(error) => assert!(matches!(error, PublishError::Occupied(_))),
    }
    assert_eq!(*pinned.get(), held, "the writer writes what a pinned reader sees");
}
