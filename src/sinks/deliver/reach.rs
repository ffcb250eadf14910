//! Which addresses may be delivered to: none of this machine and of private networks, unless the plan says so.
//!
//! The addresses that are judged are the ones that are connected to: a name that means something else the next time it is
//! asked for gains nothing.

use std::{
    error, fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// What may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses only.
    Public,
    /// Any address.
    Any,
    /// Private addresses only: what is said there is not protected.
    Private,
}

/// An address that must not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Private(IpAddr),
    Public(IpAddr),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(address) => write!(
                out,
                "{address} is an address of this machine or of a private network, and the plan does not say `allow_private: true`"
            ),
            Self::Public(address) => write!(
                out,
                "{address} is a public address, and without TLS the message could be read on its way"
            ),
        }
    }
}

impl error::Error for Refused {}

impl Reach {
    /// Whether an address may be reached.
    pub(super) fn allows(self, address: IpAddr) -> Result<(), Refused> {
        match (self, is_public(address)) {
            (Self::Public, false) => Err(Refused::Private(address)),
            (Self::Private, true) => Err(Refused::Public(address)),
            _ => Ok(()),
        }
    }

    /// The addresses of a host, of which every one may be reached.
    pub(super) async fn addresses(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
        for address in &found {
            self.allows(address.ip()).map_err(io::Error::other)?;
        }
        if found.is_empty() {
            return Err(io::Error::other("the name has no address"));
        }
        Ok(found)
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The special ranges of RFC 6890, of shared address space, and of multicast are not public.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

/// An address that holds an IPv4 address leads there.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    let octets = address.octets();
    let inside = |at: usize| match octets.get(at..at + 4) {
        Some(&[a, b, c, d]) => is_public_v4(Ipv4Addr::new(a, b, c, d)),
        _ => false,
    };
    match (a, b) {
        // ::ffff:0:0/96, ::ffff:0:0:0/96 and ::/96 (with :: and ::1), and NAT64's 64:ff9b::/96.
        (0, 0) | (0x64, 0xff9b) if c == 0 => inside(12),
        // 6to4.
        (0x2002, _) => inside(2),
        // The rest of those, Teredo, and documentation.
        (0, _) | (0x64, 0xff9b) | (0x2001, 0 | 0xdb8) => false,
        // Unicast that is routed everywhere.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(address: &str) -> bool {
        is_public(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn addresses_that_lead_inside_are_not() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!public(address), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_is_asked_of_every_address() {
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let there: IpAddr = "8.8.8.8".parse().unwrap();
        assert_eq!(Reach::Public.allows(here), Err(Refused::Private(here)));
        assert_eq!(Reach::Public.allows(there), Ok(()));
        assert_eq!(Reach::Any.allows(here), Ok(()));
        assert_eq!(Reach::Private.allows(there), Err(Refused::Public(there)));
    }

    #[tokio::test]
    async fn a_name_is_refused_for_what_it_means() {
        let error = Reach::Public.addresses("localhost", 80).await.unwrap_err();
        assert!(error.to_string().contains("allow_private"), "{error}");
        let found = Reach::Any.addresses("localhost", 80).await.unwrap();
        assert!(found.iter().all(|address| address.port() == 80));
    }
}
