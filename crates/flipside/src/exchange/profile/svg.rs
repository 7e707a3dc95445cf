//! The last rounds as a picture, written by hand: no more SVG than any program draws.

use core::fmt::{self, Display, Formatter};
use std::vec::Vec;

use super::{Lane, Lanes, Span};

/// At most so many parties are drawn, and so many rounds: what a person can tell apart.
const MOST_PARTIES: usize = 40;
const MOST_ROUNDS: u64 = 500;

const WIDTH: usize = 1000;
/// From where to where time goes.
const LEFT: usize = 92;
const PLOT: usize = 832;
/// Where the first line begins, and how much each takes.
const TOP: usize = 96;
const LINE: usize = 18;
const BAR: usize = 13;

/// Of Okabe and Ito, who chose colours that everybody can tell apart; in grey one is dark and the other light.
const COMPUTE: &str = "#0072b2";
const WAIT: &str = "#e69f00";
const NOTHING: &str = "#eeeeee";
const INK: &str = "#333333";

/// The spans of one rank, round by round.
#[derive(Debug)]
struct Row {
    rank: usize,
    spans: Vec<Span>,
}

/// What is drawn.
#[derive(Debug)]
pub(super) struct Timeline {
    rows: Vec<Row>,
    /// How many ranks there are.
    ranks: usize,
    /// Whether rounds are kept at all.
    has_room: bool,
    /// Of the last rounds that were kept only so many are drawn.
    is_cut: bool,
    /// The first moment, and the last.
    began: u64,
    ended: u64,
}

impl Row {
    /// Those after round `oldest`, up to `newest`.
    fn of(rank: usize, lane: &Lane, oldest: u64, newest: u64) -> Self {
        let is_drawn = |span: &Span| oldest < span.round && span.round <= newest;
        let mut spans: Vec<_> = lane.spans().filter(is_drawn).collect();
        spans.sort_by_key(|span| span.round);
        Self { rank, spans }
    }

    fn sum(&self, of: fn(&Span) -> u64) -> f64 {
        self.spans.iter().map(|span| of(span) as f64).sum()
    }

    fn mean_compute(&self) -> f64 {
        self.sum(|span| span.arrived - span.began) / self.spans.len().max(1) as f64
    }
}

impl Timeline {
    pub(super) fn of(lanes: &Lanes) -> Self {
        let all = || lanes.lanes.iter().flat_map(|lane| lane.spans()).map(|span| span.round);
        let newest = all().max().unwrap_or(0);
        // Ranks keep as many rounds each, but who has left kept older ones: the last rounds of all are drawn.
        let kept = lanes.lanes.first().map_or(0, |lane| lane.kept as u64);
        let oldest = newest.saturating_sub(kept.min(MOST_ROUNDS));
        let is_cut = kept > MOST_ROUNDS && all().any(|round| round <= oldest);
        let ranks = lanes.lanes.iter().enumerate();
        let mut rows: Vec<_> = ranks.map(|(rank, lane)| Row::of(rank, lane, oldest, newest)).collect();
        rows.sort_by(|a, b| b.mean_compute().total_cmp(&a.mean_compute()));
        rows.truncate(MOST_PARTIES);
        rows.sort_by_key(|row| row.rank);
        let spans = || rows.iter().flat_map(|row| &row.spans);
        let began = spans().map(|span| span.began).min().unwrap_or(0);
        let ended = spans().map(|span| span.passed).max().unwrap_or(0);
        Self { rows, ranks: lanes.lanes.len(), has_room: kept > 0, is_cut, began, ended }
    }

    fn bottom(&self) -> usize {
        TOP + LINE * self.rows.len()
    }

    fn height(&self) -> usize {
        self.bottom() + 52
    }

    fn x(&self, time: u64) -> f64 {
        let length = self.ended.saturating_sub(self.began).max(1);
        LEFT as f64 + PLOT as f64 * time.saturating_sub(self.began) as f64 / length as f64
    }

    /// The first round and the last.
    fn rounds(&self) -> Option<(u64, u64)> {
        let rounds = || self.rows.iter().flat_map(|row| &row.spans).map(|span| span.round);
        Some((rounds().min()?, rounds().max()?))
    }

    fn head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let title = match self.rounds() {
            Some((first, last)) if first == last => std::format!("Round {first}: who computes and who waits"),
            Some((first, last)) => std::format!("Rounds {first} to {last}: who computes and who waits"),
            None => "Who computes and who waits".into(),
        };
        writeln!(f, "<title>{}</title>", Escaped(&title))?;
        let height = self.height();
        writeln!(f, r#"<rect width="{WIDTH}" height="{height}" fill="white"/>"#)?;
        text(f, (LEFT, 26), r#"font-size="17" font-weight="bold""#, &title)?;
        let (drawn, ranks) = (self.rows.len(), self.ranks);
        let mut notes = match ranks {
            _ if !self.has_room => "No rounds were kept: `profile(n)` keeps the last n.".into(),
            _ if self.rounds().is_none() => "Nothing has been recorded.".into(),
            _ if drawn < ranks => std::format!("{drawn} of {ranks} parties: those that compute longest."),
            1 => "1 party.".into(),
            _ => std::format!("{ranks} parties."),
        };
        if self.is_cut {
            notes += &std::format!(" The last {MOST_ROUNDS} of the rounds that were kept.");
        }
        text(f, (LEFT, 45), "", &notes)?;
        let legend = [(690, COMPUTE, "computes"), (785, WAIT, "waits"), (855, NOTHING, "not recorded")];
        for (x, colour, what) in legend {
            writeln!(f, r#"<rect x="{x}" y="34" width="{BAR}" height="{BAR}" fill="{colour}"/>"#)?;
            text(f, (x + BAR + 6, 45), "", what)?;
        }
        Ok(())
    }

    fn row(&self, f: &mut Formatter<'_>, at: usize, row: &Row) -> fmt::Result {
        let middle = TOP + LINE * at + LINE / 2;
        writeln!(f, r#"<g stroke-width="{BAR}" fill="none">"#)?;
        writeln!(f, r#"<path stroke="{NOTHING}" d="M{LEFT} {middle}h{PLOT}"/>"#)?;
        for (colour, computes) in [(COMPUTE, true), (WAIT, false)] {
            // All pieces of a colour in one path, as lines that are as thick as a bar.
            write!(f, r#"<path stroke="{colour}" d=""#)?;
            for span in &row.spans {
                let (from, to) =
                    if computes { (span.began, span.arrived) } else { (span.arrived, span.passed) };
                if from < to {
                    write!(f, "M{:.2} {middle}H{:.2}", self.x(from), self.x(to))?;
                }
            }
            writeln!(f, r#""/>"#)?;
        }
        writeln!(f, "</g>")?;
        let end = r#"text-anchor="end""#;
        text(f, (LEFT - 8, middle + 4), end, &std::format!("party {}", row.rank))?;
        let all = row.sum(|span| span.passed - span.began);
        if all > 0.0 {
            let waited = 100.0 * row.sum(|span| span.passed - span.arrived) / all;
            text(f, (WIDTH - 12, middle + 4), end, &std::format!("{waited:.0}%"))?;
        }
        Ok(())
    }

    /// Below: time, in round numbers.
    fn times(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some((first, _)) = self.rounds() else { return Ok(()) };
        let (length, bottom) = (self.ended - self.began, self.bottom());
        let step = step(length, 8);
        let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
        let (size, unit) = units.into_iter().find(|(size, _)| length >= *size).unwrap_or((1, "ns"));
        for tick in (0..=length / step).map(|times| times * step) {
            let x = self.x(self.began + tick);
            let down = bottom + 6;
            writeln!(f, r#"<path stroke="{INK}" d="M{x:.2} {bottom}V{down}"/>"#)?;
            let label = std::format!("{}", tick as f64 / size as f64);
            text(f, (x as usize, bottom + 20), r#"text-anchor="middle""#, &label)?;
        }
        let label = std::format!("time since round {first} began, in {unit}");
        text(f, (LEFT + PLOT / 2, bottom + 40), r#"text-anchor="middle""#, &label)
    }

    /// Above: which round was complete, and a line down from there.
    fn numbers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some((first, last)) = self.rounds() else { return Ok(()) };
        let (step, bottom, up) = (step(last - first, 12), self.bottom(), TOP - 6);
        // As wide as the numbers are.
        let gap = 14.0 + 7.0 * (last.max(1).ilog10() + 1) as f64;
        text(f, (LEFT - 8, TOP - 10), r#"text-anchor="end""#, "complete:")?;
        text(f, (WIDTH - 12, TOP - 10), r#"text-anchor="end""#, "waited")?;
        // Between the words that say what the numbers are.
        let (mut free, end) = (LEFT as f64 - 8.0 + gap / 2.0, WIDTH as f64 - 56.0);
        for round in (first.div_ceil(step)..=last / step).map(|times| times * step) {
            let of_round = self.rows.iter().filter_map(|row| {
                let at = row.spans.binary_search_by_key(&round, |span| span.round).ok()?;
                Some(row.spans[at].arrived)
            });
            let Some(complete) = of_round.max() else { continue };
            let x = self.x(complete);
            if x < free || x + gap / 2.0 > end {
                continue;
            }
            free = x + gap;
            writeln!(f, r#"<path stroke="{INK}" stroke-dasharray="1 3" d="M{x:.2} {up}V{bottom}"/>"#)?;
            text(f, (x as usize, TOP - 10), r#"text-anchor="middle""#, &std::format!("{round}"))?;
        }
        Ok(())
    }
}

impl Display for Timeline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let height = self.height();
        write!(f, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" "#)?;
        write!(f, r#"viewBox="0 0 {WIDTH} {height}" role="img" "#)?;
        writeln!(f, r#"font-family="sans-serif" font-size="12" fill="{INK}">"#)?;
        self.head(f)?;
        for (at, row) in self.rows.iter().enumerate() {
            self.row(f, at, row)?;
        }
        self.numbers(f)?;
        self.times(f)?;
        writeln!(f, "</svg>")
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50 and so on that is contained in this at most `most` times.
pub(super) fn step(length: u64, most: u64) -> u64 {
    let powers = (0..19).map(|power| 10u64.pow(power));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|digit| power.saturating_mul(digit)));
    steps.into_iter().find(|step| length / step <= most).unwrap_or(u64::MAX)
}

/// A line of words.
fn text(f: &mut Formatter<'_>, (x, y): (usize, usize), how: &str, words: &str) -> fmt::Result {
    if words.is_empty() {
        return Ok(());
    }
    writeln!(f, r#"<text x="{x}" y="{y}" {how}>{}</text>"#, Escaped(words))
}

/// Words between tags.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            _ => write!(f, "{letter}"),
        })
    }
}
