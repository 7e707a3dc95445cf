//! A ticker keeps time, counts what it could not keep, and can be stopped.

use std::time::{Duration, Instant};

use flipside_sources::host::Ticker;
use flipside_sources::stop;

#[test]
fn ticks_do_not_drift_and_missed_ones_are_counted() {
    let (handle, stop) = stop::pair().unwrap();
    let (start, period) = (Instant::now(), Duration::from_millis(5));
    let mut ticker = Ticker::starting_at(start, period);
    for _ in 0..20 {
        let tick = ticker.wait(&stop).unwrap();
        // Whatever the machine did to us, the time of a tick is a multiple of the period.
        let due = tick.at - tick.behind - start;
        assert_eq!(due.as_nanos() % period.as_nanos(), 0);
    }
    let before = (ticker.late(), ticker.missed(), ticker.ticks());
    std::thread::sleep(Duration::from_millis(52));
    let tick = ticker.wait(&stop).unwrap();
    assert!(tick.missed >= 9 && tick.behind >= Duration::from_millis(45), "{tick:?}");
    assert_eq!((ticker.late(), ticker.missed()), (before.0 + 1, before.1 + tick.missed));
    let tick = ticker.wait(&stop).unwrap();
    assert_eq!((tick.at - tick.behind - start).as_nanos() % period.as_nanos(), 0);
    // Every period of the whole time is either a tick or a missed one.
    let periods = ((tick.at - start).as_nanos() / period.as_nanos()) as u64;
    assert_eq!(ticker.ticks() + ticker.missed() - tick.missed, periods - tick.missed);
    assert_eq!(ticker.ticks(), before.2 + 2);
    drop(handle);
    assert!(ticker.wait(&stop).is_none());
}

#[test]
fn a_stop_ends_a_long_sleep_at_once() {
    let (handle, stop) = stop::pair().unwrap();
    let sleeper = std::thread::spawn(move || Ticker::new(Duration::from_secs(3600)).wait(&stop).is_none());
    std::thread::sleep(Duration::from_millis(20));
    let begin = Instant::now();
    handle.stop();
    assert!(sleeper.join().unwrap());
    assert!(begin.elapsed() < Duration::from_secs(60));
}
