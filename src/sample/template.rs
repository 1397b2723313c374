//! Fills in the placeholders of a template.
//!
//! `<name>` or `<name:argument>`; what stands for it depends on the event and on
//! the placeholder's text alone, so that one text means one value in all of a
//! record, and `<uuid:a>` and `<uuid:b>` are two. Values need no JSON escapes.

use super::clock::{Stamp, decimal};
use super::event::Event;
use super::organization::{FUNCTIONS, buckets, resource_id};
use super::random::{BASE64, HEX, Random, UPPER, hash};

/// Appends `template` with its placeholders filled in for `event`.
pub(super) fn expand(out: &mut Vec<u8>, template: &str, event: &Event) {
    let mut rest = template;
    while let Some(start) = rest.find('<') {
        out.extend_from_slice(&rest.as_bytes()[..start]);
        rest = &rest[start..];
        let Some(end) = rest.find('>') else { break };
        if !fill(out, &rest[1..end], event) {
            out.extend_from_slice(&rest.as_bytes()[..=end]);
        }
        rest = &rest[end + 1..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// What a place has of a kind: the prefix of its ids, and how many.
const RESOURCES: [(&str, &str, u64); 13] = [
    ("instance", "i-", 18),
    ("volume", "vol-", 30),
    ("sg", "sg-", 9),
    ("sgr", "sgr-", 40),
    ("subnet", "subnet-", 3),
    ("vpc", "vpc-", 1),
    ("eni", "eni-", 40),
    ("ami", "ami-", 4),
    ("snapshot", "snap-", 25),
    ("reservation", "r-", 1_000),
    ("routetable", "rtb-", 4),
    ("acl", "acl-", 2),
    ("template", "lt-", 3),
];

/// What a place has of a kind, by name.
const NAMES: [(&str, &[&str]); 15] = [
    ("alarm", &["orders-5xx", "orders-latency-p99", "queue-depth", "db-cpu", "db-free-storage"]),
    ("asg", &["web-blue", "web-green", "workers"]),
    ("cluster", &["web", "batch"]),
    ("database", &["orders", "catalogue", "reporting"]),
    ("function", &FUNCTIONS),
    ("gluedb", &["lake_raw", "lake_curated"]),
    ("gluetable", &["orders", "customers", "clicks", "invoices"]),
    ("loadbalancer", &["app/public/50dc6c495c0c9188", "app/internal/8f2b6d1e7a3c9054"]),
    ("loggroup", &["/aws/lambda/orders-api", "/ecs/web", "/aws/rds/instance/orders/error", "/app/server"]),
    (
        "parameter",
        &["/app/web/feature-flags", "/app/web/log-level", "/app/orders/endpoint", "/app/smtp/host"],
    ),
    ("queue", &["orders-incoming", "invoices", "thumbnails", "dead-letters"]),
    ("repository", &["web", "worker", "nightly"]),
    ("secret", &["prod/orders/db", "prod/catalogue/db", "prod/smtp", "prod/payments/api"]),
    ("stack", &["network", "web", "orders", "monitoring", "data-lake"]),
    ("table", &["sessions", "orders", "idempotency", "rate-limits"]),
];

fn fill(out: &mut Vec<u8>, placeholder: &str, event: &Event) -> bool {
    let (name, argument) = placeholder.split_once(':').unwrap_or((placeholder, ""));
    let count = argument.split(':').next().and_then(|count| count.parse().ok()).unwrap_or(1);
    let seed = hash(event.seed, placeholder);
    let random = &mut Random::new(seed);
    match name {
        "account" => out.extend_from_slice(event.place.account.as_bytes()),
        "region" => out.extend_from_slice(event.recorded_in.as_bytes()),
        "arn" => out.extend_from_slice(event.principal.arn(event.place.account).as_bytes()),
        "action" => {
            let text = [event.call.service.prefix, ":", event.call.name];
            text.iter().for_each(|text| out.extend_from_slice(text.as_bytes()));
        }
        "command" => command(out, event),
        "requestid" => event.request_id(out),
        "uuid" => random.uuid(out),
        "hex" => random.characters(out, count as usize, HEX),
        "upper" => random.characters(out, count as usize, UPPER),
        "base64" => random.characters(out, count as usize, BASE64),
        "number" => decimal(out, random.below(count)),
        "millis" => decimal(out, event.time as u64 * 1_000 + random.below(1_000)),
        "iso" => Stamp::of(event.time).iso(out),
        "words" => Stamp::of(event.time).words(out),
        "expires" => Stamp::of(event.time + count as i64).words(out),
        // A refusal is a short text.
        "bytes" => decimal(out, random.below(if event.failure.is_some() { 400 } else { 400_000 })),
        "subject" => out.extend_from_slice(event.principal.subject().as_bytes()),
        "date" => out.extend_from_slice(Stamp::of(event.time).folders().as_bytes()),
        "token" => {
            out.extend_from_slice(b"IQoJb3JpZ2luX2VjEXAMPLETOKEN");
            random.characters(out, 268, BASE64);
        }
        "bucket" => out.extend_from_slice(bucket(event).as_bytes()),
        "key" => key(out, event, random),
        "kmskey" => Random::for_label(random.below(3), event.place.region).uuid(out),
        "granted-key" | "granted-role" | "granted-name" | "granted-arn" | "granted-id"
        | "granted-session" => {
            let Some(granted) = event.granted else {
                return false;
            };
            let text = match name {
                "granted-key" => granted.session.key(),
                "granted-role" => granted.role.arn(granted.place.account),
                "granted-name" => granted.role.name.to_owned(),
                "granted-arn" => granted.arn(),
                "granted-id" => granted.id(),
                _ => granted.name(),
            };
            out.extend_from_slice(text.as_bytes());
        }
        _ => {
            if let Some((_, prefix, count)) = RESOURCES.iter().find(|(kind, ..)| *kind == name) {
                resource_id(out, event.place, prefix, random.below(*count));
            } else if let Some((_, names)) = NAMES.iter().find(|(kind, _)| *kind == name) {
                out.extend_from_slice(random.pick(names).as_bytes());
            } else {
                return false;
            }
        }
    }
    true
}

/// `ec2.describe-instances`, as the AWS CLI says in its user agent.
fn command(out: &mut Vec<u8>, event: &Event) {
    out.extend_from_slice(event.call.service.prefix.as_bytes());
    let name = event.call.name.trim_end_matches(|last: char| last.is_ascii_digit());
    let mut after_lower = false;
    let mut separator = b'.';
    for letter in name.bytes() {
        if letter.is_ascii_uppercase() && (after_lower || separator == b'.') {
            out.push(separator);
            separator = b'-';
        }
        after_lower = letter.is_ascii_lowercase();
        out.push(letter.to_ascii_lowercase());
    }
}

pub(super) fn bucket(event: &Event) -> &'static str {
    event.bucket.unwrap_or_else(|| Random::for_label(event.seed, "bucket").pick(buckets(event.place)))
}

/// An object's key, in the manner of its bucket.
fn key(out: &mut Vec<u8>, event: &Event, random: &mut Random) {
    let date = Stamp::of(event.time).folders();
    let number = random.below(100_000);
    let hex = random.next() as u32;
    let key = match bucket(event) {
        "example-app-assets" => format!("static/{hex:08x}/main.js"),
        "example-trail-logs" => format!("alb/{date}/{hex:08x}.log.gz"),
        "example-data-lake" => {
            format!("curated/orders/dt={}/part-{number:05}.parquet", date.replace('/', "-"))
        }
        "example-reports-jp" => format!("月次/{}/売上-{number:05}.csv", &date[..7]),
        "example-dev-terraform-state" => "network/terraform.tfstate".to_owned(),
        "example-backups" => format!("rds/orders/{date}/{hex:08x}.dump"),
        super::EXFILTRATED_BUCKET => {
            format!("exports/2026/{:02}/customers-{number:05}.csv.gz", 1 + number % 9)
        }
        _ => format!("incoming/{date}/{hex:08x}.json"),
    };
    out.extend_from_slice(key.as_bytes());
}
