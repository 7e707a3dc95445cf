//! Opening journals to read, and saying what is wrong with them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flipside_journal::ReadError;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::failure::{Failure, LOSS};

/// A journal's bytes, from a file or from standard input.
#[derive(Debug)]
pub(crate) enum Input {
    File(File),
    Stdin(io::Stdin),
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdin(io::stdin()));
        }
        let failed = |error| {
            Failure::error(format_args!("cannot read {}: {error}", path.display()))
                .hint("name a journal that flipside record wrote, or - for standard input")
        };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Ok(Self::File(file))
    }

    /// Whether a recorder holds the file at this moment: then no seal is nothing to wonder at.
    pub(crate) fn is_live(&self) -> bool {
        match self {
            Self::File(file) => flock(file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK),
            Self::Stdin(_) => false,
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

/// For as long as the file is open, readers can tell that it is being written. Only a courtesy: a file system
/// without locks does without.
pub(crate) fn mark_live(file: &File) {
    let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
}

/// Why a journal cannot be read, with the way out. What may be damage has the status of damage.
pub(crate) fn unreadable(name: &str, error: &ReadError) -> Failure {
    let failure = Failure::error(format_args!("{name}: {error}"));
    let damage = |failure: Failure| failure.with_code(LOSS);
    match error {
        ReadError::Empty => damage(failure).hint("its recorder never wrote a byte, or it was cut to nothing"),
        ReadError::TornTail { .. } | ReadError::Damaged { .. } | ReadError::TrailingData { .. } => {
            damage(failure).hint(format_args!("flipside verify {name} lists all that is wrong"))
        }
        ReadError::Version { .. } | ReadError::Features { .. } => {
            failure.hint("a later version of flipside wrote it; read it with that one")
        }
        ReadError::NotAJournal { .. } => failure.hint("journals are what flipside record and load write"),
        _ => failure,
    }
}
