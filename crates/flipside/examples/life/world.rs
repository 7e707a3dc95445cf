//! The Game of Life in bands of rows, each the segment of a party.

use std::error::Error;
use std::ops::Range;

use flipside::exchange::{self, Padded, Poisoned, Round};

pub(crate) const ROWS: usize = 704;
const WORDS: usize = 11;
pub(crate) const COLUMNS: usize = WORDS * 64;

/// So many generations at most from one wide round to the next.
pub(crate) const WINDOW: usize = 32;

/// The cells of a row, the leftmost in the lowest bit of the first word.
pub(crate) type Row = [u64; WORDS];

/// The rows of a party, and how many of its cells lived in each generation since the last wide round.
struct Band {
    rows: Vec<Row>,
    populations: Vec<u64>,
}

/// What lives after so many generations, and the populations up to then, from that of generation 0.
pub(crate) struct Outcome {
    pub(crate) rows: Vec<Row>,
    pub(crate) populations: Vec<u64>,
}

/// The rows of this rank.
pub(crate) fn band(rank: usize, parties: usize) -> Range<usize> {
    ROWS * rank / parties..ROWS * (rank + 1) / parties
}

/// All rows, with a pattern in their middle: a line for a row, an `O` for a cell that lives.
pub(crate) fn seeded(pattern: &str) -> Vec<Row> {
    let mut rows = vec![Row::default(); ROWS];
    let (height, width) = (pattern.lines().count(), pattern.lines().map(str::len).max().unwrap_or(0));
    for (y, line) in pattern.lines().enumerate() {
        for (x, _) in line.match_indices('O') {
            let column = (COLUMNS - width) / 2 + x;
            rows[(ROWS - height) / 2 + y][column / 64] |= 1 << (column % 64);
        }
    }
    rows
}

/// Where something lives, row by row.
pub(crate) fn living(rows: &[Row]) -> impl Iterator<Item = (usize, usize)> {
    let is_alive = |row: &Row, x: usize| row[x / 64] >> (x % 64) & 1 == 1;
    rows.iter()
        .enumerate()
        .flat_map(move |(y, row)| (0..COLUMNS).filter(move |x| is_alive(row, *x)).map(move |x| (x, y)))
}

fn population(rows: &[Row]) -> u64 {
    rows.iter().flatten().map(|word| u64::from(word.count_ones())).sum()
}

/// So many generations, or fewer if the populations so far are enough.
pub(crate) fn run(
    parties: usize,
    rows: &[Row],
    generations: usize,
    is_enough: impl Fn(&[u64]) -> bool + Sync,
) -> Result<Outcome, Box<dyn Error>> {
    let outcomes = exchange::parties(parties)
        .padded(1, |rank, _| Band { rows: rows[band(rank, parties)].to_vec(), populations: Vec::new() })
        .neighbours(|rank| {
            [rank.checked_sub(1), Some(rank + 1).filter(|below| *below < parties)].into_iter().flatten()
        })
        .scope(|mut round| {
            let mut populations = vec![population(rows)];
            while populations.len() <= generations && !is_enough(&populations) {
                round = window(round, WINDOW.min(generations + 1 - populations.len()))?;
                let bands: Vec<_> = round.view().segments().map(|band| &band[0].populations).collect();
                // Everybody sees the same bands, and decides the same.
                populations
                    .extend((0..bands[0].len()).map(|at| bands.iter().map(|band| band[at]).sum::<u64>()));
            }
            let rows = round.view().segments().flat_map(|band| band[0].rows.iter().copied()).collect();
            Ok::<Outcome, Poisoned>(Outcome { rows, populations })
        })?;
    Ok(outcomes.into_iter().next().ok_or("no party")??)
}

/// From one wide round to the next, so many generations later; between them each party waits for its neighbours only.
fn window(round: Round<Padded<Band>>, generations: usize) -> Result<Round<Padded<Band>>, Poisoned> {
    let rank = round.rank();
    let mut populations = Vec::with_capacity(generations);

    let mut round = round.narrow();
    loop {
        let (own, view) = round.split();
        let above = rank.checked_sub(1).and_then(|above| view.segment(above)?[0].rows.last());
        let below = view.segment(rank + 1).map(|below| &below[0].rows[0]);
        let here = &view.mine()[0].rows;
        populations.push(advance(&mut own[0].rows, above, here, below));
        if populations.len() == generations {
            own[0].populations = populations;
            return round.publish_wide().wait();
        }
        round = round.publish().wait()?;
    }
}

/// The next generation of some rows, and how many cells live in it. Beyond the edge of the world nothing does.
fn advance(next: &mut [Row], above: Option<&Row>, here: &[Row], below: Option<&Row>) -> u64 {
    let dead = Row::default();
    for (y, next) in next.iter_mut().enumerate() {
        let above = if y == 0 { above } else { here.get(y - 1) }.unwrap_or(&dead);
        let below = here.get(y + 1).or(below).unwrap_or(&dead);
        for (word, next) in next.iter_mut().enumerate() {
            *next = rule(around(above, word), around(&here[y], word), around(below, word));
        }
    }
    population(next)
}

/// 64 cells, and for each the one to its left and the one to its right.
fn around(row: &Row, word: usize) -> [u64; 3] {
    let left = word.checked_sub(1).map_or(0, |left| row[left] >> 63);
    let right = row.get(word + 1).map_or(0, |right| right << 63);
    [row[word] << 1 | left, row[word], row[word] >> 1 | right]
}

/// 64 cells at once: counts neighbours in binary, a digit to a word.
fn rule(above: [u64; 3], [west, here, east]: [u64; 3], below: [u64; 3]) -> u64 {
    let add = |[a, b, c]: [u64; 3]| (a ^ b ^ c, a & b | a & c | b & c);
    let ((above, above_two), (below, below_two), (side, side_two)) =
        (add(above), add(below), add([west, 0, east]));
    let (ones, carry) = add([above, below, side]);
    // A cell lives with three neighbours, and with two if it lived: one digit "two" of four, and what is left over.
    let is_odd = above_two ^ below_two ^ side_two ^ carry;
    let is_pair = above_two & below_two | side_two & carry;
    is_odd & !is_pair & (ones | here)
}
