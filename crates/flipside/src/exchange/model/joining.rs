//! Parties that come later.

use loom::thread::spawn;

use super::super::{Choice, Entrance, Presence, Waiting, parties};
use super::{Element, Quiet, START, Sides, write};
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model};

/// One party publishes so many rounds and leaves, and another joins it, or goes on alone.
fn joining(count: usize) {
    let setup = parties(1)
        .room(1)
        .segment(1, |_, _| Element::new())
        .barrier(Choice::Central)
        .waiting(Waiting::Sleeping)
        .starting_at(START);
    let party = setup.build().unwrap().pop().unwrap();
    let entrance: Quiet<Entrance<Sides>> = Quiet::new(party.entrance());
    let thread = spawn(move || {
        let mut round = Quiet::new(entrance.join().unwrap());
        // What the other wrote for the round that we see; if it has left we may have got its rank.
        let other = round.view().segment(1 - round.rank()).first();
        assert!(other.is_none_or(|element| element.get() == round.number()), "another round than it says");
        write(&mut round);
        let round = Quiet::new(round.into_inner().publish().wait().unwrap());
        round.into_inner().leave();
    });
    let mut round = Quiet::new(party.start());
    for _ in 0..count {
        write(&mut round);
        round = Quiet::new(round.into_inner().publish().wait().unwrap());
        let view = round.view();
        // Who has just come has published nothing yet.
        let other = view.segment(1).first().map_or(view.round(), Element::get);
        assert!(other == view.round() || other == START, "another round than it says");
    }
    round.into_inner().leave();
    thread.join().unwrap();
}

/// Two come to an exchange that the last one leaves.
fn deserting() {
    let setup = parties(1)
        .room(2)
        .segment(1, |_, _| Element::new())
        .barrier(Choice::Central)
        .waiting(Waiting::Sleeping)
        .starting_at(START);
    let party = setup.build().unwrap().pop().unwrap();
    let threads = [(); 2].map(|()| {
        let entrance = Quiet::new(party.entrance());
        spawn(move || entrance.join().unwrap().leave())
    });
    party.start().leave();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A rank is handed on at the opening of a round that another one waits for, and asks meanwhile who is there.
fn handing_on() {
    let presence = std::sync::Arc::new(Presence::new(2, 2));
    presence.leave(1, START + 1);
    let opening = presence.clone();
    let opener = spawn(move || opening.join(1, START + 4));
    assert!(!presence.is_present(1, START + 4), "{PRESENT}");
    opener.join().unwrap();
    assert!(presence.is_present(1, START + 5));
}

/// Why a model fails in which two parties of a rank, one after the other, look like one.
const PRESENT: &str = "it took no part";

const HANDING_ON: Model = Model { name: "handing on", preemptions: None, body: handing_on };
const JOINING: Model = Model { name: "joining", preemptions: Some(3), body: || joining(2) };
const DESERTING: Model = Model { name: "deserting", preemptions: Some(2), body: deserting };

#[test]
fn model_joining_holds() {
    JOINING.holds();
}

#[test]
fn model_deserting_holds() {
    DESERTING.holds();
}

#[test]
fn model_handing_on_holds() {
    HANDING_ON.holds();
}

#[test]
fn model_handing_on_kills_two_parties_that_look_like_one() {
    HANDING_ON.kills(Site::E17, PRESENT);
    HANDING_ON.kills(Site::E18, PRESENT);
}

#[test]
fn model_joining_kills_a_relaxed_admission() {
    JOINING.kills(Site::E9, ASLEEP);
}
