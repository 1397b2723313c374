//! The one table there is: the CloudTrail logs.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::logical_expr::TableSource;
use datafusion::sql::sqlparser::ast::{Ident, ObjectName};

use super::nearest::nearest;
use super::scope::{dotted, span};
use crate::trino::{self, Problem, Type};

/// What can stand in FROM.
pub(crate) struct Catalog {
    source: Arc<dyn TableSource>,
    /// The only name the table has, in lower case; without one it has every name.
    table: Option<String>,
}

/// A column of the table, by its own name or another.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) from: Origin,
}

/// Where a column's values come from.
pub(super) enum Origin {
    Stored,
    /// Another name that public queries use for a stored column.
    Alias(&'static str),
    /// Another name for the day of the path, as `YYYY/MM/DD`.
    Day,
}

/// Names of other published tables for the partition columns of this one.
const ALIASES: [(&str, Origin); 8] = [
    ("account", Origin::Alias("account_id")),
    ("accountid", Origin::Alias("account_id")),
    ("account_partition", Origin::Alias("account_id")),
    ("region_partition", Origin::Alias("region")),
    ("timestamp", Origin::Day),
    ("dt", Origin::Day),
    ("date_partition", Origin::Day),
    ("ingest_date", Origin::Day),
];

impl Catalog {
    /// The logs of `source`, under the name `table` or, without one, under any name.
    pub(crate) fn new(source: Arc<dyn TableSource>, table: Option<&str>) -> Self {
        Catalog { source, table: table.map(str::to_lowercase) }
    }

    pub(super) fn source(&self) -> Arc<dyn TableSource> {
        Arc::clone(&self.source)
    }

    /// The columns in the order of the DDL, then those that `*` leaves out.
    pub(super) fn columns(&self) -> Vec<Column> {
        let schema: SchemaRef = self.source.schema();
        // A member of a struct is a column too, by its path: names have no dots.
        let stored = schema.fields().iter().filter(|field| !field.name().contains('.')).map(|field| Column {
            name: field.name().clone(),
            ty: type_of(field.data_type()),
            from: Origin::Stored,
        });
        let others =
            ALIASES.into_iter().map(|(name, from)| Column { name: name.into(), ty: Type::VARCHAR, from });
        stored.chain(others).collect()
    }

    /// Whether the name means the logs.
    ///
    /// # Errors
    ///
    /// It means something else that there is not here.
    pub(super) fn check_name(&self, name: &ObjectName) -> Result<Vec<String>, Problem> {
        let parts: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
        let lower: Vec<String> = parts.iter().map(|part| part.value.to_lowercase()).collect();
        let problem = |message: String| Problem::new(message).at(span(&parts));
        let Some(last) = lower.last() else { return Err(problem(format!("'{name}' is no table"))) };
        if lower.len() != name.0.len() || lower.len() > 3 {
            return Err(problem(format!("'{name}' is no table")).hint("name it database.table"));
        }
        if lower.iter().any(|part| part == "information_schema") {
            return Err(problem(
                "information_schema is not supported: the columns are those of the CloudTrail table".into(),
            )
            .hint("see them with SELECT * FROM the table LIMIT 1"));
        }
        if last.starts_with("vpc") && last.contains("flow") {
            return Err(problem(format!(
                "table '{}' is not supported: only CloudTrail logs are here",
                dotted(&parts)
            ))
            .hint("ask Athena, where the VPC flow logs have a table"));
        }
        match &self.table {
            Some(table) if !table.split('.').rev().zip(lower.iter().rev()).all(|(a, b)| a == b) => {
                let own = table.rsplit('.').next().unwrap_or(table);
                let hint = match nearest(last, [own]) {
                    Some(_) => format!("did you mean {table}?"),
                    None => format!("the logs are in {table}"),
                };
                Err(problem(format!("table '{}' does not exist", dotted(&parts))).hint(hint))
            }
            _ => Ok(lower),
        }
    }
}

/// Trino's type of a stored column.
fn type_of(ty: &DataType) -> Type {
    match ty {
        DataType::Boolean => Type::Boolean,
        DataType::Int32 => Type::Integer,
        DataType::Int64 => Type::Bigint,
        DataType::Float64 => Type::Double,
        DataType::Date32 => Type::Date,
        DataType::Binary | DataType::BinaryView => Type::Varbinary,
        DataType::List(element) => Type::array(type_of(element.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                Type::map(type_of(fields[0].data_type()), type_of(fields[1].data_type()))
            }
            _ => Type::VARCHAR,
        },
        DataType::Struct(fields) => Type::row(
            fields.iter().map(|field| trino::Field::named(field.name(), type_of(field.data_type()))),
        ),
        _ => Type::VARCHAR,
    }
}
