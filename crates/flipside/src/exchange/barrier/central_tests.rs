//! What the models cannot look at: loom does nothing between an unlock and what follows.

use super::Central;
use crate::exchange::Barrier;

#[test]
fn who_comes_when_the_last_one_has_been_taken_off_is_alone() {
    let central = Central::with_room(1, 1, 0);
    // SAFETY: the first call of this rank, and the last.
    assert!(unsafe { central.leave(0, 0) });
    // It opens round 1, and is interrupted. (Loom never looks what comes between an unlock and what follows.)
    let present = central.change(&mut central.roster(), 1);
    let rank = central.ask_to_join().expect("there is room");
    assert_eq!(central.admitted(rank), Ok(Some(2)));
    central.let_in(1, present);
    assert_eq!(central.admitted(rank), Ok(Some(2)), "no round is opened that nobody is in");
}
