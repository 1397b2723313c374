"""What ClickHouse (chdb) and DuckDB take for two questions over a tree of CloudTrail logs.

    python peers.py TREE THREADS

Prints a line for each question and form: question, peer and form, wall and processor time in seconds
inside the process, the listing of the tree included. Versions: requirements.txt beside it.
"""

import sys
import time

TREE, THREADS = sys.argv[1].rstrip("/"), int(sys.argv[2])
# Digests, which lie beside the logs, are named otherwise.
GLOB = TREE + "/**/*_CloudTrail_*.json.gz"

# The official columns of the table, objects and arrays as text where the table has text.
TEXT = """eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode
errorMessage requestParameters responseElements additionalEventData requestID eventID readOnly
eventType apiVersion recipientAccountId serviceEventDetails sharedEventID vpcEndpointId
vpcEndpointAccountId eventCategory sessionCredentialFromConsole edgeDeviceDetails""".split()


def best(run):
    """The best wall time and the processor time with it, of three runs or as many as ten seconds hold."""
    times = []
    while len(times) < 3 and sum(wall for wall, _ in times) < 10:
        wall, processor = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    return min(times)


def clickhouse():
    import chdb

    issuer = "Tuple(type Nullable(String), principalId Nullable(String), arn Nullable(String), accountId Nullable(String), userName Nullable(String))"
    attributes = "Tuple(mfaAuthenticated Nullable(String), creationDate Nullable(String))"
    web = "Tuple(federatedProvider Nullable(String), attributes Map(String, Nullable(String)))"
    session = f"Tuple(attributes {attributes}, sessionIssuer {issuer}, ec2RoleDelivery Nullable(String), webIdFederationData {web})"
    identity = (
        "Tuple(type Nullable(String), principalId Nullable(String), arn Nullable(String), accountId Nullable(String), "
        "invokedBy Nullable(String), accessKeyId Nullable(String), userName Nullable(String), "
        f"onBehalfOf Tuple(userId Nullable(String), identityStoreArn Nullable(String)), sessionContext {session})"
    )
    official = ", ".join(
        [f"{name} Nullable(String)" for name in TEXT]
        + [
            f"userIdentity {identity}",
            "resources Array(Tuple(ARN Nullable(String), accountId Nullable(String), type Nullable(String)))",
            "addendum Tuple(reason Nullable(String), updatedFields Nullable(String), originalRequestId Nullable(String), originalEventId Nullable(String))",
            "tlsDetails Tuple(tlsVersion Nullable(String), cipherSuite Nullable(String), clientProvidedHostHeader Nullable(String))",
        ]
    )
    login = "eventName Nullable(String), eventTime Nullable(String), sourceIPAddress Nullable(String), errorMessage Nullable(String), responseElements Nullable(String), userIdentity Tuple(arn Nullable(String))"
    settings = (
        f"SETTINGS max_threads = {THREADS}, input_format_json_read_objects_as_strings = 1, "
        "input_format_json_read_numbers_as_strings = 1, input_format_json_read_bools_as_strings = 1, "
        "input_format_json_read_arrays_as_strings = 1, input_format_skip_unknown_fields = 1, "
        "input_format_null_as_default = 1, input_format_json_defaults_for_missing_elements_in_named_tuple = 1, "
        "input_format_json_ignore_unknown_keys_in_named_tuple = 1, input_format_allow_errors_num = 1000000"
    )

    def rows(columns):
        return f"(SELECT arrayJoin(Records) AS r FROM file('{GLOB}', 'JSONEachRow', 'Records Array(Tuple({columns}))'))"

    count = "SELECT r.eventName AS n, count() FROM {} GROUP BY n {} FORMAT Null"
    logins = (
        "SELECT r.eventTime, r.userIdentity.arn, r.sourceIPAddress, r.errorMessage, r.responseElements "
        "FROM {} WHERE r.eventName = 'ConsoleLogin' {} FORMAT Null"
    )
    for question, sql, form, columns in [
        ("count", count, "official columns", official),
        ("count", count, "one question", "eventName Nullable(String)"),
        ("logins", logins, "official columns", official),
        ("logins", logins, "one question", login),
    ]:
        yield question, f"ClickHouse {chdb.__version__}, {form}", lambda: chdb.query(sql.format(rows(columns), settings))


def duckdb_():
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = {THREADS}")
    text = ", ".join(f'"{name}" VARCHAR' for name in TEXT)
    official = (
        f"STRUCT({text}, \"userIdentity\" STRUCT(type VARCHAR, \"principalId\" VARCHAR, arn VARCHAR, \"accountId\" VARCHAR, "
        "\"invokedBy\" VARCHAR, \"accessKeyId\" VARCHAR, \"userName\" VARCHAR, \"sessionContext\" JSON), "
        "resources JSON, addendum JSON, \"tlsDetails\" JSON)[]"
    )
    login = (
        "STRUCT(\"eventName\" VARCHAR, \"eventTime\" VARCHAR, \"sourceIPAddress\" VARCHAR, \"errorMessage\" VARCHAR, "
        "\"responseElements\" VARCHAR, \"userIdentity\" STRUCT(arn VARCHAR))[]"
    )

    def rows(columns):
        columns = columns.replace("'", "''")
        return (
            f"(SELECT unnest(\"Records\") AS r FROM read_json('{GLOB}', columns = {{'Records': '{columns}'}}, "
            "format = 'unstructured', maximum_depth = 2, maximum_object_size = 268435456))"
        )

    objects = f"read_json_objects('{GLOB}', format = 'unstructured', maximum_object_size = 268435456)"
    count = "SELECT r.\"eventName\", count(*) FROM {} GROUP BY 1"
    logins = (
        "SELECT r.\"eventTime\", r.\"userIdentity\".arn, r.\"sourceIPAddress\", r.\"errorMessage\", r.\"responseElements\" "
        "FROM {} WHERE r.\"eventName\" = 'ConsoleLogin'"
    )
    count_text = f"SELECT unnest(json->>'$.Records[*].eventName') AS n, count(*) FROM {objects} GROUP BY 1"
    logins_text = (
        "SELECT r->>'$.eventTime', r->>'$.userIdentity.arn', r->>'$.sourceIPAddress', r->>'$.errorMessage', r->'$.responseElements' "
        f"FROM (SELECT unnest(json->'$.Records[*]') AS r FROM {objects} WHERE contains(CAST(json AS VARCHAR), '\"ConsoleLogin\"')) "
        "WHERE r->>'$.eventName' = 'ConsoleLogin'"
    )
    for question, form, sql in [
        ("count", "official columns", count.format(rows(official))),
        ("count", "one question", count_text),
        ("logins", "official columns", logins.format(rows(official))),
        ("logins", "one question", logins_text),
    ]:
        yield question, f"DuckDB {duckdb.__version__}, {form}", lambda: connection.execute(sql).fetchall()


for peer in [clickhouse, duckdb_]:
    for question, form, run in peer():
        wall, processor = best(run)
        print(question, form, f"{wall:.4f}", f"{processor:.4f}", sep="\t", flush=True)
