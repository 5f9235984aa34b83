//! `section(text)`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use crate::settings::Shared;
use crate::{arguments, fragments};

pub(crate) const NAME: &str = "section";

/// The name of the section that a fragment belongs to, seen by itself.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SectionFunction {
    signature: Signature,
    settings: Shared,
}

impl SectionFunction {
    pub(crate) fn new(settings: Shared) -> Self {
        Self {
            signature: Signature::string(1, Volatility::Immutable),
            settings,
        }
    }

    fn column(&self, texts: &[Option<&str>]) -> Result<ArrayRef> {
        let settings = &self.settings.0;
        let mut names = StringBuilder::new();
        let predictions = fragments::predict(settings.classifier()?, texts);
        for (row, prediction) in predictions.into_iter().enumerate() {
            let prediction = match prediction {
                Some(prediction) => settings.settle(NAME, row, prediction)?,
                None => None,
            };
            names.append_option(prediction.map(|prediction| prediction.section.name()));
        }
        Ok(Arc::new(names.finish()))
    }
}

impl ScalarUDFImpl for SectionFunction {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        arguments::evaluate(NAME, arguments, |texts| self.column(texts))
    }
}
