//! `sample`: logs to try things on.

use std::path::PathBuf;

use clap::Args;
use trailbook::Result;
use trailbook::sample::{self, SampleOptions};

/// Write sample logs: a small organization over four weeks, and an incident in them.
#[derive(Args)]
pub(super) struct Sample {
    /// The folder to write them into; it must be empty or absent.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many events, roughly.
    #[arg(long, default_value_t = SampleOptions::default().events)]
    events: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = SampleOptions::default().seed)]
    seed: u64,
    /// Lay them out as the trail of this organization, such as o-exampleorgid.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
}

impl Sample {
    pub(super) fn run(self) -> Result<()> {
        let options = SampleOptions { events: self.events, seed: self.seed, organization: self.organization };
        super::say(&format!("{}\n", sample::write(&self.out, &options)?))
    }
}
