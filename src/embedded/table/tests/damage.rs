//! Objects that are not as CloudTrail writes them.

use super::*;

#[test]
fn damage_is_reported_and_the_rest_answered() {
    let records = json!((0..500).map(|n| json!({"eventName": format!("event {n}")})).collect::<Vec<_>>());
    let good = json!({ "Records": records }).to_string().into_bytes();
    let whole = gzip(&good);
    let mut crc = whole.clone();
    let end = crc.len();
    crc[end - 8] ^= 0xFF;
    let mut flipped = whole.clone();
    flipped[end / 2] ^= 0x55;
    let object = |name: &str| format!("{DAY}/{name}.json.gz");
    let logs = Logs::new()
        .add(&object("good"), &whole)
        .add(&object("two members"), [gzip(&good[..100]), gzip(&good[100..])].concat())
        .add(&object("plain"), &good)
        .add(&object("truncated"), &whole[..end / 2])
        .add(&object("checksum"), &crc)
        .add(&object("flipped"), &flipped)
        .add(&object("garbage"), [&whole[..], b"garbage"].concat())
        .add(&object("empty"), b"")
        .add(&object("html"), "<html>")
        .add(&object("digest"), r#"{"digestEndTime":"2024-05-06T00:00:00Z"}"#)
        .add(&object("cut"), &good[..good.len() / 2])
        .add(&object("no records"), r#"{"Records":[]}"#);
    for sql in [
        "SELECT count(*) AS n FROM logs",
        "SELECT count(*) AS n FROM logs WHERE coalesce(eventname, '') <> 'none'",
    ] {
        let answer = ask(logs.path(), sql);
        let damage = answer.damage();
        let kept = |name: &str| {
            let line = damage.iter().find(|line| line.starts_with(name)).unwrap();
            line.rsplit_once('(').unwrap().1.trim_end_matches(')').parse::<u64>().unwrap()
        };
        let reasons: Vec<&str> = damage.iter().map(|line| line.rsplit_once(" (").unwrap().0).collect();
        assert_eq!(reasons.len(), 8, "{reasons:?}");
        for reason in [
            "checksum.json.gz: gzip stream is corrupt: incorrect data check",
            "cut.json.gz: JSON ends early",
            "digest.json.gz: no Records",
            "empty.json.gz: empty",
            "garbage.json.gz: 7 bytes follow the gzip stream",
            "html.json.gz: not JSON at byte 0",
            "truncated.json.gz: gzip stream ends early",
        ] {
            assert!(reasons.contains(&reason), "{reason} in {reasons:?}");
        }
        assert_eq!((kept("checksum"), kept("garbage"), kept("html")), (500, 500, 0));
        assert!((100..400).contains(&kept("truncated")) && kept("cut") > 100);
        let rows = 4 * 500 + 500 + kept("truncated") + kept("cut") + kept("flipped");
        assert_eq!(answer.rows, [json!({ "n": rows })]);
        assert_eq!(answer.coverage.objects_read, 12);
    }
}

#[test]
fn objects_beyond_the_limit_are_cut_and_reported() {
    let bomb = gzip(&vec![b' '; 40 << 20]);
    let logs = Logs::new().records("a.json", json!([{}])).add(&format!("{DAY}/bomb.json.gz"), bomb);
    let options = ScanOptions { object_limit: 1 << 20, ..ScanOptions::default() };
    let answer = ask_with(logs.path(), options, 1, "SELECT count(*) n FROM logs");
    assert_eq!(answer.rows, [json!({"n": 1})]);
    assert_eq!(answer.damage(), ["bomb.json.gz: inflates to more than 1 MiB (0)"]);
}

#[test]
fn bytes_that_are_not_text_do_not_outgrow_a_batch() {
    let bad = vec![0xFF; 40 << 20];
    let record = [br#"{"Records":[{"eventName":""#, &bad[..], br#""},{"eventName":"b"}]}"#].concat();
    let logs = Logs::new().add(&format!("{DAY}/a.json.gz"), gzip(&record));
    let answer = ask(logs.path(), "SELECT length(eventname) n FROM logs ORDER BY n");
    assert_eq!(answer.rows, [json!({"n": 1}), json!({"n": 40 << 20})]);
    const { assert!(ScanOptions::LARGEST * 3 + (64 << 20) < i32::MAX as usize) };
}

#[test]
fn names_of_files_are_shown_on_one_line() {
    let logs = Logs::new().add(&format!("{DAY}/a\n\u{1b}[2Jb\u{202e}.json"), "");
    let answer = ask(logs.path(), "SELECT count(*) n FROM logs");
    assert_eq!(answer.damage(), [r"a\n\u{1b}[2Jb\u{202e}.json: empty (0)"]);
}

#[test]
fn a_folder_that_vanishes_is_reported_object_by_object() {
    let logs = Logs::new().records("a.json", json!([{}])).records("b.json", json!([{}]));
    let table = Arc::new(CloudTrailTable::new(ScanOptions::default()));
    table.fill(Arc::new(Tree::open(logs.path()).unwrap()));
    fs::remove_dir_all(logs.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let context = SessionContext::new();
        context.register_table("logs", table.clone()).unwrap();
        context.sql("SELECT count(*) n FROM logs").await.unwrap().collect().await.unwrap()
    });
    assert_eq!(rows(&batches), [json!({"n": 0})]);
    assert_eq!(table.coverage().damaged.len(), 2);
}

#[test]
fn objects_that_vanish_are_reported() {
    let logs = Logs::new().records("a.json", json!([{}])).records("b.json", json!([{}]));
    let tree = Arc::new(Tree::open(logs.path()).unwrap());
    fs::remove_file(logs.path().join(DAY).join("a.json")).unwrap();
    let table = Arc::new(CloudTrailTable::new(ScanOptions::default()));
    table.fill(tree);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let context = SessionContext::new();
        context.register_table("logs", table.clone()).unwrap();
        context.sql("SELECT count(*) n FROM logs").await.unwrap().collect().await.unwrap()
    });
    assert_eq!(rows(&batches), [json!({"n": 1})]);
    let damaged = &table.coverage().damaged[0];
    assert_eq!(
        (damaged.object.as_str(), damaged.reason.as_str()),
        (&*format!("{DAY}/a.json"), "vanished before it was read")
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_unreadable_objects_do_no_harm() {
    use std::os::unix::fs::PermissionsExt;

    let logs = Logs::new().records("a.json", json!([{}])).records("closed.json", json!([{}]));
    let day = logs.path().join(DAY);
    let made = std::process::Command::new("mkfifo").arg(day.join("pipe.json")).status();
    assert!(made.is_ok_and(|status| status.success()));
    fs::set_permissions(day.join("closed.json"), fs::Permissions::from_mode(0o0)).unwrap();
    let answer = ask(logs.path(), "SELECT count(*) n FROM logs");
    assert_eq!(answer.coverage.objects_listed, 2);
    // The superuser may read anything.
    if fs::read(day.join("closed.json")).is_err() {
        assert_eq!(answer.damage(), ["closed.json: permissions do not allow reading (0)"]);
        assert_eq!(answer.rows, [json!({"n": 1})]);
    }
    assert!(Tree::open(&day.join("pipe.json")).unwrap_err().is_invalid());
}
