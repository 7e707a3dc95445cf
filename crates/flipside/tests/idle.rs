//! A reader with nothing to do sleeps: it is not woken at all, which is counted, not timed.
#![cfg(target_os = "linux")]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use flipside::collect::{Builder, Order, Overflow};

/// State of a thread of this process, and how often it gave up its processor.
fn switches(thread: i32) -> (char, u64, u64) {
    let status = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].trim().to_owned()
    };
    (
        field("State:").chars().next().unwrap(),
        field("voluntary_ctxt_switches:").parse().unwrap(),
        field("nonvoluntary_ctxt_switches:").parse().unwrap(),
    )
}

/// Waits until the thread sleeps and seems to stay asleep; returns its switches.
fn asleep(thread: i32) -> (char, u64, u64) {
    let mut last = switches(thread);
    support::until("the thread sleeps", || {
        thread::sleep(Duration::from_millis(250));
        let before = std::mem::replace(&mut last, switches(thread));
        last.0 == 'S' && last == before
    });
    last
}

#[test]
fn an_idle_reader_and_a_blocked_writer_are_not_woken() {
    // A writer with a lane of its own that blocks has filled what is left of two sides.
    for (order, membarrier, drained) in
        [(Order::Total, true, 6), (Order::PerWriter, true, 6), (Order::PerWriter, false, 6)]
    {
        let builder = Builder::new(Overflow::Block).side(64).order(order).membarrier(membarrier);
        idle(builder, drained);
    }
}

fn idle(builder: Builder, drained: u64) {
    let (collector, mut drain) = builder.linger(Duration::from_millis(5)).build().unwrap();
    let (tell, told) = channel();
    // SAFETY: asks for the calling thread's own number.
    let own_number = || unsafe { libc::gettid() };
    let (go_on, may_go_on) = channel::<()>();
    let tell_too = tell.clone();
    let reader = thread::spawn(move || {
        tell.send(own_number()).unwrap();
        let mut drained = 0;
        while let Some(batch) = drain.next() {
            drained += batch.count();
            let hold = batch
                .records()
                .any(|record| matches!(record, flipside::collect::Record::Data { body: b"hold", .. }));
            if hold {
                may_go_on.recv().unwrap();
            }
            batch.release();
        }
        drained
    });
    let reader_id = told.recv().unwrap();
    let rest = asleep(reader_id);
    thread::sleep(Duration::from_millis(500)); // A hundred lingers.
    assert_eq!(switches(reader_id), rest, "woken without reason");

    // It wakes for a record, and goes back to sleep.
    let mut writer = collector.writer().unwrap();
    writer.write(b"hold").unwrap();
    support::until("the record is taken", || collector.stats().flips == 1);
    // The sink holds one side, and the writer fills the other and blocks.
    let blocked = thread::spawn(move || {
        tell_too.send(own_number()).unwrap();
        for _ in 0..5 {
            writer.write(&[0; 24]).unwrap();
        }
    });
    let writer_id = told.recv().unwrap();
    let rest = asleep(writer_id);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(switches(writer_id), rest, "a blocked writer burns the machine");
    go_on.send(()).unwrap();
    blocked.join().unwrap();
    drop(collector);
    assert_eq!(support::within("the reader ends", || reader.join().unwrap()), drained);
}

#[test]
fn a_claim_that_somebody_holds_for_long_costs_the_reader_a_look_for_each_linger() {
    let builder = Builder::new(Overflow::Block).order(Order::PerWriter);
    let (collector, mut drain) = builder.linger(Duration::from_millis(100)).build().unwrap();
    let mut writers = [collector.writer().unwrap(), collector.writer().unwrap()];
    let [holder, other] = &mut writers;
    let claim = holder.claim(8).unwrap();
    let (tell, told) = channel();
    let reader = thread::spawn(move || {
        // SAFETY: asks for the calling thread's own number.
        tell.send(unsafe { libc::gettid() }).unwrap();
        let mut drained = 0;
        while let Some(batch) = drain.next() {
            drained += batch.count();
            batch.release();
        }
        drained
    });
    let reader_id = told.recv().unwrap();
    thread::sleep(Duration::from_millis(700)); // Its pauses have grown.
    let before = switches(reader_id).1;
    thread::sleep(Duration::from_secs(1));
    let woken = switches(reader_id).1 - before;
    assert!(woken <= 30, "{woken} times in a second");
    // What others write is drained in time all the same, and in the end the claim.
    other.write(b"other").unwrap();
    support::until("the other's record is drained", || collector.stats().total().drained == 1);
    claim.commit();
    support::until("the claim's record is drained", || collector.stats().total().drained == 2);
    drop((writers, collector));
    assert_eq!(support::within("the reader ends", || reader.join().unwrap()), 2);
}
