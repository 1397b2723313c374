//! Pictures made of letters, for where SVG is not shown.

/// A label that is not NULL and not empty, or a word that says which it is.
pub(super) fn named(label: Option<&str>) -> &str {
    match label {
        None => "NULL",
        Some("") => "(empty)",
        Some(label) => label,
    }
}

/// The label without what all principals' ARNs begin with: a chart has little room,
/// and the account and the name say more.
pub(super) fn brief(label: &str) -> &str {
    let principal =
        |rest: &str| ["iam::", "sts::"].iter().find_map(|service| Some(rest.strip_prefix(service)?.len()));
    let rest = label.strip_prefix("arn:").and_then(|rest| rest.split_once(':')).map(|(_, rest)| rest);
    match rest.and_then(principal) {
        Some(length) if length > 0 => &label[label.len() - length..],
        _ => label,
    }
}

/// One character a value: a blank for 0, else a block as high as the value.
pub(super) fn spark(values: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    values
        .iter()
        .map(|&value| match value {
            0 => ' ',
            value => BLOCKS[(value as f64 / most as f64 * 7.0).round() as usize],
        })
        .collect()
}

/// A bar of up to `room` characters; what is not 0 has at least one.
pub(super) fn bar(value: u64, most: u64, room: usize, block: &str) -> String {
    if value == 0 {
        return String::new();
    }
    let length = (value as f64 / most.max(1) as f64 * room as f64).round() as usize;
    block.repeat(length.clamp(1, room))
}
