//! What all the handles share, and the handle for those who write, flush and close.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use crossbeam_utils::CachePadded;

use super::builder::Overflow;
use super::error::TooManyWriters;
use super::lanes::Lanes;
use super::own::Gate;
use super::slot::Slot;
use super::stats::Stats;
use super::writer::Writer;
use crate::substrate::atomic::{
    AtomicBool, AtomicU64, AtomicUsize, Backoff,
    Ordering::{Acquire, Relaxed, Release},
    Site, at, fence,
};
use crate::substrate::fence::Fences;
use crate::substrate::wait::Bell;

/// By number. Each writer has its own at hand, without a look into this list.
pub(crate) type Slots = Box<[Arc<CachePadded<Slot>>]>;

/// The state behind every handle.
pub(crate) struct Shared {
    pub(crate) slots: Slots,
    pub(crate) lanes: Lanes,
    /// What writers with lanes of their own look at before each record.
    pub(crate) gate: CachePadded<Gate>,
    pub(crate) overflow: Overflow,
    #[cfg(feature = "std")]
    pub(crate) linger: Duration,
    /// The reader sleeps here.
    pub(crate) reader: Bell,
    /// Writers without room sleep here.
    pub(crate) room: Bell,
    /// Flushers and closers sleep here.
    pub(crate) answers: Bell,
    requests: CachePadded<Requests>,
    pub(crate) tally: CachePadded<Tally>,
    #[cfg(feature = "std")]
    pub(crate) timing: super::closing::Timing,
}

/// What others want of the reader.
#[derive(Debug)]
struct Requests {
    /// Flush tickets handed out.
    wanted: AtomicU64,
    closing: AtomicBool,
}

/// What the reader has done; written by the reader alone.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The highest flush ticket that is answered.
    answered: AtomicU64,
    finished: AtomicBool,
    /// The thread that holds a batch at present, or 0.
    pub(crate) draining: AtomicUsize,
    /// The reader sleeps without end, or is about to; written before it announces itself.
    pub(crate) in_deep_sleep: AtomicBool,
    pub(crate) flips: AtomicU64,
    pub(crate) high_water: AtomicUsize,
    /// By slot.
    pub(crate) drained: Box<[Drained]>,
}

/// What the sink took of one slot's records.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) records: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) overwritten: AtomicU64,
    pub(crate) gap_records: AtomicU64,
    pub(crate) gap_bytes: AtomicU64,
}

impl Tally {
    /// A side was found filled to here.
    pub(crate) fn filled(&self, bytes: usize) {
        if bytes > self.high_water.load(Relaxed) {
            self.high_water.store(bytes, Relaxed);
        }
    }
}

impl Shared {
    pub(crate) fn new(
        writers: usize,
        lanes: Lanes,
        fences: Fences,
        overflow: Overflow,
        linger: Duration,
    ) -> Self {
        #[cfg(not(feature = "std"))]
        let _ = linger; // There is no clock.
        let zero = || AtomicU64::new(0);
        let drained = || Drained {
            records: zero(),
            bytes: zero(),
            overwritten: zero(),
            gap_records: zero(),
            gap_bytes: zero(),
        };
        Self {
            slots: (0..writers).map(|_| Arc::new(CachePadded::new(Slot::new()))).collect(),
            lanes,
            gate: CachePadded::new(Gate::new(fences)),
            overflow,
            #[cfg(feature = "std")]
            linger,
            reader: Bell::new(),
            room: Bell::new(),
            answers: Bell::new(),
            requests: CachePadded::new(Requests { wanted: zero(), closing: AtomicBool::new(false) }),
            tally: CachePadded::new(Tally {
                answered: zero(),
                finished: AtomicBool::new(false),
                draining: AtomicUsize::new(0),
                in_deep_sleep: AtomicBool::new(false),
                flips: zero(),
                high_water: AtomicUsize::new(0),
                drained: (0..writers).map(|_| drained()).collect(),
            }),
            #[cfg(feature = "std")]
            timing: super::closing::Timing::new(),
        }
    }

    /// Takes a flush ticket: what was claimed before is drained once it is answered.
    pub(crate) fn request_flush(&self) -> u64 {
        // [C5] Release, pairs with [C6]. Every claim that happens before this happens before the reader's next
        // flip, if he saw the ticket: it is in the side that he takes. Weaker: the flush may be answered by a
        // flip that missed the claim.
        let ticket = self.requests.wanted.fetch_add(1, at(Site::C5, Release)) + 1;
        self.reader.ring();
        ticket
    }

    /// The last ticket handed out.
    pub(crate) fn wanted(&self) -> u64 {
        // [C6] Acquire, pairs with [C5].
        self.requests.wanted.load(at(Site::C6, Acquire))
    }

    /// Answers every ticket up to `ticket`.
    pub(crate) fn answer(&self, ticket: u64) {
        if ticket > self.tally.answered.load(Relaxed) {
            // [C7] Release, pairs with [C8]: what the sink did with the records happens before the flush
            // returns. Weaker: the flusher may not see it.
            self.tally.answered.store(ticket, at(Site::C7, Release));
            self.answers.ring();
        }
    }

    /// The last ticket answered.
    pub(crate) fn answered(&self) -> u64 {
        // [C8] Acquire, pairs with [C7].
        self.tally.answered.load(at(Site::C8, Acquire))
    }

    pub(crate) fn request_close(&self) {
        // Relaxed, here and where it is read: what was accepted the swap of the seal decides, and what was
        // refused is found by the handshake of [C17] and [C18].
        self.requests.closing.store(true, Relaxed);
        self.reader.ring();
        self.room.ring();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.requests.closing.load(Relaxed)
    }

    /// After a close: waits until no writer is between finding the side full and counting its loss, a few
    /// instructions. Later refusals see the close.
    pub(crate) fn await_refusals(&self) {
        // [C18] SeqCst fence, pairs with [C17]; the close was seen before it.
        fence(Site::C18);
        for slot in &self.slots {
            let backoff = Backoff::default();
            while slot.refused.is_settling() {
                backoff.snooze();
            }
        }
    }

    /// Whether a first record must wake the reader.
    pub(crate) fn is_in_deep_sleep(&self) -> bool {
        // In lanes of their own the writers have seen that already, at the gate.
        matches!(self.lanes, Lanes::Own(_)) || self.tally.in_deep_sleep.load(Relaxed)
    }

    /// The reader will never come back.
    pub(crate) fn finish(&self) {
        // [C11] Release, pairs with [C12]: the closer sees what the sink did, and the final counts.
        self.tally.finished.store(true, at(Site::C11, Release));
        self.answers.ring();
        self.room.ring();
    }

    pub(crate) fn is_finished(&self) -> bool {
        // [C12] Acquire, pairs with [C11].
        self.tally.finished.load(at(Site::C12, Acquire))
    }

    /// A slot of `source`, or of nobody yet.
    fn take_slot(&self, source: Option<u16>) -> Result<(usize, u16), TooManyWriters> {
        let slots = &self.slots;
        let numbered = || slots.iter().enumerate();
        if let Some(source) = source
            && let Some((index, _)) =
                numbered().find(|(_, slot)| slot.source() == Some(source) && slot.take())
        {
            return Ok((index, source));
        }
        for (index, slot) in numbered() {
            let wanted = source.unwrap_or(index as u16);
            // Look before taking, lest writers in search of a slot hide free ones from each other; look again
            // after, for the source is settled by the first who takes it.
            let fits = |slot: &Slot| slot.source().is_none_or(|its| its == wanted);
            if fits(slot) && slot.take() {
                if fits(slot) {
                    slot.source.store(u32::from(wanted) + 1, Relaxed);
                    return Ok((index, wanted));
                }
                slot.give_back();
            }
        }
        Err(TooManyWriters { writers: slots.len() })
    }
}

impl fmt::Debug for Shared {
    /// The state of the collector, never what stands in its sides.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("collect")
            .field("side", &self.lanes.capacity())
            .field("writers", &self.slots.len())
            .field("overflow", &self.overflow)
            .field("closing", &self.is_closing())
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// As long as one of these is alive, somebody may still write.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Shared>);

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.request_close();
    }
}

/// What a [flush](Collector::request_flush) asked for.
#[must_use]
#[derive(Debug)]
pub struct FlushTicket(u64);

/// The handle for those who write, flush and close. Cheap to clone, shared or sent as one likes.
///
/// When the last `Collector` and the last [`Writer`] are gone, the collector closes by itself: the reader
/// drains what is there and finishes.
#[derive(Clone, Debug)]
pub struct Collector {
    pub(crate) shared: Arc<Shared>,
    presence: Arc<Presence>,
}

impl Collector {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { presence: Arc::new(Presence(shared.clone())), shared }
    }

    /// A new writer, whose source is the number of its slot. Wait-free; looks at every slot at most twice.
    ///
    /// # Errors
    ///
    /// [`TooManyWriters`] if all slots are taken or kept for other sources.
    pub fn writer(&self) -> Result<Writer, TooManyWriters> {
        self.take(None)
    }

    /// A new writer for `source`, a number of the application's own that stands in each record's header. Several
    /// writers may have the same source at a time.
    ///
    /// A slot keeps the source of its first writer for as long as the collector lives, so that counts and gaps
    /// never mix two sources.
    ///
    /// # Errors
    ///
    /// As [`writer`](Self::writer).
    pub fn writer_for(&self, source: u16) -> Result<Writer, TooManyWriters> {
        self.take(Some(source))
    }

    fn take(&self, source: Option<u16>) -> Result<Writer, TooManyWriters> {
        let (slot, source) = self.shared.take_slot(source)?;
        Ok(Writer::new(self.shared.clone(), self.presence.clone(), slot, source))
    }

    /// Asks the reader to drain everything committed before, by this thread or by one that this thread has heard
    /// of; returns at once. Whether it has, [`is_flushed`](Self::is_flushed) says. Wait-free.
    ///
    /// ```
    /// # use flipside::collect::{Builder, Next, Overflow};
    /// # let (collector, mut drain) = Builder::new(Overflow::Fail).build()?;
    /// collector.writer()?.write(b"now")?;
    /// let ticket = collector.request_flush();
    /// assert!(!collector.is_flushed(&ticket));
    /// if let Next::Batch(batch) = drain.try_next() {
    ///     batch.release();
    /// }
    /// assert!(collector.is_flushed(&ticket));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_flush(&self) -> FlushTicket {
        FlushTicket(self.shared.request_flush())
    }

    /// Whether all that the ticket asks for is drained, and the sink has answered for it. Once true, for good;
    /// never true if the reader went away before.
    #[must_use]
    pub fn is_flushed(&self, ticket: &FlushTicket) -> bool {
        self.shared.answered() >= ticket.0
    }

    /// Asks the reader to drain what is there and to finish; returns at once, from anywhere.
    ///
    /// Records accepted until the reader's last flip are drained; later ones are refused with
    /// [`WriteError::Closed`](super::WriteError::Closed). A writer that waits for room is refused at once.
    pub fn request_close(&self) {
        self.shared.request_close();
    }

    /// Whether the reader has finished. Once true, for good.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.shared.is_finished()
    }

    /// The counters, as of now. Allocates; walks over all slots.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Bytes claimed in the front side, by records that did not fit as well; it only grows until the reader flips.
    /// 0 once the reader has finished.
    #[must_use]
    pub fn fill(&self) -> usize {
        if self.is_finished() { 0 } else { self.shared.lanes.fill() }
    }

    /// The largest body that fits into a side, in bytes.
    #[must_use]
    pub fn max_record(&self) -> usize {
        self.shared.lanes.capacity() - super::record::HEADER
    }

    /// Bytes allocated for the two sides.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.shared.lanes.memory()
    }
}
