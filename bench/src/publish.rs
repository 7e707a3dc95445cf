//! The table `publish`: what it costs to read what somebody publishes, and to publish what somebody reads.
//!
//! The map has 1024 entries of `u64`, the value is 32 bytes. A question is asked under a guard of its own, except
//! in `get-pinned`. All numbers are nanoseconds of one thread's operation, but for `memory`, which is bytes.

mod check;
mod memory;
mod mix;
mod peer;
mod read;
mod role;
mod subject;
mod table;
mod write;

use crate::harness::{Budget, Plan};
use crate::report::Report;
use mix::Mixing;
use peer::{HOLDERS, MAPS, MIXED, PINNED, VALUES};
use read::{Company, Reading};
use role::Contender;
use subject::MISSING;
use table::{Work, Workload};
use write::{Kind, Writing};

/// Runs the whole table.
pub(crate) fn run(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let workloads = workloads();
    let weight = |workload: &Workload| workload.contenders.len();
    let mut budget = Budget::new(plan, workloads.iter().map(weight).sum());
    for workload in &workloads {
        table::run(workload, plan, budget.share(weight(workload)), report)?;
    }
    memory::run(HOLDERS, plan, report)
}

fn workloads() -> Vec<Workload> {
    let get = |threads, base, company| Work::Read(Reading { threads, base, company });
    let write = |kind, batch, watched| Work::Write(Writing { batch, kind, watched });
    let mix = |reads| Work::Mix(Mixing { threads: 2, reads });
    let mut workloads = Vec::new();
    let mut add = |name, unit, work: Work, contenders: &[Contender]| {
        let fits = |contender: &Contender| work.threads() <= contender.readers;
        let contenders = contenders.iter().copied().filter(fits).collect();
        workloads.push(Workload { name, unit, work, contenders });
    };
    let guards: Vec<Contender> = MAPS.iter().copied().filter(|contender| contender.guards).collect();
    add("get", "ns/get", get(1, 0, Company::Nobody), MAPS);
    add("get", "ns/get", get(2, 0, Company::Nobody), MAPS);
    add("get-miss", "ns/get", get(1, MISSING, Company::Nobody), MAPS);
    add("get-pinned", "ns/get", get(1, 0, Company::Nobody), PINNED);
    add("get-pinned", "ns/get", get(2, 0, Company::Nobody), PINNED);
    add("get-stalled-reader", "ns/get", get(1, 0, Company::Stalled), &guards);
    add("get-while-publishing", "ns/get", get(1, 0, Company::Publisher), MAPS);
    add("insert-publish-1", "ns/insert", write(Kind::Insert, 1, false), MAPS);
    add("insert-publish-1000", "ns/insert", write(Kind::Insert, 1000, false), MAPS);
    add("remove-publish-1000", "ns/remove", write(Kind::Remove, 1000, false), MAPS);
    add("publish-pinned", "ns/publish", write(Kind::Insert, 1, true), MAPS);
    add("mixed-99", "ns/op", mix(99), MIXED);
    add("mixed-90", "ns/op", mix(90), MIXED);
    add("mixed-50", "ns/op", mix(50), MIXED);
    add("load", "ns/load", get(1, 0, Company::Nobody), VALUES);
    add("load", "ns/load", get(2, 0, Company::Nobody), VALUES);
    add("value-set", "ns/set", write(Kind::Insert, 1, false), VALUES);
    workloads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workloads_of_the_contract_are_there() {
        let there = workloads();
        for (name, threads) in [
            ("get", 1),
            ("get", 2),
            ("get-miss", 1),
            ("get-pinned", 1),
            ("get-stalled-reader", 1),
            ("insert-publish-1", 1),
            ("insert-publish-1000", 1),
            ("remove-publish-1000", 1),
            ("mixed-99", 2),
            ("mixed-90", 2),
            ("mixed-50", 2),
        ] {
            let found = there.iter().filter(|one| one.name == name && one.work.threads() == threads);
            assert_eq!(found.count(), 1, "{name}, {threads} threads");
        }
    }

    #[test]
    fn every_contender_passes_its_check() {
        for contender in MAPS.iter().chain(PINNED).chain(VALUES).chain(MIXED) {
            (contender.check)(8).expect(contender.name);
        }
    }

    #[test]
    fn every_contender_passes_every_workload() {
        for workload in workloads() {
            for contender in &workload.contenders {
                workload.work.pass(*contender, 2);
            }
        }
    }
}
