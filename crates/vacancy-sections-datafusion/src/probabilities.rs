//! `section_probabilities(text)`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, FixedSizeListBuilder, Float32Builder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use vacancy_sections::Section;

use crate::settings::Shared;
use crate::{arguments, fragments};

pub(crate) const NAME: &str = "section_probabilities";

/// Width of the list; the constant of the sections is a `usize`.
const WIDTH: i32 = 5;
const _: () = assert!(Section::COUNT == WIDTH as usize);

/// The probability of each section, in the order of their ids.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ProbabilitiesFunction {
    signature: Signature,
    settings: Shared,
}

impl ProbabilitiesFunction {
    pub(crate) fn new(settings: Shared) -> Self {
        Self {
            signature: Signature::string(1, Volatility::Immutable),
            settings,
        }
    }

    fn column(&self, texts: &[Option<&str>]) -> Result<ArrayRef> {
        let settings = &self.settings.0;
        let mut lists = FixedSizeListBuilder::new(Float32Builder::new(), WIDTH);
        let predictions = fragments::predict(settings.classifier()?, texts);
        for (row, prediction) in predictions.into_iter().enumerate() {
            let prediction = match prediction {
                Some(prediction) => settings.settle(NAME, row, prediction)?,
                None => None,
            };
            match &prediction {
                Some(prediction) => lists
                    .values()
                    .append_slice(&prediction.probabilities.to_array()),
                None => lists.values().append_nulls(Section::COUNT),
            }
            lists.append(prediction.is_some());
        }
        Ok(Arc::new(lists.finish()))
    }
}

impl ScalarUDFImpl for ProbabilitiesFunction {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        let item = Field::new_list_field(DataType::Float32, true);
        Ok(DataType::FixedSizeList(Arc::new(item), WIDTH))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        arguments::evaluate(NAME, arguments, |texts| self.column(texts))
    }
}
