//! `flipside load`: the seed's demonstration. Many writers of random blocks, one reader to disk, and statistics
//! that must be equal at both ends.

pub(crate) mod carry;
pub(crate) mod frame;
mod report;
mod run;
mod writers;

use std::path::{Path, PathBuf};

use flipside_journal::CreateError;

use crate::args::{LoadArgs, OverflowArg, With};
use crate::failure::{ERROR, Failure, say};
use crate::json::Target;

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
    let mut outcomes = Vec::new();
    let all = [With::Flipside, With::Mutex, With::Crossbeam];
    let place = |with| args.buffer.write.as_deref().map(|path| beside(path, report::name(with)));
    // Found out before the first of them runs; what appears later is found when it is created.
    if let Some(path) = all.into_iter().filter_map(place).find(|path| path.symlink_metadata().is_ok())
        && !args.buffer.force
    {
        return Err(crate::output::create_failed(&CreateError::Exists(path)));
    }
    for with in all {
        let place = place(with);
        let outcome = run::run(args, with, place.as_deref())?;
        if place.is_none() {
            // Nobody asked for these files: they were only written to be timed and read back.
            outcome.path.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
        let stopped = outcome.stopped;
        outcomes.push(outcome);
        if stopped {
            break;
        }
    }
    if target.leaves_room_for_words() && !args.buffer.quiet {
        report::bars(&outcomes).iter().for_each(|line| say(format_args!("{line}")));
    }
    let rows: Vec<_> = outcomes.iter().map(|outcome| report::json(outcome, false)).collect();
    target.put(&serde_json::json!({ "compare": rows }))?;
    Ok(outcomes.iter().map(verdict).max().unwrap_or(0))
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
    if args.compare && to_stdout(args) {
        return Err(Failure::usage("--compare writes three journals: standard output takes one")
            .hint("name a file with -w, or leave it out"));
    }
    Ok(())
}
