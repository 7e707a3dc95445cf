//! The eigenvalue by inverse iteration, each step of which is a system of equations solved by conjugate gradients.

use std::error::Error;
use std::ops::Range;

use flipside::exchange::{self, Contiguous, Poisoned};

use crate::matrix::{Class, Matrix};

/// The segments are parts of a vector; what is contributed are parts of a dot product.
type Round = exchange::Round<Contiguous<f64>, f64>;

/// An iteration: how well its system was solved, and how far the eigenvalue is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) residual: f64,
    pub(crate) zeta: f64,
}

/// The iterations as each party saw them, and how many rounds they took.
pub(crate) type Solved = (Vec<Vec<Step>>, u64);

pub(crate) fn solve(class: &Class, matrix: &Matrix, parties: usize) -> Result<Solved, Box<dyn Error>> {
    // All segments have the same length; the last one may end in rows that there are not, which stay zero.
    let len = class.rows.div_ceil(parties);
    let ends = exchange::parties(parties).segment(len, |_, _| 0.0).contributing(|_| 0.0).scope(|round| {
        let rows = round.rank() * len..(round.rank() + 1) * len;
        iterate(round, class, &Solver { matrix, rows })
    })?;
    let ends = ends.into_iter().collect::<Result<Vec<_>, Poisoned>>()?;
    let rounds = ends.first().map_or(0, |(_, rounds)| *rounds);
    Ok((ends.into_iter().map(|(steps, _)| steps).collect(), rounds))
}

fn iterate(mut round: Round, class: &Class, solver: &Solver<'_>) -> Result<(Vec<Step>, u64), Poisoned> {
    let mut x: Vec<f64> = solver.rows.clone().map(|row| if row < class.rows { 1.0 } else { 0.0 }).collect();
    let mut steps = Vec::with_capacity(class.iterations);
    for _ in 0..class.iterations {
        let (z, residual, (xz, zz));
        (round, z, residual) = solver.solve(round, &x)?;
        (round, xz) = sum(round, dot(&x, &z))?;
        (round, zz) = sum(round, dot(&z, &z))?;
        let length = zz.sqrt();
        x = z.iter().map(|z| z / length).collect();
        steps.push(Step { residual, zeta: class.shift + 1.0 / xz });
    }
    Ok((steps, round.number()))
}

/// A party's rows of the matrix.
struct Solver<'m> {
    matrix: &'m Matrix,
    rows: Range<usize>,
}

impl Solver<'_> {
    /// `z` with `A z = x` after 25 steps, and the length of `x - A z`. Vectors are parts, but for `p`, which is whole.
    fn solve(&self, mut round: Round, x: &[f64]) -> Result<(Round, Vec<f64>, f64), Poisoned> {
        let (mut z, mut r, mut q) = (vec![0.0; x.len()], x.to_vec(), vec![0.0; x.len()]);
        let (mut rho, mut rho_next, mut pq);
        (round, rho) = gather(round, &r, dot(&r, &r))?;
        let mut p = round.view().all().to_vec();
        for _ in 0..25 {
            self.matrix.multiply(self.rows.clone(), &p, &mut q);
            let own = &p[self.rows.clone()];
            (round, pq) = sum(round, dot(own, &q))?;
            let alpha = rho / pq;
            add(&mut z, alpha, own);
            add(&mut r, -alpha, &q);
            // The new residual goes to all in the round that adds up its square.
            (round, rho_next) = gather(round, &r, dot(&r, &r))?;
            let beta = rho_next / rho;
            p.iter_mut().zip(round.view().all()).for_each(|(p, r)| *p = r + beta * *p);
            rho = rho_next;
        }
        (round, _) = gather(round, &z, 0.0)?;
        self.matrix.multiply(self.rows.clone(), round.view().all(), &mut q);
        let square;
        (round, square) = sum(round, x.iter().zip(&q).map(|(x, q)| (x - q).powi(2)).sum())?;
        Ok((round, z, square.sqrt()))
    }
}

/// A round for a number: the sum of what all contribute, added in the order of the ranks.
fn sum(round: Round, share: f64) -> Result<(Round, f64), Poisoned> {
    let round = round.publish_with(share).wait()?;
    let sum = round.view().sum();
    Ok((round, sum))
}

/// A round for a vector too: the view of what comes back is the whole of it.
fn gather(mut round: Round, part: &[f64], share: f64) -> Result<(Round, f64), Poisoned> {
    round.own().copy_from_slice(part);
    sum(round, share)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}
