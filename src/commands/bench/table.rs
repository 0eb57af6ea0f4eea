//! Lines of figures under a head, each written as soon as it is known.

use std::fmt::Write as _;

use sgl_bench::Roof;

use crate::terminal::{DIM, NAME};

/// Columns by name and width; the first is a name and the others are figures.
pub struct Table(pub &'static [(&'static str, usize)]);

impl Table {
    /// The names of the columns.
    pub fn head(&self) -> String {
        format!("{DIM}{}{DIM:#}\n", self.cells(&self.0.iter().map(|(name, _)| (*name).to_string()).collect::<Vec<_>>()))
    }

    /// One line.
    pub fn line(&self, name: &str, figures: &[String]) -> String {
        let width = self.0.first().map_or(0, |(_, width)| *width);
        let others: Vec<String> = std::iter::once(String::new()).chain(figures.iter().cloned()).collect();
        let figures = self.cells(&others);
        format!("{NAME}{name:<width$}{NAME:#}{}\n", figures.get(width..).unwrap_or_default())
    }

    fn cells(&self, cells: &[String]) -> String {
        let mut out = String::new();
        for (index, ((_, width), cell)) in self.0.iter().zip(cells).enumerate() {
            let _ = match index {
                0 => write!(out, "{cell:<width$}"),
                _ => write!(out, "  {cell:>width$}"),
            };
        }
        out
    }
}

/// `41.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// What the machine can do, for the head of a table.
pub fn limits(roof: &Roof) -> String {
    format!(
        "memory {:.1} GB/s, 8-bit products {:.0} GOP/s",
        roof.bytes_per_second / 1e9,
        roof.operations_per_second / 1e9
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_under_their_names() {
        let table = Table(&[("work", 10), ("tokens/s", 9), ("roof", 7)]);
        let text = table.head() + &table.line("decode 4", &["93.1".into(), percent(0.5)]);
        insta::assert_snapshot!(crate::visible::plain(&text), @r"
        work         tokens/s     roof
        decode 4         93.1   50.0 %
        ");
    }
}
