//! One event, and how it is written as a CloudTrail record.

use std::net::Ipv4Addr;

use super::calls::{Call, Failure, Kind, NULL};
use super::clock::Stamp;
use super::json::Object;
use super::organization::{Place, resource_id};
use super::principal::{Principal, RoleSession};
use super::random::{Random, UPPER, hash};
use super::template::expand;

/// What happened. Everything about it that looks random follows from `seed`, so
/// that an event that is delivered twice is the same record twice.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) time: i64,
    /// The folder; its region is also the record's, unless `recorded_in` says otherwise.
    pub(super) place: Place,
    pub(super) recorded_in: &'static str,
    pub(super) call: &'static Call,
    pub(super) principal: Principal,
    pub(super) client: Client,
    pub(super) failure: Option<&'static Failure>,
    /// The role session that the call gives to its caller.
    pub(super) granted: Option<RoleSession>,
    /// Joins the records of one call in two accounts.
    pub(super) shared: Option<u64>,
    pub(super) bucket: Option<&'static str>,
    /// Seconds until CloudTrail has it.
    pub(super) delay: i64,
    pub(super) seed: u64,
}

/// From where a call comes.
#[derive(Clone, Copy)]
pub(super) enum Client {
    Internet {
        address: [u8; 4],
        agent: &'static str,
    },
    Console {
        address: [u8; 4],
        agent: &'static str,
    },
    /// From inside a network, through an endpoint of it.
    Endpoint {
        address: [u8; 4],
        agent: &'static str,
    },
    Service(&'static str),
}

impl Event {
    /// When CloudTrail has the event and can deliver it.
    pub(super) fn ready(&self) -> i64 {
        self.time + self.delay
    }

    pub(super) fn request_id(&self, out: &mut Vec<u8>) {
        let random = &mut Random::for_label(self.seed, "request");
        match self.call.service.prefix {
            "s3" => random.characters(out, 16, UPPER),
            _ => random.uuid(out),
        }
    }

    /// Appends the record.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let call = self.call;
        let account = self.place.account;
        let is_sign_in = call.kind == Kind::SignIn;
        let mut record = Object::open(out);
        record.text("eventVersion", call.service.version);
        self.principal.write(record.key("userIdentity"), account, self.failure.is_some());
        record.quoted("eventTime", |out| Stamp::of(self.time).iso(out));
        record.text("eventSource", call.service.source);
        record.text("eventName", call.name);
        record.text("awsRegion", self.recorded_in);
        self.write_client(&mut record);
        if let Some(failure) = self.failure {
            if let Some(code) = failure.code {
                record.text("errorCode", code);
            }
            if !failure.message.is_empty() {
                record.quoted("errorMessage", |out| expand(out, failure.message, self));
            }
        }
        // Only a failed sign-in has an answer all the same.
        let refused = self.failure.is_some_and(|failure| !failure.keeps_parameters);
        let answered = self.failure.is_none() || is_sign_in;
        expand(record.key("requestParameters"), if refused { NULL } else { call.parameters }, self);
        expand(record.key("responseElements"), if answered { call.response } else { NULL }, self);
        if !call.additional.is_empty() {
            expand(record.key("additionalEventData"), call.additional, self);
        }
        if matches!(call.kind, Kind::Api | Kind::Data) {
            record.quoted("requestID", |out| self.request_id(out));
        }
        record.quoted("eventID", |out| Random::for_label(self.seed, "event").uuid(out));
        record.flag("readOnly", call.read_only);
        if !call.resources.is_empty() && !refused {
            expand(record.key("resources"), call.resources, self);
        }
        record.text(
            "eventType",
            match call.kind {
                Kind::Api | Kind::Data => "AwsApiCall",
                Kind::SignIn => "AwsConsoleSignIn",
                Kind::ServiceEvent => "AwsServiceEvent",
            },
        );
        if let Some(version) = call.service.api_version {
            record.text("apiVersion", version);
        }
        record.flag("managementEvent", call.kind != Kind::Data);
        record.text("recipientAccountId", account);
        if let Some(seed) = self.shared {
            record.quoted("sharedEventID", |out| Random::for_label(seed, "shared").uuid(out));
        }
        if let Client::Endpoint { .. } = self.client {
            let which = hash(0, call.service.prefix);
            record.quoted("vpcEndpointId", |out| resource_id(out, self.place, "vpce-", which));
            record.text("vpcEndpointAccountId", account);
        }
        if !call.details.is_empty() {
            expand(record.key("serviceEventDetails"), call.details, self);
        }
        record.text("eventCategory", if call.kind == Kind::Data { "Data" } else { "Management" });
        match self.client {
            Client::Service(_) => {}
            _ if call.kind == Kind::ServiceEvent => {}
            Client::Console { .. } if !is_sign_in => record.text("sessionCredentialFromConsole", "true"),
            _ => {
                let mut tls = record.object("tlsDetails");
                tls.text("tlsVersion", "TLSv1.3");
                tls.text("cipherSuite", "TLS_AES_128_GCM_SHA256");
                tls.quoted("clientProvidedHostHeader", |out| expand(out, call.service.host, self));
            }
        }
    }

    fn write_client(&self, record: &mut Object<'_>) {
        match self.client {
            Client::Service(service) => {
                record.text("sourceIPAddress", service);
                record.text("userAgent", service);
            }
            Client::Internet { address, agent }
            | Client::Console { address, agent }
            | Client::Endpoint { address, agent } => {
                record.text("sourceIPAddress", &Ipv4Addr::from(address).to_string());
                // S3 puts what the client says in brackets.
                match self.call.service.prefix {
                    "s3" => record.quoted("userAgent", |out| {
                        out.push(b'[');
                        expand(out, agent, self);
                        out.push(b']');
                    }),
                    _ => record.quoted("userAgent", |out| expand(out, agent, self)),
                }
            }
        }
    }
}
