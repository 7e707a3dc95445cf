//! As fast as it goes: records per second, or bytes where records differ in size.

use std::time::Duration;

use super::shape::Shape;
use crate::harness::{Plan, Summary, calibrate, interleave, within};
use crate::peer::{COLLECT, Contender, Wake};
use crate::report::{Better, Head, Line, Report, digits, table};

/// Places in a sample.
const RATE: usize = 0;
const CPU: usize = 1;
/// From so many writers on the processor time has rows of its own.
const CROWD: usize = super::CROWD;

/// A contender with the reader that serves it best, and how many records per writer make a round.
pub(crate) struct Ready {
    pub(crate) contender: &'static Contender,
    pub(crate) wake: Wake,
    pub(crate) per_writer: usize,
    /// Records per second, of all writers.
    pub(crate) rate: f64,
}

/// Checks a contender with each of its readers, tries them all, and keeps the best; `None` if it hangs with all
/// of them. `pass(wake, n)` is the time for `n` records per writer.
pub(crate) fn prepare(
    contender: &'static Contender,
    shape: &'static Shape,
    plan: &Plan,
    round: Duration,
    pass: impl Fn(Wake, usize) -> Duration + Copy + Send + 'static,
) -> Result<Option<Ready>, String> {
    let mut best: Option<Ready> = None;
    for &wake in contender.readers {
        let checked = checked_records(shape, plan);
        let Some(check) = within(plan.patience, move || (contender.check)(shape, wake, checked)) else {
            say_hangs(contender, shape, wake);
            continue;
        };
        check?;
        let timed = |records| within(plan.patience, move || pass(wake, records));
        // From the number that fills a quarter of a side: below that no reader has any work.
        let first = shape.slots() / 8 / shape.writers;
        let rates = calibrate(round / 2, first, timed).and_then(|(records, _)| {
            let rate = |took: Duration| (records * shape.writers) as f64 / took.as_secs_f64();
            (0..plan.trials).map(|_| timed(records).map(rate)).collect::<Option<Vec<f64>>>()
        });
        let Some(rates) = rates else {
            say_hangs(contender, shape, wake);
            continue;
        };
        let rate = Summary::of(&rates).median;
        if best.as_ref().is_none_or(|best| rate > best.rate) {
            best = Some(Ready {
                contender,
                wake,
                per_writer: ((rate * round.as_secs_f64()) as usize / shape.writers).max(1),
                rate,
            });
        }
    }
    Ok(best)
}

/// A contender without a result is missed in the table, so the reason stands above it.
pub(crate) fn say_hangs(contender: &Contender, shape: &Shape, wake: Wake) {
    println!(
        "\n{}, {}, reader {}: no end in sight; left out, and what it left behind may disturb the rest",
        contender.name,
        shape.title(),
        wake.name()
    );
}

/// Ours may not be missing, whoever else is.
pub(crate) fn ours_first(ready: Vec<Ready>) -> Result<Vec<Ready>, String> {
    match ready.first() {
        Some(first) if first.contender.name == COLLECT[0].name => Ok(ready),
        _ => Err(format!("{} hangs", COLLECT[0].name)),
    }
}

/// Enough for the sides to change hands a few times.
fn checked_records(shape: &Shape, plan: &Plan) -> usize {
    let sides = if plan.quick { 1.5 } else { 3.0 };
    let bytes = (sides * shape.side as f64).min(24e6);
    (bytes / shape.mean()) as usize / shape.writers
}

/// Seconds that each of `contenders` may take per round, when the warm-up counts as well.
pub(crate) fn round_of(plan: &Plan, share: Duration, contenders: usize, readers: usize) -> Duration {
    // Per reader about two thirds of a round to calibrate, the check, and the trials of half a round each.
    let warm_up = readers as f64 / contenders as f64 * (1.0 + plan.trials as f64 / 2.0);
    let round = share.as_secs_f64() / (contenders as f64 * (plan.rounds as f64 + warm_up));
    Duration::from_secs_f64(round).clamp(Duration::from_millis(3), plan.round)
}

/// One workload with one number of writers.
pub(crate) fn run(
    shape: &'static Shape,
    plan: &Plan,
    share: Duration,
    report: &mut Report,
) -> Result<(), String> {
    let readers = COLLECT.iter().map(|contender| contender.readers.len()).sum();
    let round = round_of(plan, share, COLLECT.len(), readers);
    let mut ready = Vec::new();
    for contender in COLLECT {
        let pass = |wake, records| (contender.timed)(shape, wake, records);
        ready.extend(prepare(contender, shape, plan, round, pass)?);
    }
    let ready = ours_first(ready)?;
    let mut sizes: Vec<usize> = ready.iter().map(|ready| ready.per_writer).collect();
    let bytes = shape.workload == "mix";
    let samples = interleave(ready.len(), plan.rounds, |index| {
        let Ready { contender, wake, .. } = ready[index];
        let records = sizes[index];
        let before = cpu_time();
        let took = within(plan.patience, move || (contender.timed)(shape, wake, records))?;
        let cpu = cpu_time().saturating_sub(before);
        // A machine that has become slower must not cost more time than there is.
        if took > 2 * round {
            sizes[index] = (records as f64 * round.as_secs_f64() / took.as_secs_f64()).max(1.0) as usize;
        }
        let done = if bytes {
            shape.total(records, |len| len) as f64 / 1e9
        } else {
            (records * shape.writers) as f64 / 1e6
        };
        Some([done / took.as_secs_f64(), cpu.as_secs_f64() * 1e9 / (records * shape.writers) as f64])
    });
    let head = Head {
        table: "collect",
        workload: &shape.workload,
        threads: shape.writers,
        unit: if bytes { "GB/s" } else { "Mrec/s" },
        better: Better::More,
    };
    let (mut lines, mut costs) = (Vec::new(), Vec::new());
    for (ready, samples) in ready.iter().zip(samples) {
        let Some(samples) = samples else {
            say_hangs(ready.contender, shape, ready.wake);
            continue;
        };
        let of = |which: usize| samples.iter().map(|sample| sample[which]).collect::<Vec<_>>();
        let cpu = of(CPU);
        let remark = format!("{:>10}  {}", digits(Summary::of(&cpu).median), ready.wake.name());
        lines.push(Line { contender: ready.contender.name, samples: of(RATE), remark });
        costs.push((ready.contender.name, cpu));
    }
    print!("{}", table(&shape.title(), head, &format!("{:>10}  reader", "CPU ns/rec"), &lines));
    for line in lines {
        report.add(head, line.contender, line.samples);
    }
    // With more threads than cores the time of the clock says little about who burns the machine.
    if shape.writers >= CROWD {
        let workload = format!("{}-cpu", shape.workload);
        let head = Head { workload: &workload, unit: "ns CPU/record", better: Better::Less, ..head };
        for (contender, cpu) in costs {
            report.add(head, contender, cpu);
        }
    }
    Ok(())
}

/// Processor time that this process has used so far, in all its threads.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
