//! Somebody at work: one call after another, as time passes.

use std::ops::Range;

use super::calls::{Call, Failure};
use super::event::{Client, Event};
use super::organization::{Place, Role};
use super::principal::{Principal, RoleSession, Session, SessionName};
use super::random::Random;

/// The events that have been made up so far.
pub(super) struct Plan {
    pub(super) random: Random,
    pub(super) events: Vec<Event>,
    /// No more events than this.
    pub(super) limit: usize,
    /// No event is at or after this time.
    pub(super) end: i64,
    /// Some events are delivered late, some twice, as CloudTrail does.
    pub(super) unreliable: bool,
}

impl Plan {
    /// A plan that holds whatever a script says.
    pub(super) fn script(seed: u64, label: &str) -> Plan {
        Plan {
            random: Random::for_label(seed, label),
            events: Vec::new(),
            limit: usize::MAX,
            end: i64::MAX,
            unreliable: false,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= self.limit
    }

    fn push(&mut self, mut event: Event) {
        event.time = event.time.min(self.end - 1);
        event.seed = self.random.next();
        event.delay = self.random.within(45..240);
        if self.unreliable && self.random.one_in(300) {
            event.delay = self.random.within(1_200..50_000);
        }
        let again = (self.unreliable && self.random.one_in(2_000)).then(|| {
            let delay = event.delay + self.random.within(600..3_000);
            Event { delay, ..event.clone() }
        });
        self.events.extend([Some(event), again].into_iter().flatten());
        self.events.truncate(self.limit);
    }

    pub(super) fn session(&mut self, started: i64, mfa: bool) -> Session {
        Session { started, mfa, seed: self.random.next() }
    }

    pub(super) fn role(
        &mut self,
        role: &'static Role,
        name: SessionName,
        place: Place,
        started: i64,
    ) -> RoleSession {
        RoleSession { role, name, place, session: self.session(started, false) }
    }

    pub(super) fn caller(
        &mut self,
        now: i64,
        place: Place,
        principal: Principal,
        client: Client,
    ) -> Caller<'_> {
        Caller { plan: self, now, place, recorded_in: place.region, principal, client, bucket: None }
    }

    pub(super) fn service(&mut self, now: i64, place: Place, service: &'static str) -> Caller<'_> {
        self.caller(now, place, Principal::Service(service), Client::Service(service))
    }
}

/// One who makes calls; change the fields when something about them changes.
pub(super) struct Caller<'a> {
    pub(super) plan: &'a mut Plan,
    pub(super) now: i64,
    pub(super) place: Place,
    /// The region in the record, where it is not the folder's.
    pub(super) recorded_in: &'static str,
    pub(super) principal: Principal,
    pub(super) client: Client,
    pub(super) bucket: Option<&'static str>,
}

impl Caller<'_> {
    fn record(
        &mut self,
        call: &'static Call,
        failure: Option<&'static Failure>,
        granted: Option<RoleSession>,
        shared: Option<u64>,
    ) {
        self.plan.push(Event {
            time: self.now,
            place: self.place,
            recorded_in: self.recorded_in,
            call,
            principal: self.principal,
            client: self.client,
            failure,
            granted,
            shared,
            bucket: self.bucket,
            delay: 0,
            seed: 0,
        });
    }

    pub(super) fn call(&mut self, call: &'static Call) {
        // What a service does of its own accord is shared with whom it does it for.
        let shared = matches!(self.principal, Principal::Service(_)).then(|| self.plan.random.next());
        self.record(call, None, None, shared);
    }

    pub(super) fn fail(&mut self, call: &'static Call, failure: &'static Failure) {
        self.record(call, Some(failure), None, None);
    }

    pub(super) fn assume(&mut self, call: &'static Call, session: RoleSession) {
        let shared = matches!(self.principal, Principal::Service(_)).then(|| self.plan.random.next());
        self.record(call, None, Some(session), shared);
    }

    /// The same call, recorded in the account of the role as well.
    pub(super) fn assume_elsewhere(&mut self, call: &'static Call, session: RoleSession) {
        let shared = Some(self.plan.random.next());
        self.record(call, None, Some(session), shared);
        if let Principal::Role(own) = self.principal {
            let home = (self.place, self.principal);
            (self.place, self.principal) = (session.place, Principal::OtherAccount(own));
            self.record(call, None, Some(session), shared);
            (self.place, self.principal) = home;
        }
    }

    pub(super) fn pause(&mut self, seconds: Range<i64>) {
        self.now += self.plan.random.within(seconds);
    }

    pub(super) fn each(&mut self, calls: &'static [Call], pause: Range<i64>) {
        for call in calls {
            self.call(call);
            self.pause(pause.clone());
        }
    }

    /// Some of `calls`, `count` times in all.
    pub(super) fn some(&mut self, calls: &'static [Call], count: i64, pause: Range<i64>) {
        for _ in 0..count {
            let which = self.plan.random.below(calls.len() as u64) as usize;
            self.call(&calls[which]);
            self.pause(pause.clone());
        }
    }

    pub(super) fn move_to(&mut self, place: Place) {
        (self.place, self.recorded_in) = (place, place.region);
    }
}
