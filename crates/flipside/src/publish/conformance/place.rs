//! A strategy's two ends, kept to what the trait asks of its callers.

use core::cell::Cell;

use super::super::strategy::{Kind, Strategy};
use super::law;

/// A seat, which leaves and is released when it is dropped.
pub(super) struct Place<'s, S: Strategy> {
    strategy: &'s S,
    seat: S::Seat,
    kind: Kind,
    is_inside: Cell<bool>,
}

impl<'s, S: Strategy> Place<'s, S> {
    pub(super) fn take(strategy: &'s S, kind: Kind) -> Self {
        match strategy.seat(kind) {
            Ok(seat) => Self { strategy, seat, kind, is_inside: Cell::new(false) },
            Err(full) => panic!("seat: the suite needs five at a time: {full}"),
        }
    }

    /// By `enter` or `online`, as its kind is.
    pub(super) fn enter(&self) -> u64 {
        assert!(!self.is_inside.replace(true), "the suite enters twice");
        match self.kind {
            // SAFETY: the seat is this strategy's, of this kind, not released, and outside.
            Kind::Guards => unsafe { self.strategy.enter(&self.seat) },
            // SAFETY: the same.
            Kind::Pinned => unsafe { self.strategy.online(&self.seat) },
        }
    }

    pub(super) fn leave(&self) {
        assert!(self.is_inside.replace(false), "the suite leaves twice");
        // SAFETY: the seat is this strategy's, not released, and was inside; the suite's values are atomics.
        unsafe { self.strategy.leave(&self.seat) };
    }

    pub(super) fn advance(&self) -> u64 {
        assert!(self.is_inside.get(), "the suite advances from outside");
        // SAFETY: the seat is this strategy's, not released, and inside; the suite's values are atomics.
        unsafe { self.strategy.advance(&self.seat) }
    }

    pub(super) fn inside(&self) -> Option<u64> {
        // SAFETY: the seat is this strategy's and not released.
        unsafe { self.strategy.inside(&self.seat) }
    }

    pub(super) fn number(&self) -> Option<u32> {
        self.strategy.number(&self.seat)
    }
}

impl<S: Strategy> Drop for Place<'_, S> {
    fn drop(&mut self) {
        if self.is_inside.get() {
            self.leave();
        }
        // SAFETY: the seat is this strategy's, outside, and not used again.
        unsafe { self.strategy.release(&mut self.seat) };
    }
}

/// The writer's end. There is one for each strategy.
pub(super) struct Flips<'s, S: Strategy> {
    strategy: &'s S,
    residual: Option<S::Residual>,
}

impl<'s, S: Strategy> Flips<'s, S> {
    pub(super) fn of(strategy: &'s S) -> Self {
        Self { strategy, residual: None }
    }

    /// The last flip's residual has been found vacant. The new version, and what to ask about the old side.
    pub(super) fn flip(&mut self) -> &mut S::Residual {
        let before = self.strategy.version();
        // SAFETY: one at a time, by `&mut self`, and the last residual has been found vacant.
        self.residual = Some(unsafe { self.strategy.flip() });
        let after = self.strategy.version();
        law("L1", after == before + 1, "a flip makes the next version the newest");
        self.residual.as_mut().expect("just set")
    }

    /// As `flip`, and whoever is inside is seen.
    pub(super) fn flip_and_reach(&mut self) -> &mut S::Residual {
        let strategy = self.strategy;
        let residual = self.flip();
        // Twice is as good as once.
        for _ in 0..2 {
            strategy.reach(residual).expect("reach: refused");
        }
        residual
    }

    /// Nobody is inside of what the flip left.
    pub(super) fn flip_past_nobody(&mut self) {
        let strategy = self.strategy;
        let residual = self.flip_and_reach();
        law("L2", strategy.vacant(residual), "nobody is inside, and the side is not vacant");
    }

    pub(super) fn is_vacant(&self) -> bool {
        self.residual.as_ref().is_none_or(|residual| self.strategy.vacant(residual))
    }

    /// Whether somebody is named who is in the way.
    pub(super) fn is_straggler_named(&self) -> bool {
        self.residual.as_ref().is_some_and(|residual| self.strategy.straggler(residual).is_some())
    }
}
