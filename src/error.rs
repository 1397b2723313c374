//! The one error type, and the sentence it tells.

use std::fmt;

/// What went wrong, in one sentence that a responder can act on.
///
/// A notebook prints an error's `Display` and nothing else, so that one text
/// holds everything: what, where, and what to do about it. Branch on the
/// predicates ([`is_rejected`](Error::is_rejected), …), not on the text.
///
/// # Examples
///
/// ```
/// use trailbook::Logs;
///
/// let error = Logs::open("/no/such/folder").unwrap_err();
/// assert!(error.is_not_found());
/// assert!(error.to_string().contains("/no/such/folder"));
/// ```
pub struct Error(Box<Inner>);

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

struct Inner {
    kind: Kind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The SQL, or a use of it, is not acceptable: Athena would refuse it, or the guard does.
    Rejected,
    /// Something that was named does not exist.
    NotFound,
    /// An argument or a parameter is malformed.
    Invalid,
    /// The query was accepted and failed while it ran.
    Failed,
    /// AWS denies it: no credentials, expired ones, or a permission is missing.
    Denied,
    /// Reading or writing failed.
    Io,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), hint: None, source: None }))
    }

    pub(crate) fn rejected(message: impl Into<String>) -> Self {
        Self::new(Kind::Rejected, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// An argument or a parameter is malformed: `message` says which, without a full stop.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(Kind::Denied, message)
    }

    /// Reading or writing failed: `what` says which file or stream, without a full stop.
    pub fn io(what: impl fmt::Display, source: std::io::Error) -> Self {
        let mut error = Self::new(Kind::Io, format!("{what}: {source}"));
        error.0.source = Some(Box::new(source));
        error
    }

    /// Adds what to do about it, as a sentence without its full stop.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What went wrong, and what to do about it.
    pub(crate) fn parts(&self) -> (&str, Option<&str>) {
        (&self.0.message, self.0.hint.as_deref())
    }

    /// Adds another thing that could be done.
    pub(crate) fn or(mut self, hint: &str) -> Self {
        self.0.hint = Some(match self.0.hint.take() {
            Some(known) => format!("{known}; or {hint}"),
            None => hint.to_owned(),
        });
        self
    }

    /// The SQL was refused before it ran: Athena would refuse it, or the guard
    /// found it unbounded. The command line exits with 2.
    pub fn is_rejected(&self) -> bool {
        self.0.kind == Kind::Rejected
    }

    /// Something that was named (a folder, an investigation, a column) does not exist.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// An argument or a parameter is malformed.
    pub fn is_invalid(&self) -> bool {
        self.0.kind == Kind::Invalid
    }

    /// The query was accepted and failed while it ran, as a division by zero does.
    pub fn is_failed(&self) -> bool {
        self.0.kind == Kind::Failed
    }

    /// AWS denied it: there are no credentials, they have expired, or a permission is missing.
    pub fn is_denied(&self) -> bool {
        self.0.kind == Kind::Denied
    }

    /// The reader of the output went away, as `head` does when it has enough.
    pub fn is_broken_pipe(&self) -> bool {
        let source = self.0.source.as_deref().and_then(|source| source.downcast_ref::<std::io::Error>());
        source.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// Reading or writing a file failed.
    pub fn is_io(&self) -> bool {
        self.0.kind == Kind::Io
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

// `Debug` is what `unwrap` and a test print: the same sentence serves them better.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
