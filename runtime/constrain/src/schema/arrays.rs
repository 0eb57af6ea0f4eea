//! Atoms of arrays → [`Array`].

use super::formula::{Formula, Items, Lit};
use super::normal::{Node, Normal};
use super::problem::Problem;
use crate::lower::shape::{Array, Count};

/// Counters of one array or object at most.
pub(super) const COUNTERS: usize = 64;

/// What is counted over the items.
enum Counter {
    /// Items of which this holds.
    Contains(Lit, Count),
    /// Items of which this does not hold in their place.
    Violates(Items),
}

impl Normal {
    /// The arrays of which all of `atoms` hold; none where there plainly are none.
    pub(super) fn array(&mut self, node: &Node, atoms: &[Lit]) -> Result<Option<Array>, Problem> {
        let (mut min, mut max): (u32, Option<u32>) = (0, None);
        let (mut all, mut counters): (Vec<Items>, Vec<Counter>) = (Vec::new(), Vec::new());
        let (mut distinct, mut repeated) = (false, false);
        for atom in atoms {
            match (&*self.translator.formulas.get(*atom), atom.is_positive()) {
                (Formula::Count(least, most), true) => {
                    min = min.max(*least);
                    max = [max, *most].into_iter().flatten().min();
                }
                (Formula::Items(items), true) => all.push(items.clone()),
                (Formula::Items(items), false) => counters.push(Counter::Violates(items.clone())),
                (Formula::Contains { item, min, max }, true) => {
                    counters.push(Counter::Contains(*item, Count { min: *min, max: *max }));
                }
                (Formula::Distinct, positive) => {
                    distinct |= positive;
                    repeated |= !positive;
                }
                _ => {}
            }
        }
        if repeated {
            if max.is_some_and(|max| max < 2) {
                self.because(node, || "`uniqueItems` holds of arrays with fewer than two items".into());
                return Ok(None);
            }
            return Err(Problem {
                at: node.at.to_string(),
                keyword: "uniqueItems".into(),
                reason: "an array that must repeat an item cannot be asked for".into(),
                hint: "take `uniqueItems` out of `not`, `if`, and the branches of `oneOf` that others overlap".into(),
            });
        }
        if counters.len() > COUNTERS {
            return Err(Problem { at: node.at.to_string(), ..Problem::limit("things counted in one array", COUNTERS) });
        }
        // Two items are needed for one to be repeated.
        distinct &= max.is_none_or(|max| max > 1);
        let canonical = node.canonical || distinct;
        let places = |counter: &Counter| match counter {
            Counter::Violates(items) => items.prefix.len(),
            Counter::Contains(..) => 0,
        };
        let first = all.iter().map(|items| items.prefix.len()).chain(counters.iter().map(places)).max().unwrap_or(0);
        let mut prefix = Vec::new();
        for place in 0..first {
            if max.is_some_and(|max| place >= max as usize) {
                break;
            }
            let ways = self.item(&all, &counters, place, canonical)?;
            if ways.is_empty() {
                max = Some(place as u32);
                break;
            }
            prefix.push(ways);
        }
        let mut rest = Vec::new();
        if max.is_none_or(|max| first < max as usize) {
            rest = self.item(&all, &counters, first, canonical)?;
            if rest.is_empty() {
                max = Some(first as u32);
            }
        }
        if let Some(max) = max
            && min > max
        {
            self.because(node, || format!("at least {min} items are asked for, and there can be at most {max}"));
            return Ok(None);
        }
        let counts = counters.iter().map(|counter| match counter {
            Counter::Contains(_, count) => *count,
            Counter::Violates(_) => Count { min: 1, max: None },
        });
        Ok(Some(Array { prefix, rest, min, max, counters: counts.collect(), distinct }))
    }

    /// The ways of the item at `place`.
    fn item(
        &mut self,
        all: &[Items],
        counters: &[Counter],
        place: usize,
        canonical: bool,
    ) -> Result<Vec<crate::lower::shape::Way>, Problem> {
        let lits: Vec<Lit> = all.iter().map(|items| items.at(place)).collect();
        let hits = counters.iter().map(|counter| match counter {
            Counter::Contains(item, count) => (self.translator.formulas.resolved(*item), count.max.is_some()),
            Counter::Violates(items) => (self.translator.formulas.resolved(!items.at(place)), false),
        });
        let hits: Vec<(Lit, bool)> = hits.collect();
        self.ways(&lits, &hits, canonical)
    }
}
