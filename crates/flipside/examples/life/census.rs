//! What lives, by name: each object is taken out and watched alone.

use std::collections::{BTreeMap, BTreeSet};

/// Left and top, from any origin.
type Cells = BTreeSet<(i64, i64)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Still,
    Oscillates,
    /// It is elsewhere four generations later, and the same.
    Moves,
    Changes,
}

/// Cells that touch.
pub(crate) struct Object {
    pub(crate) cells: Vec<(usize, usize)>,
    pub(crate) fate: Fate,
    pub(crate) name: &'static str,
}

/// All objects, and what becomes of each if no other comes in its way.
pub(crate) fn objects(living: impl Iterator<Item = (usize, usize)>) -> Vec<Object> {
    let mut rest: BTreeSet<_> = living.collect();
    let mut objects = Vec::new();
    while let Some(first) = rest.pop_first() {
        let mut cells = vec![first];
        let mut at = 0;
        while let Some((x, y)) = cells.get(at).copied() {
            let near = (x.saturating_sub(1)..=x + 1)
                .flat_map(|x| (y.saturating_sub(1)..=y + 1).map(move |y| (x, y)));
            cells.extend(near.filter(|cell| rest.remove(cell)));
            at += 1;
        }
        let (fate, name) = watched(&cells);
        objects.push(Object { cells, fate, name });
    }
    objects
}

/// How many there are of each name.
pub(crate) fn counted(objects: &[Object]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    objects.iter().for_each(|object| *counts.entry(object.name).or_default() += 1);
    counts
}

fn watched(cells: &[(usize, usize)]) -> (Fate, &'static str) {
    let cells: Cells = cells.iter().map(|(x, y)| (*x as i64, *y as i64)).collect();
    let once = next(&cells);
    let later = (0..3).fold(once.clone(), |cells, _| next(&cells));
    let ((corner, shape), (_, later_shape)) = (in_corner(&cells), in_corner(&later));
    let fate = match () {
        () if once == cells => Fate::Still,
        () if later == cells => Fate::Oscillates,
        () if later_shape == shape => Fate::Moves,
        () => Fate::Changes,
    };
    let (width, height) = (corner.0 + 1, corner.1 + 1);
    let name = match (fate, cells.len(), width.min(height), width.max(height)) {
        (Fate::Still, 4, 2, 2) => "block",
        (Fate::Still, 4, 3, 3) => "tub",
        (Fate::Still, 5, 3, 3) => "boat",
        (Fate::Still, 6, 3, 3) => "ship",
        (Fate::Still, 6, 3, 4) => "beehive",
        (Fate::Still, 7, 4, 4) => "loaf",
        (Fate::Still, 8, 4, 4) => "pond",
        (Fate::Oscillates, 3, 1, 3) => "blinker",
        (Fate::Moves, 5, 3, 3) => "glider",
        (Fate::Still, ..) => "other still life",
        (Fate::Oscillates, ..) => "other oscillator",
        (Fate::Moves, ..) => "other spaceship",
        (Fate::Changes, ..) => "object that changes",
    };
    (fate, name)
}

/// The generation after, cell by cell: it is also what the words of `world` are compared with.
fn next(cells: &Cells) -> Cells {
    let mut neighbours: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for (x, y) in cells {
        for (left, top) in (-1..=1).flat_map(|left| (-1..=1).map(move |top| (left, top))) {
            *neighbours.entry((x + left, y + top)).or_default() += usize::from((left, top) != (0, 0));
        }
    }
    let lives =
        |(cell, count): (_, usize)| (count == 3 || count == 2 && cells.contains(&cell)).then_some(cell);
    neighbours.into_iter().filter_map(lives).collect()
}

/// The cell that is furthest right and down, if the shape is moved to the corner, and the shape.
fn in_corner(cells: &Cells) -> ((i64, i64), Cells) {
    let least = |of: fn(&(i64, i64)) -> i64| cells.iter().map(of).min().unwrap_or(0);
    let (left, top) = (least(|cell| cell.0), least(|cell| cell.1));
    let shape: Cells = cells.iter().map(|(x, y)| (x - left, y - top)).collect();
    let most = |of: fn(&(i64, i64)) -> i64| shape.iter().map(of).max().unwrap_or(0);
    ((most(|cell| cell.0), most(|cell| cell.1)), shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn words_and_single_cells_go_the_same_way() {
        let mut rows = world::seeded(crate::R_PENTOMINO);
        let mut cells: Cells = world::living(&rows).map(|(x, y)| (x as i64, y as i64)).collect();
        for generation in 0..150 {
            rows = world::run(3, &rows, 1, |_| false).unwrap().rows;
            cells = next(&cells);
            let words: Cells = world::living(&rows).map(|(x, y)| (x as i64, y as i64)).collect();
            assert_eq!(words, cells, "generation {generation}");
        }
    }
}
