//! People: the console, which asks for a page full of things at once, and the
//! command line.

use super::super::caller::{Caller, Plan};
use super::super::calls::*;
use super::super::event::Client;
use super::super::organization::*;
use super::super::principal::{Principal, SessionName};
use super::pages::*;
use super::{Activity, DUBLIN, NEW_YORK, TOKYO_OFFICE, activity};

pub(super) static ACTIVITIES: [Activity; 12] = [
    console(&DUBLIN, 7, |plan, start| console_visit(plan, start, &ALICE)),
    console(&DUBLIN, 9, |plan, start| console_visit(plan, start, &BOB)),
    console(&DUBLIN, 8, |plan, start| console_visit(plan, start, &CAROL)),
    console(&TOKYO_OFFICE, 9, |plan, start| console_visit(plan, start, &ERIN)),
    console(&TOKYO_OFFICE, 6, |plan, start| console_visit(plan, start, &FRANK)),
    console(&NEW_YORK, 8, |plan, start| console_visit(plan, start, &GRACE)),
    console(&DUBLIN, 14, |plan, start| command_line(plan, start, &ALICE)),
    console(&DUBLIN, 22, |plan, start| command_line(plan, start, &BOB)),
    console(&TOKYO_OFFICE, 20, |plan, start| command_line(plan, start, &ERIN)),
    console(&TOKYO_OFFICE, 16, |plan, start| command_line(plan, start, &FRANK)),
    console(&NEW_YORK, 18, |plan, start| command_line(plan, start, &GRACE)),
    console(&DUBLIN, 8, |plan, start| data_analysis(plan, start, &CAROL)),
];

const fn console(hours: &'static super::Hours, weekday: u64, run: fn(&mut Plan, i64)) -> Activity {
    activity(weekday, weekday / 8, hours, run)
}

static AUTHENTICATION: Call = Call::service_event(
    &SIGNIN,
    "UserAuthentication",
    r#"{"UserAuthentication":"Success","CredentialType":"PASSWORD,TOTP"}"#,
);
static FEDERATE: Call = Call::service_event(
    &SSO,
    "Federate",
    r#"{"relayId":"<uuid>","account_id":"<account>","role_name":"<granted-name>"}"#,
);
static WITH_SAML: Call = Call::read(
    &STS,
    "AssumeRoleWithSAML",
    r#"{"sAMLAssertionID":"_<uuid:saml>","roleSessionName":"<granted-session>","durationSeconds":43200,"roleArn":"<granted-role>","principalArn":"arn:aws:iam::<account>:saml-provider/AWSSSO_6f1d3c9a0b72e485_DO_NOT_DELETE"}"#,
)
.answering(r#"{"subjectType":"persistent","issuer":"https://portal.sso.eu-west-1.amazonaws.com/saml/assertion/example","credentials":{"accessKeyId":"<granted-key>","sessionToken":"<token>","expiration":"<expires:43200>"},"nameQualifier":"WbxTZJ0cJmNe3kq1Yp8TExample=","assumedRoleUser":{"assumedRoleId":"<granted-id>","arn":"<granted-arn>"},"subject":"<granted-session>","audience":"https://signin.aws.amazon.com/saml"}"#)
.on(GRANTED_ROLE);
static FEDERATED_LOGIN: Call = Call::sign_in(
    "ConsoleLogin",
    r#"{"ConsoleLogin":"Success"}"#,
    // The second factor was asked for by Identity Center; the console knows nothing of it.
    r#"{"MobileVersion":"No","MFAUsed":"No"}"#,
);

fn account_of(plan: &mut Plan, person: &Person) -> &'static str {
    let developer = std::ptr::eq(person.role, &SSO_POWER);
    if plan.random.one_in(if developer { 2 } else { 5 }) { DEVELOPMENT } else { PRODUCTION }
}

/// Signs in through Identity Center, and gives the caller in the console.
pub(in crate::sample) fn sign_in<'a>(
    plan: &'a mut Plan,
    start: i64,
    person: &'static Person,
    account: &'static str,
    address: [u8; 4],
) -> Caller<'a> {
    let home = place(account, person.home);
    let session = plan.role(person.role, SessionName::Text(person.mail), home, start + 2);
    let browser = Client::Console { address, agent: person.browser };
    let mut caller =
        plan.caller(start, place(PRODUCTION, IRELAND), Principal::IdentityCenter(person), browser);
    caller.call(&AUTHENTICATION);
    caller.now += 1;
    caller.assume(&FEDERATE, session);
    caller.now += 1;
    caller.move_to(home);
    caller.principal = Principal::Saml(person);
    caller.client = Client::Internet { address, agent: "AWS Sign-In" };
    caller.assume(&WITH_SAML, session);
    caller.pause(0..3);
    caller.principal = Principal::RoleSigningIn(session);
    caller.client = browser;
    // One in five is recorded for another region than that of its folder.
    if caller.plan.random.one_in(5) {
        caller.recorded_in = VIRGINIA;
    }
    caller.call(&FEDERATED_LOGIN);
    caller.recorded_in = home.region;
    caller.principal = Principal::Role(session);
    caller.pause(2..6);
    caller
}

fn console_visit(plan: &mut Plan, start: i64, person: &'static Person) {
    let account = account_of(plan, person);
    let may_change = !std::ptr::eq(person.role, &SSO_VIEW);
    let mut caller = sign_in(plan, start, person, account, person.address);
    caller.each(&CONSOLE_FRAME, 0..2);
    for _ in 0..caller.plan.random.within(1..6) {
        let page = caller.plan.random.pick(&PAGES);
        if caller.plan.random.one_in(6) {
            let region = caller.plan.random.pick(&[VIRGINIA, IRELAND, TOKYO]);
            caller.move_to(place(account, region));
        }
        caller.each(page, 0..2);
        match caller.plan.random.below(12) {
            0 => caller.fail(&BUCKET_POLICY_STATUS, &NO_BUCKET_POLICY),
            1 => caller.fail(&BUCKET_LIFECYCLE, &NO_LIFECYCLE),
            2 if !may_change => caller.fail(&GET_COSTS, &DENIED),
            3 if !may_change => caller.fail(&GET_SECRET, &DENIED),
            4..7 if may_change => caller.some(&CHANGES, 1, 2..20),
            7 if !may_change => caller.fail(&STOP_INSTANCES, &DENIED_EC2),
            8 => {
                let here = caller.place;
                caller.move_to(place(account, VIRGINIA));
                caller.each(&IDENTITY_PAGE, 0..2);
                caller.each(&COSTS_PAGE, 0..2);
                caller.move_to(here);
            }
            _ => {}
        }
        caller.pause(30..600);
    }
}

const GET_PARAMETER: Call =
    Call::read(&SSM, "GetParameter", r#"{"name":"<parameter>","withDecryption":false}"#);
static COMMANDS: [Call; 12] = [
    Call::read(
        &EC2,
        "DescribeInstances",
        r#"{"instancesSet":{},"filterSet":{"items":[{"name":"tag:service","valueSet":{"items":[{"value":"web"}]}}]}}"#,
    ),
    Call::read(
        &LOGS,
        "FilterLogEvents",
        r#"{"logGroupName":"<loggroup>","startTime":<millis>,"filterPattern":"ERROR"}"#,
    ),
    Call::read(&CLOUDFORMATION, "DescribeStacks", r#"{"stackName":"<stack>"}"#),
    Call::read(&CLOUDFORMATION, "DescribeStackEvents", r#"{"stackName":"<stack>"}"#),
    Call::read(&ECS, "DescribeTasks", r#"{"cluster":"<cluster>","tasks":["<hex:32>"]}"#),
    Call::read(&LAMBDA, "GetFunctionConfiguration20150331v2", r#"{"functionName":"<function>"}"#),
    Call::read(
        &ECR,
        "DescribeImages",
        r#"{"repositoryName":"<repository>","filter":{"tagStatus":"TAGGED"}}"#,
    ),
    Call::object(
        "ListObjects",
        true,
        r#"{"list-type":"2","bucketName":"<bucket>","prefix":"incoming/","encoding-type":"url","delimiter":"/","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
    ),
    GET_OBJECT,
    HEAD_OBJECT,
    GET_PARAMETER,
    Call::read(&DYNAMODB, "DescribeTable", r#"{"tableName":"<table>"}"#),
];
static START_SESSION: Call = Call::write(
    &SSM,
    "StartSession",
    r#"{"target":"<instance>"}"#,
    r#"{"sessionId":"session-<hex:17>","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.<region>.amazonaws.com/v1/data-channel/<hex:17>?role=publish_subscribe"}"#,
);
static MISSING_BUCKET: Call = Call::read(
    &S3_ACCOUNT,
    "GetBucketLocation",
    r#"{"bucketName":"example-app-asets","location":"","Host":"s3.<region>.amazonaws.com"}"#,
);

fn command_line(plan: &mut Plan, start: i64, person: &'static Person) {
    let account = account_of(plan, person);
    let home = place(account, person.home);
    let from = Client::Internet { address: person.address, agent: person.cli };
    let mut session = plan.role(person.role, SessionName::Text(person.mail), home, start - 1_800);
    let mut caller = plan.caller(start, home, Principal::Role(session), from);
    if caller.plan.random.one_in(2) {
        caller.call(&WHO_AM_I);
        caller.pause(1..5);
    }
    // Administrators take another role for what matters.
    if std::ptr::eq(person.role, &SSO_ADMIN) && caller.plan.random.one_in(2) {
        session = caller.plan.role(&ADMIN_ROLE, SessionName::Text(person.mail), home, caller.now);
        caller.assume(&ASSUME_ROLE, session);
        caller.principal = Principal::Role(session);
        caller.pause(1..5);
    }
    for _ in 0..caller.plan.random.within(2..12) {
        caller.some(&COMMANDS, 1, 3..90);
        match caller.plan.random.below(60) {
            0 => caller.fail(&MISSING_BUCKET, &NO_BUCKET),
            1 => caller.fail(&GET_OBJECT, &NO_KEY),
            2 => caller.fail(&START_INSTANCES, &DRY_RUN),
            3 => caller.fail(&STOP_INSTANCES, &NO_INSTANCE),
            4 => caller.fail(&GET_PARAMETER, &NO_PARAMETER),
            5 => caller.fail(&GET_SECRET, &NO_SECRET),
            6 => caller.fail(&GET_SECRET, &DENIED),
            7..10 => caller.call(&START_SESSION),
            _ => {}
        }
    }
}

static ATHENA_QUERY: [Call; 6] = [
    Call::write(
        &ATHENA,
        "StartQueryExecution",
        r#"{"queryString":"***OMITTED***","clientRequestToken":"<uuid:token>","queryExecutionContext":{"database":"<gluedb>","catalog":"AwsDataCatalog"},"workGroup":"analysts"}"#,
        r#"{"queryExecutionId":"<uuid:query>"}"#,
    ),
    Call::read(&GLUE, "GetDatabase", r#"{"name":"<gluedb>"}"#),
    Call::read(&GLUE, "GetTable", r#"{"databaseName":"<gluedb>","name":"<gluetable>"}"#),
    Call::read(
        &GLUE,
        "GetPartitions",
        r#"{"databaseName":"<gluedb>","tableName":"<gluetable>","expression":"dt >= '2026-10-01'","maxResults":1000}"#,
    ),
    Call::read(&ATHENA, "GetQueryExecution", r#"{"queryExecutionId":"<uuid>"}"#),
    Call::read(&ATHENA, "GetQueryResults", r#"{"queryExecutionId":"<uuid>","maxResults":1000}"#)
        .answering(r#"{"updateCount":0,"resultSet":{"resultSetMetadata":{"columnInfo":[]}}}"#),
];
/// Queries over the data lake: Athena reads the objects for whoever asks.
fn data_analysis(plan: &mut Plan, start: i64, person: &'static Person) {
    let lake = place(PRODUCTION, IRELAND);
    let session = plan.role(person.role, SessionName::Text(person.mail), lake, start - 600);
    let browser = Client::Console { address: person.address, agent: person.browser };
    let mut caller = plan.caller(start, lake, Principal::Role(session), browser);
    for _ in 0..caller.plan.random.within(1..5) {
        caller.each(&ATHENA_QUERY, 0..3);
        (caller.principal, caller.client) =
            (Principal::RoleFor(session, "athena.amazonaws.com"), Client::Service("athena.amazonaws.com"));
        caller.bucket = Some("example-data-lake");
        for _ in 0..caller.plan.random.within(3..14) {
            caller.call(&GET_OBJECT);
            caller.pause(0..2);
        }
        (caller.principal, caller.client, caller.bucket) = (Principal::Role(session), browser, None);
        caller.pause(20..400);
    }
}
