//! Symmetric linear equations.
//!
//! Duty: solve them by Cholesky's factors. Prohibition: no knowledge of what they are for.
#![expect(
    clippy::float_arithmetic,
    reason = "linear algebra is real arithmetic; no result enters a decision unquantised"
)]

/// A square matrix, row by row.
#[derive(Clone, Debug)]
pub(super) struct Square {
    size: usize,
    cells: Vec<f64>,
}

impl Square {
    pub(super) fn zero(size: usize) -> Self {
        Self {
            size,
            cells: vec![0.0; size.saturating_mul(size)],
        }
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        let index = row.saturating_mul(self.size).saturating_add(column);
        self.cells.get(index).copied().unwrap_or(0.0)
    }

    pub(super) fn add(&mut self, row: usize, column: usize, value: f64) {
        let index = row.saturating_mul(self.size).saturating_add(column);
        if let Some(cell) = self.cells.get_mut(index) {
            *cell += value;
        }
    }

    /// The `x` with `self · x = b`; `None` unless the matrix is positive definite.
    pub(super) fn solve(&self, b: &[f64]) -> Option<Vec<f64>> {
        let lower = self.cholesky()?;
        let mut x: Vec<f64> = Vec::with_capacity(self.size);
        for (row, value) in b.iter().enumerate() {
            let known: f64 = x
                .iter()
                .enumerate()
                .map(|(i, x)| lower.at(row, i) * x)
                .sum();
            x.push((value - known) / lower.at(row, row));
        }
        for row in (0..self.size).rev() {
            let known: f64 = x
                .iter()
                .enumerate()
                .skip(row.saturating_add(1))
                .map(|(i, x)| lower.at(i, row) * x)
                .sum();
            if let Some(value) = x.get_mut(row) {
                *value = (*value - known) / lower.at(row, row);
            }
        }
        Some(x)
    }

    /// The lower triangle whose product with its mirror image is this.
    fn cholesky(&self) -> Option<Self> {
        let mut lower = Self::zero(self.size);
        for row in 0..self.size {
            for column in 0..=row {
                let known: f64 = (0..column)
                    .map(|i| lower.at(row, i) * lower.at(column, i))
                    .sum();
                let rest = self.at(row, column) - known;
                let value = if row == column {
                    if rest.is_nan() || rest <= 0.0 {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower.at(column, column)
                };
                lower.add(row, column, value);
            }
        }
        Some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_was_multiplied() {
        let mut matrix = Square::zero(3);
        for (row, column, value) in [
            (0, 0, 4.0),
            (1, 1, 5.0),
            (2, 2, 6.0),
            (0, 1, 1.0),
            (1, 0, 1.0),
            (1, 2, -2.0),
            (2, 1, -2.0),
        ] {
            matrix.add(row, column, value);
        }
        // x = (1, 2, 3)
        let x = matrix.solve(&[6.0, 5.0, 14.0]).unwrap();
        for (found, expected) in x.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-14, "{found}");
        }
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        let mut matrix = Square::zero(2);
        matrix.add(0, 0, 1.0);
        assert!(matrix.solve(&[1.0, 1.0]).is_none());
    }
}
