//! The console, which asks for a page full of things at once.

use super::super::calls::*;

/// Every console page asks for these first.
pub(super) static CONSOLE_FRAME: [Call; 4] = [
    Call::read(&EC2, "DescribeRegions", r#"{"regionSet":{},"allRegions":true}"#),
    Call::read(
        &HEALTH,
        "DescribeEventAggregates",
        r#"{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"],"startTimes":[{"from":"<words>"}]}}"#,
    ),
    Call::read(
        &CLOUDWATCH,
        "DescribeAlarms",
        r#"{"maxRecords":100,"alarmTypes":["CompositeAlarm","MetricAlarm"],"stateValue":"ALARM"}"#,
    ),
    Call::read(&CLOUDTRAIL, "ListEventDataStores", r#"{"maxResults":25}"#),
];
pub(super) static INSTANCES_PAGE: [Call; 9] = [
    Call::read(&EC2, "DescribeInstances", r#"{"maxResults":50,"instancesSet":{},"filterSet":{}}"#),
    Call::read(
        &EC2,
        "DescribeInstanceStatus",
        r#"{"instancesSet":{"items":[{"instanceId":"<instance:a>"},{"instanceId":"<instance:b>"}]},"filterSet":{},"includeAllInstances":true}"#,
    ),
    Call::read(
        &EC2,
        "DescribeSecurityGroups",
        r#"{"maxResults":200,"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Call::read(
        &EC2,
        "DescribeVolumes",
        r#"{"maxResults":50,"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"<instance>"}]}}]}}"#,
    ),
    Call::read(&EC2, "DescribeAddresses", r#"{"publicIpsSet":{},"filterSet":{},"allocationIdsSet":{}}"#),
    Call::read(&EC2, "DescribeKeyPairs", r#"{"keySet":{},"keyPairIdSet":{},"includePublicKey":false}"#),
    Call::read(
        &EC2,
        "DescribeTags",
        r#"{"maxResults":1000,"filterSet":{"items":[{"name":"resource-type","valueSet":{"items":[{"value":"instance"}]}}]}}"#,
    ),
    Call::read(&ELB, "DescribeLoadBalancers", r#"{"pageSize":400}"#),
    Call::read(&AUTOSCALING, "DescribeAutoScalingGroups", r#"{"maxRecords":100}"#),
];
pub(super) static BUCKETS_PAGE: [Call; 6] = [
    LIST_BUCKETS,
    GET_BUCKET_LOCATION,
    Call::bucket(
        "GetBucketVersioning",
        true,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","versioning":""}"#,
    ),
    GET_BUCKET_ACL,
    Call::bucket(
        "GetBucketEncryption",
        true,
        r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","encryption":""}"#,
    ),
    Call::object(
        "ListObjects",
        true,
        r#"{"list-type":"2","bucketName":"<bucket>","max-keys":"100","prefix":"","delimiter":"/","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
    ),
];
pub(super) static BUCKET_POLICY_STATUS: Call = Call::bucket(
    "GetBucketPolicyStatus",
    true,
    r#"{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policyStatus":""}"#,
);
pub(super) static BUCKET_LIFECYCLE: Call = Call::bucket(
    "GetBucketLifecycle",
    true,
    r#"{"lifecycle":"","bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com"}"#,
);
pub(super) static FUNCTIONS_PAGE: [Call; 5] = [
    Call::read(&LAMBDA, "ListFunctions20150331", r#"{"maxItems":50}"#),
    Call::read(&LAMBDA, "GetAccountSettings20160819", NULL),
    Call::read(&LAMBDA, "GetFunction20150331v2", r#"{"functionName":"<function>"}"#),
    Call::read(&LAMBDA, "GetPolicy20150331v2", r#"{"functionName":"<function>"}"#),
    Call::read(&LAMBDA, "ListEventSourceMappings20150331", r#"{"functionName":"<function>","maxItems":50}"#),
];
pub(super) static LOGS_PAGE: [Call; 5] = [
    Call::read(&LOGS, "DescribeLogGroups", r#"{"limit":50,"includeLinkedAccounts":false}"#),
    Call::read(&LOGS, "DescribeLogStreams", r#"{"logGroupName":"<loggroup>","orderBy":"LastEventTime","descending":true,"limit":50}"#),
    Call::read(&LOGS, "FilterLogEvents", r#"{"logGroupName":"<loggroup>","startTime":<millis>,"limit":10000,"interleaved":true}"#),
    Call::read(&LOGS, "StartQuery", r#"{"logGroupName":"<loggroup>","startTime":<millis:a>,"endTime":<millis:b>,"queryString":"fields @timestamp, @message | filter @message like /ERROR/ | sort @timestamp desc | limit 100","limit":1000}"#)
        .answering(r#"{"queryId":"<uuid:query>"}"#),
    Call::read(&LOGS, "GetQueryResults", r#"{"queryId":"<uuid:query>"}"#),
];
pub(super) static DATABASES_PAGE: [Call; 5] = [
    Call::read(&RDS, "DescribeDBInstances", r#"{"maxRecords":100}"#),
    Call::read(&RDS, "DescribeDBClusters", r#"{"maxRecords":100}"#),
    Call::read(
        &RDS,
        "DescribeDBSnapshots",
        r#"{"dBInstanceIdentifier":"<database>","includeShared":false,"includePublic":false}"#,
    ),
    Call::read(
        &RDS,
        "DescribeEvents",
        r#"{"sourceIdentifier":"<database>","sourceType":"db-instance","duration":1440}"#,
    ),
    Call::read(&DYNAMODB, "DescribeTable", r#"{"tableName":"<table>"}"#),
];
pub(super) static CONTAINERS_PAGE: [Call; 5] = [
    Call::read(&ECS, "ListClusters", r#"{"maxResults":100}"#),
    Call::read(&ECS, "DescribeClusters", r#"{"clusters":["<cluster>"],"include":["STATISTICS","TAGS"]}"#),
    Call::read(&ECS, "ListServices", r#"{"cluster":"<cluster>","maxResults":100}"#),
    Call::read(&ECS, "DescribeServices", r#"{"cluster":"<cluster>","services":["<cluster>-service"]}"#),
    Call::read(&ECS, "ListTasks", r#"{"cluster":"<cluster>","desiredStatus":"RUNNING"}"#),
];
pub(super) static ALARMS_PAGE: [Call; 4] = [
    Call::read(&CLOUDWATCH, "DescribeAlarms", r#"{"maxRecords":100,"alarmTypes":["MetricAlarm"]}"#),
    Call::read(&CLOUDWATCH, "ListDashboards", NULL),
    Call::read(&CLOUDWATCH, "GetDashboard", r#"{"dashboardName":"overview"}"#),
    Call::read(&CLOUDWATCH, "DescribeAlarmHistory", r#"{"alarmName":"<alarm>","maxRecords":50}"#),
];
pub(super) static QUEUES_PAGE: [Call; 4] = [
    Call::read(&SQS, "ListQueues", r#"{"maxResults":1000}"#),
    Call::read(
        &SQS,
        "GetQueueAttributes",
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<queue>","attributeNames":["All"]}"#,
    ),
    Call::read(&SNS, "ListTopics", NULL),
    Call::read(&SNS, "ListSubscriptions", NULL),
];
pub(super) static IDENTITY_PAGE: [Call; 5] = [
    Call::read(&IAM, "GetAccountSummary", NULL),
    Call::read(&IAM, "ListRoles", r#"{"maxItems":1000}"#),
    Call::read(&IAM, "ListUsers", r#"{"maxItems":1000}"#),
    Call::read(&IAM, "ListPolicies", r#"{"maxItems":1000,"onlyAttached":false,"scope":"Local"}"#),
    Call::read(&IAM, "GetAccountPasswordPolicy", NULL),
];
pub(super) const GET_COSTS: Call = Call::read(
    &BILLING,
    "GetCostAndUsage",
    r#"{"TimePeriod":{"Start":"2026-09-01","End":"2026-10-01"},"Granularity":"MONTHLY","Metrics":["UnblendedCost"],"GroupBy":[{"Type":"DIMENSION","Key":"SERVICE"}]}"#,
);
pub(super) static COSTS_PAGE: [Call; 2] = [
    GET_COSTS,
    Call::read(
        &BILLING,
        "GetCostForecast",
        r#"{"TimePeriod":{"Start":"2026-10-24","End":"2026-11-01"},"Metric":"UNBLENDED_COST","Granularity":"MONTHLY"}"#,
    ),
];
pub(super) static PAGES: [&[Call]; 9] = [
    &INSTANCES_PAGE,
    &BUCKETS_PAGE,
    &FUNCTIONS_PAGE,
    &LOGS_PAGE,
    &DATABASES_PAGE,
    &CONTAINERS_PAGE,
    &ALARMS_PAGE,
    &QUEUES_PAGE,
    &LOGS_PAGE,
];

pub(super) const START_INSTANCES: Call = Call::write(
    &EC2,
    "StartInstances",
    r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}"#,
    r#"{"requestId":"<requestid>","instancesSet":{"items":[{"instanceId":"<instance>","currentState":{"code":0,"name":"pending"},"previousState":{"code":80,"name":"stopped"}}]}}"#,
);
pub(super) const STOP_INSTANCES: Call = Call::write(
    &EC2,
    "StopInstances",
    r#"{"instancesSet":{"items":[{"instanceId":"<instance>"}]},"force":false}"#,
    r#"{"requestId":"<requestid>","instancesSet":{"items":[{"instanceId":"<instance>","currentState":{"code":64,"name":"stopping"},"previousState":{"code":16,"name":"running"}}]}}"#,
);
/// What those who may change things change in the console.
pub(super) static CHANGES: [Call; 9] = [
    START_INSTANCES,
    STOP_INSTANCES,
    Call::write(
        &EC2,
        "CreateTags",
        r#"{"resourcesSet":{"items":[{"resourceId":"<instance>"}]},"tagSet":{"items":[{"key":"owner","value":"web-team"}]}}"#,
        r#"{"requestId":"<requestid>","_return":true}"#,
    ),
    Call::write(
        &EC2,
        "CreateSnapshot",
        r#"{"volumeId":"<volume>","description":"before upgrade"}"#,
        r#"{"requestId":"<requestid>","snapshotId":"<snapshot>","volumeId":"<volume>","status":"pending","startTime":<millis>,"progress":"","ownerId":"<account>","volumeSize":"64","description":"before upgrade","encrypted":true}"#,
    ),
    Call::write(
        &ECS,
        "UpdateService",
        r#"{"cluster":"<cluster>","service":"<cluster>-service","desiredCount":4,"forceNewDeployment":true}"#,
        r#"{"service":{"serviceArn":"arn:aws:ecs:<region>:<account>:service/<cluster>/<cluster>-service","serviceName":"<cluster>-service","status":"ACTIVE","desiredCount":4,"runningCount":3,"pendingCount":0,"launchType":"FARGATE"}}"#,
    ),
    Call::write(
        &CLOUDWATCH,
        "PutMetricAlarm",
        r#"{"alarmName":"<alarm>","comparisonOperator":"GreaterThanThreshold","evaluationPeriods":3,"threshold":25.0,"period":300,"statistic":"Average","metricName":"TargetResponseTime","namespace":"AWS/ApplicationELB","actionsEnabled":true}"#,
        NULL,
    ),
    Call::write(
        &LAMBDA,
        "UpdateFunctionConfiguration20150331v2",
        r#"{"functionName":"<function>","timeout":30,"memorySize":512}"#,
        r#"{"functionName":"<function>","functionArn":"arn:aws:lambda:<region>:<account>:function:<function>","runtime":"python3.13","handler":"main.handler","timeout":30,"memorySize":512,"state":"Active","lastUpdateStatus":"InProgress","environment":{}}"#,
    ),
    Call::write(
        &RDS,
        "CreateDBSnapshot",
        r#"{"dBSnapshotIdentifier":"<database>-manual-<hex:6>","dBInstanceIdentifier":"<database>"}"#,
        r#"{"dBSnapshotIdentifier":"<database>-manual-<hex:6>","dBInstanceIdentifier":"<database>","engine":"postgres","allocatedStorage":200,"status":"creating","port":5432,"snapshotType":"manual","encrypted":true,"percentProgress":0}"#,
    ),
    Call::write(
        &SQS,
        "PurgeQueue",
        r#"{"queueUrl":"https://sqs.<region>.amazonaws.com/<account>/<queue>"}"#,
        NULL,
    ),
];
