//! An ordinary day: people in the console and on the command line, pipelines,
//! and above all services. It grows with the number of events asked for.

mod pages;
pub(super) mod people;
mod pipelines;
mod services;
mod workloads;

use super::caller::Plan;
use super::clock::{DAY, DAYS, START};
use super::organization::{PLACES, Place};
use super::random::{Random, hash};

/// When in the day something happens: the weight of each hour, UTC.
type Hours = [u64; 24];

/// Something that happens again and again.
struct Activity {
    /// How often on a working day, and on a Saturday or Sunday, relative to others.
    weekday: u64,
    weekend: u64,
    hours: &'static Hours,
    /// Makes its events up, from `start` on.
    run: fn(&mut Plan, start: i64),
}

const fn activity(weekday: u64, weekend: u64, hours: &'static Hours, run: fn(&mut Plan, i64)) -> Activity {
    Activity { weekday, weekend, hours, run }
}

fn activities() -> impl Iterator<Item = &'static Activity> + Clone {
    [&people::ACTIVITIES[..], &pipelines::ACTIVITIES, &services::ACTIVITIES, &workloads::ACTIVITIES]
        .into_iter()
        .flatten()
}

const ALWAYS: Hours = [1; 24];
/// Somebody uses the shop at any time, and most in the day.
const CUSTOMERS: Hours = [4, 4, 3, 3, 3, 4, 5, 6, 8, 9, 10, 10, 10, 10, 10, 9, 9, 9, 9, 8, 8, 7, 6, 5];
const DUBLIN: Hours = [0, 0, 0, 0, 0, 0, 1, 4, 9, 10, 10, 8, 6, 9, 10, 9, 6, 3, 1, 1, 1, 0, 0, 0];
const NEW_YORK: Hours = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 9, 10, 10, 7, 8, 10, 10, 8, 4, 2, 1];
const TOKYO_OFFICE: Hours = [9, 10, 10, 6, 9, 10, 10, 9, 6, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4];
const NIGHT: Hours = [6, 10, 10, 6, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2];

/// What a day is like compared with others: working days differ a little, and
/// little happens at weekends.
fn share_of_day(day: i64) -> u64 {
    match day % 7 {
        5 => 42,
        6 => 36,
        weekday => [100, 108, 111, 105, 94][weekday as usize],
    }
}

/// The number of background events on `day`, when there are `total` on all.
fn quota(total: u64, day: i64) -> u64 {
    let until = |day: i64| (0..day).map(share_of_day).sum::<u64>();
    let events_until = |day: i64| u128::from(total) * u128::from(until(day)) / u128::from(until(DAYS));
    (events_until(day + 1) - events_until(day)) as u64
}

/// What happens on `day`, of `total` background events in all the days together.
pub(super) fn day(seed: u64, total: u64, day: i64) -> Plan {
    let start = START + day * DAY;
    let limit = quota(total, day) as usize;
    let mut plan = Plan {
        random: Random::new(hash(seed, "background") ^ hash(day as u64, "day")),
        events: Vec::with_capacity(limit),
        limit,
        end: start + DAY,
        unreliable: true,
    };
    let weight = |activity: &Activity| if day % 7 < 5 { activity.weekday } else { activity.weekend };
    while !plan.is_full() {
        let which = plan.random.weighted(activities().map(weight));
        let Some(activity) = activities().nth(which) else {
            break;
        };
        let hour = plan.random.weighted(activity.hours.iter().copied()) as i64;
        let start = start + hour * 3_600 + plan.random.within(0..3_600);
        (activity.run)(&mut plan, start);
    }
    plan
}

/// A place, as busy ones come up more often.
fn somewhere(random: &mut Random) -> Place {
    PLACES[random.weighted(PLACES.iter().map(|(_, weight)| *weight))].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_add_up() {
        for total in [0, 1, 1_000, 49_321, 10_000_000] {
            assert_eq!((0..DAYS).map(|day| quota(total, day)).sum::<u64>(), total);
        }
    }

    #[test]
    fn a_day_keeps_to_its_hours_and_its_quota() {
        let plan = day(1, 50_000, 3);
        assert_eq!(plan.events.len() as u64, quota(50_000, 3));
        let start = START + 3 * DAY;
        assert!(plan.events.iter().all(|event| (start..start + DAY).contains(&event.time)));
        assert!(plan.events.iter().any(|event| event.ready() >= start + DAY), "nothing is delivered late");
    }
}
