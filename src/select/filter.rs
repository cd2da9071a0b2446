//! Which objects count: by class, name, repr, life and size.

use super::class_pattern::means;
use crate::model::{
    Class, Column, Contents, KeptSizes, ObjectId, Projection, Rules, Text, TrackedObject,
};

/// Which objects count. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What registered class names are to be, as [`means`] reads it; one must fit. None: all classes.
    pub classes: Vec<String>,
    /// Parts of the objects' own class names; one must occur.
    pub names: Vec<String>,
    /// Parts of reprs; one must occur.
    pub reprs: Vec<String>,
    /// Only those alive (`true`) or dead (`false`) at the end of the recording.
    pub alive: Option<bool>,
    /// The least largest size, in bytes.
    pub min_size_bytes: Option<i64>,
}

impl Filter {
    /// Whether every object passes.
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty() && self.admits_every_object()
    }

    /// Whether every object of an admitted class passes.
    pub fn admits_every_object(&self) -> bool {
        let Filter {
            classes: _,
            names,
            reprs,
            alive,
            min_size_bytes,
        } = self;
        names.is_empty() && reprs.is_empty() && alive.is_none() && min_size_bytes.is_none()
    }

    /// What it looks at of objects.
    pub fn projection(&self) -> Projection {
        let projection = Projection::default()
            .with_if(!self.names.is_empty(), Column::Name)
            .with_if(!self.reprs.is_empty(), Column::Repr)
            .with_if(self.alive.is_some(), Column::Death);
        match self.min_size_bytes {
            Some(_) => projection.with_sizes(KeptSizes::default()),
            None => projection,
        }
    }

    /// Whether a class passes, by its registered name.
    pub fn admits_class(&self, name: Text<'_>) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|text| means(text, name))
    }

    /// The classes that pass.
    pub(crate) fn classes_of<'d>(&self, dump: &'d Contents) -> impl Iterator<Item = Class<'d>> {
        let classes = dump.classes();
        classes.filter(|class| self.admits_class(class.name()))
    }

    /// The objects that pass, class by class.
    pub(crate) fn passing<'d>(
        &self,
        dump: &'d Contents,
    ) -> impl Iterator<Item = TrackedObject<'d>> {
        let objects = self.classes_of(dump).flat_map(|class| class.objects());
        objects.filter(|&object| self.admits(object))
    }

    /// The listed objects that pass, by the classes that they know themselves, in the order of the
    /// dump.
    pub(crate) fn selected(
        &self,
        dump: &Contents,
        largest_bytes: impl Fn(ObjectId) -> i64,
    ) -> Vec<ObjectId> {
        if self.is_empty() {
            return dump.listed.clone();
        }
        let admitted: Vec<bool> = dump
            .classes()
            .map(|class| self.admits_class(class.name()))
            .collect();
        let passes = |object: TrackedObject<'_>| {
            admitted[object.class().id().index()]
                && self.admits_object(object, || largest_bytes(object.id()))
        };
        let objects = dump.objects().filter(|&object| passes(object));
        objects.map(TrackedObject::id).collect()
    }

    /// The same for those who have no sizes.
    pub(crate) fn selected_slowly(&self, dump: &Contents) -> Vec<ObjectId> {
        self.selected(dump, |id| dump.object(id).largest_bytes(Rules::Documented))
    }

    /// Whether an object of an admitted class passes, by its largest size as documented. Whoever
    /// has the sizes of all objects calls [`Filter::admits_object`].
    pub fn admits(&self, object: TrackedObject<'_>) -> bool {
        self.admits_object(object, || object.largest_bytes(Rules::Documented))
    }

    /// Whether an object of an admitted class passes. Its largest size is asked for only if it matters.
    pub fn admits_object(
        &self,
        object: TrackedObject<'_>,
        largest_bytes: impl FnOnce() -> i64,
    ) -> bool {
        let any = |parts: &[String], text: Text<'_>| parts.iter().any(|part| text.contains(part));
        self.alive.is_none_or(|alive| object.is_alive() == alive)
            && self.min_size_bytes.is_none_or(|min| largest_bytes() >= min)
            && (self.names.is_empty() || any(&self.names, object.name()))
            && (self.reprs.is_empty() || any(&self.reprs, object.repr()))
    }
}
