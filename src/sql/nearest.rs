//! Names that were meant: of what exists, what is spelled most like it.

/// The nearest of `known` to `name`, unless it is too far to have been meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.len() / 4).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (distance(&plain(name), &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letter case and underscores make no other name.
fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Levenshtein's distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["eventname", "eventtime", "eventsource", "errorcode", "date_add"];
        let check = |name, expected| assert_eq!(nearest(name, known), expected, "{name}");
        check("evenname", Some("eventname"));
        check("event_name", Some("eventname"));
        check("EventTime", Some("eventtime"));
        check("dateadd", Some("date_add"));
        check("username", None);
        check("x", None);
        check("arn", None);
        check("eventtme", Some("eventtime"));
    }
}
