//! How models are run, and the models of the bell.
//!
//! A model is a small program that loom runs in every order of its accesses (or in every order with a bounded
//! number of preemptions), with every value that a relaxed load may return. It *holds* if no order panics. It
//! *kills* a [`Site`] if it panics once that site is weakened, for the reason that the test expects.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use super::atomic::{AtomicBool, Condvar, Mutex, Ordering::Relaxed, Site, set_bells, set_mutant};
use super::wait::{Bell, Registration};

/// What loom says of two accesses to the same bytes that nothing orders.
pub(crate) const RACE: &str = "Causality violation";
/// What loom says when everybody sleeps.
pub(crate) const ASLEEP: &str = "deadlock";

std::thread_local! {
    static EXECUTIONS: Cell<usize> = const { Cell::new(0) };
}

/// A small program for loom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// How often a running thread may be interrupted in one execution, unless more is asked for; `None` for as often as
    /// there is reason to.
    pub(crate) preemptions: Option<usize>,
    pub(crate) body: fn(),
}

/// The library as it is.
const WITH_BELLS: bool = true;
/// The fences of the bells do nothing. A model in which nobody sleeps must hold like this too: so it is without
/// `std`, and a fence that happens to stand nearby cannot hide that an access is too weak.
const WITHOUT_BELLS: bool = false;

impl Model {
    /// Explores the model with the library as it is.
    pub(crate) fn holds(self) {
        self.passes(WITH_BELLS);
    }

    /// Explores the model without the fences of the bells.
    pub(crate) fn holds_without_bells(self) {
        self.passes(WITHOUT_BELLS);
    }

    /// Explores the model with one site weakened, and expects it to fail with words that contain `because`.
    pub(crate) fn kills(self, site: Site, because: &str) {
        self.fails(WITH_BELLS, site, because);
    }

    /// Explores a model of what is *not* promised, and expects it to fail with words that contain `what`, with the
    /// library as it is.
    pub(crate) fn finds(self, what: &str) {
        let (executions, end) = self.explore(WITH_BELLS, None);
        let message = end.expect_err("the model holds");
        assert!(message.contains(what), "model {}, execution {executions}: {message:?}", self.name);
    }

    /// Weakens one site where there is no fence of a bell either.
    pub(crate) fn kills_without_bells(self, site: Site, because: &str) {
        self.fails(WITHOUT_BELLS, site, because);
    }

    fn passes(self, bells: bool) {
        let (executions, end) = self.explore(bells, None);
        if let Err(message) = end {
            panic!("model {}: execution {executions}: {message}", self.name);
        }
    }

    fn fails(self, bells: bool, site: Site, because: &str) {
        let (executions, end) = self.explore(bells, Some(site));
        let message = end.expect_err("the mutant lives");
        assert!(
            message.contains(because),
            "model {}, mutant {site:?}, execution {executions}: expected {because:?}, found {message:?}",
            self.name
        );
    }

    /// How many executions it took, and how they ended. In a thread of its own: what a failed exploration leaves
    /// behind in thread-locals dies with it.
    fn explore(self, bells: bool, mutant: Option<Site>) -> (usize, Result<(), String>) {
        let explorer = move || {
            let began = Instant::now();
            set_bells(bells);
            set_mutant(mutant);
            let mut builder = loom::model::Builder::new();
            builder.preemption_bound = self.preemptions.map(|own| own.max(at_least()));
            builder.max_branches = 20_000;
            let body = self.body;
            let end = catch_unwind(AssertUnwindSafe(|| {
                builder.check(move || {
                    EXECUTIONS.set(EXECUTIONS.get() + 1);
                    body();
                });
            }));
            let executions = EXECUTIONS.get();
            let verdict = match (mutant, &end) {
                (None, Ok(())) => "holds".to_owned(),
                (None, Err(_)) => "fails".to_owned(),
                (Some(site), Ok(())) => format!("lets {site:?} live"),
                (Some(site), Err(_)) => format!("kills {site:?}"),
            };
            println!(
                "model {}{}: {verdict}, {executions} executions, {:.2} s",
                self.name,
                if bells { "" } else { " without bells" },
                began.elapsed().as_secs_f64()
            );
            (executions, end.map_err(|payload| message(&*payload)))
        };
        std::thread::spawn(explorer).join().expect("the explorer catches panics")
    }
}

/// The least bound for the models that have one, if somebody has more time than the usual check: `ci/loom 4`.
fn at_least() -> usize {
    let asked = std::env::var("LOOM_MAX_PREEMPTIONS").ok();
    asked.map_or(0, |asked| asked.parse().expect("LOOM_MAX_PREEMPTIONS is a number"))
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

/// A value whose destructor does not run in a failed execution: loom could not follow it there, and a panic
/// within a panic would hide the first.
#[derive(Debug)]
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("only taken here")
    }
}

impl<T> Deref for Quiet<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only taken by value")
    }
}

impl<T> DerefMut for Quiet<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("only taken by value")
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::mem::forget(self.0.take());
        }
    }
}

/// What a task sleeps on when its executor has nothing else to do.
struct Pillow {
    woken: Mutex<bool>,
    rung: Condvar,
}

impl Wake for Pillow {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.rung.notify_one();
    }
}

/// Runs a task to its end, on this thread alone.
pub(crate) fn block_on<F: Future>(task: F) -> F::Output {
    let pillow = Arc::new(Pillow { woken: Mutex::new(false), rung: Condvar::new() });
    let waker = Waker::from(pillow.clone());
    let mut task = Quiet::new(Box::pin(task));
    loop {
        if let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut woken = pillow.woken.lock().unwrap();
        let itself = *woken;
        while !*woken {
            woken = pillow.rung.wait(woken).unwrap();
        }
        *woken = false;
        drop(woken);
        if itself {
            // It waits for somebody who will not ring.
            loom::thread::yield_now();
        }
    }
}

/// Polls a task once, for nobody.
pub(crate) fn poll_once<F: Future + Unpin>(task: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(task).poll(&mut Context::from_waker(Waker::noop()))
}

/// A task, a ringer, one piece of news; and a task that has gone.
const BELL_FOR_TASKS: Model = Model {
    name: "bell for tasks",
    preemptions: None,
    body: || {
        let shared = Arc::new((Bell::new(), AtomicBool::new(false)));
        let (mut gone, here) = (Registration::default(), shared.clone());
        shared.0.announce_task(&mut gone, Waker::noop());
        let sleeper = loom::thread::spawn(move || {
            let (bell, news) = &*here;
            let mut registration = Registration::default();
            block_on(std::future::poll_fn(|context| {
                bell.announce_task(&mut registration, context.waker());
                if news.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            }));
            bell.withdraw(&mut registration);
        });
        let (bell, news) = &*shared;
        bell.withdraw(&mut gone);
        news.store(true, Relaxed);
        bell.ring();
        sleeper.join().unwrap();
        bell.ring();
    },
};

/// One sleeper, one ringer, one piece of news.
const BELL: Model = Model { name: "bell", preemptions: None, body: || sleepers(1) };

/// Two sleepers are both woken by one ring.
const BELL_FOR_TWO: Model = Model { name: "bell for two", preemptions: Some(3), body: || sleepers(2) };

fn sleepers(count: usize) {
    let shared = std::sync::Arc::new((Bell::new(), AtomicBool::new(false)));
    let sleepers: Vec<_> = (0..count)
        .map(|_| {
            let shared = shared.clone();
            loom::thread::spawn(move || {
                let (bell, news) = &*shared;
                let ticket = bell.announce();
                if news.load(Relaxed) {
                    bell.cancel(ticket);
                } else {
                    bell.sleep(ticket, None);
                }
            })
        })
        .collect();
    let (bell, news) = &*shared;
    news.store(true, Relaxed);
    bell.ring();
    for sleeper in sleepers {
        sleeper.join().unwrap();
    }
    // A second ring finds nobody: the count is back at zero, and was never below.
    bell.ring();
}

#[test]
fn model_bell_holds() {
    BELL.holds();
}

#[test]
fn model_bell_for_two_holds() {
    BELL_FOR_TWO.holds();
}

#[test]
fn model_bell_for_tasks_holds() {
    BELL_FOR_TASKS.holds();
}

#[test]
fn model_bell_for_tasks_kills_a_sleeper_without_fence() {
    BELL_FOR_TASKS.kills(Site::W1, ASLEEP);
}

#[test]
fn model_bell_for_tasks_kills_a_ringer_without_fence() {
    BELL_FOR_TASKS.kills(Site::W2, ASLEEP);
}

#[test]
fn model_bell_kills_a_sleeper_without_fence() {
    BELL.kills(Site::W1, ASLEEP);
}

#[test]
fn model_bell_kills_a_ringer_without_fence() {
    BELL.kills(Site::W2, ASLEEP);
}
