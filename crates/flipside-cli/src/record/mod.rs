//! `flipside record`: from the command line to the summary.

mod child;
mod plan;
mod progress;
mod run;
mod start;
mod summary;
mod table;
mod watch;

pub(crate) use summary::quantiles;

use flipside_sources::feed::Clock;

use crate::args::RecordArgs;
use crate::failure::{ERROR, Failure, LOSS};

/// Smaller sides could not hold a sample of the host.
const SIDE_MIN: usize = 4096;

/// Records, prints the summary, and returns the exit status.
pub(crate) fn record(args: &RecordArgs) -> Result<u8, Failure> {
    if args.buffer.side < SIDE_MIN {
        return Err(Failure::usage(format_args!(
            "--side {}: smaller than a record may be; at least {SIDE_MIN} bytes",
            args.buffer.side
        )));
    }
    // The parser does not tell "--" with nothing behind it from nothing at all; a command was meant.
    if args.command.is_empty() && std::env::args_os().any(|word| word == "--") {
        return Err(Failure::usage("no command behind --").hint("name it: flipside record -- CMD ARGS..."));
    }
    let plan = plan::Plan::make(args)?;
    let report_to = crate::json::Target::open(args.buffer.json.as_deref(), plan.stdout_carries_data())?;
    let finished = run::run(args, plan)?;
    let summary = summary::Summary::of(finished);
    summary.tell(args, report_to)?;
    if let Some(failure) = &summary.failure {
        failure.report();
        return Ok(ERROR);
    }
    if args.fail_on_loss && summary.dropped_total() > 0 {
        return Ok(LOSS);
    }
    Ok(summary.child_status.unwrap_or(0))
}

/// Starts the recording's clock.
pub(crate) fn clock() -> Clock {
    Clock::start()
}
