//! What is said of expressions that Trino would refuse, and where.

use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::ast::Ident;

use super::{Column, Columns, analyze};
use crate::trino::testing::{SESSION, parse};
use crate::trino::{Expr, Problem, Type};

struct Events;

impl Columns for Events {
    fn resolve(&self, parts: &[Ident]) -> Result<Option<Column>, Problem> {
        const COLUMNS: [(&str, &str); 6] = [
            ("requestparameters", "varchar"),
            ("eventtime", "varchar"),
            ("readonly", "varchar"),
            (
                "useridentity",
                "row(type varchar, arn varchar, sessioncontext row(attributes row(mfaauthenticated varchar)))",
            ),
            ("resources", "array(row(arn varchar))"),
            ("n", "bigint"),
        ];
        let found =
            COLUMNS.iter().enumerate().find(|(_, (name, _))| name.eq_ignore_ascii_case(&parts[0].value));
        Ok(found.map(|(index, (_, ty))| Column { index, ty: Type::parse(ty).unwrap(), parts: 1 }))
    }

    /// A key of GROUP BY.
    fn replace(&self, expr: &ast::Expr) -> Option<Result<Expr, Problem>> {
        (*expr == parse("n + 1")).then(|| Ok(Expr::column(9, Type::Bigint)))
    }
}

fn check(sql: &str, expected: &str) {
    let shown = analyze(&parse(sql), &Events, &SESSION)
        .map_or_else(|problem| problem.to_string(), |expr| format!("{}: {:?}", expr.ty, expr.kind));
    assert!(shown.starts_with(expected), "{sql}\n  gives    {shown}\n  expected {expected}");
}

#[test]
fn names() {
    check("UserIdentity.sessionContext.attributes.MfaAuthenticated", "varchar: Field(");
    check("resources[1].arn", "varchar: Field(");
    check(
        "n > 1 AND requestparameters.bucketName = 'x'",
        "line 1:11: requestparameters is not a row, it is varchar: it has no field bucketName; use \
         json_extract_scalar(requestparameters, '$.bucketName')",
    );
    check(
        "useridentity.arm",
        "line 1:1: Column 'useridentity.arm' cannot be resolved: useridentity has no such field; did you mean useridentity.arn?",
    );
    check(
        "resources.arn",
        "line 1:1: resources is not a row, it is array(row(arn varchar)): it has no field arn; take an element",
    );
    check("eventname", "line 1:1: Column 'eventname' cannot be resolved");
    check(
        "n = \"x\"",
        "line 1:5: Column 'x' cannot be resolved; double quotes are for names; write text as 'x'",
    );
}

#[test]
fn types() {
    check(
        "eventtime > now()",
        "line 1:1: Cannot apply operator: varchar > timestamp(3) with time zone; parse the text: \
         from_iso8601_timestamp(eventtime)",
    );
    check(
        "readonly = false",
        "line 1:1: Cannot apply operator: varchar = boolean; readonly is text: compare it with 'true' or 'false'",
    );
    check("eventtime = 5", "line 1:1: Cannot apply operator: varchar = integer; quote the value, '5'");
    check(
        "n BETWEEN '1' AND '2'",
        "line 1:1: Cannot apply operator: bigint BETWEEN varchar(1); write a number without quotes",
    );
    check(
        "useridentity LIKE '%x%'",
        "line 1:1: the left side of LIKE must be varchar, and this is row(…); write json_format(CAST(useridentity AS json))",
    );
    check(
        "date_diff('day', eventtime, now())",
        "line 1:1: Unexpected parameters (varchar(3), varchar, timestamp(3) with time zone) for function date_diff.",
    );
    check("CAST(n AS string)", "line 1:6: Unknown type: string; write varchar");
    check(
        "n + eventtime",
        "line 1:1: Cannot apply operator: bigint + varchar; make the text a number: CAST(eventtime AS bigint)",
    );
    check("NOT n", "line 1:5: NOT must evaluate to a boolean, and this is bigint");
}

#[test]
fn functions_of_other_engines() {
    check(
        "instr(eventtime, 'x')",
        "line 1:1: Function 'instr' not registered: unknown function; in Trino: strpos(text, part)",
    );
    check(
        "json_extrct(eventtime, '$')",
        "line 1:1: Function 'json_extrct' not registered: unknown function; did you mean json_extract?",
    );
    check("st_point(1, 2)", "line 1:1: Trino's function st_point is not supported");
    check("json_value(eventtime, 'lax $.a')", "line 1:1: Trino's function json_value is not supported");
    check("count(n)", "line 1:1: the aggregate function count is not allowed here");
    check("eventtime ILIKE 'x'", "line 1:1: Trino has no ILIKE; write lower(eventtime) LIKE lower('x')");
    check("n & 1", "line 1:1: the operator & is not one of Trino's; write bitwise_and(a, b)");
}

#[test]
fn constants_are_computed() {
    check("date_add('day', 1, DATE '2026-01-01') = DATE '2026-01-02'", "boolean: Literal(Boolean(true))");
    check("1 / 0", "integer: Call(");
    check("CASE WHEN false THEN 1 / 0 ELSE n END", "bigint: Column(5)");
    check("json_extract_scalar(eventtime, NULL)", "varchar: Literal(Null)");
    check("random() < 2", "boolean: Compare");
}

#[test]
fn chains_meet_replacements() {
    check("n + 1 + 2", "bigint: Call(Call { name: \"+\", kernel: Kernel, args: [Expr { kind: Column(9)");
    let many = vec!["n = 1"; 5_000].join(" OR ");
    check(&many, "boolean: Or(");
    let many = vec!["eventtime"; 5_000].join(" || ");
    check(&many, "varchar: Call(");
    let many = vec!["n"; 1_000].join(" * ");
    check(&many, "line 1:1: more than 500 operators in one chain");
}
