//! API calls as CloudTrail records them: the service's habits, the shape of the
//! parameters and of the answer, the ways to fail.
//!
//! The JSON here is a template: `<account>`, `<instance>`, `<uuid>` and the like
//! are filled in for each event (see `template.rs`).

/// How a service writes its records.
pub(super) struct Service {
    pub(super) source: &'static str,
    /// As in IAM actions: `cloudtrail` of `cloudtrail:StopLogging`.
    pub(super) prefix: &'static str,
    pub(super) version: &'static str,
    /// The host that clients connect to.
    pub(super) host: &'static str,
    pub(super) api_version: Option<&'static str>,
}

const fn service(
    source: &'static str,
    prefix: &'static str,
    version: &'static str,
    host: &'static str,
) -> Service {
    Service { source, prefix, version, host, api_version: None }
}

impl Service {
    const fn api(self, version: &'static str) -> Service {
        Service { api_version: Some(version), ..self }
    }
}

macro_rules! services {
    ($($name:ident = $source:literal, $prefix:literal, $version:literal, $host:literal $(, api $api:literal)?;)*) => {
        $(pub(super) static $name: Service = service($source, $prefix, $version, $host)$(.api($api))?;)*
    };
}

services! {
    ATHENA = "athena.amazonaws.com", "athena", "1.11", "athena.<region>.amazonaws.com";
    AUTOSCALING = "autoscaling.amazonaws.com", "autoscaling", "1.11", "autoscaling.<region>.amazonaws.com";
    BILLING = "ce.amazonaws.com", "ce", "1.08", "ce.us-east-1.amazonaws.com";
    CLOUDFORMATION = "cloudformation.amazonaws.com", "cloudformation", "1.10", "cloudformation.<region>.amazonaws.com";
    CLOUDFRONT = "cloudfront.amazonaws.com", "cloudfront", "1.11", "cloudfront.amazonaws.com", api "2020_05_31";
    CLOUDTRAIL = "cloudtrail.amazonaws.com", "cloudtrail", "1.11", "cloudtrail.<region>.amazonaws.com";
    CLOUDWATCH = "monitoring.amazonaws.com", "cloudwatch", "1.11", "monitoring.<region>.amazonaws.com";
    CONFIG = "config.amazonaws.com", "config", "1.09", "config.<region>.amazonaws.com";
    DYNAMODB = "dynamodb.amazonaws.com", "dynamodb", "1.11", "dynamodb.<region>.amazonaws.com", api "2012-08-10";
    EC2 = "ec2.amazonaws.com", "ec2", "1.10", "ec2.<region>.amazonaws.com";
    ECR = "ecr.amazonaws.com", "ecr", "1.10", "api.ecr.<region>.amazonaws.com";
    ECS = "ecs.amazonaws.com", "ecs", "1.11", "ecs.<region>.amazonaws.com";
    ELB = "elasticloadbalancing.amazonaws.com", "elasticloadbalancing", "1.11", "elasticloadbalancing.<region>.amazonaws.com", api "2015-12-01";
    GLUE = "glue.amazonaws.com", "glue", "1.11", "glue.<region>.amazonaws.com";
    GUARDDUTY = "guardduty.amazonaws.com", "guardduty", "1.11", "guardduty.<region>.amazonaws.com";
    HEALTH = "health.amazonaws.com", "health", "1.08", "health.us-east-1.amazonaws.com";
    IAM = "iam.amazonaws.com", "iam", "1.10", "iam.amazonaws.com";
    KMS = "kms.amazonaws.com", "kms", "1.11", "kms.<region>.amazonaws.com";
    LAMBDA = "lambda.amazonaws.com", "lambda", "1.11", "lambda.<region>.amazonaws.com";
    LOGS = "logs.amazonaws.com", "logs", "1.11", "logs.<region>.amazonaws.com", api "20140328";
    ORGANIZATIONS = "organizations.amazonaws.com", "organizations", "1.08", "organizations.us-east-1.amazonaws.com";
    RDS = "rds.amazonaws.com", "rds", "1.11", "rds.<region>.amazonaws.com";
    S3 = "s3.amazonaws.com", "s3", "1.11", "<bucket>.s3.<region>.amazonaws.com";
    S3_ACCOUNT = "s3.amazonaws.com", "s3", "1.11", "s3.<region>.amazonaws.com";
    SECRETS = "secretsmanager.amazonaws.com", "secretsmanager", "1.11", "secretsmanager.<region>.amazonaws.com";
    SES = "ses.amazonaws.com", "ses", "1.11", "email.<region>.amazonaws.com";
    SIGNIN = "signin.amazonaws.com", "signin", "1.11", "<region>.signin.aws.amazon.com";
    SNS = "sns.amazonaws.com", "sns", "1.11", "sns.<region>.amazonaws.com";
    SQS = "sqs.amazonaws.com", "sqs", "1.11", "sqs.<region>.amazonaws.com";
    SSM = "ssm.amazonaws.com", "ssm", "1.11", "ssm.<region>.amazonaws.com";
    SSO = "sso.amazonaws.com", "sso", "1.09", "portal.sso.<region>.amazonaws.com";
    STS = "sts.amazonaws.com", "sts", "1.08", "sts.<region>.amazonaws.com";
    SUPPORT = "support.amazonaws.com", "support", "1.08", "support.us-east-1.amazonaws.com";
}

/// What sort of record a call leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Api,
    /// On data, such as an object of a bucket: recorded only where a trail asks for it.
    Data,
    /// A sign-in to the console.
    SignIn,
    /// Something a service did of itself.
    ServiceEvent,
}

/// One API call.
pub(super) struct Call {
    pub(super) service: &'static Service,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) read_only: bool,
    pub(super) parameters: &'static str,
    pub(super) response: &'static str,
    /// Absent when empty, as are the next two.
    pub(super) additional: &'static str,
    pub(super) resources: &'static str,
    pub(super) details: &'static str,
}

impl Call {
    const fn new(service: &'static Service, name: &'static str, kind: Kind, read_only: bool) -> Call {
        Call {
            service,
            name,
            kind,
            read_only,
            parameters: NULL,
            response: NULL,
            additional: "",
            resources: "",
            details: "",
        }
    }

    pub(super) const fn read(
        service: &'static Service,
        name: &'static str,
        parameters: &'static str,
    ) -> Call {
        Call { parameters, ..Call::new(service, name, Kind::Api, true) }
    }

    pub(super) const fn write(
        service: &'static Service,
        name: &'static str,
        parameters: &'static str,
        response: &'static str,
    ) -> Call {
        Call { parameters, response, ..Call::new(service, name, Kind::Api, false) }
    }

    /// A request to S3 about a bucket.
    pub(super) const fn bucket(name: &'static str, read_only: bool, parameters: &'static str) -> Call {
        Call {
            parameters,
            additional: S3_TRANSFER,
            resources: r#"[{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#,
            ..Call::new(&S3, name, Kind::Api, read_only)
        }
    }

    /// A request to S3 about an object.
    pub(super) const fn object(name: &'static str, read_only: bool, parameters: &'static str) -> Call {
        Call {
            parameters,
            additional: S3_TRANSFER,
            resources: S3_OBJECT,
            ..Call::new(&S3, name, Kind::Data, read_only)
        }
    }

    pub(super) const fn sign_in(
        name: &'static str,
        response: &'static str,
        additional: &'static str,
    ) -> Call {
        Call { response, additional, ..Call::new(&SIGNIN, name, Kind::SignIn, false) }
    }

    pub(super) const fn service_event(
        service: &'static Service,
        name: &'static str,
        details: &'static str,
    ) -> Call {
        Call { details, ..Call::new(service, name, Kind::ServiceEvent, false) }
    }

    pub(super) const fn answering(self, response: &'static str) -> Call {
        Call { response, ..self }
    }

    pub(super) const fn on(self, resources: &'static str) -> Call {
        Call { resources, ..self }
    }

    pub(super) const fn with(self, additional: &'static str) -> Call {
        Call { additional, ..self }
    }
}

pub(super) const NULL: &str = "null";

const S3_TRANSFER: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"<base64:75>=","bytesTransferredOut":<bytes>}"#;
const S3_OBJECT: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::<bucket>/<key>"},{"accountId":"<account>","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::<bucket>"}]"#;

pub(super) const KMS_KEY: &str = r#"[{"accountId":"<account>","type":"AWS::KMS::Key","ARN":"arn:aws:kms:<region>:<account>:key/<kmskey>"}]"#;
pub(super) const GRANTED_ROLE: &str =
    r#"[{"accountId":"<account>","type":"AWS::IAM::Role","ARN":"<granted-role>"}]"#;

// Calls that more than one kind of caller makes.

pub(super) static ASSUME_ROLE: Call = Call::read(
    &STS,
    "AssumeRole",
    r#"{"roleArn":"<granted-role>","roleSessionName":"<granted-session>","durationSeconds":3600}"#,
)
.answering(r#"{"credentials":{"accessKeyId":"<granted-key>","sessionToken":"<token>","expiration":"<expires:3600>"},"assumedRoleUser":{"assumedRoleId":"<granted-id>","arn":"<granted-arn>"}}"#)
.on(GRANTED_ROLE);
pub(super) const WHO_AM_I: Call = Call::read(&STS, "GetCallerIdentity", NULL);
pub(super) const GET_SECRET: Call = Call::read(&SECRETS, "GetSecretValue", r#"{"secretId":"<secret>"}"#);
pub(super) const GET_OBJECT: Call = Call::object(
    "GetObject",
    true,
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#,
);
pub(super) const HEAD_OBJECT: Call = Call::object(
    "HeadObject",
    true,
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#,
);
pub(super) const GET_BUCKET_LOCATION: Call = Call::bucket(
    "GetBucketLocation",
    true,
    r#"{"bucketName":"<bucket>","location":"","Host":"s3.<region>.amazonaws.com"}"#,
);
pub(super) const GET_BUCKET_ACL: Call = Call::bucket(
    "GetBucketAcl",
    true,
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","acl":""}"#,
);
pub(super) const GET_BUCKET_POLICY: Call = Call::bucket(
    "GetBucketPolicy",
    true,
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}"#,
);
/// Of the account rather than of one bucket.
pub(super) const LIST_BUCKETS: Call =
    Call::read(&S3_ACCOUNT, "ListBuckets", r#"{"Host":"s3.<region>.amazonaws.com"}"#).with(S3_TRANSFER);

/// How a call failed.
pub(super) struct Failure {
    /// Absent from failed sign-ins, which have but a message.
    pub(super) code: Option<&'static str>,
    pub(super) message: &'static str,
    /// Most services drop the parameters of what they refuse; EC2 and S3 keep them.
    pub(super) keeps_parameters: bool,
}

const fn failure(code: &'static str, message: &'static str) -> Failure {
    Failure { code: Some(code), message, keeps_parameters: true }
}

const fn refusal(code: &'static str, message: &'static str) -> Failure {
    Failure { code: Some(code), message, keeps_parameters: false }
}

pub(super) static DENIED: Failure = refusal(
    "AccessDenied",
    "User: <arn> is not authorized to perform: <action> on resource: * because no identity-based policy allows \
     the <action> action",
);
pub(super) static DENIED_BUCKET: Failure = failure(
    "AccessDenied",
    "User: <arn> is not authorized to perform: <action> on resource: \\\"arn:aws:s3:::<bucket>\\\" because no \
     identity-based policy allows the <action> action",
);
pub(super) static DENIED_TRAIL: Failure = refusal(
    "AccessDenied",
    "User: <arn> is not authorized to perform: <action> on resource: \
     arn:aws:cloudtrail:<region>:<account>:trail/management-events because no identity-based policy allows the \
     <action> action",
);
pub(super) static DENIED_BY_ORGANIZATION: Failure = refusal(
    "AccessDenied",
    "User: <arn> is not authorized to perform: <action> on resource: \
     arn:aws:cloudtrail:<region>:<account>:trail/management-events with an explicit deny in a service control \
     policy",
);
pub(super) static DENIED_EC2: Failure = failure(
    "Client.UnauthorizedOperation",
    "You are not authorized to perform this operation. User: <arn> is not authorized to perform: <action> because \
     no identity-based policy allows the <action> action. Encoded authorization failure message: <base64:240>",
);
pub(super) static THROTTLED: Failure = refusal("ThrottlingException", "Rate exceeded");
pub(super) static LIMITED: Failure = failure("Client.RequestLimitExceeded", "Request limit exceeded.");
pub(super) static DRY_RUN: Failure =
    failure("Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
pub(super) static NO_INSTANCE: Failure =
    failure("Client.InvalidInstanceID.NotFound", "The instance ID 'i-0<hex:16>' does not exist");
pub(super) static VCPU_LIMIT: Failure = failure(
    "Client.VcpuLimitExceeded",
    "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket that \
     the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request \
     an adjustment to this limit.",
);
pub(super) static IN_USE: Failure =
    failure("Client.DependencyViolation", "resource <sg> has a dependent object");
pub(super) static DUPLICATE_RULE: Failure = failure(
    "Client.InvalidPermission.Duplicate",
    "the specified rule \\\"peer: 198.51.100.0/24, TCP, from port: 5432, to port: 5432, ALLOW\\\" already exists",
);
pub(super) static NO_BUCKET: Failure = failure("NoSuchBucket", "The specified bucket does not exist");
pub(super) static NO_KEY: Failure = failure("NoSuchKey", "The specified key does not exist.");
pub(super) static NO_BUCKET_POLICY: Failure =
    failure("NoSuchBucketPolicy", "The bucket policy does not exist");
pub(super) static NO_LIFECYCLE: Failure =
    failure("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist");
pub(super) static NO_ENTITY: Failure =
    failure("NoSuchEntityException", "The role with name etl-job-legacy cannot be found.");
pub(super) static DELETE_CONFLICT: Failure =
    failure("DeleteConflictException", "Cannot delete entity, must detach all policies first.");
pub(super) static NO_PARAMETER: Failure = refusal("ParameterNotFound", "");
pub(super) static NO_SECRET: Failure =
    failure("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
pub(super) static NO_CHANGES: Failure = refusal("ValidationException", "No updates are to be performed.");
pub(super) static LOG_STREAM_EXISTS: Failure =
    failure("ResourceAlreadyExistsException", "The specified log stream already exists");
pub(super) static FAILED_SIGN_IN: Failure =
    Failure { code: None, message: "Failed authentication", keeps_parameters: true };
pub(super) static UNKNOWN_NAME: Failure =
    Failure { code: None, message: "No username found in supplied account", keeps_parameters: true };
