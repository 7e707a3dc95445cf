//! Flush, close, finish, and everybody who sleeps: sites C5 to C8, C11, C12, W1, W2.

use std::time::{Duration, Instant};

use super::{Sink, build, spawn, write, writer};
use crate::collect::{Overflow, WriteError};
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model, Quiet, RACE};

/// The patience of those who do not expect to need it.
const PATIENT: Duration = Duration::MAX;

/// Somebody writes and flushes: then the sink has his record, and he may look at what the sink did.
///
/// The other writer is there to write the epoch's first record now and then: the first one rings, and the fence
/// in a ring would order the claim before the ticket by itself.
const FLUSH: Model = Model {
    name: "flush",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 2, false);
        let (mut one, mut two) = (writer(&collector), writer(&collector));
        let (sink, shared) = (Sink::new(), Quiet::new((*collector).clone()));
        let other = spawn(move || write(&mut one, 1));
        let seen_by = sink.clone();
        let flusher = spawn(move || {
            let mine = write(&mut two, 1);
            shared.flush().unwrap();
            assert_eq!(seen_by.of(two.source()).data, mine, "flushed before it was drained");
            mine
        });
        drop(collector);
        sink.take_all(&mut drain);
        let accepted = other.join().unwrap() + flusher.join().unwrap();
        assert_eq!(sink.look().data, accepted);
    },
};

/// One closes while another writes: what was accepted is drained, the rest was refused as closed.
const CLOSE_RACE: Model = Model {
    name: "close and write",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Block, 2, 1, false);
        let mut writer = writer(&collector);
        let thread = spawn(move || {
            let outcomes = [0, 1].map(|n| writer.write(&super::body(0, n)));
            let refused = outcomes.iter().filter(|outcome| outcome.is_err());
            assert!(refused.clone().all(|outcome| *outcome == Err(WriteError::Closed)));
            2 - refused.count()
        });
        let closer = Quiet::new((*collector).clone());
        let closing = spawn(move || closer.request_close());
        let sink = Sink::new();
        sink.take_all(&mut drain);
        let accepted = thread.join().unwrap();
        closing.join().unwrap();
        assert_eq!(sink.look().data, accepted, "accepted is drained");
        let total = collector.stats().total();
        assert_eq!((total.drained, total.pending, total.abandoned), (accepted as u64, 0, 0));
    },
};

/// Who closes sees, afterwards, what the sink did.
const FINISHED: Model = Model {
    name: "finished",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 1, false);
        let mut writer = writer(&collector);
        let sink = Sink::new();
        let seen_by = sink.clone();
        let thread = spawn(move || {
            let accepted = write(&mut writer, 1);
            let report = collector.close(PATIENT);
            assert_eq!(seen_by.look().data, accepted, "closed before it was drained");
            assert!(report.complete);
            assert_eq!(report.stats.total().drained, accepted as u64, "the final counts");
        });
        sink.take_all(&mut drain);
        thread.join().unwrap();
    },
};

/// The reader takes a record and goes away: who sees that he has finished sees what the sink did. Nothing on this
/// way fences but bells.
const GONE: Model = Model {
    name: "gone",
    preemptions: None,
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 1, 1, true);
        let mut writer = writer(&collector);
        write(&mut writer, 1);
        let (sink, watcher) = (Sink::new(), Quiet::new((*collector).clone()));
        let seen_by = sink.clone();
        let thread = spawn(move || {
            if watcher.is_finished() {
                assert_eq!(seen_by.look().data, 1);
            }
            watcher
        });
        sink.take_one(&mut drain);
        drop(drain);
        thread.join().unwrap();
    },
};

/// A reader that sleeps is woken by the first record; nobody else will write, close or flush.
const IDLE: Model = Model {
    name: "idle",
    preemptions: None,
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 1, true);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 1), writer));
        let sink = Sink::new();
        assert!(sink.take_one(&mut drain));
        thread.join().unwrap();
        drop(collector);
    },
};

/// A reader that lingers is woken by the record that crosses the watermark, whoever writes it.
const WATERMARK: Model = Model {
    name: "watermark",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 2, false);
        let threads = [0, 1].map(|_| {
            let mut writer = writer(&collector);
            spawn(move || (write(&mut writer, 1), writer))
        });
        let sink = Sink::new();
        assert!(sink.take_one(&mut drain));
        assert_eq!(sink.look().data, 2);
        threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    },
};

/// The reader goes away: a blocked writer is told, and a straggler's bytes are touched by nobody else.
const DESERTED: Model = Model {
    name: "deserted",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Block, 1, 2, true);
        let threads = [0, 1].map(|_| {
            let mut writer = writer(&collector);
            spawn(move || (write(&mut writer, 1), writer))
        });
        let sink = Sink::new();
        sink.poll(&mut drain);
        drop(drain);
        let accepted: usize = threads.map(|thread| thread.join().unwrap().0).iter().sum();
        let total = collector.stats().total();
        assert_eq!(total.drained + total.abandoned, accepted as u64);
        assert_eq!(total.dropped.closed, 2 - accepted as u64);
    },
};

/// Whoever goes last closes by going; the reader finishes with everything.
const LAST_ONE: Model = Model {
    name: "the last one",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 2, false);
        let threads = [0, 1].map(|_| {
            let mut writer = writer(&collector);
            spawn(move || write(&mut writer, 1))
        });
        drop(collector);
        let sink = Sink::new();
        sink.take_all(&mut drain);
        let accepted: usize = threads.map(|thread| thread.join().unwrap()).iter().sum();
        assert_eq!(sink.look().data, accepted);
    },
};

/// The reader gives up on a straggler: it leaves that side alone for good and drains the other.
const GIVE_UP: Model = Model {
    name: "give up",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 2, true);
        let threads = [0, 1].map(|_| {
            let mut writer = writer(&collector);
            spawn(move || (write(&mut writer, 1), writer))
        });
        let sink = Sink::new();
        // This may flip and find a straggler, with patience left.
        drain.step();
        collector.shared.timing.give_up_at(Instant::now());
        collector.request_close();
        sink.take_all(&mut drain);
        let accepted: usize = threads.map(|thread| thread.join().unwrap().0).iter().sum();
        let total = collector.stats().total();
        assert_eq!(sink.look().data as u64, total.drained);
        assert_eq!(total.drained + total.abandoned, accepted as u64);
    },
};

#[test]
fn model_flush_holds() {
    FLUSH.holds();
}

#[test]
fn model_flush_kills_relaxed_tickets() {
    FLUSH.kills(Site::C5, "flushed before it was drained");
}

#[test]
fn model_flush_kills_relaxed_looks_at_tickets() {
    FLUSH.kills(Site::C6, "flushed before it was drained");
}

#[test]
fn model_flush_kills_relaxed_answers() {
    FLUSH.kills(Site::C7, RACE);
}

#[test]
fn model_flush_kills_relaxed_looks_at_answers() {
    FLUSH.kills(Site::C8, RACE);
}

#[test]
fn model_close_and_write_holds() {
    CLOSE_RACE.holds();
}

#[test]
fn model_finished_holds() {
    FINISHED.holds();
}

#[test]
fn model_gone_holds() {
    GONE.holds();
}

#[test]
fn model_gone_holds_without_bells() {
    GONE.holds_without_bells();
}

#[test]
fn model_gone_kills_relaxed_finishing() {
    GONE.kills_without_bells(Site::C11, RACE);
}

#[test]
fn model_gone_kills_relaxed_looks_at_finished() {
    GONE.kills_without_bells(Site::C12, RACE);
}

#[test]
fn model_finished_kills_relaxed_looks_at_finished() {
    FINISHED.kills(Site::C12, RACE);
}

#[test]
fn model_idle_holds() {
    IDLE.holds();
}

#[test]
fn model_idle_kills_a_sleeper_without_fence() {
    IDLE.kills(Site::W1, ASLEEP);
}

#[test]
fn model_idle_kills_a_ringer_without_fence() {
    IDLE.kills(Site::W2, ASLEEP);
}

#[test]
fn model_watermark_holds() {
    WATERMARK.holds();
}

#[test]
fn model_deserted_holds() {
    DESERTED.holds();
}

#[test]
fn model_deserted_kills_a_sleeper_without_fence() {
    DESERTED.kills(Site::W1, ASLEEP);
}

#[test]
fn model_deserted_kills_a_ringer_without_fence() {
    DESERTED.kills(Site::W2, ASLEEP);
}

#[test]
fn model_the_last_one_holds() {
    LAST_ONE.holds();
}

#[test]
fn model_give_up_holds() {
    GIVE_UP.holds();
}
