//! Random operations on one thread, against a sequential model of each order: what is drained, byte for byte and batch for
//! batch, gaps and aborted claims included, and every count after every operation.

mod expected;
mod lanes;
mod oracle;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use flipside::collect::{
    Batch, Builder, Collector, Drain, FlushError, Next, Order, Outcome, Overflow, TooManyWriters, WriteError,
    Writer,
};
use proptest::prelude::*;

use expected::{Answer, Model, Refusal};
use lanes::Lanes;
use oracle::Oracle;
use support::{assert_law, records};

/// What happens to a claim.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Commit,
    Abort,
    Forget,
}

#[derive(Clone, Debug)]
enum Op {
    Write {
        writer: usize,
        len: usize,
        cut: Option<usize>,
    },
    Claim {
        writer: usize,
        len: usize,
        used: usize,
        fate: Fate,
    },
    NewWriter,
    DropWriter(usize),
    /// Takes the batch, if there is one, writes so many records from the sink, and releases it or not.
    Take {
        from_sink: usize,
        release: bool,
        forget: bool,
    },
    Flush,
    Close,
}

const WRITERS: usize = 3;

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let fate = prop_oneof![Just(Fate::Commit), Just(Fate::Abort), Just(Fate::Forget)];
    let op = prop_oneof![
        8 => (0..WRITERS, 0..90usize, prop::option::of(0..90usize))
            .prop_map(|(writer, len, cut)| Op::Write { writer, len, cut }),
        5 => (0..WRITERS, 0..90usize, 0..90usize, fate)
            .prop_map(|(writer, len, used, fate)| Op::Claim { writer, len, used, fate }),
        2 => Just(Op::NewWriter),
        1 => (0..WRITERS).prop_map(Op::DropWriter),
        8 => (0..4usize, any::<bool>(), any::<bool>())
            .prop_map(|(from_sink, release, forget)| Op::Take { from_sink, release, forget }),
        1 => Just(Op::Flush),
        1 => prop::bool::weighted(0.1).prop_map(|close| if close { Op::Close } else { Op::Flush }),
    ];
    prop::collection::vec(op, 1..120)
}

/// The thing itself and its model, side by side.
struct Run {
    collector: Collector,
    drain: Drain,
    writers: Vec<Option<Writer>>,
    oracle: Box<dyn Model>,
    stamp: u8,
}

fn answer(result: Result<Outcome, WriteError>) -> Answer {
    match result {
        Ok(Outcome::Accepted) => Answer::Accepted,
        Ok(Outcome::Dropped) | Err(WriteError::Full) => Answer::Refused(Refusal::Full),
        Err(WriteError::TooLarge { .. }) => Answer::Refused(Refusal::TooLarge),
        Err(WriteError::Timeout) => Answer::Refused(Refusal::Timeout),
        Err(WriteError::FromSink) => Answer::Refused(Refusal::FromSink),
        Err(_) => Answer::Refused(Refusal::Closed),
    }
}

impl Run {
    fn new(order: Order, overflow: Overflow, side: usize, watermark: usize, linger: Duration) -> Self {
        let (collector, drain) = Builder::new(overflow)
            .order(order)
            .side(side)
            .watermark(watermark)
            .linger(linger)
            .writers(WRITERS)
            .build()
            .unwrap();
        let waits = matches!(overflow, Overflow::BlockTimeout(_));
        let eager = linger.is_zero();
        let oracle: Box<dyn Model> = match order {
            Order::Total => Box::new(Oracle::new(side, watermark, eager, waits, WRITERS)),
            _ => Box::new(Lanes::new(side, watermark, eager, overflow, WRITERS)),
        };
        Self { collector, drain, writers: (0..WRITERS).map(|_| None).collect(), oracle, stamp: 0 }
    }

    fn body(&mut self, len: usize) -> Vec<u8> {
        self.stamp = self.stamp.wrapping_add(1);
        vec![self.stamp; len]
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Write { writer, len, cut } => self.write(writer, len, cut),
            Op::Claim { writer, len, used, fate } => self.claim(writer, len, used, fate),
            Op::NewWriter => match self.collector.writer() {
                Ok(writer) => {
                    let slot = writer.slot();
                    assert_eq!(Some(slot), self.writers.iter().position(Option::is_none));
                    self.writers[slot] = Some(writer);
                    self.oracle.hand_over(slot);
                }
                Err(error) => {
                    assert_eq!(error, TooManyWriters { writers: WRITERS });
                    assert!(self.writers.iter().all(Option::is_some));
                }
            },
            Op::DropWriter(slot) => {
                if self.writers[slot].take().is_some() {
                    self.oracle.abort_open(slot);
                }
            }
            Op::Take { from_sink, release, forget } => drop(self.take(from_sink, release, forget)),
            Op::Flush => {
                let expected = match (self.oracle.is_draining(), self.oracle.first_open()) {
                    (true, _) => Err(FlushError::FromSink),
                    (_, Some(slot)) => Err(FlushError::InsideClaim { slot }),
                    _ => self.oracle.flush().then_some(()).ok_or(FlushError::Timeout),
                };
                assert_eq!(self.collector.flush_timeout(Duration::ZERO), expected);
            }
            Op::Close => {
                self.collector.request_close();
                self.oracle.close();
            }
        }
        self.compare();
    }

    fn write(&mut self, slot: usize, len: usize, cut: Option<usize>) {
        let body = self.body(len);
        let Some(writer) = &mut self.writers[slot] else {
            return;
        };
        let result = match cut {
            Some(cut) => {
                let (one, two) = body.split_at(cut.min(len));
                writer.write_vectored(&[one, two])
            }
            None => writer.write(&body),
        };
        self.oracle.abort_open(slot);
        assert_eq!(answer(result), self.oracle.write(slot, &body));
    }

    fn claim(&mut self, slot: usize, len: usize, used: usize, fate: Fate) {
        let body = self.body(used.min(len));
        let Some(writer) = &mut self.writers[slot] else {
            return;
        };
        self.oracle.abort_open(slot);
        let expected = self.oracle.claim(slot, len);
        match writer.claim(len) {
            Err(error) => assert_eq!(answer(Err(error)), expected),
            Ok(mut claim) => {
                assert_eq!(expected, Answer::Accepted);
                claim.put(&body).unwrap();
                match fate {
                    Fate::Commit => {
                        claim.commit();
                        self.oracle.commit_open(slot, &body);
                    }
                    Fate::Abort => {
                        claim.abort();
                        self.oracle.abort_open(slot);
                    }
                    Fate::Forget => std::mem::forget(claim),
                }
            }
        }
    }

    /// True when it has finished.
    fn take(&mut self, from_sink: usize, release: bool, forget: bool) -> bool {
        let expected = self.oracle.look();
        let bodies: Vec<_> = (0..from_sink).map(|n| self.body(n * 11)).collect();
        let (batch, finished) = match self.drain.try_next() {
            Next::Batch(batch) => (Some(batch), false),
            Next::Pending => (None, false),
            Next::Finished => (None, true),
        };
        assert_eq!(finished, self.oracle.is_finished());
        let seen = batch.as_ref().map(|batch| records(batch));
        assert_eq!(seen, expected);
        let Some(batch) = batch else { return finished };
        self.oracle.draining(true);
        for (n, body) in bodies.iter().enumerate() {
            let slot = n % WRITERS;
            if let Some(writer) = &mut self.writers[slot] {
                self.oracle.abort_open(slot);
                assert_eq!(answer(writer.write(body)), self.oracle.write(slot, body));
            }
        }
        finish_batch(batch, &mut *self.oracle, release, forget);
        false
    }

    fn compare(&self) {
        let stats = self.collector.stats();
        for row in &stats.writers {
            let (counts, expected) = (row.counts, self.oracle.counts(row.slot));
            assert_law(&counts);
            assert_eq!(counts.offered, expected.offered);
            assert_eq!(counts.drained, expected.drained);
            assert_eq!(counts.drained_bytes, expected.drained_bytes);
            assert_eq!(counts.aborted, expected.aborted);
            assert_eq!(counts.pending, expected.pending);
            assert_eq!((counts.abandoned, counts.dropped.overwritten), (0, expected.overwritten));
            let dropped = [
                counts.dropped.full,
                counts.dropped.timeout,
                counts.dropped.too_large,
                counts.dropped.from_sink,
                counts.dropped.closed,
            ];
            assert_eq!(dropped, expected.dropped);
            assert_eq!(row.alive, self.writers[row.slot].is_some());
        }
        assert_eq!(stats.flips, self.oracle.flips());
        assert_eq!(stats.high_water, self.oracle.high_water());
        assert_eq!((stats.gaps.records, stats.gaps.bytes), self.oracle.losses().told());
    }

    fn end(mut self) {
        self.writers.iter_mut().enumerate().for_each(|(slot, writer)| {
            if writer.take().is_some() {
                self.oracle.abort_open(slot);
            }
        });
        self.apply(&Op::Close);
        for _ in 0..5 {
            let finished = self.take(0, true, false);
            self.compare();
            if finished {
                assert!(self.oracle.losses().has_told_all());
                return;
            }
        }
        panic!("five looks after the close, and not finished");
    }
}

fn finish_batch(batch: Batch<'_>, oracle: &mut dyn Model, release: bool, forget: bool) {
    match (release, forget) {
        (true, _) => {
            batch.release();
            oracle.draining(false);
            oracle.release();
        }
        (false, false) => {
            drop(batch);
            oracle.draining(false);
        }
        (false, true) => std::mem::forget(batch),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_operations_does_what_the_model_does(
        total in any::<bool>(),
        policy in 0..4usize,
        words in 2..24usize,
        mark in 0.0..1.0f64,
        eager in any::<bool>(),
        ops in ops(),
    ) {
        let policies = [
            Overflow::Fail,
            Overflow::DropNewest,
            Overflow::BlockTimeout(Duration::ZERO),
            Overflow::FlightRecorder,
        ];
        // The model of the shared lane knows nothing of a flight recorder.
        let overflow = policies[if total { policy % 3 } else { policy }];
        let side = words * 8;
        let watermark = 1 + (mark * (side - 1) as f64) as usize;
        let linger = if eager { Duration::ZERO } else { Duration::MAX };
        let order = if total { Order::Total } else { Order::PerWriter };
        let mut run = Run::new(order, overflow, side, watermark, linger);
        for op in &ops {
            run.apply(op);
        }
        run.end();
    }
}
