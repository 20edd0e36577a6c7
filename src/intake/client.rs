//! Who is at the other end. Invariants: a header is believed only if a trusted proxy wrote it; whoever
//! comes by way of any proxy is not a local caller.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;

/// The address at the other end of the connection. The server puts it into every request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// The client's address: the peer's, or if that is one of the `trusted` proxies, what it says in
    /// `X-Forwarded-For`. Each proxy appends whom it heard, so the list is read from its end, as far as
    /// trusted proxies wrote it.
    pub fn client(self, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
        let mut client = self.0.ip().to_canonical();
        let lines = headers.get_all("x-forwarded-for");
        let mut hops: Vec<&str> = lines
            .iter()
            .map(|line| line.to_str().unwrap_or("unreadable"))
            .flat_map(|line| line.split(','))
            .collect();
        while trusted.contains(&client) {
            match hops.pop().and_then(address) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        client
    }

    /// Whether a program on this machine asks, and not by way of a proxy.
    pub fn is_local(self, headers: &HeaderMap) -> bool {
        let proxied = |name: &str| name == "forwarded" || name.starts_with("x-forwarded-");
        self.0.ip().to_canonical().is_loopback() && !headers.keys().any(|name| proxied(name.as_str()))
    }
}

/// One entry of `X-Forwarded-For`: an address, which some proxies write with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn peer(address: &str) -> Peer {
        Peer(SocketAddr::new(address.parse().unwrap(), 4000))
    }

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let name = HeaderName::from_static("x-forwarded-for");
        lines.iter().map(|line| (name.clone(), HeaderValue::from_str(line).unwrap())).collect()
    }

    fn client(from: &str, lines: &[&str]) -> String {
        let trusted = ["127.0.0.1", "10.0.0.2"].map(|proxy| proxy.parse().unwrap());
        peer(from).client(&forwarded(lines), &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("192.0.2.9", &["203.0.113.1"]), "192.0.2.9");
        assert_eq!(client("127.0.0.1", &["203.0.113.1"]), "203.0.113.1");
        assert_eq!(client("::ffff:127.0.0.1", &["203.0.113.1"]), "203.0.113.1");
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        assert_eq!(client("127.0.0.1", &["198.51.100.7, 203.0.113.1"]), "203.0.113.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.7", "203.0.113.1, 10.0.0.2"]), "203.0.113.1");
        assert_eq!(client("127.0.0.1", &["198.51.100.7, nonsense, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn entries_may_have_a_port_or_brackets() {
        assert_eq!(client("127.0.0.1", &["203.0.113.1:5000"]), "203.0.113.1");
        assert_eq!(client("127.0.0.1", &["[2001:db8::1]:5000"]), "2001:db8::1");
        assert_eq!(client("127.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
    }

    #[test]
    fn a_local_caller_comes_from_loopback_without_a_proxy() {
        let none = HeaderMap::new();
        assert!(peer("127.0.0.1").is_local(&none));
        assert!(peer("::1").is_local(&none));
        assert!(!peer("192.0.2.9").is_local(&none));
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(""))]);
            assert!(!peer("127.0.0.1").is_local(&headers), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_before_a_trusted_proxys_own_entry_changes_nothing(text in "[ -~]{0,60}") {
            let line = format!("{text}, 203.0.113.1");
            prop_assert_eq!(client("127.0.0.1", &[&line]), "203.0.113.1");
            // And alone it is read without harm.
            client("127.0.0.1", &[&text]);
        }
    }
}
