//! Places for readers: given, taken, and as many as need be.

use std::sync::Arc;
use std::thread;

use flipside::publish::strategy::{Asymmetric, Counters, Epochs, Slot, Strategy};
use flipside::publish::{Buffer, Full, Offline, Reader, Source, WeakReader, raw};

fn fixed<S: Strategy>(strategy: S) {
    let buffer = Arc::new(Buffer::with(strategy, [0, 0], (), ()));
    let source = Source::new(buffer.clone());
    let mut readers: Vec<_> = (0..2).map(|_| source.reader().unwrap()).collect();
    let rest = source.offline().unwrap();
    assert_eq!(source.reader().err(), Some(Full { places: 3 }));
    assert_eq!(source.offline().err(), Some(Full { places: 3 }));
    assert_eq!(readers[0].try_clone().err(), Some(Full { places: 3 }));
    assert!(Full { places: 3 }.to_string().contains('3'));
    let weak = WeakReader::new(&readers[0]);
    assert!(weak.upgrade().is_err());
    assert_eq!(weak.try_read(|value| *value), None);
    let guard = readers[0].read();
    drop(rest);
    let other = readers[0].try_clone().unwrap();
    let numbers = [readers[0].number(), readers[1].number(), other.number()];
    assert!(numbers.iter().all(|one| numbers.iter().filter(|other| *other == one).count() == 1));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| readers[0].clone()));
    assert!(panic.is_err(), "`Clone` has no other way to say so");
    drop(guard);
    let mut writer = raw::Writer::new(buffer).unwrap();
    for n in 1..100 {
        drop(readers.pop());
        *writer.back().unwrap() = n;
        writer.publish().unwrap();
        readers.push(source.reader().unwrap());
        assert_eq!(*readers.last().unwrap().read(), n);
    }
}

#[test]
fn a_fixed_number_of_places_is_full_at_that_number() {
    let slots = || [const { Slot::new() }; 3];
    let others = || &mut Box::leak(Box::new(slots()))[..];
    fixed(Asymmetric::with_seats(slots()));
    fixed(Asymmetric::portable_with_seats(slots()));
    fixed(Epochs::with_seats(slots()));
    fixed(Counters::with_seats(slots()));
    fixed(Counters::with_seats(others()));
    fixed(Epochs::with_seats(others()));
}

#[test]
fn no_places_at_all_leave_the_writer_alone() {
    let none: [Slot; 0] = [];
    let buffer = Buffer::with(Epochs::with_seats(none), [0, 0], (), ());
    assert_eq!(Reader::new(&buffer).err(), Some(Full { places: 0 }));
    let mut writer = raw::Writer::new(&buffer).unwrap();
    for n in 1..4 {
        *writer.try_back().unwrap() = n;
        assert_eq!(writer.publish(), Ok(n));
    }
}

/// How many slots the strategy says that it has.
fn slots<S: Strategy + std::fmt::Debug>(buffer: &Buffer<u64, (), S>) -> usize {
    let text = format!("{buffer:?}");
    let (_, rest) = text.split_once("slots: ").unwrap_or_else(|| panic!("no slots in {text}"));
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

fn churn<S: crate::Shared + std::fmt::Debug>(strategy: S) {
    const LIVE: usize = 7;
    let buffer = Arc::new(Buffer::with(strategy, [0, 0], (), ()));
    let mut readers: Vec<_> = (0..LIVE).map(|_| Reader::new(buffer.clone()).unwrap()).collect();
    for n in 0..1_000_000 {
        let at = n % LIVE;
        drop(readers.swap_remove(at));
        readers.push(readers[at % (LIVE - 1)].clone());
    }
    assert_eq!(slots(&buffer), LIVE);
    drop(readers);
    let mut writer = raw::Writer::new(buffer.clone()).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    let rest = Offline::new(buffer.clone()).unwrap();
                    let reader = Reader::new(buffer.clone()).unwrap();
                    let guard = reader.read();
                    assert!(*rest.online().get() >= *guard);
                }
            });
        }
        for n in 1..2000 {
            *writer.back().unwrap() = n;
            writer.publish().unwrap();
        }
    });
    assert_eq!(slots(&buffer), LIVE, "two each for three threads were never more than that");
}

#[test]
fn a_million_clones_and_drops_need_no_more_places_than_readers() {
    churn(Asymmetric::new());
    churn(Asymmetric::portable());
    churn(Epochs::new());
    churn(Counters::new());
}
