//! Ctrl-C while a query runs at Athena.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Once};

use tokio::sync::Notify;

/// How many queries would have to be stopped.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
static PRESSED: LazyLock<Notify> = LazyLock::new(Notify::new);

/// What a process exits with that SIGINT ends.
const INTERRUPTED: i32 = 130;

/// A query runs, for as long as this lives.
#[derive(Debug)]
pub(super) struct Running(());

impl Running {
    /// Must be called inside the runtime.
    pub(super) fn begin() -> Running {
        static LISTENING: Once = Once::new();
        LISTENING.call_once(|| {
            tokio::spawn(listen());
        });
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Running(())
    }

    /// Ends when the user presses Ctrl-C.
    pub(super) async fn interrupted(&self) {
        PRESSED.notified().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// To listen once is to listen for good: with no query to stop, Ctrl-C does what it did before.
async fn listen() {
    while tokio::signal::ctrl_c().await.is_ok() {
        if RUNNING.load(Ordering::SeqCst) == 0 {
            std::process::exit(INTERRUPTED);
        }
        PRESSED.notify_waiters();
    }
}
