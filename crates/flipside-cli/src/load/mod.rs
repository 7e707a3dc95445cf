//! `flipside load`: the seed's demonstration. Many writers of random blocks, one reader to disk, and statistics
//! that must be equal at both ends.

pub(crate) mod carry;
pub(crate) mod frame;
mod report;
mod run;
mod writers;

use std::path::{Path, PathBuf};
use std::time::Duration;

use flipside_journal::CreateError;

use crate::args::{LoadArgs, OrderArg, OverflowArg, With};
use crate::buffer::Shape;
use crate::failure::{ERROR, Failure, say};
use crate::json::Target;

/// `--compare`: so many rounds, of this length unless told.
const ROUNDS: usize = 3;
const COMPARED: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(500);

/// Runs it, once or once for each carrier, and returns the exit status.
pub(crate) fn load(args: &LoadArgs) -> Result<u8, Failure> {
    check(args)?;
    let target = Target::open(args.buffer.json.as_deref(), to_stdout(args))?;
    if args.compare {
        return compare(args, target);
    }
    let place = args.buffer.write.clone();
    let outcome = run::run(args, args.with, place.as_deref())?;
    if target.leaves_room_for_words() && !args.buffer.quiet {
        report::lines(&outcome).iter().for_each(|line| say(format_args!("{line}")));
    }
    target.put(&report::json(&outcome, true))?;
    Ok(verdict(&outcome))
}

fn compare(args: &LoadArgs, target: Target) -> Result<u8, Failure> {
    let all = [With::Flipside, With::Mutex, With::Crossbeam];
    let place = |with| args.buffer.write.as_deref().map(|path| beside(path, report::name(with)));
    // Found out before the first of them runs; what appears later is found when it is created.
    if let Some(path) = all.into_iter().filter_map(place).find(|path| path.symlink_metadata().is_ok())
        && !args.buffer.force
    {
        return Err(crate::output::create_failed(&CreateError::Exists(path)));
    }
    let mut args = args.clone();
    args.duration = args.duration.or(args.blocks.is_none().then_some(COMPARED));
    // In turns, so that a disk that slows down slows down all of them; whoever is first must not pay for the first
    // pages of the cache and the first steps of the processor.
    warm_up(&args)?;
    let mut turns: Vec<Turns> = all.into_iter().map(Turns::new).collect();
    'rounds: for _ in 0..ROUNDS {
        for turn in &mut turns {
            let place = place(turn.with);
            let outcome = run::run(&args, turn.with, place.as_deref())?;
            if place.is_none() {
                // Nobody asked for these files: they were only written to be timed and read back.
                outcome.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
            }
            let stopped = outcome.stopped;
            turn.rates.push(report::rate(&outcome));
            turn.last = Some(outcome);
            if stopped {
                break 'rounds;
            }
        }
        // The next round takes the place of this one.
        args.buffer.force = true;
    }
    if target.leaves_room_for_words() && !args.buffer.quiet {
        report::bars(&turns, shape(&args, With::Flipside).name())
            .iter()
            .for_each(|line| say(format_args!("{line}")));
    }
    let last = || turns.iter().filter_map(|turn| turn.last.as_ref());
    let rows: Vec<_> = turns.iter().filter_map(report::compared).collect();
    target.put(&serde_json::json!({ "compare": rows }))?;
    Ok(last().map(verdict).max().unwrap_or(0))
}

/// One carrier's rounds.
struct Turns {
    with: With,
    /// Payload bytes per second of each round.
    rates: Vec<f64>,
    last: Option<run::Outcome>,
}

impl Turns {
    fn new(with: With) -> Self {
        Self { with, rates: Vec::new(), last: None }
    }
}

/// A moment of load that nobody counts.
fn warm_up(args: &LoadArgs) -> Result<(), Failure> {
    let mut args = args.clone();
    args.buffer.write = None;
    args.duration = Some(WARM_UP);
    let blocks = args.blocks.take();
    if blocks.is_none_or(|blocks| blocks >= 10_000) {
        let outcome = run::run(&args, With::Flipside, None)?;
        outcome.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
    Ok(())
}

fn verdict(outcome: &run::Outcome) -> u8 {
    match outcome.failure() {
        Some(failure) => {
            failure.report();
            ERROR
        }
        None => 0,
    }
}

/// `x.flip` becomes `x-mutex.flip`.
fn beside(path: &Path, name: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{name}{extension}"))
}

fn to_stdout(args: &LoadArgs) -> bool {
    args.buffer.write.as_deref() == Some(Path::new("-"))
}

/// Nobody asks what came first between the writers, so they need not share a buffer; that carries more. The
/// others have one order.
fn shape(args: &LoadArgs, with: With) -> Shape {
    let order = match with {
        With::Flipside => args.buffer.order.unwrap_or(OrderArg::PerWriter),
        With::Mutex | With::Crossbeam => OrderArg::Total,
    };
    Shape::new(&args.buffer, order, usize::from(args.writers), frame::span(args.max))
}

fn check(args: &LoadArgs) -> Result<(), Failure> {
    if args.min > args.max {
        return Err(Failure::usage(format_args!("--min {} is above --max {}", args.min, args.max)));
    }
    let need = frame::span(args.max);
    if need > args.buffer.side {
        return Err(Failure::usage(format_args!(
            "--side {} is smaller than a record: a block of --max {} takes {need} bytes",
            args.buffer.side, args.max
        ))
        .hint("take a larger --side or a smaller --max"));
    }
    if args.buffer.overflow != OverflowArg::Block && (args.compare || args.with != With::Flipside) {
        return Err(Failure::usage("--overflow drop and fail are the double buffer's")
            .hint("leave out --with or --compare, or say --overflow block"));
    }
    if args.buffer.order == Some(OrderArg::PerWriter) && args.with != With::Flipside {
        return Err(Failure::usage("--order per-writer is the double buffer's")
            .hint("leave out --with, or say --order total"));
    }
    if args.compare && to_stdout(args) {
        return Err(Failure::usage("--compare writes three journals: standard output takes one")
            .hint("name a file with -w, or leave it out"));
    }
    Ok(())
}
