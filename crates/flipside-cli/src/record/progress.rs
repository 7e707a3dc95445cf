//! One line while it runs, on a terminal only: rate, bytes, losses, buffer fill.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use flipside::collect::Collector;
use flipside_sources::feed::{Clock, PREFIX};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::RecordArgs;
use crate::buffer::Shape;
use crate::failure::say;
use crate::units;

const EVERY: Duration = Duration::from_millis(200);

/// The line, or nothing where standard error is no terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    shape: Shape,
    next: Instant,
    seconds: Option<f64>,
    /// Records and time at the last look, for the rate.
    last: (u64, Instant),
}

impl Progress {
    pub(super) fn new(
        args: &RecordArgs,
        title: &str,
        shape: Shape,
        output: &str,
        duration: Option<Duration>,
    ) -> Self {
        // Where others write to the terminal too, a line that is drawn again and again would only be in the way.
        let typed = args.sources.iter().any(|source| source == "-") && std::io::stdin().is_terminal();
        let quiet = args.buffer.quiet || !args.command.is_empty() || typed;
        let bar = (!quiet && std::io::stderr().is_terminal()).then(ProgressBar::new_spinner);
        if let Some(bar) = &bar {
            say(format_args!("recording {title} to {output}; Ctrl-C ends it in order"));
            let style = ProgressStyle::with_template("{spinner} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        }
        let now = Instant::now();
        Self { bar, shape, next: now, seconds: duration.map(|time| time.as_secs_f64()), last: (0, now) }
    }

    /// When the line wants to be drawn again; never without a terminal, so that waiting costs nothing.
    pub(super) fn next(&self) -> Option<Instant> {
        self.bar.is_some().then_some(self.next)
    }

    /// Draws the line if it is time.
    pub(super) fn show(&mut self, collector: &Collector, clock: Clock) {
        let now = Instant::now();
        let Some(bar) = self.bar.as_ref().filter(|_| now >= self.next) else {
            return;
        };
        self.next = now + EVERY;
        let stats = collector.stats();
        let total = stats.total();
        let rate = (total.offered - self.last.0) as f64 / (now - self.last.1).as_secs_f64().max(1e-3);
        self.last = (total.offered, now);
        let elapsed = clock.start.elapsed().as_secs_f64();
        let time = match self.seconds {
            Some(all) => format!("{elapsed:.1} of {all:.0} s"),
            None => format!("{elapsed:.1} s"),
        };
        let written = total.drained_bytes - PREFIX as u64 * total.drained;
        bar.set_message(format!(
            "{time}   {} records   {} records/s   {} on disk   {} lost   buffer {} %",
            units::count(total.offered),
            units::quantity(rate),
            units::bytes(written as f64),
            units::count(total.dropped.total()),
            self.shape.percent(collector.fill()),
        ));
        bar.tick();
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}
