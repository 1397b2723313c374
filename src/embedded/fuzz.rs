//! Whatever bytes an object holds: no panic, and the values that another parser finds.

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::columns::{self, Source};
use super::condition::{Condition, Search};
use super::fields::Fields;
use super::json::Kind;
use super::record::Records;
use super::rows::Rows;
use super::tree::Partition;

/// Fields on several levels, and one alone, which is looked for in another way.
const PATHS: [&[&[&str]]; 2] = [
    &[
        &["eventname"],
        &["eventtime"],
        &["useridentity"],
        &["useridentity", "arn"],
        &["useridentity", "sessioncontext", "sessionissuer", "arn"],
        &["useridentity", "sessioncontext", "ec2roledelivery"],
        &["requestparameters"],
    ],
    &[&["eventname"]],
];

/// Reads the bytes as an object's text in all the ways that a scan does.
///
/// # Panics
///
/// A value is not the one that serde_json finds, or a search for it misses it.
pub(crate) fn records(text: &[u8]) {
    for paths in PATHS {
        let found = find(text, paths);
        let Some(expected) = expect(text, paths) else { continue };
        assert_eq!(found, expected);
    }
    build(text);
}

/// The texts of the fields of each record.
fn find(text: &[u8], paths: &[&[&'static str]]) -> Vec<Vec<Option<String>>> {
    let mut fields = Fields::new();
    let wanted: Vec<usize> = paths.iter().map(|path| fields.want(path)).collect();
    let mut slots = vec![None; fields.len()];
    let mut records = Records::new(text);
    let mut rows = Vec::new();
    while let Some(open) = records.next() {
        let Some(end) = records.read(open, |cursor| fields.find(cursor, open, &mut slots)) else { continue };
        assert!(open < end && end <= text.len());
        rows.push(
            wanted
                .iter()
                .map(|slot| {
                    slots[*slot].map(|span| String::from_utf8_lossy(&text[span.start..span.end]).into())
                })
                .collect(),
        );
        // Whatever the first field holds, a search for it does not pass the record by.
        if let Some(span) = slots[wanted[0]]
            && span.kind == Kind::Plain
            && let Ok(value) = std::str::from_utf8(&text[span.start + 1..span.end - 1])
        {
            let condition = Condition::OneOf(paths[0].to_vec(), vec![value.to_owned()]);
            let mut own = Fields::new();
            let test = condition.test(&mut own);
            let mut one = vec![None; own.len()];
            let mut again = Records::new(text);
            if again.next() == Some(open)
                && again.read(open, |cursor| own.find(cursor, open, &mut one)).is_some()
            {
                assert!(test.may_pass(text, &one), "{value}");
            }
            let search = Search::new(&condition);
            let is_hit = |spots: &[usize]| spots.iter().any(|spot| (open..end).contains(spot));
            assert!(search.is_none_or(|mut search| is_hit(search.find(text))), "{value}");
        }
    }
    rows
}

/// The same of what serde_json makes of the text, if that is `{"Records":[{…}, …]}`.
fn expect(text: &[u8], paths: &[&[&str]]) -> Option<Vec<Vec<Option<String>>>> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let Members(envelope) = serde_json::from_slice(text).ok()?;
    let [(name, array)] = envelope.as_slice() else { return None };
    let records: Vec<&RawValue> = serde_json::from_str(array.get()).ok().filter(|_| name == "Records")?;
    records
        .into_iter()
        .map(|record| {
            let of = |path: &&[&str]| {
                path.iter().try_fold(record, |value, name| {
                    let Members(members) = serde_json::from_str(value.get()).ok()?;
                    let named = members.into_iter().rfind(|(key, _)| key.eq_ignore_ascii_case(name));
                    named.map(|(_, value)| value)
                })
            };
            record
                .get()
                .starts_with('{')
                .then(|| paths.iter().map(|path| of(path).map(|value| value.get().to_owned())).collect())
        })
        .collect()
}

/// The members of an object as they come, repeated ones too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// Builds rows of every column.
fn build(text: &[u8]) {
    let sources: Vec<Source> = (0..).map_while(Source::column).collect();
    let mut fields = Fields::new();
    let mut rows = Rows::new(columns::schema(), &sources, true, &mut fields);
    let mut slots = vec![None; fields.len()];
    let mut records = Records::new(text);
    let partition = Partition::default();
    while let Some(open) = records.next() {
        if records.read(open, |cursor| fields.find(cursor, open, &mut slots)).is_some() {
            rows.append(text, &slots, &partition, false);
        }
    }
    let count = rows.len();
    let batch = rows.finish().expect("rows of the schema");
    assert_eq!(batch.num_rows(), count);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What fuzzing found, and what it starts from.
    #[test]
    fn findings() {
        let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/records");
        let mut count = 0;
        for entry in std::fs::read_dir(seeds).unwrap() {
            records(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 0);
    }
}
