use super::{Log, Operation, ROOM};

impl Operation<u64> for u64 {
    fn apply(&mut self, sum: &mut u64, _: &()) {
        *sum += *self;
    }
}

#[test]
fn the_room_of_a_long_log_goes_and_that_of_short_ones_stays() {
    let (mut log, mut copies) = (Log::<u64, u64>::new(), [0, 0]);
    let mut publish = |operations: u64| {
        let [front, back] = &mut copies;
        log.catch_up(front, back, &()).unwrap();
        (0..operations).for_each(|n| log.push(n));
        log.apply(back, &());
        log.flipped();
        copies.reverse();
        log.once.capacity() + log.queued.capacity()
    };
    let long = publish(100_000);
    assert!(long >= 100_000);
    let short = (0..40).map(|_| publish(1)).last().unwrap();
    assert!(short <= 2 * ROOM);
    publish(100);
    let some = publish(100);
    assert!((0..40).all(|_| publish(100) == some));
    assert_eq!(copies[0], copies[1] + 99 * 50);
}
