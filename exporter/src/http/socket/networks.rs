//! The networks from which clients may come.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net};

use crate::Error;

/// Where a client comes from: an address, or nothing for one that came over a Unix socket.
pub(crate) type Peer = Option<IpAddr>;

/// In an IPv6 network of this length or more there may be IPv4 addresses only.
const MAPPED_PREFIX_LEN: u8 = 96;

/// Those who are allowed; all, while no network is named. Clones share the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Networks {
    allowed: Arc<[IpNet]>,
}

impl Networks {
    /// Reads what was given to [`allow_network`](crate::ExporterBuilder::allow_network).
    pub(crate) fn parse(given: &[String]) -> Result<Networks, Error> {
        let allowed = given.iter().map(|given| parse(given).ok_or_else(|| Error::Network { given: given.clone() }));
        Ok(Networks { allowed: allowed.collect::<Result<_, _>>()? })
    }

    /// Returns whether everybody is allowed.
    pub(crate) fn is_everybody(&self) -> bool {
        self.allowed.is_empty()
    }

    /// Returns whether a client may be served. Those of a Unix socket had to get past the permissions of its file.
    pub(crate) fn allows(&self, peer: Peer) -> bool {
        // A listener on `[::]` sees IPv4 clients by mapped addresses.
        let allows = |addr: IpAddr| self.allowed.iter().any(|network| network.contains(&addr.to_canonical()));
        self.is_everybody() || peer.is_none_or(allows)
    }
}

fn parse(given: &str) -> Option<IpNet> {
    let network = given.parse().or_else(|_| given.parse::<IpAddr>().map(IpNet::from)).ok()?;
    let IpNet::V6(v6) = network else { return Some(network) };
    // `::ffff:10.0.0.0/104` is another name of 10.0.0.0/8, and addresses are compared by the shorter one.
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(MAPPED_PREFIX_LEN));
    Some(mapped.and_then(|(addr, length)| Ipv4Net::new(addr, length).ok()).map_or(network, IpNet::V4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(given: &[&str]) -> Networks {
        Networks::parse(&given.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    fn allows(networks: &Networks, peer: &str) -> bool {
        networks.allows(Some(peer.parse().unwrap()))
    }

    #[test]
    fn addresses_and_networks_allow_what_is_in_them() {
        for (given, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            // The bits of the host play no part.
            ("10.1.2.3/8", "10.255.0.1", "11.0.0.0"),
            ("192.168.1.7", "192.168.1.7", "192.168.1.6"),
            ("0.0.0.0/0", "8.8.8.8", "2001:db8::1"),
            ("::1", "::1", "::2"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            let networks = networks(&[given]);
            assert!(allows(&networks, inside), "{given} {inside}");
            assert!(!allows(&networks, outside), "{given} {outside}");
        }
    }

    #[test]
    fn mapped_addresses_count_as_the_addresses_they_map() {
        for given in ["10.0.0.0/8", "::ffff:10.0.0.0/104"] {
            let networks = networks(&[given]);
            for (peer, expected) in [
                ("10.1.2.3", true),
                ("::ffff:10.1.2.3", true),
                ("11.1.2.3", false),
                ("::ffff:11.1.2.3", false),
                // Of the older, compatible form, which no system uses for clients.
                ("::10.1.2.3", false),
            ] {
                assert_eq!(allows(&networks, peer), expected, "{given} {peer}");
            }
        }
        assert!(!allows(&networks(&["::/0"]), "::ffff:10.1.2.3"));
        assert!(allows(&networks(&["::ffff:0:0/96"]), "10.1.2.3"));
    }

    #[test]
    fn one_network_of_several_is_enough_and_none_is_no_list() {
        let some = networks(&["10.0.0.0/8", "::1"]);
        assert!(allows(&some, "10.0.0.1") && allows(&some, "::1") && !allows(&some, "127.0.0.1"));
        assert!(some.allows(None), "a Unix socket has no address");
        assert!(!some.is_everybody());
        let none = networks(&[]);
        assert!(none.is_everybody() && allows(&none, "8.8.8.8") && none.allows(None));
    }
}
