//! The table's columns, and where their values come from.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::tree::Partition;

/// A column, or a member of a structured one.
#[derive(Debug)]
pub(super) struct Column {
    /// In lower case, as Athena shows it; the records' keys match whatever their case.
    name: &'static str,
    shape: Shape,
}

/// What a column's values are made of.
#[derive(Debug)]
pub(super) enum Shape {
    /// Text: a string's own, or that of any other JSON value as the record has it.
    Text,
    Struct(&'static [Column]),
    /// An array of structs.
    Structs(&'static [Column]),
    /// A map of texts.
    Map,
}

const fn text(name: &'static str) -> Column {
    Column { name, shape: Shape::Text }
}

const fn structure(name: &'static str, members: &'static [Column]) -> Column {
    Column { name, shape: Shape::Struct(members) }
}

/// The official DDL's columns in its order, then those that records have besides.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>
static RECORD: [Column; 32] = [
    text("eventversion"),
    structure(
        "useridentity",
        &[
            text("type"),
            text("principalid"),
            text("arn"),
            text("accountid"),
            text("invokedby"),
            text("accesskeyid"),
            text("username"),
            structure("onbehalfof", &[text("userid"), text("identitystorearn")]),
            structure(
                "sessioncontext",
                &[
                    structure("attributes", &[text("mfaauthenticated"), text("creationdate")]),
                    structure(
                        "sessionissuer",
                        &[
                            text("type"),
                            text("principalid"),
                            text("arn"),
                            text("accountid"),
                            text("username"),
                        ],
                    ),
                    text("ec2roledelivery"),
                    structure(
                        "webidfederationdata",
                        &[text("federatedprovider"), Column { name: "attributes", shape: Shape::Map }],
                    ),
                ],
            ),
        ],
    ),
    text("eventtime"),
    text("eventsource"),
    text("eventname"),
    text("awsregion"),
    text("sourceipaddress"),
    text("useragent"),
    text("errorcode"),
    text("errormessage"),
    text("requestparameters"),
    text("responseelements"),
    text("additionaleventdata"),
    text("requestid"),
    text("eventid"),
    text("readonly"),
    Column { name: "resources", shape: Shape::Structs(&[text("arn"), text("accountid"), text("type")]) },
    text("eventtype"),
    text("apiversion"),
    text("recipientaccountid"),
    text("serviceeventdetails"),
    text("sharedeventid"),
    text("vpcendpointid"),
    text("vpcendpointaccountid"),
    text("eventcategory"),
    structure(
        "addendum",
        &[text("reason"), text("updatedfields"), text("originalrequestid"), text("originaleventid")],
    ),
    text("sessioncredentialfromconsole"),
    text("edgedevicedetails"),
    structure("tlsdetails", &[text("tlsversion"), text("ciphersuite"), text("clientprovidedhostheader")]),
    text("managementevent"),
    text("eventcontext"),
    text("insightdetails"),
];

/// When an event happened, as ISO 8601 text in UTC.
pub(super) const EVENT_TIME: &str = "eventtime";

/// Columns whose JSON null AWS's older SerDe shows as the text `null`.
pub(super) const NULL_AS_TEXT: [&str; 4] =
    ["requestparameters", "responseelements", "additionaleventdata", "serviceeventdetails"];

/// The columns that come from the path.
pub(super) const PARTITION: [PartitionKey; 5] =
    [PartitionKey::Account, PartitionKey::Region, PartitionKey::Year, PartitionKey::Month, PartitionKey::Day];

/// The names of the columns that come from the path.
pub(crate) fn partition_keys() -> [&'static str; 5] {
    PARTITION.map(PartitionKey::name)
}

/// A part of the path that is a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartitionKey {
    Account,
    Region,
    Year,
    Month,
    Day,
}

impl PartitionKey {
    pub(super) const fn name(self) -> &'static str {
        match self {
            PartitionKey::Account => "account_id",
            PartitionKey::Region => "region",
            PartitionKey::Year => "year",
            PartitionKey::Month => "month",
            PartitionKey::Day => "day",
        }
    }

    /// The key's value; `None` if the path does not tell.
    pub(super) fn of(self, partition: &Partition) -> Option<&str> {
        let value = match self {
            PartitionKey::Account => &partition.account_id,
            PartitionKey::Region => &partition.region,
            PartitionKey::Year => &partition.year,
            PartitionKey::Month => &partition.month,
            PartitionKey::Day => &partition.day,
        };
        (!value.is_empty()).then_some(value.as_str())
    }
}

/// Where the values of a scan's column come from.
///
/// Besides the table's columns, the members of structured ones can be scanned for:
/// that alone is then read of them.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Record {
        path: Vec<&'static str>,
        shape: &'static Shape,
    },
    Partition(PartitionKey),
    /// Whether this column is a JSON null.
    IsNull(&'static str),
    /// Whether an earlier record has the same event id.
    IsDuplicate,
}

impl Source {
    /// The source of the table's column `index`.
    pub(super) fn column(index: usize) -> Option<Source> {
        if let Some(Column { name, shape }) = RECORD.get(index) {
            return Some(Source::Record { path: vec![*name], shape });
        }
        let index = index - RECORD.len();
        match PARTITION.get(index) {
            Some(key) => Some(Source::Partition(*key)),
            None => MEMBERS.get(index - PARTITION.len()).cloned(),
        }
    }

    /// What a snapshot knows of a record besides the columns: what else columns depend on.
    pub(super) fn facts() -> impl Iterator<Item = Source> {
        NULL_AS_TEXT.into_iter().map(Source::IsNull).chain([Source::IsDuplicate])
    }

    /// The source of the table's column `name`.
    #[cfg(test)]
    pub(super) fn named(name: &str) -> Option<Source> {
        Source::column(schema().index_of(name).ok()?)
    }

    /// The source of a struct's member.
    pub(super) fn member(&self, name: &str) -> Option<Source> {
        match self {
            Source::Record { path, shape: Shape::Struct(members) } => {
                let member = members.iter().find(|member| member.name == name)?;
                let path = path.iter().copied().chain([member.name]).collect();
                Some(Source::Record { path, shape: &member.shape })
            }
            _ => None,
        }
    }

    pub(super) fn is_event_time(&self) -> bool {
        matches!(self, Source::Record { path, .. } if path == &[EVENT_TIME])
    }

    pub(super) fn data_type(&self) -> DataType {
        match self {
            Source::Record { shape, .. } => shape.data_type(),
            Source::Partition(_) => DataType::Utf8,
            Source::IsNull(_) | Source::IsDuplicate => DataType::Boolean,
        }
    }

    /// Whether the older SerDe shows a JSON null of it as text.
    pub(super) fn null_may_be_text(&self) -> bool {
        matches!(self, Source::Record { path, .. } if NULL_AS_TEXT.iter().any(|name| path == &[*name]))
    }
}

/// The members of structured columns.
static MEMBERS: LazyLock<Vec<Source>> = LazyLock::new(|| {
    fn collect(path: &[&'static str], shape: &'static Shape, members: &mut Vec<Source>) {
        let Shape::Struct(_) = shape else { return };
        for (name, shape) in shape.parts() {
            let path = [path, &[name]].concat();
            members.push(Source::Record { path: path.clone(), shape });
            collect(&path, shape, members);
        }
    }
    let mut members = Vec::new();
    RECORD.iter().for_each(|column| collect(&[column.name], &column.shape, &mut members));
    members
});

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Record { path, .. } => f.write_str(&path.join(".")),
            Source::Partition(key) => f.write_str(key.name()),
            Source::IsNull(name) => write!(f, "{name} is null"),
            Source::IsDuplicate => f.write_str("is duplicate"),
        }
    }
}

impl Shape {
    pub(super) fn data_type(&self) -> DataType {
        match self {
            Shape::Text => DataType::Utf8,
            Shape::Struct(_) => DataType::Struct(self.members()),
            Shape::Structs(_) => {
                DataType::List(Arc::new(Field::new_list_field(DataType::Struct(self.members()), true)))
            }
            Shape::Map => {
                let entry =
                    [Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)];
                let entry = DataType::Struct(Fields::from_iter(entry));
                DataType::Map(Arc::new(Field::new("entries", entry, false)), false)
            }
        }
    }

    /// The Arrow fields of a struct, or of an array's structs.
    pub(super) fn members(&self) -> Fields {
        self.parts().map(|(name, shape)| Field::new(name, shape.data_type(), true)).collect()
    }

    /// The members of a struct, or of an array's structs.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'static str, &'static Shape)> {
        let members: &'static [Column] = match self {
            Shape::Struct(members) | Shape::Structs(members) => members,
            Shape::Text | Shape::Map => &[],
        };
        members.iter().map(|member| (member.name, &member.shape))
    }
}

/// The table's columns: those of the official DDL in its order, then
/// `managementevent`, `eventcontext` and `insightdetails`, which records have
/// besides, then `account_id`, `region`, `year`, `month` and `day` from the path.
///
/// Any condition on the last five alone selects objects by their paths, however it
/// is put: also a comparison of `year || '/' || month || '/' || day`.
///
/// After them, the members of structured columns are columns too, named by their
/// paths, as `useridentity.arn`: a plan that names them so needs no more of the
/// structure, wherever in it the member is used.
pub(crate) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let sources = (0..).map_while(Source::column);
        Arc::new(Schema::new(
            sources
                .map(|source| Field::new(source.to_string(), source.data_type(), true))
                .collect::<Fields>(),
        ))
    });
    SCHEMA.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_path() {
        let issuer = ["sessioncontext", "sessionissuer", "arn"];
        let source =
            issuer.iter().try_fold(Source::named("useridentity").unwrap(), |at, name| at.member(name));
        assert!(matches!(source, Some(Source::Record { path, shape: Shape::Text }) if path.len() == 4));
        assert!(Source::named("eventname").unwrap().member("x").is_none());
        assert!(Source::named("useragent").is_some() && Source::named("userAgent").is_none());
    }

    #[test]
    fn every_column_has_a_source_of_its_type() {
        for (index, field) in schema().fields().iter().enumerate() {
            assert_eq!(Source::column(index).unwrap().data_type(), *field.data_type());
        }
        assert!(Source::column(schema().fields().len()).is_none());
    }
}
