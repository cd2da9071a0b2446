//! A Parquet file of rows of one table.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{DataTable, SCHEMA_VERSION};
use crate::tables::{Batch, ColumnData, ColumnSchema, Kind, Strings, Values};

/// Between the speed of 1 and the size of 9: names and numbers shrink little beyond it.
const ZSTD_LEVEL: i32 = 3;

/// A file that grows by groups of rows.
pub(super) struct ParquetFile {
    writer: SerializedFileWriter<File>,
    columns: Vec<ColumnSchema>,
}

impl ParquetFile {
    /// Begins a file.
    pub(super) fn new(file: File, table: DataTable) -> io::Result<ParquetFile> {
        let columns = table.columns();
        let schema = parse_message_type(&message(table, &columns)).map_err(written)?;
        let metadata = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let properties = WriterProperties::builder()
            .set_created_by(format!("ctstats version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(
                ZstdLevel::try_new(ZSTD_LEVEL).map_err(written)?,
            ))
            .set_key_value_metadata(Some(vec![
                metadata("ctstats.schema", SCHEMA_VERSION.to_string()),
                metadata("ctstats.table", table.name().into()),
            ]))
            .build();
        let (schema, properties) = (Arc::new(schema), Arc::new(properties));
        let writer = SerializedFileWriter::new(file, schema, properties).map_err(written)?;
        Ok(ParquetFile { writer, columns })
    }

    /// Writes a group of rows.
    pub(super) fn write(&mut self, mut batches: Vec<Batch>) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(written)?;
        for column in 0..self.columns.len() {
            let mut parts = batches.iter_mut().map(|batch| {
                let place = &mut batch.columns[column];
                let nothing = ColumnData {
                    values: Values::Booleans(Vec::new()),
                    present: None,
                };
                std::mem::replace(place, nothing)
            });
            match self.columns[column].kind {
                Kind::Labels => labels(&mut group, &parts.collect::<Vec<_>>()),
                _ => leaf(&mut group, |writer| {
                    parts.try_for_each(|part| plain(writer, part))
                }),
            }
            .map_err(written)?;
        }
        group.close().map(drop).map_err(written)
    }

    /// The bytes that it has so far.
    pub(super) fn bytes_written(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// Writes its end; it is on the disk then.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.writer.finish().map_err(written)?;
        self.writer.inner().sync_all()?;
        Ok(self.bytes_written())
    }
}

/// The schema in Parquet's words.
fn message(table: DataTable, columns: &[ColumnSchema]) -> String {
    let mut message = format!("message {} {{", table.name());
    for column in columns {
        let need = if column.is_nullable {
            "optional"
        } else {
            "required"
        };
        let (of, means) = match column.kind {
            Kind::Integer => ("int64", ""),
            Kind::Float => ("double", ""),
            Kind::Boolean => ("boolean", ""),
            Kind::Text | Kind::Name => ("binary", " (STRING)"),
            Kind::Timestamp => ("int64", " (TIMESTAMP(MICROS,true))"),
            Kind::Labels => (
                "group",
                " (MAP) { repeated group key_value { required binary key (STRING); required \
                 binary value (STRING); } }",
            ),
        };
        let end = if column.kind == Kind::Labels { "" } else { ";" };
        let name = column.name;
        write!(message, " {need} {of} {name}{means}{end}").expect("a String takes what is written");
    }
    message + " }"
}

/// Writes the next column of a group that has no parts.
fn leaf(
    group: &mut SerializedRowGroupWriter<'_, File>,
    write: impl FnOnce(&mut ColumnWriter<'_>) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("the schema has too few columns".into()))?;
    write(column.untyped())?;
    column.close()
}

/// Values of one kind, of which some may be missing.
fn plain(writer: &mut ColumnWriter<'_>, column: ColumnData) -> Result<(), ParquetError> {
    let present = column.present;
    // Missing values are not in the file; the level of a row says whether it has one.
    let levels: Option<Vec<i16>> =
        (present.as_ref()).map(|rows| rows.iter().map(|&is| is.into()).collect());
    let levels = levels.as_deref();
    let is_present = |row: usize| present.as_ref().is_none_or(|present| present[row]);
    match (writer, column.values) {
        (ColumnWriter::Int64ColumnWriter(writer), Values::Integers(values))
        | (ColumnWriter::Int64ColumnWriter(writer), Values::Timestamps(values)) => {
            writer.write_batch(&those(values, &is_present), levels, None)?
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::Floats(values)) => {
            writer.write_batch(&those(values, &is_present), levels, None)?
        }
        (ColumnWriter::BoolColumnWriter(writer), Values::Booleans(values)) => {
            writer.write_batch(&those(values, &is_present), levels, None)?
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Texts(values)) => {
            writer.write_batch(&those(texts(values), &is_present), levels, None)?
        }
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Names { keys, names }) => {
            let names = texts(names);
            let rows = keys.iter().enumerate().filter(|&(row, _)| is_present(row));
            let rows: Vec<ByteArray> = rows.map(|(_, &key)| names[key as usize].clone()).collect();
            writer.write_batch(&rows, levels, None)?
        }
        _ => return Err(ParquetError::General("a column is of another kind".into())),
    };
    Ok(())
}

/// The values that are there.
fn those<T>(values: Vec<T>, is_present: &impl Fn(usize) -> bool) -> Vec<T> {
    let rows = values.into_iter().enumerate();
    let those = rows.filter(|&(row, _)| is_present(row));
    those.map(|(_, value)| value).collect()
}

/// Texts without a copy of each.
fn texts(strings: Strings) -> Vec<ByteArray> {
    let all = ByteArray::from(strings.text.into_bytes());
    let ends = strings.offsets.windows(2);
    let places = ends.map(|ends| (ends[0] as usize, (ends[1] - ends[0]) as usize));
    places.map(|(start, len)| all.slice(start, len)).collect()
}

/// A column of labels: one of their names, and one of their values.
fn labels(
    group: &mut SerializedRowGroupWriter<'_, File>,
    parts: &[ColumnData],
) -> Result<(), ParquetError> {
    for of_names in [true, false] {
        leaf(group, |writer| {
            let ColumnWriter::ByteArrayColumnWriter(writer) = writer else {
                return Err(ParquetError::General("labels are no texts".into()));
            };
            for part in parts {
                let Values::Labels {
                    offsets,
                    names,
                    values,
                } = &part.values
                else {
                    return Err(ParquetError::General("a column has no labels".into()));
                };
                // A row without labels has one level: that nothing is defined. Of others the first
                // label begins a row, and the others repeat within it.
                let (mut defined, mut repeated) = (Vec::new(), Vec::new());
                for ends in offsets.windows(2) {
                    let count = (ends[1] - ends[0]) as usize;
                    defined.extend(std::iter::repeat_n(i16::from(count > 0), count.max(1)));
                    repeated.push(0);
                    repeated.extend(std::iter::repeat_n(1, count.saturating_sub(1)));
                }
                let those = texts(if of_names { names } else { values }.clone());
                writer.write_batch(&those, Some(&defined), Some(&repeated))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

fn written(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}
