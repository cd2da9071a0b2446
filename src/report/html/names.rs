//! What the pages are called and how they refer to each other. A class's name never makes
//! a path: its file has the number of the class, and as much of the name as is harmless.

use std::collections::HashMap;
use std::ffi::OsStr;

use super::PageNames;
use super::text::shown;
use crate::analysis::history::History;
use crate::model::ClassId;

/// How many characters of a class name its file has.
const SLUG: usize = 60;

/// A file name as a relative reference: whatever is special in one is encoded.
fn reference(name: &OsStr) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for &byte in name.as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            out.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The names of the classes, and how pages refer to each other.
pub(super) struct Names {
    shown: Vec<String>,
    files: Vec<String>,
    /// `None` where everything is in one page.
    place: Option<Place>,
}

/// Where the index page and the folder of the others are, seen from each other.
struct Place {
    /// The reference from a page in the folder to the index page.
    index: String,
    /// The reference from the index page to the folder, with the slash behind it.
    folder: String,
}

impl Names {
    /// Of pages in a folder beside the index page.
    pub(super) fn of(
        history: &History<'_>,
        page: &OsStr,
        folder: &OsStr,
        names: PageNames,
    ) -> Self {
        let folder = reference(folder);
        let mut of = Names::in_one(history);
        let folder = match names {
            PageNames::Numbered => format!("./{folder}/"),
            PageNames::Pympler => format!("{folder}/"),
        };
        of.place = Some(Place {
            index: format!("../{}", reference(page)),
            folder,
        });
        if names == PageNames::Pympler {
            of.use_names_of_pympler(history);
        }
        of
    }

    /// Names files after their classes alone, where no two are the same.
    fn use_names_of_pympler(&mut self, history: &History<'_>) {
        let classes = history.classes.iter();
        let plain = classes.map(|class| class.class.to_str().replace('.', "_"));
        let plain: Vec<_> = plain.map(|name| format!("{}.html", slug(&name))).collect();
        // Some systems take `Cart.html` for `cart.html`.
        let mut counts = HashMap::new();
        for name in &plain {
            *counts.entry(name.to_ascii_lowercase()).or_insert(0) += 1;
        }
        let numbered: Vec<_> = self.files.iter().map(|n| n.to_ascii_lowercase()).collect();
        for (file, name) in self.files.iter_mut().zip(plain) {
            let lower = name.to_ascii_lowercase();
            let is_alone = counts[&lower] == 1 && !numbered.contains(&lower);
            if is_alone && lower != ".html" {
                *file = name;
            }
        }
    }

    /// All files of classes.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        self.files.iter().cloned()
    }

    /// Of views in one page.
    pub(super) fn in_one(history: &History<'_>) -> Self {
        let classes = history.classes.iter();
        Names {
            shown: classes
                .clone()
                .map(|class| visible(shown(class.class)))
                .collect(),
            files: classes
                .map(|class| format!("{:04}-{}.html", class.id, slug(&class.class.to_str())))
                .collect(),
            place: None,
        }
    }

    pub(super) fn in_one_page(&self) -> bool {
        self.place.is_none()
    }

    /// The name of a class as it is shown.
    pub(super) fn shown(&self, at: usize) -> &str {
        &self.shown[at]
    }

    /// The file of a class's page.
    pub(super) fn file(&self, at: usize) -> &str {
        &self.files[at]
    }

    /// The reference from the index page to a class's page.
    pub(super) fn href(&self, at: usize, id: ClassId) -> String {
        match &self.place {
            Some(place) => format!("{}{}", place.folder, self.files[at]),
            None => format!("#class-{id}"),
        }
    }

    /// The reference from a class's page to the index page.
    pub(super) fn index(&self) -> &str {
        self.place.as_ref().map_or("#index", |place| &place.index)
    }

    /// Where style and script are, seen from the index page. Pages of classes are beside them.
    pub(super) fn assets(&self) -> &str {
        self.place.as_ref().map_or("", |place| &place.folder)
    }
}

/// A name that nobody could see, in quotes: a link needs something to point at.
fn visible(name: String) -> String {
    if name.trim().is_empty() {
        return format!("“{name}”");
    }
    name
}

/// What of a class name is harmless in a file name everywhere. Names that become one are
/// told apart by the number before it.
fn slug(name: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let characters = name.chars().take(SLUG);
    let slug: String = characters
        .map(|c| if harmless(c) { c } else { '_' })
        .collect();
    // No file name ends in a dot twice, and `..` stays no path.
    slug.replace("..", "_").trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_no_paths() {
        let cases = [
            ("shop.Cart", "shop.Cart"),
            ("../../etc/passwd", "____etc_passwd"),
            ("a/b\\c%2e", "a_b_c_2e"),
            ("..", "_"),
            ("Größe\0", "Gr__e_"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert_eq!(slug(&"x".repeat(300)).len(), SLUG);
    }

    #[test]
    fn references_are_encoded() {
        assert_eq!(
            reference(OsStr::new("a b#c%?.html")),
            "a%20b%23c%25%3F.html"
        );
    }
}
