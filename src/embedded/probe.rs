//! A first look at a record: only at the fields that conditions are about.

use std::sync::Arc;

use datafusion::{
    error::Result,
    physical_expr::PhysicalExpr,
    physical_expr_common::physical_expr::{snapshot_generation, snapshot_physical_expr},
};

use super::{
    condition::Test,
    fields::Fields,
    json::{Cursor, Malformed, Span},
    scan::Scan,
};

/// How many records in a row show whether looking first pays.
const WINDOW: usize = 256;

/// After how many records that is found out anew.
const PERIOD: usize = 16 * WINDOW;

/// Tells which records need not be read in full.
pub(super) struct Probe<'a> {
    scan: &'a Scan,
    fields: Fields,
    slots: Vec<Option<Span>>,
    test: Test,
    dynamic: Vec<Watched<'a>>,
    seen: usize,
    /// Records of the window that passed.
    passed: usize,
}

/// A filter that changes while the query runs, as it was when last looked at.
struct Watched<'a> {
    filter: &'a Arc<dyn PhysicalExpr>,
    generation: u64,
    test: Test,
}

impl<'a> Probe<'a> {
    pub(super) fn new(scan: &'a Scan) -> Self {
        let mut fields = Fields::new();
        let test = scan.condition.test(&mut fields);
        let watch = |filter| Watched { filter, generation: 0, test: Test::Pass };
        Probe {
            scan,
            slots: vec![None; fields.len()],
            fields,
            test,
            dynamic: scan.dynamic.iter().map(watch).collect(),
            seen: 0,
            passed: 0,
        }
    }

    /// Looks at what changing filters demand by now.
    pub(super) fn watch(&mut self) -> Result<()> {
        for watched in &mut self.dynamic {
            let generation = snapshot_generation(watched.filter);
            if std::mem::replace(&mut watched.generation, generation) != generation {
                let filter = snapshot_physical_expr(watched.filter.clone())?;
                watched.test = self.scan.demands(&filter).test(&mut self.fields);
                (self.seen, self.passed) = (0, 0);
            }
        }
        self.slots.resize(self.fields.len(), None);
        Ok(())
    }

    /// Whether the next record is worth a first look.
    pub(super) fn pays(&mut self) -> bool {
        if self.seen == PERIOD {
            (self.seen, self.passed) = (0, 0);
        }
        self.seen += 1;
        self.fields.len() > 0 && (self.seen <= WINDOW || self.passed < WINDOW / 2)
    }

    /// Looks at the record that opens at `open`: gives its end, and whether it may match.
    pub(super) fn look(&mut self, cursor: &mut Cursor<'_>, open: usize) -> Result<(usize, bool), Malformed> {
        let end = self.fields.find(cursor, open, &mut self.slots)?;
        let mut tests = [&self.test].into_iter().chain(self.dynamic.iter().map(|watched| &watched.test));
        let passes = tests.all(|test| test.may_pass(cursor.text(), &self.slots));
        self.passed += usize::from(passes);
        Ok((end, passes))
    }
}
