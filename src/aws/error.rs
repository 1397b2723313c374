//! What a failed call to AWS means to the one who made it.

use std::error::Error as StdError;

use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};

use crate::Error;

/// A failed call in one sentence: `what` says what was tried and which permission it takes, as
/// `reading the trails (cloudtrail:DescribeTrails)`.
pub(crate) fn explain<E, R>(what: &str, error: SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (code, message) = match error.as_service_error() {
        Some(service) => (service.code().unwrap_or_default(), service.message().unwrap_or_default()),
        None => ("", ""),
    };
    let told = |text: &str| match message {
        "" => format!("{what}: {text}"),
        message => format!("{what}: {text}: {message}"),
    };
    match code {
        "" => without_answer(what, &chain(&error)),
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            Error::denied(told("the credentials have expired")).hint("renew them, as by `aws sso login`")
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "AuthFailure"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => {
            Error::denied(told("the credentials are not valid")).hint("choose another profile, or renew them")
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "InsufficientPermissions" => {
            Error::denied(told("access is denied")).hint("the caller needs that permission")
        }
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            Error::failed(told("AWS throttles the calls")).hint("wait a moment and run it again")
        }
        code => Error::failed(told(code)),
    }
}

/// No answer came: no credentials, no connection, a timeout.
fn without_answer(what: &str, text: &str) -> Error {
    let about_credentials = ["credentials", "Credentials", "SSO session", "security token"]
        .iter()
        .any(|word| text.contains(word));
    if about_credentials {
        return Error::denied(format!("{what}: there are no valid credentials ({text})"))
            .hint("run `aws configure` or `aws sso login`, set AWS_PROFILE, or name a profile");
    }
    Error::failed(format!("{what}: {text}")).hint("check the network, the region and AWS_ENDPOINT_URL")
}

/// An error and its causes, outermost first, without repetition.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text.replace(['\n', '\r'], " ")
}
