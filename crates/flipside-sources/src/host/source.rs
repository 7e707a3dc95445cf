//! What can be sampled, what its counters mean, and how it ends.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One source of samples. Its name is stable: it is what records, summaries and reports call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// Where the processors' time went.
    Cpu,
    /// Interrupts served, hard and soft.
    Interrupts,
    /// Switches between tasks, and the tasks themselves.
    ContextSwitches,
    /// What memory is used for.
    Memory,
    /// How long tasks stood still for want of a resource.
    Pressure,
    /// What the network interfaces received and sent.
    Network,
    /// What the disks read and wrote.
    Disk,
}

impl Source {
    /// The stable name, as in `context-switches`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Interrupts => "interrupts",
            Self::ContextSwitches => "context-switches",
            Self::Memory => "memory",
            Self::Pressure => "pressure",
            Self::Network => "network",
            Self::Disk => "disk",
        }
    }

    /// What the main counter counts, for people. A rate is this many per second; a tick of `cpu` is
    /// 1/[`ticks_per_second`] of one processor's second.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Cpu => "ticks",
            Self::Interrupts => "interrupts",
            Self::ContextSwitches => "switches",
            Self::Memory => "KiB",
            Self::Pressure => "us",
            Self::Network | Self::Disk => "bytes",
        }
    }

    /// How the kernel keeps the main counter up to date, which decides how short a peak can be seen.
    #[must_use]
    pub const fn refresh(self) -> Refresh {
        match self {
            // Eight fields, each rounded down to whole ticks of (nearly always) 10 ms: over 50 ms that is an
            // error of a fifth at worst for one busy processor, over 10 ms it would be the result itself.
            Self::Cpu => Refresh::Timed { floor: Duration::from_millis(50) },
            // What each processor has gathered is folded in once a second.
            Self::Memory => Refresh::Timed { floor: Duration::ZERO },
            Self::Interrupts | Self::ContextSwitches | Self::Pressure | Self::Network | Self::Disk => {
                Refresh::Live
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a counter is kept up to date, and so over what time one of its steps is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Up to date whenever it is read: a step belongs to the time since the sample before. Should nine in ten
    /// steps be further apart than that (a network card that reports every two seconds), then to that time.
    Live,
    /// Refreshed from time to time: a step belongs to the time since the last step, or to the median distance
    /// of steps if that is shorter.
    Timed {
        /// No peak is stated over less than this, because the counter is too coarse.
        floor: Duration,
    },
}

/// How many ticks of the `cpu` source make a second of one processor: the kernel's `USER_HZ`, 100 nearly
/// everywhere.
#[must_use]
pub fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// Why a file gave no sample.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// It could not be opened or read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It could be read, but does not say what it should.
    Content {
        /// The file.
        path: PathBuf,
        /// What is missing from it, or is no number there.
        missing: &'static str,
    },
}

impl Fault {
    /// The file that is at fault.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. } | Self::Content { path, .. } => path,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Content { path, missing } => write!(f, "{}: no valid {missing}", path.display()),
        }
    }
}

impl Fault {
    /// The same once more, for the next source of the same file: an error of the system cannot be cloned.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Io { path, error } => {
                let copy =
                    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error);
                Self::Io { path: path.clone(), error: copy }
            }
            Self::Content { path, missing } => Self::Content { path: path.clone(), missing },
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Content { .. } => None,
        }
    }
}

/// A source, or a part of one, that was there at the start and no longer answers. Reported once; what it
/// counted so far stays in the sums, so that they do not fall.
#[derive(Debug)]
#[non_exhaustive]
pub struct Vanished {
    /// Which source.
    pub source: Source,
    /// Whether that was the end of the source (true) or of a part of it, such as one disk of several.
    pub whole: bool,
    /// Which file, and why.
    pub fault: Fault,
}

impl fmt::Display for Vanished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.whole { "ended" } else { "lost a part" };
        write!(f, "{} {what}: {}", self.source, self.fault)
    }
}

impl std::error::Error for Vanished {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.fault)
    }
}
