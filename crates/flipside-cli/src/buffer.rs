//! The buffer that a command line asks for: its order, its sides, its policy.

use flipside::collect::{BuildError, Builder, Collector, Drain, Order, Overflow};

use crate::args::{BufferArgs, OrderArg, OverflowArg};
use crate::failure::Failure;

/// In which order, and in how many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) order: OrderArg,
    /// Bytes of a side: of the two that all writers share, or of the two that each has.
    pub(crate) side: usize,
    writers: usize,
}

impl Shape {
    /// `--side` is the memory of all, whatever the order: lanes share it out, so that one order can take the place of
    /// the other. Only where that would leave no room for a record as large as with one lane, `largest` bytes, a lane
    /// has so much. In all that is `2 * max(side, writers * min(side, largest))` bytes.
    pub(crate) fn new(args: &BufferArgs, order: OrderArg, writers: usize, largest: usize) -> Self {
        let side = match order {
            OrderArg::Total => args.side,
            OrderArg::PerWriter => (args.side / writers).max(args.side.min(largest)),
        };
        Self { order, side, writers }
    }

    pub(crate) fn build(&self, args: &BufferArgs) -> Result<(Collector, Drain), Failure> {
        let overflow = match args.overflow {
            OverflowArg::Block => Overflow::Block,
            OverflowArg::Drop => Overflow::DropNewest,
            OverflowArg::Fail => Overflow::Fail,
        };
        let order = match self.order {
            OrderArg::Total => Order::Total,
            OrderArg::PerWriter => Order::PerWriter,
        };
        let builder = Builder::new(overflow).order(order).side(self.side);
        builder.linger(args.linger).writers(self.writers).build().map_err(build_failed)
    }

    /// The most bytes that can wait for the reader.
    pub(crate) fn room(&self) -> usize {
        match self.order {
            OrderArg::Total => self.side,
            // The reader takes what stands in both sides.
            OrderArg::PerWriter => 2 * self.side * self.writers,
        }
    }

    /// How full that is, in percent.
    pub(crate) fn percent(&self, bytes: usize) -> usize {
        // Gaps stand in room of their own.
        (100 * bytes / self.room()).min(100)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.order.name()
    }

    /// How full it was, and what is meant by that.
    pub(crate) fn fullest(&self, bytes: usize) -> String {
        match self.order {
            OrderArg::Total => format!("fullest side {} %", self.percent(bytes)),
            OrderArg::PerWriter => format!("buffer at most {} % full", self.percent(bytes)),
        }
    }
}

fn build_failed(error: BuildError) -> Failure {
    match error {
        BuildError::Memory { .. } => Failure::error(error).hint("choose a smaller --side"),
        _ => Failure::usage(error).hint("see --side"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn shape(side: &str, order: OrderArg, writers: usize, largest: usize) -> Shape {
        let cli = crate::args::Cli::parse_from(["flipside", "record", "--side", side]);
        let crate::args::Verb::Record(args) = cli.verb else { unreachable!() };
        Shape::new(&args.buffer, order, writers, largest)
    }

    #[test]
    fn lanes_share_the_memory_and_still_take_the_largest_record() {
        let side = |side, writers, largest| shape(side, OrderArg::PerWriter, writers, largest).side;
        assert_eq!(side("1MiB", 4, 4096), 256 << 10);
        assert_eq!(side("1MiB", 1000, 4096), 4096);
        assert_eq!(side("4096", 3, 1 << 20), 4096);
        assert_eq!(shape("1MiB", OrderArg::Total, 1000, 4096).side, 1 << 20);
    }

    #[test]
    fn no_more_than_full() {
        for order in [OrderArg::Total, OrderArg::PerWriter] {
            let shape = shape("4096", order, 3, 4096);
            assert_eq!((shape.percent(0), shape.percent(shape.room() + 72)), (0, 100));
        }
    }
}
