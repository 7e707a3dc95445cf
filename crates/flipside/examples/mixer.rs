//! An audio mixer that must not be late: some channels synthesise blocks of 128 samples, one party mixes them, and every 2.9
//! milliseconds the sound card wants the next one.
//!
//! Each channel writes its block in place; the mixer reads all of them where they are, while the channels already synthesise
//! the next block on the other side. The mixer gives the beat: it publishes when the card has taken a block, and all others
//! sleep until then. Whether a block was late is measured, not promised: it depends on the machine and on what else it does.
//! Here the card is a clock; with `--wav` one can hear what was mixed.
//!
//! ```text
//! cargo run --release --example mixer -- --seconds 5 --wav chord.wav
//! ```

#[path = "support/options.rs"]
mod options;

use std::error::Error;
use std::f64::consts::TAU;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use flipside::exchange::{self, Contiguous, Poisoned, Round, Waiting};
use options::Options;

const USAGE: &str = "\
[--seconds N]         of sound, made as fast as it would be played: 0.01 to 600; 3
[--parties CHANNELS]  1 to 64, each with a thread beside the mixer's; 4
[--wav FILE]          the mix, to be heard";

const BLOCK: usize = 128;
const RATE: u32 = 44_100;
/// The rank of the mixer; channels come after it.
const MIXER: usize = 0;

/// When this block has to be there, from the beginning.
fn due(block: usize) -> Duration {
    Duration::from_nanos(block as u64 * BLOCK as u64 * 1_000_000_000 / u64::from(RATE))
}

struct Task {
    channels: usize,
    blocks: usize,
    wav: Option<String>,
}

fn task(options: &Options) -> Result<Task, String> {
    let seconds: f64 = options.number("--seconds", 3.0)?;
    if !(0.01..=600.0).contains(&seconds) {
        return Err(format!("--seconds {seconds}: there are 0.01 to 600"));
    }
    let blocks = (seconds * f64::from(RATE) / BLOCK as f64).ceil() as usize;
    Ok(Task { channels: options.parties(64)?, blocks, wav: options.said("--wav").map(str::to_owned) })
}

/// A plucked string: its notes follow one another, each channel at its own pace.
struct Channel {
    channel: usize,
    sample: usize,
}

impl Channel {
    fn synthesise(&mut self, block: &mut [f32]) {
        // A minor, and its fifth; in half tones above an A of 110 Hz.
        const NOTES: [f64; 8] = [0.0, 12.0, 15.0, 19.0, 24.0, 27.0, 31.0, 22.0];
        let length = RATE as usize / (2 + self.channel % 3);
        for sample in block {
            let (note, at) = (self.sample / length, (self.sample % length) as f64 / f64::from(RATE));
            let tone = NOTES[(note * (self.channel + 1) + self.channel) % NOTES.len()];
            let turns = 110.0 * 2_f64.powf(tone / 12.0) * at;
            let wave =
                (TAU * turns).sin() + 0.5 * (TAU * 2.0 * turns).sin() + 0.25 * (TAU * 3.0 * turns).sin();
            // It swells for a moment, lest it click, and fades away.
            *sample = (0.5 * wave * (at * 400.0).min(1.0) * (-6.0 * at).exp()) as f32;
            self.sample += 1;
        }
    }
}

/// What came of it.
#[derive(Default)]
struct Mixed {
    samples: Vec<f32>,
    /// How long after the beat each block was there.
    took: Vec<Duration>,
}

/// Mixes so many blocks, by a clock or as fast as it goes.
fn play(channels: usize, blocks: usize, is_paced: bool) -> Result<Mixed, Box<dyn Error>> {
    let ends = exchange::parties(channels + 1)
        .segment(BLOCK, |_, _| 0.0)
        // All but the mixer have nothing to do for most of the time.
        .waiting(Waiting::Sleeping)
        .scope(|round| match round.rank() {
            MIXER => mix(round, blocks, is_paced),
            rank => synthesise(round, rank - 1, blocks),
        })?;
    Ok(ends.into_iter().next().ok_or("no mixer")??)
}

fn synthesise(mut round: Round<Contiguous<f32>>, channel: usize, blocks: usize) -> Result<Mixed, Poisoned> {
    let mut channel = Channel { channel, sample: 0 };
    for _ in 0..blocks {
        channel.synthesise(round.own());
        round = round.publish().wait()?;
    }
    Ok(Mixed::default())
}

fn mix(mut round: Round<Contiguous<f32>>, blocks: usize, is_paced: bool) -> Result<Mixed, Poisoned> {
    let mut mixed = Mixed { samples: Vec::with_capacity(blocks * BLOCK), ..Mixed::default() };
    mixed.took.reserve(blocks);
    let began = Instant::now();
    for block in 0..blocks {
        // Here the card takes the block before, and all others are let go.
        if is_paced {
            thread::sleep(due(block).saturating_sub(began.elapsed()));
        }
        round = round.publish().wait()?;
        let (view, channels) = (round.view(), round.parties() - 1);
        mixed.samples.extend((0..BLOCK).map(|at| {
            let sum: f32 = (1..=channels).map(|rank| view.segment(rank)[at]).sum();
            sum / channels as f32
        }));
        mixed.took.push(began.elapsed().saturating_sub(due(block)));
    }
    Ok(mixed)
}

/// A WAV file: one channel of 16 bits.
fn wav(samples: &[f32]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend(b"RIFF");
    file.extend((36 + bytes).to_le_bytes());
    file.extend(b"WAVEfmt ");
    // 16 bytes follow: whole numbers, one channel, samples and bytes a second, bytes and bits of a sample.
    file.extend(16_u32.to_le_bytes());
    file.extend([1_u16, 1].into_iter().flat_map(u16::to_le_bytes));
    file.extend([RATE, RATE * 2].into_iter().flat_map(u32::to_le_bytes));
    file.extend([2_u16, 16].into_iter().flat_map(u16::to_le_bytes));
    file.extend(b"data");
    file.extend(bytes.to_le_bytes());
    file.extend(
        samples.iter().flat_map(|sample| ((sample.clamp(-1.0, 1.0) * 32_767.0) as i16).to_le_bytes()),
    );
    file
}

/// How loud it was: a bar for every tenth of a second.
fn loudness(samples: &[f32]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |tenth: &[f32]| {
        let power = tenth.iter().map(|sample| sample * sample).sum::<f32>() / tenth.len() as f32;
        BARS[((power.sqrt() * 40.0) as usize).min(BARS.len() - 1)]
    };
    samples.chunks(RATE as usize / 10).map(bar).collect()
}

/// How many blocks took how long.
fn histogram(took: &[Duration]) -> String {
    let steps = [100, 200, 500, 1000].map(Duration::from_micros).into_iter().chain([due(1)]);
    let mut before = Duration::ZERO;
    let mut line = |end: Duration, name: String| {
        let count = took.iter().filter(|took| (before..end).contains(*took)).count();
        before = end;
        // One is not nothing.
        let bar = "#".repeat((count * 60).div_ceil(took.len()));
        format!("{name:>10} {count:6}  {bar}").trim_end().to_owned() + "\n"
    };
    let lines: String = steps.map(|end| line(end, format!("< {end:.1?}"))).collect();
    lines + &line(Duration::MAX, "late".to_owned())
}

fn run(task: Task) -> Result<(), Box<dyn Error>> {
    let Task { channels, blocks, wav: file } = task;
    println!("channels: {channels}; {blocks} blocks of {BLOCK} samples, one every {:.2?}", due(1));
    let mut mixed = play(channels, blocks, true)?;
    println!("loudness: {}", loudness(&mixed.samples));
    mixed.took.sort_unstable();
    let worst = mixed.took[blocks - 1];
    println!(
        "a block was there {:.2?} after the beat in the median, {worst:.2?} at most:",
        mixed.took[blocks / 2]
    );
    print!("{}", histogram(&mixed.took));
    match mixed.took.iter().filter(|took| **took > due(1)).count() {
        0 => println!("no deadline missed"),
        missed => println!(
            "{missed} of {blocks} deadlines missed, the worst by {:.2?}",
            worst.saturating_sub(due(1))
        ),
    }
    if let Some(file) = file {
        fs::write(&file, wav(&mixed.samples)).map_err(|error| format!("{file}: {error}"))?;
        println!("to be heard: {file}");
    }
    Ok(())
}

fn main() -> ExitCode {
    options::main(USAGE, task, run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_the_one_that_one_thread_makes() {
        for channels in [1, 2, 3, 4] {
            let mut alone = vec![0.0; 100 * BLOCK];
            let mut of_channel = alone.clone();
            for channel in 0..channels {
                Channel { channel, sample: 0 }.synthesise(&mut of_channel);
                alone.iter_mut().zip(&of_channel).for_each(|(sum, sample)| *sum += sample);
            }
            alone.iter_mut().for_each(|sample| *sample /= channels as f32);
            let mixed = play(channels, 100, false).unwrap();
            // To the last bit: both add in the order of the channels.
            assert_eq!(mixed.samples, alone);
            assert!(alone.iter().any(|sample| *sample > 0.3), "it is silent");
        }
    }

    #[test]
    fn a_clock_holds_it_back() {
        let began = Instant::now();
        assert_eq!(play(2, 20, true).unwrap().took.len(), 20);
        assert!(began.elapsed() >= due(19));
        assert_eq!(due(RATE as usize), Duration::from_secs(BLOCK as u64));
    }

    #[test]
    fn every_block_is_in_the_histogram() {
        let lines = histogram(&[0, 99, 100, 2901, 2903, 1_000_000].map(Duration::from_micros));
        let count = |line: &str| line.chars().skip(10).take(7).collect::<String>().trim().to_owned();
        let counts: Vec<_> = lines.lines().map(count).collect();
        assert_eq!(counts, ["2", "1", "0", "0", "1", "2"], "{lines}");
    }

    #[test]
    fn a_wav_file_says_how_long_it_is() {
        let file = wav(&[0.0, 1.0, -2.0]);
        assert_eq!(file.len(), 44 + 6);
        assert_eq!(file[4..8], 42_u32.to_le_bytes());
        assert_eq!(file[44..], [0, 0, 0xff, 0x7f, 0x01, 0x80]);
    }

    #[test]
    fn what_is_said_wrongly_is_told() {
        let told = |line: &str| {
            let options = Options::parse(USAGE, line.split_whitespace().map(str::to_owned));
            options.and_then(|options| task(&options)).err()
        };
        assert_eq!(told("--seconds 0").as_deref(), Some("--seconds 0: there are 0.01 to 600"));
        assert_eq!(told("--seconds 0.5 --parties 2"), None);
    }
}
