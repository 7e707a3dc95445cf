//! One thread of the host recorder: a group of sources, sampled on a ticker, each through a feed of its own.

use crate::feed::{Feed, Flow};
use crate::host::{Burst, Group, Sample, Sink, Ticker, Vanished};
use crate::stop::Stop;

/// A source of a group with all that belongs to it.
#[derive(Debug)]
pub struct Channel {
    /// Its way into the collector.
    pub feed: Feed,
    /// Looks for the worst moment of its main counter.
    pub burst: Burst,
}

/// How a sampler ended.
#[derive(Debug)]
pub struct Sampled {
    /// The channels, in the order of [`Group::sources`].
    pub channels: Vec<Channel>,
    /// Sources, or parts of one, that stopped answering.
    pub vanished: Vec<Vanished>,
    /// Ticks that began more than a period late.
    pub late: u64,
    /// Ticks that were left out because the one before took too long.
    pub missed: u64,
    /// The recording took no more.
    pub refused: Option<Flow>,
}

struct Into<'a> {
    sampled: &'a mut Sampled,
}

impl Sink for Into<'_> {
    fn sample(&mut self, index: usize, sample: Sample<'_>) {
        let channel = &mut self.sampled.channels[index];
        channel.burst.observe(sample.from_ns, sample.to_ns, sample.main);
        match channel.feed.push(sample.to_ns, 0, sample.payload) {
            Flow::Continue => {}
            flow => self.sampled.refused = Some(flow),
        }
    }

    fn vanished(&mut self, _index: usize, vanished: Vanished) {
        self.sampled.vanished.push(vanished);
    }
}

/// Samples `group` at every tick until the run is stopped, all its sources have vanished, or the recording takes
/// no more.
#[must_use]
pub fn sample(mut group: Group, channels: Vec<Channel>, mut ticker: Ticker, stop: &Stop) -> Sampled {
    let mut sampled = Sampled { channels, vanished: Vec::new(), late: 0, missed: 0, refused: None };
    let Some(start) = sampled.channels.first().map(|channel| channel.feed.clock().start) else {
        return sampled;
    };
    while sampled.refused.is_none() && ticker.wait(stop).is_some() {
        if group.sample(start, &mut Into { sampled: &mut sampled }) == 0 {
            break;
        }
    }
    sampled.late = ticker.late();
    sampled.missed = ticker.missed();
    sampled
}
