//! The functions, made and registered together.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;
use vacancy_sections::SectionClassifier;

use crate::failures::OnFailure;
use crate::probabilities::ProbabilitiesFunction;
use crate::section::SectionFunction;
use crate::settings::Shared;
use crate::vacancy_sections::VacancySectionsFunction;

/// The scalar functions, with one classifier, one option for failing rows and one count of them.
///
/// | function | result |
/// |---|---|
/// | `section(text)` | `Utf8`: the name of the section that the fragment belongs to |
/// | `section_probabilities(text)` | `FixedSizeList<Float32, 5>`: in the order of [`Section::ALL`](vacancy_sections::Section::ALL) |
/// | `vacancy_sections(description)` | `Struct` of five `List<Utf8>`: `responsibilities`, `requirements`, `terms`, `notes`, `orphans` |
///
/// The argument is `Utf8`, `LargeUtf8`, `Utf8View` or a dictionary of them. NULL gives NULL. A blank
/// description is a vacancy with five empty lists; a blank fragment belongs to no section and is a
/// failing row. A description is read as HTML where it holds tags or entities
/// ([`Posting::guess`](vacancy_sections::Posting::guess)).
///
/// Clones share the count of failing rows.
///
/// ```
/// use datafusion::prelude::SessionContext;
/// use vacancy_sections_datafusion::VacancyFunctions;
///
/// # fn main() -> datafusion::common::Result<()> {
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let context = SessionContext::new();
/// let functions = VacancyFunctions::new();
/// functions.register(&context);
///
/// let answer = context.sql("SELECT section('ДМС со стоматологией') AS section").await?;
/// assert!(answer.to_string().await?.contains("terms"));
/// assert_eq!(functions.failures(), 0);
/// # Ok(()) })
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct VacancyFunctions {
    settings: Shared,
}

impl VacancyFunctions {
    /// The functions on [`SectionClassifier::shared`], which is loaded at the first call; failing rows
    /// are NULL.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What becomes of rows that cannot be evaluated.
    ///
    /// ```
    /// use datafusion::prelude::SessionContext;
    /// use vacancy_sections_datafusion::{OnFailure, VacancyFunctions};
    ///
    /// # fn main() -> datafusion::common::Result<()> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let context = SessionContext::new();
    /// VacancyFunctions::new().on_failure(OnFailure::Error).register(&context);
    ///
    /// // A blank fragment belongs to no section.
    /// let blank = context.sql("SELECT section(' ')").await?;
    /// assert!(blank.collect().await.is_err());
    /// # Ok(()) })
    /// # }
    /// ```
    #[must_use]
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        Arc::make_mut(&mut self.settings.0).on_failure = on_failure;
        self
    }

    /// The threads among which `vacancy_sections` divides the rows of one batch. Default: 1, because the
    /// engine already evaluates its partitions side by side; more pays where the input is one
    /// partition, for instance to keep its order.
    ///
    /// ```
    /// let functions = vacancy_sections_datafusion::VacancyFunctions::new().threads_per_batch(2);
    /// # let _ = functions;
    /// ```
    #[must_use]
    pub fn threads_per_batch(mut self, threads: usize) -> Self {
        Arc::make_mut(&mut self.settings.0).threads = threads;
        self
    }

    /// A classifier of one's own: another model, other stages, another limit.
    ///
    /// ```
    /// use vacancy_sections::SectionClassifier;
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// let classifier = SectionClassifier::builder().max_text_bytes(1 << 16).build()?;
    /// let functions = VacancyFunctions::new().classifier(classifier);
    /// # let _ = functions;
    /// # Ok::<(), vacancy_sections::Error>(())
    /// ```
    #[must_use]
    pub fn classifier(mut self, classifier: SectionClassifier) -> Self {
        Arc::make_mut(&mut self.settings.0).classifier = Some(classifier);
        self
    }

    /// Makes the functions known to SQL.
    ///
    /// ```
    /// use datafusion::execution::FunctionRegistry;
    /// use datafusion::prelude::SessionContext;
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// let context = SessionContext::new();
    /// VacancyFunctions::new().register(&context);
    /// assert!(context.udf("vacancy_sections").is_ok());
    /// ```
    pub fn register(&self, context: &SessionContext) {
        for function in self.udfs() {
            context.register_udf(function.as_ref().clone());
        }
    }

    /// `section`, for expressions.
    ///
    /// ```
    /// use datafusion::prelude::{col, lit};
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// let is_terms = VacancyFunctions::new().section().call(vec![col("line")]).eq(lit("terms"));
    /// assert_eq!(is_terms.to_string(), r#"section(line) = Utf8("terms")"#);
    /// ```
    #[must_use]
    pub fn section(&self) -> ScalarUDF {
        ScalarUDF::new_from_impl(SectionFunction::new(self.settings.clone()))
    }

    /// `section_probabilities`, for expressions.
    ///
    /// ```
    /// use datafusion::prelude::col;
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// let call = VacancyFunctions::new().section_probabilities().call(vec![col("line")]);
    /// assert_eq!(call.to_string(), "section_probabilities(line)");
    /// ```
    #[must_use]
    pub fn section_probabilities(&self) -> ScalarUDF {
        ScalarUDF::new_from_impl(ProbabilitiesFunction::new(self.settings.clone()))
    }

    /// `vacancy_sections`, for expressions.
    ///
    /// ```
    /// use datafusion::dataframe;
    /// use datafusion::prelude::col;
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// # fn main() -> datafusion::common::Result<()> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let vacancies = dataframe!("description" => ["Требования:\n- знание SQL"])?;
    /// let sections = VacancyFunctions::new().vacancy_sections();
    /// let table = vacancies.with_column("sections", sections.call(vec![col("description")]))?;
    /// assert!(table.to_string().await?.contains("requirements: [знание SQL]"));
    /// # Ok(()) })
    /// # }
    /// ```
    #[must_use]
    pub fn vacancy_sections(&self) -> ScalarUDF {
        ScalarUDF::new_from_impl(VacancySectionsFunction::new(self.settings.clone()))
    }

    /// All functions, for a registry other than a [`SessionContext`].
    ///
    /// ```
    /// let functions = vacancy_sections_datafusion::VacancyFunctions::new().udfs();
    /// let names: Vec<&str> = functions.iter().map(|function| function.name()).collect();
    /// assert_eq!(names, ["section", "section_probabilities", "vacancy_sections"]);
    /// ```
    #[must_use]
    pub fn udfs(&self) -> [Arc<ScalarUDF>; 3] {
        [
            self.section(),
            self.section_probabilities(),
            self.vacancy_sections(),
        ]
        .map(Arc::new)
    }

    /// Rows that became NULL because they could not be evaluated, over all queries so far. A row that
    /// is evaluated twice counts twice.
    ///
    /// ```
    /// use datafusion::prelude::SessionContext;
    /// use vacancy_sections_datafusion::VacancyFunctions;
    ///
    /// # fn main() -> datafusion::common::Result<()> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let context = SessionContext::new();
    /// let functions = VacancyFunctions::new();
    /// functions.register(&context);
    ///
    /// let sql = "SELECT section(text) FROM (VALUES ('ДМС'), (' ')) AS lines(text)";
    /// context.sql(sql).await?.collect().await?;
    /// assert_eq!(functions.failures(), 1);
    /// # Ok(()) })
    /// # }
    /// ```
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.settings.0.failures.count()
    }
}
