//! Harmless things that look like the incident, as every real account has them:
//! administrators who change IAM and security groups, people who mistype their
//! password or travel, root's monthly visit, a trail that was only for a test.
//!
//! They happen on fixed days, however many events are asked for.

use super::background::people::sign_in;
use super::caller::{Caller, Plan};
use super::calls::*;
use super::clock::{DAY, DAYS, START, at};
use super::event::{Client, Event};
use super::organization::*;
use super::principal::{Principal, SessionName};

const HOME: Place = place(PRODUCTION, VIRGINIA);
const EUROPE: Place = place(PRODUCTION, IRELAND);
const OFFICE: [u8; 4] = [198, 51, 100, 10];

pub(super) fn events(seed: u64) -> Vec<Event> {
    let mut plan = Plan::script(seed, "routine");
    console_logins(&mut plan);
    failed_logins(&mut plan);
    identity_changes(&mut plan);
    security_group_changes(&mut plan);
    root_visit(&mut plan);
    test_trail(&mut plan);
    travelling(&mut plan);
    missing_permission(&mut plan);
    plan.events
}

static CHECK_MFA: Call =
    Call::sign_in("CheckMfa", r#"{"CheckMfa":"Success"}"#, r#"{"MfaType":"Virtual MFA"}"#);
macro_rules! login_with_mfa {
    ($device:literal) => {
        Call::sign_in(
            "ConsoleLogin",
            r#"{"ConsoleLogin":"Success"}"#,
            concat!(
                r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_<region>_<hex:16>","MobileVersion":"No","MFAIdentifier":"arn:aws:iam::<account>:mfa/"#,
                $device,
                r#"","MFAUsed":"Yes"}"#
            ),
        )
    };
}
static LOGIN_ALICE: Call = login_with_mfa!("alice");
static LOGIN_DAVE: Call = login_with_mfa!("dave");
static LOGIN_ROOT: Call = login_with_mfa!("root-account-mfa-device");
static LOGIN_FAILURE: Call = Call::sign_in(
    "ConsoleLogin",
    r#"{"ConsoleLogin":"Failure"}"#,
    r#"{"LoginTo":"https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true&state=hashArgsFromTB_<region>_<hex:16>","MobileVersion":"No","MFAUsed":"No"}"#,
);
static SUPPORT_CASES: [Call; 3] = [
    Call::read(&SUPPORT, "DescribeCases", r#"{"includeResolvedCases":false,"maxResults":25}"#),
    Call::read(&SUPPORT, "DescribeServices", r#"{"language":"en"}"#),
    Call::read(
        &HEALTH,
        "DescribeEvents",
        r#"{"filter":{"eventStatusCodes":["open","upcoming"]},"maxResults":50}"#,
    ),
];

/// IAM users who sign in with their second factor, at one endpoint or another.
fn console_logins(plan: &mut Plan) {
    for day in (0..DAYS).filter(|day| day % 7 < 5) {
        let morning = START + day * DAY + 7 * 3_600;
        // Mondays and Thursdays.
        if matches!(day % 7, 0 | 3) {
            let time = morning + plan.random.within(0..2_400);
            login(plan, time, EUROPE, &ALICE_USER, &LOGIN_ALICE, FIREFOX);
        }
        let endpoint = if day % 3 == 0 { HOME } else { EUROPE };
        let time = morning + plan.random.within(3_600..7_200);
        let mut dave = login(plan, time, endpoint, &DAVE_USER, &LOGIN_DAVE, CHROME);
        dave.move_to(HOME);
        dave.each(&SUPPORT_CASES, 2..60);
    }
}

fn login<'a>(
    plan: &'a mut Plan,
    time: i64,
    place: Place,
    user: &'static User,
    call: &'static Call,
    browser: &'static str,
) -> Caller<'a> {
    let session = plan.session(time + 6, true);
    let client = Client::Console { address: OFFICE, agent: browser };
    let mut caller = plan.caller(time, place, Principal::UserSigningIn(user), client);
    caller.call(&CHECK_MFA);
    caller.pause(5..12);
    caller.call(call);
    caller.pause(3..9);
    caller.principal = Principal::UserSession(user, session);
    caller
}

fn failed_logins(plan: &mut Plan) {
    let browser = Client::Console { address: OFFICE, agent: CHROME };
    let mut dave =
        plan.caller(at("2026-10-05T07:48:31Z"), EUROPE, Principal::UserSigningIn(&DAVE_USER), browser);
    for _ in 0..2 {
        dave.fail(&LOGIN_FAILURE, &FAILED_SIGN_IN);
        dave.pause(8..20);
    }
    // The password, typed where the name belongs.
    let mut somebody = plan.caller(at("2026-10-12T07:55:02Z"), HOME, Principal::Hidden, browser);
    somebody.fail(&LOGIN_FAILURE, &UNKNOWN_NAME);
}

/// Somebody who may do anything, on the command line.
fn administrator<'a>(plan: &'a mut Plan, time: &str, person: &'static Person, place: Place) -> Caller<'a> {
    let from = Client::Internet { address: person.address, agent: person.cli };
    let now = at(time);
    let own = plan.role(person.role, SessionName::Text(person.mail), place, now - 900);
    let admin = plan.role(&ADMIN_ROLE, SessionName::Text(person.mail), place, now);
    let mut caller = plan.caller(now, place, Principal::Role(own), from);
    caller.assume(&ASSUME_ROLE, admin);
    caller.principal = Principal::Role(admin);
    caller.pause(10..40);
    caller
}

static GRAFANA: [Call; 3] = [
    Call::write(
        &IAM,
        "CreateUser",
        r#"{"path":"/services/","userName":"grafana"}"#,
        r#"{"user":{"path":"/services/","userName":"grafana","userId":"AIDAQ7XGM8GRAFEXAMPLE","arn":"arn:aws:iam::<account>:user/services/grafana","createDate":"<words>"}}"#,
    ),
    Call::write(
        &IAM,
        "AttachUserPolicy",
        r#"{"userName":"grafana","policyArn":"arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"}"#,
        NULL,
    ),
    Call::write(
        &IAM,
        "CreateAccessKey",
        r#"{"userName":"grafana"}"#,
        r#"{"accessKey":{"userName":"grafana","accessKeyId":"AKIAQ7XGMGRAFEXAMPLE","status":"Active","createDate":"<words>"}}"#,
    ),
];
static NEW_ROLE: [Call; 3] = [
    Call::write(
        &IAM,
        "CreateRole",
        r#"{"path":"/service-role/","roleName":"etl-job-v2","assumeRolePolicyDocument":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Principal\": {\"Service\": \"glue.amazonaws.com\"},\n      \"Action\": \"sts:AssumeRole\"\n    }\n  ]\n}","maxSessionDuration":3600}"#,
        r#"{"role":{"path":"/service-role/","roleName":"etl-job-v2","roleId":"AROAQ7XGM5ETLVEXAMPLE","arn":"arn:aws:iam::<account>:role/service-role/etl-job-v2","createDate":"<words>","assumeRolePolicyDocument":"%7B%0A%20%20%22Version%22%3A%20%222012-10-17%22%0A%7D"}}"#,
    ),
    Call::write(
        &IAM,
        "AttachRolePolicy",
        r#"{"roleName":"etl-job-v2","policyArn":"arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"}"#,
        NULL,
    ),
    Call::write(
        &IAM,
        "PutRolePolicy",
        r#"{"roleName":"etl-job-v2","policyName":"lake","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::example-data-lake/*\"}]}"}"#,
        NULL,
    ),
];
static KEY_ROTATION: [Call; 3] = [
    Call::write(
        &IAM,
        "UpdateAssumeRolePolicy",
        r#"{"roleName":"SecurityAuditRole","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::444455556666:root\"},\"Action\":\"sts:AssumeRole\"}]}"}"#,
        NULL,
    ),
    Call::write(
        &IAM,
        "CreateAccessKey",
        r#"{"userName":"dave"}"#,
        r#"{"accessKey":{"userName":"dave","accessKeyId":"AKIAQ7XGMDAV2EXAMPLE","status":"Active","createDate":"<words>"}}"#,
    ),
    Call::write(&IAM, "DeleteAccessKey", r#"{"userName":"dave","accessKeyId":"AKIAQ7XGMDAV1EXAMPLE"}"#, NULL),
];
static OLD_ROLE: [Call; 4] = [
    Call::write(&IAM, "DeleteRole", r#"{"roleName":"etl-job-old"}"#, NULL),
    Call::write(
        &IAM,
        "DetachRolePolicy",
        r#"{"roleName":"etl-job-old","policyArn":"arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"}"#,
        NULL,
    ),
    Call::write(&IAM, "DeleteRolePolicy", r#"{"roleName":"etl-job-old","policyName":"lake"}"#, NULL),
    Call::write(&IAM, "DeleteRole", r#"{"roleName":"etl-job-old"}"#, NULL),
];

fn identity_changes(plan: &mut Plan) {
    administrator(plan, "2026-09-30T09:14:20Z", &ALICE, HOME).each(&GRAFANA, 15..60);
    administrator(plan, "2026-10-07T13:31:05Z", &ALICE, place(DEVELOPMENT, VIRGINIA)).each(&NEW_ROLE, 10..40);
    administrator(plan, "2026-10-13T02:05:44Z", &FRANK, HOME).each(&KEY_ROTATION, 20..90);
    let mut alice = administrator(plan, "2026-10-20T10:22:10Z", &ALICE, HOME);
    alice.fail(&OLD_ROLE[0], &DELETE_CONFLICT);
    alice.pause(20..60);
    alice.each(&OLD_ROLE[1..], 10..40);
}

static OFFICE_TO_DATABASE: Call = Call::write(
    &EC2,
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"groups":{},"ipRanges":{"items":[{"cidrIp":"198.51.100.0/24","description":"office"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"<requestid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"<sg>","securityGroupRuleId":"sgr-0<hex:16>","description":"office","isEgress":false,"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"cidrIpv4":"198.51.100.0/24"}]}}"#,
);
static OFFICE_NO_MORE: Call = Call::write(
    &EC2,
    "RevokeSecurityGroupIngress",
    r#"{"groupId":"<sg>","securityGroupRuleIds":{"items":[{"securityGroupRuleId":"<sgr>"}]}}"#,
    r#"{"requestId":"<requestid>","_return":true,"revokedSecurityGroupRuleSet":{"items":[{"securityGroupRuleId":"<sgr>","groupId":"<sg>","isEgress":false,"ipProtocol":"tcp","fromPort":5432,"toPort":5432,"cidrIpv4":"198.51.100.0/24"}]}}"#,
);
/// Open to the world, and meant to be: the shop.
static SHOP_TO_ALL: Call = Call::write(
    &EC2,
    "AuthorizeSecurityGroupIngress",
    r#"{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0","description":"HTTPS"}]},"ipv6Ranges":{"items":[{"cidrIpv6":"::/0","description":"HTTPS"}]},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"<requestid>","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"<account>","groupId":"<sg>","securityGroupRuleId":"sgr-0<hex:16:a>","description":"HTTPS","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"0.0.0.0/0"},{"groupOwnerId":"<account>","groupId":"<sg>","securityGroupRuleId":"sgr-0<hex:16:b>","description":"HTTPS","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv6":"::/0"}]}}"#,
);
static NEW_GROUP: Call = Call::write(
    &EC2,
    "CreateSecurityGroup",
    r#"{"groupName":"shop-<hex:6>","groupDescription":"shop load balancer","vpcId":"<vpc>","tagSpecificationSet":{"items":[{"resourceType":"security-group","tags":[{"key":"service","value":"shop"}]}]}}"#,
    r#"{"requestId":"<requestid>","_return":true,"groupId":"<sg>","tagSet":{"items":[{"key":"service","value":"shop"}]},"securityGroupArn":"arn:aws:ec2:<region>:<account>:security-group/<sg>"}"#,
);
static EGRESS: Call = Call::write(
    &EC2,
    "AuthorizeSecurityGroupEgress",
    r#"{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{"items":[{"groupId":"<sg:b>"}]},"ipRanges":{},"ipv6Ranges":{},"prefixListIds":{}}]}}"#,
    r#"{"requestId":"<requestid>","_return":true}"#,
);
static MODIFY_RULE: Call = Call::write(
    &EC2,
    "ModifySecurityGroupRules",
    r#"{"ModifySecurityGroupRulesRequest":{"GroupId":"<sg>","SecurityGroupRule":{"tag":1,"SecurityGroupRuleId":"<sgr>","SecurityGroupRule":{"IpProtocol":"tcp","FromPort":5432,"ToPort":5432,"CidrIpv4":"10.20.0.0/16","Description":"from inside"}}}}"#,
    r#"{"ModifySecurityGroupRulesResponse":{"xmlns":"http://ec2.amazonaws.com/doc/2016-11-15/","return":true,"requestId":"<requestid>"}}"#,
);
static DELETE_GROUP: Call = Call::write(
    &EC2,
    "DeleteSecurityGroup",
    r#"{"groupId":"<sg>"}"#,
    r#"{"requestId":"<requestid>","_return":true,"groupId":"<sg>"}"#,
);

fn security_group_changes(plan: &mut Plan) {
    let tokyo = place(PRODUCTION, TOKYO);
    let mut alice = administrator(plan, "2026-09-29T08:40:00Z", &ALICE, EUROPE);
    alice.call(&NEW_GROUP);
    alice.pause(5..20);
    alice.call(&SHOP_TO_ALL);
    alice.pause(5..20);
    alice.call(&EGRESS);
    let mut frank = administrator(plan, "2026-10-06T01:12:00Z", &FRANK, tokyo);
    frank.call(&OFFICE_TO_DATABASE);
    frank.pause(5..20);
    frank.fail(&OFFICE_TO_DATABASE, &DUPLICATE_RULE);
    let mut alice = administrator(plan, "2026-10-14T14:03:00Z", &ALICE, EUROPE);
    alice.call(&OFFICE_TO_DATABASE);
    alice.pause(1_000..1_500);
    alice.call(&OFFICE_NO_MORE);
    administrator(plan, "2026-10-19T05:47:00Z", &FRANK, tokyo).call(&MODIFY_RULE);
    let mut alice = administrator(plan, "2026-10-22T09:35:00Z", &ALICE, place(DEVELOPMENT, IRELAND));
    alice.fail(&DELETE_GROUP, &IN_USE);
    alice.pause(100..200);
    alice.call(&DELETE_GROUP);
}

static ROOT_PAGES: [Call; 4] = [
    Call::read(
        &BILLING,
        "GetCostAndUsage",
        r#"{"TimePeriod":{"Start":"2026-09-01","End":"2026-10-01"},"Granularity":"MONTHLY","Metrics":["UnblendedCost"]}"#,
    ),
    Call::read(&IAM, "GetAccountSummary", NULL),
    Call::read(&IAM, "ListMFADevices", NULL),
    Call::read(&ORGANIZATIONS, "DescribeOrganization", NULL),
];

/// Root looks at the month's bill, with its second factor, from the office.
fn root_visit(plan: &mut Plan) {
    let session = plan.session(at("2026-10-01T09:02:48Z"), true);
    let browser = Client::Console { address: OFFICE, agent: FIREFOX };
    let mut root = plan.caller(session.started - 10, HOME, Principal::RootSigningIn, browser);
    root.call(&CHECK_MFA);
    root.now = session.started;
    root.call(&LOGIN_ROOT);
    root.pause(4..9);
    root.principal = Principal::Root(session);
    root.each(&ROOT_PAGES, 5..60);
}

static TEST_TRAIL: [Call; 3] = [
    Call::write(
        &CLOUDTRAIL,
        "CreateTrail",
        r#"{"name":"debug-data-events","s3BucketName":"example-dev-artifacts","includeGlobalServiceEvents":false,"isMultiRegionTrail":false,"enableLogFileValidation":true}"#,
        r#"{"name":"debug-data-events","s3BucketName":"example-dev-artifacts","includeGlobalServiceEvents":false,"isMultiRegionTrail":false,"trailARN":"arn:aws:cloudtrail:<region>:<account>:trail/debug-data-events","logFileValidationEnabled":true,"isOrganizationTrail":false}"#,
    ),
    Call::write(
        &CLOUDTRAIL,
        "PutEventSelectors",
        r#"{"trailName":"debug-data-events","eventSelectors":[{"readWriteType":"All","includeManagementEvents":false,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::example-dev-artifacts/"]}],"excludeManagementEventSources":[]}]}"#,
        r#"{"trailARN":"arn:aws:cloudtrail:<region>:<account>:trail/debug-data-events","eventSelectors":[{"readWriteType":"All","includeManagementEvents":false,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::example-dev-artifacts/"]}],"excludeManagementEventSources":[]}]}"#,
    ),
    Call::write(&CLOUDTRAIL, "StartLogging", r#"{"name":"debug-data-events"}"#, NULL),
];
static TEST_TRAIL_END: [Call; 2] = [
    Call::write(&CLOUDTRAIL, "StopLogging", r#"{"name":"debug-data-events"}"#, NULL),
    Call::write(&CLOUDTRAIL, "DeleteTrail", r#"{"name":"debug-data-events"}"#, NULL),
];

fn test_trail(plan: &mut Plan) {
    let development = place(DEVELOPMENT, VIRGINIA);
    administrator(plan, "2026-10-08T12:10:00Z", &ALICE, development).each(&TEST_TRAIL, 5..40);
    administrator(plan, "2026-10-09T10:44:00Z", &ALICE, development).each(&TEST_TRAIL_END, 5..40);
}

static HOTEL_WORK: [Call; 3] = [
    Call::read(&CLOUDWATCH, "ListDashboards", NULL),
    Call::read(&CLOUDWATCH, "GetDashboard", r#"{"dashboardName":"overview"}"#),
    Call::read(&CLOUDWATCH, "DescribeAlarms", r#"{"maxRecords":100,"alarmTypes":["MetricAlarm"]}"#),
];

/// An address never seen before, and yet the right person.
fn travelling(plan: &mut Plan) {
    for time in ["2026-10-19T18:20:11Z", "2026-10-20T06:41:37Z"] {
        let mut carol = sign_in(plan, at(time), &CAROL, PRODUCTION, [203, 0, 113, 201]);
        carol.each(&HOTEL_WORK, 2..30);
    }
}

static PARAMETERS: Call = Call::read(
    &SSM,
    "GetParametersByPath",
    r#"{"path":"/app/orders","recursive":true,"withDecryption":true}"#,
);

/// A deployment that lacks a permission, and tries again and again.
fn missing_permission(plan: &mut Plan) {
    let agent = Client::Internet {
        address: [198, 51, 100, 141],
        agent: "aws-sdk-go-v2/1.39.2 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64 api/ssm#1.65.1",
    };
    let time = at("2026-10-06T13:20:30Z");
    let session = plan.role(&GITHUB_DEPLOY, SessionName::Text("GitHubActions"), EUROPE, time - 60);
    let mut caller = plan.caller(time, EUROPE, Principal::Role(session), agent);
    for _ in 0..12 {
        caller.fail(&PARAMETERS, &DENIED);
        caller.pause(10..40);
    }
}
