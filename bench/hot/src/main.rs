//! Takes one of flipside's shortest paths so many times, for `ci/instructions`: what two counts differ by, over the
//! difference in turns, is what a turn takes.
//!
//! ```text
//! flipside-hot PATH TURNS
//! ```

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::process::ExitCode;

use flipside::collect::{Builder, Order, Outcome, Overflow};
use flipside::exchange::{self, Choice};
use flipside::publish;

/// Takes a path so many times, with as few other instructions around as possible.
type Path = (&'static str, fn(u64));

const PATHS: &[Path] = &[
    ("publish-guard", guard),
    ("publish-pinned", pinned),
    ("publish-apply", apply),
    ("collect-total", |turns| write(Order::Total, turns)),
    ("collect-per-writer", |turns| write(Order::PerWriter, turns)),
    ("exchange-flags", |turns| rounds(Choice::Flags, turns)),
    ("exchange-central", |turns| rounds(Choice::Central, turns)),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().and_then(|name| PATHS.iter().find(|path| path.0 == name));
    let turns = arguments.get(1).and_then(|turns| turns.parse().ok());
    let (Some((_, path)), Some(turns)) = (path, turns) else {
        let names: Vec<_> = PATHS.iter().map(|path| path.0).collect();
        eprintln!("usage: flipside-hot {} TURNS", names.join("|"));
        return ExitCode::FAILURE;
    };
    path(turns);
    ExitCode::SUCCESS
}

/// A guard is taken, read and dropped.
fn guard(turns: u64) {
    let (_writer, reader) = publish::value(7u64);
    for _ in 0..turns {
        black_box(*reader.read());
    }
}

/// A pinned reader looks whether there is anything new, and reads.
fn pinned(turns: u64) {
    let (_writer, reader) = publish::value(7u64);
    let mut pinned = reader.pinned().expect("there is room for one");
    for _ in 0..turns {
        black_box(pinned.refresh());
        black_box(*pinned.get());
    }
}

/// An operation is appended and applied to both copies; every thousandth is followed by a publish.
fn apply(turns: u64) {
    struct Add(u64);
    impl publish::Operation<u64> for Add {
        fn apply(&mut self, value: &mut u64, _extras: &()) {
            *value += self.0;
        }
    }
    let (mut writer, _reader) = publish::log(0u64);
    for turn in 0..turns {
        writer.push(Add(turn));
        if turn % 1000 == 999 {
            writer.publish().expect("nobody reads");
        }
    }
}

/// A record of 64 bytes, which nobody takes: all fit into the side.
fn write(order: Order, turns: u64) {
    let (collector, _drain) =
        Builder::new(Overflow::Block).order(order).side(1 << 24).build().expect("a side of a sensible size");
    let mut writer = collector.writer().expect("there is room for one");
    for _ in 0..turns {
        assert_eq!(writer.write(black_box(&[7; 64])), Ok(Outcome::Accepted));
    }
}

/// An empty round of one party, which waits for nobody.
fn rounds(choice: Choice, turns: u64) {
    let setup = exchange::parties(1).no_segment().barrier(choice);
    let party = setup.build().expect("one party").pop().expect("it is there");
    let mut round = party.start();
    for _ in 0..turns {
        round = round.publish().wait().expect("nobody dies");
    }
}
