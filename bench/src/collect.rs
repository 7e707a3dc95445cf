//! The table `collect`: how many records pass from writers to the one reader, and what a write costs its writer.

mod latency;
pub(crate) mod run;
pub(crate) mod shape;
mod throughput;

use crate::harness::{Budget, Plan};
use crate::report::Report;
use shape::{MIX, Shape};

/// A side, unless the workload is about its size.
const SIDE: usize = 1 << 20;
/// Writers; the reader comes on top.
const WRITERS: [usize; 3] = [1, 2, 4];

/// Writers where most of them wait for a core.
const CROWD: usize = 8;

/// Runs the whole table.
pub(crate) fn run(plan: &Plan, report: &mut Report) -> Result<(), String> {
    let sizes = [("64B", 64..=64), ("256B", 256..=256), ("1500B", 1500..=1500), ("mix", MIX)];
    let mut shapes = Vec::new();
    for (workload, lens) in &sizes {
        for writers in WRITERS {
            shapes.push(Shape::new(workload, lens.clone(), writers, SIDE));
        }
    }
    // Many more threads than cores: records per second, and what they cost.
    shapes.push(Shape::new("64B", 64..=64, CROWD, SIDE));
    for (workload, side) in [("side-64KiB", 1 << 16), ("side-1MiB", 1 << 20), ("side-16MiB", 1 << 24)] {
        shapes.push(Shape::new(workload, 64..=64, 2, side));
    }
    // A latency table has three loads, each as long as a workload of its own.
    let mut budget = Budget::new(plan, shapes.len() + 3 * latency::WRITERS.len());
    for shape in shapes {
        throughput::run(keep(shape), plan, budget.share(1), report)?;
    }
    for writers in latency::WRITERS {
        let shape = Shape::new("latency", latency::RECORD..=latency::RECORD, writers, SIDE);
        latency::run(keep(shape), plan, budget.share(3), report)?;
    }
    Ok(())
}

/// A pass that hangs keeps its shape, so nobody may ever free it.
fn keep(shape: Shape) -> &'static Shape {
    Box::leak(Box::new(shape))
}
