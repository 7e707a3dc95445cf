//! x86-TSO, with interrupts.
//!
//! Every processor has registers, a place in its program, and a buffer of stores, first in, first out. A store goes
//! into the buffer; at any time the oldest store of a buffer may take effect in memory. A load sees the newest store
//! to its word in the own buffer, else memory. A fence waits until the own buffer is empty.
//!
//! membarrier is carried out as the kernel does it: the caller fences; every other processor is sent an interrupt; each
//! takes it at any later time, between two instructions, and fences; when all have answered the caller fences and
//! returns. A light fence is no instruction at all.

use std::fmt;

/// Processors at most.
pub(crate) const PROCESSORS: usize = 4;
/// Words of memory.
pub(crate) const WORDS: usize = 8;
/// Registers of a processor.
pub(crate) const REGISTERS: usize = 4;

pub(crate) type Word = u8;

/// What a store stores, or a comparison compares with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Is(Word),
    Of(Register),
}

pub(crate) type Register = usize;

/// A word of memory: fixed, or chosen by a register.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    Word(usize),
    /// The word that many places behind the first.
    Indexed(usize, Register),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Instruction {
    Store(At, Value),
    Load(Register, At),
    Add(Register, Value),
    /// Skips so many instructions if the register has this value.
    SkipIf(Register, Word, usize),
    /// Skips so many instructions if the register is even.
    SkipIfEven(Register, usize),
    /// Loads until the word differs from the register: a loop whose turns differ in nothing.
    AwaitChange(Register, At),
    Fence,
    /// For the compiler, which has done its work here.
    Light,
    Membarrier(Barrier),
}

/// How membarrier is carried out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Barrier {
    /// This processor is sent no interrupt.
    pub(crate) left_out: Option<usize>,
    /// The interrupts fence.
    pub(crate) fences_others: bool,
    /// The caller fences, before and after.
    pub(crate) fences_caller: bool,
    /// The caller returns when all have answered.
    pub(crate) waits: bool,
}

impl Barrier {
    /// As promised.
    pub(crate) const WHOLE: Self =
        Self { left_out: None, fences_others: true, fences_caller: true, waits: true };
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Processor {
    pub(crate) at: usize,
    pub(crate) registers: [Word; REGISTERS],
    /// Stores that have not taken effect, oldest first.
    pub(crate) buffer: Vec<(u8, Word)>,
    /// Who has sent interrupts that are not taken yet, a bit for each.
    interrupts: u8,
    /// Within membarrier: the interrupts are out.
    in_call: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) memory: [Word; WORDS],
    pub(crate) processors: Vec<Processor>,
}

/// What happens between two states; first of all, on which processor.
pub(crate) enum Step {
    /// Its oldest store takes effect: this word has this value.
    Drains(usize, u8, Word),
    /// Sent by that one.
    TakesInterrupt(usize, usize),
    Executes(usize, Instruction),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drains(own, word, value) => write!(f, "P{own}: word {word} = {value} takes effect"),
            Self::TakesInterrupt(own, sender) => write!(f, "P{own}: takes the interrupt of P{sender}"),
            Self::Executes(own, instruction) => write!(f, "P{own}: {instruction:?}"),
        }
    }
}

impl State {
    pub(crate) fn new(processors: usize) -> Self {
        assert!(processors <= PROCESSORS);
        Self { memory: [0; WORDS], processors: vec![Processor::default(); processors] }
    }

    /// Whether every program has ended and every store has taken effect.
    pub(crate) fn is_end(&self, programs: &[Vec<Instruction>]) -> bool {
        let ended = |(processor, program): (&Processor, &Vec<Instruction>)| {
            processor.at == program.len() && processor.buffer.is_empty() && processor.interrupts == 0
        };
        self.processors.iter().zip(programs).all(ended)
    }

    /// Every step that can be made, and the state that it leads to.
    pub(crate) fn steps(&self, programs: &[Vec<Instruction>]) -> Vec<(Step, Self)> {
        let mut steps = Vec::new();
        for own in 0..self.processors.len() {
            self.drain(own, &mut steps);
            self.interrupt(own, programs, &mut steps);
            if let Some(&instruction) = programs[own].get(self.processors[own].at)
                && let Some(next) = self.execute(own, instruction)
            {
                steps.push((Step::Executes(own, instruction), next));
            }
        }
        steps
    }

    /// The oldest store takes effect.
    fn drain(&self, own: usize, steps: &mut Vec<(Step, Self)>) {
        if let Some(&(word, value)) = self.processors[own].buffer.first() {
            let mut next = self.clone();
            next.processors[own].buffer.remove(0);
            next.memory[usize::from(word)] = value;
            steps.push((Step::Drains(own, word, value), next));
        }
    }

    /// An interrupt is taken: its fence has to wait for the buffer, as any fence.
    fn interrupt(&self, own: usize, programs: &[Vec<Instruction>], steps: &mut Vec<(Step, Self)>) {
        for sender in (0..PROCESSORS).filter(|sender| self.processors[own].interrupts & 1 << sender != 0) {
            // The kind of the barrier stands where its caller stands, or stood if he does not wait.
            let at = self.processors[sender].at;
            let here = programs[sender].get(at);
            let before = programs[sender][..at].iter().rev();
            let barrier = here.into_iter().chain(before).find_map(|instruction| match instruction {
                Instruction::Membarrier(barrier) => Some(*barrier),
                _ => None,
            });
            let fences = barrier.expect("somebody called").fences_others;
            if !fences || self.processors[own].buffer.is_empty() {
                let mut next = self.clone();
                next.processors[own].interrupts &= !(1 << sender);
                steps.push((Step::TakesInterrupt(own, sender), next));
            }
        }
    }

    fn word(&self, own: usize, at: At) -> usize {
        match at {
            At::Word(word) => word,
            At::Indexed(first, register) => first + usize::from(self.processors[own].registers[register]),
        }
    }

    fn value(&self, own: usize, value: Value) -> Word {
        match value {
            Value::Is(value) => value,
            Value::Of(register) => self.processors[own].registers[register],
        }
    }

    /// What a load sees: the own newest store, else memory.
    fn load(&self, own: usize, at: At) -> Word {
        let word = self.word(own, at);
        let forwarded = self.processors[own].buffer.iter().rev().find(|store| usize::from(store.0) == word);
        forwarded.map_or(self.memory[word], |store| store.1)
    }

    /// The state after an instruction, if it can be executed now.
    fn execute(&self, own: usize, instruction: Instruction) -> Option<Self> {
        let is_drained = self.processors[own].buffer.is_empty();
        let mut next = self.clone();
        let processor = &mut next.processors[own];
        processor.at += 1;
        match instruction {
            Instruction::Light => {}
            Instruction::Fence if !is_drained => return None,
            Instruction::Fence => {}
            Instruction::Store(at, value) => {
                processor.buffer.push((self.word(own, at) as u8, self.value(own, value)));
            }
            Instruction::Load(register, at) => processor.registers[register] = self.load(own, at),
            Instruction::Add(register, value) => {
                processor.registers[register] =
                    processor.registers[register].wrapping_add(self.value(own, value));
            }
            Instruction::SkipIf(register, value, count) => {
                processor.at += if processor.registers[register] == value { count } else { 0 };
            }
            Instruction::SkipIfEven(register, count) => {
                processor.at += if processor.registers[register] & 1 == 0 { count } else { 0 };
            }
            Instruction::AwaitChange(register, at) => {
                let seen = self.load(own, at);
                if seen == processor.registers[register] {
                    return None;
                }
                processor.registers[register] = seen;
            }
            Instruction::Membarrier(barrier) => return self.membarrier(own, barrier),
        }
        Some(next)
    }

    /// The call in two steps: the interrupts go out; all have answered.
    fn membarrier(&self, own: usize, barrier: Barrier) -> Option<Self> {
        if barrier.fences_caller && !self.processors[own].buffer.is_empty() {
            return None;
        }
        let mut next = self.clone();
        if !self.processors[own].in_call {
            next.processors[own].in_call = true;
            for (other, processor) in next.processors.iter_mut().enumerate() {
                if other != own && barrier.left_out != Some(other) {
                    processor.interrupts |= 1 << own;
                }
            }
            return Some(next);
        }
        if barrier.waits && self.processors.iter().any(|other| other.interrupts & 1 << own != 0) {
            return None;
        }
        next.processors[own].in_call = false;
        next.processors[own].at += 1;
        Some(next)
    }
}
