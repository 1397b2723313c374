//! The values of aggregates, from the rows of a group.
//!
//! Each takes one array: of values, or of rows where the aggregate has several
//! arguments. It has at least one element: without rows, the array is NULL.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::trino::{Eval, EvalError, Key, Value};

pub(super) type Finish = for<'a> fn(&[Value<'a>]) -> Eval<'a>;

fn elements<'v, 'a>(args: &'v [Value<'a>]) -> &'v [Value<'a>] {
    match args {
        [Value::Array(elements)] => elements,
        _ => &[],
    }
}

/// The fields of each row.
fn rows<'v, 'a>(args: &'v [Value<'a>]) -> impl Iterator<Item = &'v [Value<'a>]> {
    elements(args).iter().map(|row| match row {
        Value::Row(fields) => &**fields,
        value => std::slice::from_ref(value),
    })
}

/// Any value that is not NULL: the first.
pub(super) fn any<'a>(args: &[Value<'a>]) -> Eval<'a> {
    Ok(elements(args).iter().find(|value| !value.is_null()).cloned().unwrap_or(Value::Null))
}

pub(super) fn least<'a>(args: &[Value<'a>]) -> Eval<'a> {
    extreme(elements(args), Ordering::Less)
}

pub(super) fn most<'a>(args: &[Value<'a>]) -> Eval<'a> {
    extreme(elements(args), Ordering::Greater)
}

fn extreme<'a>(values: &[Value<'a>], wanted: Ordering) -> Eval<'a> {
    let mut best: Option<&Value<'a>> = None;
    for value in values.iter().filter(|value| !value.is_null()) {
        if best.map_or(Ok(true), |best| value.compare(best).map(|order| order == wanted))? {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

pub(super) fn min_by<'a>(args: &[Value<'a>]) -> Eval<'a> {
    extreme_by(args, Ordering::Less)
}

pub(super) fn max_by<'a>(args: &[Value<'a>]) -> Eval<'a> {
    extreme_by(args, Ordering::Greater)
}

/// Of rows `(x, y)`, the `x` beside the extreme `y`; of several the least, in whatever order they come.
fn extreme_by<'a>(args: &[Value<'a>], wanted: Ordering) -> Eval<'a> {
    let mut best: Option<(&Value<'a>, &Value<'a>)> = None;
    for row in rows(args) {
        let [x, y] = row else { continue };
        if y.is_null() {
            continue;
        }
        let is_better = match best {
            None => true,
            Some((first, best)) => match y.compare(best)? {
                Ordering::Equal => total_order(x, first).is_lt(),
                order => order == wanted,
            },
        };
        if is_better {
            best = Some((x, y));
        }
    }
    Ok(best.map_or(Value::Null, |(x, _)| x.clone()))
}

/// Of rows `(x, n)`, the `n` least values of `x`.
pub(super) fn smallest<'a>(args: &[Value<'a>]) -> Eval<'a> {
    first_by(args, 0, |order| order)
}

pub(super) fn greatest<'a>(args: &[Value<'a>]) -> Eval<'a> {
    first_by(args, 0, Ordering::reverse)
}

/// Of rows `(x, y, n)`, the values of `x` beside the `n` least of `y`.
pub(super) fn smallest_by<'a>(args: &[Value<'a>]) -> Eval<'a> {
    first_by(args, 1, |order| order)
}

pub(super) fn greatest_by<'a>(args: &[Value<'a>]) -> Eval<'a> {
    first_by(args, 1, Ordering::reverse)
}

fn first_by<'a>(args: &[Value<'a>], key: usize, direction: fn(Ordering) -> Ordering) -> Eval<'a> {
    let mut kept: Vec<&[Value<'a>]> =
        rows(args).filter(|row| row.get(key).is_some_and(|y| !y.is_null())).collect();
    let n = match kept.first().and_then(|row| row.last()) {
        Some(Value::Integer(n)) => *n,
        _ => return Ok(Value::Null),
    };
    if n <= 0 {
        return Err(EvalError::argument("the number of values to keep must be positive"));
    }
    let mut failure = None;
    kept.sort_by(|a, b| {
        let order = a[key].compare(&b[key]).unwrap_or_else(|error| {
            failure = Some(error);
            Ordering::Equal
        });
        direction(order)
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(Value::array(kept.into_iter().take(n as usize).map(|row| row[0].clone()))),
    }
}

/// The same values, in their order: what is made of them does not hang on that of the rows.
pub(super) fn sorted<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut values = elements(args).to_vec();
    values.sort_by(total_order);
    Ok(Value::array(values))
}

/// An order of all values of a type, also those that Trino gives none; NULL comes last.
fn total_order(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    let in_turn = |a: &[Value<'_>], b: &[Value<'_>]| {
        let differing = a.iter().zip(b).map(|(a, b)| total_order(a, b)).find(|order| order.is_ne());
        differing.unwrap_or_else(|| a.len().cmp(&b.len()))
    };
    match (a, b) {
        (Value::Null, _) | (_, Value::Null) => a.is_null().cmp(&b.is_null()),
        (Value::Array(a), Value::Array(b)) => in_turn(a, b),
        (Value::Row(a), Value::Row(b)) => in_turn(a, b),
        (Value::Json(a), Value::Json(b)) => a.cmp(b),
        (Value::Map(a), Value::Map(b)) => {
            let flat = |map: &[(_, _)]| {
                map.iter()
                    .flat_map(|(k, v): &(Value<'_>, Value<'_>)| [k.clone(), v.clone()])
                    .collect::<Vec<_>>()
            };
            in_turn(&flat(a), &flat(b))
        }
        (a, b) => a.compare(b).unwrap_or(Ordering::Equal),
    }
}

/// Of the values of a key, one.
pub(super) fn map_agg<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut entries = Entries::default();
    for row in rows(args) {
        if let [key, value] = row
            && !key.is_null()
        {
            entries.entry(key).get_or_insert_with(|| value.clone());
        }
    }
    Ok(entries.into_map(|value| value))
}

pub(super) fn map_union<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut entries = Entries::default();
    for map in elements(args) {
        if let Value::Map(map) = map {
            for (key, value) in map.iter() {
                entries.entry(key).get_or_insert_with(|| value.clone());
            }
        }
    }
    Ok(entries.into_map(|value| value))
}

pub(super) fn multimap_agg<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut entries: Entries<'a, Vec<Value<'a>>> = Entries::default();
    for row in rows(args) {
        if let [key, value] = row
            && !key.is_null()
        {
            entries.entry(key).get_or_insert_with(Vec::new).push(value.clone());
        }
    }
    Ok(entries.into_map(Value::array))
}

pub(super) fn histogram<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut entries: Entries<'a, i64> = Entries::default();
    for value in elements(args).iter().filter(|value| !value.is_null()) {
        *entries.entry(value).get_or_insert(0) += 1;
    }
    Ok(entries.into_map(Value::Integer))
}

/// A map in the making, in the order of its keys' first rows.
struct Entries<'a, T> {
    index: HashMap<Key<'a>, usize>,
    entries: Vec<(Value<'a>, Option<T>)>,
}

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Entries { index: HashMap::new(), entries: Vec::new() }
    }
}

impl<'a, T> Entries<'a, T> {
    fn entry(&mut self, key: &Value<'a>) -> &mut Option<T> {
        let index = *self.index.entry(Key(key.clone())).or_insert_with(|| {
            self.entries.push((key.clone(), None));
            self.entries.len() - 1
        });
        &mut self.entries[index].1
    }

    fn into_map(self, value: impl Fn(T) -> Value<'a>) -> Value<'a> {
        let entries = self.entries.into_iter();
        let entries: Arc<[_]> = entries.map(|(key, x)| (key, x.map_or(Value::Null, &value))).collect();
        Value::Map(entries)
    }
}

/// Of rows `(text, separator)`, or texts, all joined.
pub(super) fn join<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut joined = String::new();
    let mut is_first = true;
    for row in rows(args) {
        let Some(Value::Varchar(text)) = row.first() else { continue };
        if let (false, Some(Value::Varchar(separator))) = (is_first, row.get(1)) {
            joined.push_str(separator);
        }
        joined.push_str(text);
        is_first = false;
    }
    Ok(if is_first { Value::Null } else { Value::Varchar(Cow::Owned(joined)) })
}

pub(super) fn geometric_mean<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut count = 0u32;
    let mut logarithms = 0.0;
    for value in elements(args) {
        if let Value::Double(x) = value {
            count += 1;
            logarithms += x.ln();
        }
    }
    Ok(if count == 0 { Value::Null } else { Value::Double((logarithms / f64::from(count)).exp()) })
}

pub(super) fn sum<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let mut sum = Value::Null;
    for value in elements(args) {
        sum = add(sum, value)?;
    }
    Ok(sum)
}

fn add<'a>(a: Value<'a>, b: &Value<'a>) -> Eval<'a> {
    let overflow = || EvalError::range("the sum does not fit into its type");
    Ok(match (a, b) {
        (a, Value::Null) => a,
        (Value::Null, b) => b.clone(),
        (Value::Integer(a), Value::Integer(b)) => Value::Integer(a.checked_add(*b).ok_or_else(overflow)?),
        (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(a.checked_add(*b).ok_or_else(overflow)?),
        (Value::Millis(a), Value::Millis(b)) => Value::Millis(a.checked_add(*b).ok_or_else(overflow)?),
        (Value::Months(a), Value::Months(b)) => Value::Months(a.checked_add(*b).ok_or_else(overflow)?),
        (Value::Double(a), Value::Double(b)) => Value::Double(a + b),
        (a, _) => a,
    })
}

pub(super) fn avg<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let count = elements(args).iter().filter(|value| !value.is_null()).count() as i64;
    Ok(match sum(args)? {
        Value::Double(sum) => Value::Double(sum / count as f64),
        Value::Integer(sum) => Value::Double(sum as f64 / count as f64),
        Value::Decimal(sum) => Value::Decimal(half_up(sum, i128::from(count))),
        Value::Millis(sum) => Value::Millis(half_up(i128::from(sum), i128::from(count)) as i64),
        Value::Months(sum) => Value::Months(half_up(i128::from(sum), i128::from(count)) as i32),
        _ => Value::Null,
    })
}

/// The quotient, rounded; halves away from zero.
fn half_up(sum: i128, count: i128) -> i128 {
    let (quotient, rest) = (sum / count, sum % count);
    if rest.unsigned_abs() * 2 >= count.unsigned_abs() { quotient + sum.signum() } else { quotient }
}

/// Of rows `(x, share)`, the value that the share of all values is not above.
pub(super) fn percentile<'a>(args: &[Value<'a>]) -> Eval<'a> {
    let kept: Vec<&[Value<'a>]> =
        rows(args).filter(|row| row.first().is_some_and(|x| !x.is_null())).collect();
    let Some(share) = kept.first().and_then(|row| row.get(1)) else { return Ok(Value::Null) };
    let mut failure = None;
    let mut values: Vec<&Value<'a>> = kept.iter().map(|row| &row[0]).collect();
    values.sort_by(|a, b| {
        a.compare(b).unwrap_or_else(|error| {
            failure = Some(error);
            Ordering::Equal
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    let at = |share: &Value<'_>| match share {
        Value::Double(share) if (0.0..=1.0).contains(share) => {
            let rank = (share * values.len() as f64).ceil() as usize;
            Ok(values[rank.clamp(1, values.len()) - 1].clone())
        }
        Value::Null => Ok(Value::Null),
        _ => Err(EvalError::argument("Percentile must be between 0 and 1")),
    };
    match share {
        Value::Array(shares) => shares.iter().map(at).collect::<Result<_, _>>().map(Value::Array),
        share => at(share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(finish: Finish, rows: Vec<Value<'static>>, expected: Value<'static>) {
        let got = finish(&[Value::array(rows)]).unwrap();
        assert_eq!(format!("{got:?}"), format!("{expected:?}"));
    }

    fn row(x: i64, y: i64) -> Value<'static> {
        Value::row([Value::Integer(x), Value::Integer(y)])
    }

    #[test]
    fn what_stands_beside_the_extreme() {
        let rows = vec![row(1, 20), row(2, 10), row(3, 30), Value::row([Value::Integer(4), Value::Null])];
        check(min_by, rows.clone(), Value::Integer(2));
        check(max_by, rows, Value::Integer(3));
        check(max_by, vec![Value::row([Value::Integer(4), Value::Null])], Value::Null);
        check(max_by, vec![row(5, 1), row(3, 1), row(4, 1)], Value::Integer(3));
        let rows = |n| [5, 7, 6].map(|x| row(x, n)).to_vec();
        check(greatest, rows(2), Value::array([Value::Integer(7), Value::Integer(6)]));
        check(smallest, rows(9), Value::array([5, 6, 7].map(Value::Integer)));
    }

    #[test]
    fn rows_in_any_order() {
        let null = Value::row([Value::Null, Value::Integer(0)]);
        check(
            sorted,
            vec![Value::Null, null.clone(), row(2, 1), row(1, 9), row(1, 3)],
            Value::array([row(1, 3), row(1, 9), row(2, 1), null, Value::Null]),
        );
        check(sorted, ["b", "a"].map(Value::text).to_vec(), Value::array(["a", "b"].map(Value::text)));
    }

    #[test]
    fn maps() {
        let entry = |k, v| (Value::Integer(k), v);
        let rows = vec![row(1, 10), row(2, 20), row(1, 30), Value::row([Value::Null, Value::Null])];
        check(
            map_agg,
            rows.clone(),
            Value::Map([entry(1, Value::Integer(10)), entry(2, Value::Integer(20))].into()),
        );
        let lists = [
            entry(1, Value::array([10, 30].map(Value::Integer))),
            entry(2, Value::array([Value::Integer(20)])),
        ];
        check(multimap_agg, rows, Value::Map(lists.into()));
        let values = vec![Value::text("a"), Value::Null, Value::text("b"), Value::text("a")];
        let counts = [(Value::text("a"), Value::Integer(2)), (Value::text("b"), Value::Integer(1))];
        check(histogram, values, Value::Map(counts.into()));
    }

    #[test]
    fn numbers() {
        check(avg, vec![Value::Decimal(5), Value::Null, Value::Decimal(2)], Value::Decimal(4));
        check(avg, vec![Value::Null], Value::Null);
        check(
            percentile,
            (1..=10).map(|x| Value::row([Value::Integer(x), Value::Double(0.9)])).collect(),
            Value::Integer(9),
        );
        let text = |s: &'static str| Value::row([Value::text(s), Value::text(", ")]);
        check(
            join,
            vec![text("a"), Value::row([Value::Null, Value::text(", ")]), text("b")],
            Value::text("a, b"),
        );
    }
}
