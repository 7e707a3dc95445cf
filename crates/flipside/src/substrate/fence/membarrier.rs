//! Linux: membarrier(2), its private expedited command, since 4.14.
//!
//! Nothing is remembered here. The kernel remembers that the process has registered, in its address space, and
//! answers a second registration at once; a memory of our own would be a lock or a race, and wrong after `execve`.
//! (A first registration with threads already running waits for all processors: construct early.)

use core::fmt;

use rustix::io::{Errno, Result};
use rustix::thread::{MembarrierCommand, membarrier, membarrier_query};

use crate::substrate::atomic::ASKS_THE_SYSTEM;

const FENCE: MembarrierCommand = MembarrierCommand::PrivateExpedited;
const REGISTER: MembarrierCommand = MembarrierCommand::RegisterPrivateExpedited;

/// The kernel has promised to run a fence in every thread of this process whenever it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Everywhere(());

impl Everywhere {
    /// Asks, registers, and tries once: a filter may let one command pass and not the other.
    pub(super) fn detect() -> Option<Self> {
        let granted = !ASKS_THE_SYSTEM || {
            let known = membarrier_query();
            let is_known = known.contains_command(FENCE) && known.contains_command(REGISTER);
            is_known && membarrier(REGISTER).is_ok() && membarrier(FENCE).is_ok()
        };
        granted.then_some(Self(()))
    }

    /// The promise again, for who knows that it was given.
    pub(super) const fn granted() -> Option<Self> {
        Some(Self(()))
    }

    /// Every thread of this process passes a full fence between the call and the return.
    pub(super) fn fence(&self) -> core::result::Result<(), Refused> {
        again_if_unregistered(membarrier).map_err(Refused)
    }
}

/// The registration belongs to the address space. `fork` copies it, in every kernel that we know; the manual is
/// silent. One that did not would answer EPERM, so we register once more: it is the whole remedy.
fn again_if_unregistered(call: impl Fn(MembarrierCommand) -> Result<()>) -> Result<()> {
    match call(FENCE) {
        Err(Errno::PERM) => call(REGISTER).and_then(|()| call(FENCE)),
        answer => answer,
    }
}

/// The system began to refuse membarrier after it had granted it; a filter of system calls can do that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(Errno);

impl Refused {
    /// The system's number for the reason.
    pub(crate) fn errno(self) -> i32 {
        self.0.raw_os_error()
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("errno", &self.errno()).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = std::io::Error::from_raw_os_error(self.errno());
        write!(f, "the system refuses membarrier, which it had granted: {reason}")
    }
}

impl core::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::{Errno, FENCE, REGISTER, again_if_unregistered};
    use std::cell::Cell;

    #[test]
    fn a_lost_registration_is_renewed_and_a_refusal_is_passed_on() {
        let registered = Cell::new(false);
        let forgetful = |command| match command {
            REGISTER => {
                registered.set(true);
                Ok(())
            }
            _ if registered.get() => Ok(()),
            _ => Err(Errno::PERM),
        };
        assert_eq!(again_if_unregistered(forgetful), Ok(()));
        assert!(registered.get());
        assert_eq!(again_if_unregistered(|_| Err(Errno::PERM)), Err(Errno::PERM));
        let calls = Cell::new(0);
        let closed = |command| {
            calls.set(calls.get() + 1);
            assert_eq!(command, FENCE, "nothing but a lost registration is a reason to register");
            Err(Errno::NOSYS)
        };
        assert_eq!(again_if_unregistered(closed), Err(Errno::NOSYS));
        assert_eq!(calls.get(), 1);
    }
}
