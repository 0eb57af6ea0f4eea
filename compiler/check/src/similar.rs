//! "Did you mean": the name in scope that is nearest to a misspelt one.

/// The nearest of the candidates, if one is near enough for its length.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let mut limit = match length {
        0..=4 => 1,
        5 => 2,
        n => n / 3,
    };
    limit = limit.min(length.checked_sub(1)?);
    let (wanted, mut other, mut rows) = (Word::of(name), Word::default(), Rows::default());
    let mut best: Option<(usize, &str)> = None;
    // A file may have thousands of names, and as many misspelt ones: most of them are told apart by a glance.
    for candidate in candidates.into_iter().filter(|candidate| *candidate != name && !candidate.is_empty()) {
        if name.is_ascii() && candidate.is_ascii() && name.len().abs_diff(candidate.len()) > limit {
            continue;
        }
        other.set(candidate);
        if !wanted.may_be_near(&other, limit) {
            continue;
        }
        let found = (rows.distance(&wanted.letters, &other.letters, limit), candidate);
        if found.0 <= limit && best.is_none_or(|best| found < best) {
            (limit, best) = (found.0, Some(found));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// A name without regard to case.
#[derive(Default)]
struct Word {
    letters: Vec<char>,
    /// A bit for each letter that occurs, which some share.
    kinds: u64,
}

impl Word {
    fn of(name: &str) -> Word {
        let mut word = Word::default();
        word.set(name);
        word
    }

    /// Becomes another name, in the same memory.
    fn set(&mut self, name: &str) {
        self.letters.clear();
        self.letters.extend(name.chars().flat_map(char::to_lowercase));
        self.kinds = self.letters.iter().fold(0, |kinds, letter| kinds | 1 << (*letter as u32 % 64));
    }

    /// False only where more than `limit` edits are between the two: an edit brings or takes one kind of letter at most.
    fn may_be_near(&self, other: &Word, limit: usize) -> bool {
        let lacking = (self.kinds & !other.kinds).count_ones().max((other.kinds & !self.kinds).count_ones());
        lacking as usize <= limit && self.letters.len().abs_diff(other.letters.len()) <= limit
    }
}

/// The rows of the table of distances that are at work.
#[derive(Default)]
struct Rows {
    before: Vec<usize>,
    row: Vec<usize>,
    next: Vec<usize>,
}

impl Rows {
    /// Edits between two names, neighbours swapped counting as one (optimal string alignment). Past `limit` it is only
    /// known to be larger.
    fn distance(&mut self, a: &[char], b: &[char], limit: usize) -> usize {
        let Rows { before, row, next } = self;
        let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
        before.clear();
        row.clear();
        row.extend(0..=b.len());
        for (i, x) in a.iter().enumerate() {
            next.clear();
            next.push(i + 1);
            let mut least = i + 1;
            for (j, y) in b.iter().enumerate() {
                let mut best = (at(row, j) + usize::from(x != y)).min(at(row, j + 1) + 1).min(at(next, j) + 1);
                let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
                if swapped {
                    best = best.min(at(before, j - 1) + 1);
                }
                next.push(best);
                least = least.min(best);
            }
            // What follows comes of this row, or with one more edit of the one before it.
            if least > limit && row.iter().all(|edits| *edits >= limit) {
                return limit + 1;
            }
            std::mem::swap(before, row);
            std::mem::swap(row, next);
        }
        at(row, b.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_near_and_another_word_is_not() {
        let names = ["summary", "grade", "confidence"];
        assert_eq!(nearest("sumary", names), Some("summary"));
        assert_eq!(nearest("garde", names), Some("grade"));
        assert_eq!(nearest("Grade", names), Some("grade"));
        assert_eq!(nearest("essay", names), None);
        assert_eq!(nearest("x", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn what_is_passed_over_is_not_near() {
        // All words of up to four letters of an alphabet of three, held against the whole table of each pair.
        let mut words = vec![String::new()];
        for from in 0..40 {
            words.extend(["a", "B", "é"].map(|letter| format!("{}{letter}", words[from])));
        }
        for name in &words {
            let limit = if name.chars().count() == 0 { 0 } else { 1.min(name.chars().count() - 1) };
            let distance = |other: &str| {
                let (a, b) = (Word::of(name), Word::of(other));
                Rows::default().distance(&a.letters, &b.letters, usize::MAX / 4)
            };
            let others = words.iter().filter(|other| *other != name && !other.is_empty());
            let scored = others.map(|other| (distance(other), other.as_str())).min();
            let expected = scored.filter(|(edits, _)| *edits <= limit && !name.is_empty()).map(|(_, other)| other);
            assert_eq!(nearest(name, words.iter().map(String::as_str)), expected, "{name}");
        }
    }
}
