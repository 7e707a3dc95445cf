//! What a write costs its writer, in an open loop at 10, 50 and 90 per cent of saturation.
//!
//! Saturation is each contender's own: what this very loop, clock and histogram included, passes when nothing is
//! ever early. So all of them are seen at the same point of their own curve, and a faster one at a higher rate;
//! the rate stands in the table. A stall counts against every record that it delayed (see [`run::paced`]).
//!
//! [`run::paced`]: super::run::paced

use std::time::Duration;

use super::shape::Shape;
use super::throughput::{Ready, ours_first, prepare, round_of, say_hangs};
use crate::harness::{Plan, Summary, interleave, within};
use crate::peer::{COLLECT, Contender};
use crate::report::{Better, Head, Line, Report, digits, table};

/// Bytes of a record: large enough that the two looks at the clock do not make up all of its cost.
pub(crate) const RECORD: usize = 256;
/// With one writer everybody has a core. With two and the reader they do not, so the scheduler has its say.
pub(crate) const WRITERS: [usize; 2] = [1, 2];

const LOADS: [u32; 3] = [10, 50, 90];
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

/// All loads with one number of writers.
pub(crate) fn run(
    shape: &'static Shape,
    plan: &Plan,
    share: Duration,
    report: &mut Report,
) -> Result<(), String> {
    // Everything hangs on the saturation, so it is worth more than one trial even in a hurry.
    let plan = &Plan { trials: plan.trials.max(3), ..plan.clone() };
    let contenders: Vec<&'static Contender> =
        COLLECT.iter().filter(|contender| contender.paced.is_some()).collect();
    // The warm-up is made once for the three loads; counting it each time leaves something for the delays.
    let readers = contenders.iter().map(|contender| contender.readers.len()).sum();
    let round = round_of(plan, share / LOADS.len() as u32, contenders.len(), readers);
    let mut ready = Vec::new();
    for contender in contenders {
        let paced = contender.paced.ok_or("filtered above")?;
        let pass = move |wake, records| paced(shape, wake, records, 0.0).took;
        ready.extend(prepare(contender, shape, plan, round, pass)?);
    }
    let ready = ours_first(ready)?;
    for load in LOADS {
        one_load(shape, plan, round, load, &ready, report);
    }
    Ok(())
}

fn one_load(
    shape: &'static Shape,
    plan: &Plan,
    round: Duration,
    load: u32,
    ready: &[Ready],
    report: &mut Report,
) {
    let rate = |ready: &Ready| ready.rate * f64::from(load) / 100.0;
    let samples = interleave(ready.len(), plan.rounds, |index| {
        let Ready { contender, wake, .. } = ready[index];
        let per_writer = rate(&ready[index]) / shape.writers as f64;
        let records = (per_writer * round.as_secs_f64()).max(1.0) as usize;
        let paced = contender.paced?;
        let passed = within(plan.patience, move || paced(shape, wake, records, 1e9 / per_writer))?;
        Some(QUANTILES.map(|(_, quantile)| passed.latency.value_at_quantile(quantile) as f64))
    });
    let mut done = Vec::new();
    for (ready, samples) in ready.iter().zip(samples) {
        match samples {
            Some(samples) => done.push((ready, samples)),
            None => say_hangs(ready.contender, shape, ready.wake),
        }
    }
    for (which, (name, _)) in QUANTILES.iter().enumerate() {
        let workload = format!("latency-{load}-{name}");
        let head = Head {
            table: "collect",
            workload: &workload,
            threads: shape.writers,
            unit: "ns",
            better: Better::Less,
        };
        let of = |samples: &[[f64; 4]]| samples.iter().map(|sample| sample[which]).collect::<Vec<_>>();
        for (ready, samples) in &done {
            report.add(head, ready.contender.name, of(samples));
        }
        // For people one table per load is enough, of the tail; the medians of the others stand beside it.
        if *name == "p99.9" {
            let lines: Vec<Line> = done
                .iter()
                .map(|(ready, samples)| Line {
                    contender: ready.contender.name,
                    samples: of(samples),
                    remark: remark(rate(ready), ready, samples),
                })
                .collect();
            let title = format!("{workload}, {RECORD} B, {} writer(s)", shape.writers);
            let columns = ["p50", "p99", "max", "Mrec/s"].map(|name| format!("{name:>10}"));
            print!("{}", table(&title, head, &(columns.concat() + "  reader"), &lines));
        }
    }
}

/// The medians of the other quantiles, the arrival rate, and the reader.
fn remark(rate: f64, ready: &Ready, samples: &[[f64; 4]]) -> String {
    let median = |which: usize| {
        let samples: Vec<f64> = samples.iter().map(|sample| sample[which]).collect();
        digits(Summary::of(&samples).median)
    };
    let others = [median(0), median(1), median(3), digits(rate / 1e6)];
    format!("{}  {}", others.concat(), ready.wake.name())
}
