//! How far something long has come, told on stderr.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What takes no longer than this is not talked about.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tells every two seconds how far something has come. Cheap to ask often.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    start: Instant,
    /// How many times it was told.
    told: AtomicU64,
}

impl Progress {
    /// `what` goes on, as `listing s3://bucket/`.
    pub(crate) fn new(what: impl Into<String>) -> Progress {
        Progress { what: what.into(), start: Instant::now(), told: AtomicU64::new(0) }
    }

    /// Tells `done`, as `1,200 objects`, if it is time to.
    pub(crate) fn tell(&self, done: impl FnOnce() -> String) {
        let told = self.told.load(Ordering::Relaxed);
        let due = self.start.elapsed().as_secs() / PATIENCE.as_secs();
        let mine =
            due > told && self.told.compare_exchange(told, due, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            // Nobody may be listening, which is no reason to stop.
            let _ = writeln!(io::stderr(), "{}: {}", self.what, done());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_is_not_talked_about() {
        let progress = Progress::new("counting");
        progress.tell(|| unreachable!("too early"));
        let long = Progress { start: Instant::now() - PATIENCE * 3, ..Progress::new("counting") };
        let mut told = 0;
        for _ in 0..3 {
            long.tell(|| {
                told += 1;
                "3 sheep".to_owned()
            });
        }
        assert_eq!(told, 1);
    }
}
