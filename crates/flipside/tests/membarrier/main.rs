//! membarrier on a machine with store buffers, every state of it.
//!
//! What the light and heavy fences of the library rest on (`substrate/fence/PROOF.md`) cannot be seen by loom, which
//! knows no interrupt. So here is the machine: x86-TSO (P. Sewell et al., *x86-TSO*, 2010), and on it membarrier as
//! Linux carries it out, one interrupt after the other. Each program is explored in all its states; then it is run
//! with each thing wrong that can be wrong, and the fault must be found.

mod explore;
mod machine;
mod programs;

use explore::{Verdict, explore};
use machine::Instruction::{Fence, Light, Membarrier};
use machine::{Barrier, Instruction};
use programs::{Order, Program};

/// Explores, and tells.
fn run(name: &str, program: &Program) -> Verdict {
    let verdict = explore(program);
    match &verdict.fault {
        None => println!("{name}: holds, {} states, {} ends", verdict.states, verdict.ends),
        Some(fault) => println!(
            "{name}: found after {} states, in {} steps: {}",
            verdict.states,
            fault.steps.len(),
            fault.what
        ),
    }
    verdict
}

#[track_caller]
fn holds(name: &str, program: &Program) {
    let verdict = run(name, program);
    if let Some(fault) = verdict.fault {
        panic!("{name}: {}:\n  {}", fault.what, fault.steps.join("\n  "));
    }
    assert!(verdict.ends > 0, "{name}: nothing ever ended");
}

#[track_caller]
fn finds(name: &str, program: &Program, what: &str) {
    let fault = run(name, program).fault.unwrap_or_else(|| panic!("{name}: not found"));
    assert!(fault.what.contains(what), "{name}: expected {what:?}, found {:?}", fault.what);
}

/// membarrier as it should be.
const HEAVY: Instruction = Membarrier(Barrier::WHOLE);

/// A program with a hot and a cold side, under all pairs of fences: which must hold, and which must not.
fn fences(name: &str, program: impl Fn(Order) -> Program, fault: &str) {
    let right = Order::RIGHT;
    holds(&format!("{name}, light and heavy"), &program(right));
    holds(&format!("{name}, portable"), &program(Order { light: Fence, heavy: Fence, ..right }));
    holds(
        &format!("{name}, membarrier on both sides"),
        &program(Order { light: HEAVY, heavy: HEAVY, ..right }),
    );
    let wrong = [
        ("no heavy fence", Order { heavy: Light, ..right }),
        ("a fence on the cold side alone", Order { heavy: Fence, ..right }),
        ("a fence on the hot side alone", Order { light: Fence, heavy: Light, ..right }),
        (
            "a processor left out",
            Order { heavy: Membarrier(Barrier { left_out: Some(0), ..Barrier::WHOLE }), ..right },
        ),
        (
            "interrupts that do not fence",
            Order { heavy: Membarrier(Barrier { fences_others: false, ..Barrier::WHOLE }), ..right },
        ),
        (
            "a caller that does not wait",
            Order { heavy: Membarrier(Barrier { waits: false, ..Barrier::WHOLE }), ..right },
        ),
        (
            "a caller without a fence of his own",
            Order { heavy: Membarrier(Barrier { fences_caller: false, ..Barrier::WHOLE }), ..right },
        ),
        ("heavy before the store", Order { heavy_first: true, ..right }),
        ("a look before the heavy fence", Order { looks_early: true, ..right }),
        ("the compiler put the load before the store", Order { swapped: true, ..right }),
    ];
    for (variant, order) in wrong {
        finds(&format!("{name}, {variant}"), &program(order), fault);
    }
}

#[test]
fn store_buffering() {
    fences("store buffering", programs::store_buffering, "both missed");
}

#[test]
fn enter_and_close() {
    fences("enter and close", programs::enter_and_close, "inside a side that was taken");
}

#[test]
fn entering_and_flipping() {
    let fault = "read while it was written";
    fences("entering once, one flip", |order| programs::entering(1, order), fault);
    fences("entering twice, one flip", |order| programs::entering(2, order), fault);
    holds("entering three times, one flip", &programs::entering(3, Order::RIGHT));
    let early = Order { leaves_early: true, ..Order::RIGHT };
    finds("entering, left too early", &programs::entering(1, early), fault);
    let impatient = Order { impatient: true, ..Order::RIGHT };
    finds("entering, written while occupied", &programs::entering(1, impatient), fault);
}

#[test]
fn one_lane() {
    fences("one lane, two records, one flip", |order| programs::lanes(1, 2, 1, order), "records");
}

#[test]
fn one_lane_flipped_twice() {
    holds("one lane, three records, two flips", &programs::lanes(1, 3, 2, Order::RIGHT));
    holds("one lane, two records, three flips", &programs::lanes(1, 2, 3, Order::RIGHT));
}

#[test]
fn two_lanes_and_one_heavy_fence() {
    fences("two lanes, one heavy fence", |order| programs::lanes(2, 1, 1, order), "records");
    holds("two lanes, two records each, one flip", &programs::lanes(2, 2, 1, Order::RIGHT));
    holds("two lanes, one record each, two flips", &programs::lanes(2, 1, 2, Order::RIGHT));
    for left_out in [0, 1] {
        let heavy = Membarrier(Barrier { left_out: Some(left_out), ..Barrier::WHOLE });
        let order = Order { heavy, ..Order::RIGHT };
        finds(&format!("two lanes, writer {left_out} left out"), &programs::lanes(2, 1, 1, order), "records");
    }
}

#[test]
fn a_lane_is_left_for_later_and_not_forgotten() {
    // A writer who leaves before he has written is not protected by any fence.
    let order = Order { leaves_early: true, ..Order::RIGHT };
    finds("one lane, left too early", &programs::lanes(1, 1, 1, order), "records");
    // Whoever was inside at the look is waited for; to take the side at once is wrong.
    let order = Order { impatient: true, ..Order::RIGHT };
    finds("one lane, taken while occupied", &programs::lanes(1, 1, 1, order), "records");
}

/// The machine is the one that it says: what its fences, buffers and forwarding do, in programs as small as can be.
mod the_machine_itself {
    use super::programs::litmus;
    use super::{finds, holds};

    #[test]
    fn stores_are_seen_late_but_in_order() {
        finds("litmus SB", &litmus::store_buffering(), "seen");
        holds("litmus SB with fences", &litmus::store_buffering_fenced());
        holds("litmus MP", &litmus::message_passing());
        holds("litmus own store", &litmus::own_store());
        holds("litmus IRIW", &litmus::independent_reads());
        finds("litmus n6", &litmus::n6(), "seen");
    }
}
