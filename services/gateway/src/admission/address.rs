//! Where a request came from.
//!
//! Duty: the address of the connection or, behind proxies of the house, the one that they tell.
//! Prohibition: nobody's word about his own address is taken: of `X-Forwarded-For` only what the
//! house's proxies have written counts, which is its end.

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Where the client is; none: it cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub Option<IpAddr>);

/// Not an address or network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address such as 10.0.0.7 nor a network such as 10.0.0.0/8")]
pub struct NetworkInvalid(String);

/// Addresses with the same beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn has(self, other: IpAddr) -> bool {
        let same = |left: u128, right: u128, width: u32| {
            let rest = width.saturating_sub(self.bits);
            left.checked_shr(rest).unwrap_or(0) == right.checked_shr(rest).unwrap_or(0)
        };
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(left), IpAddr::V4(right)) => {
                same(left.to_bits().into(), right.to_bits().into(), 32)
            }
            (IpAddr::V6(left), IpAddr::V6(right)) => same(left.to_bits(), right.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkInvalid;

    fn from_str(text: &str) -> Result<Self, NetworkInvalid> {
        let invalid = || NetworkInvalid(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| invalid())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.trim().parse().map_err(|_| invalid())?,
            None => width,
        };
        if bits > width {
            return Err(invalid());
        }
        Ok(Self { address, bits })
    }
}

/// The proxies of the house, by address or network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.has(address))
    }
}

/// With commas.
impl FromStr for TrustedProxies {
    type Err = NetworkInvalid;

    fn from_str(text: &str) -> Result<Self, NetworkInvalid> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Where a request came from.
pub(crate) fn client_address(
    proxies: &TrustedProxies,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> ClientAddress {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip());
    let Some(mut client) = peer else {
        return ClientAddress(None);
    };
    // Each proxy appends whom it was asked by: from the end, as long as proxies of ours tell.
    let told = headers.get_all("x-forwarded-for").iter().rev();
    let told = told
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','));
    for text in told {
        if !proxies.has(client) {
            break;
        }
        match text.trim().parse() {
            Ok(address) => client = address,
            Err(_) => break,
        }
    }
    ClientAddress(Some(client))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        extensions.insert(ConnectInfo(peer));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxies = proxies.parse().unwrap();
        let ClientAddress(address) = client_address(&proxies, &extensions, &headers);
        address.unwrap().to_string()
    }

    #[test]
    fn a_strangers_word_does_not_count() {
        assert_eq!(told("", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
        assert_eq!(told("10.0.0.0/8", "9.9.9.9", &["1.1.1.1"]), "9.9.9.9");
    }

    #[test]
    fn a_proxy_of_ours_tells_who_asked_it() {
        let proxies = "10.0.0.0/8, 192.168.1.7,fd00::/8";
        assert_eq!(told(proxies, "10.1.2.3", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(told(proxies, "192.168.1.7", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(told(proxies, "192.168.1.8", &["1.1.1.1"]), "192.168.1.8");
        assert_eq!(told(proxies, "fd00::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(told(proxies, "10.1.2.3", &[]), "10.1.2.3");
        // Two of ours, one behind the other; the client wrote the first itself.
        let values = ["6.6.6.6, 1.1.1.1", "10.9.9.9"];
        assert_eq!(told(proxies, "10.1.2.3", &values), "1.1.1.1");
        assert_eq!(told(proxies, "10.1.2.3", &["1.1.1.1, garbage"]), "10.1.2.3");
    }

    #[test]
    fn only_addresses_and_networks_are_taken() {
        for text in ["10.0.0", "10.0.0.0/33", "::/129", "here", "10.0.0.0/x"] {
            assert!(text.parse::<TrustedProxies>().is_err(), "{text}");
        }
    }
}
