//! Services: what AWS does in an account by itself, which is most of what a
//! trail records.

use super::super::caller::Plan;
use super::super::calls::*;
use super::super::event::Client;
use super::super::organization::*;
use super::super::principal::{Principal, SessionName};
use super::{ALWAYS, Activity, activity};

pub(super) static ACTIVITIES: [Activity; 6] = [
    always(60, config_snapshot),
    always(16, security_scan),
    always(110, log_delivery),
    always(24, load_balancer),
    always(5, secret_rotation),
    always(1, key_rotation),
];

const fn always(weight: u64, run: fn(&mut Plan, i64)) -> Activity {
    activity(weight, weight, &ALWAYS, run)
}

/// Roles that belong to a service, by the service's name.
macro_rules! service_linked_roles {
    ($($name:ident = $service:literal, $role:literal;)*) => {
        $(static $name: Role = role(concat!("/aws-service-role/", $service, "/"), $role);)*
    };
}

service_linked_roles! {
    CONFIG_ROLE = "config.amazonaws.com", "AWSServiceRoleForConfig";
    ELB_ROLE = "elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing";
    GUARDDUTY_ROLE = "guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty";
    SECURITYHUB_ROLE = "securityhub.amazonaws.com", "AWSServiceRoleForSecurityHub";
    TRUSTED_ADVISOR_ROLE = "trustedadvisor.amazonaws.com", "AWSServiceRoleForTrustedAdvisor";
    SUPPORT_ROLE = "support.amazonaws.com", "AWSServiceRoleForSupport";
}

static INVENTORY: [Call; 16] = [
    Call::read(&EC2, "DescribeInstances", r#"{"maxResults":1000,"instancesSet":{},"filterSet":{}}"#),
    Call::read(&EC2, "DescribeVolumes", r#"{"maxResults":500,"volumeSet":{},"filterSet":{}}"#),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"maxResults":1000,"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeNetworkInterfaces",
        r#"{"maxResults":1000,"networkInterfaceIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(&EC2, "DescribeVpcEndpoints", r#"{"DescribeVpcEndpointsRequest":{"MaxResults":1000}}"#),
    Call::read(&EC2, "DescribeFlowLogs", r#"{"DescribeFlowLogsRequest":""}"#),
    Call::read(
        &RDS,
        "DescribeDBInstances",
        r#"{"filters":[{"name":"db-instance-id","values":["<database>"]}]}"#,
    ),
    Call::read(
        &RDS,
        "ListTagsForResource",
        r#"{"resourceName":"arn:aws:rds:<region>:<account>:db:<database>"}"#,
    ),
    Call::read(
        &ELB,
        "DescribeLoadBalancerAttributes",
        r#"{"loadBalancerArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/<loadbalancer>"}"#,
    ),
    Call::read(&LAMBDA, "ListFunctions20150331", r#"{"maxItems":10000}"#),
    Call::read(&SNS, "GetTopicAttributes", r#"{"topicArn":"arn:aws:sns:<region>:<account>:<alarm>"}"#),
    Call::read(&DYNAMODB, "DescribeContinuousBackups", r#"{"tableName":"<table>"}"#),
    Call::read(&KMS, "ListResourceTags", r#"{"keyId":"<kmskey>"}"#).on(KMS_KEY),
    Call::read(&KMS, "GetKeyRotationStatus", r#"{"keyId":"<kmskey>"}"#).on(KMS_KEY),
    Call::bucket(
        "GetBucketPublicAccessBlock",
        true,
        r#"{"publicAccessBlock":"","bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
    ),
    Call::read(
        &CLOUDTRAIL,
        "GetTrailStatus",
        r#"{"name":"arn:aws:cloudtrail:us-east-1:<account>:trail/management-events"}"#,
    ),
];
static EVALUATION: Call = Call::write(
    &CONFIG,
    "PutEvaluations",
    r#"{"evaluations":[{"complianceResourceType":"AWS::EC2::SecurityGroup","complianceResourceId":"<sg>","complianceType":"COMPLIANT","orderingTimestamp":"<words>"}],"testMode":false}"#,
    r#"{"failedEvaluations":[]}"#,
);

/// A service takes a role and looks around with it.
fn inspect(
    plan: &mut Plan,
    start: i64,
    service: &'static str,
    role: &'static Role,
    name: SessionName,
    count: std::ops::Range<i64>,
) {
    let place = super::somewhere(&mut plan.random);
    let session = plan.role(role, name, place, start);
    let mut caller = plan.service(start, place, service);
    caller.assume(&ASSUME_ROLE, session);
    caller.pause(0..2);
    caller.principal = Principal::RoleFor(session, service);
    let count = caller.plan.random.within(count);
    caller.some(&INVENTORY, count, 0..3);
    match caller.plan.random.below(40) {
        0 => caller.fail(&INVENTORY[0], &LIMITED),
        1 => caller.fail(&GET_BUCKET_POLICY, &NO_BUCKET_POLICY),
        2 => caller.fail(&INVENTORY[13], &DENIED),
        _ => {}
    }
}

fn config_snapshot(plan: &mut Plan, start: i64) {
    inspect(
        plan,
        start,
        "config.amazonaws.com",
        &CONFIG_ROLE,
        SessionName::Text("AWSConfig-Describe"),
        4..18,
    );
    if plan.random.one_in(3) {
        let place = super::somewhere(&mut plan.random);
        let session = plan.role(&CONFIG_ROLE, SessionName::Text("AWSConfig-Evaluate"), place, start);
        let service = Client::Service("config.amazonaws.com");
        plan.caller(start, place, Principal::RoleFor(session, "config.amazonaws.com"), service)
            .call(&EVALUATION);
    }
}

fn security_scan(plan: &mut Plan, start: i64) {
    let (service, role, name) = plan.random.pick(&[
        ("guardduty.amazonaws.com", &GUARDDUTY_ROLE, SessionName::Text("GuardDutyAssumeRole")),
        ("securityhub.amazonaws.com", &SECURITYHUB_ROLE, SessionName::Text("securityhub")),
        ("trustedadvisor.amazonaws.com", &TRUSTED_ADVISOR_ROLE, SessionName::Digits),
        ("support.amazonaws.com", &SUPPORT_ROLE, SessionName::Digits),
    ]);
    inspect(plan, start, service, role, name, 3..12);
}

static DATA_KEY: Call = Call::read(&KMS, "GenerateDataKey", r#"{"keyId":"arn:aws:kms:<region>:<account>:key/<kmskey>","keySpec":"AES_256","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:<account>:trail/management-events","aws:s3:arn":"arn:aws:s3:::example-trail-logs/AWSLogs/<account>/CloudTrail/<region>/<date>/<account>_CloudTrail_<region>_<upper:16>.json.gz"}}"#).on(KMS_KEY);
static DELIVERY: Call = Call::object(
    "PutObject",
    false,
    r#"{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","key":"AWSLogs/<account>/elasticloadbalancing/<region>/<date>/<account>_elasticloadbalancing_<region>_app.public.50dc6c495c0c9188_<hex:8>.log.gz","x-amz-acl":"bucket-owner-full-control","x-amz-server-side-encryption":"AES256"}"#,
);

fn log_delivery(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let mut caller = plan.service(start, place, "cloudtrail.amazonaws.com");
    for _ in 0..caller.plan.random.within(1..5) {
        caller.call(&DATA_KEY);
        caller.pause(20..300);
    }
    if caller.plan.random.one_in(3) {
        caller.call(&GET_BUCKET_ACL);
    } else {
        (caller.principal, caller.client) = (
            Principal::Service("delivery.logs.amazonaws.com"),
            Client::Service("delivery.logs.amazonaws.com"),
        );
        caller.call(&DELIVERY);
    }
}

static ROTATION: [Call; 2] = [
    Call::service_event(&SECRETS, "RotationStarted", "")
        .with(r#"{"SecretId":"arn:aws:secretsmanager:<region>:<account>:secret:prod/orders/db-Ab3xQ9"}"#),
    Call::service_event(&SECRETS, "RotationSucceeded", "")
        .with(r#"{"SecretId":"arn:aws:secretsmanager:<region>:<account>:secret:prod/orders/db-Ab3xQ9"}"#),
];
static KEY_ROTATION: Call = Call::service_event(
    &KMS,
    "RotateKey",
    r#"{"keyId":"<kmskey>","rotationType":"AUTOMATIC","keyOrigin":"AWS_KMS"}"#,
)
.on(KMS_KEY);

fn secret_rotation(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let service = "secretsmanager.amazonaws.com";
    let mut caller = plan.caller(start, place, Principal::Itself(service), Client::Service(service));
    caller.each(&ROTATION, 3..30);
}

fn key_rotation(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let service = "AWS Internal";
    plan.caller(start, place, Principal::Itself(service), Client::Service(service)).call(&KEY_ROTATION);
}

static BALANCING: [Call; 3] = [
    Call::read(
        &EC2,
        "DescribeSubnets",
        r#"{"subnetSet":{"items":[{"subnetId":"<subnet:a>"},{"subnetId":"<subnet:b>"}]},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeNetworkInterfaces",
        r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"<eni>"}]},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeAccountAttributes",
        r#"{"accountAttributeNameSet":{"items":[{"attributeName":"supported-platforms"}]},"filterSet":{}}"#,
    ),
];
fn load_balancer(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let service = "elasticloadbalancing.amazonaws.com";
    let session = plan.role(&ELB_ROLE, SessionName::Text("ElasticLoadBalancing"), place, start);
    let mut caller = plan.service(start, place, service);
    caller.assume(&ASSUME_ROLE, session);
    caller.principal = Principal::RoleFor(session, service);
    caller.each(&BALANCING, 0..3);
}
