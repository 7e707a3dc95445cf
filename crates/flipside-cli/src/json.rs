//! Where the one JSON object of a run goes.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;

/// Standard output, standard error, a file, or nowhere.
#[derive(Debug)]
pub(crate) enum Target {
    Nowhere,
    Stdout,
    Stderr,
    File(File, String),
}

impl Target {
    /// What `--json` asks for; `-` is standard output, unless that carries data already. The file is opened
    /// before the run, so that a wrong name costs no recording.
    pub(crate) fn open(wanted: Option<&Path>, stdout_carries_data: bool) -> Result<Self, Failure> {
        match wanted {
            None => Ok(Self::Nowhere),
            Some(path) if path == Path::new("-") && stdout_carries_data => Ok(Self::Stderr),
            Some(path) if path == Path::new("-") => Ok(Self::Stdout),
            Some(path) => match File::create(path) {
                Ok(file) => Ok(Self::File(file, path.display().to_string())),
                Err(error) => {
                    let failure =
                        Failure::error(format_args!("cannot write --json={}: {error}", path.display()));
                    Err(failure.hint("name another file, or say --json for standard output"))
                }
            },
        }
    }

    /// Whether a person still wants the summary in words: not where the object takes its place.
    pub(crate) fn leaves_room_for_words(&self) -> bool {
        matches!(self, Self::Nowhere | Self::File(..))
    }

    /// Writes the object, on one line. A closed standard output is no error.
    pub(crate) fn put(self, value: &Value) -> Result<(), Failure> {
        let line = format!("{value}\n");
        match self {
            Self::Nowhere => Ok(()),
            Self::Stdout => quietly(io::stdout().write_all(line.as_bytes()), "standard output"),
            Self::Stderr => quietly(io::stderr().write_all(line.as_bytes()), "standard error"),
            Self::File(mut file, name) => quietly(file.write_all(line.as_bytes()), &name),
        }
    }
}

fn quietly(result: io::Result<()>, name: &str) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::error(format_args!("cannot write the summary to {name}: {error}")))
        }
        _ => Ok(()),
    }
}
