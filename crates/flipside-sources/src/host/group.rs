//! One thread's worth of sources, read together.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::detect::{self, Detected, NothingToSample};
use super::payload::Payload;
use super::source::{Fault, Source, Vanished};

/// One sample of one source.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Sample<'a> {
    /// The text of it: see [the module](super#payloads). Valid until the sink returns.
    pub payload: &'a [u8],
    /// The main counter of the source, what a [`Burst`](super::Burst) wants. It only falls where the kernel's
    /// own counter does, for example when a network interface goes away.
    pub main: u64,
    /// The counters are those of some instant after this, in nanoseconds since the origin ...
    pub from_ns: u64,
    /// ... and before this. So what was counted between two samples happened between the first's `from_ns`
    /// and the second's `to_ns`, however long the thread was held up, and a rate over that time is never too
    /// high.
    pub to_ns: u64,
}

/// Takes what a [`Group`] samples.
pub trait Sink {
    /// One sample of the source with this index in [`Group::sources`].
    fn sample(&mut self, index: usize, sample: Sample<'_>);

    /// The source with this index, or a part of it, no longer answers. Called once for each of those, between
    /// samples; the others go on.
    fn vanished(&mut self, index: usize, vanished: Vanished);
}

/// Something that reads once and gives a sample to each of its sources.
pub(super) trait Probe: fmt::Debug + Send {
    /// The sources, in the order in which [`Probe::sample`] numbers them.
    fn sources(&self) -> &[Source];

    /// The shortest time between two reads that can show anything new, or that this source supports.
    fn period_min(&self) -> Duration;

    /// Reads, and emits or ends each source through `out`. Not called again once all have ended.
    fn sample(&mut self, out: &mut Out<'_>);
}

/// Where a probe puts its samples.
pub(super) struct Out<'a> {
    origin: Instant,
    from_ns: u64,
    to_ns: u64,
    first: usize,
    sources: &'a [Source],
    ended: &'a mut [bool],
    payload: &'a mut Payload,
    sink: &'a mut dyn Sink,
}

impl Out<'_> {
    /// Everything has been read, just now: what is emitted from here on was true before this.
    pub(super) fn read_is_over(&mut self) {
        self.to_ns = nanoseconds(self.origin.elapsed());
    }

    /// Nanoseconds since the origin at which the read was over.
    pub(super) fn now_ns(&self) -> u64 {
        self.to_ns
    }

    /// Emits a sample of the probe's source number `index`, unless that has ended.
    pub(super) fn emit(&mut self, index: usize, main: u64, write: impl FnOnce(&mut Payload)) {
        let index = self.first + index;
        if self.ended[index] {
            return;
        }
        self.payload.clear();
        write(self.payload);
        let (from_ns, to_ns) = (self.from_ns, self.to_ns);
        self.sink.sample(index, Sample { payload: self.payload.bytes(), main, from_ns, to_ns });
    }

    /// Ends the probe's source number `index`, unless that has happened already.
    pub(super) fn end(&mut self, index: usize, fault: Fault) {
        let index = self.first + index;
        if !self.ended[index] {
            self.ended[index] = true;
            self.sink.vanished(index, Vanished { source: self.sources[index], whole: true, fault });
        }
    }

    /// Reports that a part of the probe's source number `index` has gone.
    pub(super) fn lost_a_part(&mut self, index: usize, fault: Fault) {
        let index = self.first + index;
        self.sink.vanished(index, Vanished { source: self.sources[index], whole: false, fault });
    }

    /// Whether the probe's source number `index` has ended.
    pub(super) fn has_ended(&self, index: usize) -> bool {
        self.ended[self.first + index]
    }
}

/// One thread's worth of sources. Send it to its thread and call [`Group::sample`] there at every tick.
///
/// ```
/// use flipside_sources::host::{Group, Sample, Sink, Vanished};
/// use std::time::Instant;
///
/// struct Print;
/// impl Sink for Print {
///     fn sample(&mut self, index: usize, sample: Sample<'_>) {
///         println!("{index} {} {}", sample.to_ns, String::from_utf8_lossy(sample.payload));
///     }
///     fn vanished(&mut self, _: usize, vanished: Vanished) {
///         eprintln!("{vanished}");
///     }
/// }
///
/// let mut detected = Group::open_all("/".as_ref())?;
/// let origin = Instant::now();
/// for group in &mut detected.groups {
///     assert!(group.sample(origin, &mut Print) > 0);
/// }
/// # Ok::<(), flipside_sources::host::NothingToSample>(())
/// ```
#[derive(Debug)]
pub struct Group {
    probes: Vec<Timed>,
    sources: Vec<Source>,
    names: Vec<&'static str>,
    ended: Vec<bool>,
    payload: Payload,
}

/// A probe, and when it is to be read next.
#[derive(Debug)]
struct Timed {
    probe: Box<dyn Probe>,
    due_ns: u64,
}

impl Group {
    /// Opens everything that this host offers. `root` is `/`, or a folder that looks like it for a test.
    /// Where there is nothing below `proc` and `sys`, the slower sources of [another
    /// kind](super#without-proc) take their place; [`Detected::origin`] says so.
    ///
    /// # Errors
    ///
    /// There is nothing to sample at all; the error says what was tried.
    pub fn open_all(root: &Path) -> Result<Detected, NothingToSample> {
        detect::all(root)
    }

    /// Like [`Group::open_all`], but only from the files below `root`.
    ///
    /// # Errors
    ///
    /// None of the files gives a sample; the error names them.
    pub fn open_kernel(root: &Path) -> Result<Detected, NothingToSample> {
        detect::kernel(root)
    }

    /// Like [`Group::open_all`], but only what works [without `/proc`](super#without-proc).
    ///
    /// # Errors
    ///
    /// This system gives nothing that way either.
    pub fn open_fallback() -> Result<Detected, NothingToSample> {
        detect::fallback()
    }

    /// A group of these, or `None` if there are none.
    pub(super) fn of(probes: impl IntoIterator<Item = Box<dyn Probe>>) -> Option<Self> {
        let probes: Vec<Timed> = probes.into_iter().map(|probe| Timed { probe, due_ns: 0 }).collect();
        let sources: Vec<Source> = probes.iter().flat_map(|timed| timed.probe.sources()).copied().collect();
        if sources.is_empty() {
            return None;
        }
        let names = sources.iter().map(|source| source.name()).collect();
        let ended = vec![false; sources.len()];
        Some(Self { probes, sources, names, ended, payload: Payload::new() })
    }

    /// One group out of several, for one thread: waking a thread may cost more than what it reads. Sources
    /// keep their order, and those that have ended are tried again. `None` if there are no groups.
    #[must_use]
    pub fn merge(groups: impl IntoIterator<Item = Self>) -> Option<Self> {
        Self::of(groups.into_iter().flat_map(|group| group.probes).map(|timed| timed.probe))
    }

    /// The names of the sources; a sample's index is an index into this. It does not change when one ends.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// The sources; a sample's index is an index into this. It does not change when one ends.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Ticking faster than this is of no use to any source of the group; zero if no tick is too fast. A
    /// source slower than the others of its group is read whenever its own time has come: see [the
    /// module](super#how-often).
    #[must_use]
    pub fn period_min(&self) -> Duration {
        self.probes.iter().map(|timed| timed.probe.period_min()).min().unwrap_or_default()
    }

    /// Reads everything whose time has come once and gives `sink` a sample of each of its sources. `origin`
    /// is the zero of the samples' times. Returns how many sources still answer; when none does, calling
    /// again does nothing. Allocates only when a file has outgrown its buffer or a source ends.
    pub fn sample(&mut self, origin: Instant, sink: &mut dyn Sink) -> usize {
        let mut from_ns = nanoseconds(origin.elapsed());
        let mut first = 0;
        for Timed { probe, due_ns } in &mut self.probes {
            let next = first + probe.sources().len();
            if from_ns >= *due_ns && self.ended[first..next].iter().any(|ended| !ended) {
                // A tick that is a little early must not put the read off by a whole tick.
                let period_ns = nanoseconds(probe.period_min());
                *due_ns = from_ns + (period_ns - period_ns / 20);
                let mut out = Out {
                    origin,
                    from_ns,
                    to_ns: from_ns,
                    first,
                    sources: &self.sources,
                    ended: &mut self.ended,
                    payload: &mut self.payload,
                    sink: &mut *sink,
                };
                probe.sample(&mut out);
                // Nothing is read between the end of this read and the start of the next, so one look at the
                // clock serves both. What the sink took in between only makes the next span longer.
                from_ns = out.to_ns;
            }
            first = next;
        }
        self.ended.iter().filter(|ended| !**ended).count()
    }
}

/// 584 years fit.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
