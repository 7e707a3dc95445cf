//! What was refused: counted and told, whoever closes when. Sites C9, C10, C15 to C18.

use std::time::Instant;

use super::{Sink, build, spawn, write, writer};
use crate::collect::Overflow;
use crate::substrate::atomic::Site;
use crate::substrate::model::{Model, Quiet};

/// A loss is counted, then somebody closes: the loss stands in the output. The reader looks without sleeping.
const CLOSE: Model = Model {
    name: "close",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::DropNewest, 1, 1, false);
        let mut writer = writer(&collector);
        let closer = Quiet::new((*collector).clone());
        let thread = spawn(move || {
            let accepted = write(&mut writer, 2);
            closer.request_close();
            (accepted, writer, closer)
        });
        let sink = Sink::new();
        sink.poll_often(&mut drain, 3);
        let (accepted, ..) = thread.join().unwrap();
        sink.take_all(&mut drain);
        let seen = sink.look();
        assert_eq!(seen.data, accepted, "accepted is drained");
        assert_eq!(seen.data + seen.lost as usize, 2, "a loss before the close is told");
    },
};

/// A record is refused while somebody closes: either it was refused as closed, or its loss is told.
const REFUSED: Model = Model {
    name: "refused",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::DropNewest, 1, 1, false);
        let mut writer = writer(&collector);
        write(&mut writer, 1);
        let thread = spawn(move || (write(&mut writer, 1), writer));
        collector.request_close();
        let sink = Sink::new();
        sink.take_all(&mut drain);
        let told = sink.look().lost;
        thread.join().unwrap();
        let dropped = collector.stats().total().dropped;
        assert_eq!(told, dropped.full, "a loss is told or was refused as closed");
    },
};

/// The same where the reader gives up on a straggler, which he may not before he has seen the close.
const PATIENCE: Model = Model {
    name: "patience",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::DropNewest, 1, 2, false);
        let (mut straggler, mut writer) = (writer(&collector), writer(&collector));
        std::mem::forget(straggler.claim(8).unwrap());
        let thread = spawn(move || (write(&mut writer, 2), writer));
        let closer = Quiet::new((*collector).clone());
        let closing = spawn(move || {
            closer.shared.timing.give_up_at(Instant::now());
            closer.request_close();
        });
        let sink = Sink::new();
        sink.poll_often(&mut drain, 3);
        closing.join().unwrap();
        sink.take_all(&mut drain);
        let told = sink.look().lost;
        thread.join().unwrap();
        let total = collector.stats().total();
        // The writer itself may be left behind too; then what it had committed by then is told as well.
        let bounds = total.dropped.full..=total.dropped.full + total.abandoned;
        assert!(bounds.contains(&told), "a loss is told or was refused as closed");
        drop(straggler);
    },
};

/// A loss is told with its bytes, however early the reader sees it: in a gap that he writes before the end, too.
const LOSS: Model = Model {
    name: "loss",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::DropNewest, 1, 1, false);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 2), writer));
        let sink = Sink::new();
        sink.poll_often(&mut drain, 2);
        collector.request_close();
        sink.poll_often(&mut drain, 3);
        thread.join().unwrap();
        sink.take_all(&mut drain);
        let seen = sink.look();
        assert_eq!(seen.lost_bytes, 8 * seen.lost, "a loss is told with its bytes");
    },
};

#[test]
fn model_close_holds() {
    CLOSE.holds();
}

#[test]
fn model_close_holds_without_bells() {
    CLOSE.holds_without_bells();
}

#[test]
fn model_close_kills_relaxed_settling() {
    CLOSE.kills(Site::C9, "a loss before the close is told");
}

#[test]
fn model_close_kills_relaxed_looks_at_settling() {
    CLOSE.kills(Site::C10, "a loss before the close is told");
}

#[test]
fn model_refused_holds() {
    REFUSED.holds();
}

#[test]
fn model_refused_holds_without_bells() {
    REFUSED.holds_without_bells();
}

#[test]
fn model_refused_kills_a_writer_without_fence() {
    REFUSED.kills(Site::C17, "a loss is told or was refused as closed");
}

#[test]
fn model_refused_kills_a_reader_without_fence() {
    // The ring of the last flip would do, where there are bells.
    REFUSED.kills_without_bells(Site::C18, "a loss is told or was refused as closed");
}

#[test]
fn model_patience_holds() {
    PATIENCE.holds();
}

#[test]
fn model_loss_holds() {
    LOSS.holds();
}

#[test]
fn model_loss_holds_without_bells() {
    LOSS.holds_without_bells();
}

#[test]
fn model_loss_kills_a_relaxed_count() {
    LOSS.kills(Site::C15, "a loss is told with its bytes");
}

#[test]
fn model_loss_kills_relaxed_looks_at_the_count() {
    LOSS.kills(Site::C16, "a loss is told with its bytes");
}
