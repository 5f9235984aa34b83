//! `vacancy_sections(description)`.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use vacancy_sections::Posting;

use crate::arguments;
use crate::settings::Shared;
use crate::vacancies::{VacancyColumn, fields};

pub(crate) const NAME: &str = "vacancy_sections";

/// A whole vacancy, plain or HTML, as passages by section.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct VacancySectionsFunction {
    signature: Signature,
    settings: Shared,
}

impl VacancySectionsFunction {
    pub(crate) fn new(settings: Shared) -> Self {
        Self {
            signature: Signature::string(1, Volatility::Immutable),
            settings,
        }
    }

    fn column(&self, texts: &[Option<&str>]) -> Result<ArrayRef> {
        let settings = &self.settings.0;
        let present = texts.iter().flatten().map(|text| Posting::guess(*text));
        let mut results = settings
            .classifier()?
            .classify_vacancies(present)
            .threads(settings.threads.max(1));
        let mut column = VacancyColumn::with_capacity(texts.len());
        for (row, text) in texts.iter().enumerate() {
            let vacancy = match text {
                None => None,
                Some(_) => match results.next() {
                    Some(result) => settings.settle(NAME, row, result)?,
                    None => return exec_err!("{NAME}: row {row} of a batch got no result"),
                },
            };
            column.append(vacancy.as_ref())?;
        }
        column.finish()
    }
}

impl ScalarUDFImpl for VacancySectionsFunction {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        arguments::evaluate(NAME, arguments, |texts| self.column(texts))
    }
}
