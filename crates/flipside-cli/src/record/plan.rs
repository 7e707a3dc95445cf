//! What is to be recorded, before anything starts.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use flipside_sources::host::{Group, Masked, Origin};

use flipside_sources::lines;

use crate::args::{OrderArg, RecordArgs};
use crate::buffer::Shape;
use crate::failure::Failure;
use crate::load::frame;

/// The host alone is recorded for this long unless told.
const HOST_DURATION: Duration = Duration::from_secs(10);

/// The sources, each with a name; its index is its id.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) names: Vec<String>,
    pub(super) groups: Vec<HostGroup>,
    pub(super) masked: Vec<Masked>,
    pub(super) fallback: bool,
    /// The id of standard input.
    pub(super) stdin: Option<u16>,
    pub(super) child: Option<ChildPlan>,
    pub(super) duration: Option<Duration>,
    to_stdout: bool,
}

/// A thread of the host recorder.
#[derive(Debug)]
pub(super) struct HostGroup {
    pub(super) group: Group,
    /// The ids of its sources, in its order.
    pub(super) ids: Vec<u16>,
}

/// A command to run.
#[derive(Debug)]
pub(super) struct ChildPlan {
    pub(super) command: Vec<OsString>,
    pub(super) stdout: u16,
    pub(super) stderr: u16,
}

impl Plan {
    pub(super) fn make(args: &RecordArgs) -> Result<Self, Failure> {
        let mut plan = Self {
            to_stdout: args.buffer.write.as_deref() == Some(Path::new("-")),
            duration: args.duration,
            ..Self::default()
        };
        let default = args.sources.is_empty() && args.command.is_empty();
        let mut host = default;
        for source in &args.sources {
            match source.as_str() {
                "host" if host => return Err(twice(source)),
                "host" => host = true,
                "-" if plan.stdin.is_some() => return Err(twice(source)),
                "-" => plan.stdin = Some(plan.add("stdin")),
                other => {
                    return Err(Failure::usage(format_args!("{other}: not a source"))
                        .hint("sources are host, - (standard input) and -- CMD ARGS..."));
                }
            }
        }
        if host {
            plan.add_host()?;
        }
        if !args.command.is_empty() {
            let command = args.command.clone();
            plan.child = Some(ChildPlan { command, stdout: plan.add("stdout"), stderr: plan.add("stderr") });
        }
        if host && plan.stdin.is_none() && plan.child.is_none() {
            plan.duration = plan.duration.or(Some(HOST_DURATION));
        }
        if plan.to_stdout && plan.child.is_some() {
            return Err(Failure::usage("-w - and a command would both write to standard output")
                .hint("name a file with -w"));
        }
        Ok(plan)
    }

    fn add(&mut self, name: &str) -> u16 {
        self.names.push(name.to_owned());
        // A dozen sources at most: the flags do not allow more.
        (self.names.len() - 1) as u16
    }

    fn add_host(&mut self) -> Result<(), Failure> {
        let detected = Group::open_all(Path::new("/"))
            .map_err(|error| Failure::error(error).hint("record standard input (-) or a command (-- CMD)"))?;
        self.fallback = detected.origin == Origin::Sysinfo;
        self.masked = detected.masked;
        for group in detected.groups {
            let ids = group.names().iter().map(|name| self.add(name)).collect();
            self.groups.push(HostGroup { group, ids });
        }
        Ok(())
    }

    /// Whether standard output belongs to data, so that the summary must not go there.
    pub(super) fn stdout_carries_data(&self) -> bool {
        self.to_stdout || self.child.is_some()
    }

    /// What is recorded, for people.
    pub(super) fn title(&self) -> String {
        let host = (!self.groups.is_empty()).then(|| "this host".to_owned());
        let stdin = self.stdin.map(|_| "standard input".to_owned());
        let child = self.child.as_ref().map(|child| child.command[0].to_string_lossy().into_owned());
        [host, stdin, child].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The order that fits, unless one is wanted.
    ///
    /// Lines beside this host: lanes. A flood of lines that shares a lane with the samples takes the room from them, and
    /// each sample has its time. Otherwise one lane. Between the lines of several streams only their order
    /// tells what came first, for their times are those of the reads that brought them, many lines at a time. And the
    /// host alone is cheaper so: seven samples in a millisecond find the lane in the cache, and wake the reader once.
    fn order(&self) -> OrderArg {
        if self.has_lines() && !self.groups.is_empty() { OrderArg::PerWriter } else { OrderArg::Total }
    }

    /// The buffer for all sources.
    pub(super) fn shape(&self, args: &RecordArgs) -> Shape {
        let largest = if self.has_lines() { frame::span(lines::LONGEST) } else { super::SIDE_MIN };
        let order = args.buffer.order.unwrap_or_else(|| self.order());
        Shape::new(&args.buffer, order, self.names.len(), largest)
    }

    fn has_lines(&self) -> bool {
        self.stdin.is_some() || self.child.is_some()
    }

    /// Threads that write.
    pub(super) fn threads(&self) -> usize {
        self.groups.len() + usize::from(self.stdin.is_some()) + 2 * usize::from(self.child.is_some())
    }
}

fn twice(source: &str) -> Failure {
    Failure::usage(format_args!("{source}: named twice"))
}
