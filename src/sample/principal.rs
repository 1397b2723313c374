//! Who calls: `userIdentity` in each of its shapes.

use super::clock::Stamp;
use super::json::Object;
use super::organization::{
    APP_SERVER, FUNCTION_ROLES, FUNCTIONS, Person, Place, Role, User, key_id, resource_id,
};
use super::random::{HEX, Random, UPPER};

/// Temporary credentials, and when they were made.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub(super) started: i64,
    pub(super) mfa: bool,
    pub(super) seed: u64,
}

/// An assumed role.
#[derive(Clone, Copy)]
pub(super) struct RoleSession {
    pub(super) role: &'static Role,
    pub(super) name: SessionName,
    pub(super) place: Place,
    pub(super) session: Session,
}

/// The name that whoever assumes a role gives to the session.
#[derive(Clone, Copy)]
pub(super) enum SessionName {
    Text(&'static str),
    /// An EC2 instance: one of the place's.
    Instance(u64),
    /// A task or a run, named at random.
    Hex,
    Digits,
}

#[derive(Clone, Copy)]
pub(super) enum Principal {
    /// An IAM user with a long-term access key.
    User(&'static User),
    /// An IAM user in the console, or with temporary credentials.
    UserSession(&'static User, Session),
    /// An IAM user who is signing in and has no credentials yet.
    UserSigningIn(&'static User),
    /// Somebody who typed what may have been a password where the name belongs.
    Hidden,
    Root(Session),
    RootSigningIn,
    Role(RoleSession),
    /// A role that is signing in to the console.
    RoleSigningIn(RoleSession),
    /// A service that works with a role of the account.
    RoleFor(RoleSession, &'static str),
    Service(&'static str),
    /// The service a `ServiceEvent` is about.
    Itself(&'static str),
    /// A role of another account.
    OtherAccount(RoleSession),
    Anonymous,
    Saml(&'static Person),
    /// A workflow of this repository.
    WebIdentity(&'static str),
    IdentityCenter(&'static Person),
    Federated(&'static User, &'static str, Session),
}

pub(super) const GITHUB: &str = "oidc-provider/token.actions.githubusercontent.com";

impl Session {
    pub(super) fn key(self) -> String {
        key_id("ASIA", self.seed, 9)
    }

    fn attributes(self, context: &mut Object<'_>) {
        let mut attributes = context.object("attributes");
        attributes.quoted("creationDate", |out| Stamp::of(self.started).iso(out));
        attributes.text("mfaAuthenticated", if self.mfa { "true" } else { "false" });
    }
}

impl RoleSession {
    pub(super) fn name(&self) -> String {
        let mut name = Vec::new();
        let random = &mut Random::new(!self.session.seed);
        match self.name {
            SessionName::Text(text) => return text.to_owned(),
            SessionName::Instance(which) => resource_id(&mut name, self.place, "i-", which),
            SessionName::Hex => random.characters(&mut name, 32, HEX),
            SessionName::Digits => random.characters(&mut name, 19, &UPPER[1..10]),
        }
        String::from_utf8(name).unwrap_or_default()
    }

    pub(super) fn id(&self) -> String {
        format!("{}:{}", self.role.id(self.place.account), self.name())
    }

    pub(super) fn arn(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.place.account, self.role.name, self.name())
    }

    fn context(&self, identity: &mut Object<'_>) {
        let account = self.place.account;
        let mut context = identity.object("sessionContext");
        let mut issuer = context.object("sessionIssuer");
        issuer.text("type", "Role");
        issuer.text("principalId", &self.role.id(account));
        issuer.text("arn", &self.role.arn(account));
        issuer.text("accountId", account);
        issuer.text("userName", self.role.name);
        drop(issuer);
        self.session.attributes(&mut context);
        if std::ptr::eq(self.role, &APP_SERVER) {
            context.text("ec2RoleDelivery", "2.0");
        }
    }

    fn scope(&self, identity: &mut Object<'_>) {
        let Some(function) = FUNCTION_ROLES.iter().position(|role| std::ptr::eq(role, self.role)) else {
            return;
        };
        let mut scope = identity.object("inScopeOf");
        scope.text("issuerType", "AWS::Lambda::Function");
        let Place { account, region } = self.place;
        scope.text(
            "credentialsIssuedTo",
            &format!("arn:aws:lambda:{region}:{account}:function:{}", FUNCTIONS[function]),
        );
    }
}

fn user_arn(account: &str, user: &User) -> String {
    format!("arn:aws:iam::{account}:user/{}", user.name)
}

impl Principal {
    /// The caller's ARN as error messages name it.
    pub(super) fn arn(&self, account: &str) -> String {
        match self {
            Principal::User(user) | Principal::UserSession(user, _) | Principal::UserSigningIn(user) => {
                user_arn(account, user)
            }
            Principal::Root(_) | Principal::RootSigningIn => format!("arn:aws:iam::{account}:root"),
            Principal::Role(session)
            | Principal::RoleSigningIn(session)
            | Principal::RoleFor(session, _)
            | Principal::OtherAccount(session) => session.arn(),
            Principal::Federated(_, name, _) => format!("arn:aws:sts::{account}:federated-user/{name}"),
            Principal::Service(service) | Principal::Itself(service) => (*service).to_owned(),
            Principal::Saml(person) | Principal::IdentityCenter(person) => person.mail.to_owned(),
            Principal::WebIdentity(repository) => (*repository).to_owned(),
            Principal::Anonymous | Principal::Hidden => "anonymous".to_owned(),
        }
    }

    /// What the token of a workflow says of it.
    pub(super) fn subject(&self) -> String {
        match self {
            Principal::WebIdentity(repository) => format!("repo:{repository}:ref:refs/heads/main"),
            _ => String::new(),
        }
    }

    /// Writes the value of `userIdentity`.
    pub(super) fn write(&self, out: &mut Vec<u8>, account: &str, failed: bool) {
        let mut identity = Object::open(out);
        match *self {
            Principal::User(user) => write_user(&mut identity, account, user, Some(user.key)),
            Principal::UserSession(user, session) => {
                write_user(&mut identity, account, user, Some(&session.key()));
                session.attributes(&mut identity.object("sessionContext"));
            }
            // A failed sign-in has no ARN, and an empty key.
            Principal::UserSigningIn(user) if failed => {
                identity.text("type", "IAMUser");
                identity.text("principalId", user.id);
                identity.text("accountId", account);
                identity.text("accessKeyId", "");
                identity.text("userName", user.name);
            }
            Principal::UserSigningIn(user) => write_user(&mut identity, account, user, None),
            Principal::Hidden => {
                identity.text("type", "IAMUser");
                identity.text("accountId", account);
                identity.text("accessKeyId", "");
                identity.text("userName", "HIDDEN_DUE_TO_SECURITY_REASONS");
            }
            Principal::Root(session) => {
                write_root(&mut identity, account, &session.key());
                session.attributes(&mut identity.object("sessionContext"));
            }
            Principal::RootSigningIn => write_root(&mut identity, account, ""),
            Principal::Role(session) => {
                write_role(&mut identity, &session, true);
                session.scope(&mut identity);
            }
            Principal::RoleSigningIn(session) => write_role(&mut identity, &session, false),
            Principal::RoleFor(session, service) => {
                write_role(&mut identity, &session, false);
                identity.text("invokedBy", service);
            }
            Principal::Service(service) => {
                identity.text("type", "AWSService");
                identity.text("invokedBy", service);
            }
            Principal::Itself(service) => {
                identity.text("accountId", account);
                identity.text("invokedBy", service);
            }
            Principal::OtherAccount(session) => {
                identity.text("type", "AWSAccount");
                identity.text("principalId", &session.id());
                identity.text("accountId", session.place.account);
            }
            Principal::Anonymous => {
                identity.text("type", "AWSAccount");
                identity.text("principalId", "");
                identity.text("accountId", "anonymous");
            }
            Principal::Saml(person) => {
                identity.text("type", "SAMLUser");
                identity.text("principalId", &format!("WbxTZJ0cJmNe3kq1Yp8TExample=:{}", person.mail));
                identity.text("userName", person.mail);
                identity.text("identityProvider", "WbxTZJ0cJmNe3kq1Yp8TExample=");
            }
            Principal::WebIdentity(_) => {
                let subject = self.subject();
                let provider = format!("arn:aws:iam::{account}:{GITHUB}");
                identity.text("type", "WebIdentityUser");
                identity.text("principalId", &format!("{provider}:sts.amazonaws.com:{subject}"));
                identity.text("userName", &subject);
                identity.text("identityProvider", &provider);
            }
            Principal::IdentityCenter(person) => {
                identity.text("type", "IdentityCenterUser");
                identity.text("accountId", account);
                let mut person_of = identity.object("onBehalfOf");
                person_of.quoted("userId", |out| Random::for_label(5, person.mail).uuid(out));
                person_of.text(
                    "identityStoreArn",
                    &format!("arn:aws:identitystore::{account}:identitystore/d-9367example"),
                );
                drop(person_of);
                identity.quoted("credentialId", |out| Random::for_label(6, person.mail).uuid(out));
            }
            Principal::Federated(user, name, session) => {
                identity.text("type", "FederatedUser");
                identity.text("principalId", &format!("{account}:{name}"));
                identity.text("arn", &self.arn(account));
                identity.text("accountId", account);
                identity.text("accessKeyId", &session.key());
                let mut context = identity.object("sessionContext");
                let mut issuer = context.object("sessionIssuer");
                issuer.text("type", "IAMUser");
                issuer.text("principalId", user.id);
                issuer.text("arn", &user_arn(account, user));
                issuer.text("accountId", account);
                issuer.text("userName", user.name);
                drop(issuer);
                session.attributes(&mut context);
            }
        }
    }
}

fn write_user(identity: &mut Object<'_>, account: &str, user: &User, key: Option<&str>) {
    identity.text("type", "IAMUser");
    identity.text("principalId", user.id);
    identity.text("arn", &user_arn(account, user));
    identity.text("accountId", account);
    if let Some(key) = key {
        identity.text("accessKeyId", key);
    }
    identity.text("userName", user.name);
}

/// Root has no name.
fn write_root(identity: &mut Object<'_>, account: &str, key: &str) {
    identity.text("type", "Root");
    identity.text("principalId", account);
    identity.text("arn", &format!("arn:aws:iam::{account}:root"));
    identity.text("accountId", account);
    identity.text("accessKeyId", key);
}

fn write_role(identity: &mut Object<'_>, session: &RoleSession, with_key: bool) {
    identity.text("type", "AssumedRole");
    identity.text("principalId", &session.id());
    identity.text("arn", &session.arn());
    identity.text("accountId", session.place.account);
    if with_key {
        identity.text("accessKeyId", &session.session.key());
    }
    session.context(identity);
}
