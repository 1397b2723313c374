//! Addresses and networks.

use super::{Bind, Function, bound, kernel, unexpected};
use crate::trino::cast::parse_ip;
use crate::trino::error::EvalError;
use crate::trino::expr::Kernel;
use crate::trino::value::Value;

pub(super) const FUNCTIONS: &[Function] =
    &[bound("contains", &["(varchar, ipaddress) -> boolean"], contains)];

/// The first address of a network, and the bits that all of its addresses share.
#[derive(Clone, Copy)]
struct Network {
    base: u128,
    mask: u128,
}

impl Network {
    /// `10.0.0.0/8` or `2001:db8::/32`
    fn parse(text: &str) -> Result<Network, EvalError> {
        let invalid = |what: &str| EvalError::argument(format!("{what}: {text}"));
        let (address, length) = text.split_once('/').ok_or_else(|| invalid("Invalid CIDR"))?;
        if length.contains('/') {
            return Err(invalid("Invalid CIDR"));
        }
        let base = parse_ip(address).ok_or_else(|| invalid("Invalid network IP address"))?;
        // An IPv4 address among those of IPv6 counts its bits as they do.
        let is_v4 = !address.contains(':');
        let width: u32 = if is_v4 { 32 } else { 128 };
        let length = length
            .parse::<u32>()
            .ok()
            .filter(|length| *length <= width)
            .ok_or_else(|| invalid("Invalid prefix length"))?;
        let mask = u128::MAX.checked_shl(width - length).unwrap_or(0);
        // Java reads the address of an IPv4 network more strictly.
        if is_v4 && base & !mask != 0 && length > 0 {
            return Err(invalid("Invalid CIDR: the address has bits beyond the prefix"));
        }
        Ok(Network { base: base & mask, mask })
    }

    fn contains(self, address: u128) -> bool {
        address & self.mask == self.base
    }
}

fn contains(bind: &Bind<'_>) -> Result<Kernel, EvalError> {
    let constant = bind.text(0).map(Network::parse).transpose()?;
    kernel(move |values| match (values, constant) {
        ([_, Value::IpAddress(address)], Some(network)) => Ok(Value::Boolean(network.contains(*address))),
        ([Value::Varchar(network), Value::IpAddress(address)], None) => {
            Ok(Value::Boolean(Network::parse(network)?.contains(*address)))
        }
        _ => unexpected(values),
    })
}

#[cfg(test)]
mod tests {
    use crate::trino::testing::check;

    #[test]
    fn networks() {
        check("contains('10.0.0.0/8', IPADDRESS '10.1.2.3')", "true");
        check("contains('10.0.0.0/8', IPADDRESS '11.1.2.3')", "false");
        check("contains('0.0.0.0/0', IPADDRESS '203.0.113.9')", "true");
        check("contains('0.0.0.0/0', IPADDRESS '2001:db8::1')", "false");
        check("contains('2001:db8::/32', IPADDRESS '2001:db8:1::1')", "true");
        check("contains('2001:db8::1/32', IPADDRESS '2001:db8:1::1')", "true");
        check("contains('::/0', IPADDRESS '10.0.0.1')", "true");
        check("contains('::ffff:10.0.0.0/104', IPADDRESS '10.0.0.1')", "true");
        check("contains('10.1.2.3/8', IPADDRESS '10.1.2.3')", "! contains: Invalid CIDR");
        check("contains('10.0.0.0/33', IPADDRESS '10.1.2.3')", "! contains: Invalid prefix length");
        check("contains('10.0.0.0', IPADDRESS '10.1.2.3')", "! contains: Invalid CIDR");
    }
}
