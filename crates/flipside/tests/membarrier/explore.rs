//! Breadth first through every state, so that a fault is shown by as few steps as it takes.

use std::collections::HashSet;
use std::rc::Rc;

use crate::machine::State;
use crate::programs::Program;

/// What an exploration came to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) states: usize,
    /// States in which all programs have ended.
    pub(crate) ends: usize,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) what: String,
    /// The way there.
    pub(crate) steps: Vec<String>,
}

/// More than any program here has: rather fail than fill the machine.
const LIMIT: usize = 4_000_000;

pub(crate) fn explore(program: &Program) -> Verdict {
    let start = State::new(program.code.len());
    let start = Rc::new(start);
    let mut known = HashSet::from([start.clone()]);
    // In the order in which they were found; each with where it was found from.
    let mut found = vec![(start, 0)];
    let (mut at, mut ends) = (0, 0);
    while at < found.len() {
        let state = found[at].0.clone();
        let steps = state.steps(&program.code);
        let fault = if state.is_end(&program.code) {
            ends += 1;
            (program.check)(&state).err()
        } else {
            steps.is_empty().then(|| "stuck".to_owned())
        };
        if let Some(what) = fault {
            let steps = way(program, &found, at);
            return Verdict { states: found.len(), ends, fault: Some(Fault { what, steps }) };
        }
        for (_, next) in steps {
            if !known.contains(&next) {
                let next = Rc::new(next);
                known.insert(next.clone());
                found.push((next, at));
            }
        }
        assert!(found.len() < LIMIT, "more than {LIMIT} states");
        at += 1;
    }
    Verdict { states: found.len(), ends, fault: None }
}

/// The steps from the start to a state.
fn way(program: &Program, found: &[(Rc<State>, usize)], mut at: usize) -> Vec<String> {
    let mut steps = Vec::new();
    while at != 0 {
        let from = found[at].1;
        let all = found[from].0.steps(&program.code);
        let (step, _) = all.into_iter().find(|(_, next)| *next == *found[at].0).expect("it was found so");
        steps.push(step.to_string());
        at = from;
    }
    steps.reverse();
    steps
}
