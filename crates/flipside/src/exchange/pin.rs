//! Threads on processors of their own.

use super::error::SetupError;

/// Whether the list says for each party where it runs, and this process may run there.
pub(super) fn check(processors: &[usize], parties: usize) -> Result<(), SetupError> {
    if processors.is_empty() {
        return Ok(());
    }
    if processors.len() != parties {
        return Err(SetupError::PinsForOthers { pins: processors.len(), parties });
    }
    system::check(processors)
}

pub(super) use system::pin;

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::SetupError;

    pub(in crate::exchange) fn check(processors: &[usize]) -> Result<(), SetupError> {
        let allowed = sched_getaffinity(None).map_err(|_| SetupError::CannotPin)?;
        let is_allowed = |processor: usize| processor < CpuSet::MAX_CPU && allowed.is_set(processor);
        match processors.iter().position(|processor| !is_allowed(*processor)) {
            Some(rank) => Err(SetupError::NoSuchProcessor {
                rank,
                processor: processors[rank],
                allowed: (0..CpuSet::MAX_CPU).filter(|processor| is_allowed(*processor)).collect(),
            }),
            None => Ok(()),
        }
    }

    /// This thread, from now on, as far as the system lets it.
    pub(in crate::exchange) fn pin(processor: usize) -> bool {
        let mut set = CpuSet::new();
        set.set(processor);
        sched_setaffinity(None, &set).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::SetupError;

    pub(in crate::exchange) fn check(_processors: &[usize]) -> Result<(), SetupError> {
        Err(SetupError::CannotPin)
    }

    pub(in crate::exchange) fn pin(_processor: usize) -> bool {
        false
    }
}
