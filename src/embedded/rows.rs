//! Records become Arrow arrays, one builder a column, without values in between.

use std::sync::Arc;

use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, ListArray, MapArray, NullBufferBuilder, RecordBatch, RecordBatchOptions,
        StringArray, StructArray,
    },
    buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::{DataType, FieldRef, Fields as ArrowFields, SchemaRef},
    error::ArrowError,
};

use super::{
    columns::{PartitionKey, Shape, Source},
    fields::{Fields, Keys, Slots},
    json::{self, Cursor, Kind, Span},
    tree::Partition,
};

/// Builds batches of rows.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Builder>,
    rows: usize,
}

impl Rows {
    /// Rows with a column for each of `sources`, which `schema` names; the fields they need are added to `fields`.
    pub(super) fn new(
        schema: SchemaRef,
        sources: &[Source],
        null_as_text: bool,
        fields: &mut Fields,
    ) -> Self {
        let columns = sources
            .iter()
            .map(|source| match source {
                Source::Record { path, shape } => {
                    Builder::new(path, shape, null_as_text && source.null_may_be_text(), fields)
                }
                Source::Partition(key) => Builder::Partition { key: *key, out: Text::default() },
                Source::IsNull(name) => Builder::IsNull { slot: fields.want(&[*name]), out: Vec::new() },
                Source::IsDuplicate => Builder::IsDuplicate { out: Vec::new() },
            })
            .collect();
        Rows { schema, columns, rows: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// Appends the record of `text` whose fields are in `slots`.
    pub(super) fn append(&mut self, text: &[u8], slots: &Slots, partition: &Partition, is_duplicate: bool) {
        self.rows += 1;
        for column in &mut self.columns {
            match column {
                Builder::IsDuplicate { out } => out.push(is_duplicate),
                column => column.append(text, slots, partition),
            }
        }
    }

    /// The rows so far as a batch; the next rows make another one.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Builder::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
    }
}

enum Builder {
    Partition {
        key: PartitionKey,
        out: Text,
    },
    IsNull {
        slot: usize,
        out: Vec<bool>,
    },
    /// Told by whoever appends a record.
    IsDuplicate {
        out: Vec<bool>,
    },
    Text {
        slot: usize,
        null_as_text: bool,
        out: Text,
    },
    Struct {
        slot: usize,
        out: Struct,
    },
    Structs {
        slot: usize,
        element: Box<Element>,
        field: FieldRef,
        out: Lists,
    },
    Map {
        slot: usize,
        keys: Text,
        values: Text,
        field: FieldRef,
        out: Lists,
    },
}

impl Builder {
    fn new(path: &[&'static str], shape: &'static Shape, null_as_text: bool, fields: &mut Fields) -> Self {
        let slot = fields.want(path);
        match shape {
            Shape::Text => Builder::Text { slot, null_as_text, out: Text::default() },
            Shape::Struct(_) => Builder::Struct { slot, out: Struct::new(path, shape, fields) },
            Shape::Structs(_) => {
                let mut fields = Fields::new();
                let members = Struct::new(&[], shape, &mut fields);
                let slots = vec![None; fields.len()];
                let element = Box::new(Element { fields, slots, members });
                Builder::Structs { slot, element, field: inner_field(shape), out: Lists::default() }
            }
            Shape::Map => Builder::Map {
                slot,
                keys: Text::default(),
                values: Text::default(),
                field: inner_field(shape),
                out: Lists::default(),
            },
        }
    }

    fn append(&mut self, text: &[u8], slots: &Slots, partition: &Partition) {
        match self {
            Builder::Partition { key, out } => match key.of(partition) {
                Some(value) => out.append(value.as_bytes()),
                None => out.append_null(),
            },
            Builder::IsNull { slot, out } => {
                out.push(matches!(slots[*slot], Some(Span { kind: Kind::Null, .. })));
            }
            Builder::IsDuplicate { .. } => {}
            Builder::Text { slot, null_as_text, out } => match slots[*slot] {
                Some(Span { kind: Kind::Null, .. }) if *null_as_text => out.append(b"null"),
                value => out.append_value(text, value),
            },
            Builder::Struct { slot, out } => {
                let present = matches!(slots[*slot], Some(Span { kind: Kind::Object, .. }));
                out.append(present, text, slots, partition);
            }
            Builder::Structs { slot, element, out, .. } => match slots[*slot] {
                Some(Span { start, kind: Kind::Array, .. }) => {
                    let elements = element.append_all(text, start, partition);
                    out.append(elements);
                }
                _ => out.append_null(),
            },
            Builder::Map { slot, keys, values, out, .. } => match slots[*slot] {
                Some(Span { start, kind: Kind::Object, .. }) => {
                    let entries = entries(text, start);
                    out.append(entries.len());
                    for (key, value) in entries {
                        keys.append_value(text, Some(key));
                        values.append_value(text, Some(value));
                    }
                }
                _ => out.append_null(),
            },
        }
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Builder::Partition { out, .. } | Builder::Text { out, .. } => Arc::new(out.finish()),
            Builder::IsNull { out, .. } | Builder::IsDuplicate { out } => {
                Arc::new(BooleanArray::from(std::mem::take(out)))
            }
            Builder::Struct { out, .. } => Arc::new(out.finish()?),
            Builder::Structs { element, field, out, .. } => {
                let (offsets, nulls) = out.finish();
                let values = Arc::new(element.members.finish()?);
                Arc::new(ListArray::try_new(field.clone(), offsets, values, nulls)?)
            }
            Builder::Map { keys, values, field, out, .. } => {
                let (offsets, nulls) = out.finish();
                let DataType::Struct(names) = field.data_type() else {
                    return Err(ArrowError::SchemaError("a map's entries are structs".into()));
                };
                let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), Arc::new(values.finish())];
                let entries = StructArray::try_new(names.clone(), columns, None)?;
                Arc::new(MapArray::try_new(field.clone(), offsets, entries, nulls, false)?)
            }
        })
    }
}

/// What a list or map is made of.
fn inner_field(shape: &Shape) -> FieldRef {
    match shape.data_type() {
        DataType::List(field) | DataType::Map(field, _) => field,
        other => Arc::new(datafusion::arrow::datatypes::Field::new_list_field(other, true)),
    }
}

struct Struct {
    names: ArrowFields,
    members: Vec<Builder>,
    valid: NullBufferBuilder,
}

impl Struct {
    fn new(path: &[&'static str], shape: &'static Shape, fields: &mut Fields) -> Self {
        let member = |(name, shape): (&'static str, &'static Shape)| {
            let path: Vec<&'static str> = path.iter().copied().chain([name]).collect();
            Builder::new(&path, shape, false, fields)
        };
        let members = shape.parts().map(member).collect();
        Struct { names: shape.members(), members, valid: NullBufferBuilder::new(0) }
    }

    fn append(&mut self, present: bool, text: &[u8], slots: &Slots, partition: &Partition) {
        self.valid.append(present);
        for member in &mut self.members {
            member.append(text, slots, partition);
        }
    }

    fn finish(&mut self) -> Result<StructArray, ArrowError> {
        let columns = self.members.iter_mut().map(Builder::finish).collect::<Result<_, _>>()?;
        StructArray::try_new(self.names.clone(), columns, self.valid.finish())
    }
}

/// The structs of an array, read from its text.
struct Element {
    fields: Fields,
    slots: Vec<Option<Span>>,
    members: Struct,
}

impl Element {
    /// Appends the elements of the array that opens at `open`, and gives their number.
    fn append_all(&mut self, text: &[u8], open: usize, partition: &Partition) -> usize {
        let mut cursor = Cursor::new(text, open);
        let mut at = open + 1;
        let mut count = 0;
        loop {
            at = cursor.skip_blanks(at);
            let first = cursor.byte(at);
            if first == b',' {
                at += 1;
                continue;
            }
            let end = if first == b'{' {
                self.fields.find(&mut cursor, at, &mut self.slots)
            } else {
                self.slots.fill(None);
                cursor.value(at).map(|element| element.end)
            };
            // The bracket that closes the array is no value.
            let Ok(end) = end else {
                return count;
            };
            self.members.append(first == b'{', text, &self.slots, partition);
            count += 1;
            at = end;
        }
    }
}

/// The keys and values of the object that opens at `open`; of a repeated key the last value counts.
fn entries(text: &[u8], open: usize) -> Vec<(Span, Span)> {
    let mut cursor = Cursor::new(text, open);
    let mut keys = Keys::new(&cursor, open);
    let mut entries: Vec<(Span, Span)> = Vec::new();
    let name = |key: Span| json::unescape(&text[key.start + 1..key.end - 1]);
    while let Ok(Some((key, at))) = keys.next(&mut cursor) {
        let Ok(value) = cursor.value(at) else {
            break;
        };
        keys.at = value.end;
        match entries.iter_mut().find(|(known, _)| name(*known) == name(key)) {
            Some(entry) => entry.1 = value,
            None => entries.push((key, value)),
        }
    }
    entries
}

/// Builds an array of texts.
struct Text {
    bytes: Vec<u8>,
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Default for Text {
    fn default() -> Self {
        Text { bytes: Vec::new(), offsets: vec![0], valid: NullBufferBuilder::new(0) }
    }
}

impl Text {
    #[inline]
    fn append_value(&mut self, text: &[u8], value: Option<Span>) {
        let Some(Span { start, end, kind }) = value else {
            return self.append_null();
        };
        match kind {
            Kind::Null => return self.append_null(),
            Kind::Plain => self.bytes.extend_from_slice(&text[start + 1..end - 1]),
            Kind::Escaped => json::unescape_into(&text[start + 1..end - 1], &mut self.bytes),
            Kind::Object | Kind::Array => json::compact_into(&text[start..end], &mut self.bytes),
            Kind::Bare => self.bytes.extend_from_slice(&text[start..end]),
        }
        self.end(true);
    }

    fn append(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.end(true);
    }

    fn append_null(&mut self) {
        self.end(false);
    }

    #[inline]
    fn end(&mut self, valid: bool) {
        self.valid.append(valid);
        // A batch ends long before; an object's size is limited too.
        self.offsets.push(self.bytes.len() as i32);
    }

    fn finish(&mut self) -> StringArray {
        let done = std::mem::take(self);
        // The next batch will be about as large.
        self.bytes.reserve(done.bytes.len());
        self.offsets.reserve(done.offsets.len());
        let Text { bytes, offsets, mut valid } = done;
        let nulls = valid.finish();
        let (values, ends) = (Buffer::from_vec(bytes), OffsetBuffer::new(ScalarBuffer::from(offsets)));
        // Fails only for what is not UTF-8.
        StringArray::try_new(ends.clone(), values.clone(), nulls.clone())
            .unwrap_or_else(|_| lossy(&values, &ends, nulls.as_ref()))
    }
}

/// The texts with U+FFFD for what is not UTF-8.
fn lossy(bytes: &[u8], offsets: &[i32], nulls: Option<&NullBuffer>) -> StringArray {
    offsets
        .windows(2)
        .enumerate()
        .map(|(row, ends)| {
            let valid = nulls.is_none_or(|nulls| nulls.is_valid(row));
            valid.then(|| String::from_utf8_lossy(&bytes[ends[0] as usize..ends[1] as usize]))
        })
        .collect()
}

/// The offsets and nulls of lists.
struct Lists {
    offsets: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Default for Lists {
    fn default() -> Self {
        Lists { offsets: vec![0], valid: NullBufferBuilder::new(0) }
    }
}

impl Lists {
    fn append(&mut self, length: usize) {
        let last = self.offsets.last().copied().unwrap_or_default();
        self.offsets.push(last + length as i32);
        self.valid.append_non_null();
    }

    fn append_null(&mut self) {
        self.offsets.extend(self.offsets.last().copied());
        self.valid.append_null();
    }

    fn finish(&mut self) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        let Lists { offsets, mut valid } = std::mem::take(self);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), valid.finish())
    }
}
