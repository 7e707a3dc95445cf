//! Measures flipside against its peers and against what the machine can do at all.
//!
//! ```text
//! cargo run --release -p flipside-bench -- publish|collect|exchange|journal [--quick] [--json FILE]
//! ```
//!
//! An absolute number says more about the machine than about the contenders; read the ratios. A contender is
//! checked before it is timed, and a failed check ends the program with status 1.

#![forbid(unsafe_code)]

mod collect;
mod exchange;
mod harness;
mod journal;
mod peer;
mod publish;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use harness::Plan;
use report::Report;

/// For the memory of the maps. What it adds to an allocation is an addition to a number of the thread's own.
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Peers and workloads for flipside.
#[derive(Debug, Parser)]
#[command(name = "flipside-bench")]
struct Arguments {
    /// What to measure.
    table: Table,
    /// End within 60 seconds: shorter rounds, less to rely on.
    #[arg(long)]
    quick: bool,
    /// Where the rows go, as one JSON array with all samples.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The tables that exist.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Table {
    /// One writer, many readers.
    Publish,
    /// Many writers, one reader.
    Collect,
    /// Every party to every party, in rounds.
    Exchange,
    /// Images to a file.
    Journal,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if cfg!(debug_assertions) {
        eprintln!("warning: built without --release, the numbers mean nothing");
    }
    let file = |error| match &arguments.json {
        Some(path) => format!("{}: {error}", path.display()),
        None => format!("{error}"),
    };
    let mut report = Report::new(arguments.json.as_deref()).map_err(file)?;
    let plan = Plan::new(arguments.quick);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, {} rounds, contenders in turn; ratios of medians", plan.rounds);
    match arguments.table {
        Table::Publish => publish::run(&plan, &mut report)?,
        Table::Collect => collect::run(&plan, &mut report)?,
        Table::Exchange => exchange::run(&plan, &mut report)?,
        Table::Journal => journal::run(&plan, &mut report)?,
    }
    report.finish().map_err(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_do_not_exist_are_refused_and_the_others_named() {
        let parse = |table| Arguments::try_parse_from(["flipside-bench", table]);
        let tables = ["publish", "collect", "exchange", "journal"];
        let error = parse("tracing").unwrap_err().to_string();
        assert!(tables.iter().all(|table| error.contains(table)), "{error}");
        assert!(tables.into_iter().all(|table| parse(table).is_ok()));
    }
}
