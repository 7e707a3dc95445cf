//! Completions and the man page, from the definitions of the arguments.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::Cli;
use crate::failure::Failure;

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "flipside", &mut script);
    print(&script)
}

pub(crate) fn man() -> Result<u8, Failure> {
    let mut page = Vec::new();
    let mut command = Cli::command();
    // Names the verbs' pages: flipside-record.
    command.build();
    let render = |command: clap::Command, page: &mut Vec<u8>| clap_mangen::Man::new(command).render(page);
    render(command.clone(), &mut page).map_err(Failure::error)?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        // One page for all: each verb follows with its own flags.
        render(verb.clone(), &mut page).map_err(Failure::error)?;
    }
    print(&page)
}

/// Whoever reads it may stop reading.
pub(crate) fn print(bytes: &[u8]) -> Result<u8, Failure> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::error(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(0),
    }
}
