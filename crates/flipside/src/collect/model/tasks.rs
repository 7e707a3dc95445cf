//! Tasks instead of threads: sites W1 and W2 by way of wakers.

use std::task::Poll;

use super::{Sink, build, spawn, write, writer};
use crate::collect::{Outcome, Overflow, Writer};
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model, Quiet, block_on, poll_once};

/// Takes one batch; false if the collector has finished instead.
fn take_one(sink: &Sink, drain: &mut super::Drain) -> bool {
    let Some(batch) = block_on(drain.next_async()) else { return false };
    let batch = Quiet::new(batch);
    sink.takes(&batch);
    batch.into_inner().release();
    true
}

/// A reader that is a task sleeps, and is woken by the first record; nobody else will write, close or flush.
const IDLE: Model = Model {
    name: "idle task",
    preemptions: None,
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 1, false);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 1), writer));
        assert!(take_one(&Sink::new(), &mut drain));
        thread.join().unwrap();
        drop(collector);
    },
};

/// The wait for a batch is given up at its first await, or forgotten there; the next one is woken all the same.
const GIVEN_UP: Model = Model {
    name: "given up",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 1, false);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 2), writer));
        drop(collector);
        let sink = Sink::new();
        if let Poll::Ready(Some(batch)) = poll_once(&mut drain.next_async()) {
            drop(Quiet::new(batch).into_inner());
        }
        {
            let mut forgotten = drain.next_async();
            let _ = poll_once(&mut forgotten);
            std::mem::forget(forgotten);
        }
        while sink.look().data < 2 {
            assert!(take_one(&sink, &mut drain));
        }
        drop(thread.join().unwrap());
        assert!(!take_one(&sink, &mut drain));
    },
};

/// A task without room is woken by the flip, and another by the close.
const BLOCKED: Model = Model {
    name: "blocked task",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 1, 1, true);
        let mut writer = writer(&collector);
        let put = |writer: &mut Writer| block_on(writer.write_async(&super::body(0, 0)));
        let thread = spawn(move || {
            assert_eq!(put(&mut writer), Ok(Outcome::Accepted));
            assert_eq!(put(&mut writer), Ok(Outcome::Accepted));
            writer
        });
        let sink = Sink::new();
        // Threads on this side: the waker that is lost can only be the writer's.
        while sink.look().data < 2 {
            assert!(sink.take_one(&mut drain));
        }
        thread.join().unwrap();
        drop(collector);
    },
};

/// A task that flushes is woken by the release, or by the end.
const FLUSH: Model = Model {
    name: "flushing task",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 1, false);
        let mut writer = writer(&collector);
        let sink = Sink::new();
        let seen_by = sink.clone();
        let thread = spawn(move || {
            let mine = write(&mut writer, 1);
            let flushed = block_on(collector.flush_async());
            assert_eq!(flushed, Ok(()));
            assert_eq!(seen_by.of(0).data, mine, "flushed before it was drained");
            (writer, collector)
        });
        while sink.poll(&mut drain) && sink.look().data < 1 {
            loom::thread::yield_now();
        }
        thread.join().unwrap();
    },
};

#[test]
fn model_idle_task_holds() {
    IDLE.holds();
}

#[test]
fn model_idle_task_kills_a_sleeper_without_fence() {
    IDLE.kills(Site::W1, ASLEEP);
}

#[test]
fn model_idle_task_kills_a_ringer_without_fence() {
    IDLE.kills(Site::W2, ASLEEP);
}

#[test]
fn model_given_up_holds() {
    GIVEN_UP.holds();
}

#[test]
fn model_blocked_task_holds() {
    BLOCKED.holds();
}

#[test]
fn model_blocked_task_kills_a_sleeper_without_fence() {
    BLOCKED.kills(Site::W1, ASLEEP);
}

#[test]
fn model_blocked_task_kills_a_ringer_without_fence() {
    BLOCKED.kills(Site::W2, ASLEEP);
}

#[test]
fn model_flushing_task_holds() {
    FLUSH.holds();
}

#[test]
fn model_flushing_task_kills_a_sleeper_without_fence() {
    FLUSH.kills(Site::W1, ASLEEP);
}

#[test]
fn model_flushing_task_kills_a_ringer_without_fence() {
    FLUSH.kills(Site::W2, ASLEEP);
}
