//! Heat in a square plate whose edge is kept at zero, by Jacobi's method and halo rounds: each party has a band of rows, and
//! waits step after step only for the two beside it. From frame to frame all wait for all, and look at the whole plate.
//!
//! It starts with the longest wave that fits in. Each step makes it smaller by cos(pi h), exactly, where h is the distance of
//! two points: the only error left is that of the arithmetic, and it is measured at every point of every frame.
//!
//! ```text
//! cargo run --release --example heat -- --parties 2 --frames 12
//! ```

#[path = "support/options.rs"]
mod options;

use std::error::Error;
use std::f64::consts::PI;
use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use flipside::exchange::{self, Contiguous, Poisoned, Round};
use options::Options;

const USAGE: &str = "\
[--frames N]   so many looks at the whole plate; 10
[--steps N]    from one to the next; 400
[--parties N]  1 to 120 bands of rows, each with a thread; 4";

/// Points in a row, and rows.
const POINTS: usize = 120;
const DISTANCE: f64 = 1.0 / (POINTS + 1) as f64;
const TOLERANCE: f64 = 1e-12;

type Row = [f64; POINTS];

struct Task {
    parties: usize,
    frames: usize,
    /// From one frame to the next.
    steps: usize,
}

fn task(options: &Options) -> Result<Task, String> {
    let steps = options.number("--steps", 400)?;
    if steps == 0 {
        return Err("--steps 0: from frame to frame there is one at least".into());
    }
    Ok(Task { parties: options.parties(POINTS)?, frames: options.number("--frames", 10)?, steps })
}

fn wave(x: usize, y: usize) -> f64 {
    let sine = |at: usize| (PI * DISTANCE * (at + 1) as f64).sin();
    sine(x) * sine(y)
}

/// A look at the whole plate.
struct Frame {
    step: usize,
    /// In the middle.
    height: f64,
    /// What it should be.
    expected: f64,
    /// The greatest difference from what should be, at any point, in parts of the expected height.
    error: f64,
    /// A piece of every so many rows and columns, for a picture.
    small: Vec<Vec<f64>>,
}

impl Frame {
    fn of<'r>(rows: impl Iterator<Item = &'r Row>, step: usize) -> Self {
        // Segments are all of one length: rows that are not in the plate may come in the end.
        let rows: Vec<_> = rows.take(POINTS).collect();
        // cos(pi h)^step, by way of 1 - cos: a cosine near 1, rounded and raised to a high power, would be the greater error.
        let decay = (step as f64 * (-2.0 * (PI * DISTANCE / 2.0).sin().powi(2)).ln_1p()).exp();
        let middle = POINTS / 2;
        let errors = rows.iter().enumerate().flat_map(|(y, row)| {
            row.iter().enumerate().map(move |(x, height)| (height - decay * wave(x, y)).abs() / decay)
        });
        Self {
            step,
            height: rows[middle][middle],
            expected: decay * wave(middle, middle),
            error: errors.fold(0.0, f64::max),
            small: rows
                .iter()
                .skip(6)
                .step_by(12)
                .map(|row| row.iter().skip(3).step_by(6).copied().collect())
                .collect(),
        }
    }
}

/// The frames, as party 0 saw them.
fn frames(task: &Task) -> Result<Vec<Frame>, Box<dyn Error>> {
    let (parties, len) = (task.parties, POINTS.div_ceil(task.parties));
    // Rows beyond the last belong to the edge.
    let row = |rank: usize, at: usize| match rank * len + at {
        y if y < POINTS => std::array::from_fn(|x| wave(x, y)),
        _ => [0.0; POINTS],
    };
    let ends = exchange::parties(parties)
        .segment(len, row)
        .neighbours(|rank| {
            [rank.checked_sub(1), Some(rank + 1).filter(|next| *next < parties)].into_iter().flatten()
        })
        .scope(|mut round| {
            let mine = 0..POINTS.saturating_sub(round.rank() * len).min(len);
            let mut frames = Vec::new();
            for frame in 0..=task.frames {
                if frame > 0 {
                    round = advance(round, &mine, task.steps)?;
                }
                if round.rank() == 0 {
                    frames.push(Frame::of(round.view().all().iter(), frame * task.steps));
                }
            }
            Ok::<_, Poisoned>(frames)
        })?;
    Ok(ends.into_iter().next().ok_or("no party")??)
}

/// So many steps with one's neighbours, the last of them for all again.
fn advance(
    round: Round<Contiguous<Row>>,
    mine: &Range<usize>,
    steps: usize,
) -> Result<Round<Contiguous<Row>>, Poisoned> {
    let mut round = round.narrow();
    for _ in 1..steps {
        step(&mut round, mine);
        round = round.publish().wait()?;
    }
    step(&mut round, mine);
    round.publish_wide().wait()
}

fn step(round: &mut exchange::NarrowRound<Contiguous<Row>>, mine: &Range<usize>) {
    let rank = round.rank();
    let (own, view) = round.split();
    let above = rank.checked_sub(1).and_then(|above| view.segment(above));
    let here = view.mine();
    jacobi(&mut own[mine.clone()], above, here, view.segment(rank + 1));
}

/// Each point becomes the mean of the four around it.
fn jacobi(next: &mut [Row], above: Option<&[Row]>, here: &[Row], below: Option<&[Row]>) {
    let edge = [0.0; POINTS];
    for (y, next) in next.iter_mut().enumerate() {
        let above = if y == 0 { above.and_then(<[Row]>::last) } else { here.get(y - 1) }.unwrap_or(&edge);
        let below = here.get(y + 1).or(below.and_then(<[Row]>::first)).unwrap_or(&edge);
        let row = &here[y];
        for (x, next) in next.iter_mut().enumerate() {
            let left = if x == 0 { 0.0 } else { row[x - 1] };
            let right = row.get(x + 1).copied().unwrap_or(0.0);
            *next = 0.25 * ((left + right) + (above[x] + below[x]));
        }
    }
}

/// The first frame and the last, side by side.
fn picture(first: &Frame, last: &Frame) -> String {
    const SHADES: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];
    let line =
        |row: &Vec<f64>| row.iter().map(|height| SHADES[(height * 9.99) as usize % 10]).collect::<String>();
    let lines = first
        .small
        .iter()
        .zip(&last.small)
        .map(|(first, last)| format!("  {}    {}\n", line(first), line(last)));
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn run(task: Task) -> Result<(), Box<dyn Error>> {
    println!(
        "{POINTS} x {POINTS} points, {} steps from frame to frame, {} parties",
        task.steps, task.parties
    );
    let began = Instant::now();
    let frames = frames(&task)?;
    let took = began.elapsed();
    println!("    step           height         expected     error");
    for Frame { step, height, expected, error, .. } in &frames {
        let bar = "#".repeat((height * 40.0).round() as usize);
        println!("{step:8} {height:16.13} {expected:16.13} {error:9.1e}  {bar}");
    }
    let [first, .., last] = &frames[..] else { return Ok(()) };
    println!("\n  {:20}    step {}\n{}", "step 0", last.step, picture(first, last));
    println!("{} steps took {took:.1?}, {:.0} in a second", last.step, last.step as f64 / took.as_secs_f64());
    if let Some(frame) = frames.iter().find(|frame| frame.error.is_nan() || frame.error >= TOLERANCE) {
        return Err(format!("step {}: an error of {TOLERANCE:e} and more", frame.step).into());
    }
    println!("no point of any frame is off by {TOLERANCE:e} of the wave's height");
    Ok(())
}

fn main() -> ExitCode {
    options::main(USAGE, task, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_decays_by_the_cosine_in_every_step() {
        // With 7 the last band is not full; with one step all rounds are wide.
        for (parties, steps) in [(1, 300), (2, 300), (3, 300), (4, 300), (7, 100), (3, 2), (3, 1)] {
            let frames = frames(&Task { parties, frames: 2, steps }).unwrap();
            assert!(frames.iter().map(|frame| frame.step).eq([0, steps, 2 * steps]));
            for Frame { step, height, expected, error, .. } in frames {
                assert!(
                    error < TOLERANCE,
                    "{parties} parties, step {step}: {height} for {expected}, {error}"
                );
            }
        }
    }

    #[test]
    fn what_is_said_wrongly_is_told() {
        let options = |line: &str| Options::parse(USAGE, line.split_whitespace().map(str::to_owned));
        let told = |line| options(line).and_then(|options| task(&options)).err();
        assert_eq!(
            told("--steps 0").as_deref(),
            Some("--steps 0: from frame to frame there is one at least")
        );
        assert_eq!(told("--frames"), Some("--frames needs a value: N".to_owned()));
    }
}
