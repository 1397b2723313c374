//! A bucket of S3, by object_store with the credentials of aws-config.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_types::service_config::ServiceConfigKey;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::client::CredentialProvider;

use crate::{Error, Result};

/// How S3 says that a bucket is in another region.
const ELSEWHERE: [&str; 3] =
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];

/// A bucket. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    bucket: String,
    s3: Arc<AmazonS3>,
}

impl Store {
    pub(super) fn open(config: &SdkConfig, bucket: &str) -> Result<Store> {
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        if let Some(region) = config.region() {
            builder = builder.with_region(region.as_ref());
        }
        match config.credentials_provider() {
            Some(provider) => builder = builder.with_credentials(Arc::new(Credentials(provider))),
            None => builder = builder.with_skip_signature(true),
        }
        if let Some(endpoint) = endpoint(config) {
            builder = builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint);
        }
        let s3 = builder.build().map_err(|error| {
            Error::invalid(format!("the bucket `{}` cannot be opened: {error}", bucket.escape_debug()))
        })?;
        Ok(Store { bucket: bucket.to_owned(), s3: Arc::new(s3) })
    }

    /// The bucket's name.
    pub(crate) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What reads and writes its objects.
    pub(crate) fn s3(&self) -> Arc<AmazonS3> {
        self.s3.clone()
    }

    /// What a failed call to the bucket means, in one sentence: `what` says what was tried, as
    /// `listing s3://bucket/prefix (s3:ListBucket)`.
    pub(crate) fn explain(&self, what: &str, error: object_store::Error) -> Error {
        use object_store::Error as E;
        let bucket = &self.bucket;
        let text = super::chain(&error);
        // What a listing fails with comes as it was answered.
        let told = |tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>"))?;
            rest.split_once("</").map(|(told, _)| told)
        };
        match (&error, told("Code").unwrap_or_default()) {
            (E::NotFound { .. }, _) | (_, "NoSuchBucket" | "NoSuchKey") => {
                Error::not_found(format!("{what}: there is no such bucket or object"))
                    .hint("check the name, and that the credentials are those of the right account")
            }
            (
                E::Unauthenticated { .. },
                _,
            )
            | (_, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken") => {
                Error::denied(format!("{what}: the credentials are not valid"))
                    .hint("renew them (`aws sso login`), or choose another profile")
            }
            (E::PermissionDenied { .. }, _) | (_, "AccessDenied") => {
                Error::denied(format!("{what}: access is denied")).hint(format!(
                    "the caller needs that permission on the bucket `{bucket}`, its policy must allow the caller's account, \
                     and kms:Decrypt is needed where objects are encrypted by a KMS key"
                ))
            }
            (_, code) if text.contains("redirect") || ELSEWHERE.contains(&code) => {
                let (region, tells) = match told("Region") {
                    Some(region) => (format!("the region {}", region.escape_debug()), ""),
                    None => ("another region".to_owned(), ", which `aws s3api get-bucket-location` tells"),
                };
                Error::invalid(format!("{what}: the bucket `{bucket}` is in {region}")).hint(format!(
                    "name the bucket's region{tells} (`--region`, `region=` in the source, AWS_REGION)"
                ))
            }
            _ => Error::failed(format!("{what}: {text}")),
        }
    }
}

/// The bucket and the key of `s3://bucket/key`; nothing where a text is no such place.
pub(crate) fn split_url(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key))
}

/// The endpoint set for S3, or for all services, by the environment or the profile.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id("S3").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own = key.ok().and_then(|key| config.service_config()?.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// aws-config's credentials, renewed by it when they expire.
#[derive(Debug)]
struct Credentials(SharedCredentialsProvider);

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let found = self.0.provide_credentials().await;
        let found = found.map_err(|error| object_store::Error::Unauthenticated {
            path: "credentials".to_owned(),
            source: Box::new(error),
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        }))
    }
}
