//! The recording itself: a thread for each source, one for the journal, and this one to watch over them.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::channel;
use std::time::Duration;

use flipside::collect::Report;
use flipside_sources::feed::{Budget, Ending, Flow, Tally};
use flipside_sources::host::{BurstReport, Masked, Vanished};

use super::child;
use super::plan::Plan;
use super::start::{Setting, start_journal, start_sources};
use super::watch::Watch;
use crate::args::RecordArgs;
use crate::buffer::Shape;
use crate::failure::Failure;
use crate::output::{Drained, Output};
use crate::pin::Places;
use crate::signals::{self, Signal};

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
    /// Whether it has an end of its own.
    pub(super) finite: bool,
}

/// Everything that is known at the end.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) title: String,
    pub(super) shape: Shape,
    pub(super) names: Vec<String>,
    pub(super) masked: Vec<Masked>,
    pub(super) ended: Vec<Ended>,
    pub(super) report: Report,
    pub(super) drained: Drained,
    pub(super) seconds: f64,
    pub(super) child: Option<io::Result<ExitStatus>>,
    pub(super) pinned: Option<String>,
    /// A command that did not end when it was asked to.
    pub(super) left_running: Option<i32>,
}

/// Records until everything has ended, or somebody stops it.
pub(super) fn run(args: &RecordArgs, mut plan: Plan) -> Result<Finished, Failure> {
    let places = Places::decide(&args.buffer.pin, plan.threads())?;
    let title = plan.title();
    let shape = plan.shape(args);
    let (collector, reader) = shape.build(&args.buffer)?;
    plan.child.as_ref().map(child::check).transpose()?;
    let clock = super::clock();
    let table: Vec<(u16, &str)> = (0u16..).zip(plan.names.iter().map(String::as_str)).collect();
    let output = Output::create(args.buffer.write.as_deref(), args.buffer.force, clock, &table)?;
    let (events, inbox) = channel();
    signals::forward(events.clone(), Event::Signal)?;
    let mut watch = Watch::new(args, &plan, shape, clock, collector.clone(), &output)?;
    let started = plan.child.as_ref().map(|it| child::start(it, plan.stdin.is_some(), events.clone()));
    let child = started.transpose().inspect_err(|_| {
        // Nothing was recorded: leave no empty journal behind.
        output.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
    })?;
    let journal = start_journal(reader, output, shape, clock, &collector, &places, events.clone())?;
    let budget = args.count.map(Budget::new);
    let setting = Setting { collector: &collector, clock, budget, events, places: &places, started: 0 };
    start_sources(setting, &mut plan, child, &mut watch)?;
    watch.follow(&inbox);
    let seconds = clock.start.elapsed().as_secs_f64();
    let mut report = collector.close(PATIENCE);
    let drained = journal.join().map_err(|_| Failure::error("the journal's thread panicked"))?;
    watch.progress.clear();
    // After the join the counts are final, whatever the patience was.
    report.stats = collector.stats();
    Ok(Finished {
        title,
        shape,
        names: plan.names,
        masked: plan.masked,
        ended: watch.ended,
        report,
        drained,
        seconds,
        child: watch.child_status,
        pinned: places.note,
        left_running: watch.left_running,
    })
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
