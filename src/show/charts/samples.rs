//! Samples of every chart, kept as golden files: few marks, many, none, and hostile labels.

use super::axis::{DAY, HOUR};
use super::bars::{Entry, bars};
use super::events_over_time::{Point, events_over_time};
use super::heatmap::heatmap;
use super::theme::{WIDTH, text_width};
use super::timeline::{Event, timeline};
use super::{Chart, Window};
use crate::show::Bundle;
use crate::show::testing::markup;

/// 2023-07-10T00:00:00Z
const START: i64 = 1_688_947_200;

/// Numbers that look random and are the same everywhere.
fn noise(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn points(count: u64, step: i64) -> Vec<Point> {
    (0..count)
        .map(|n| {
            let events = noise(n) % 400;
            let errors = if noise(n + 7).is_multiple_of(5) { noise(n + 3) % (events + 1) } else { 0 };
            Point { time: START + n as i64 * step, events, errors }
        })
        .collect()
}

fn entries(count: u64) -> Vec<Entry> {
    let hostile = [
        "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef/someone@example.com",
        "<script>alert(1)</script>",
        "\u{202e}nimda\u{200b}",
        "\"onload=\"alert(1)",
        "",
        "مدير النظام",
        "日本語の利用者名と、とても長いセッション名",
        "🦀🔑 e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    ];
    (0..count)
        .map(|n| {
            let label = match n {
                2 => None,
                n if n % 2 == 1 => Some(hostile[n as usize / 2 % hostile.len()].to_owned()),
                n => Some(format!("AssumeRole{n}")),
            };
            let events = 9_000 / (n + 1) + noise(n) % 9;
            Entry { label, events, errors: if n % 3 == 0 { events / 3 } else { 0 } }
        })
        .collect()
}

fn events(count: u64, actors: u64, length: i64) -> Vec<Event> {
    let labels = entries(actors);
    (0..count)
        .map(|n| Event {
            time: START + (noise(n) % length as u64) as i64,
            actor: labels[(noise(n + 5) % actors).min(noise(n + 9) % actors) as usize].label.clone(),
            what: Some(
                ["GetObject", "ListBuckets", "<b>AssumeRole</b>", "ConsoleLogin", "PutObject"]
                    [n as usize % 5]
                    .into(),
            ),
            failed: noise(n + 1).is_multiple_of(6),
        })
        .collect()
}

fn all() -> Vec<(&'static str, Chart)> {
    let scope = Window { from: START + 20 * HOUR, to: START + 2 * DAY };
    let volume = "How many calls were made, and when did they fail?";
    let top = "Who made most calls?";
    let hours = "At what hours are they active?";
    let long = "What did \u{202e}someone whose name is as long as this <one> do, and is it not far more than a title of two lines can hold, so that its end has to be cut off somewhere about here?";
    let nothing = |point: &Point| Point { events: 0, errors: 0, ..*point };
    let unsplit: Vec<Point> = points(40, HOUR).iter().map(|point| Point { errors: 0, ..*point }).collect();
    let zero: Vec<Point> = points(24, HOUR).iter().map(nothing).collect();
    let idle = Entry { label: Some("nobody".to_owned()), events: 0, errors: 0 };
    vec![
        ("events-5", events_over_time(volume, &points(5, 3 * HOUR), true, None).unwrap()),
        ("events-1", events_over_time(volume, &points(1, HOUR), true, None).unwrap()),
        ("events-72-scope", events_over_time(volume, &points(72, HOUR), true, Some(scope)).unwrap()),
        ("events-5000", events_over_time(volume, &points(5000, HOUR), true, None).unwrap()),
        ("events-unsplit", events_over_time(volume, &unsplit, false, None).unwrap()),
        ("events-zero-none", events_over_time(volume, &zero, true, None).unwrap()),
        ("events-days", events_over_time(long, &points(12, DAY), true, None).unwrap()),
        ("events-none", events_over_time(volume, &[], true, None).unwrap()),
        ("bars-5", bars(top, &entries(5), "useridentity.arn", "events", true).unwrap()),
        ("bars-5000", bars(top, &entries(5000), "eventname", "events", false).unwrap()),
        ("bars-hostile", bars(long, &entries(20), "useridentity.arn", "events", true).unwrap()),
        ("bars-zero", bars(top, &[idle], "useridentity.arn", "events", true).unwrap()),
        ("bars-none", bars(top, &[], "eventname", "events", true).unwrap()),
        ("timeline-5", timeline("Who did what?", &events(5, 3, DAY), true).unwrap()),
        ("timeline-5000", timeline("Who did what?", &events(5000, 60, 30 * DAY), true).unwrap()),
        ("timeline-1", timeline("Who did what?", &events(1, 1, DAY), false).unwrap()),
        ("timeline-hostile", timeline(long, &events(60, 20, 3 * HOUR), true).unwrap()),
        ("timeline-none", timeline("Who did what?", &[], true).unwrap()),
        ("heatmap-1", heatmap(hours, &points(1, HOUR)).unwrap()),
        ("heatmap-5", heatmap(hours, &points(5, 7 * HOUR)).unwrap()),
        ("heatmap-1000", heatmap(hours, &points(1000, HOUR)).unwrap()),
        ("heatmap-5000", heatmap(hours, &points(5000, HOUR)).unwrap()),
        ("heatmap-zero-none", heatmap(hours, &zero).unwrap()),
        ("heatmap-none", heatmap(hours, &[]).unwrap()),
    ]
}

/// The samples that are small enough to keep.
const GOLDEN: [&str; 5] = ["events-5", "events-72-scope", "bars-5", "timeline-5", "heatmap-5"];

/// With `TRAILBOOK_BLESS=1` the kept samples are renewed, and all are written to
/// `trailbook-charts` in the folder for temporary files: then look at them.
#[test]
fn samples_look_as_they_did() {
    if std::env::var_os("TRAILBOOK_BLESS").is_some() {
        let folder = std::env::temp_dir().join("trailbook-charts");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, chart) in all() {
            std::fs::write(folder.join(format!("{name}.svg")), chart.svg().unwrap_or_default()).unwrap();
        }
    }
    for (name, chart) in all().into_iter().filter(|(name, _)| GOLDEN.contains(name)) {
        let path = format!("{}/src/show/testdata/{name}.svg", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("TRAILBOOK_BLESS").is_some() {
            std::fs::write(&path, chart.svg().unwrap()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert!(
            chart.svg() == Some(kept.as_str()),
            "{path} differs: renew it with TRAILBOOK_BLESS=1 and look at it"
        );
    }
}

#[test]
fn principals_are_named_briefly() {
    for (label, shown) in [
        ("arn:aws:iam::111122223333:user/alice", "111122223333:user/alice"),
        ("arn:aws-us-gov:sts::111122223333:assumed-role/a/b", "111122223333:assumed-role/a/b"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
        ("arn:aws:iam::", "arn:aws:iam::"),
        ("arn:", "arn:"),
        ("alice", "alice"),
    ] {
        assert_eq!(super::plain::brief(label), shown);
    }
}

#[test]
fn what_has_no_rows_is_a_sentence() {
    for (_, chart) in all().iter().filter(|(name, _)| name.ends_with("-none")) {
        assert_eq!(chart.svg(), None);
        let Bundle { html, plain, .. } = chart.bundle();
        assert!(html.contains("tb-empty") && plain.contains("there is nothing to draw"), "{html}");
    }
}

/// A text as the browser places it, by the widths that the layout reckons with.
fn boxes(svg: &str) -> Vec<(i32, i32, i32, i32, String)> {
    let mut lines = svg.lines();
    let mut boxes = Vec::new();
    while let Some(line) = lines.next() {
        if !line.starts_with("<text ") {
            continue;
        }
        let attribute = |name: &str| {
            let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
            rest.split_once('"').unwrap().0
        };
        let number = |name: &str| attribute(name).parse::<f64>().unwrap().round() as i32;
        let text = markup(lines.next().unwrap()).text;
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        let width = text_width(&text, size);
        let left = match attribute("text-anchor") {
            "start" => x,
            "middle" => x - width / 2,
            _ => x - width,
        };
        boxes.push((left, left + width, y - size / 2, y + size / 2, text));
    }
    boxes
}

#[test]
fn no_text_overlaps_another_or_leaves_the_picture() {
    for (name, chart) in all() {
        let boxes = boxes(chart.svg().unwrap_or_default());
        for (n, one) in boxes.iter().enumerate() {
            assert!(one.0 >= 0 && one.1 <= WIDTH, "{name}: {one:?} is outside");
            for other in &boxes[n + 1..] {
                let apart = one.1 <= other.0 || other.1 <= one.0 || one.3 <= other.2 || other.3 <= one.2;
                assert!(apart, "{name}: {one:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn pictures_are_markup_without_scripts() {
    for (name, chart) in all() {
        let found = markup(chart.svg().unwrap_or_default());
        for (element, attributes) in &found.elements {
            let known = ["svg", "title", "desc", "rect", "line", "text", "circle", "polygon"];
            assert!(known.contains(&element.as_str()), "{name}: {element}");
            assert!(
                attributes.iter().all(|attribute| !attribute.starts_with("on")),
                "{name}: {attributes:?}"
            );
        }
    }
}

#[test]
fn no_picture_is_too_large_for_a_notebook() {
    for (name, chart) in all() {
        let size = chart.svg().map_or(0, str::len);
        assert!(size < 600_000, "{name} has {size} bytes");
    }
}
