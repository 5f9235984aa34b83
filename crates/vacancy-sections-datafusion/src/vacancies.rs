//! Structured vacancies as an Arrow column.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, ListBuilder, NullBufferBuilder, StringBuilder, StructArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, exec_err};
use vacancy_sections::{Section, VacancySections};

/// The name of a section's field. Junk is what a vacancy's orphans are made of.
fn field_name(section: Section) -> &'static str {
    match section {
        Section::Junk => "orphans",
        other => other.name(),
    }
}

/// Five lists of passages. They can be NULL, so that a field of a NULL vacancy is NULL and not empty.
pub(crate) fn fields() -> Fields {
    let passages = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    Section::ALL
        .into_iter()
        .map(|section| Field::new(field_name(section), passages.clone(), true))
        .collect()
}

/// The column of a batch, row by row.
pub(crate) struct VacancyColumn {
    lists: [ListBuilder<StringBuilder>; Section::COUNT],
    /// Bytes of text in each list.
    bytes: [usize; Section::COUNT],
    valid: NullBufferBuilder,
}

impl VacancyColumn {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            lists: std::array::from_fn(|_| ListBuilder::with_capacity(StringBuilder::new(), rows)),
            bytes: [0; Section::COUNT],
            valid: NullBufferBuilder::new(rows),
        }
    }

    /// # Errors
    ///
    /// When the texts of one section no longer fit the 32-bit offsets of Arrow.
    pub(crate) fn append(&mut self, vacancy: Option<&VacancySections>) -> Result<()> {
        self.valid.append(vacancy.is_some());
        for ((list, bytes), section) in self.lists.iter_mut().zip(&mut self.bytes).zip(Section::ALL)
        {
            let passages = vacancy.map(|vacancy| vacancy.passages(section));
            for passage in passages.unwrap_or_default() {
                *bytes += passage.text.len();
                if i32::try_from(*bytes).is_err() {
                    return exec_err!(
                        "{}: expected at most {} bytes of text in a batch, found more; set a lower \
                         datafusion.execution.batch_size",
                        field_name(section),
                        i32::MAX
                    );
                }
                list.values().append_value(&passage.text);
            }
            list.append(passages.is_some());
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        let lists = self.lists.each_mut();
        let columns = lists
            .map(|list| Arc::new(list.finish()) as ArrayRef)
            .to_vec();
        Ok(Arc::new(StructArray::try_new(
            fields(),
            columns,
            self.valid.finish(),
        )?))
    }
}
