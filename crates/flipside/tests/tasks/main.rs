//! Readers, writers and flushers that are tasks: attack 24 (a future dropped or forgotten at every await), wakers that
//! panic or come back, executors of one line and real ones.

mod given_up;
#[path = "../support/mod.rs"]
mod support;
mod wakers;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use flipside::collect::{Builder, Collector, Drain, FlushError, Next, Order, Overflow, WriteError, Writer};
use support::{Seen, data, records, until, within};

const ORDERS: [Order; 2] = [Order::Total, Order::PerWriter];

fn build(order: Order, overflow: Overflow, side: usize) -> (Collector, Drain) {
    // A linger that nothing survives by waiting for it.
    let linger = Duration::from_secs(3600);
    Builder::new(overflow).order(order).side(side).writers(4).linger(linger).build().unwrap()
}

struct Parked(Thread);

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: one task, one thread.
fn block_on<F: Future>(task: F) -> F::Output {
    let waker = Waker::from(Arc::new(Parked(thread::current())));
    let mut task = pin!(task);
    loop {
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Counts its wakes.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn counting() -> (Arc<Counting>, Waker) {
    let counts = Arc::new(Counting::default());
    (counts.clone(), counts.into())
}

fn poll<F: Future + Unpin>(task: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(task).poll(&mut Context::from_waker(waker))
}

async fn drain_all(drain: &mut Drain) -> Vec<Seen> {
    let mut all = Vec::new();
    while let Some(batch) = drain.next_async().await {
        all.extend(records(&batch));
        batch.release();
    }
    all
}

fn numbered(count: u32) -> Vec<Seen> {
    (0..count).map(|n| data(0, &n.to_le_bytes())).collect()
}

#[test]
fn a_task_drains_what_threads_write() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Block, 256);
        let mut writer = collector.writer().unwrap();
        drop(collector);
        let all = within("tasks and threads", move || {
            let thread = thread::spawn(move || {
                (0..5000u32).for_each(|n| assert!(writer.write(&n.to_le_bytes()).is_ok()))
            });
            let all = block_on(drain_all(&mut drain));
            thread.join().unwrap();
            all
        });
        assert_eq!(all, numbered(5000));
    }
}

#[test]
fn who_would_wait_for_itself_is_told_where_that_can_be_told() {
    let (collector, mut drain) = build(Order::Total, Overflow::Fail, 4096);
    let mut writer = collector.writer().unwrap();
    let claim = writer.claim(8).unwrap();
    assert_eq!(block_on(collector.flush_async()), Err(FlushError::InsideClaim { slot: 0 }));
    claim.commit();
    let ticket = collector.request_flush();
    let Next::Batch(batch) = drain.try_next() else { panic!("somebody asked") };
    assert_eq!(block_on(collector.flush_async()), Err(FlushError::FromSink), "a thread drains");
    drop(batch);
    let batch = block_on(drain.next_async()).unwrap();
    let (_, waker) = counting();
    let mut flush = collector.flush_async();
    assert!(poll(&mut flush, &waker).is_pending(), "a task drains, and another one flushes on its thread");
    assert_eq!(collector.flush(), Err(FlushError::FromSink), "that would stop both");
    batch.release();
    assert!(collector.is_flushed(&ticket));
    assert!(poll(&mut flush, &waker).is_pending(), "it asked after the flip");
    assert!(matches!(drain.try_next(), Next::Pending));
    assert!(poll(&mut flush, &waker).is_ready());
    // The reader goes away with a record in the side.
    writer.write(b"lost").unwrap();
    let mut flush = collector.flush_async();
    assert!(poll(&mut flush, &waker).is_pending());
    drop(drain);
    assert_eq!(poll(&mut flush, &waker), Poll::Ready(Err(FlushError::Abandoned)));
}

#[test]
fn a_claim_held_for_long_lets_the_other_tasks_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 4096);
        let mut writer = collector.writer().unwrap();
        drop(collector);
        let tasks = tokio::task::LocalSet::new();
        tasks.spawn_local(async move {
            let mut claim = writer.claim(16).unwrap();
            for _ in 0..10 {
                claim.put(b"x").unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            claim.commit();
        });
        let all = runtime.block_on(tasks.run_until(async { drain_all(&mut drain).await }));
        assert_eq!(all, [data(0, b"xxxxxxxxxx")]);
    }
}

#[test]
fn two_runtimes_pass_records_through_tiny_sides() {
    for order in ORDERS {
        let (collector, mut drain) = build(order, Overflow::Fail, 64);
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let all = within("two runtimes", move || {
            let writers = [0, 1].map(|source| {
                let mut writer = collector.writer_for(source).unwrap();
                let collector = collector.clone();
                async move {
                    for n in 0..500u32 {
                        writer.write_async(&n.to_le_bytes()).await.unwrap();
                        if n % 100 == 99 {
                            collector.flush_async().await.unwrap();
                        }
                    }
                }
            });
            drop(collector);
            let thread = thread::spawn(move || {
                runtime().block_on(async {
                    for task in writers.map(tokio::spawn) {
                        task.await.unwrap();
                    }
                });
            });
            let all = runtime().block_on(async {
                let mut all = Vec::new();
                loop {
                    // Each wait is given up over and over, by a timer that is shorter than most of them.
                    let wait = tokio::time::timeout(Duration::from_micros(50), drain.next_async());
                    match wait.await {
                        Ok(None) => return all,
                        Ok(Some(batch)) => {
                            all.extend(records(&batch));
                            tokio::task::yield_now().await; // The sink takes its time.
                            batch.release();
                        }
                        Err(_elapsed) => {}
                    }
                }
            });
            thread.join().unwrap();
            all
        });
        for source in [0, 1] {
            let expected: Vec<_> = (0..500u32).map(|n| data(source, &n.to_le_bytes())).collect();
            let its = |seen: &&Seen| matches!(seen, Seen::Data { source: its, .. } if *its == source);
            assert!(all.iter().filter(its).eq(&expected), "{order:?}, writer {source}");
        }
    }
}

#[test]
fn a_task_that_goes_with_its_runtime_takes_its_wakers_along() {
    let (collector, mut drain) = build(Order::PerWriter, Overflow::Fail, 4096);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let alive = Arc::new(());
    let held = alive.clone();
    runtime.spawn(async move {
        let _held = held;
        drain_all(&mut drain).await
    });
    runtime.block_on(tokio::task::yield_now());
    let mut writer: Writer = collector.writer().unwrap();
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(runtime);
    until("the task is gone", || Arc::strong_count(&alive) == 1);
    assert_eq!(writer.write(b"nobody reads"), Err(WriteError::Closed));
}
