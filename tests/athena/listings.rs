//! Listings of S3 come in pages: what is on the later ones counts as well.

use std::path::Path;

use crate::server::Server;
use crate::support::{Dir, Run, trailbook, trailbook_in};

const SQL: &str = "SELECT account_id, region, count(*) AS n FROM cloudtrail_logs.cloudtrail_partitioned \
                   WHERE year = '2026' AND month = '10' GROUP BY 1, 2 ORDER BY 1, 2";

#[test]
fn a_listing_of_many_pages_is_whole() {
    let (dir, home) = (Dir::new(), Dir::new());
    let folder = dir.join("logs");
    trailbook(&["sample", "--out", &folder, "--events", "1500"]).exits(0);
    let server = Server::start(Path::new(&folder));
    // No folder of the sample has a name alone: accounts, regions, days, objects.
    server.page(2);
    let ask = |arguments: &[&str]| {
        let run = trailbook_in(&server.environment(home.path()), arguments);
        run.exits(0);
        run
    };
    let told = |run: &Run| run.stderr.rsplit_once(" in ").map(|(told, _)| told.to_owned());
    for command in ["explain", "query"] {
        let (disk, bucket) =
            (ask(&[command, "--logs", &folder, SQL]), ask(&[command, "--logs", "s3://logs", SQL]));
        assert_eq!(bucket.stdout, disk.stdout, "{command}");
        assert_eq!(told(&bucket), told(&disk), "{command}");
    }
    // The estimate is a listing too.
    let table = "athena://cloudtrail_logs.cloudtrail_partitioned";
    let (estimate, whole) =
        (ask(&["explain", "--logs", table, SQL]), ask(&["explain", "--logs", &folder, SQL]));
    assert_eq!(estimate.stdout, whole.stdout);
}
