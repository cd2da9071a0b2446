//! How many objects there are, in every form.

use std::io::{self, Write};

use super::form::json::{self, JsonLayout};
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{Of, ReportTable, Row, TableColumn, Value};
use crate::analysis::count::Count;
use crate::units::ByteStyle;

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.count/1";

const COLUMNS: [TableColumn; 2] = [
    TableColumn::new("life", "", "", 0),
    TableColumn::new("objects", "", "objects", 0),
];

impl Report for Count {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        report_table(*self).table(out, style)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        report_table(*self).rows(to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        report_table(*self).markdown(out, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        if layout == JsonLayout::Lines {
            return json::lines(out, &[self]);
        }
        json::document(out, SCHEMA)?
            .field("alive", &self.alive)?
            .field("died", &self.died)?
            .end()
    }
}

fn report_table(count: Count) -> ReportTable<'static, impl Iterator<Item = Row<'static>> + Clone> {
    let rows = [("alive", count.alive), ("died", count.died)];
    let rows = rows.map(|(life, objects)| Row {
        of: Of::One,
        values: vec![Value::Word(life), Value::Count(objects)],
    });
    ReportTable::of(&COLUMNS, rows.into_iter())
}
