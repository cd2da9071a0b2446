//! Tables as Arrow has them: schemas and batches, for whoever hands them on.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, MapArray, RecordBatch, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use super::{Batch, ColumnData, ColumnSchema, Kind, Strings, Values};

/// The schema of a table with these columns. Units and descriptions are metadata of the columns.
pub fn schema<'c>(columns: impl IntoIterator<Item = &'c ColumnSchema>) -> SchemaRef {
    let fields = columns.into_iter().map(|column| {
        let of = match column.kind {
            Kind::Integer => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Boolean => DataType::Boolean,
            Kind::Text => DataType::LargeUtf8,
            Kind::Name => {
                let (key, name) = (DataType::Int32, DataType::LargeUtf8);
                DataType::Dictionary(Box::new(key), Box::new(name))
            }
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Labels => DataType::Map(Arc::new(entries()), false),
        };
        let mut metadata = HashMap::from([("description".into(), column.description().into())]);
        if !column.unit.is_empty() {
            metadata.insert("unit".into(), column.unit.into());
        }
        Field::new(column.name, of, column.is_nullable).with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What a label consists of.
fn label() -> Fields {
    let text = |name| Field::new(name, DataType::LargeUtf8, false);
    Fields::from(vec![text("key"), text("value")])
}

fn entries() -> Field {
    Field::new("key_value", DataType::Struct(label()), false)
}

fn texts(texts: Strings, present: Option<NullBuffer>) -> Result<LargeStringArray, ArrowError> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(texts.offsets));
    let text = Buffer::from_vec(texts.text.into_bytes());
    LargeStringArray::try_new(offsets, text, present)
}

fn array(column: ColumnData) -> Result<ArrayRef, ArrowError> {
    let present = column.present.map(NullBuffer::from);
    Ok(match column.values {
        Values::Integers(values) => Arc::new(Int64Array::new(values.into(), present)),
        Values::Floats(values) => Arc::new(Float64Array::new(values.into(), present)),
        Values::Booleans(values) => Arc::new(BooleanArray::new(values.into(), present)),
        Values::Texts(values) => Arc::new(texts(values, present)?),
        Values::Names { keys, names } => {
            let keys = Int32Array::new(keys.into(), present);
            let names = Arc::new(texts(names, None)?);
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys, names)?)
        }
        Values::Timestamps(values) => {
            let moments = TimestampMicrosecondArray::new(values.into(), present);
            Arc::new(moments.with_timezone("UTC"))
        }
        Values::Labels {
            offsets,
            names,
            values,
        } => {
            let columns: Vec<ArrayRef> = vec![
                Arc::new(texts(names, None)?),
                Arc::new(texts(values, None)?),
            ];
            let labels = StructArray::try_new(label(), columns, None)?;
            let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
            let entries = Arc::new(entries());
            Arc::new(MapArray::try_new(entries, offsets, labels, present, false)?)
        }
    })
}

/// A batch of a table with this schema.
///
/// # Errors
///
/// If the columns are not those of the schema.
pub fn record_batch(schema: &SchemaRef, batch: Batch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns.into_iter().map(array);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}
