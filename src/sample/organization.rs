//! Who and what there is: a small company with two accounts in three regions.
//!
//! Account ids, addresses, key ids and domain names are those reserved for
//! documentation; nobody here exists.

use super::random::{BASE32, HEX, Random, hash};

/// Where everything important runs. The organization's management account is neither of the two.
pub(super) const PRODUCTION: &str = "111122223333";
pub(super) const DEVELOPMENT: &str = "444455556666";

/// Where global services are recorded.
pub(super) const VIRGINIA: &str = "us-east-1";
pub(super) const IRELAND: &str = "eu-west-1";
pub(super) const TOKYO: &str = "ap-northeast-1";

/// An account and a region: the folder in which an event is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) account: &'static str,
    pub(super) region: &'static str,
}

pub(super) const fn place(account: &'static str, region: &'static str) -> Place {
    Place { account, region }
}

/// All places, with their share of what machines do.
pub(super) const PLACES: [(Place, u64); 6] = [
    (place(PRODUCTION, VIRGINIA), 28),
    (place(PRODUCTION, IRELAND), 34),
    (place(PRODUCTION, TOKYO), 16),
    (place(DEVELOPMENT, VIRGINIA), 8),
    (place(DEVELOPMENT, IRELAND), 10),
    (place(DEVELOPMENT, TOKYO), 4),
];

/// A person who signs in through IAM Identity Center.
pub(super) struct Person {
    pub(super) mail: &'static str,
    pub(super) address: [u8; 4],
    pub(super) browser: &'static str,
    pub(super) cli: &'static str,
    pub(super) home: &'static str,
    pub(super) role: &'static Role,
}

pub(super) static ALICE: Person = Person {
    mail: "alice@example.com",
    address: [198, 51, 100, 10],
    browser: FIREFOX,
    cli: CLI_MAC,
    home: IRELAND,
    role: &SSO_ADMIN,
};
pub(super) static BOB: Person = Person {
    mail: "bob@example.com",
    address: [198, 51, 100, 10],
    browser: CHROME,
    cli: CLI_LINUX,
    home: IRELAND,
    role: &SSO_POWER,
};
pub(super) static CAROL: Person = Person {
    mail: "carol@example.com",
    address: [192, 0, 2, 41],
    browser: SAFARI,
    cli: CLI_MAC,
    home: IRELAND,
    role: &SSO_VIEW,
};
pub(super) static ERIN: Person = Person {
    mail: "erin@example.com",
    address: [198, 51, 100, 70],
    browser: CHROME,
    cli: CLI_MAC,
    home: TOKYO,
    role: &SSO_POWER,
};
pub(super) static FRANK: Person = Person {
    mail: "frank@example.com",
    address: [198, 51, 100, 70],
    browser: FIREFOX,
    cli: CLI_LINUX,
    home: TOKYO,
    role: &SSO_ADMIN,
};
pub(super) static GRACE: Person = Person {
    mail: "grace@example.com",
    address: [192, 0, 2, 87],
    browser: CHROME,
    cli: CLI_WINDOWS,
    home: VIRGINIA,
    role: &SSO_POWER,
};

pub(super) const FIREFOX: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0";
pub(super) const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                                 Chrome/141.0.0.0 Safari/537.36";
pub(super) const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
                                 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
pub(super) const CLI_MAC: &str = "aws-cli/2.31.10 md/awscrt#0.27.6 ua/2.1 os/macos#25.0.0 md/arch#arm64 \
                                  lang/python#3.13.7 md/pyimpl#CPython m/N,E,b cfg/retry-mode#standard \
                                  md/installer#source md/prompt#off md/command#<command>";
pub(super) const CLI_LINUX: &str = "aws-cli/2.30.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.14.0-33-generic \
                                    md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython m/N,E,Z,b \
                                    cfg/retry-mode#standard md/installer#exe md/prompt#off \
                                    md/command#<command>";
pub(super) const CLI_WINDOWS: &str = "aws-cli/2.31.3 md/awscrt#0.27.6 ua/2.1 os/windows#11 md/arch#amd64 \
                                      lang/python#3.13.7 md/pyimpl#CPython m/N,E,b \
                                      cfg/retry-mode#standard md/installer#exe md/prompt#off \
                                      md/command#<command>";

/// An IAM user of the production account.
pub(super) struct User {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    pub(super) key: &'static str,
}

/// The administrator's own user, from before Identity Center; signs in with MFA.
pub(super) static ALICE_USER: User =
    User { name: "alice", id: "AIDAQ7XGM2KVTREXAMPLE", key: "AKIAQ7XGMALICEXAMPLE" };
/// A support engineer; signs in with MFA.
pub(super) static DAVE_USER: User =
    User { name: "dave", id: "AIDAQ7XGM4PLRSEXAMPLE", key: "AKIAQ7XGMDAVEEXAMPLE" };
/// The support desk's portal, which asks for temporary credentials with this key.
pub(super) static PORTAL_USER: User =
    User { name: "support-portal", id: "AIDAQ7XGM5PRTLEXAMPLE", key: "AKIAQ7XGMPORTEXAMPLE" };
/// Publishes the web site's assets with a long-term key: the one that leaks.
pub(super) static DEPLOY_BOT: User =
    User { name: "deploy-bot", id: "AIDAQ7XGM6WDBYEXAMPLE", key: super::LEAKED_KEY };

/// A role; both accounts have all of them.
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
}

pub(super) const fn role(path: &'static str, name: &'static str) -> Role {
    Role { name, path }
}

const SSO: &str = "/aws-reserved/sso.amazonaws.com/eu-west-1/";
pub(super) static SSO_ADMIN: Role = role(SSO, "AWSReservedSSO_AdministratorAccess_6f1d3c9a0b72e485");
pub(super) static SSO_POWER: Role = role(SSO, "AWSReservedSSO_PowerUserAccess_91be07d5c24fa63e");
pub(super) static SSO_VIEW: Role = role(SSO, "AWSReservedSSO_ViewOnlyAccess_3a58e0f7d16c9b24");
pub(super) static ADMIN_ROLE: Role = role("/", "AdminRole");
pub(super) static GITHUB_DEPLOY: Role = role("/ci/", "GitHubDeployRole");
pub(super) static TERRAFORM: Role = role("/ci/", "TerraformRole");
pub(super) static SECURITY_AUDIT: Role = role("/", "SecurityAuditRole");
pub(super) static APP_SERVER: Role = role("/", "app-server");
pub(super) static WEB_TASK: Role = role("/", "web-task-role");
pub(super) static ETL_JOB: Role = role("/service-role/", "etl-job-role");

/// The execution role of each Lambda function, by the function's index in [`FUNCTIONS`].
pub(super) static FUNCTION_ROLES: [Role; 4] = [
    role("/service-role/", "orders-api-role-k3v9x1ab"),
    role("/service-role/", "thumbnailer-role-7m2qd0zt"),
    role("/service-role/", "invoice-mailer-role-p8s4w6jc"),
    role("/service-role/", "nightly-report-role-h5n1y3rf"),
];
pub(super) const FUNCTIONS: [&str; 4] = ["orders-api", "thumbnailer", "invoice-mailer", "nightly-report"];

impl Role {
    pub(super) fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }

    pub(super) fn id(&self, account: &str) -> String {
        key_id("AROA", hash(hash(0, account), self.name), 10)
    }
}

/// An id as AWS's own examples have them: `ASIAQ7XGM2KVTEXAMPLE`.
pub(super) fn key_id(prefix: &str, seed: u64, digits: usize) -> String {
    let mut id = prefix.as_bytes().to_vec();
    Random::new(seed).characters(&mut id, digits, BASE32);
    id.extend_from_slice(b"EXAMPLE");
    String::from_utf8(id).unwrap_or_default()
}

/// Something of which a place has a fixed number, `i-0…` or `sg-0…`: the same
/// `which` is the same id wherever it comes up.
pub(super) fn resource_id(out: &mut Vec<u8>, place: Place, prefix: &str, which: u64) {
    out.extend_from_slice(prefix.as_bytes());
    out.push(b'0');
    let seed = hash(hash(hash(which, place.account), place.region), prefix);
    Random::new(seed).characters(out, 16, HEX);
}

/// The buckets of a place; reads of their objects are recorded as data events.
pub(super) fn buckets(place: Place) -> &'static [&'static str] {
    match (place.account, place.region) {
        (PRODUCTION, VIRGINIA) => &["example-app-assets", "example-trail-logs", "example-backups"],
        (PRODUCTION, IRELAND) => &[super::EXFILTRATED_BUCKET, "example-orders-eu", "example-data-lake"],
        (PRODUCTION, _) => &["example-orders-jp", "example-reports-jp"],
        (_, VIRGINIA) => &["example-dev-artifacts"],
        (_, IRELAND) => &["example-dev-scratch", "example-dev-terraform-state"],
        (_, _) => &["example-dev-jp"],
    }
}

/// The trail that delivers these logs; a policy of the organization protects it.
pub(super) const MAIN_TRAIL: &str = "management-events";
