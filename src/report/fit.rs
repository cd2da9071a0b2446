//! Texts made to fit so many columns of a page.

use unicode_width::UnicodeWidthChar;

use crate::model::Text;
use crate::units::escaped;

/// The beginning of a text of the dump, made harmless, as far as it can matter for so many
/// columns: a text of megabytes that a million objects share costs no more than it shows.
pub(super) fn beginning(text: Text<'_>, width: usize) -> String {
    escaped(&text.head(looked_at(width)).to_str()).into_owned()
}

/// The same of its end.
pub(super) fn ending(text: Text<'_>, width: usize) -> String {
    escaped(&text.tail(looked_at(width)).to_str()).into_owned()
}

/// Code points that may be needed to fill so many columns: some take none.
fn looked_at(width: usize) -> usize {
    4 * width + 8
}

/// Columns that a text takes on a terminal.
pub(super) fn width_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// A text in exactly `width` columns: filled up, or its end cut.
pub(super) fn fit(text: &str, width: usize) -> String {
    let taken = width_of(text);
    if taken <= width {
        return format!("{text}{}", " ".repeat(width - taken));
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width.saturating_sub(1) {
            break;
        }
        used += columns;
        out.push(c);
    }
    out.push('…');
    out.push_str(&" ".repeat(width.saturating_sub(used + 1)));
    out
}

/// The same, but its beginning is cut: of a dotted name or a path the end tells more.
pub(super) fn fit_left(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return fit(text, width);
    }
    let mut kept = Vec::new();
    let mut used = 0;
    for c in text.chars().rev() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width.saturating_sub(1) {
            break;
        }
        used += columns;
        kept.push(c);
    }
    let tail: String = kept.iter().rev().collect();
    format!("…{tail}{}", " ".repeat(width.saturating_sub(used + 1)))
}

/// As much of a text's beginning as there are columns for, made harmless.
pub(super) fn clipped(text: Text<'_>, width: usize) -> String {
    let text = fit(&beginning(text, width), width);
    text.trim_end().to_owned()
}

/// The same of its end.
pub(super) fn clipped_left(text: Text<'_>, width: usize) -> String {
    let text = fit_left(&ending(text, width), width);
    text.trim_end().to_owned()
}

/// A text at the right end of `width` columns; never cut, since it is a number.
pub(super) fn fit_right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(width_of(text))))
}

/// A text in lines of at most `width` columns, broken between words.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && width_of(line) + 1 + width_of(word) > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_their_columns() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("名名名", 4), "名… ");
        assert_eq!(fit_left("app.models.User", 6), "….User");
        assert_eq!(fit_left("x", 3), "x  ");
        assert_eq!(fit_right("12 B", 6), "  12 B");
        assert_eq!(fit_right("1,234,567 B", 6), "1,234,567 B");
    }

    #[test]
    fn lines_wrap_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
    }
}
