use super::Central;
use crate::exchange::{Barrier, Kind, Look};
use std::sync::Arc;
use std::task::{Wake, Waker};

#[test]
fn who_comes_when_the_last_one_has_been_taken_off_is_alone() {
    let central = Central::with_room(1, 1, 0);
    // SAFETY: the first call of this rank, and the last.
    assert!(unsafe { central.leave(0, 0) });
    // It opens round 1, and is interrupted. (Loom never looks what comes between an unlock and what follows.)
    let present = central.change(&mut central.roster(), 1);
    let wish = central.ask_to_join().expect("there is room");
    assert_eq!(central.admitted(&wish), Ok(Some(2)));
    central.let_in(1, present);
    assert_eq!(central.admitted(&wish), Ok(Some(2)), "no round is opened that nobody is in");
}

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_nobody_needs_is_not_kept() {
    let central = Central::new(1, 0);
    // SAFETY: the only rank, round after round.
    assert!(unsafe { central.arrive(0, 1, Kind::Wide) });
    // SAFETY: it was the last.
    unsafe { central.open(1) };
    // The round was opened after it was last looked at.
    let nobody = Arc::new(Nobody);
    central.leave_waker(0, &mut Look::at_all(1, Kind::Wide), &Waker::from(nobody.clone()));
    assert_eq!(Arc::strong_count(&nobody), 1);
}
