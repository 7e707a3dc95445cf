//! One workload with all who take part in it: checked, then timed in turn.

use std::time::Duration;

use super::Workload;
use super::role::{Contender, Variant, Work};
use crate::harness::{Plan, calibrate, interleave, resized, within};
use crate::report::{Better, Head, Line, Report, table};

/// Rounds of a check, if they take no longer than all of them together may.
const CHECKED: u64 = 300;
const FEWEST_CHECKED: u64 = 4;
/// Elements that are looked at in a check, by all parties together: enough for most workloads, and some seconds less for those
/// whose contenders have been checked with shorter segments.
const LOOKED_AT: usize = 1 << 24;
/// Before anything is known about a contender.
const PROBED: u64 = 2;

/// Who takes part, in the variant that does best, with the rounds of a pass.
struct Ready {
    contender: Contender,
    variant: Variant,
    rounds: usize,
}

/// Checks all, finds how many rounds make a pass for each, and times them in turn.
pub(crate) fn run(
    workload: &Workload,
    plan: &Plan,
    share: Duration,
    report: &mut Report,
) -> Result<(), String> {
    let Workload { name, work, ref contenders } = *workload;
    // Each pass has rounds to warm up; checks and calibration, of two variants at times, come to about six passes of each.
    let pass = share.as_secs_f64() / (contenders.len() as f64 * (1.125 * plan.rounds as f64 + 6.0));
    let pass = Duration::from_secs_f64(pass).clamp(Duration::from_millis(2), plan.round);
    let mut ready = Vec::new();
    for &contender in contenders {
        match prepare(contender, name, work, plan, pass)? {
            Some((variant, rounds)) => ready.push(Ready { contender, variant, rounds }),
            None => say_hangs(contender, name, work),
        }
    }
    let samples = interleave(ready.len(), plan.rounds, |index| {
        let Ready { variant, rounds, .. } = ready[index];
        let took = within(plan.patience, move || (variant.timed)(work, rounds as u64))?;
        ready[index].rounds = resized(rounds, took, pass);
        Some(took.as_secs_f64() * 1e9 / rounds as f64)
    });
    let unit = "ns/round";
    let head = Head { table: "exchange", workload: name, threads: work.parties, unit, better: Better::Less };
    let mut lines = Vec::new();
    for (Ready { contender, variant, .. }, samples) in ready.into_iter().zip(samples) {
        match samples {
            Some(samples) => {
                let remark = if work.len == 0 { "" } else { variant.remark };
                lines.push(Line { contender: contender.name, samples, remark: remark.into() });
            }
            None => say_hangs(contender, name, work),
        }
    }
    print!("{}", table(&title(name, work), head, "", &lines));
    for line in lines {
        report.add(head, line.contender, line.samples);
    }
    Ok(())
}

fn title(name: &str, work: Work) -> String {
    format!("{name}, {} part{}", work.parties, if work.parties == 1 { "y" } else { "ies" })
}

/// Checks all variants. The best one, and how many of its rounds make a pass; `None` if there is no end in sight.
fn prepare(
    contender: Contender,
    name: &str,
    work: Work,
    plan: &Plan,
    pass: Duration,
) -> Result<Option<(Variant, usize)>, String> {
    // Without segments nothing tells the variants apart.
    let variants = if work.len == 0 { &contender.variants[..1] } else { contender.variants };
    let mut best: Option<(Variant, usize, f64)> = None;
    for &variant in variants {
        let Some(took) = within(plan.patience, move || (variant.timed)(work, PROBED)) else { continue };
        let checked = checked(work, took, plan.patience);
        let Some(result) = within(plan.patience, move || (variant.check)(work, checked)) else { continue };
        result.map_err(|fault| format!("{}, {name}: {fault}", contender.name))?;
        let timed = |rounds| within(plan.patience, move || (variant.timed)(work, rounds as u64));
        if let Some((rounds, rate)) = calibrate(pass, PROBED as usize, timed)
            && best.is_none_or(|(_, _, most)| rate > most)
        {
            best = Some((variant, rounds, rate));
        }
    }
    Ok(best.map(|(variant, rounds, _)| (variant, rounds)))
}

/// How many rounds are checked: to look at every element takes several times as long as to add it.
fn checked(work: Work, probe: Duration, patience: Duration) -> u64 {
    let rounds = patience.as_secs_f64() / 50.0 / (probe.as_secs_f64() / PROBED as f64).max(1e-9);
    let looks = work.parties * work.parties * work.len.max(1);
    (rounds as u64).min((LOOKED_AT / looks) as u64).clamp(FEWEST_CHECKED, CHECKED)
}

/// A contender without a result is missed in the table, so the reason stands above it.
fn say_hangs(contender: Contender, workload: &str, work: Work) {
    println!(
        "\n{}, {}: no end in sight; left out, and what it left behind may disturb the rest",
        contender.name,
        title(workload, work)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_contenders_and_long_segments_are_checked_for_fewer_rounds() {
        let (ms, patience) = (Duration::from_millis, Duration::from_secs(5));
        let short = Work::rounds(2, 16);
        assert_eq!(checked(short, Duration::ZERO, patience), CHECKED);
        assert_eq!(checked(short, ms(2), patience), 100);
        assert_eq!(checked(short, ms(4000), patience), FEWEST_CHECKED);
        assert_eq!(checked(Work::rounds(16, 4096), Duration::ZERO, patience), 16);
    }
}
