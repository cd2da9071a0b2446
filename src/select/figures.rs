//! Figures of the objects that pass a filter, without those that a limit cuts. Each follows from
//! the objects; a native file keeps it of all objects of a class. This is the one place that asks
//! whether the file keeps a figure or whether it has to be computed.

use std::borrow::Cow;

use super::Filter;
use crate::error::Error;
use crate::model::{ClassTotals, Cohorts, KeptTrees, Population, Rows};
use crate::source::{KeptFigures, Source};

impl Filter {
    /// What every class held at every snapshot, if the file keeps that of the objects that pass.
    pub(crate) fn class_totals<'s>(
        &self,
        source: &'s impl Source,
    ) -> Result<Option<&'s ClassTotals>, Error> {
        match self.kept(source)? {
            Some(file) => file.class_totals(),
            None => Ok(None),
        }
    }

    /// Who was born and died between which snapshots.
    pub(crate) fn cohorts<'s>(&self, source: &'s impl Source) -> Result<Cow<'s, Cohorts>, Error> {
        if let Some(file) = self.kept(source)?
            && let Some(cohorts) = file.cohorts()?
        {
            return Ok(Cow::Borrowed(cohorts));
        }
        let wanted = Cohorts::PROJECTION.and(self.projection());
        let objects = source.fetch(wanted, Rows::All)?;
        Ok(Cow::Owned(Cohorts::of(
            &objects,
            |class| self.admits_class(class.name()),
            |object| self.admits(object),
        )))
    }

    /// The merged referents of every class, if the file keeps those of the objects that pass.
    pub(crate) fn merged_referents<'s>(
        &self,
        source: &'s impl Source,
        population: Population,
    ) -> Result<Option<KeptTrees<'s>>, Error> {
        match self.kept(source)? {
            Some(file) => file.merged_referents(population),
            None => Ok(None),
        }
    }

    /// What a file keeps is of all objects of a class.
    fn kept<'s>(&self, source: &'s impl Source) -> Result<Option<&'s dyn KeptFigures>, Error> {
        let file = source.digest()?.file;
        Ok(file.filter(|_| self.admits_every_object()))
    }
}
