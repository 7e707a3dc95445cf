//! The table `exchange`: what a round of all parties costs, empty, with segments that all read, and after some work.
//!
//! In a round every party writes the whole of its segment and then, when all have, reads all segments. A party is a
//! thread, but for rayon. All numbers are nanoseconds of a round, its work included.

mod peer;
mod play;
mod role;
mod store;
mod table;

use crate::harness::{Budget, Plan};
use crate::report::Report;
use peer::CONTENDERS;
use role::{Contender, Work};

/// As many as there are cores on a small machine, fewer, and more.
const PARTIES: [usize; 4] = [1, PAIR, 4, MANY];
/// Elements of a party's segment.
const SEGMENTS: [(&str, usize); 3] = [("round-16", 16), ("round-4096", 4096), ("round-65536", 65536)];
/// As above, and of each segment only the first element is read: what is not read costs no more than to be written.
const GLANCES: [(&str, usize); 1] = [("glance-4096", 4096)];
/// Microseconds that each party computes in each round.
const CROSSOVERS: [(&str, u32); 3] = [("crossover-1us", 1), ("crossover-10us", 10), ("crossover-100us", 100)];
/// Elements and parties where it is the work that matters.
const FEW: usize = 16;
const PAIR: usize = 2;
const MANY: usize = 16;

/// A line of the contract: a workload, and who takes part.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
    pub(crate) contenders: Vec<Contender>,
}

/// Runs the whole table.
pub(crate) fn run(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let workloads = workloads(play::turns_of_a_microsecond());
    let weight = |workload: &Workload| workload.contenders.len();
    let mut budget = Budget::new(plan, workloads.iter().map(weight).sum());
    for workload in &workloads {
        table::run(workload, plan, budget.share(weight(workload)), report)?;
    }
    Ok(())
}

/// With so many turns of arithmetic for a microsecond.
fn workloads(turns: f64) -> Vec<Workload> {
    let mut workloads = Vec::new();
    let mut add = |name, work: Work| {
        let fits = |contender: &Contender| work.len != 0 || contender.barrier;
        let contenders = CONTENDERS.iter().copied().filter(fits).collect();
        workloads.push(Workload { name, work, contenders });
    };
    for parties in PARTIES {
        add("barrier", Work::rounds(parties, 0));
    }
    for (name, len) in SEGMENTS {
        for parties in PARTIES {
            add(name, Work::rounds(parties, len));
        }
    }
    for (name, len) in GLANCES {
        for parties in [PAIR, MANY] {
            add(name, Work { glance: true, ..Work::rounds(parties, len) });
        }
    }
    for (name, us) in CROSSOVERS {
        let turns = (turns * f64::from(us)) as u64;
        add(name, Work { turns, ..Work::rounds(PAIR, FEW) });
    }
    workloads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_and_contenders_of_the_contract_are_there() {
        let there = workloads(1.0);
        let wanted = ["barrier", "round-16", "round-4096", "round-65536"]
            .into_iter()
            .flat_map(|name| [1, 2, 4, 16].map(|parties| (name, parties)))
            .chain(["crossover-1us", "crossover-10us", "crossover-100us"].map(|name| (name, 2)));
        for (name, parties) in wanted {
            let found = there.iter().filter(|one| one.name == name && one.work.parties == parties);
            let [found] = found.collect::<Vec<_>>()[..] else { panic!("{name}, {parties} parties") };
            for contender in [
                "flipside/auto",
                "flipside/flags",
                "flipside/central",
                "peer/std-barrier",
                "peer/hurdles",
                "peer/rayon",
                "peer/synced-memory",
            ] {
                assert!(found.contenders.iter().any(|one| one.name == contender), "{name}: {contender}");
            }
        }
        assert_eq!(there.len(), 21);
        assert_eq!(there[0].contenders[0].name, "flipside/auto", "ours comes first");
    }

    #[test]
    fn every_contender_passes_its_check() {
        for contender in CONTENDERS {
            for variant in contender.variants {
                for (parties, len, rounds) in
                    [(1, 3, 50), (2, 16, 200), (3, 5, 100), (4, 1, 50), (2, 4096, 5)]
                {
                    let work = Work::rounds(parties, len);
                    (variant.check)(work, rounds)
                        .unwrap_or_else(|fault| panic!("{}: {fault}", contender.name));
                }
                if contender.barrier {
                    let work = Work::rounds(3, 0);
                    (variant.check)(work, 100).unwrap_or_else(|fault| panic!("{}: {fault}", contender.name));
                }
            }
        }
    }

    #[test]
    fn every_contender_passes_every_workload() {
        for workload in workloads(1.0) {
            for contender in &workload.contenders {
                for variant in contender.variants {
                    (variant.timed)(workload.work, 2);
                }
            }
        }
    }
}
