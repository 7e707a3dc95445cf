//! A stand-in until the asymmetric fences land.

use super::atomic::{Site, fence};

#[derive(Debug)]
pub(crate) struct Fences(bool);

#[derive(Debug)]
pub(crate) struct Link;

#[derive(Debug)]
pub(crate) struct Refused;

impl Link {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Fences {
    pub(crate) fn detect() -> Self {
        Self(true)
    }

    pub(crate) const fn portable() -> Self {
        Self(true)
    }

    #[inline(always)]
    pub(crate) fn light(&self, site: Site, _link: &Link) {
        if self.0 {
            fence(site);
        } else {
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        }
    }

    pub(crate) fn heavy<'a>(
        &self,
        site: Site,
        _links: impl IntoIterator<Item = &'a Link>,
    ) -> Result<(), Refused> {
        fence(site);
        Ok(())
    }
}
