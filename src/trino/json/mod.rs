//! JSON text: a reader that goes no further than asked, paths, and conversions.

pub(crate) mod convert;
pub(crate) mod path;
mod reader;
pub(crate) mod write;

pub(crate) use reader::{Malformed, Reader, Token};
