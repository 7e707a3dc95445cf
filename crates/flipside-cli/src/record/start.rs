//! Starting the threads of a recording.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use flipside::collect::{Collector, Drain};
use flipside_sources::feed::{Budget, Clock, Ending, Feed, PREFIX};
use flipside_sources::host::{Burst, Source, Ticker};
use flipside_sources::lines::{Rate, pump};
use flipside_sources::sampler::{Channel, Sampled, sample};
use flipside_sources::stop::Stop;

use super::child::Started;
use super::plan::{HostGroup, Plan};
use super::run::{Ended, Event};
use super::watch::Watch;
use crate::buffer::Shape;
use crate::failure::Failure;
use crate::output::{Drained, Output, drain};
use crate::pin::Places;

/// How often the host is sampled.
const PERIOD: Duration = Duration::from_millis(1);

/// What every source thread needs.
pub(super) struct Setting<'a> {
    pub(super) collector: &'a Collector,
    pub(super) clock: Clock,
    pub(super) budget: Option<Budget>,
    pub(super) events: Sender<Event>,
    pub(super) places: &'a Places,
    pub(super) started: usize,
}

/// Starts the thread that takes everything to the journal.
pub(super) fn start_journal(
    reader: Drain,
    output: Output,
    shape: Shape,
    clock: Clock,
    collector: &Collector,
    places: &Places,
    events: Sender<Event>,
) -> Result<thread::JoinHandle<Drained>, Failure> {
    let (collector, places) = (collector.clone(), places.clone());
    spawn("journal", move || {
        places.take_reader();
        let drained = drain(reader, output, clock, &collector, shape.order);
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

/// Starts the threads of the sources.
pub(super) fn start_sources(
    mut setting: Setting<'_>,
    plan: &mut Plan,
    child: Option<Started>,
    watch: &mut Watch,
) -> Result<(), Failure> {
    for group in plan.groups.drain(..) {
        setting.start_host(group, watch.stop.clone())?;
        watch.running += 1;
    }
    if let Some(id) = plan.stdin {
        setting.start_lines(id, io::stdin(), None::<io::Sink>, watch.stop.clone())?;
        watch.running += 1;
        watch.finite += 1;
    }
    if let (Some((running, out, err)), Some(plan)) = (child, &plan.child) {
        setting.start_lines(plan.stdout, out, Some(io::stdout()), watch.child_stop.clone())?;
        setting.start_lines(plan.stderr, err, Some(io::stderr()), watch.child_stop.clone())?;
        watch.running += 2;
        watch.finite += 2;
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
        // All on one beat: the kernel then wakes them with one timer interrupt instead of one for each.
        let ticker = Ticker::starting_at(self.clock.start, PERIOD.max(host.group.period_min()));
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
        R: io::Read + AsFd + Send + 'static,
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
            let ended =
                Ended { id, tally, unit: "bytes", burst, ending, late, missed, vanished, finite: true };
            let _ = events.send(Event::Ended(vec![ended]));
        })?;
        Ok(())
    }
}

fn host_ended(ids: &[u16], sources: &[Source], sampled: Sampled) -> Vec<Ended> {
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
        finite: false,
    });
    ended.collect()
}
