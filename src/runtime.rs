//! The runtime that everything asynchronous runs on.

use std::future::Future;
use std::io;
use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};

use crate::{Error, Result};

/// For expressions as deep as a query text can nest them; only what is used is ever taken.
const STACK: usize = 256 << 20;

/// One for the process: it lives as long as a notebook's variables, and ends with them.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(threads())
        .thread_name("trailbook")
        .thread_stack_size(STACK)
        .enable_all()
        .build()
});

/// How many threads work at once.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `work` on a thread of its own, where it may block: the caller, a notebook's cell, may itself be
/// inside a runtime.
///
/// # Errors
///
/// Those of `work`; [`is_io`](Error::is_io) when no thread can be started.
pub(crate) fn on_own_thread<T: Send>(work: impl FnOnce(&Runtime) -> Result<T> + Send) -> Result<T> {
    let cannot_start = |error| Error::io("the library's threads cannot start", error);
    let runtime =
        RUNTIME.as_ref().map_err(|error| cannot_start(io::Error::new(error.kind(), error.to_string())))?;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("trailbook call".into()).stack_size(STACK);
        let thread = thread.spawn_scoped(scope, || work(runtime)).map_err(cannot_start)?;
        thread.join().unwrap_or_else(|_| Err(Error::failed("the work stopped unexpectedly")))
    })
}

/// Waits for a future, wherever the caller is.
///
/// # Errors
///
/// As [`on_own_thread`].
pub(crate) fn block_on<F>(future: F) -> Result<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    on_own_thread(|runtime| Ok(runtime.block_on(future)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_called_inside_another_runtime() {
        let outer = Builder::new_current_thread().build().unwrap();
        assert_eq!(outer.block_on(async { block_on(async { 7 }) }).unwrap(), 7);
    }

    #[test]
    fn a_panic_is_an_error() {
        let error = on_own_thread(|_| -> Result<()> { panic!("no") }).unwrap_err();
        assert!(error.is_failed(), "{error}");
    }
}
