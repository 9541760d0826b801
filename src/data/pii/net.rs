//! Internet addresses: four decimal groups, or RFC 4291's hexadecimal ones.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 address that begins at `start`, and its end.
pub(super) fn ipv4(bytes: &[u8], start: usize) -> Option<(Ipv4Addr, usize)> {
    let mut groups = [0u8; 4];
    let mut at = start;
    for (i, group) in groups.iter_mut().enumerate() {
        if i > 0 {
            (bytes.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let digits = bytes
            .get(at..)?
            .iter()
            .take(4)
            .take_while(|b| b.is_ascii_digit())
            .count();
        let run = bytes.get(at..at + digits)?;
        if digits > 3 || digits > 1 && run.starts_with(b"0") {
            return None;
        }
        *group = std::str::from_utf8(run).ok()?.parse().ok()?;
        at += digits;
    }
    let before = start.checked_sub(1).and_then(|i| bytes.get(i));
    let glued =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_') || !b.is_ascii();
    let next = bytes.get(at);
    let dotted = next == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    let tied = next.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let ranged = next == Some(&b'-') && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    (!before.is_some_and(glued) && !dotted && !tied && !ranged)
        .then_some((Ipv4Addr::from(groups), at))
}

/// Whether an IPv4 address belongs to someone: not private, local, reserved or for documentation.
pub(super) fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_multicast();
    !special && a != 0 && a < 240 && !(a == 100 && (64..128).contains(&b)) && !is_netmask(address)
}

/// Whether the address is a mask: ones, then zeros.
fn is_netmask(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    bits.leading_ones() >= 8 && bits.leading_ones() + bits.trailing_zeros() >= 32
}

/// Whether an IPv6 address belongs to someone: not private (RFC 4193's `fc00::/7`), of a link
/// (`fe80::/10`), reserved or for documentation.
pub(super) fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let special = address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local();
    let mapped = address.to_ipv4_mapped().is_none_or(is_public);
    !special && (first, second) != (0x2001, 0xdb8) && mapped
}

/// The IPv6 address around byte `at`: from, to.
pub(super) fn ipv6(bytes: &[u8], at: usize) -> Option<(Ipv6Addr, usize, usize)> {
    const LONGEST: usize = 45;
    let inside = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let head = bytes.get(..at)?;
    let back = head
        .iter()
        .rev()
        .take(LONGEST)
        .take_while(|b| inside(b))
        .count();
    let ahead = bytes
        .get(at..)?
        .iter()
        .take(LONGEST)
        .take_while(|b| inside(b))
        .count();
    let (mut start, mut end) = (at - back, at + ahead);
    // A colon before or a full stop after belongs to the sentence.
    while end > start
        && matches!(bytes.get(end - 1), Some(b'.' | b':'))
        && !bytes[..end].ends_with(b"::")
    {
        end -= 1;
    }
    if bytes.get(start) == Some(&b':') && bytes.get(start + 1) != Some(&b':') {
        start += 1;
    }
    let run = bytes.get(start..end)?;
    if memchr::memchr_iter(b':', run).take(2).count() < 2 {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(run).ok()?.parse().ok()?;
    let groups = run.split(|&b| b == b':').filter(|g| !g.is_empty()).count();
    let glued = |i: Option<usize>| {
        i.and_then(|i| bytes.get(i))
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let tied = glued(start.checked_sub(1)) || glued(Some(end));
    // `a::1` is more often a path in a program than an address.
    let sized = groups >= 3 || run.len() >= 9;
    (sized && !tied).then_some((address, start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_versions_times_and_paths() {
        let four = |text: &str| {
            ipv4(
                text.as_bytes(),
                text.find(|c: char| c.is_ascii_digit()).unwrap(),
            )
        };
        assert_eq!(four("at 8.8.4.4.").map(|f| f.1), Some(10));
        for text in [
            "v1.2.3.4",
            "1.2.3.4.5",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4-5",
        ] {
            assert_eq!(four(text), None, "{text}");
        }
        assert!(is_public(Ipv4Addr::new(22, 181, 117, 210)));
        for [a, b, c, d] in [
            [10, 0, 0, 1],
            [192, 168, 1, 1],
            [255, 255, 255, 0],
            [192, 0, 2, 7],
        ] {
            assert!(!is_public(Ipv4Addr::new(a, b, c, d)));
        }
        let six = |text: &str| {
            ipv6(
                text.as_bytes(),
                text.find(|c: char| c.is_ascii_digit()).unwrap(),
            )
        };
        assert_eq!(six("IP: 2001:db8::1.").map(|f| (f.1, f.2)), Some((4, 15)));
        for local in [
            "2001:db8::1",
            "fe80::1:2",
            "febf::1",
            "fc00::1",
            "fd12:3456:789a::1",
        ] {
            assert!(!is_public_v6(local.parse().unwrap()), "{local}");
        }
        assert!(is_public_v6("fec0::1".parse().unwrap()));
        assert!(is_public_v6("ec0e:8930::6244".parse().unwrap()));
        for text in [
            "12:30:45",
            "std::1",
            "a::1",
            "::1",
            "1:2",
            "00:1A:2B:3C:4D:5E",
        ] {
            assert_eq!(six(text), None, "{text}");
        }
    }
}
