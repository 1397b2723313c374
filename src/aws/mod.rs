//! AWS as its users set it up: profiles, regions, credentials, endpoints.

mod error;
mod store;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};

pub(crate) use error::{chain, explain};
pub(crate) use store::{Store, split_url};

use crate::{Error, Result, runtime};

/// Access to an AWS account, found as the AWS CLI finds it.
///
/// Credentials come from the default chain (environment, profile, SSO, process, role, container, instance);
/// the environment's `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and its siblings for one service
/// (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_ATHENA`, …), and the same settings of the profile, are
/// honoured. Nothing is asked of AWS until something is called. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    /// Empty where none was named.
    profile: String,
}

impl Aws {
    /// The account of a profile, in a region; an empty text means what the environment or the profile says.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) when no region is set anywhere.
    pub fn open(profile: &str, region: &str) -> Result<Aws> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Ok(name) = AppName::new(concat!("trailbook-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if !profile.is_empty() {
            loader = loader.profile_name(profile);
        }
        if !region.is_empty() {
            loader = loader.region(Region::new(region.to_owned()));
        }
        let config = runtime::block_on(loader.load())?;
        if config.region().is_none() {
            return Err(Error::invalid("no AWS region is set").hint(
                "give one (`--region`, `region=` in the source), set AWS_REGION, or set it in the profile",
            ));
        }
        Ok(Aws { config, profile: profile.to_owned() })
    }

    /// The account that the environment names.
    ///
    /// # Errors
    ///
    /// As [`open`](Aws::open).
    pub fn from_env() -> Result<Aws> {
        Self::open("", "")
    }

    /// What a test server answers for.
    #[cfg(test)]
    pub(crate) fn at(endpoint: &str) -> Aws {
        let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
            .build();
        Aws { config, profile: String::new() }
    }

    /// The region that calls go to.
    pub fn region(&self) -> &str {
        self.config.region().map_or("", |region| region.as_ref())
    }

    /// The profile that was named; empty for that of the environment.
    pub(crate) fn profile(&self) -> &str {
        &self.profile
    }

    /// The same account in another region.
    pub(crate) fn in_region(&self, region: &str) -> Aws {
        let config = self.config.to_builder().region(Region::new(region.to_owned())).build();
        Aws { config, profile: self.profile.clone() }
    }

    /// Who calls, as AWS sees it: an ARN.
    ///
    /// # Errors
    ///
    /// [`is_denied`](Error::is_denied) when there are no valid credentials.
    pub fn caller(&self) -> Result<String> {
        let call = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send();
        let identity = runtime::block_on(call)?
            .map_err(|error| explain("asking who calls (sts:GetCallerIdentity)", error))?;
        Ok(identity.arn().unwrap_or_default().to_owned())
    }

    /// A bucket.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) for a bucket name or an endpoint that cannot be one.
    pub(crate) fn bucket(&self, name: &str) -> Result<Store> {
        Store::open(&self.config, name)
    }

    /// Athena. It throttles early, so more attempts are made than is usual, with growing pauses.
    pub(crate) fn athena(&self) -> aws_sdk_athena::Client {
        const ATTEMPTS: u32 = 8;
        let retries = aws_sdk_athena::config::retry::RetryConfig::standard().with_max_attempts(ATTEMPTS);
        let config = aws_sdk_athena::config::Builder::from(&self.config).retry_config(retries).build();
        aws_sdk_athena::Client::from_conf(config)
    }

    pub(crate) fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::new(&self.config)
    }
}
