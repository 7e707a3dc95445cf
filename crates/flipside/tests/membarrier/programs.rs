//! The programs, as the library has them: each with a hot side, a cold side, and what must not come out.

use crate::machine::{At, Barrier, Instruction, State, Value, Word};
use Instruction::{Add, AwaitChange, Light, Load, Membarrier, SkipIf, SkipIfEven, Store};
use Value::{Is, Of};

/// What is wrong with an end, if something is.
type Check = dyn Fn(&State) -> Result<(), String>;

/// One list of instructions for each processor, and what has to be true at the end.
pub(crate) struct Program {
    pub(crate) code: Vec<Vec<Instruction>>,
    pub(crate) check: Box<Check>,
}

impl Program {
    fn new(code: Vec<Vec<Instruction>>, check: impl Fn(&State) -> Result<(), String> + 'static) -> Self {
        Self { code, check: Box::new(check) }
    }
}

/// Which fences stand where, and what is done in the wrong order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) light: Instruction,
    pub(crate) heavy: Instruction,
    /// The heavy fence stands before the store that it is to order.
    pub(crate) heavy_first: bool,
    /// The cold side looks before its fence.
    pub(crate) looks_early: bool,
    /// The compiler moved the hot side's load across the light fence.
    pub(crate) swapped: bool,
    /// The writer says that he has left before he writes.
    pub(crate) leaves_early: bool,
    /// The reader does not wait for a writer whom he saw inside.
    pub(crate) impatient: bool,
}

impl Order {
    pub(crate) const RIGHT: Self = Self {
        light: Light,
        heavy: Membarrier(Barrier::WHOLE),
        heavy_first: false,
        looks_early: false,
        swapped: false,
        leaves_early: false,
        impatient: false,
    };

    /// The hot side: announce, fence, look.
    fn hot(&self, announce: Instruction, look: Instruction) -> [Instruction; 3] {
        if self.swapped { [look, self.light, announce] } else { [announce, self.light, look] }
    }

    /// The cold side: change, fence, look.
    fn cold(&self, change: Vec<Instruction>, looks: Vec<Instruction>) -> Vec<Instruction> {
        let heavy = vec![self.heavy];
        match (self.heavy_first, self.looks_early) {
            (true, _) => [heavy, change, looks].concat(),
            (_, true) => [change, looks, heavy].concat(),
            _ => [change, heavy, looks].concat(),
        }
    }
}

fn unless(fault: bool, what: impl Into<String>) -> Result<(), String> {
    if fault { Err(what.into()) } else { Ok(()) }
}

/// Each stores its word and loads the other's.
pub(crate) fn store_buffering(order: Order) -> Program {
    let [x, y] = [At::Word(0), At::Word(1)];
    let hot = order.hot(Store(x, Is(1)), Load(0, y)).to_vec();
    let cold = order.cold(vec![Store(y, Is(1))], vec![Load(0, x)]);
    Program::new(vec![hot, cold], |end| {
        unless(end.processors.iter().all(|processor| processor.registers[0] == 0), "both missed")
    })
}

/// A writer enters twice (his word is odd) unless it is closed, and writes. Who closes takes the side if nobody is
/// inside.
pub(crate) fn enter_and_close(order: Order) -> Program {
    let [word, closed, data] = [At::Word(0), At::Word(1), At::Word(2)];
    let mut hot = Vec::new();
    for entry in [1, 3] {
        hot.extend(order.hot(Store(word, Is(entry)), Load(0, closed)));
        hot.extend([SkipIf(0, 1, 1), Store(data, Is(entry))]);
        hot.push(Store(word, Is(entry + 1)));
    }
    let (took, seen) = (1, 2);
    let mut cold = order.cold(vec![Store(closed, Is(1))], vec![Load(0, word)]);
    let take = [Load(seen, data), Add(took, Is(1))];
    // Over both if he is inside; the machine skips on even alone.
    cold.extend([Add(0, Is(1)), SkipIfEven(0, take.len())]);
    cold.extend(take);
    Program::new(vec![hot, cold], move |end| {
        let reader = &end.processors[1].registers;
        unless(
            reader[took] == 1 && reader[seen] != end.memory[2],
            "a writer was inside a side that was taken",
        )
    })
}

/// Lanes with two sides each, their writers, and one reader who flips all lanes with one heavy fence.
///
/// A record adds one to its side, by a load and a store. The reader takes a side: he adds what it holds to his sum, and
/// leaves nothing. Two who are inside at a time lose or double a record.
pub(crate) fn lanes(writers: usize, records: Word, flips: usize, order: Order) -> Program {
    assert!(writers <= 2, "the reader has a register for each");
    // The words of a lane: counter (odd: inside), side, and what the sides hold.
    let counter = |lane: usize| At::Word(4 * lane);
    let side = |lane: usize| At::Word(4 * lane + 1);
    let held = |lane: usize| 4 * lane + 2;
    let mut code: Vec<Vec<_>> =
        (0..writers).map(|lane| writer(counter(lane), side(lane), held(lane), records, order)).collect();
    let (sum, taken) = (2, 3);
    let mut reader = Vec::new();
    for flip in 0..flips {
        let (old, new) = (flip % 2, (flip as Word + 1) % 2);
        let change = (0..writers).map(|lane| Store(side(lane), Is(new))).collect();
        let looks = (0..writers).map(|lane| Load(lane, counter(lane))).collect();
        reader.extend(order.cold(change, looks));
        for lane in 0..writers {
            if !order.impatient {
                reader.extend([SkipIfEven(lane, 1), AwaitChange(lane, counter(lane))]);
            }
            let vacant = At::Word(held(lane) + old);
            reader.extend([Load(taken, vacant), Store(vacant, Is(0)), Add(sum, Of(taken))]);
        }
    }
    code.push(reader);
    Program::new(code, move |end| {
        let held: Word = (0..writers).map(|lane| end.memory[held(lane)] + end.memory[held(lane) + 1]).sum();
        let (written, found) = (records * writers as Word, held + end.processors[writers].registers[sum]);
        unless(written != found, format!("records: {written} written, {found} found"))
    })
}

fn writer(counter: At, side: At, held: usize, records: Word, order: Order) -> Vec<Instruction> {
    let (count, which, value) = (0, 1, 2);
    let mut code = Vec::new();
    for _ in 0..records {
        code.push(Add(count, Is(1)));
        code.extend(order.hot(Store(counter, Of(count)), Load(which, side)));
        let into = At::Indexed(held, which);
        let write = [Load(value, into), Add(value, Is(1)), Store(into, Of(value))];
        let leave = [Add(count, Is(1)), Store(counter, Of(count))];
        if order.leaves_early {
            code.extend(leave.into_iter().chain(write));
        } else {
            code.extend(write.into_iter().chain(leave));
        }
    }
    code
}

/// A reader who enters so often, and a writer who flips from version 0 to 1 and, if nobody is in the way, writes on the
/// side that he left.
///
/// The reader's word is 0 outside, else one more than a version: first one that he has seen, then the one that he found.
pub(crate) fn entering(entries: usize, order: Order) -> Program {
    let [version, word, old] = [At::Word(0), At::Word(1), At::Word(2)];
    let (known, found, seen, sum) = (0, 1, 2, 3);
    let mut reader = Vec::new();
    for _ in 0..entries {
        reader.extend([Load(known, version), Add(known, Is(1))]);
        reader.extend(order.hot(Store(word, Of(known)), Load(found, version)));
        reader.extend([Add(found, Is(1)), Store(word, Of(found))]);
        // Side 0 is word 2, side 1 word 3.
        let read = [Load(seen, At::Indexed(1, found)), Add(sum, Of(seen))];
        if order.leaves_early {
            reader.push(Store(word, Is(0)));
            reader.extend(read);
        } else {
            reader.extend(read);
            reader.push(Store(word, Is(0)));
        }
    }
    let mut writer = order.cold(vec![Store(version, Is(1))], vec![Load(0, word)]);
    if !order.impatient {
        writer.push(SkipIf(0, 1, 1));
    }
    writer.push(Store(old, Is(1)));
    Program::new(vec![reader, writer], move |end| {
        unless(end.processors[0].registers[sum] != 0, "a side was read while it was written")
    })
}

/// Small programs of which it is known what x86 does.
pub(crate) mod litmus {
    use super::{At, Instruction, Is, Load, Order, Program, Store, unless};
    use Instruction::{Fence, Light};

    const X: At = At::Word(0);
    const Y: At = At::Word(1);

    pub(crate) fn store_buffering() -> Program {
        let mut program = super::store_buffering(Order { heavy: Light, ..Order::RIGHT });
        program.check = Box::new(|end| {
            unless(
                end.processors.iter().all(|processor| processor.registers[0] == 0),
                "seen: two late stores",
            )
        });
        program
    }

    pub(crate) fn store_buffering_fenced() -> Program {
        super::store_buffering(Order { light: Fence, heavy: Fence, ..Order::RIGHT })
    }

    /// Two stores are seen in order.
    pub(crate) fn message_passing() -> Program {
        let code = vec![vec![Store(X, Is(1)), Store(Y, Is(1))], vec![Load(0, Y), Load(1, X)]];
        Program::new(code, |end| {
            let seen = end.processors[1].registers;
            unless(seen[0] == 1 && seen[1] == 0, "the second store without the first")
        })
    }

    /// The own store is seen at once, however late it takes effect.
    pub(crate) fn own_store() -> Program {
        let code = vec![vec![Store(X, Is(1)), Store(X, Is(2)), Load(0, X)], vec![Load(0, X)]];
        Program::new(code, |end| unless(end.processors[0].registers[0] != 2, "an own store was missed"))
    }

    /// Two independent stores are seen in one order by all.
    pub(crate) fn independent_reads() -> Program {
        let reads = |first, second| vec![Load(0, first), Load(1, second)];
        let code = vec![vec![Store(X, Is(1))], vec![Store(Y, Is(1))], reads(X, Y), reads(Y, X)];
        Program::new(code, |end| {
            let differs = |own: usize| end.processors[own].registers[..2] == [1, 0];
            unless(differs(2) && differs(3), "two orders")
        })
    }

    /// The paper's n6: who sees his own store early need not agree with memory about the order.
    pub(crate) fn n6() -> Program {
        let code =
            vec![vec![Store(X, Is(1)), Load(0, X), Load(1, Y)], vec![Store(Y, Is(2)), Store(X, Is(2))]];
        Program::new(code, |end| {
            let seen = end.processors[0].registers;
            unless(seen[..2] == [1, 0] && end.memory[0] == 1, "seen: the outcome of n6")
        })
    }
}
