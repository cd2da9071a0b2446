//! Where the report on a dump goes: to its place if it is the only one, else among the others.

use std::cell::RefCell;
use std::io::{self, Write};

use anyhow::Result;

use ctstats::report::several::SeveralForm;
use ctstats::report::{Dialect, Report, Style, pympler};

use super::{PageArgs, SheetForm};

/// What becomes of reports, by the flags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Destination<'p> {
    pub(super) page: &'p PageArgs,
    /// `None` is Pympler's.
    pub(super) form: Option<SheetForm>,
    pub(super) dialect: Dialect,
}

impl<'p> Destination<'p> {
    /// For the only report.
    pub(super) fn alone(self) -> Sheet<'p> {
        Sheet {
            destination: self,
            among: None,
        }
    }

    /// For one report of several.
    pub(super) fn among(self, style: Style, is_terminal: bool) -> Sheet<'p> {
        Sheet {
            destination: self,
            among: Some(Among {
                style,
                is_terminal,
                report: RefCell::default(),
            }),
        }
    }

    /// How several reports are joined.
    pub(super) fn several(self, style: Style) -> SeveralForm {
        match self.form {
            Some(form) => SeveralForm::Of(form.layout(style, self.dialect)),
            None => SeveralForm::Pympler(style.paint),
        }
    }
}

/// Takes one report.
pub(super) struct Sheet<'p> {
    destination: Destination<'p>,
    among: Option<Among>,
}

/// One report of several, which is kept until it is its turn.
struct Among {
    style: Style,
    /// Whether they are shown on a terminal.
    is_terminal: bool,
    report: RefCell<Vec<u8>>,
}

impl Sheet<'_> {
    /// Whether this is the only report.
    pub(super) fn is_alone(&self) -> bool {
        self.among.is_none()
    }

    /// Writes a report that Pympler does not have.
    pub(super) fn write(&self, report: &impl Report) -> Result<()> {
        self.write_or(report, |_| Ok(()))
    }

    /// Writes a report, or what Pympler prints.
    pub(super) fn write_or(
        &self,
        report: &impl Report,
        pympler: impl FnOnce(&mut pympler::Writer<&mut dyn Write>) -> io::Result<()>,
    ) -> Result<()> {
        let Destination {
            page,
            form,
            dialect,
        } = self.destination;
        match (form, &self.among) {
            (Some(form), None) => page.write(form, dialect, report),
            (Some(form), Some(among)) => {
                let form = form.layout(among.style, dialect);
                Ok(form.write(&mut *among.report.borrow_mut(), report)?)
            }
            (None, None) => {
                let mut out = page.open()?;
                let escape = out.is_terminal();
                pympler(&mut pympler::Writer::new(&mut out, escape))?;
                page.finish(out)
            }
            (None, Some(among)) => {
                let mut report = among.report.borrow_mut();
                Ok(pympler(&mut pympler::Writer::new(
                    &mut *report,
                    among.is_terminal,
                ))?)
            }
        }
    }

    /// What was written of one of several.
    pub(super) fn into_report(self) -> Vec<u8> {
        self.among
            .map(|among| among.report.into_inner())
            .unwrap_or_default()
    }
}
