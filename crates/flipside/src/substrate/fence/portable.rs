//! Systems whose threads cannot be made to run a fence from outside, or not by us: only the portable pair is left,
//! and the types say so.
//!
//! Windows has `FlushProcessWriteBuffers`, which promises what membarrier does; it is not used, for want of a
//! machine to check it on. Other systems have at best side effects of `mprotect`, which nobody promises.

use core::fmt;

/// What no system here can promise.
#[derive(Clone, Copy, Debug)]
pub(super) enum Everywhere {}

impl Everywhere {
    pub(super) const fn detect() -> Option<Self> {
        None
    }

    pub(super) const fn granted() -> Option<Self> {
        None
    }

    pub(super) const fn fence(self) -> Result<(), Refused> {
        match self {}
    }
}

/// What cannot happen: only a promise can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {}

impl Refused {
    /// The system's number for the reason.
    pub(crate) const fn errno(self) -> i32 {
        match self {}
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.errno(), f)
    }
}

impl core::error::Error for Refused {}
