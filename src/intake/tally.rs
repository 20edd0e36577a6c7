//! How often each client did something within a minute. Invariant: the memory is bounded, whoever sends
//! from however many addresses.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::clock::{Clock, later};

/// How many clients are counted apart. When that many did it within a minute, all others share one count.
const CLIENTS: usize = 4_096;

const WINDOW: Duration = Duration::from_mins(1);

/// Counts by client, in windows of a minute that begin with a client's first.
#[derive(Debug)]
pub struct Tally {
    clock: Clock,
    counts: Mutex<HashMap<Option<IpAddr>, Window>>,
}

#[derive(Debug)]
struct Window {
    ends: Timestamp,
    count: u32,
}

impl Tally {
    /// Nothing so far.
    pub fn new(clock: Clock) -> Self {
        Self { clock, counts: Mutex::default() }
    }

    /// Counts once more for `client`; answers how often it was in the client's minute, this one included.
    pub fn count(&self, client: IpAddr) -> u32 {
        let now = self.clock.now();
        // A map of plain counts is whole whatever panicked while holding it.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = Some(network(client));
        if !counts.contains_key(&client) && counts.len() >= CLIENTS {
            counts.retain(|_, window| window.ends > now);
            if counts.len() >= CLIENTS {
                client = None;
            }
        }
        let window = counts.entry(client).or_insert(Window { ends: Timestamp::MIN, count: 0 });
        if window.ends <= now {
            *window = Window { ends: later(now, WINDOW), count: 0 };
        }
        window.count = window.count.saturating_add(1);
        window.count
    }
}

/// Whom an address stands for: one who has an IPv6 address has 2^64 of them.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    #[test]
    fn each_client_has_a_count_that_ends_with_its_minute() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let tally = Tally::new(clock.clone());
        assert_eq!([1, 1, 2].map(|number| tally.count(client(number))), [1, 2, 1]);
        clock.advance(WINDOW);
        assert_eq!(tally.count(client(1)), 1);
    }

    #[test]
    fn memory_is_bounded_and_clients_beyond_share_a_count() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let tally = Tally::new(clock.clone());
        for number in 0..2 * u32::try_from(CLIENTS).unwrap() {
            tally.count(client(number));
        }
        assert_eq!(tally.counts.lock().unwrap().len(), CLIENTS + 1);
        assert_eq!(tally.count(client(u32::MAX)), u32::try_from(CLIENTS).unwrap() + 1);
        clock.advance(WINDOW);
        assert_eq!(tally.count(client(u32::MAX)), 1);
        assert_eq!(tally.counts.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_together() {
        let tally = Tally::new(Clock::manual(Timestamp::UNIX_EPOCH));
        let count = |address: &str| tally.count(address.parse().unwrap());
        assert_eq!([count("2001:db8::1"), count("2001:db8::ffff:2")], [1, 2]);
        assert_eq!([count("::ffff:192.0.2.1"), count("192.0.2.1")], [1, 2]);
    }
}
