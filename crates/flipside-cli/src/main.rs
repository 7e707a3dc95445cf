//! The program `flipside`.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod buffer;
mod by_time;
mod cost;
mod failure;
mod journals;
mod json;
mod load;
mod manual;
mod output;
mod pin;
mod record;
mod show;
mod signals;
mod units;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Cli, Verb};
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Record(args) => record::record(args),
        Verb::Load(args) => load::load(args),
        Verb::Show(args) => show::show(args),
        Verb::Verify(args) => verify::verify(args),
        Verb::Bench(args) => bench::bench(args),
        Verb::Completions { shell } => manual::completions(*shell),
        Verb::Man => manual::man(),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            Failure::report(&failure);
            ExitCode::from(failure.code)
        }
    }
}
