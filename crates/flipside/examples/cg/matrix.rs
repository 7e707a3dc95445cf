//! The matrix of the benchmark, as its specification has it: a sum of products of sparse random vectors.

use std::ops::Range;

/// How much there is to do, and what must come out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) rows: usize,
    /// Of each random vector.
    nonzeros: usize,
    pub(crate) iterations: usize,
    pub(crate) shift: f64,
    pub(crate) zeta: f64,
}

pub(crate) const CLASSES: [Class; 3] = [
    Class { name: "S", rows: 1400, nonzeros: 7, iterations: 15, shift: 10.0, zeta: 8.5971775078648 },
    Class { name: "W", rows: 7000, nonzeros: 8, iterations: 15, shift: 12.0, zeta: 10.362595087124 },
    Class { name: "A", rows: 14000, nonzeros: 11, iterations: 15, shift: 20.0, zeta: 17.130235054029 },
];

impl Class {
    /// The operations of a whole run, counted as the specification counts them.
    pub(crate) fn operations(&self) -> f64 {
        let products = (self.nonzeros * (self.nonzeros + 1)) as f64;
        2.0 * (self.iterations * self.rows) as f64 * (3.0 + products + 25.0 * (5.0 + products) + 3.0)
    }
}

/// The generator of all NAS benchmarks: `x = 5^13 x mod 2^46`, as a fraction of 2^46. In whole numbers, which are the same
/// as those of the specification, where each is made of two halves in floating point.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let mut dice = Self(314_159_265);
        // The specification draws a number that nobody uses.
        dice.roll();
        dice
    }

    /// Between 0 and 1.
    fn roll(&mut self) -> f64 {
        const MODULUS: u64 = 1 << 46;
        self.0 = self.0.wrapping_mul(5_u64.pow(13)) % MODULUS;
        self.0 as f64 / MODULUS as f64
    }
}

/// A sparse matrix, row by row.
pub(crate) struct Matrix {
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
}

impl Matrix {
    /// The sum of `size * v v'` over all random vectors `v`, whose `size` falls from 1 to 0.1, and in the diagonal 0.1 less
    /// the shift.
    pub(crate) fn new(class: &Class) -> Self {
        const CONDITION: f64 = 0.1;
        let mut dice = Dice::new();
        let mut rows = vec![Vec::new(); class.rows];
        let (mut size, ratio) = (1.0, CONDITION.powf(1.0 / class.rows as f64));
        for at in 0..class.rows {
            let vector = vector(&mut dice, class, at);
            for (column, value) in &vector {
                let scaled = size * value;
                for (row, value) in &vector {
                    rows[*row].push((*column, value * scaled));
                }
            }
            size *= ratio;
        }
        let mut matrix = Self { starts: vec![0], columns: Vec::new(), values: Vec::new() };
        for (at, mut row) in rows.into_iter().enumerate() {
            row.push((at, CONDITION - class.shift));
            // Stable: what stands in the same place is added in the order in which it was made.
            row.sort_by_key(|(column, _)| *column);
            for same in row.chunk_by(|one, other| one.0 == other.0) {
                matrix.columns.push(same[0].0);
                matrix.values.push(same.iter().map(|(_, value)| value).sum());
            }
            matrix.starts.push(matrix.columns.len());
        }
        matrix
    }

    pub(crate) fn nonzeros(&self) -> usize {
        self.values.len()
    }

    /// These rows of the product with a vector. Rows beyond the last are zero.
    pub(crate) fn multiply(&self, rows: Range<usize>, vector: &[f64], product: &mut [f64]) {
        for (row, product) in rows.zip(product) {
            let places = self.starts.get(row..row + 2).map_or(0..0, |ends| ends[0]..ends[1]);
            let (columns, values) = (&self.columns[places.clone()], &self.values[places]);
            *product = columns.iter().zip(values).map(|(column, value)| value * vector[*column]).sum();
        }
    }
}

/// A few random values in random places, and 0.5 in a given one.
fn vector(dice: &mut Dice, class: &Class, half_at: usize) -> Vec<(usize, f64)> {
    let places = class.rows.next_power_of_two() as f64;
    let mut vector: Vec<(usize, f64)> = Vec::with_capacity(class.nonzeros + 1);
    while vector.len() < class.nonzeros {
        let (value, at) = (dice.roll(), (places * dice.roll()) as usize);
        if at < class.rows && vector.iter().all(|(taken, _)| *taken != at) {
            vector.push((at, value));
        }
    }
    match vector.iter_mut().find(|(at, _)| *at == half_at) {
        Some((_, value)) => *value = 0.5,
        None => vector.push((half_at, 0.5)),
    }
    vector
}
