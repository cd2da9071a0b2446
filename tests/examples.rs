//! The programs of `examples/` print what their expectation files say.

mod common;

use std::path::Path;
use std::process::Command;

use common::expect;

#[test]
fn examples_print_what_they_should() {
    // Cargo builds them beside the tests.
    let tests = std::env::current_exe().expect("a test has a path");
    let folder = tests
        .ancestors()
        .nth(2)
        .expect("it is in target/debug/deps");
    let scratch = tempfile::tempdir().expect("there is room");
    let converted = scratch.path().join("shop.bin");
    for name in ["load", "leaks", "diff", "folded", "convert"] {
        let mut example = Command::new(folder.join("examples").join(name));
        if name == "convert" {
            example.arg("fixtures/shop.dump").arg(&converted);
        }
        let output = example
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .output()
            .expect("cargo test builds the examples");
        assert!(output.status.success(), "{name}: {output:?}");
        let printed = String::from_utf8(output.stdout).expect("it is text");
        let printed = printed.replace(&*scratch.path().to_string_lossy(), "…");
        if let Err(differs) = expect(&format!("examples/{name}.txt"), &printed) {
            panic!("{differs}");
        }
    }
}
