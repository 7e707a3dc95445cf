//! Two frames in one thread: one is shown while the next is drawn.
//!
//! The strategy is `Local`: no threads, no atomics, and an error instead of waiting. A ball bounces over the terminal and
//! leaves a glow behind it. Each frame is made from the one that is shown, which is whole for as long as it is looked
//! at. In the end somebody holds on to a frame and goes on drawing: that is good for one frame more, and then the error
//! says who is in the way.
//!
//! ```text
//! cargo run --release --example frame_buffer
//! ```
//!
//! Where the output is no terminal it shows three frames and moves no cursor.

use std::error::Error;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use flipside::publish::strategy::Local;
use flipside::publish::{Buffer, PublishError, ReadGuard, Reader, raw};

const WIDTH: usize = 64;
const HEIGHT: usize = 16;
const FRAMES: u64 = 90;
const PAUSE: Duration = Duration::from_millis(33);
/// From dark to the ball itself.
const GLOW: &[u8] = b" .,:;-=+*%@";
const BALL: u8 = GLOW.len() as u8 - 1;

/// How bright each place is, and which frame it is.
struct Frame {
    number: u64,
    rows: [[u8; WIDTH]; HEIGHT],
}

type Frames = Buffer<Frame, (), Local>;

const DARK: Frame = Frame { number: 0, rows: [[0; WIDTH]; HEIGHT] };

/// Goes to and fro between 0 and `end`.
fn bounce(steps: u64, end: usize) -> usize {
    let at = steps as usize % (2 * end);
    at.min(2 * end - at)
}

/// Where the ball is in a frame.
fn ball(number: u64) -> (usize, usize) {
    (bounce(number, HEIGHT - 1), bounce(number * 2, WIDTH - 1))
}

/// The next frame: a darker copy of the one that is shown, and the ball.
fn draw(canvas: &mut raw::Writer<&Frames>) -> Result<u64, PublishError> {
    let raw::Parts { front, back, .. } = canvas.try_parts()?;
    // The back still shows the frame before the one in front: all of it is written.
    for (new, old) in back.rows.iter_mut().flatten().zip(front.rows.iter().flatten()) {
        *new = old.saturating_sub(1);
    }
    back.number = front.number + 1;
    let (row, column) = ball(back.number);
    back.rows[row][column] = BALL;
    canvas.try_publish()
}

/// Prints a frame.
fn show(frame: &Frame, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "+{}+", "-".repeat(WIDTH))?;
    for row in &frame.rows {
        let line = row.map(|bright| GLOW[usize::from(bright)]);
        writeln!(out, "|{}|", line.escape_ascii())?;
    }
    writeln!(out, "+{}+ frame {:<3}", "-".repeat(WIDTH), frame.number)
}

/// Whether there is one ball, in its place, and every place of the glow is as old as it is dark.
fn check(frame: &Frame) -> Result<(), String> {
    let mut expected = DARK;
    for age in (0..u64::from(BALL)).rev().filter(|age| *age < frame.number) {
        let (row, column) = ball(frame.number - age);
        expected.rows[row][column] = BALL - age as u8;
    }
    if frame.rows == expected.rows { Ok(()) } else { Err(format!("frame {} is not whole", frame.number)) }
}

/// Draws on while a guard is held.
fn hold_on(screen: &Reader<&Frames>, canvas: &mut raw::Writer<&Frames>) -> Result<(), Box<dyn Error>> {
    let held = screen.read();
    let number = held.number;
    println!("Frame {number} is held by a guard.");
    draw(canvas)?;
    println!("- The next frame is drawn and published: it went where nobody was.");
    match draw(canvas) {
        Err(error @ PublishError::Occupied(straggler)) if straggler.is_this_thread() => {
            println!("- The one after that would go over frame {number}, and is refused:\n    {error}");
            if straggler.since_version() != ReadGuard::version(&held) {
                return Err("the error names another version than the guard's".into());
            }
        }
        Err(error) => return Err(error.into()),
        Ok(_) => return Err("a frame was drawn over the one that is held".into()),
    }
    // `back` would wait, but in one thread that would never end.
    match canvas.back() {
        Err(error @ PublishError::OwnReader(_)) => {
            println!("- Waiting for it is refused as well:\n    {error}")
        }
        _ => return Err("it waited for itself".into()),
    }
    check(&held)?;
    drop(held);
    draw(canvas)?;
    println!("- The guard is dropped, and frame {} is drawn.", screen.read().number);
    Ok(())
}

fn run() -> Result<(), Box<dyn Error>> {
    // On the stack: no allocation, and both handles are references.
    let frames = Frames::with(Local::new(), [DARK, DARK], (), ());
    let (screen, mut canvas) = (Reader::new(&frames)?, raw::Writer::new(&frames)?);

    let mut out = io::stdout().lock();
    let is_terminal = out.is_terminal();
    for number in 1..=FRAMES {
        draw(&mut canvas)?;
        let frame = screen.read();
        check(&frame)?;
        if is_terminal {
            // Back to the top left corner of the frame before.
            if number > 1 {
                write!(out, "\x1b[{}A", HEIGHT + 2)?;
            }
            show(&frame, &mut out)?;
            out.flush()?;
            thread::sleep(PAUSE);
        } else if number % (FRAMES / 3) == 0 {
            show(&frame, &mut out)?;
        }
    }
    drop(out);

    println!(
        "{FRAMES} frames, each whole: checked. Two frames of {} bytes, on the stack.",
        size_of::<Frame>()
    );
    hold_on(&screen, &mut canvas)?;
    let last = screen.read();
    check(&last)?;
    if last.number == FRAMES + 2 { Ok(()) } else { Err(format!("frame {} is the last", last.number).into()) }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frame_buffer: {error}");
            ExitCode::FAILURE
        }
    }
}
