//! The thread that watches over a recording: signals, the deadline, whoever ends.

use std::io::{self, IsTerminal};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use flipside::collect::Collector;
use flipside_sources::feed::{Clock, Ending};
use flipside_sources::stop::{self, Stop, StopHandle};

use super::child::Running;
use super::plan::Plan;
use super::progress::Progress;
use super::run::{Ended, Event};
use crate::args::RecordArgs;
use crate::buffer::Shape;
use crate::failure::{Failure, say};
use crate::output::Output;
use crate::signals::Signal;
use crate::units;

/// How long sources, and a child that was asked to end, may take to do so.
const GRACE: Duration = Duration::from_secs(3);

/// Watches over a recording until it is over.
pub(super) struct Watch {
    collector: Collector,
    clock: Clock,
    names: Vec<String>,
    pub(super) progress: Progress,
    pub(super) stop: Stop,
    stopper: Option<StopHandle>,
    pub(super) child_stop: Stop,
    child_stopper: Option<StopHandle>,
    pub(super) running_child: Option<Running>,
    pub(super) child_status: Option<io::Result<ExitStatus>>,
    /// Source threads that have not ended.
    pub(super) running: usize,
    pub(super) ended: Vec<Ended>,
    /// Those of them that end by themselves: not the host's.
    pub(super) finite: usize,
    /// The process id of a command that did not end when it was asked to.
    pub(super) left_running: Option<i32>,
    /// When to stop.
    deadline: Option<Instant>,
    /// When to wait no longer for what was stopped.
    last_call: Option<Instant>,
}

impl Watch {
    pub(super) fn new(
        args: &RecordArgs,
        plan: &Plan,
        shape: Shape,
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
            progress: Progress::new(args, &plan.title(), shape, &output.name(), plan.duration),
            stop,
            stopper: Some(stopper),
            child_stop,
            child_stopper: Some(child_stopper),
            running_child: None,
            child_status: None,
            running: 0,
            finite: 0,
            left_running: None,
            ended: Vec::new(),
            deadline: plan.duration.and_then(|time| clock.start.checked_add(time)),
            last_call: None,
        })
    }

    /// Until all sources have ended, and the child.
    pub(super) fn follow(&mut self, inbox: &Receiver<Event>) {
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
                self.left_running = None;
                self.child_status = Some(status);
                self.end_with_the_last();
            }
            Event::JournalEnded => self.end(signal_hook::consts::SIGTERM),
            Event::Ended(ended) => {
                self.running -= 1;
                let refused = |one: &Ended| matches!(one.ending, Ending::Refused(_));
                // Enough records, or none can be taken any more: that ends all the others too.
                if ended.iter().any(refused) {
                    self.end(signal_hook::consts::SIGTERM);
                }
                let was_finite = ended.iter().any(|one| one.finite);
                self.ended.extend(ended);
                if was_finite {
                    self.finite -= 1;
                    self.end_with_the_last();
                }
            }
        }
    }

    /// The host has no end of its own: beside other sources it is recorded until the last of those has ended.
    fn end_with_the_last(&mut self) {
        if self.finite == 0 && self.running_child.is_none() {
            self.stopper = None;
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
        if let Some(child) = self.running_child.take() {
            // A terminal's Ctrl-C may have been ignored; this is the last word before it is left alone.
            child.signal(signal_hook::consts::SIGTERM);
            self.left_running = child.pid();
        }
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
