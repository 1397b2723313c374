//! The incident: one night's work of somebody who found an access key.
//!
//! The key of `deploy-bot`, whose policy also lets it make users, is used from an
//! address never seen before. It tries all doors, makes itself an administrator,
//! opens security groups, reads a bucket of customer data, tries to silence the
//! trails and at last signs in as root. The next morning an administrator cleans up.

use super::caller::{Caller, Plan};
use super::calls::*;
use super::clock::at;
use super::event::{Client, Event};
use super::organization::*;
use super::principal::{Principal, SessionName};

/// The first moment of the incident, UTC.
pub const INCIDENT_FROM: &str = "2026-10-15T21:50:00Z";
/// The end of the intruder's activity, UTC, exclusive; the clean-up begins at 08:12.
pub const INCIDENT_TO: &str = "2026-10-16T02:40:00Z";
/// Where the leaked key, the new user and the new user's console session are used from.
pub const ATTACKER_IP: &str = "203.0.113.66";
/// Where root signs in from.
pub const ROOT_LOGIN_IP: &str = "203.0.113.140";
/// The IAM user whose access key leaked; it goes on with its proper work from
/// 198.51.100.23 all the time.
pub const LEAKED_USER: &str = "deploy-bot";
/// The access key that leaked.
pub const LEAKED_KEY: &str = "AKIAQ7XGMDEPLEXAMPLE";
/// The IAM user that the intruder makes.
pub const CREATED_USER: &str = "metrics-exporter";
/// The access key that the intruder makes for it.
pub const CREATED_KEY: &str = "AKIAQ7XGMNEW2EXAMPLE";
/// The bucket that is read out, in eu-west-1.
pub const EXFILTRATED_BUCKET: &str = "example-customer-exports";
/// How many of its objects are read.
pub const OBJECTS_READ: usize = 240;
/// The account it all happens in.
pub const INCIDENT_ACCOUNT: &str = PRODUCTION;

/// The clean-up begins by disabling the leaked key.
pub(super) const KEY_DISABLED: &str = "2026-10-16T08:12:50Z";

const INTRUDER: [u8; 4] = [203, 0, 113, 66];
const ROOT_INTRUDER: [u8; 4] = [203, 0, 113, 140];

static NEW_USER: User = User { name: CREATED_USER, id: "AIDAQ7XGM9NEWUEXAMPLE", key: CREATED_KEY };

const CLI: &str = "aws-cli/2.28.1 md/awscrt#0.26.1 ua/2.1 os/linux#6.12.38+kali-amd64 md/arch#x86_64 \
                   lang/python#3.13.6 md/pyimpl#CPython m/N,E,b cfg/retry-mode#standard md/installer#source \
                   md/prompt#off md/command#<command>";
const SCRIPT: &str = "Boto3/1.37.9 md/Botocore#1.37.9 ua/2.1 os/linux#6.12.38+kali-amd64 md/arch#x86_64 \
                      lang/python#3.13.6 md/pyimpl#CPython m/D,Z,b cfg/retry-mode#legacy Botocore/1.37.9";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
/// A user agent is whatever the client says, and some say it to whoever reads the logs.
const HOSTILE: &str = r#"=1+1\"><img src=x onerror=alert(document.domain)>"#;

const HOME: Place = place(PRODUCTION, VIRGINIA);
const EUROPE: Place = place(PRODUCTION, IRELAND);
const ASIA: Place = place(PRODUCTION, TOKYO);

/// All events of the incident and of its clean-up.
pub(super) fn events(seed: u64) -> Vec<Event> {
    let mut plan = Plan::script(seed, "incident");
    reconnaissance(&mut plan);
    persistence(&mut plan);
    console(&mut plan);
    security_groups(&mut plan);
    exfiltration(&mut plan);
    tampering(&mut plan);
    root(&mut plan);
    containment(&mut plan);
    plan.events
}

fn intruder<'a>(
    plan: &'a mut Plan,
    time: &str,
    place: Place,
    user: &'static User,
    agent: &'static str,
) -> Caller<'a> {
    plan.caller(at(time), place, Principal::User(user), Client::Internet { address: INTRUDER, agent })
}

static LOOK_AROUND: [Call; 7] = [
    Call::read(&IAM, "ListAttachedUserPolicies", r#"{"userName":"deploy-bot"}"#),
    Call::read(&IAM, "ListUserPolicies", r#"{"userName":"deploy-bot"}"#),
    Call::read(&IAM, "ListUsers", NULL),
    Call::read(&IAM, "ListRoles", NULL),
    Call::read(&IAM, "ListGroups", NULL),
    Call::read(&IAM, "ListAccessKeys", r#"{"userName":"deploy-bot"}"#),
    LIST_BUCKETS,
];
/// Refused once, in us-east-1.
static GLOBAL_DOORS: [Call; 11] = [
    Call::read(&IAM, "GetAccountAuthorizationDetails", NULL),
    Call::read(&IAM, "GetAccountSummary", NULL),
    Call::read(&IAM, "GetAccountPasswordPolicy", NULL),
    Call::read(&IAM, "GetCredentialReport", NULL),
    Call::read(&IAM, "SimulatePrincipalPolicy", NULL),
    Call::read(&ORGANIZATIONS, "DescribeOrganization", NULL),
    Call::read(&BILLING, "GetCostAndUsage", NULL),
    Call::read(&CLOUDTRAIL, "DescribeTrails", NULL),
    Call::read(&GUARDDUTY, "ListDetectors", NULL),
    Call::read(&SES, "GetAccount", NULL),
    Call::read(&SUPPORT, "DescribeCases", NULL),
];
/// Refused in each region.
static DOORS: [Call; 7] = [
    Call::read(&LAMBDA, "ListFunctions20150331", NULL),
    Call::read(&RDS, "DescribeDBInstances", NULL),
    Call::read(&SECRETS, "ListSecrets", NULL),
    Call::read(&SSM, "DescribeParameters", NULL),
    Call::read(&KMS, "ListKeys", NULL),
    Call::read(&DYNAMODB, "ListTables", NULL),
    Call::read(&ECS, "ListClusters", NULL),
];
static EC2_DOORS: [Call; 4] = [
    Call::read(&EC2, "DescribeInstances", r#"{"maxResults":1000,"instancesSet":{},"filterSet":{}}"#),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeSnapshots",
        r#"{"maxResults":1000,"snapshotSet":{},"ownersSet":{"items":[{"owner":"self"}]},"sharedUsersSet":{},"filterSet":{}}"#,
    ),
    Call::read(&EC2, "DescribeVpcs", r#"{"vpcSet":{},"filterSet":{}}"#),
];

fn reconnaissance(plan: &mut Plan) {
    let mut intruder = intruder(plan, "2026-10-15T21:52:07Z", HOME, &DEPLOY_BOT, CLI);
    intruder.call(&WHO_AM_I);
    intruder.pause(40..90);
    intruder.client = Client::Internet { address: INTRUDER, agent: SCRIPT };
    intruder.each(&LOOK_AROUND, 1..4);
    for place in [HOME, EUROPE, ASIA] {
        intruder.move_to(place);
        for bucket in buckets(place) {
            intruder.bucket = Some(bucket);
            intruder.call(&GET_BUCKET_LOCATION);
            intruder.fail(&GET_BUCKET_ACL, &DENIED_BUCKET);
            intruder.fail(&GET_BUCKET_POLICY, &DENIED_BUCKET);
            intruder.pause(1..3);
        }
    }
    intruder.bucket = None;
    intruder.move_to(HOME);
    intruder.pause(60..200);
    for call in &GLOBAL_DOORS {
        intruder.fail(call, &DENIED);
        intruder.pause(1..4);
    }
    for place in [HOME, EUROPE, ASIA] {
        intruder.move_to(place);
        for call in &DOORS {
            intruder.fail(call, &DENIED);
            intruder.pause(0..3);
        }
        for call in &EC2_DOORS {
            intruder.fail(call, &DENIED_EC2);
            intruder.pause(0..3);
        }
    }
    intruder.move_to(HOME);
    intruder.client = Client::Internet { address: INTRUDER, agent: HOSTILE };
    intruder.pause(300..400);
    intruder.call(&WHO_AM_I);
    intruder.client = Client::Internet { address: INTRUDER, agent: CLI };
    intruder.pause(900..1_000);
    intruder.fail(&STOP_LOGGING, &DENIED_TRAIL);
}

static STOP_LOGGING: Call = Call::write(&CLOUDTRAIL, "StopLogging", r#"{"name":"management-events"}"#, NULL);
static PROMOTE_SELF: Call = Call::write(
    &IAM,
    "AttachUserPolicy",
    r#"{"userName":"deploy-bot","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
    NULL,
);
static CREATE_USER: Call = Call::write(
    &IAM,
    "CreateUser",
    r#"{"userName":"metrics-exporter"}"#,
    r#"{"user":{"path":"/","userName":"metrics-exporter","userId":"AIDAQ7XGM9NEWUEXAMPLE","arn":"arn:aws:iam::<account>:user/metrics-exporter","createDate":"<words>"}}"#,
);
static CREATE_KEY: Call = Call::write(
    &IAM,
    "CreateAccessKey",
    r#"{"userName":"metrics-exporter"}"#,
    r#"{"accessKey":{"userName":"metrics-exporter","accessKeyId":"AKIAQ7XGMNEW2EXAMPLE","status":"Active","createDate":"<words>"}}"#,
);
static ATTACH_POLICY: Call = Call::write(
    &IAM,
    "AttachUserPolicy",
    r#"{"userName":"metrics-exporter","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
    NULL,
);
static CREATE_LOGIN: Call = Call::write(
    &IAM,
    "CreateLoginProfile",
    r#"{"userName":"metrics-exporter","passwordResetRequired":false}"#,
    r#"{"loginProfile":{"userName":"metrics-exporter","createDate":"<words>","passwordResetRequired":false}}"#,
);

/// Minutes before midnight: these lie in the next day's folder.
fn persistence(plan: &mut Plan) {
    let mut intruder = intruder(plan, "2026-10-15T23:56:12Z", HOME, &DEPLOY_BOT, CLI);
    intruder.fail(&PROMOTE_SELF, &DENIED);
    intruder.pause(40..50);
    for call in [&CREATE_USER, &CREATE_KEY, &ATTACH_POLICY, &CREATE_LOGIN] {
        intruder.call(call);
        intruder.pause(20..35);
    }
}

static LOGIN: Call = Call::sign_in(
    "ConsoleLogin",
    r#"{"ConsoleLogin":"Success"}"#,
    r#"{"LoginTo":"https://eu-west-1.console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_eu-west-1_<hex:16>","MobileVersion":"No","MFAUsed":"No"}"#,
);
static FIRST_PAGES: [Call; 7] = [
    Call::read(&EC2, "DescribeRegions", r#"{"regionSet":{},"allRegions":true}"#),
    Call::read(&EC2, "DescribeInstances", r#"{"maxResults":50,"instancesSet":{},"filterSet":{}}"#),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"maxResults":200,"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(&RDS, "DescribeDBInstances", r#"{"maxRecords":100}"#),
    Call::read(&SECRETS, "ListSecrets", r#"{"maxResults":100}"#),
    LIST_BUCKETS,
    Call::read(&CLOUDTRAIL, "DescribeTrails", r#"{"trailNameList":[],"includeShadowTrails":true}"#),
];

/// The console, without a second factor, and not at the endpoint of us-east-1.
fn console(plan: &mut Plan) {
    let session = plan.session(at("2026-10-16T00:06:31Z"), false);
    let browser = Client::Console { address: INTRUDER, agent: BROWSER };
    let mut intruder = plan.caller(session.started, EUROPE, Principal::UserSigningIn(&NEW_USER), browser);
    intruder.call(&LOGIN);
    intruder.pause(8..15);
    intruder.principal = Principal::UserSession(&NEW_USER, session);
    intruder.each(&FIRST_PAGES, 4..40);
    intruder.now = at("2026-10-16T00:19:45Z");
    intruder.call(&OPEN_SSH);
}

/// The shape that the console, Terraform and the newer tools send.
static OPEN_SSH: Call = Call::write(
    &EC2,
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"sg-0c4d5e6f7a8b90123","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0","description":"temp"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"<requestid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"sg-0c4d5e6f7a8b90123","securityGroupRuleId":"sgr-0<hex:16>","description":"temp","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"0.0.0.0/0"}]}}"#,
);
/// The flat shape of `--protocol tcp --port 3389 --cidr 0.0.0.0/0`.
static OPEN_RDP: Call = Call::write(
    &EC2,
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"sg-0d5e6f7a8b9c01234","ipPermissions":{},"cidrIp":"0.0.0.0/0","ipProtocol":"tcp","fromPort":3389,"toPort":3389}"#,
    r#"{"requestId":"<requestid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"sg-0d5e6f7a8b9c01234","securityGroupRuleId":"sgr-0<hex:16>","isEgress":false,"ipProtocol":"tcp","fromPort":3389,"toPort":3389,"cidrIpv4":"0.0.0.0/0"}]}}"#,
);
static CREATE_GROUP: Call = Call::write(
    &EC2,
    "CreateSecurityGroup",
    r#"{"groupName":"remote-desktop","groupDescription":"remote desktop","vpcId":"<vpc>"}"#,
    r#"{"requestId":"<requestid>","_return":true,"groupId":"sg-0d5e6f7a8b9c01234","securityGroupArn":"arn:aws:ec2:<region>:<account>:security-group/sg-0d5e6f7a8b9c01234"}"#,
);
static RUN_MINERS: Call = Call::write(
    &EC2,
    "RunInstances",
    r#"{"instancesSet":{"items":[{"imageId":"<ami>","minCount":8,"maxCount":8}]},"groupSet":{"items":[{"groupId":"sg-0d5e6f7a8b9c01234"}]},"instanceType":"p4d.24xlarge","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"disableApiStop":false,"clientToken":"<uuid>"}"#,
    NULL,
);

fn security_groups(plan: &mut Plan) {
    let mut intruder = intruder(plan, "2026-10-16T00:24:02Z", ASIA, &NEW_USER, CLI);
    intruder.call(&CREATE_GROUP);
    intruder.pause(15..30);
    intruder.call(&OPEN_RDP);
    for _ in 0..2 {
        intruder.pause(30..60);
        intruder.fail(&RUN_MINERS, &VCPU_LIMIT);
    }
}

static LIST_EXPORTS: Call = Call::object(
    "ListObjects",
    true,
    r#"{"list-type":"2","bucketName":"<bucket>","prefix":"exports/2026/","encoding-type":"url","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
);
static GET_EXPORT: Call = Call::object("GetObject", true, r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<key>"}"#)
    .with(r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"<base64:75>=","bytesTransferredOut":<number:90000000>}"#);

fn exfiltration(plan: &mut Plan) {
    let mut intruder = intruder(plan, "2026-10-16T00:31:18Z", EUROPE, &NEW_USER, CLI);
    intruder.bucket = Some(EXFILTRATED_BUCKET);
    for _ in 0..6 {
        intruder.call(&LIST_EXPORTS);
        intruder.pause(1..5);
    }
    intruder.pause(60..90);
    for _ in 0..OBJECTS_READ {
        intruder.call(&GET_EXPORT);
        intruder.pause(1..9);
    }
}

static SELECT_NOTHING: Call = Call::write(
    &CLOUDTRAIL,
    "PutEventSelectors",
    r#"{"trailName":"app-audit","eventSelectors":[{"readWriteType":"ReadOnly","includeManagementEvents":false,"dataResources":[],"excludeManagementEventSources":[]}]}"#,
    r#"{"trailARN":"arn:aws:cloudtrail:<region>:<account>:trail/app-audit","eventSelectors":[{"readWriteType":"ReadOnly","includeManagementEvents":false,"dataResources":[],"excludeManagementEventSources":[]}]}"#,
);
static STOP_SECOND: Call = Call::write(&CLOUDTRAIL, "StopLogging", r#"{"name":"app-audit"}"#, NULL);
static DELETE_SECOND: Call = Call::write(&CLOUDTRAIL, "DeleteTrail", r#"{"name":"app-audit"}"#, NULL);
static DELETE_TRAIL: Call = Call::write(&CLOUDTRAIL, "DeleteTrail", r#"{"name":"management-events"}"#, NULL);
static SELECT_LESS: Call =
    Call::write(&CLOUDTRAIL, "PutEventSelectors", r#"{"trailName":"management-events"}"#, NULL);
static DELETE_FLOW_LOGS: Call = Call::write(
    &EC2,
    "DeleteFlowLogs",
    r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-0<hex:16>"}}}"#,
    r#"{"DeleteFlowLogsResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","unsuccessful":"","requestId":"<requestid>"}}"#,
);

/// The organization's policy keeps the main trail; nothing keeps the other one.
fn tampering(plan: &mut Plan) {
    let mut intruder = intruder(plan, "2026-10-16T01:02:40Z", HOME, &NEW_USER, CLI);
    for (call, failure) in [
        (&STOP_LOGGING, Some(&DENIED_BY_ORGANIZATION)),
        (&SELECT_LESS, Some(&DENIED_BY_ORGANIZATION)),
        (&SELECT_NOTHING, None),
        (&STOP_SECOND, None),
        (&DELETE_SECOND, None),
        (&DELETE_TRAIL, Some(&DENIED_BY_ORGANIZATION)),
    ] {
        match failure {
            Some(failure) => intruder.fail(call, failure),
            None => intruder.call(call),
        }
        intruder.pause(20..90);
    }
    intruder.move_to(EUROPE);
    intruder.call(&DELETE_FLOW_LOGS);
}

static RECOVERY_REQUESTED: Call =
    Call::sign_in("PasswordRecoveryRequested", r#"{"PasswordRecoveryRequested":"Success"}"#, "");
static RECOVERY_COMPLETED: Call =
    Call::sign_in("PasswordRecoveryCompleted", r#"{"PasswordRecoveryCompleted":"Success"}"#, "");
static ROOT_FAILURE: Call = Call::sign_in(
    "ConsoleLogin",
    r#"{"ConsoleLogin":"Failure"}"#,
    r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_us-east-1_<hex:16>","MobileVersion":"No","MFAUsed":"No"}"#,
);
static ROOT_LOGIN: Call = Call::sign_in(
    "ConsoleLogin",
    r#"{"ConsoleLogin":"Success"}"#,
    r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_us-east-1_<hex:16>","MobileVersion":"No","MFAUsed":"No"}"#,
);
static ROOT_CALLS: [Call; 5] = [
    Call::read(&IAM, "GetAccountSummary", NULL),
    Call::read(&IAM, "ListMFADevices", NULL),
    Call::read(&IAM, "ListAccessKeys", NULL),
    Call::write(
        &IAM,
        "CreateAccessKey",
        NULL,
        r#"{"accessKey":{"accessKeyId":"AKIAQ7XGMROOTEXAMPLE","status":"Active","createDate":"<words>"}}"#,
    ),
    Call::read(
        &BILLING,
        "GetCostAndUsage",
        r#"{"TimePeriod":{"Start":"2026-10-01","End":"2026-10-16"},"Granularity":"DAILY","Metrics":["UnblendedCost"]}"#,
    ),
];

fn root(plan: &mut Plan) {
    let session = plan.session(at("2026-10-16T02:21:36Z"), false);
    let browser = Client::Console { address: ROOT_INTRUDER, agent: BROWSER };
    let mut intruder = plan.caller(at("2026-10-16T02:14:10Z"), HOME, Principal::RootSigningIn, browser);
    for _ in 0..3 {
        intruder.fail(&ROOT_FAILURE, &FAILED_SIGN_IN);
        intruder.pause(15..40);
    }
    intruder.call(&RECOVERY_REQUESTED);
    intruder.pause(60..120);
    intruder.call(&RECOVERY_COMPLETED);
    intruder.now = session.started;
    intruder.call(&ROOT_LOGIN);
    intruder.pause(10..30);
    intruder.principal = Principal::Root(session);
    intruder.each(&ROOT_CALLS, 20..80);
}

static DISABLE_LEAKED: Call = Call::write(
    &IAM,
    "UpdateAccessKey",
    r#"{"userName":"deploy-bot","accessKeyId":"AKIAQ7XGMDEPLEXAMPLE","status":"Inactive"}"#,
    NULL,
);
static CLEAN_UP: [Call; 5] = [
    Call::write(
        &IAM,
        "UpdateAccessKey",
        r#"{"userName":"metrics-exporter","accessKeyId":"AKIAQ7XGMNEW2EXAMPLE","status":"Inactive"}"#,
        NULL,
    ),
    Call::write(&IAM, "DeleteLoginProfile", r#"{"userName":"metrics-exporter"}"#, NULL),
    Call::write(
        &IAM,
        "DetachUserPolicy",
        r#"{"userName":"metrics-exporter","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}"#,
        NULL,
    ),
    Call::write(
        &IAM,
        "DeleteAccessKey",
        r#"{"userName":"metrics-exporter","accessKeyId":"AKIAQ7XGMNEW2EXAMPLE"}"#,
        NULL,
    ),
    Call::write(&IAM, "DeleteUser", r#"{"userName":"metrics-exporter"}"#, NULL),
];
static CLOSE_SSH: Call = Call::write(
    &EC2,
    "RevokeSecurityGroupIngress",
    r#"{"groupId":"sg-0c4d5e6f7a8b90123","ipPermissions":{},"cidrIp":"0.0.0.0/0","ipProtocol":"tcp","fromPort":22,"toPort":22}"#,
    r#"{"requestId":"<requestid>","_return":true}"#,
);
static CLOSE_RDP: Call = Call::write(
    &EC2,
    "DeleteSecurityGroup",
    r#"{"groupId":"sg-0d5e6f7a8b9c01234"}"#,
    r#"{"requestId":"<requestid>","_return":true,"groupId":"sg-0d5e6f7a8b9c01234"}"#,
);

fn containment(plan: &mut Plan) {
    let from = Client::Internet { address: ALICE.address, agent: ALICE.cli };
    let now = at(KEY_DISABLED) - 30;
    let own = plan.role(ALICE.role, SessionName::Text(ALICE.mail), HOME, now - 300);
    let admin = plan.role(&ADMIN_ROLE, SessionName::Text(ALICE.mail), HOME, now);
    let mut alice = plan.caller(now, HOME, Principal::Role(own), from);
    alice.assume(&ASSUME_ROLE, admin);
    alice.principal = Principal::Role(admin);
    alice.now = at(KEY_DISABLED);
    alice.call(&DISABLE_LEAKED);
    alice.pause(60..90);
    alice.each(&CLEAN_UP, 20..60);
    alice.move_to(EUROPE);
    alice.call(&CLOSE_SSH);
    alice.pause(60..90);
    alice.move_to(ASIA);
    alice.call(&CLOSE_RDP);
}
