//! What this host offers, and what it masks.

use std::fmt;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::fallback::Fallback;
use super::group::{Group, Probe};
use super::memory::Memory;
use super::network::Network;
use super::pressure::Pressure;
use super::source::{Fault, Source};
use super::stat::Stat;

/// Where the samples come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The kernel's files below `/proc` and `/sys`.
    Kernel,
    /// The crate `sysinfo`: fewer sources, and slower ones.
    Sysinfo,
}

/// What [`Group::open_all`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Detected {
    /// One for each thread.
    pub groups: Vec<Group>,
    /// What is usual on such a host but does not answer here, as in a container.
    pub masked: Vec<Masked>,
    /// Where the samples come from.
    pub origin: Origin,
}

/// A source, or a part of one, that does not answer on this host.
#[derive(Debug)]
#[non_exhaustive]
pub struct Masked {
    /// The name of the source.
    pub name: &'static str,
    /// Whether all of the source is missing (true) or only the part that this file would have given.
    pub whole: bool,
    /// The file that was tried.
    pub path: PathBuf,
    /// Why it does not answer, in a sentence with the file's name.
    pub why: String,
}

impl Masked {
    pub(super) fn new(source: Source, whole: bool, fault: &Fault) -> Self {
        Self { name: source.name(), whole, path: fault.path().to_owned(), why: fault.to_string() }
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.whole { "" } else { " (in part)" };
        write!(f, "{}{part}: {}", self.name, self.why)
    }
}

/// No source of this host could be opened.
#[derive(Debug)]
#[non_exhaustive]
pub struct NothingToSample {
    /// Everything that was tried, and why it did not answer.
    pub tried: Vec<Masked>,
}

impl fmt::Display for NothingToSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no counter of this host can be read; tried")?;
        for (index, masked) in self.tried.iter().enumerate() {
            write!(f, "{} {masked}", if index == 0 { "" } else { ";" })?;
        }
        Ok(())
    }
}

impl std::error::Error for NothingToSample {}

pub(super) fn all(root: &Path) -> Result<Detected, NothingToSample> {
    kernel(root).or_else(|kernel| {
        fallback().map_err(|fallback| {
            let tried = kernel.tried.into_iter().chain(fallback.tried).collect();
            NothingToSample { tried }
        })
    })
}

/// Two threads: one for what is read a thousand times a second, one for what is read less often. Waking a thread
/// costs more than what it then reads, so there are no more threads than rates.
pub(super) fn kernel(root: &Path) -> Result<Detected, NothingToSample> {
    let mut masked = Vec::new();
    let fast = [
        boxed(Stat::open(root, &mut masked)),
        boxed(Network::open(root, &mut masked)),
        boxed(Disk::open(root, &mut masked)),
    ];
    let slow = [boxed(Memory::open(root, &mut masked)), boxed(Pressure::open(root, &mut masked))];
    let groups = [flat(fast), flat(slow)].into_iter().filter_map(Group::of).collect();
    found(groups, masked, Origin::Kernel)
}

pub(super) fn fallback() -> Result<Detected, NothingToSample> {
    let mut masked = Vec::new();
    let probes = flat([boxed(Fallback::open(&mut masked))]);
    let groups = Group::of(probes).into_iter().collect();
    found(groups, masked, Origin::Sysinfo)
}

fn found(groups: Vec<Group>, masked: Vec<Masked>, origin: Origin) -> Result<Detected, NothingToSample> {
    if groups.is_empty() {
        return Err(NothingToSample { tried: masked });
    }
    Ok(Detected { groups, masked, origin })
}

fn boxed<P: Probe + 'static>(probe: Option<P>) -> Option<Box<dyn Probe>> {
    probe.map(|probe| Box::new(probe) as Box<dyn Probe>)
}

fn flat<const N: usize>(probes: [Option<Box<dyn Probe>>; N]) -> Vec<Box<dyn Probe>> {
    probes.into_iter().flatten().collect()
}
