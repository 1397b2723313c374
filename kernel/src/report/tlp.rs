//! Traffic Light Protocol 2.0: who may see a report.

/// A label and the colour that FIRST gives it, on black.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tlp {
    pub(super) label: &'static str,
    pub(super) color: &'static str,
    /// What the label allows, for those who do not know it by heart.
    pub(super) meaning: &'static str,
}

const ALL: [Tlp; 5] = [
    Tlp {
        label: "TLP:RED",
        color: "#FF2B2B",
        meaning: "for the eyes and ears of individual recipients only",
    },
    Tlp { label: "TLP:AMBER+STRICT", color: "#FFC000", meaning: "for the recipient's organization only" },
    Tlp { label: "TLP:AMBER", color: "#FFC000", meaning: "for the recipient's organization and its clients" },
    Tlp { label: "TLP:GREEN", color: "#33FF00", meaning: "for the recipient's community" },
    Tlp { label: "TLP:CLEAR", color: "#FFFFFF", meaning: "for everybody" },
];

impl Tlp {
    /// The label of that name, if there is one.
    pub(super) fn named(label: &str) -> Option<Tlp> {
        ALL.into_iter().find(|tlp| tlp.label == label)
    }

    /// About how wide the label is in bold capitals, with room at its sides, in em.
    pub(super) fn width(self) -> f64 {
        self.label.len() as f64 * 0.74 + 1.0
    }
}
