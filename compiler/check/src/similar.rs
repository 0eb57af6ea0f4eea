//! "Did you mean": the name in scope that is nearest to a misspelt one.

/// The nearest of the candidates, if one is near enough for its length.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match name.chars().count() {
        0..=4 => 1,
        5 => 2,
        n => n / 3,
    };
    let scored = candidates.into_iter().filter(|candidate| *candidate != name && !candidate.is_empty());
    let best = scored.map(|candidate| (distance(name, candidate, limit), candidate)).min()?;
    (best.0 <= limit && best.0 < name.chars().count()).then_some(best.1)
}

/// Edits between two names, neighbours swapped counting as one, case as none (optimal string alignment). Past `limit`
/// it is only known to be larger.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    at(&row, b.len())
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
    }
}
