//! What a stretch of a pickle refers to that it does not hold itself, and what other tables of the
//! whole it has to do without.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::super::frames::FrameParts;
use crate::model::TextId;

/// A text of the memo that is referred to by number, before it is known which one that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct OutsideText {
    /// The memo's number.
    pub(super) number: u32,
    /// How many entries the memo of the stretch had when it was first asked for.
    pub(super) asked_at: usize,
}

/// The texts and the frames of a stretch that is decoded apart from the rest.
#[derive(Default)]
pub(in super::super) struct Outside {
    pub(super) texts: Vec<OutsideText>,
    by_number: HashMap<u32, u32, FixedState>,
    /// The frames, by number. Equal ones of one run are one.
    pub(super) frames: Vec<FrameParts>,
    by_parts: HashMap<FrameParts, u32, FixedState>,
}

impl Outside {
    /// The text that the memo has under a number. `asked_at`: how many entries it has by now. `None`
    /// if there are too many.
    pub(in super::super) fn text(&mut self, number: u32, asked_at: usize) -> Option<TextId> {
        if let Some(&known) = self.by_number.get(&number) {
            return TextId::outside(known);
        }
        let own = self.texts.len() as u32;
        let text = TextId::outside(own)?;
        self.texts.push(OutsideText { number, asked_at });
        self.by_number.insert(number, own);
        Some(text)
    }

    /// The number of a frame.
    pub(in super::super) fn frame(&mut self, parts: FrameParts) -> Option<u32> {
        if let Some(&known) = self.by_parts.get(&parts) {
            return Some(known);
        }
        let number = u32::try_from(self.frames.len()).ok()?;
        self.frames.push(parts);
        self.by_parts.insert(parts, number);
        Some(number)
    }

    /// Finds nothing of what it had up to now.
    pub(super) fn forget(&mut self) {
        self.by_number.clear();
        self.by_parts.clear();
    }

    /// Drops all of it.
    pub(super) fn clear(&mut self) {
        self.texts.clear();
        self.frames.clear();
        self.forget();
    }
}
