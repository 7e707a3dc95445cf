//! The names of all places where an ordering is stronger than relaxed, for the ledgers, the models and the mutants.

/// The labelled sites of the library. The letter is the module: `C` for collect, `E` for exchange, `P` for publish, `R`
/// for the recorder of collect, `W` for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "std"),
    expect(dead_code, reason = "the sites of what needs an allocator, or `std`")
)]
pub(crate) enum Site {
    /// A writer enters a side: the claim.
    C1,
    /// A writer leaves: the commit.
    C2,
    /// The reader looks whether everybody has left.
    C3,
    /// The reader flips.
    C4,
    /// A flush takes its ticket.
    C5,
    /// The reader reads the tickets before it flips.
    C6,
    /// The reader answers the tickets.
    C7,
    /// A flush reads the answer.
    C8,
    /// A refusal has been counted.
    C9,
    /// The reader sees that it has.
    C10,
    /// The reader has finished.
    C11,
    /// A closer sees that it has.
    C12,
    /// A slot is given back.
    C13,
    /// A slot is taken.
    C14,
    /// A loss is counted, after its bytes.
    C15,
    /// The reader reads the count of losses, before their bytes.
    C16,
    /// A writer said that it is refusing; it looks whether the collector is closed after this fence.
    C17,
    /// The reader saw that the collector is closed; it looks for refusing writers after this fence.
    C18,
    /// A writer enters its own lane.
    C19,
    /// It leaves.
    C20,
    /// The reader looks how far it has come.
    C21,
    /// The reader has done with a part of a lane.
    C22,
    /// A writer looks whether the other side is vacant.
    C23,
    /// A writer said that it is inside; it looks what the reader says after this light fence.
    C24,
    /// The reader said that it seals, or sleeps; it looks into the lanes after this heavy fence.
    C25,
    /// A party arrives at a round.
    E1,
    /// Another one sees it.
    E2,
    /// Another one sees it who does not wait for all.
    E3,
    /// A party dies, and says from which round on.
    E4,
    /// A party leaves.
    E5,
    /// A party counts down.
    E6,
    /// The last one opens the round.
    E7,
    /// Another one sees it.
    E8,
    /// One who comes sees it.
    E9,
    /// A party that counts dies.
    E10,
    /// A party that counts says how far it has come.
    E11,
    /// Another one sees it.
    E12,
    /// Another one sees who has died.
    E13,
    /// A party that dies wakes who sleeps.
    E14,
    /// The first death is written down.
    E15,
    /// Another one reads whose it was.
    E16,
    /// A party that waits asks until when a rank is there.
    E17,
    /// Somebody joins, and is there without an end.
    E18,
    /// A writer of a recorder enters a side.
    R1,
    /// He leaves it.
    R2,
    /// The reader looks whether he has left.
    R3,
    /// The reader flips a lane.
    R4,
    /// A lane is given back.
    R5,
    /// A lane is taken.
    R6,
    /// A reader with full fences has left; it looks whether the writer waits after this one.
    P1,
    /// A reader said that it enters; it looks at the version after this light fence.
    P2,
    /// The version that is read.
    P3,
    /// A reader acknowledges a version.
    P4,
    /// A reader leaves.
    P5,
    /// It looks whether the writer waits after this light fence.
    P6,
    /// The writer said that it waits; it looks at the readers after this heavy fence.
    #[cfg(feature = "std")]
    P7,
    /// The writer flips.
    P8,
    /// It looks at the readers after this heavy fence.
    P9,
    /// Whether there are readers whom only the heavy fence reaches, it looks after this one.
    P10,
    /// A reader has registered, or goes online; it looks at the version after this fence.
    P11,
    /// The writer looks at a reader's word.
    P12,
    /// A slot is given back.
    P13,
    /// A slot is taken.
    P14,
    /// A new slot is linked.
    P15,
    /// The slots are walked through.
    P16,
    /// A guard's reader has gone.
    P17,
    /// The writer counts the guards' readers.
    P18,
    /// A reader enters, leaves or goes on by exchange.
    P19,
    /// The writer looks whether the marked have left.
    P20,
    /// A writer goes, and leaves the buffer to the next.
    P21,
    /// The next writer takes it.
    P22,
    /// A reader sees that it has gone.
    P23,
    /// A reader said that it enters; it looks at the version after this full fence.
    P24,
    /// A sleeper announced itself; it looks again after this fence.
    #[cfg(feature = "std")]
    W1,
    /// A ringer published its news; it looks for sleepers after this fence.
    #[cfg(feature = "std")]
    W2,
}
