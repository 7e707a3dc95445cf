//! One workload with all who take part in it: checked, then timed in turn.

use std::time::Duration;

use super::mix::Mixing;
use super::read::Reading;
use super::role::Contender;
use super::subject::ENTRIES;
use super::write::Writing;
use crate::harness::{Plan, calibrate, interleave, resized, within};
use crate::report::{Better, Head, Line, Report, table};

/// Versions that a check publishes, with all keys in each.
const CHECKED: u32 = 64;

/// What is done and timed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// By blocks of questions.
    Read(Reading),
    /// By publishes.
    Write(Writing),
    /// By blocks of questions and publishes.
    Mix(Mixing),
}

impl Work {
    /// Operations of a pass of so many blocks or publishes, of each thread.
    pub(crate) const fn operations(self, count: usize) -> usize {
        count
            * match self {
                Self::Read(_) | Self::Mix(_) => ENTRIES,
                Self::Write(writing) => writing.batch,
            }
    }

    /// The threads that are timed.
    pub(crate) const fn threads(self) -> usize {
        match self {
            Self::Read(reading) => reading.threads,
            Self::Write(_) => 1,
            Self::Mix(mixing) => mixing.threads,
        }
    }

    pub(super) fn pass(self, contender: Contender, count: usize) -> Duration {
        match self {
            Self::Read(reading) => (contender.read)(reading, count),
            Self::Write(writing) => (contender.write)(writing, count),
            Self::Mix(mixing) => contender.mix.expect("one for many writers")(mixing, count),
        }
    }
}

/// A line of the contract: a workload, and who takes part.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) work: Work,
    pub(crate) contenders: Vec<Contender>,
}

/// Checks all, finds how much of it makes a round for each, and times them in turn.
pub(crate) fn run(
    workload: &Workload,
    plan: &Plan,
    share: Duration,
    report: &mut Report,
) -> Result<(), String> {
    let Workload { name, unit, work, ref contenders } = *workload;
    // Calibration comes to about a round and a half of each.
    let round = share.as_secs_f64() / (contenders.len() as f64 * (plan.rounds as f64 + 1.5));
    let round = Duration::from_secs_f64(round).clamp(Duration::from_millis(2), plan.round);
    let mut ready = Vec::new();
    for &contender in contenders {
        let Some(checked) = within(plan.patience, move || (contender.check)(CHECKED)) else {
            say_hangs(contender, name);
            continue;
        };
        checked.map_err(|fault| format!("{}, {name}: {fault}", contender.name))?;
        let pass = |count| within(plan.patience, move || work.pass(contender, count));
        match calibrate(round, 1, pass) {
            Some((count, _)) => ready.push((contender, count)),
            None => say_hangs(contender, name),
        }
    }
    let samples = interleave(ready.len(), plan.rounds, |index| {
        let (contender, count) = ready[index];
        let took = within(plan.patience, move || work.pass(contender, count))?;
        ready[index].1 = resized(count, took, round);
        Some(took.as_secs_f64() * 1e9 / work.operations(count) as f64)
    });
    let head = Head { table: "publish", workload: name, threads: work.threads(), unit, better: Better::Less };
    let mut lines = Vec::new();
    for ((contender, _), samples) in ready.into_iter().zip(samples) {
        match samples {
            Some(samples) => {
                let Contender { name, remark, .. } = contender;
                lines.push(Line { contender: name, samples, remark: remark.into() });
            }
            None => say_hangs(contender, name),
        }
    }
    let plural = if head.threads == 1 { "" } else { "s" };
    let title = format!("{name}, {} thread{plural}", head.threads);
    print!("{}", table(&title, head, "", &lines));
    for line in lines {
        report.add(head, line.contender, line.samples);
    }
    Ok(())
}

/// A contender without a result is missed in the table, so the reason stands above it.
fn say_hangs(contender: Contender, workload: &str) {
    println!(
        "\n{}, {workload}: no end in sight; left out, and what it left behind may disturb the rest",
        contender.name
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::read::Company;
    use crate::publish::write::Kind;

    #[test]
    fn operations_are_those_of_one_thread() {
        let company = Company::Nobody;
        assert_eq!(Work::Read(Reading { threads: 2, base: 0, company }).operations(3), 3 * ENTRIES);
        let kind = Kind::Insert;
        assert_eq!(Work::Write(Writing { batch: 1000, kind, watched: false }).operations(3), 3000);
        assert_eq!(Work::Mix(Mixing { threads: 2, reads: 90 }).operations(3), 3 * ENTRIES);
    }
}
