//! What the writers and the reader do, and what they remember of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use flipside::collect::{
    Batch, Builder, Collector, Drain, FlushError, Next, Order, Outcome, Overflow, Record, Report, Stats,
    WriteError, Writer,
};

use crate::support::{PATIENCE, Rng, Seen, records};

/// Bytes in records of a side and more, for each writer.
const LARGE: usize = 1 << 20;

/// The way in which the reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Next,
    Timed,
    Poll,
    Run,
    /// Sleeps over each batch.
    Loiter,
    /// Drops each second batch without releasing it.
    Refuse,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The writers rest, then `close`.
    Close,
    /// All handles are dropped.
    Dropped,
    /// `request_close` while they write.
    Racing,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) order: Order,
    /// Whether writers leave their fence to the reader, where the system can.
    pub(crate) membarrier: bool,
    pub(crate) overflow: Overflow,
    pub(crate) side: usize,
    pub(crate) linger: Option<Duration>,
    pub(crate) watermark: Option<usize>,
    pub(crate) threads: usize,
    pub(crate) how: How,
    pub(crate) ending: Ending,
    pub(crate) records: usize,
    pub(crate) seed: u64,
}

/// One accepted record, as its writer remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) tag: u8,
    pub(crate) body: Vec<u8>,
    /// Ticks of the common clock before the write and after it.
    pub(crate) began: u64,
    pub(crate) ended: u64,
    /// Losses of this writer before it.
    pub(crate) lost_before: u64,
}

/// What one writer counted for itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) source: u16,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) offered: u64,
    pub(crate) aborted: u64,
    pub(crate) closed: u64,
    /// Refused for any other cause.
    pub(crate) lost: u64,
    pub(crate) lost_bytes: u64,
}

pub(crate) struct History {
    pub(crate) tallies: Vec<Tally>,
    /// By batch.
    pub(crate) output: Vec<Vec<Seen>>,
    /// The order in which accepted records were noted by the mutex: `(source, index)`.
    pub(crate) model: Vec<(u16, usize)>,
    pub(crate) stats: Stats,
    pub(crate) report: Option<Report>,
}

/// What all threads of a run share.
struct Stage {
    setup: Setup,
    clock: AtomicU64,
    model: Mutex<Vec<(u16, usize)>>,
    /// By source: records that the sink has seen before it answered.
    sunk: Vec<AtomicU64>,
}

impl Setup {
    pub(crate) fn run(self) -> History {
        let builder = Builder::new(self.overflow).order(self.order).membarrier(self.membarrier);
        let mut builder = builder.side(self.side).writers(self.threads);
        if let Some(linger) = self.linger {
            builder = builder.linger(linger);
        }
        if let Some(watermark) = self.watermark {
            builder = builder.watermark(watermark);
        }
        let (collector, mut drain) = builder.build().unwrap();
        let stage = Stage {
            setup: self,
            clock: AtomicU64::new(0),
            model: Mutex::new(Vec::new()),
            sunk: (0..self.threads).map(|_| AtomicU64::new(0)).collect(),
        };
        let stage = &stage;
        let (tallies, output, stats, report) = thread::scope(|scope| {
            let reader = scope.spawn(move || stage.read(&mut drain));
            // All of them before the first writes, or a slot would have two of them in turn.
            let writers: Vec<_> = (0..self.threads).map(|_| collector.writer().unwrap()).collect();
            let writers: Vec<_> = writers
                .into_iter()
                .map(|writer| {
                    let collector = collector.clone();
                    scope.spawn(move || stage.write(&collector, writer))
                })
                .collect();
            if self.ending == Ending::Racing {
                thread::yield_now();
                collector.request_close();
            }
            let tallies: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            let report = (self.ending == Ending::Close).then(|| collector.close(PATIENCE));
            // A clone's statistics outlive the handles that hold the collector open.
            let (output, stats) = match self.ending {
                Ending::Dropped => {
                    let before = collector.stats();
                    drop(collector);
                    (reader.join().unwrap(), before)
                }
                _ => (reader.join().unwrap(), collector.stats()),
            };
            (tallies, output, stats, report)
        });
        let model = stage.model.lock().unwrap().clone();
        History { tallies, output, model, stats, report }
    }
}

impl Stage {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    fn write(&self, collector: &Collector, mut writer: Writer) -> Tally {
        let source = writer.source();
        let mut rng = Rng::new(self.setup.seed * 1000 + u64::from(source));
        let mut tally = Tally { source, ..Tally::default() };
        let max = collector.max_record();
        // Records as large as a side, and larger: not so many of them that making the bodies is all that this does.
        let mut large = (LARGE / max).max(4);
        for n in 0..self.setup.records {
            let mut len = match rng.below(20) {
                0 => max,
                1 => 0,
                2 => max + 1 + rng.below(100),
                _ => rng.below(max.min(200) + 1),
            };
            if len >= max {
                len = if large == 0 { rng.below(max.min(200) + 1) } else { len };
                large = large.saturating_sub(1);
            }
            let body: Vec<u8> = (0..len).map(|at| (at + n + usize::from(source)) as u8).collect();
            if rng.below(6) == 0 {
                self.offer_batch(&mut writer, &mut rng, &mut tally, body);
            } else {
                self.offer(&mut writer, &mut rng, &mut tally, body);
            }
            if rng.below(60) == 0 {
                self.flush(collector, &tally);
            }
        }
        tally
    }

    fn offer(&self, writer: &mut Writer, rng: &mut Rng, tally: &mut Tally, body: Vec<u8>) {
        let (began, len, tag) = (self.tick(), body.len(), rng.next() as u8);
        let (cut, kind) = (rng.below(len + 1), rng.below(8));
        // What a refusal counts as lost: of a claim, all that was claimed.
        let wanted = if kind < 6 { len } else { len + rng.below(9) };
        tally.offered += 1;
        let result = match kind {
            0..4 => writer.write_tagged(tag, &[&body]),
            4 | 5 => writer.write_tagged(tag, &[&body[..cut], b"", &body[cut..]]),
            _ => match writer.claim(wanted) {
                Err(error) => Err(error),
                Ok(mut claim) => {
                    claim.put(&body[..cut]).unwrap();
                    if kind == 6 || len % 3 != 0 {
                        claim.zeroed(len - cut).unwrap().copy_from_slice(&body[cut..]);
                        claim.commit_tagged(tag);
                        Ok(Outcome::Accepted)
                    } else {
                        tally.aborted += 1;
                        match cut % 2 {
                            0 => claim.abort(),
                            _ => std::mem::forget(claim),
                        }
                        return;
                    }
                }
            },
        };
        self.note(tally, result, began, tag, body, wanted);
    }

    /// The body in up to four pieces, each a record; until they are committed they count as one.
    fn offer_batch(&self, writer: &mut Writer, rng: &mut Rng, tally: &mut Tally, mut body: Vec<u8>) {
        let mut bodies = Vec::new();
        for _ in 0..rng.below(4) {
            bodies.push(body.split_off(body.len() - rng.below(body.len() + 1)));
        }
        let began = self.tick();
        let spare = 8 * rng.below(3);
        let room = Writer::batch_size(bodies.iter().map(Vec::len)) + spare;
        let mut batch = match writer.claim_batch(room) {
            Ok(batch) => batch,
            Err(error) => {
                tally.offered += 1;
                let all = vec![0; room.max(8) - 8];
                let wanted = all.len();
                return self.note(tally, Err(error), began, 0, all, wanted);
            }
        };
        for (tag, body) in bodies.iter().enumerate() {
            batch.put_tagged(tag as u8, &[body]).unwrap();
        }
        assert_eq!(
            (batch.count(), batch.remaining()),
            (bodies.len() as u64, spare.max(8 - batch.len().min(8)))
        );
        match rng.below(4) {
            0 => {
                (tally.offered, tally.aborted) = (tally.offered + 1, tally.aborted + 1);
                match rng.below(2) {
                    0 => batch.abort(),
                    _ => std::mem::forget(batch),
                }
            }
            _ => {
                batch.commit();
                for (tag, body) in bodies.into_iter().enumerate() {
                    tally.offered += 1;
                    self.note(tally, Ok(Outcome::Accepted), began, tag as u8, body, 0);
                }
            }
        }
    }

    fn note(
        &self,
        tally: &mut Tally,
        result: Result<Outcome, WriteError>,
        began: u64,
        tag: u8,
        body: Vec<u8>,
        wanted: usize,
    ) {
        match result {
            Ok(Outcome::Accepted) => {
                let mut model = self.model.lock().unwrap();
                model.push((tally.source, tally.accepted.len()));
                tally.accepted.push(Accepted {
                    tag,
                    body,
                    began,
                    ended: self.tick(),
                    lost_before: tally.lost,
                });
            }
            Err(WriteError::Closed) => tally.closed += 1,
            Ok(Outcome::Dropped) | Err(_) => {
                tally.lost += 1;
                tally.lost_bytes += wanted as u64;
            }
        }
    }

    /// Everything that this thread had written must have reached the sink once the flush returns.
    fn flush(&self, collector: &Collector, tally: &Tally) {
        match collector.flush_timeout(PATIENCE) {
            Ok(()) => {
                let sunk = self.sunk[usize::from(tally.source)].load(SeqCst);
                assert_eq!(sunk, tally.accepted.len() as u64, "the flush came too early");
            }
            // A claim of ours is forgotten and open.
            Err(FlushError::InsideClaim { slot }) => assert_eq!(slot, usize::from(tally.source)),
            Err(error) => panic!("{error}"),
        }
    }

    fn sink(&self, batch: &Batch<'_>, output: &mut Vec<Vec<Seen>>) {
        if self.setup.how == How::Loiter {
            thread::sleep(Duration::from_micros(100));
        }
        let seen = records(batch);
        assert!(batch.epoch() > 0 && !batch.is_empty());
        let count = |one: &&Seen| matches!(one, Seen::Data { .. });
        assert_eq!(seen.iter().filter(count).count() as u64, batch.count());
        for record in batch.records() {
            if let Record::Data { source, .. } = record {
                self.sunk[usize::from(source)].fetch_add(1, SeqCst);
            }
        }
        output.push(seen);
    }

    fn read(&self, drain: &mut Drain) -> Vec<Vec<Seen>> {
        let mut output = Vec::new();
        match self.setup.how {
            How::Run => drain
                .run(|batch| -> Result<(), ()> {
                    self.sink(batch, &mut output);
                    Ok(())
                })
                .unwrap(),
            How::Next | How::Loiter => {
                while let Some(batch) = drain.next() {
                    self.sink(&batch, &mut output);
                    batch.release();
                }
            }
            How::Refuse => {
                let mut refused: Option<Vec<Seen>> = None;
                while let Some(batch) = drain.next() {
                    if let Some(before) = refused.take() {
                        assert_eq!(before, records(&batch), "another batch than before");
                        self.sink(&batch, &mut output);
                        batch.release();
                    } else {
                        refused = Some(records(&batch));
                    }
                }
                assert_eq!(refused, None);
            }
            How::Timed | How::Poll => loop {
                let next = match self.setup.how {
                    How::Timed => drain.next_timeout(Duration::from_micros(200)),
                    _ => drain.try_next(),
                };
                match next {
                    Next::Batch(batch) => {
                        self.sink(&batch, &mut output);
                        batch.release();
                    }
                    Next::Pending => thread::yield_now(),
                    Next::Finished => break,
                }
            },
        }
        output
    }
}
