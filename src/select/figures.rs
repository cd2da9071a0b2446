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

    /// Whether some object passes. If only classes are asked for, a class that passes is enough:
    /// its objects need not be read.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn admits_some(&self, source: &impl Source) -> Result<bool, Error> {
        let digest = source.digest()?;
        let mut names = digest.contents.classes().map(|class| class.name());
        if self.admits_every_object() {
            return Ok(names.any(|name| self.admits_class(name)));
        }
        let objects = source.fetch(self.projection(), Rows::All)?;
        let classes = objects.classes();
        let mut classes = classes.filter(|class| self.admits_class(class.name()));
        Ok(classes.any(|class| class.objects().any(|object| self.admits(object))))
    }

    /// What a file keeps is of all objects of a class.
    fn kept<'s>(&self, source: &'s impl Source) -> Result<Option<&'s dyn KeptFigures>, Error> {
        let file = source.digest()?.file;
        Ok(file.filter(|_| self.admits_every_object()))
    }
}
