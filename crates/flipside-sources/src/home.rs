//! A sampler's favourite processor.
//!
//! A thread that wakes every millisecond and works for a few microseconds is cheapest where its timer is armed and
//! its caches are warm: here it costs a quarter less than one that the scheduler moves about. So a sampler stays
//! where it begins, unless that processor makes it late; then it goes wherever there is room, for good.

use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// Ticks over which lateness is judged.
const WINDOW: u32 = 256;
/// More late ticks than this in a window, and the thread moves.
const LATE_MAX: u32 = 12;

/// Where a thread stays, as long as it is well there.
#[derive(Debug)]
pub struct Home {
    /// Where it may run; `None` once it has moved out.
    everywhere: Option<CpuSet>,
    ticks: u32,
    late: u32,
}

impl Home {
    /// The processor that the caller runs on at this moment: for threads that should stay together.
    #[must_use]
    pub fn here() -> usize {
        sched_getcpu()
    }

    /// Keeps the calling thread on `cpu`, if the system lets it.
    #[must_use]
    pub fn settle(cpu: usize) -> Self {
        let mut home = CpuSet::new();
        home.set(cpu);
        let everywhere = sched_getaffinity(None).ok().filter(|set| set.is_set(cpu));
        let settled = everywhere.filter(|_| sched_setaffinity(None, &home).is_ok());
        Self { everywhere: settled, ticks: 0, late: 0 }
    }

    /// A thread that goes where the scheduler sends it.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { everywhere: None, ticks: 0, late: 0 }
    }

    /// After each tick of the thread: moves out if too many were late.
    pub fn ticked(&mut self, late: bool) {
        self.ticks += 1;
        self.late += u32::from(late);
        if self.late > LATE_MAX
            && let Some(everywhere) = self.everywhere.take()
        {
            // If the system refuses, the thread stays, and its lateness is counted and shown all the same.
            let _ = sched_setaffinity(None, &everywhere);
        }
        if self.ticks == WINDOW {
            (self.ticks, self.late) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_is_late_too_often_moves_out() {
        let before = sched_getaffinity(None).unwrap();
        let mut home = Home::settle(Home::here());
        assert_eq!(sched_getaffinity(None).unwrap().count(), 1);
        (0..10 * WINDOW).for_each(|tick| home.ticked(tick % WINDOW < LATE_MAX));
        assert_eq!(sched_getaffinity(None).unwrap().count(), 1, "a few late ticks are no reason");
        (0..=LATE_MAX).for_each(|_| home.ticked(true));
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
