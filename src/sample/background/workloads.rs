//! What the company runs: fleets of instances that grow and shrink, functions,
//! containers, a web site.

use super::super::caller::Plan;
use super::super::calls::*;
use super::super::event::Client;
use super::super::organization::*;
use super::super::principal::{Principal, SessionName};
use super::{ALWAYS, Activity, CUSTOMERS, activity};

pub(super) static ACTIVITIES: [Activity; 6] = [
    activity(40, 30, &CUSTOMERS, scale_out),
    activity(20, 16, &CUSTOMERS, scale_in),
    activity(130, 130, &ALWAYS, instance_reports),
    activity(120, 90, &CUSTOMERS, function_starts),
    activity(60, 40, &CUSTOMERS, task_starts),
    activity(50, 50, &CUSTOMERS, visitors),
];

static AUTOSCALING_ROLE: Role =
    role("/aws-service-role/autoscaling.amazonaws.com/", "AWSServiceRoleForAutoScaling");
static ECS_ROLE: Role = role("/aws-service-role/ecs.amazonaws.com/", "AWSServiceRoleForECS");

static ASG_LOOK: [Call; 3] = [
    Call::read(
        &EC2,
        "DescribeInstanceStatus",
        r#"{"instancesSet":{"items":[{"instanceId":"<instance:a>"},{"instanceId":"<instance:b>"},{"instanceId":"<instance:c>"}]},"filterSet":{},"includeAllInstances":true}"#,
    ),
    Call::read(
        &EC2,
        "DescribeLaunchTemplateVersions",
        r#"{"DescribeLaunchTemplateVersionsRequest":{"LaunchTemplateId":"<template>","LaunchTemplateVersion":{"tag":1,"content":"$Latest"}}}"#,
    ),
    Call::read(
        &ELB,
        "DescribeTargetHealth",
        r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/web/943f017f100becff"}"#,
    ),
];
static RUN_INSTANCES: Call = Call::write(
    &EC2,
    "RunInstances",
    r#"{"instancesSet":{"items":[{"imageId":"<ami>","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"availabilityZone":"<region>a","monitoring":{"enabled":true},"subnetId":"<subnet>","disableApiTermination":false,"clientToken":"fleet-<uuid>","tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"aws:autoscaling:groupName","value":"<asg>"}]}]},"launchTemplate":{"launchTemplateId":"<template>","version":"7"}}"#,
    r#"{"requestId":"<requestid>","reservationId":"<reservation>","ownerId":"<account>","groupSet":{},"instancesSet":{"items":[{"instanceId":"<instance>","imageId":"<ami>","currentState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-20-1-<number:250>.<region>.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","launchTime":<millis>,"placement":{"availabilityZone":"<region>a","tenancy":"default"},"monitoring":{"state":"pending"},"subnetId":"<subnet>","vpcId":"<vpc>","privateIpAddress":"10.20.1.<number:250>","stateReason":{"code":"pending","message":"pending"},"architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","virtualizationType":"hvm","hypervisor":"xen","groupSet":{"items":[{"groupId":"<sg>","groupName":"web"}]},"ebsOptimized":true}]},"requesterId":"<account>"}"#,
);
static TERMINATE_INSTANCES: Call = Call::write(
    &EC2,
    "TerminateInstances",
    r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}"#,
    r#"{"requestId":"<requestid>","instancesSet":{"items":[{"instanceId":"<instance>","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#,
);
static REGISTER_TARGETS: Call = Call::write(
    &ELB,
    "RegisterTargets",
    r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/web/943f017f100becff","targets":[{"id":"<instance>"}]}"#,
    NULL,
);
static DEREGISTER_TARGETS: Call = Call::write(
    &ELB,
    "DeregisterTargets",
    r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/web/943f017f100becff","targets":[{"id":"<instance>"}]}"#,
    NULL,
);

fn scale(plan: &mut Plan, start: i64, change: &'static Call, targets: &'static Call) -> Place {
    let place = super::somewhere(&mut plan.random);
    let session = plan.role(&AUTOSCALING_ROLE, SessionName::Text("AutoScaling"), place, start);
    let mut caller = plan.service(start, place, "autoscaling.amazonaws.com");
    caller.assume(&ASSUME_ROLE, session);
    caller.principal = Principal::RoleFor(session, "autoscaling.amazonaws.com");
    caller.each(&ASG_LOOK, 0..2);
    caller.call(change);
    caller.pause(5..40);
    caller.call(targets);
    place
}

fn scale_out(plan: &mut Plan, start: i64) {
    let place = scale(plan, start, &RUN_INSTANCES, &REGISTER_TARGETS);
    instance(plan, start + 50, place);
}

fn scale_in(plan: &mut Plan, start: i64) {
    scale(plan, start, &TERMINATE_INSTANCES, &DEREGISTER_TARGETS);
}

const SSM_AGENT: &str = "aws-sdk-go/1.55.5 (go1.23.12; linux; arm64) amazon-ssm-agent/3.3.3050.0";
const APP_AGENT: &str = "Boto3/1.40.45 md/Botocore#1.40.45 ua/2.1 os/linux#6.1.153-175.280.amzn2023.aarch64 \
                         md/arch#aarch64 lang/python#3.13.7 md/pyimpl#CPython m/b,D,Z cfg/retry-mode#standard";
static AGENT_REPORT: [Call; 3] = [
    Call::write(
        &SSM,
        "UpdateInstanceInformation",
        r#"{"instanceId":"<instance>","agentVersion":"3.3.3050.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.20.1.<number:250>","computerName":"ip-10-20-1-<number:250>.<region>.compute.internal","agentName":"amazon-ssm-agent"}"#,
        NULL,
    ),
    Call::read(&SSM, "ListInstanceAssociations", r#"{"instanceId":"<instance>","maxResults":20}"#),
    Call::write(
        &SSM,
        "PutInventory",
        r#"{"instanceId":"<instance>","items":[{"typeName":"AWS:InstanceInformation","schemaVersion":"1.0","captureTime":"<iso>","contentHash":"<hex:32>"}]}"#,
        NULL,
    ),
];
static SECRET_KEY: Call = Call::read(&KMS, "Decrypt", r#"{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"SecretARN":"arn:aws:secretsmanager:<region>:<account>:secret:<secret>-Ab3xQ9","SecretVersionId":"<uuid>"}}"#).on(KMS_KEY);
static LOG_STREAM: Call = Call::write(
    &LOGS,
    "CreateLogStream",
    r#"{"logGroupName":"<loggroup>","logStreamName":"<date>/[$LATEST]<hex:32>"}"#,
    NULL,
);

/// An instance starts: it gets its role, its agent reports, its program fetches its secrets.
fn instance(plan: &mut Plan, start: i64, place: Place) {
    let which = plan.random.below(18);
    let session = plan.role(&APP_SERVER, SessionName::Instance(which), place, start);
    let mut caller = plan.service(start, place, "ec2.amazonaws.com");
    caller.assume(&ASSUME_ROLE, session);
    caller.pause(4..20);
    caller.principal = Principal::Role(session);
    let address = [10, 20, 1, which as u8 + 10];
    caller.client = Client::Endpoint { address, agent: SSM_AGENT };
    caller.each(&AGENT_REPORT[..2], 0..3);
    caller.client = Client::Endpoint { address, agent: APP_AGENT };
    caller.call(&GET_SECRET);
    caller.principal = Principal::RoleFor(session, "secretsmanager.amazonaws.com");
    caller.client = Client::Service("secretsmanager.amazonaws.com");
    caller.call(&SECRET_KEY);
}

fn instance_reports(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    for _ in 0..plan.random.within(2..7) {
        let which = plan.random.below(18);
        let session = plan.role(&APP_SERVER, SessionName::Instance(which), place, start - 14_400);
        let client = Client::Endpoint { address: [10, 20, 1, which as u8 + 10], agent: SSM_AGENT };
        let mut caller = plan.caller(start, place, Principal::Role(session), client);
        caller.pause(0..90);
        caller.some(&AGENT_REPORT, 1, 0..2);
    }
}

static FUNCTION_WORK: [Call; 4] = [
    GET_OBJECT,
    Call::object(
        "PutObject",
        false,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-storage-class":"STANDARD"}"#,
    ),
    Call::read(&SSM, "GetParameters", r#"{"names":["<parameter:a>","<parameter:b>"],"withDecryption":true}"#),
    Call::write(
        &SES,
        "SendRawEmail",
        r#"{"rawMessage":{"data":"HIDDEN_DUE_TO_SECURITY_REASONS"},"source":"shop@example.com","destinations":["HIDDEN_DUE_TO_SECURITY_REASONS"]}"#,
        r#"{"messageId":"<hex:16>-<uuid>-000000"}"#,
    ),
];
const FUNCTION_AGENT: &str = "Boto3/1.40.4 md/Botocore#1.40.4 ua/2.1 os/linux#5.10.244-248.974.amzn2.x86_64 \
                              md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 \
                              m/D,b,Z cfg/retry-mode#legacy";

/// A function is started: Lambda takes its role, and it does its work.
fn function_starts(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let which = plan.random.below(4) as usize;
    let session = plan.role(&FUNCTION_ROLES[which], SessionName::Text(FUNCTIONS[which]), place, start);
    let mut caller = plan.service(start, place, "lambda.amazonaws.com");
    caller.assume(&ASSUME_ROLE, session);
    caller.principal = Principal::Role(session);
    let address = [192, 0, 2, 160 + caller.plan.random.below(90) as u8];
    caller.client =
        Client::Internet { address, agent: "awslambda-worker/1.0 rusoto/0.48.0 rust/1.90.0 linux" };
    match caller.plan.random.below(30) {
        0 => caller.fail(&LOG_STREAM, &LOG_STREAM_EXISTS),
        _ => caller.call(&LOG_STREAM),
    }
    caller.client = Client::Internet { address, agent: FUNCTION_AGENT };
    let count = caller.plan.random.within(1..6);
    caller.some(&FUNCTION_WORK, count, 0..3);
    match caller.plan.random.below(50) {
        0 => caller.fail(&GET_OBJECT, &NO_KEY),
        1 => caller.fail(&FUNCTION_WORK[2], &THROTTLED),
        2 => caller.fail(&FUNCTION_WORK[1], &DENIED_BUCKET),
        _ => {}
    }
}

static TASK_START: [Call; 4] = [
    Call::read(&ECR, "GetAuthorizationToken", r#"{"registryIds":["<account>"]}"#),
    Call::read(&ECR, "BatchGetImage", r#"{"repositoryName":"<repository>","imageIds":[{"imageTag":"<hex:12>"}],"acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]}"#)
        .on(r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<repository>"}]"#),
    Call::read(&ECR, "GetDownloadUrlForLayer", r#"{"repositoryName":"<repository>","layerDigest":"sha256:<hex:64>"}"#)
        .on(r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<repository>"}]"#),
    Call::write(&LOGS, "CreateLogStream", r#"{"logGroupName":"/ecs/web","logStreamName":"web/main/<hex:32>"}"#, NULL),
];
static NETWORK_INTERFACE: Call = Call::write(
    &EC2,
    "CreateNetworkInterface",
    r#"{"subnetId":"<subnet>","description":"arn:aws:ecs:<region>:<account>:attachment/<uuid>","groupSet":{"items":[{"groupId":"<sg>"}]},"privateIpAddressesSet":{},"clientToken":"<uuid:token>"}"#,
    r#"{"requestId":"<requestid>","networkInterface":{"networkInterfaceId":"<eni>","subnetId":"<subnet>","vpcId":"<vpc>","availabilityZone":"<region>b","ownerId":"<account>","requesterManaged":false,"status":"pending","macAddress":"0a:ff:<hex:2:a>:<hex:2:b>:<hex:2:c>:<hex:2:d>","privateIpAddress":"10.20.2.<number:250>","sourceDestCheck":true,"interfaceType":"interface","groupSet":{"items":[{"groupId":"<sg>","groupName":"web-tasks"}]},"privateIpAddressesSet":{"item":[{"privateIpAddress":"10.20.2.<number:250>","primary":true}]},"ipv6AddressesSet":{},"tagSet":{}}}"#,
);

fn task_starts(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let linked = plan.role(&ECS_ROLE, SessionName::Text("ecs-service-scheduler"), place, start - 3);
    let ecs = Client::Service("ecs.amazonaws.com");
    plan.caller(start, place, Principal::RoleFor(linked, "ecs.amazonaws.com"), ecs).call(&NETWORK_INTERFACE);
    let session = plan.role(&WEB_TASK, SessionName::Hex, place, start + 8);
    let mut caller = plan.service(start + 8, place, "ecs-tasks.amazonaws.com");
    caller.assume(&ASSUME_ROLE, session);
    caller.principal = Principal::Role(session);
    let address = [10, 20, 2, 10 + caller.plan.random.below(200) as u8];
    caller.client =
        Client::Endpoint { address, agent: "AWSFargate/1.4.0 aws-sdk-go/1.55.8 (go1.24.7; linux; arm64)" };
    caller.each(&TASK_START, 0..4);
    caller.client = Client::Endpoint { address, agent: APP_AGENT };
    caller.call(&GET_SECRET);
}

/// Visitors of the web site fetch its assets without any credentials.
fn visitors(plan: &mut Plan, start: i64) {
    let address = [192, 0, 2, 200 + plan.random.below(50) as u8];
    let agent = plan.random.pick(&[FIREFOX, CHROME, SAFARI]);
    let client = Client::Internet { address, agent };
    let mut caller = plan.caller(start, place(PRODUCTION, VIRGINIA), Principal::Anonymous, client);
    caller.bucket = Some("example-app-assets");
    for _ in 0..caller.plan.random.within(1..5) {
        caller.call(&GET_OBJECT);
        caller.pause(0..8);
    }
    if caller.plan.random.one_in(30) {
        caller.fail(&GET_OBJECT, &NO_KEY);
    }
}
