//! A function for each saved question: what a cell asks.

use super::Investigation;

fn saved(id: &str) -> Investigation {
    Investigation::named(id).expect("a saved question of our own")
}

fn saved_with(id: &str, name: &str, value: &str) -> Investigation {
    let mut question = saved(id);
    question.values.insert(name.to_owned(), value.to_owned());
    question
}

/// Who signed in to the console, newest first.
pub fn console_logins() -> Investigation {
    saved("console-logins")
}

/// Each sign-in in plain columns: outcome, MFA, principal, address; newest first.
pub fn sign_in_outcomes() -> Investigation {
    saved("sign-in-outcomes")
}

/// The addresses that each principal signed in from, newest first.
pub fn sign_in_sources() -> Investigation {
    saved("sign-in-sources")
}

/// Sign-ins that succeeded within a day of failures from the same address.
pub fn sign_in_guesses() -> Investigation {
    saved("sign-in-guesses")
}

/// What else happened at the sign-in (password recovery, MFA checks), the rarest first.
pub fn sign_in_others() -> Investigation {
    saved("sign-in-others")
}

/// Who changed users, roles and their rights, newest first.
pub fn iam_changes() -> Investigation {
    saved("iam-changes")
}

/// Who made changes in IAM, and how many of them failed.
pub fn iam_change_actors() -> Investigation {
    saved("iam-change-actors")
}

/// Which changes were made in IAM, all of them, and how many failed.
pub fn iam_change_kinds() -> Investigation {
    saved("iam-change-kinds")
}

/// The access keys that were made, and their use since.
pub fn new_access_keys() -> Investigation {
    saved("new-access-keys")
}

/// The rights that were given, and to whom, newest first.
pub fn rights_given() -> Investigation {
    saved("rights-given")
}

/// Who changed security groups, newest first.
pub fn security_group_changes() -> Investigation {
    saved("security-group-changes")
}

/// The ports that were opened to the world, and when they were closed again.
pub fn world_open_ports() -> Investigation {
    saved("world-open-ports")
}

/// Who changed security groups, by number.
pub fn security_group_actors() -> Investigation {
    saved("security-group-actors")
}

/// What the root user did, newest first.
pub fn root_use() -> Investigation {
    saved("root-use")
}

/// Which calls root made, and how many failed.
pub fn root_actions() -> Investigation {
    saved("root-actions")
}

/// The addresses that root was used from, newest first.
pub fn root_sources() -> Investigation {
    saved("root-sources")
}

/// The credentials that root used, and whether with MFA.
pub fn root_credentials() -> Investigation {
    saved("root-credentials")
}

/// Which calls failed, the newest 200.
pub fn api_errors() -> Investigation {
    saved("api-errors")
}

/// The codes with which calls failed.
pub fn errors_by_code() -> Investigation {
    saved("errors-by-code")
}

/// The principals whose calls failed, those who were denied most different calls first.
pub fn errors_by_principal() -> Investigation {
    saved("errors-by-principal")
}

/// Ten minutes in which one principal was denied many calls from one address.
pub fn denial_bursts() -> Investigation {
    saved("denial-bursts")
}

/// What one source address did, the newest 200 events.
pub fn one_ip(ip: &str) -> Investigation {
    saved_with("one-ip", "ip", ip)
}

/// First and last seen, principals, keys, regions, agents and services of one address.
pub fn ip_profile(ip: &str) -> Investigation {
    saved_with("ip-profile", "ip", ip)
}

/// The events of one address by minute, hour or day, successes and errors apart.
pub fn ip_over_time(ip: &str) -> Investigation {
    saved_with("ip-over-time", "ip", ip)
}

/// The calls that came from one address.
pub fn ip_calls(ip: &str) -> Investigation {
    saved_with("ip-calls", "ip", ip)
}

/// What was changed, or tried to, from one address, newest first.
pub fn ip_changes(ip: &str) -> Investigation {
    saved_with("ip-changes", "ip", ip)
}

/// The objects of S3 that one address read or wrote, by bucket.
pub fn ip_data(ip: &str) -> Investigation {
    saved_with("ip-data", "ip", ip)
}

/// What the principals did whose ARN contains this text, the newest 300 events.
pub fn one_principal(principal: &str) -> Investigation {
    saved_with("one-principal", "principal", principal)
}

/// First and last seen, addresses, keys, regions, agents and services of one principal.
pub fn principal_profile(principal: &str) -> Investigation {
    saved_with("principal-profile", "principal", principal)
}

/// The events of one principal by minute, hour or day, successes and errors apart.
pub fn principal_over_time(principal: &str) -> Investigation {
    saved_with("principal-over-time", "principal", principal)
}

/// The calls that one principal made.
pub fn principal_calls(principal: &str) -> Investigation {
    saved_with("principal-calls", "principal", principal)
}

/// What one principal changed, or tried to, newest first.
pub fn principal_changes(principal: &str) -> Investigation {
    saved_with("principal-changes", "principal", principal)
}

/// The keys that one principal used, and from where.
pub fn principal_keys(principal: &str) -> Investigation {
    saved_with("principal-keys", "principal", principal)
}

/// The objects of S3 that one principal read or wrote, by bucket.
pub fn principal_data(principal: &str) -> Investigation {
    saved_with("principal-data", "principal", principal)
}

/// Events by minute, hour or day (as the window is long), successes and errors apart.
pub fn events_over_time() -> Investigation {
    saved("events-over-time")
}

/// The 20 busiest principals, with their errors.
pub fn top_principals() -> Investigation {
    saved("top-principals")
}

/// The 20 busiest source addresses, with their errors.
pub fn top_addresses() -> Investigation {
    saved("top-addresses")
}

/// How many events were delivered more than once.
pub fn duplicates() -> Investigation {
    saved("duplicates")
}
