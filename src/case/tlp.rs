//! The Traffic Light Protocol 2.0 (FIRST, August 2022): who may see a report.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A label of the [Traffic Light Protocol](https://www.first.org/tlp/) 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tlp {
    /// For the eyes of the recipients alone.
    Red,
    /// For the recipients' organization alone.
    AmberStrict,
    /// For the recipients' organization and its clients, as needed.
    Amber,
    /// For the community.
    Green,
    /// For everybody.
    Clear,
}

impl Tlp {
    const ALL: [Tlp; 5] = [Tlp::Red, Tlp::AmberStrict, Tlp::Amber, Tlp::Green, Tlp::Clear];

    /// FIRST prescribes the colours: the label's on black.
    pub(super) fn style(self) -> String {
        let colour = match self {
            Tlp::Red => "#ff2b2b",
            Tlp::AmberStrict | Tlp::Amber => "#ffc000",
            Tlp::Green => "#33ff00",
            Tlp::Clear => "#ffffff",
        };
        format!("background:#000;color:{colour};padding:0 .4em;font-weight:bold")
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tlp::Red => "TLP:RED",
            Tlp::AmberStrict => "TLP:AMBER+STRICT",
            Tlp::Amber => "TLP:AMBER",
            Tlp::Green => "TLP:GREEN",
            Tlp::Clear => "TLP:CLEAR",
        })
    }
}

impl FromStr for Tlp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Tlp, Error> {
        let label = text.trim().to_ascii_uppercase();
        let label = label.strip_prefix("TLP:").unwrap_or(&label);
        Tlp::ALL.into_iter().find(|tlp| tlp.to_string() == format!("TLP:{label}")).ok_or_else(|| {
            let labels: Vec<String> = Tlp::ALL.iter().map(Tlp::to_string).collect();
            Error::invalid(format!("`{}` is no TLP label", text.escape_debug()))
                .hint(format!("use one of {}", labels.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_and_written() {
        for tlp in Tlp::ALL {
            assert_eq!(tlp.to_string().parse::<Tlp>().unwrap(), tlp);
        }
        assert_eq!("amber".parse::<Tlp>().unwrap(), Tlp::Amber);
        assert!("TLP:WHITE".parse::<Tlp>().unwrap_err().to_string().contains("TLP:CLEAR"));
    }
}
