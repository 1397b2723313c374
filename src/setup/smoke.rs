//! The first question: one account, one region, one day, the newest 50 events.

use chrono::Datelike;

use super::checks::{Checks, Verdict};
use super::listing::Objects;
use super::log_path::Day;
use crate::sql::{literal, price};
use crate::{Logs, show};

pub(super) const TITLE: &str = "Smoke test";

/// No object with a record is as small as this, in bytes.
const EMPTY: u64 = 100;

/// Asks the logs for a day's newest events, and compares with what the listing says of that day.
pub(super) fn look(logs: &Logs, table: &str, day: &Day, listed: Objects, by_date: bool) -> Checks {
    let mut checks = Checks::new(TITLE);
    checks.pass("source", logs.source());
    checks.pass(
        "day",
        format!(
            "{} of account {} in {}: {} ({}) by listing",
            day.day,
            day.account,
            day.region,
            show::count(listed.count, "object"),
            show::bytes(listed.bytes),
        ),
    );
    let sql = sql(table, day, by_date);
    checks.statement(sql.clone());
    let answer = match logs.query(&sql) {
        Ok(answer) => answer,
        Err(error) => {
            checks.error("rows", Verdict::Fail, &error);
            return checks;
        }
    };
    let read = answer.bytes_scanned().unwrap_or(answer.coverage().bytes_read);
    match (answer.height(), listed.count) {
        // Now and then CloudTrail delivers objects without a record.
        (0, objects) if listed.bytes <= objects * EMPTY => {
            checks.warn("rows", "none: the day's objects hold no record", "run it again on another day");
        }
        (0, objects) => checks.fail(
            "rows",
            format!("none, but the listing shows {}", show::count(objects, "object")),
            "the table does not see them: look at its path template, its accounts and its regions (the step Table)",
        ),
        (rows, _) => checks.pass("rows", show::count(rows as u64, "row")),
    }
    let seen = format!("{} of {}", show::bytes(read), show::bytes(listed.bytes));
    if read < listed.bytes / 2 && answer.height() > 0 {
        checks.warn("bytes", seen, "less was read than is there: look at the table's path template");
    } else if read > listed.bytes * 2 {
        checks.warn("bytes", seen, "more was read than the day holds: look whether projection is on");
    } else {
        checks.pass("bytes", seen);
    }
    checks.pass(
        "cost",
        match answer.cost_usd() {
            Some(dollars) => format!("${dollars:.5}"),
            None => format!("nothing here, ${:.5} on Athena", price(read)),
        },
    );
    checks.pass("time", format!("{:.2} s", answer.seconds()));
    for damaged in &answer.coverage().damaged {
        let seen = format!("{} could not be read in full: {}", damaged.object, damaged.reason);
        checks.warn("damaged", seen, "look at the object: what it holds may be missing from every answer");
    }
    checks.rows(answer);
    checks
}

fn sql(table: &str, day: &Day, by_date: bool) -> String {
    let text = |value: &str| literal::text(value);
    let (year, month, of_month) = (day.day.year(), day.day.month(), day.day.day());
    let date = match by_date {
        true => format!("timestamp = {}", text(&day.day.format("%Y/%m/%d").to_string())),
        false => format!("year = '{year:04}' AND month = '{month:02}' AND day = '{of_month:02}'"),
    };
    format!(
        "SELECT eventtime, eventsource, eventname, useridentity.arn, sourceipaddress, awsregion\n\
         FROM {table}\n\
         WHERE account_id = {} AND region = {} AND {date}\n\
         ORDER BY eventtime DESC\n\
         LIMIT 50",
        text(&day.account),
        text(&day.region),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_bounded() {
        let day = Day {
            account: "111122223333".into(),
            region: "us-east-1".into(),
            day: "2026-10-05".parse().unwrap(),
        };
        let sql = sql("l.t", &day, false);
        assert!(sql.contains("WHERE account_id = '111122223333' AND region = 'us-east-1' AND year = '2026' AND month = '10' AND day = '05'\n"), "{sql}");
        assert!(super::sql("l.t", &day, true).contains("AND timestamp = '2026/10/05'\n"));
    }
}
