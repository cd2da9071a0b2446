//! Tables of the library as Arrow has them: schemas, and batches on their way through another thread.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, RecordBatch, RecordBatchReader,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use ctstats::tables::{Batch, ColumnData, Kind, Strings, Table, Values};
use ctstats::{DumpFile, Error};

use crate::table::Asked;

/// Batches that wait until somebody takes them.
const WAITING: usize = 2;

/// The schema of a table. Units and descriptions are metadata of the columns.
pub(crate) fn schema(table: Table) -> SchemaRef {
    let fields = table.columns().iter().map(|column| {
        let of = match column.kind {
            Kind::Integer => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Boolean => DataType::Boolean,
            Kind::Text => DataType::LargeUtf8,
            Kind::Name => {
                let (key, name) = (DataType::Int32, DataType::LargeUtf8);
                DataType::Dictionary(Box::new(key), Box::new(name))
            }
        };
        let mut metadata = HashMap::from([("description".into(), column.description().into())]);
        if !column.unit.is_empty() {
            metadata.insert("unit".into(), column.unit.into());
        }
        Field::new(column.name, of, column.is_nullable).with_metadata(metadata)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
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
    })
}

fn record_batch(schema: &SchemaRef, batch: Batch) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns.into_iter().map(array);
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Why no batch follows.
enum End {
    /// The reader has gone away.
    Unwanted,
    Failed(ArrowError),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        End::Failed(ArrowError::ExternalError(Box::new(error)))
    }
}

/// What the other thread sends; `None` at the end of the table.
type Sent = Result<Option<RecordBatch>, ArrowError>;

/// The batches of a table, made by a thread of its own while the ones before are looked at.
pub(crate) struct Batches {
    schema: SchemaRef,
    /// `None` once the last one was taken.
    sent: Option<Receiver<Sent>>,
}

impl Batches {
    /// Begins to make them. Of a file that is read where it is asked, another reading of it.
    pub(crate) fn of(dump: Arc<DumpFile>, asked: Asked) -> std::io::Result<Batches> {
        let (to, sent) = sync_channel(WAITING);
        let schema = schema(asked.table);
        let own = Arc::clone(&schema);
        let make = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| send(&to, &own, &dump, &asked)));
            let _ = match outcome {
                Ok(Ok(())) => to.send(Ok(None)),
                Ok(Err(End::Unwanted)) => Ok(()),
                Ok(Err(End::Failed(error))) => to.send(Err(error)),
                Err(_) => {
                    let what = "a bug of ctstats, please report it: a panic";
                    to.send(Err(ArrowError::ComputeError(what.into())))
                }
            };
        };
        std::thread::Builder::new()
            .name("ctstats table".into())
            .spawn(make)?;
        let sent = Some(sent);
        Ok(Batches { schema, sent })
    }
}

fn send(
    to: &SyncSender<Sent>,
    schema: &SchemaRef,
    dump: &DumpFile,
    asked: &Asked,
) -> Result<(), End> {
    let apart = dump.apart();
    asked.each(apart.as_ref().unwrap_or(dump), |batch| {
        let batch = record_batch(schema, batch).map_err(End::Failed)?;
        to.send(Ok(Some(batch))).map_err(|_| End::Unwanted)
    })
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.sent.as_ref()?.recv();
        match next {
            Ok(Ok(Some(batch))) => Some(Ok(batch)),
            Ok(Ok(None)) => {
                self.sent = None;
                None
            }
            Err(_) => {
                self.sent = None;
                let what = "the thread that reads the table has gone away";
                Some(Err(ArrowError::ComputeError(what.into())))
            }
            Ok(Err(error)) => {
                self.sent = None;
                Some(Err(error))
            }
        }
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
