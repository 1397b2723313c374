//! What of a query's conditions can be told from a record's text.
//!
//! Everything here is a hint: it may let through records that do not match,
//! which DataFusion's own filter drops, but no record that does may be missed.

use std::sync::Arc;

use datafusion::{
    common::ScalarValue,
    logical_expr::Operator,
    physical_expr::{PhysicalExpr, ScalarFunctionExpr, expressions as physical},
};
use memchr::memmem::Finder;

use super::{
    columns::{Shape, Source},
    fields::{Fields, Slots},
    json::{self, Kind, Span},
};

/// A condition on a record's fields.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// The text is one of these.
    OneOf(Path, Vec<String>),
    /// The text compares like this with an ASCII text.
    Compare(Path, Operator, String),
    /// The text holds this.
    Contains(Path, String),
    IsNull(Path),
    IsNotNull(Path),
    /// Nothing is known: any record may match.
    Unknown,
}

/// Where in a record a text stands.
pub(super) type Path = Vec<&'static str>;

impl Condition {
    /// What `expr`, over columns that come from `sources`, demands.
    pub(super) fn of(expr: &Arc<dyn PhysicalExpr>, sources: &[Source], null_as_text: bool) -> Condition {
        Reading { sources, null_as_text }.condition(expr)
    }

    /// A test for the fields found in a record.
    pub(super) fn test(&self, fields: &mut Fields) -> Test {
        match self {
            Condition::All(parts) => Test::All(parts.iter().map(|part| part.test(fields)).collect()),
            Condition::Any(parts) => Test::Any(parts.iter().map(|part| part.test(fields)).collect()),
            Condition::OneOf(path, texts) => Test::OneOf(fields.want(path), texts.clone()),
            Condition::Compare(path, op, text) => Test::Compare(fields.want(path), *op, text.clone()),
            Condition::Contains(path, text) => {
                Test::Contains(fields.want(path), Box::new(Finder::new(text).into_owned()))
            }
            Condition::IsNull(path) => Test::IsNull(fields.want(path)),
            Condition::IsNotNull(path) => Test::IsNotNull(fields.want(path)),
            Condition::Unknown => Test::Pass,
        }
    }

    /// The greatest text that the field at `path` of a matching record is known to reach.
    pub(super) fn lower_bound(&self, path: &[&str]) -> Option<&str> {
        match self {
            Condition::All(parts) => parts.iter().filter_map(|part| part.lower_bound(path)).max(),
            Condition::Compare(at, Operator::Gt | Operator::GtEq, text) if at == path => Some(text),
            _ => None,
        }
    }

    /// Texts of which every matching record has at least one, as long and as few as can be had.
    fn literals(&self) -> Option<Vec<Literal>> {
        match self {
            Condition::All(parts) => parts
                .iter()
                .filter_map(Condition::literals)
                .max_by_key(|set| (std::cmp::Reverse(set.len()), set.iter().map(|l| l.text.len()).min())),
            Condition::Any(parts) => {
                let sets: Option<Vec<_>> = parts.iter().map(Condition::literals).collect();
                sets.map(|sets| sets.concat())
            }
            Condition::OneOf(_, texts) => texts.iter().map(|text| Literal::equal(text)).collect(),
            Condition::Contains(_, text) => Literal::within(text).map(|literal| vec![literal]),
            _ => None,
        }
    }
}

/// Reads DataFusion's expressions.
struct Reading<'a> {
    sources: &'a [Source],
    null_as_text: bool,
}

impl Reading<'_> {
    fn condition(&self, expr: &Arc<dyn PhysicalExpr>) -> Condition {
        self.read(expr).unwrap_or(Condition::Unknown)
    }

    fn read(&self, expr: &Arc<dyn PhysicalExpr>) -> Option<Condition> {
        if let Some(binary) = expr.downcast_ref::<physical::BinaryExpr>() {
            return self.binary(binary);
        }
        if let Some(list) = expr.downcast_ref::<physical::InListExpr>() {
            let texts: Option<Vec<String>> = list.list().iter().map(literal).collect();
            return (!list.negated()).then_some(Condition::OneOf(self.path(list.expr())?, texts?));
        }
        if let Some(like) = expr.downcast_ref::<physical::LikeExpr>() {
            if like.negated() || like.case_insensitive() {
                return None;
            }
            let piece = longest_piece(&literal(like.pattern())?)?;
            return Some(Condition::Contains(self.path(like.expr())?, piece));
        }
        if let Some(null) = expr.downcast_ref::<physical::IsNullExpr>() {
            return Some(Condition::IsNull(self.path(null.arg())?));
        }
        if let Some(null) = expr.downcast_ref::<physical::IsNotNullExpr>() {
            return Some(Condition::IsNotNull(self.path(null.arg())?));
        }
        None
    }

    fn binary(&self, binary: &physical::BinaryExpr) -> Option<Condition> {
        let (left, right) = (binary.left(), binary.right());
        match binary.op() {
            Operator::And => Some(Condition::All(vec![self.condition(left), self.condition(right)])),
            Operator::Or => Some(Condition::Any(vec![self.condition(left), self.condition(right)])),
            op => match (literal(left), literal(right)) {
                (None, Some(text)) => self.compare(left, *op, text),
                (Some(text), None) => self.compare(right, op.swap()?, text),
                _ => None,
            },
        }
    }

    fn compare(&self, value: &Arc<dyn PhysicalExpr>, op: Operator, text: String) -> Option<Condition> {
        let path = self.path(value)?;
        match op {
            Operator::Eq => Some(Condition::OneOf(path, vec![text])),
            // Bytes that are not UTF-8 become U+FFFD only later; before ASCII that makes no difference.
            Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq if text.is_ascii() => {
                Some(Condition::Compare(path, op, text))
            }
            _ => None,
        }
    }

    fn path(&self, expr: &Arc<dyn PhysicalExpr>) -> Option<Path> {
        match source(expr, self.sources)? {
            source if self.null_as_text && source.null_may_be_text() => None,
            Source::Record { path, shape: Shape::Text } => Some(path),
            _ => None,
        }
    }
}

/// The source that an expression merely names: a column or a struct's member.
pub(super) fn source(expr: &Arc<dyn PhysicalExpr>, sources: &[Source]) -> Option<Source> {
    if let Some(column) = expr.downcast_ref::<physical::Column>() {
        return sources.get(column.index()).cloned();
    }
    let call = expr.downcast_ref::<ScalarFunctionExpr>().filter(|call| call.name() == "get_field")?;
    let (base, members) = call.args().split_first()?;
    members.iter().try_fold(source(base, sources)?, |source, member| source.member(&literal(member)?))
}

fn literal(expr: &Arc<dyn PhysicalExpr>) -> Option<String> {
    match expr.downcast_ref::<physical::Literal>()?.value() {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => text.clone(),
        _ => None,
    }
}

/// The longest text that a LIKE pattern demands as it stands.
fn longest_piece(pattern: &str) -> Option<String> {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' | '_' => pieces.push(String::new()),
            '\\' => pieces.last_mut()?.extend(characters.next()),
            character => pieces.last_mut()?.push(character),
        }
    }
    pieces.into_iter().max_by_key(String::len).filter(|piece| !piece.is_empty())
}

/// [`Condition`] for the slots of [`Fields`].
pub(super) enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    OneOf(usize, Vec<String>),
    Compare(usize, Operator, String),
    Contains(usize, Box<Finder<'static>>),
    IsNull(usize),
    IsNotNull(usize),
    Pass,
}

impl Test {
    /// Whether the record may match.
    pub(super) fn may_pass(&self, text: &[u8], slots: &Slots) -> bool {
        let with = |slot: usize, holds: &dyn Fn(&[u8]) -> bool| match slots[slot] {
            None | Some(Span { kind: Kind::Null, .. }) => false,
            Some(Span { start, end, kind: Kind::Plain }) => holds(&text[start + 1..end - 1]),
            Some(Span { start, end, kind: Kind::Bare }) => holds(&text[start..end]),
            Some(_) => true,
        };
        match self {
            Test::All(parts) => parts.iter().all(|part| part.may_pass(text, slots)),
            Test::Any(parts) => parts.iter().any(|part| part.may_pass(text, slots)),
            Test::OneOf(slot, texts) => {
                with(*slot, &|value| is_strange(value) || texts.iter().any(|text| text.as_bytes() == value))
            }
            Test::Compare(slot, op, text) => with(*slot, &|value| match op {
                Operator::Lt => value < text.as_bytes(),
                Operator::LtEq => value <= text.as_bytes(),
                Operator::Gt => value > text.as_bytes(),
                _ => value >= text.as_bytes(),
            }),
            Test::Contains(slot, finder) => {
                with(*slot, &|value| is_strange(value) || finder.find(value).is_some())
            }
            Test::IsNull(slot) => matches!(slots[*slot], None | Some(Span { kind: Kind::Null, .. })),
            Test::IsNotNull(slot) => !matches!(slots[*slot], None | Some(Span { kind: Kind::Null, .. })),
            Test::Pass => true,
        }
    }
}

/// Whether the column will hold something else than these bytes.
fn is_strange(value: &[u8]) -> bool {
    !value.is_ascii() && std::str::from_utf8(value).is_err()
}

/// A text that stands in an object as it is, unless escapes hide it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Literal {
    /// Without quotes, backslashes and control characters, which JSON spells otherwise.
    text: String,
    quoted: bool,
}

impl Literal {
    /// What a field that equals `text` shows.
    fn equal(text: &str) -> Option<Literal> {
        // Only a number or a boolean may stand without quotes.
        let bare =
            matches!(text, "true" | "false") || text.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let nested = text.starts_with(['{', '[']);
        if !nested && text.chars().all(is_itself) && !text.is_empty() {
            return Some(Literal { text: text.to_owned(), quoted: !bare });
        }
        Literal::within(text)
    }

    /// What a field that holds `text` shows: its longest part that looks the same in JSON.
    fn within(text: &str) -> Option<Literal> {
        let parts = text.split(|c| !is_itself(c)).filter(|part| !may_be_spaced(part));
        let text = parts.max_by_key(|part| part.len())?.to_owned();
        (text.len() > 2).then_some(Literal { text, quoted: false })
    }

    fn bytes(&self) -> Vec<u8> {
        let quote = if self.quoted { "\"" } else { "" };
        format!("{quote}{}{quote}", self.text).into_bytes()
    }

    /// Whether the character, written as an escape, could be one of this text.
    fn may_hide(&self, code: u32) -> bool {
        match char::from_u32(code) {
            Some(character) => self.text.contains(character),
            None => self.text.chars().any(|character| character as u32 > 0xFFFF),
        }
    }
}

/// Whether JSON writes the character as it is. U+FFFD may stand for bytes that are not UTF-8.
fn is_itself(character: char) -> bool {
    !matches!(character, '"' | '\\' | '\0'..='\x1F' | char::REPLACEMENT_CHARACTER)
}

/// Whether white space may stand within: where it is JSON between strings rather than in one.
fn may_be_spaced(part: &str) -> bool {
    let structure = |c| matches!(c, '{' | '}' | '[' | ']' | ':' | ',');
    part.contains(structure) && part.chars().all(|c| structure(c) || "truefalsn0123456789+-.E".contains(c))
}

/// Finds where in a text records may match, by the literals that they must have.
pub(super) struct Search {
    literals: Vec<(Literal, Finder<'static>)>,
    unicode: Finder<'static>,
    solidus: Finder<'static>,
    found: Vec<usize>,
}

/// With more literals, looking for each of them takes longer than reading the records.
const MOST_LITERALS: usize = 4;

impl Search {
    /// `None` if the condition demands no literal.
    pub(super) fn new(condition: &Condition) -> Option<Search> {
        let literals = condition.literals().filter(|literals| literals.len() <= MOST_LITERALS)?;
        let literals = literals.into_iter().map(|literal| {
            let finder = Finder::new(&literal.bytes()).into_owned();
            (literal, finder)
        });
        Some(Search {
            literals: literals.collect(),
            unicode: Finder::new(r"\u").into_owned(),
            solidus: Finder::new(r"\/").into_owned(),
            found: Vec::new(),
        })
    }

    /// Every position in `text` at which a literal stands or may be hidden by an escape, in order.
    pub(super) fn find(&mut self, text: &[u8]) -> &[usize] {
        let Search { literals, unicode, solidus, found } = self;
        found.clear();
        for (_, finder) in &*literals {
            found.extend(finder.find_iter(text));
        }
        found.extend(unicode.find_iter(text).filter(|at| match json::hex4(&text[at + 2..]) {
            Some((code, _)) => literals.iter().any(|(literal, _)| literal.may_hide(code)),
            None => false,
        }));
        if literals.iter().any(|(literal, _)| literal.text.contains('/')) {
            found.extend(solidus.find_iter(text));
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embedded::record::Records;

    #[test]
    fn literals_are_what_json_shows() {
        let text =
            |literal: Option<Literal>| literal.map(|literal| String::from_utf8(literal.bytes()).unwrap());
        for (value, expected) in [
            ("ConsoleLogin", Some("\"ConsoleLogin\"")),
            ("a b/c", Some("\"a b/c\"")),
            ("caf\u{e9}", Some("\"caf\u{e9}\"")),
            ("true", Some("true")),
            ("12", Some("12")),
            ("123", Some("123")),
            ("say \"Hello\" twice", Some(" twice")),
            ("line\nbroken", Some("broken")),
            ("\u{fffd}broken", Some("broken")),
            (r#"{"key":[1,2]}"#, Some("key")),
            (r#"[1,2,3,4]"#, None),
            ("", None),
        ] {
            assert_eq!(text(Literal::equal(value)).as_deref(), expected, "{value}");
        }
        for (piece, expected) in [
            (r#""key":"value""#, Some("value")),
            ("arn:aws:iam", Some("arn:aws:iam")),
            ("},{", None),
            (":true,", None),
            ("us", None),
        ] {
            assert_eq!(text(Literal::within(piece)).as_deref(), expected, "{piece}");
        }
    }

    #[test]
    fn the_longest_piece_of_a_pattern_counts() {
        for (pattern, expected) in [
            ("%abc%de%", Some("abc")),
            ("a_bcd", Some("bcd")),
            (r"100\%_x", Some("100%")),
            ("%", None),
            ("", None),
        ] {
            assert_eq!(longest_piece(pattern).as_deref(), expected, "{pattern}");
        }
    }

    /// The string as JSON, each character in the way that `spelling` says.
    fn spell(text: &str, spelling: &[u8]) -> String {
        let mut json = String::from('"');
        for (index, character) in text.chars().enumerate() {
            let escape = spelling.get(index).copied().unwrap_or(0);
            if escape == 1 || matches!(character, '"' | '\\' | '\0'..='\x1F') {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            } else if escape == 2 && character == '/' {
                json.push_str("\\/");
            } else {
                json.push(character);
            }
        }
        json + "\""
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c/:{\"\u{e9}\u{1F600}\\\\]{0,6}",
            Just("needle".to_owned()),
            Just("x/needle".to_owned())
        ]
    }

    proptest! {
        /// Whatever a condition holds of, neither its search nor its test misses.
        #[test]
        fn nothing_that_matches_is_missed(
            values in prop::collection::vec((value(), prop::collection::vec(0u8..4, 6), any::<bool>()), 1..6),
            wanted in value(),
            other in value(),
        ) {
            let nested = |text: &str| format!("{{\"k\" : [{text} ,1]}}");
            let records: Vec<String> = values.iter().map(|(value, spelling, nest)| {
                let text = spell(value, spelling);
                format!("{{\"a\":{}}}", if *nest { nested(&text) } else { text })
            }).collect();
            let text = format!("{{\"Records\":[{}]}}", records.join(","));

            let equal = Condition::OneOf(vec!["a"], vec![wanted.clone(), other.clone()]);
            let contains = longest_piece(&wanted.replace('\\', r"\\"));
            let conditions = [Some(equal), contains.map(|piece| Condition::Contains(vec!["a"], piece))];
            for condition in conditions.into_iter().flatten() {
                let mut fields = Fields::new();
                let test = condition.test(&mut fields);
                let mut slots = vec![None; fields.len()];
                let mut search = Search::new(&condition);
                let spots = search.as_mut().map(|search| search.find(text.as_bytes()).to_vec());
                let mut records = Records::new(text.as_bytes());
                let mut index = 0;
                while let Some(open) = records.next() {
                    let end = records.read(open, |cursor| fields.find(cursor, open, &mut slots)).unwrap();
                    let (value, spelling, nest) = &values[index];
                    // What the column holds.
                    let column = match nest {
                        true => format!("{{\"k\":[{},1]}}", spell(value, spelling)),
                        false => value.clone(),
                    };
                    let matches = match &condition {
                        Condition::OneOf(_, texts) => texts.contains(&column),
                        Condition::Contains(_, piece) => column.contains(piece.as_str()),
                        _ => false,
                    };
                    if matches {
                        prop_assert!(test.may_pass(text.as_bytes(), &slots), "{text} {condition:?}");
                        let hit = |spots: &Vec<usize>| spots.iter().any(|spot| (open..end).contains(spot));
                        prop_assert!(spots.as_ref().is_none_or(hit), "{text} {condition:?}");
                    }
                    index += 1;
                }
            }
        }
    }
}
