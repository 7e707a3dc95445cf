//! The command line: the one place from which help, completions and the man page come.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::units::{parse_count, parse_duration, parse_duration_or_zero, parse_ns, parse_size};

const AFTER: &str = "\
Sizes are written as 64KiB, 1MiB or 4096, times as 10s, 250ms or 1m30s.

Exit status: 0 done (a first Ctrl-C ends a recording in order), 1 error, 2 usage, 3 loss with --fail-on-loss or \
damage found by verify, 130 second Ctrl-C; otherwise that of the recorded command.";

/// Records real input through a double buffer into a journal that loses nothing and says so.
#[derive(Debug, Parser)]
#[command(name = "flipside", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Record this host, standard input or a command, or several of them at once
    Record(RecordArgs),
    /// The demonstration: many writers of random blocks, one reader to disk, checked at both ends
    Load(LoadArgs),
    /// Print the records of journals, each block by time where its sources stand one after another
    Show(ShowArgs),
    /// Check journals: every checksum, every sequence, the seal
    Verify(VerifyArgs),
    /// A short self-check of this machine, with bars
    Bench(BenchArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, in roff
    Man,
}

/// What happens when the buffer is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverflowArg {
    /// The source waits for the disk: nothing is lost
    Block,
    /// The newest record is dropped, counted, and told in the journal as a gap
    Drop,
    /// The recording ends with an error
    Fail,
}

/// How the records of several writers stand in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OrderArg {
    /// In the order in which they were claimed, across all writers; all share one buffer
    Total,
    /// Each writer's own in their order, by time where they are shown; each has a buffer of its own
    PerWriter,
}

impl OrderArg {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::PerWriter => "per-writer",
        }
    }
}

/// Where threads run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    None,
    Auto,
    List(Vec<usize>),
}

/// What record and load have in common.
#[derive(Clone, Debug, Args)]
pub(crate) struct BufferArgs {
    /// Bytes in each of the two sides of the buffer; writers that have sides of their own (--order per-writer) share
    /// them out, each with room for the largest record
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size, allow_hyphen_values = true)]
    pub(crate) side: usize,
    /// The longest that a record waits for company before it goes to disk; 0 for no wait
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = parse_duration_or_zero, allow_hyphen_values = true)]
    pub(crate) linger: Duration,
    /// How the records of several writers stand [default: per-writer for load, and for this host beside
    /// other sources; otherwise total]
    #[arg(long, value_enum)]
    pub(crate) order: Option<OrderArg>,
    /// What happens when the buffer is full
    #[arg(long, value_enum, default_value = "block")]
    pub(crate) overflow: OverflowArg,
    /// Processors to run on: none, auto (one for each source, another for the disk; needs enough of them), or a
    /// list such as 0,2,3 (the first for the disk)
    #[arg(long, value_name = "auto|none|LIST", default_value = "none", value_parser = parse_pin, allow_hyphen_values = true)]
    pub(crate) pin: Pin,
    /// The journal: a file that does not exist yet, or - for standard output. Default: HOST-UTC.flip here
    #[arg(short = 'w', long = "write", value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Replace FILE if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the summary as one JSON object on standard output (on standard error where that carries data), or
    /// into FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub(crate) json: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct RecordArgs {
    /// What to record: "host" (the default: this host's counters at 1 kHz), "-" (standard input, one record a
    /// line). A command goes behind "--"
    #[arg(value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Stop after this time; 10s where only the host is recorded
    #[arg(long, value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Stop after this many records
    #[arg(short = 'c', long, value_name = "COUNT", value_parser = parse_count, allow_hyphen_values = true)]
    pub(crate) count: Option<u64>,
    /// Exit with 3 if a record was lost
    #[arg(long)]
    pub(crate) fail_on_loss: bool,
    /// Say more: each source's sizes, each counter that is masked
    #[arg(short, long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) buffer: BufferArgs,
    /// A command whose output is recorded, and passed through
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Who carries the blocks from the writers to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum With {
    /// The double buffer
    Flipside,
    /// A `Vec<u8>` under a mutex, swapped by the reader
    Mutex,
    /// A channel of one block each
    Crossbeam,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct LoadArgs {
    /// Threads that write
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) writers: u16,
    /// Smallest block, in bytes
    #[arg(long, value_name = "SIZE", default_value = "10", value_parser = parse_size, allow_hyphen_values = true)]
    pub(crate) min: usize,
    /// Largest block, in bytes
    #[arg(long, value_name = "SIZE", default_value = "10000", value_parser = parse_size, allow_hyphen_values = true)]
    pub(crate) max: usize,
    /// Work of each writer between two blocks, in nanoseconds (or as a time)
    #[arg(long, value_name = "NS", default_value = "0", value_parser = parse_ns, allow_hyphen_values = true)]
    pub(crate) aux_work: u64,
    /// Work of the reader after each block, in nanoseconds (or as a time)
    #[arg(long, value_name = "NS", default_value = "0", value_parser = parse_ns, allow_hyphen_values = true)]
    pub(crate) reader_aux_work: u64,
    /// Stop after this many blocks, all writers together
    #[arg(long, value_name = "N", value_parser = parse_count, allow_hyphen_values = true, conflicts_with = "duration")]
    pub(crate) blocks: Option<u64>,
    /// Stop after this time [default: 3s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Seed of sizes and contents
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    pub(crate) seed: u64,
    /// Who carries the blocks
    #[arg(long, value_enum, default_value = "flipside", conflicts_with = "compare")]
    pub(crate) with: With,
    /// Run all three in turn, three rounds of 1s (or --duration or --blocks), and show them as bars
    #[arg(long)]
    pub(crate) compare: bool,
    #[command(flatten)]
    pub(crate) buffer: BufferArgs,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct ShowArgs {
    /// Journals; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// At most this many records
    #[arg(short = 'n', value_name = "N", value_parser = parse_count, allow_hyphen_values = true)]
    pub(crate) count: Option<u64>,
    /// Only the records of this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// The payloads as they are and as they stand in the file, byte for byte, and nothing else
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct VerifyArgs {
    /// Journals; - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// One JSON object for each file, a line each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Topology {
    /// Many writers, one reader
    Collect,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER)]
pub(crate) struct BenchArgs {
    /// What to check
    #[arg(value_enum, default_value = "collect")]
    pub(crate) topology: Topology,
    /// Print the rows as a JSON array on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

fn parse_pin(text: &str) -> Result<Pin, String> {
    match text {
        "none" => Ok(Pin::None),
        "auto" => Ok(Pin::Auto),
        list => list
            .split(',')
            .map(|cpu| cpu.trim().parse())
            .collect::<Result<_, _>>()
            .map(Pin::List)
            .map_err(|_| "say auto, none, or processor numbers such as 0,2,3".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_of_processors() {
        assert_eq!(parse_pin("0, 2"), Ok(Pin::List(vec![0, 2])));
        assert_eq!(parse_pin("auto"), Ok(Pin::Auto));
        assert!(parse_pin("0,").is_err() && parse_pin("-1").is_err() && parse_pin("all").is_err());
    }
}
