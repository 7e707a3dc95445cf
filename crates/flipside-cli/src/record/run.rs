//! The recording itself: a thread for each source, one for the journal, and this one to watch over them.

use std::io::{self, IsTerminal};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Collector, Report};
use flipside_sources::feed::{Budget, Clock, Ending, Feed, Flow, PREFIX, Tally};
use flipside_sources::host::{Burst, BurstReport, Masked, Source, Ticker, Vanished};
use flipside_sources::lines::{Rate, pump};
use flipside_sources::sampler::{Channel, sample};
use flipside_sources::stop::{self, Stop, StopHandle};

use super::child;
use super::plan::{HostGroup, Plan};
use super::progress::Progress;
use crate::args::RecordArgs;
use crate::failure::{Failure, say};
use crate::output::{Drained, Output, drain};
use crate::pin::Places;
use crate::signals::{self, Signal};
use crate::units;

/// How often the host is sampled.
const PERIOD: Duration = Duration::from_millis(1);
/// How long sources, and a child that was asked to end, may take to do so.
const GRACE: Duration = Duration::from_secs(3);
/// How long the journal may take for what is left in the buffer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happens during a recording.
#[derive(Debug)]
pub(super) enum Event {
    Signal(Signal),
    Ended(Vec<Ended>),
    ChildEnded(io::Result<ExitStatus>),
    JournalEnded,
}

/// A source that has given its last record.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: u16,
    pub(super) tally: Tally,
    pub(super) unit: &'static str,
    pub(super) burst: BurstReport,
    pub(super) ending: Ending,
    pub(super) late: u64,
    pub(super) missed: u64,
    pub(super) vanished: Vec<Vanished>,
}

/// Everything that is known at the end.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) title: String,
    pub(super) names: Vec<String>,
    pub(super) masked: Vec<Masked>,
    pub(super) ended: Vec<Ended>,
    pub(super) report: Report,
    pub(super) drained: Drained,
    pub(super) seconds: f64,
    pub(super) child: Option<io::Result<ExitStatus>>,
    pub(super) pinned: Option<String>,
}

/// What every source thread needs.
struct Setting<'a> {
    collector: &'a Collector,
    clock: Clock,
    budget: Option<Budget>,
    events: Sender<Event>,
    places: &'a Places,
    started: usize,
}

/// Records until everything has ended, or somebody stops it.
pub(super) fn run(args: &RecordArgs, mut plan: Plan) -> Result<Finished, Failure> {
    let places = Places::decide(&args.buffer.pin, plan.threads())?;
    let title = plan.title();
    let (collector, reader) =
        super::builder(&args.buffer, plan.names.len()).build().map_err(super::build_failed)?;
    let clock = super::clock();
    let table: Vec<(u16, &str)> = (0u16..).zip(plan.names.iter().map(String::as_str)).collect();
    let output = Output::create(args.buffer.write.as_deref(), args.buffer.force, clock, &table)?;
    let (events, inbox) = channel();
    signals::forward(events.clone(), Event::Signal)?;
    let mut watch = Watch::new(args, &plan, clock, collector.clone(), &output)?;
    if let Some(child_plan) = &plan.child {
        match child::start(child_plan, plan.stdin.is_some(), events.clone()) {
            Ok(started) => watch.child = Some(started),
            Err(failure) => {
                // Nothing was recorded: leave no empty journal behind.
                output.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(failure);
            }
        }
    }
    let journal = start_journal(reader, output, clock, &collector, &places, events.clone())?;
    let budget = args.count.map(Budget::new);
    let setting = Setting { collector: &collector, clock, budget, events, places: &places, started: 0 };
    start_sources(setting, &mut plan, &mut watch)?;
    watch.follow(&inbox);
    let seconds = clock.start.elapsed().as_secs_f64();
    let mut report = collector.close(PATIENCE);
    let drained = journal.join().map_err(|_| Failure::error("the journal's thread panicked"))?;
    watch.progress.clear();
    // After the join the counts are final, whatever the patience was.
    report.stats = collector.stats();
    Ok(Finished {
        title,
        names: plan.names,
        masked: plan.masked,
        ended: watch.ended,
        report,
        drained,
        seconds,
        child: watch.child_status,
        pinned: places.note,
    })
}

fn start_journal(
    reader: flipside::collect::Drain,
    output: Output,
    clock: Clock,
    collector: &Collector,
    places: &Places,
    events: Sender<Event>,
) -> Result<thread::JoinHandle<Drained>, Failure> {
    let (collector, places) = (collector.clone(), places.clone());
    spawn("journal", move || {
        places.take_reader();
        let drained = drain(reader, output, clock, &collector, |_| {});
        // Nobody listens any more after the regular end.
        let _ = events.send(Event::JournalEnded);
        drained
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<thread::JoinHandle<T>, Failure> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| Failure::error(format_args!("cannot start a thread: {error}")))
}

fn start_sources(mut setting: Setting<'_>, plan: &mut Plan, watch: &mut Watch) -> Result<(), Failure> {
    for group in plan.groups.drain(..) {
        setting.start_host(group, watch.stop.clone())?;
        watch.running += 1;
    }
    if let Some(id) = plan.stdin {
        setting.start_lines(id, io::stdin(), None::<io::Sink>, watch.stop.clone())?;
        watch.running += 1;
    }
    if let (Some(child), Some(plan)) = (watch.child.take(), &plan.child) {
        let (running, out, err) = child;
        setting.start_lines(plan.stdout, out, Some(io::stdout()), watch.child_stop.clone())?;
        setting.start_lines(plan.stderr, err, Some(io::stderr()), watch.child_stop.clone())?;
        watch.running += 2;
        watch.running_child = Some(running);
    }
    Ok(())
}

impl Setting<'_> {
    fn feed(&self, id: u16) -> Result<Feed, Failure> {
        let writer = self.collector.writer_for(id).map_err(Failure::error)?;
        let max_payload = self.collector.max_record() - PREFIX;
        Ok(Feed::new(writer, self.clock, max_payload, self.budget.clone()))
    }

    fn place(&mut self) -> impl FnOnce() + Send + 'static {
        let (places, index) = (self.places.clone(), self.started);
        self.started += 1;
        move || places.take_writer(index)
    }

    fn start_host(&mut self, host: HostGroup, stop: Stop) -> Result<(), Failure> {
        let sources = host.group.sources().to_vec();
        let mut channels = Vec::new();
        for (id, source) in host.ids.iter().zip(&sources) {
            channels.push(Channel { feed: self.feed(*id)?.time_all(), burst: Burst::new(source.refresh()) });
        }
        let (events, place) = (self.events.clone(), self.place());
        let ticker = Ticker::new(PERIOD.max(host.group.period_min()));
        spawn("host", move || {
            place();
            let sampled = sample(host.group, channels, ticker, &stop);
            let ended = host_ended(&host.ids, &sources, sampled);
            let _ = events.send(Event::Ended(ended));
        })?;
        Ok(())
    }

    fn start_lines<R, W>(&mut self, id: u16, input: R, through: Option<W>, stop: Stop) -> Result<(), Failure>
    where
        R: io::Read + std::os::fd::AsFd + Send + 'static,
        W: io::Write + Send + 'static,
    {
        let mut feed = self.feed(id)?;
        let (events, place) = (self.events.clone(), self.place());
        spawn("lines", move || {
            place();
            let clock = feed.clock();
            let mut rate = Rate::new(clock.now_ns());
            let ending = pump(input, through, &mut feed, &mut rate, &stop);
            let burst = rate.finish(clock.now_ns()).report();
            let (late, missed, vanished) = (0, 0, Vec::new());
            let tally = feed.finish();
            let ended = Ended { id, tally, unit: "bytes", burst, ending, late, missed, vanished };
            let _ = events.send(Event::Ended(vec![ended]));
        })?;
        Ok(())
    }
}

fn host_ended(ids: &[u16], sources: &[Source], sampled: flipside_sources::sampler::Sampled) -> Vec<Ended> {
    let (late, missed) = (sampled.late, sampled.missed);
    let mut vanished = Some(sampled.vanished);
    let each = ids.iter().zip(sources).zip(sampled.channels).enumerate();
    let ended = each.map(|(index, ((&id, source), channel))| Ended {
        id,
        tally: channel.feed.finish(),
        unit: source.unit(),
        burst: channel.burst.report(),
        ending: sampled.refused.map_or(Ending::Stopped, Ending::Refused),
        // One ticker for the whole group: count it once.
        late: if index == 0 { late } else { 0 },
        missed: if index == 0 { missed } else { 0 },
        vanished: vanished.take().unwrap_or_default(),
    });
    ended.collect()
}

/// Watches over a recording until it is over.
struct Watch {
    collector: Collector,
    clock: Clock,
    names: Vec<String>,
    progress: Progress,
    stop: Stop,
    stopper: Option<StopHandle>,
    child_stop: Stop,
    child_stopper: Option<StopHandle>,
    child: Option<(child::Running, std::process::ChildStdout, std::process::ChildStderr)>,
    running_child: Option<child::Running>,
    child_status: Option<io::Result<ExitStatus>>,
    /// Source threads that have not ended.
    running: usize,
    ended: Vec<Ended>,
    /// When to stop.
    deadline: Option<Instant>,
    /// When to wait no longer for what was stopped.
    last_call: Option<Instant>,
}

impl Watch {
    fn new(
        args: &RecordArgs,
        plan: &Plan,
        clock: Clock,
        collector: Collector,
        output: &Output,
    ) -> Result<Self, Failure> {
        let pipe = |error| Failure::error(format_args!("cannot make a pipe: {error}"));
        let (stopper, stop) = stop::pair().map_err(pipe)?;
        let (child_stopper, child_stop) = stop::pair().map_err(pipe)?;
        Ok(Self {
            collector,
            clock,
            names: plan.names.clone(),
            progress: Progress::new(args, &plan.title(), &output.name(), plan.duration),
            stop,
            stopper: Some(stopper),
            child_stop,
            child_stopper: Some(child_stopper),
            child: None,
            running_child: None,
            child_status: None,
            running: 0,
            ended: Vec::new(),
            deadline: plan.duration.and_then(|time| clock.start.checked_add(time)),
            last_call: None,
        })
    }

    /// Until all sources have ended, and the child.
    fn follow(&mut self, inbox: &Receiver<Event>) {
        while self.running > 0 || self.running_child.is_some() {
            let wake = [self.deadline, self.last_call, self.progress.next()].into_iter().flatten().min();
            let event = match wake {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => inbox.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match event {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.deadline = None;
                self.end(signal_hook::consts::SIGTERM);
            }
            if self.last_call.is_some_and(|last| now >= last) && !self.call_again(now) {
                return;
            }
            self.progress.show(&self.collector, self.clock);
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Signal(Signal::Statistics) => self.statistics(),
            Event::Signal(Signal::Stop(number)) => self.end(number),
            Event::ChildEnded(status) => {
                self.running_child = None;
                self.child_status = Some(status);
            }
            Event::JournalEnded => self.end(signal_hook::consts::SIGTERM),
            Event::Ended(ended) => {
                self.running -= 1;
                let refused = |one: &Ended| matches!(one.ending, Ending::Refused(_));
                // Enough records, or none can be taken any more: that ends all the others too.
                if ended.iter().any(refused) {
                    self.end(signal_hook::consts::SIGTERM);
                }
                self.ended.extend(ended);
            }
        }
    }

    /// Asks everybody to end. What a child still says on its way out is recorded.
    fn end(&mut self, signal: i32) {
        self.stopper = None;
        match &self.running_child {
            // The terminal's Ctrl-C has reached the child already; twice means something else to many.
            Some(_) if signal == signal_hook::consts::SIGINT && std::io::stdin().is_terminal() => {}
            Some(child) => child.signal(signal),
            None => self.child_stopper = None,
        }
        self.deadline = None;
        if self.last_call.is_none() {
            self.last_call = Instant::now().checked_add(GRACE);
        }
    }

    /// The grace is over. Who holds the child's pipes after it ended, or instead of it, is not waited for any
    /// longer; its records count, which takes a moment. False if that moment is over too.
    fn call_again(&mut self, now: Instant) -> bool {
        if self.child_stopper.take().is_none() {
            return false;
        }
        self.running_child = None;
        self.last_call = now.checked_add(GRACE);
        true
    }

    /// For SIGUSR1.
    fn statistics(&self) {
        let stats = self.collector.stats();
        let seconds = self.clock.start.elapsed().as_secs_f64();
        say(format_args!("{seconds:.1} s, {} flips, buffer {} B full", stats.flips, self.collector.fill()));
        for writer in &stats.writers {
            let counts = writer.counts;
            let name = self.names.get(usize::from(writer.source)).map_or("?", String::as_str);
            say(format_args!(
                "  {name}: received {}, written {}, dropped {}",
                units::count(counts.offered),
                units::count(counts.drained),
                units::count(counts.dropped.total()),
            ));
        }
    }
}

/// Whether this ending is an error of the recording, and which.
pub(super) fn failure_of(ended: &Ended, name: &str) -> Option<Failure> {
    match &ended.ending {
        Ending::Over | Ending::Stopped | Ending::Refused(Flow::Enough | Flow::Continue | Flow::Closed) => {
            None
        }
        Ending::Refused(Flow::Refused) => Some(
            Failure::error(format_args!(
                "the buffer was full when {name} gave a record, and --overflow is fail"
            ))
            .hint("take a larger --side, or --overflow block or drop"),
        ),
        Ending::Failed(error) => Some(Failure::error(format_args!("{name}: {error}"))),
    }
}
