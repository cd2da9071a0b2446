//! The reports on several dumps as one: each as it is alone, with the name of its file. Reports come
//! one by one and finished, so that none of them has to stay in memory.
//!
//! | form | what tells the file |
//! | --- | --- |
//! | table, Pympler's | a line above each report, as `head` and `tail` write it |
//! | Markdown | a heading above each report |
//! | JSON | one document of all documents, each beside its file |
//! | NDJSON, CSV | the first field of each row |

use std::io::{self, Write};

use super::Paint;
use super::form::csv::{CsvRows, Dialect};
use super::form::json::{self, JsonLayout};
use super::form::{Form, Rows, markdown};
use super::report_table::Value;
use crate::units::escaped;

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.reports/1";

/// What a document begins with.
const BEGINNING: &str = "{\"schema\":\"ctstats.reports/1\",\"reports\":[";

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One dump, by its file.
    Dump(String),
    /// What changed from one dump to another.
    Change(String, String),
}

impl Subject {
    /// The names of the fields that tell the files, and what they hold.
    fn fields(&self) -> Vec<(&'static str, &str)> {
        match self {
            Subject::Dump(file) => vec![("dump", file)],
            Subject::Change(before, after) => vec![("dump_before", before), ("dump_after", after)],
        }
    }

    /// What people read.
    fn heading(&self) -> String {
        let files: Vec<&str> = self.fields().into_iter().map(|field| field.1).collect();
        files.join(" → ")
    }

    /// The fields as JSON without braces, so that others can follow them.
    fn json(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for (number, (name, file)) in self.fields().into_iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(out, "{comma}\"{name}\":")?;
            json::value(&mut out, &file)?;
        }
        Ok(out)
    }

    /// The fields as records of CSV to which others are added: of the header, and of each row.
    fn csv(&self, dialect: Dialect) -> io::Result<[Vec<u8>; 2]> {
        let fields = self.fields();
        let record = |write: &dyn Fn(&mut CsvRows<&mut Vec<u8>>) -> io::Result<()>| {
            let mut out = Vec::new();
            let mut rows = CsvRows::of(&mut out, dialect);
            write(&mut rows)?;
            rows.flush()?;
            drop(rows);
            out.truncate(out.len() - END.len());
            out.push(b',');
            Ok::<_, io::Error>(out)
        };
        let names: Vec<&str> = fields.iter().map(|field| field.0).collect();
        let files: Vec<Value<'_>> = fields
            .iter()
            .map(|field| Value::Label(field.1.to_owned()))
            .collect();
        Ok([
            record(&|rows| rows.header(&names))?,
            record(&|rows| rows.row(&files))?,
        ])
    }
}

/// What ends a record of CSV, and stands in none: texts are escaped.
const END: &[u8] = b"\r\n";

/// What the reports are written as.
#[derive(Clone, Copy, Debug)]
pub enum SeveralForm {
    /// As any report.
    Of(Form),
    /// What Pympler prints; it has no report on several dumps.
    Pympler(Paint),
}

/// Reports on several dumps, on their way.
pub struct Several<W> {
    out: W,
    form: SeveralForm,
    is_first: bool,
}

impl<W: Write> Several<W> {
    /// Of no report yet.
    pub fn new(out: W, form: SeveralForm) -> Self {
        Several {
            out,
            form,
            is_first: true,
        }
    }

    /// Adds a report, as the same form wrote it alone.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn add(&mut self, subject: &Subject, report: &[u8]) -> io::Result<()> {
        let is_first = std::mem::take(&mut self.is_first);
        let out = &mut self.out;
        match self.form {
            SeveralForm::Of(Form::Json(JsonLayout::Document)) => {
                match is_first {
                    true => write!(out, "{BEGINNING}\n{{")?,
                    false => write!(out, ",\n{{")?,
                }
                out.write_all(&subject.json()?)?;
                write!(out, ",\"report\":")?;
                out.write_all(report.trim_ascii_end())?;
                write!(out, "}}")
            }
            SeveralForm::Of(Form::Json(JsonLayout::Lines)) => {
                let fields = subject.json()?;
                for line in report.split_inclusive(|&byte| byte == b'\n') {
                    // Each line is an object with fields of its own.
                    let rest = line.strip_prefix(b"{").unwrap_or(line);
                    write!(out, "{{")?;
                    out.write_all(&fields)?;
                    write!(out, ",")?;
                    out.write_all(rest)?;
                }
                Ok(())
            }
            SeveralForm::Of(Form::Csv(dialect)) => {
                let [header, row] = subject.csv(dialect)?;
                for (number, line) in report.split_inclusive(|&byte| byte == b'\n').enumerate() {
                    match number {
                        0 if !is_first => continue,
                        0 => out.write_all(&header)?,
                        _ => out.write_all(&row)?,
                    }
                    out.write_all(line)?;
                }
                Ok(())
            }
            SeveralForm::Of(Form::Markdown(_)) => {
                let blank = if is_first { "" } else { "\n" };
                let heading = markdown::text(&subject.heading());
                writeln!(out, "{blank}## {heading}\n")?;
                out.write_all(report)
            }
            SeveralForm::Of(Form::Table(style)) => {
                Self::titled(out, subject, style.paint, is_first, report)
            }
            SeveralForm::Pympler(paint) => Self::titled(out, subject, paint, is_first, report),
        }
    }

    fn titled(
        out: &mut W,
        subject: &Subject,
        paint: Paint,
        is_first: bool,
        report: &[u8],
    ) -> io::Result<()> {
        let blank = if is_first { "" } else { "\n" };
        let heading = format!("==> {} <==", escaped(&subject.heading()));
        writeln!(out, "{blank}{}", paint.subject(heading))?;
        out.write_all(report)
    }

    /// Ends a document, with what is said of those that have no report.
    ///
    /// # Errors
    ///
    /// If writing fails.
    pub fn finish(mut self, failed: &[String]) -> io::Result<W> {
        if let SeveralForm::Of(Form::Json(JsonLayout::Document)) = self.form {
            let beginning = if self.is_first { BEGINNING } else { "\n" };
            write!(self.out, "{beginning}],\"failed\":")?;
            json::value(&mut self.out, &failed)?;
            writeln!(self.out, "}}")?;
        }
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two reports and one that failed, in a form.
    fn written(form: Form, reports: [&str; 2]) -> String {
        let mut several = Several::new(Vec::new(), SeveralForm::Of(form));
        let subjects = [
            Subject::Dump("a,\"\u{1b}.dat".into()),
            Subject::Dump("=b".into()),
        ];
        for (subject, report) in subjects.iter().zip(reports) {
            several.add(subject, report.as_bytes()).unwrap();
        }
        let out = several.finish(&["c: is cut short".into()]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_of_files_harm_no_form() {
        let rows = ["class,n\r\nx,1\r\ny,2\r\n", "class,n\r\n"];
        assert_eq!(
            written(Form::Csv(Dialect::Plain), rows),
            "dump,class,n\r\n\"a,\"\"\\x1b.dat\",x,1\r\n\"a,\"\"\\x1b.dat\",y,2\r\n"
        );
        let rows = ["\"class\"\r\n\"x\"\r\n", "\"class\"\r\n\"z\"\r\n"];
        let csv = written(Form::Csv(Dialect::Spreadsheet), rows);
        assert!(csv.starts_with("\"dump\",\"class\"\r\n"), "{csv}");
        assert!(csv.ends_with("\"'=b\",\"z\"\r\n"), "{csv}");
        let lines = ["{\"n\":1}\n{\"n\":2}\n", ""];
        let json = written(Form::Json(JsonLayout::Lines), lines);
        for (line, n) in json.lines().zip([1, 2]) {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(row["dump"], "a,\"\u{1b}.dat");
            assert_eq!(row["n"], n);
        }
        let json = written(Form::Json(JsonLayout::Document), ["{}\n", "{\"x\":\n[]}\n"]);
        let all: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(all["schema"], SCHEMA);
        assert_eq!(all["reports"][1]["dump"], "=b");
        assert_eq!(all["reports"][1]["report"]["x"], serde_json::json!([]));
        assert_eq!(all["failed"][0], "c: is cut short");
    }

    #[test]
    fn a_document_of_no_report_is_whole() {
        let form = SeveralForm::Of(Form::Json(JsonLayout::Document));
        let out = Several::new(Vec::new(), form).finish(&[]).unwrap();
        let all: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({"schema": SCHEMA, "reports": [], "failed": []});
        assert_eq!(all, expected);
    }

    #[test]
    fn changes_have_two_files() {
        let subject = Subject::Change("a".into(), "b".into());
        assert_eq!(subject.heading(), "a → b");
        let [header, row] = subject.csv(Dialect::Plain).unwrap();
        assert_eq!(header, b"dump_before,dump_after,");
        assert_eq!(row, b"a,b,");
    }
}
