//! Which frames are of the program's own code: neither of the standard library nor of an
//! installed package. For an object that Django, SQLAlchemy or pandas creates, the innermost
//! frame is a line of theirs, which is the same for every model; the own frame is the line that
//! asked for it.
//!
//! Files are judged by their names alone, as the dump has them, on whatever system it was
//! recorded. No file is looked for. Where a program is itself installed as a package, nothing
//! tells it from others: then no frame is own, unless the user names it.

use std::collections::HashMap;
use std::marker::PhantomData;

use foldhash::fast::RandomState;

use super::sites::is_tracker;
use crate::model::{Frame, Text, TextId, Trace};

/// So much of a file's name is looked at. No system has longer ones, and in hostile dumps many
/// frames may share one of megabytes.
const LONGEST_PATH: usize = 4096;

/// Names of files for code that a person typed: in Python's shell, IDLE, IPython, a doctest.
/// Code in other `<…>` was made by a program.
const TYPED: [&str; 6] = [
    "<stdin>",
    "<console>",
    "<python-input-",
    "<ipython-input-",
    "<pyshell#",
    "<doctest ",
];

/// Tells the program's own code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnCode {
    /// What users named; empty means whatever is not installed.
    prefixes: Vec<Prefix>,
}

/// A folder, file or package that holds own code.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Prefix {
    typed: String,
    /// Where it begins with a root, files begin with it. Otherwise it is a package or folder.
    is_absolute: bool,
    parts: Vec<String>,
}

impl OwnCode {
    /// Own is what these name, and nothing else; without any, own is what is not installed.
    ///
    /// One that begins with a root (`/srv/shop`, `C:\shop`) names all files below it. Another
    /// (`shop`, `shop/models`, `shop.models`) names a package behind `site-packages`, or a folder
    /// anywhere in the name of a file that is not installed.
    pub fn of<P: AsRef<str>>(prefixes: impl IntoIterator<Item = P>) -> Self {
        let prefixes = prefixes.into_iter().map(|typed| Prefix::of(typed.as_ref()));
        OwnCode {
            prefixes: prefixes.collect(),
        }
    }

    /// Whether a file of this name holds own code.
    pub fn is_own(&self, file: Text<'_>) -> bool {
        let file = file.head(LONGEST_PATH).to_str();
        let path = FilePath::of(&file);
        if self.prefixes.is_empty() {
            return !path.parts.is_empty() && !path.is_generated && path.installed.is_none();
        }
        self.prefixes.iter().any(|prefix| prefix.names(&path))
    }

    /// Those that name none of these files, as they were given.
    pub fn unused<'a>(&self, files: impl Iterator<Item = Text<'a>>) -> Vec<&str> {
        let mut unused: Vec<&Prefix> = self.prefixes.iter().collect();
        for file in files {
            if unused.is_empty() {
                break;
            }
            let file = file.head(LONGEST_PATH).to_str();
            let path = FilePath::of(&file);
            unused.retain(|prefix| !prefix.names(&path));
        }
        unused.iter().map(|prefix| &*prefix.typed).collect()
    }

    /// Finds own frames in many traces: it judges each file once.
    pub fn finder<'d>(&self) -> OwnFrames<'_, 'd> {
        OwnFrames {
            code: self,
            judged: HashMap::default(),
            dumps: PhantomData,
        }
    }
}

/// Finds the own frames of traces, and keeps what it found out about files.
#[derive(Debug)]
pub struct OwnFrames<'o, 'd> {
    code: &'o OwnCode,
    /// By the text of a dump, which lives as long as this does.
    judged: HashMap<(usize, TextId), bool, RandomState>,
    dumps: PhantomData<&'d ()>,
}

impl<'d> OwnFrames<'_, 'd> {
    /// The innermost own frame; `None` if all frames are outside.
    pub fn frame(&mut self, trace: Trace<'d>) -> Option<Frame<'d>> {
        trace.frames().rev().find(|&frame| self.is_own(frame))
    }

    /// Whether a frame is own.
    pub fn is_own(&mut self, frame: Frame<'d>) -> bool {
        let code = self.code;
        let file = (frame.dump_address(), frame.row().file);
        *self
            .judged
            .entry(file)
            .or_insert_with(|| !is_tracker(frame) && code.is_own(frame.file()))
            && !(code.prefixes.is_empty() && is_launcher(frame))
    }
}

/// Whether it is the line of a command that `pip` made for a package: `sys.exit(main())` in a
/// `bin` folder, and what that calls is installed. Who wrote such a script themselves has frames
/// further in.
fn is_launcher(frame: Frame<'_>) -> bool {
    let line = || frame.source_lines().next();
    frame.function() == Text::new("<module>")
        && line().is_some_and(|line| line.trim().head(9) == Text::new("sys.exit("))
        && is_in_folder_of_commands(frame.file())
}

fn is_in_folder_of_commands(file: Text<'_>) -> bool {
    let file = file.head(LONGEST_PATH).to_str();
    match FilePath::of(&file).parts[..] {
        [.., folder, "__main__.py"] => has_ending(folder, ".exe"),
        [.., folder, name] => ["bin", "Scripts"].contains(&folder) && !name.contains('.'),
        _ => false,
    }
}

/// A file's name in its parts.
struct FilePath<'t> {
    parts: Vec<&'t str>,
    is_absolute: bool,
    /// Whether upper and lower case mean the same.
    is_windows: bool,
    /// Whether it is no file, but stands for code that a program made.
    is_generated: bool,
    /// Behind which part what is installed begins: the standard library, or packages.
    installed: Option<usize>,
}

impl<'t> FilePath<'t> {
    fn of(name: &'t str) -> Self {
        let is_pseudo = name.starts_with('<') && name.ends_with('>');
        if is_pseudo {
            return FilePath {
                parts: vec![name],
                is_absolute: false,
                is_windows: false,
                is_generated: !TYPED.iter().any(|typed| name.starts_with(typed)),
                installed: None,
            };
        }
        let (parts, is_absolute) = parts_of(name);
        let is_windows = name.contains('\\') || parts.first().is_some_and(|part| is_drive(part));
        let installed = (1..=parts.len())
            .rev()
            .find(|&end| ends_in_installed(&parts[..end], is_windows));
        FilePath {
            parts,
            is_absolute,
            is_windows,
            is_generated: false,
            installed,
        }
    }
}

/// The parts of a path, with `.` and `..` resolved, and whether it begins with a root.
fn parts_of(path: &str) -> (Vec<&str>, bool) {
    let separators = ['/', '\\'];
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(separators) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let is_absolute =
        path.starts_with(separators) || parts.first().is_some_and(|part| is_drive(part));
    (parts, is_absolute)
}

/// Whether it is `C:`.
fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
}

/// Whether these are the parts of a folder that holds the standard library or packages.
fn ends_in_installed(parts: &[&str], is_windows: bool) -> bool {
    let is = |part: &str, name: &str| match is_windows {
        true => part.eq_ignore_ascii_case(name),
        false => part == name,
    };
    let (last, before) = match parts {
        [.., before, last] => (*last, *before),
        [last] => (*last, ""),
        [] => return false,
    };
    let packages = ["site-packages", "dist-packages", "__pypackages__"];
    // The libraries of PyPy and GraalPy are beside `lib`.
    let libraries = ["lib-python", "lib_pypy", "lib-graalpython"];
    if packages.iter().chain(&libraries).any(|name| is(last, name)) {
        return true;
    }
    // `lib/python3.11`, and on Fedora `lib64/python3.11`.
    if (is(before, "lib") || is(before, "lib64")) && is_versioned_python(last) {
        return true;
    }
    // A wheel, an egg or the standard library in a zip archive; wheels that pex unpacked.
    if [".whl", ".egg"].iter().any(|end| has_ending(last, end))
        || has_ending(last, ".zip") && begins_with_digit_behind(last, "python")
        || before == ".pex" && last == "installed_wheels"
    {
        return true;
    }
    // `C:\Python311\Lib`, environments of conda, versions of pyenv, and the sources of Python.
    (last == "Lib" || is_windows && is(last, "lib")) && {
        let above = parts.len().checked_sub(3).map_or("", |at| parts[at]);
        is_home_of_python(before) || is(above, "envs") || is(above, "versions")
    }
}

/// Whether it is `python3.11`, `python3.13t`, `pypy3.9` or the like. `python3` of Debian holds
/// packages only.
fn is_versioned_python(part: &str) -> bool {
    ["python", "pypy", "graalpy"]
        .iter()
        .any(|name| begins_with_digit_behind(part, name))
        && (part.contains('.') || part.starts_with("pypy"))
}

/// Whether Python for Windows may be installed in a folder of this name: `Python311`,
/// `cpython-3.11.9-windows` of uv, `miniconda3`, that of Microsoft's store.
fn is_home_of_python(part: &str) -> bool {
    let part = part.to_ascii_lowercase();
    let condas = ["conda", "miniforge", "mambaforge", "micromamba"];
    part == "python"
        || part == "cpython"
        || part.starts_with("pythonsoftwarefoundation.python")
        || ["python", "cpython", "pypy"]
            .iter()
            .any(|name| begins_with_digit_behind(&part, name))
        || condas.iter().any(|name| part.contains(name))
}

/// Whether a digit follows the name, perhaps behind a hyphen.
fn begins_with_digit_behind(part: &str, name: &str) -> bool {
    let rest = part.strip_prefix(name);
    let rest = rest.map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn has_ending(part: &str, ending: &str) -> bool {
    let at = part.len().checked_sub(ending.len());
    at.and_then(|at| part.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

impl Prefix {
    fn of(typed: &str) -> Self {
        let (parts, is_absolute) = parts_of(typed);
        Prefix {
            typed: typed.into(),
            is_absolute,
            parts: parts.into_iter().map(String::from).collect(),
        }
    }

    /// Whether it names this file.
    fn names(&self, path: &FilePath<'_>) -> bool {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        if self.is_absolute {
            return path.is_absolute && begins_with(&path.parts, &parts, path.is_windows);
        }
        if self.occurs(path, &parts) {
            return true;
        }
        // The name of a module.
        match &parts[..] {
            [module] => self.occurs(path, &module.split('.').collect::<Vec<_>>()),
            _ => false,
        }
    }

    /// Whether these parts are a package behind what is installed, or folders elsewhere.
    fn occurs(&self, path: &FilePath<'_>, parts: &[&str]) -> bool {
        if parts.is_empty() {
            return false;
        }
        if let Some(end) = path.installed {
            return begins_with(&path.parts[end..], parts, path.is_windows);
        }
        (0..path.parts.len()).any(|at| begins_with(&path.parts[at..], parts, path.is_windows))
    }
}

/// Whether a path begins with these parts, of which the last may be a module's name.
fn begins_with(path: &[&str], parts: &[&str], is_windows: bool) -> bool {
    let same = |a: &str, b: &str| match is_windows {
        true => a.eq_ignore_ascii_case(b),
        false => a == b,
    };
    let Some((last, folders)) = parts.split_last() else {
        return true;
    };
    let Some(name) = path.get(folders.len()) else {
        return false;
    };
    let module = || has_ending(name, ".py") && same(&name[..name.len() - 3], last);
    folders.iter().zip(path).all(|(a, b)| same(a, b)) && (same(name, last) || module())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Dump;

    #[test]
    fn what_is_installed_is_not_own() {
        let outside = [
            // The standard library.
            "/usr/lib/python3.11/asyncio/base_events.py",
            "/usr/lib64/python3.9/threading.py",
            "/usr/local/lib/python3.11/threading.py",
            "/usr/local/lib/python3.13t/threading.py",
            "/Library/Frameworks/Python.framework/Versions/3.11/lib/python3.11/json/decoder.py",
            "/opt/homebrew/Cellar/python@3.12/3.12.1/Frameworks/Python.framework/Versions/3.12/lib/python3.12/abc.py",
            "/home/me/.pyenv/versions/3.11.4/lib/python3.11/queue.py",
            "/home/me/.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/lib/python3.12/queue.py",
            "/opt/conda/envs/web/lib/python3.10/socketserver.py",
            "/nix/store/abc-python3-3.11.6/lib/python3.11/runpy.py",
            "/opt/pypy3.9/lib/pypy3.9/threading.py",
            "/usr/lib/pypy3/lib-python/3/threading.py",
            "/usr/lib/python311.zip/threading.py",
            "C:\\Python311\\Lib\\asyncio\\events.py",
            "c:\\python27\\lib\\threading.py",
            "C:/Python311/Lib/asyncio/events.py",
            "C:\\Users\\me\\AppData\\Local\\Programs\\Python\\Python311\\Lib\\runpy.py",
            "C:\\Program Files\\WindowsApps\\PythonSoftwareFoundation.Python.3.11_3.11.2_x64__qbz5n2kfra8p0\\Lib\\queue.py",
            "C:\\Users\\me\\miniconda3\\Lib\\queue.py",
            "C:\\Users\\me\\miniconda3\\envs\\web\\lib\\queue.py",
            "C:\\Users\\me\\.pyenv\\pyenv-win\\versions\\3.11.4\\Lib\\queue.py",
            "C:\\Python311\\python311.zip\\queue.pyc",
            "/src/cpython/Lib/queue.py",
            "lib/python3.11/queue.py",
            // Packages.
            "/usr/lib/python3/dist-packages/django/db/models/base.py",
            "/usr/local/lib/python3.11/dist-packages/numpy/core/numeric.py",
            "/srv/shop/.venv/lib/python3.11/site-packages/django/db/models/base.py",
            "/home/me/.local/lib/python3.11/site-packages/pandas/core/frame.py",
            "C:\\shop\\venv\\Lib\\site-packages\\sqlalchemy\\orm\\loading.py",
            "c:\\shop\\venv\\LIB\\Site-Packages\\sqlalchemy\\orm\\loading.py",
            ".venv/lib/python3.11/site-packages/django/db/models/base.py",
            "/home/me/.shiv/shop_1f/site-packages/flask/app.py",
            "/srv/shop.pyz/site-packages/flask/app.py",
            "/srv/shop/__pypackages__/3.11/lib/flask/app.py",
            "/home/me/.pex/installed_wheels/1f/flask-3-py3-none-any.whl/flask/app.py",
            "/usr/share/python-wheels/urllib3-1.26-py2.py3-none-any.whl/urllib3/util.py",
            "/srv/lib/zope.interface-6.0-py3.11-linux-x86_64.egg/zope/interface.py",
            // No files.
            "<frozen importlib._bootstrap>",
            "<frozen runpy>",
            "<string>",
            "<attrs generated init shop.models/Cart>",
            "<decorator-gen-12>",
            "<__array_function__ internals>",
            "",
            ".",
        ];
        let own = OwnCode::default();
        for file in outside {
            assert!(!own.is_own(Text::new(file)), "{file}");
        }
    }

    #[test]
    fn what_is_not_installed_is_own() {
        let inside = [
            "/srv/shop/models.py",
            "/usr/lib/shop/models.py",
            "/usr/lib/python-shop/models.py",
            "/usr/local/lib/shop/python3.11/models.py",
            "/srv/field/v311/lib/python3.11/../../../shop/models.py",
            "/srv/venv/lib/python3.11/site-packages/../../../shop/models.py",
            "/srv/venv/src/shop/models.py",
            "/opt/python3.11/shop/models.py",
            "/home/me/.pyenv/versions/shop.py",
            "/home/me/lib/Lib/models.py",
            "/srv/shop.pyz/shop/models.py",
            "/srv/python.zip/shop.py",
            "/var/task/handler.py",
            "/tmp/ipykernel_812/3216.py",
            "shop/models.py",
            "./models.py",
            "../shop/models.py",
            "models.py",
            "C:\\shop\\models.py",
            "C:\\work\\shop\\Lib\\models.py",
            "C:\\releases\\3.2.1\\lib\\models.py",
            "D:\\python-tools\\lib\\models.py",
            "\\\\server\\share\\shop\\models.py",
            "shop\\models.py",
            // Typed by a person.
            "<stdin>",
            "<console>",
            "<python-input-3>",
            "<ipython-input-3-1f2e>",
            "<pyshell#4>",
            "<doctest shop.models[2]>",
        ];
        let own = OwnCode::default();
        for file in inside {
            assert!(own.is_own(Text::new(file)), "{file}");
        }
    }

    #[test]
    fn prefixes_decide_alone() {
        let django = "/srv/venv/lib/python3.11/site-packages/django/db/models/base.py";
        let shop = "/srv/venv/lib/python3.11/site-packages/shop/db/models.py";
        let cases = [
            ("/srv/shop", "/srv/shop/models.py", true),
            ("/srv/shop/", "/srv/shop/models.py", true),
            ("/srv/./x/../shop", "/srv/shop/models.py", true),
            ("/srv/shop/models.py", "/srv/shop/models.py", true),
            ("/srv/shop", "/srv/shop2/models.py", false),
            ("/srv/shop", "srv/shop/models.py", false),
            ("/srv/shop", "/home/srv/shop/models.py", false),
            ("/srv/shop", "/work/models.py", false),
            ("/srv/venv", django, true),
            ("/", django, true),
            ("C:\\shop", "c:\\Shop\\models.py", true),
            ("C:/shop", "C:\\shop\\models.py", true),
            ("C:\\shop", "D:\\shop\\models.py", false),
            ("django", django, true),
            ("django/db", django, true),
            ("django.db.models", django, true),
            ("django.db.models.base", django, true),
            ("shop", shop, true),
            ("shop.db.models", shop, true),
            ("db", shop, false),
            ("srv", shop, false),
            ("shop", django, false),
            ("shop", "/srv/shop/web/views.py", true),
            ("shop/web", "/srv/shop/web/views.py", true),
            ("web.views", "/srv/shop/web/views.py", true),
            ("views.py", "/srv/shop/web/views.py", true),
            ("./web", "web/views.py", true),
            ("shop", "/srv/shopping/views.py", false),
            ("asyncio", "/usr/lib/python3.11/asyncio/events.py", true),
            ("<string>", "<string>", true),
            ("", "/srv/shop/models.py", false),
        ];
        for (prefix, file, is_own) in cases {
            let own = OwnCode::of([prefix]);
            let file = Text::new(file);
            assert_eq!(own.is_own(file), is_own, "{prefix} {file}");
            assert_eq!(own.unused([file].into_iter()).is_empty(), is_own);
        }
        let two = OwnCode::of(["shop", "django"]);
        assert!(two.is_own(Text::new(django)) && two.is_own(Text::new(shop)));
        assert_eq!(two.unused([Text::new(django)].into_iter()), ["shop"]);
    }

    #[test]
    fn commands_of_packages_are_in_folders_for_them() {
        let cases = [
            ("/srv/venv/bin/gunicorn", true),
            ("/usr/local/bin/pytest", true),
            ("C:\\shop\\venv\\Scripts\\gunicorn.exe\\__main__.py", true),
            ("/srv/shop/bin/serve.py", false),
            ("/srv/shop/serve", false),
            ("/srv/shop/__main__.py", false),
            ("bin", false),
        ];
        for (file, is_in) in cases {
            assert_eq!(is_in_folder_of_commands(Text::new(file)), is_in, "{file}");
        }
    }

    /// Frames of a dump that was recorded with Django.
    #[test]
    fn a_model_is_created_by_the_line_that_asks_for_it() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/django.dump.gz");
        let dump = Dump::load(path).unwrap();
        let frames = |own: &OwnCode, class: &str| -> Vec<String> {
            let class = dump.classes().find(|c| c.name().contains(class)).unwrap();
            let mut finder = own.finder();
            let mut told: Vec<String> = class
                .objects()
                .filter_map(|object| finder.frame(object.trace()?))
                .map(|frame| format!("{} {}", frame.file(), frame.function()))
                .collect();
            told.dedup();
            told
        };
        let program = "/srv/field/programs/leaks/l12_django.py request";
        assert_eq!(frames(&OwnCode::default(), "Article"), [program]);
        let django =
            "/srv/field/v311/lib/python3.11/site-packages/django/db/models/base.py from_db";
        assert_eq!(frames(&OwnCode::of(["django"]), "Article"), [django]);
        assert!(frames(&OwnCode::of(["shop"]), "Article").is_empty());
    }
}
