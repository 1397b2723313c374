//! Pipelines: deployments from GitHub, Terraform's plans, the bot that publishes
//! assets, and the other things that people have set up to run by themselves.

use super::super::caller::Plan;
use super::super::calls::*;
use super::super::clock::at;
use super::super::event::Client;
use super::super::incident::KEY_DISABLED;
use super::super::organization::*;
use super::super::principal::{Principal, SessionName};
use super::{ALWAYS, Activity, CUSTOMERS, DUBLIN, NEW_YORK, TOKYO_OFFICE, activity};

pub(super) static ACTIVITIES: [Activity; 7] = [
    activity(40, 3, &DUBLIN, deploy_from_github),
    activity(24, 2, &TOKYO_OFFICE, deploy_from_github),
    activity(14, 1, &NEW_YORK, terraform_plan),
    activity(12, 6, &CUSTOMERS, publish_assets),
    activity(6, 6, &ALWAYS, security_audit),
    activity(10, 2, &DUBLIN, support_portal),
    activity(10, 10, &super::NIGHT, nightly_etl),
];

const RUNNER: &str = "aws-sdk-js/3.901.0 ua/2.1 os/linux#6.11.0-1018-azure lang/js md/nodejs#22.19.0 \
                      api/<command> configure-aws-credentials-for-github-actions";
const TERRAFORM_AGENT: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) \
                               terraform-provider-aws/6.15.0 (+https://registry.terraform.io/providers/hashicorp/aws) \
                               aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.6 md/GOARCH#amd64 md/GOOS#linux";
const BOT_AGENT: &str = "aws-cli/2.29.1 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-85-generic md/arch#x86_64 \
                         lang/python#3.13.7 md/pyimpl#CPython md/installer#exe md/prompt#off md/command#<command>";
const PORTAL_AGENT: &str = "aws-sdk-java/2.34.6 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.153 lang/java#21.0.8 \
                            md/OpenJDK_64-Bit_Server_VM#21.0.8+9-LTS md/vendor#Amazon.com_Inc.";
const PANDAS_AGENT: &str = "Boto3/1.40.45 md/Botocore#1.40.45 ua/2.1 os/linux#5.10.244 md/arch#x86_64 \
                            lang/python#3.11.6 md/pyimpl#CPython exec-env/AWS_Glue cfg/retry-mode#legacy";

static WITH_WEB_IDENTITY: Call = Call::read(
    &STS,
    "AssumeRoleWithWebIdentity",
    r#"{"roleArn":"<granted-role>","roleSessionName":"<granted-session>","durationSeconds":3600}"#,
)
.answering(r#"{"credentials":{"accessKeyId":"<granted-key>","sessionToken":"<token>","expiration":"<expires:3600>"},"subjectFromWebIdentityToken":"<subject>","assumedRoleUser":{"assumedRoleId":"<granted-id>","arn":"<granted-arn>"},"provider":"arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com","audience":"sts.amazonaws.com"}"#)
.on(GRANTED_ROLE)
.with(r#"{"identityProviderConnectionVerificationMethod":"IAMTrustStore"}"#);
static DEPLOYMENT: [Call; 11] = [
    WHO_AM_I,
    Call::read(&ECR, "GetAuthorizationToken", r#"{}"#),
    Call::read(&ECR, "BatchCheckLayerAvailability", r#"{"repositoryName":"<repository>","layerDigests":["sha256:<hex:64>"]}"#)
        .on(r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<repository>"}]"#),
    Call::write(&ECR, "InitiateLayerUpload", r#"{"repositoryName":"<repository>"}"#, r#"{"uploadId":"<uuid>","partSize":20971520}"#)
        .on(r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<repository>"}]"#),
    Call::write(&ECR, "PutImage", r#"{"repositoryName":"<repository>","imageTag":"<hex:12>","imageManifestMediaType":"application/vnd.oci.image.manifest.v1+json"}"#, r#"{"image":{"registryId":"<account>","repositoryName":"<repository>","imageId":{"imageDigest":"sha256:<hex:64>","imageTag":"<hex:12>"}}}"#)
        .on(r#"[{"accountId":"<account>","ARN":"arn:aws:ecr:<region>:<account>:repository/<repository>"}]"#),
    Call::write(&ECS, "RegisterTaskDefinition", r#"{"family":"<cluster>-service","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"1024","memory":"2048","containerDefinitions":[{"name":"main","image":"<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<hex:12>","essential":true,"environment":[],"portMappings":[{"containerPort":8080}]}]}"#, r#"{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:<region>:<account>:task-definition/<cluster>-service:<number:900>","family":"<cluster>-service","status":"ACTIVE","requiresCompatibilities":["FARGATE"]}}"#),
    Call::write(&ECS, "UpdateService", r#"{"cluster":"<cluster>","service":"<cluster>-service","taskDefinition":"<cluster>-service:<number:900>"}"#, r#"{"service":{"serviceName":"<cluster>-service","clusterArn":"arn:aws:ecs:<region>:<account>:cluster/<cluster>","status":"ACTIVE","desiredCount":4,"runningCount":4,"pendingCount":0}}"#),
    Call::read(&ECS, "DescribeServices", r#"{"cluster":"<cluster>","services":["<cluster>-service"]}"#),
    Call::read(&ECS, "DescribeServices", r#"{"cluster":"<cluster>","services":["<cluster>-service"]}"#),
    Call::write(&LAMBDA, "UpdateFunctionCode20150331v2", r#"{"functionName":"<function>","s3Bucket":"<bucket>","s3Key":"lambda/<hex:12>.zip","publish":true,"dryRun":false}"#, r#"{"functionName":"<function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<function>","runtime":"python3.13","codeSize":1048576,"version":"<number:200>","lastUpdateStatus":"InProgress","environment":{}}"#),
    Call::object("PutObject", false, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-server-side-encryption":"AES256"}"#),
];
static CHANGE_SET: [Call; 4] = [
    Call::write(
        &CLOUDFORMATION,
        "CreateChangeSet",
        r#"{"stackName":"<stack>","changeSetName":"deploy-<hex:8>","changeSetType":"UPDATE","capabilities":["CAPABILITY_IAM"]}"#,
        r#"{"id":"arn:aws:cloudformation:<region>:<account>:changeSet/deploy-<hex:8>/<uuid:a>","stackId":"arn:aws:cloudformation:<region>:<account>:stack/<stack>/<uuid:b>"}"#,
    ),
    Call::read(
        &CLOUDFORMATION,
        "DescribeChangeSet",
        r#"{"stackName":"<stack>","changeSetName":"deploy-<hex:8>"}"#,
    ),
    Call::write(
        &CLOUDFORMATION,
        "ExecuteChangeSet",
        r#"{"stackName":"<stack>","changeSetName":"deploy-<hex:8>"}"#,
        NULL,
    ),
    Call::read(&CLOUDFORMATION, "DescribeStacks", r#"{"stackName":"<stack>"}"#),
];

fn runner(plan: &mut Plan) -> [u8; 4] {
    [198, 51, 100, 128 + plan.random.below(48) as u8]
}

fn deploy_from_github(plan: &mut Plan, start: i64) {
    let place = super::somewhere(&mut plan.random);
    let address = runner(plan);
    let repository = plan.random.pick(&["example/web", "example/orders", "example/platform"]);
    let agent = Client::Internet { address, agent: RUNNER };
    let session = plan.role(&GITHUB_DEPLOY, SessionName::Text("GitHubActions"), place, start);
    let mut caller = plan.caller(start, place, Principal::WebIdentity(repository), agent);
    caller.assume(&WITH_WEB_IDENTITY, session);
    caller.principal = Principal::Role(session);
    caller.pause(1..4);
    caller.each(&DEPLOYMENT, 1..25);
    if caller.plan.random.one_in(3) {
        caller.each(&CHANGE_SET, 2..30);
    } else if caller.plan.random.one_in(8) {
        caller.fail(&CHANGE_SET[0], &NO_CHANGES);
    }
}

static REFRESH: [Call; 16] = [
    Call::read(&EC2, "DescribeVpcs", r#"{"vpcSet":{"items":[{"vpcId":"<vpc>"}]},"filterSet":{}}"#),
    Call::read(&EC2, "DescribeVpcAttribute", r#"{"vpcId":"<vpc>","attribute":"enableDnsHostnames"}"#),
    Call::read(
        &EC2,
        "DescribeSubnets",
        r#"{"subnetSet":{"items":[{"subnetId":"<subnet>"}]},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeRouteTables",
        r#"{"routeTableIdSet":{"items":[{"routeTableId":"<routetable>"}]},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"<sg>"}]},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeSecurityGroupRules",
        r#"{"maxResults":1000,"securityGroupRuleSet":{},"filterSet":{"items":[{"name":"group-id","valueSet":{"items":[{"value":"<sg>"}]}}]}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeNetworkAcls",
        r#"{"networkAclIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"<vpc>"}]}}]}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeLaunchTemplates",
        r#"{"DescribeLaunchTemplatesRequest":{"LaunchTemplateId":{"tag":1,"content":"<template>"}}}"#,
    ),
    Call::read(
        &ELB,
        "DescribeTargetGroups",
        r#"{"loadBalancerArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/<loadbalancer>"}"#,
    ),
    Call::read(
        &ELB,
        "DescribeListeners",
        r#"{"loadBalancerArn":"arn:aws:elasticloadbalancing:<region>:<account>:loadbalancer/<loadbalancer>"}"#,
    ),
    Call::read(&RDS, "DescribeDBInstances", r#"{"dBInstanceIdentifier":"<database>"}"#),
    Call::read(&LAMBDA, "GetFunction20150331v2", r#"{"functionName":"<function>"}"#),
    Call::read(
        &SQS,
        "GetQueueAttributes",
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<queue>","attributeNames":["All"]}"#,
    ),
    GET_BUCKET_POLICY,
    Call::bucket(
        "GetBucketTagging",
        true,
        r#"{"tagging":"","bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
    ),
    Call::read(&KMS, "DescribeKey", r#"{"keyId":"<kmskey>"}"#).on(KMS_KEY),
];
static ROLE_REFRESH: [Call; 4] = [
    Call::read(&IAM, "GetRole", r#"{"roleName":"app-server"}"#),
    Call::read(&IAM, "ListRolePolicies", r#"{"roleName":"app-server"}"#),
    Call::read(&IAM, "ListAttachedRolePolicies", r#"{"roleName":"app-server"}"#),
    Call::read(&IAM, "GetRole", r#"{"roleName":"etl-job-legacy"}"#),
];

/// A plan reads all there is, in a hurry, and is throttled for it.
fn terraform_plan(plan: &mut Plan, start: i64) {
    let here = super::somewhere(&mut plan.random);
    let address = runner(plan);
    let agent = Client::Internet { address, agent: TERRAFORM_AGENT };
    let session = plan.role(&TERRAFORM, SessionName::Text("terraform-plan"), here, start);
    let mut caller = plan.caller(start, here, Principal::WebIdentity("example/platform"), agent);
    caller.assume(&WITH_WEB_IDENTITY, session);
    caller.principal = Principal::Role(session);
    caller.pause(2..5);
    for _ in 0..caller.plan.random.within(1..4) {
        caller.each(&REFRESH, 0..2);
        match caller.plan.random.below(4) {
            0 => caller.fail(&REFRESH[5], &LIMITED),
            1 => caller.fail(&REFRESH[12], &THROTTLED),
            _ => {}
        }
    }
    caller.move_to(place(here.account, VIRGINIA));
    caller.each(&ROLE_REFRESH[..3], 0..2);
    if caller.plan.random.one_in(6) {
        caller.fail(&ROLE_REFRESH[3], &NO_ENTITY);
    }
}

static PUBLISHING: [Call; 4] = [
    Call::object(
        "PutObject",
        false,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-acl":"bucket-owner-full-control"}"#,
    ),
    Call::object(
        "PutObject",
        false,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-acl":"bucket-owner-full-control"}"#,
    ),
    Call::object(
        "ListObjects",
        true,
        r#"{"list-type":"2","bucketName":"<bucket>","prefix":"static/","encoding-type":"url","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
    ),
    Call::write(
        &CLOUDFRONT,
        "CreateInvalidation",
        r#"{"invalidationBatch":{"callerReference":"cli-<millis>","paths":{"quantity":1,"items":["/*"]}},"distributionId":"E1EXAMPLEDIST7"}"#,
        r#"{"location":"https://cloudfront.amazonaws.com/2020-05-31/distribution/E1EXAMPLEDIST7/invalidation/I<upper:13>","invalidation":{"id":"I<upper:13>","status":"InProgress"}}"#,
    ),
];

/// The user whose key leaks, at its proper work and its proper address; when the
/// key is disabled, a role takes over.
fn publish_assets(plan: &mut Plan, start: i64) {
    let home = place(PRODUCTION, VIRGINIA);
    let from = Client::Internet { address: [198, 51, 100, 23], agent: BOT_AGENT };
    let bot = if start < at(KEY_DISABLED) {
        Principal::User(&DEPLOY_BOT)
    } else {
        Principal::Role(plan.role(&GITHUB_DEPLOY, SessionName::Text("publish-assets"), home, start - 20))
    };
    let mut caller = plan.caller(start, home, bot, from);
    caller.bucket = Some("example-app-assets");
    for _ in 0..caller.plan.random.within(1..4) {
        caller.each(&PUBLISHING[..3], 0..3);
    }
    caller.call(&PUBLISHING[3]);
}

static AUDIT: [Call; 8] = [
    Call::read(&IAM, "GenerateCredentialReport", NULL).answering(
        r#"{"state":"STARTED","description":"No report exists. Starting a new report generation task"}"#,
    ),
    Call::read(&IAM, "GetCredentialReport", NULL),
    Call::read(&IAM, "GetAccountSummary", NULL),
    Call::read(&CLOUDTRAIL, "DescribeTrails", r#"{"trailNameList":[],"includeShadowTrails":true}"#),
    Call::read(
        &CLOUDTRAIL,
        "GetTrailStatus",
        r#"{"name":"arn:aws:cloudtrail:us-east-1:<account>:trail/management-events"}"#,
    ),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"maxResults":1000,"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(&KMS, "ListKeys", r#"{"limit":1000}"#),
    Call::read(&CONFIG, "DescribeComplianceByConfigRule", NULL),
];

/// An auditor in the development account looks at production: one call, two records.
fn security_audit(plan: &mut Plan, start: i64) {
    let function = plan.role(&FUNCTION_ROLES[3], SessionName::Text(FUNCTIONS[3]), DEV_VIRGINIA, start - 40);
    let target = place(PRODUCTION, VIRGINIA);
    let session = plan.role(&SECURITY_AUDIT, SessionName::Text("nightly-audit"), target, start);
    let from = Client::Internet { address: [192, 0, 2, 133], agent: PANDAS_AGENT };
    let mut caller = plan.caller(start, DEV_VIRGINIA, Principal::Role(function), from);
    caller.assume_elsewhere(&ASSUME_ROLE, session);
    caller.principal = Principal::Role(session);
    caller.move_to(target);
    caller.pause(1..4);
    caller.each(&AUDIT, 0..4);
}

const DEV_VIRGINIA: Place = place(DEVELOPMENT, VIRGINIA);

static FEDERATION_TOKEN: Call = Call::read(&STS, "GetFederationToken", r#"{"name":"support-portal","durationSeconds":3600}"#)
    .answering(r#"{"credentials":{"accessKeyId":"ASIA<upper:9>EXAMPLE","sessionToken":"<token>","expiration":"<expires:3600>"},"federatedUser":{"federatedUserId":"<account>:support-portal","arn":"arn:aws:sts::<account>:federated-user/support-portal"},"packedPolicySize":2}"#);
static PORTAL: [Call; 4] = [
    Call::read(&DYNAMODB, "DescribeTable", r#"{"tableName":"orders"}"#),
    GET_OBJECT,
    HEAD_OBJECT,
    Call::read(
        &LOGS,
        "FilterLogEvents",
        r#"{"logGroupName":"/aws/lambda/orders-api","filterPattern":"\"<uuid>\"","limit":100}"#,
    ),
];

/// The support desk's portal looks orders up for whoever calls.
fn support_portal(plan: &mut Plan, start: i64) {
    let from = Client::Internet { address: [198, 51, 100, 31], agent: PORTAL_AGENT };
    let session = plan.session(start, false);
    let mut caller = plan.caller(start, place(PRODUCTION, IRELAND), Principal::User(&PORTAL_USER), from);
    caller.call(&FEDERATION_TOKEN);
    caller.principal = Principal::Federated(&PORTAL_USER, "support-portal", session);
    caller.bucket = Some("example-orders-eu");
    for _ in 0..caller.plan.random.within(2..8) {
        caller.pause(4..200);
        caller.some(&PORTAL, 1, 0..2);
        if caller.plan.random.one_in(25) {
            caller.fail(&GET_OBJECT, &NO_KEY);
        }
    }
}

static ETL_START: Call = Call::write(
    &GLUE,
    "StartJobRun",
    r#"{"jobName":"curate-orders","arguments":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
    r#"{"jobRunId":"jr_<hex:64>"}"#,
);
static ETL: [Call; 6] = [
    Call::read(&GLUE, "GetTable", r#"{"databaseName":"lake_raw","name":"<gluetable>"}"#),
    Call::read(
        &GLUE,
        "GetPartitions",
        r#"{"databaseName":"lake_raw","tableName":"<gluetable>","maxResults":1000}"#,
    ),
    Call::write(
        &GLUE,
        "BatchCreatePartition",
        r#"{"databaseName":"lake_curated","tableName":"<gluetable>","partitionInputList":[{"values":["<iso>"]}]}"#,
        r#"{"errors":[]}"#,
    ),
    Call::object(
        "GetObject",
        true,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","Range":"bytes=0-8388607"}"#,
    ),
    GET_OBJECT,
    Call::object(
        "PutObject",
        false,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>","x-amz-server-side-encryption":"aws:kms"}"#,
    ),
];

fn nightly_etl(plan: &mut Plan, start: i64) {
    let lake = place(PRODUCTION, IRELAND);
    let session = plan.role(&ETL_JOB, SessionName::Text("GlueJobRunnerSession"), lake, start);
    let mut caller = plan.service(start, lake, "glue.amazonaws.com");
    caller.assume(&ASSUME_ROLE, session);
    caller.call(&ETL_START);
    caller.principal = Principal::Role(session);
    caller.client = Client::Endpoint { address: [10, 20, 3, 118], agent: PANDAS_AGENT };
    caller.bucket = Some("example-data-lake");
    for _ in 0..caller.plan.random.within(8..40) {
        caller.pause(0..20);
        caller.some(&ETL, 1, 0..2);
    }
}
