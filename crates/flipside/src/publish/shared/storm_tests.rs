//! Everything at once: no caller is forgotten, and the sums are right.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use super::{Policy, SharedWriter, lock};
use crate::publish::strategy::{Counters, Epochs, Locked, Strategy};
use crate::publish::{
    self, Asymmetric, Buffer, Log, Operation, PublishError, Reader, Shared, SharedLog, Writer,
};
use crate::substrate::atomic::{AtomicBool, Ordering::Relaxed};

const THREADS: u64 = 4;
const ROUNDS: u64 = 40;
/// Many short ones: whoever is forgotten in the midst of one is found by the calls that follow, and in the end by nobody.
const STORMS: u64 = if cfg!(miri) { 1 } else { 50 };

/// A sum, and how many numbers are in it.
type Sum = (u64, u64);

#[derive(Debug)]
enum Step {
    Add(u64),
    Panic,
}

impl Operation<Sum> for Step {
    fn apply(&mut self, sum: &mut Sum, _: &()) {
        match self {
            Self::Add(number) => *sum = (sum.0 + *number, sum.1 + 1),
            Self::Panic => {
                sum.0 = u64::MAX / 2;
                fail();
            }
        }
    }
}

/// A panic that nobody prints.
fn fail() {
    resume_unwind(Box::new("half way"));
}

fn panics<R>(call: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
}

/// What hangs fails.
fn within(what: &str, work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    let waited = is_done.recv_timeout(Duration::from_secs(120));
    assert_ne!(waited, Err(mpsc::RecvTimeoutError::Timeout), "{what}: somebody waits for ever");
    thread.join().unwrap();
}

/// One thread's calls. What it added.
fn calls<S>(
    (thread, storm): (u64, u64),
    shared: &SharedWriter<SharedLog<Sum, Step, S>>,
    reader: &Reader<Shared<Sum, Log<Sum, Step>, S>>,
) -> Sum
where
    S: Strategy<Seat: Send, Residual: Send> + Send + Sync + 'static,
{
    let mut sum = (0, 0);
    let mut dice = storm * THREADS + thread;
    for round in 0..ROUNDS {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = round * THREADS + thread;
        let mut add = |number| sum = (sum.0 + number, sum.1 + 1);
        match dice >> 60 {
            0 => panics(|| shared.call(|_, _| fail())),
            1 => panics(|| shared.apply(Step::Panic)),
            2 => {
                panics(|| {
                    shared.call(move |_, steps| {
                        steps.extend([Step::Add(number), Step::Panic, Step::Add(number)])
                    })
                });
                add(number);
                add(number);
            }
            3 | 4 => {
                let guard = reader.read();
                match shared.apply(Step::Add(number)) {
                    Ok(()) => add(number),
                    Err(refused) => {
                        assert!(matches!(refused.error, PublishError::OwnReader(_)));
                        assert!(matches!(refused.value, Some(Step::Add(same)) if same == number));
                    }
                }
                drop(guard);
            }
            5 => {
                let inner = shared.clone();
                let nested = shared.call(move |_, _| inner.publish());
                assert_eq!(nested, Ok(Err(PublishError::OwnCall)));
            }
            6 => drop(shared.publish().unwrap()),
            7 => {
                let before = shared.call(move |sum, steps| {
                    // The others fall asleep meanwhile.
                    if round % 8 == 0 {
                        thread::sleep(Duration::from_micros(50));
                    }
                    steps.extend([Step::Add(number), Step::Add(1)]);
                    sum.1
                });
                assert!(before.unwrap() >= sum.1, "its own are among them");
                sum = (sum.0 + number + 1, sum.1 + 2);
            }
            _ => {
                shared.apply(Step::Add(number)).unwrap();
                add(number);
                if shared.policy() == Policy::EveryCall {
                    assert!(reader.with(|seen| seen.1) >= sum.1, "it is published");
                }
            }
        }
    }
    sum
}

fn storm<S>(strategy: S, policy: Policy)
where
    S: Strategy<Seat: Send, Residual: Send> + Send + Sync + 'static,
{
    within(&format!("{policy:?}"), move || {
        let buffer = Arc::new(Buffer::with(strategy, [(0, 0), (0, 0)], Log::new(), ()));
        let reader = Reader::new(buffer.clone()).unwrap();
        let shared = SharedWriter::with_policy(Writer::new(buffer).unwrap(), policy);
        let mut sum = (0, 0);
        for storm in 0..STORMS {
            let (numbers, count) = one(storm, &shared, &reader);
            sum = (sum.0 + numbers, sum.1 + count);
        }
        shared.publish().unwrap();
        assert_eq!(*reader.read(), sum);
        let state = lock(&shared.desk.state);
        assert!(state.writer.is_some() && state.calls.is_empty() && state.asleep == 0);
    });
}

/// All threads at once. What they added.
fn one<S>(
    storm: u64,
    shared: &SharedWriter<SharedLog<Sum, Step, S>>,
    reader: &Reader<Shared<Sum, Log<Sum, Step>, S>>,
) -> Sum
where
    S: Strategy<Seat: Send, Residual: Send> + Send + Sync + 'static,
{
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (shared, reader, start) = (shared.clone(), reader.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    calls((thread, storm), &shared, &reader)
                })
            })
            .collect();
        let sums = threads.into_iter().map(|thread| thread.join().unwrap());
        sums.fold((0, 0), |all, sum| (all.0 + sum.0, all.1 + sum.1))
    })
}

const POLICIES: [Policy; 4] =
    [Policy::EveryCall, Policy::Every(5), Policy::Interval(Duration::from_micros(50)), Policy::ByHand];

#[test]
fn asymmetric() {
    POLICIES.into_iter().for_each(|policy| storm(Asymmetric::new(), policy));
}

#[test]
fn counters() {
    POLICIES.into_iter().for_each(|policy| storm(Counters::new(), policy));
}

#[test]
fn epochs() {
    POLICIES.into_iter().for_each(|policy| storm(Epochs::new(), policy));
}

#[test]
fn locked() {
    POLICIES.into_iter().for_each(|policy| storm(Locked::new(), policy));
}

/// Sleeps on the desk of this writer: so many calls.
fn until_asleep(shared: &SharedWriter<SharedLog<Sum, Step>>, calls: usize) {
    while lock(&shared.desk.state).asleep < calls {
        thread::yield_now();
    }
}

#[test]
fn who_falls_asleep_while_another_publishes_is_woken() {
    /// Is woken in the midst of a publish, and comes back when somebody sleeps.
    struct Slow(SharedWriter<SharedLog<Sum, Step>>, AtomicBool);
    impl Wake for Slow {
        fn wake(self: Arc<Self>) {
            self.1.store(true, Relaxed);
            until_asleep(&self.0, 3);
        }
    }
    within("a publish", || {
        let (writer, mut reader) = publish::log::<Sum, Step>((0, 0));
        let shared = SharedWriter::new(writer);
        let slow = Arc::new(Slow(shared.clone(), AtomicBool::new(false)));
        let waker = Waker::from(slow.clone());
        let mut changed = Box::pin(reader.changed_async());
        assert_eq!(changed.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending);
        thread::scope(|scope| {
            scope.spawn(|| shared.apply(Step::Add(1)).unwrap());
            while !slow.1.load(Relaxed) {
                thread::yield_now();
            }
            // It takes no more calls, and is still to put the writer back.
            for _ in 0..2 {
                scope.spawn(|| shared.apply(Step::Add(1)).unwrap());
            }
            scope.spawn(|| shared.publish().unwrap());
        });
        drop(changed);
        assert_eq!(*reader.read(), (3, 3));
    });
}

#[test]
fn who_comes_while_another_is_at_it_is_served_in_the_same_turn() {
    within("a call", || {
        let (writer, reader) = publish::log::<Sum, Step>((0, 0));
        let shared = SharedWriter::new(writer);
        let inner = shared.clone();
        thread::scope(|scope| {
            let slow = scope.spawn(|| {
                shared.call(move |_, steps| {
                    until_asleep(&inner, 3);
                    steps.push(Step::Add(1));
                })
            });
            while lock(&shared.desk.state).writer.is_some() {
                thread::yield_now();
            }
            for _ in 0..3 {
                scope.spawn(|| shared.apply(Step::Add(1)).unwrap());
            }
            slow.join().unwrap().unwrap();
        });
        assert_eq!((*reader.read(), reader.version()), ((4, 4), 1), "published together");
    });
}
