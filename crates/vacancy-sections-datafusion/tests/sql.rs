//! The functions as SQL and DataFrames see them.

// A test may stop at what it did not expect, in the functions that it calls too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, UInt64Array,
};
use datafusion::arrow::datatypes::{Float32Type, Int32Type};
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use sample_vacancies::{Vacancies, Vacancy};
use vacancy_sections::{Posting, Section, SectionClassifier, VacancySections};
use vacancy_sections_datafusion::{OnFailure, VacancyFunctions};

const FRAGMENTS: [Option<&str>; 5] = [
    Some("Опыт работы с Python от 3 лет, знание Django"),
    None,
    Some("ДМС со стоматологией"),
    Some("Откликайтесь прямо сейчас!!!"),
    Some("Разрабатывать сервисы и писать тесты"),
];

/// A context that knows the functions and a table of `text` and its `place`, in batches of 2 rows. Two
/// partitions take turns as they please: a query that reads rows must be `ORDER BY place`.
fn context(functions: &VacancyFunctions, text: ArrayRef) -> Result<SessionContext> {
    let context = SessionContext::new_with_config(
        SessionConfig::new()
            .with_batch_size(2)
            .with_target_partitions(2),
    );
    functions.register(&context);
    let place: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..text.len() as u64));
    let table =
        RecordBatch::try_from_iter_with_nullable([("text", text, true), ("place", place, false)])?;
    context.register_batch("vacancies", table)?;
    Ok(context)
}

async fn query(context: &SessionContext, sql: &str) -> Result<ArrayRef> {
    let table = context.sql(sql).await?;
    let schema = Arc::clone(table.schema().inner());
    let batches = table.collect().await?;
    let schema = batches.first().map_or(schema, RecordBatch::schema);
    let batch = datafusion::arrow::compute::concat_batches(&schema, &batches)?;
    Ok(Arc::clone(batch.column(0)))
}

fn expected_sections() -> Vec<Option<&'static str>> {
    let classifier = SectionClassifier::shared().unwrap();
    let name = |text| classifier.classify_fragment(text).unwrap().section.name();
    FRAGMENTS.iter().map(|text| text.map(name)).collect()
}

#[tokio::test]
async fn section_takes_every_layout_of_strings() -> Result<()> {
    let dictionary: DictionaryArray<Int32Type> = FRAGMENTS.into_iter().collect();
    let columns: [ArrayRef; 4] = [
        Arc::new(StringArray::from(FRAGMENTS.to_vec())),
        Arc::new(LargeStringArray::from(FRAGMENTS.to_vec())),
        Arc::new(StringViewArray::from(FRAGMENTS.to_vec())),
        Arc::new(dictionary),
    ];
    for column in columns {
        let layout = column.data_type().clone();
        let context = context(&VacancyFunctions::new(), column)?;
        let sections = query(
            &context,
            "SELECT section(text) FROM vacancies ORDER BY place",
        )
        .await?;
        let sections: Vec<Option<&str>> = sections.as_string::<i32>().iter().collect();
        assert_eq!(sections, expected_sections(), "{layout}");
    }
    Ok(())
}

#[tokio::test]
async fn constants_give_constants_and_null_gives_null() -> Result<()> {
    let context = SessionContext::new();
    VacancyFunctions::new().register(&context);
    let section = query(&context, "SELECT section('ДМС со стоматологией')").await?;
    assert_eq!(section.as_string::<i32>().value(0), "terms");
    for sql in [
        "SELECT section(NULL)",
        "SELECT section_probabilities(NULL)",
        "SELECT vacancy_sections(NULL)",
        "SELECT vacancy_sections(NULL)['terms']",
    ] {
        let result = query(&context, sql).await?;
        assert_eq!((result.len(), result.null_count()), (1, 1), "{sql}");
    }
    let error = context
        .sql("SELECT section(1)")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("expects String"), "{error}");
    Ok(())
}

#[tokio::test]
async fn probabilities_are_the_classifiers() -> Result<()> {
    let context = context(
        &VacancyFunctions::new(),
        Arc::new(StringViewArray::from(FRAGMENTS.to_vec())),
    )?;
    let sql = "SELECT section_probabilities(text) FROM vacancies ORDER BY place";
    let lists = query(&context, sql).await?;
    let lists = lists.as_fixed_size_list();
    assert_eq!(lists.value_length(), 5);
    let classifier = SectionClassifier::shared().unwrap();
    for (row, text) in FRAGMENTS.into_iter().enumerate() {
        let Some(text) = text else {
            assert!(lists.is_null(row));
            continue;
        };
        let expected = classifier.classify_fragment(text).unwrap().probabilities;
        let found = lists.value(row);
        assert_eq!(
            found.as_primitive::<Float32Type>().values(),
            &expected.to_array()
        );
    }
    Ok(())
}

/// The texts of a row of `vacancy_sections`, section by section; `None` for NULL.
fn passages(column: &ArrayRef, row: usize) -> Option<Vec<Vec<String>>> {
    let vacancies = column.as_struct();
    vacancies.is_valid(row).then(|| {
        let lists = vacancies.columns().iter();
        lists
            .map(|list| {
                let texts = list.as_list::<i32>().value(row);
                let texts = texts.as_string::<i32>().iter();
                texts.flatten().map(str::to_owned).collect()
            })
            .collect()
    })
}

fn expected_passages(sections: &VacancySections) -> Vec<Vec<String>> {
    let texts = |section| {
        let passages = sections.passages(section).iter();
        passages.map(|passage| passage.text.clone()).collect()
    };
    Section::ALL.into_iter().map(texts).collect()
}

#[tokio::test]
async fn vacancies_are_structured_as_one_by_one() -> Result<()> {
    let vacancies: Vec<Vacancy> = Vacancies::new(11).take(120).collect();
    let texts: Vec<Option<&str>> = vacancies.iter().map(|v| v.description.as_deref()).collect();
    assert!(texts.iter().any(|text| text.is_none()));
    let classifier = SectionClassifier::shared().unwrap();
    for threads in [1, 3] {
        let functions = VacancyFunctions::new().threads_per_batch(threads);
        let context = context(&functions, Arc::new(StringViewArray::from(texts.clone())))?;
        let column = query(
            &context,
            "SELECT vacancy_sections(text) FROM vacancies ORDER BY place",
        )
        .await?;
        let names: Vec<&str> = column.as_struct().column_names();
        let expected = [
            "responsibilities",
            "requirements",
            "terms",
            "notes",
            "orphans",
        ];
        assert_eq!(names, expected);
        for (row, text) in texts.iter().enumerate() {
            let expected = text.map(|text| {
                let sections = match Posting::guess(text) {
                    Posting::Html(html) => classifier.classify_vacancy_html(&html),
                    _ => classifier.classify_vacancy(text),
                };
                expected_passages(&sections.unwrap())
            });
            assert_eq!(passages(&column, row), expected, "row {row}");
        }
        assert_eq!(functions.failures(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_blank_description_is_an_empty_vacancy() -> Result<()> {
    let texts = ["", " \n", "<p>&nbsp;</p>"];
    let functions = VacancyFunctions::new().on_failure(OnFailure::Error);
    let context = context(&functions, Arc::new(StringArray::from(texts.to_vec())))?;
    let column = query(
        &context,
        "SELECT vacancy_sections(text) FROM vacancies ORDER BY place",
    )
    .await?;
    for row in 0..texts.len() {
        assert_eq!(
            passages(&column, row),
            Some(vec![Vec::new(); 5]),
            "row {row}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_failing_row_is_null_and_counted_and_disturbs_no_other() -> Result<()> {
    let texts = [Some("Знание SQL"), Some(" "), None, Some("ДМС"), Some("\n")];
    let functions = VacancyFunctions::new();
    let context = context(&functions, Arc::new(StringArray::from(texts.to_vec())))?;
    let sections = query(
        &context,
        "SELECT section(text) FROM vacancies ORDER BY place",
    )
    .await?;
    let sections: Vec<Option<&str>> = sections.as_string::<i32>().iter().collect();
    let [first, .., last, _] = sections.as_slice() else {
        panic!("{sections:?}");
    };
    assert_eq!((*first, *last), (Some("requirements"), Some("terms")));
    assert_eq!(sections.iter().filter(|name| name.is_none()).count(), 3);
    assert_eq!(functions.failures(), 2);

    let lists = query(
        &context,
        "SELECT section_probabilities(text) FROM vacancies ORDER BY place",
    )
    .await?;
    assert_eq!(lists.null_count(), 3);
    assert_eq!(functions.failures(), 4);
    Ok(())
}

#[tokio::test]
async fn a_failing_row_is_an_error_by_option() -> Result<()> {
    let classifier = SectionClassifier::builder()
        .max_text_bytes(100)
        .build()
        .unwrap();
    let texts = vec!["Знание SQL".to_owned(), "долго ".repeat(100)];
    let column: ArrayRef = Arc::new(StringArray::from(texts));
    let strict = VacancyFunctions::new()
        .classifier(classifier.clone())
        .on_failure(OnFailure::Error);
    for function in ["section", "section_probabilities", "vacancy_sections"] {
        let sql = format!("SELECT {function}(text) FROM vacancies ORDER BY place");
        let strict = context(&strict, Arc::clone(&column))?;
        let error = query(&strict, &sql).await.unwrap_err().to_string();
        assert!(error.contains(&format!("{function}: row 1")), "{error}");
        assert!(error.contains("100"), "{error}");

        let lenient = VacancyFunctions::new().classifier(classifier.clone());
        let result = query(&context(&lenient, Arc::clone(&column))?, &sql).await?;
        assert_eq!((result.is_null(0), result.is_null(1)), (false, true));
        assert_eq!(lenient.failures(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn data_frames_and_sql_agree() -> Result<()> {
    let functions = VacancyFunctions::new();
    let column = Arc::new(StringArray::from(FRAGMENTS.to_vec()));
    let context = context(&functions, column)?;
    let table = context.table("vacancies").await?;
    let by_frame = table
        .filter(functions.section().call(vec![col("text")]).eq(lit("terms")))?
        .count()
        .await?;
    let sql = "SELECT count(*) FROM vacancies WHERE section(text) = 'terms'";
    let by_sql = query(&context, sql).await?;
    let terms = expected_sections()
        .into_iter()
        .filter(|name| *name == Some("terms"))
        .count();
    assert!(terms > 0);
    assert_eq!(by_frame, terms);
    let by_sql = by_sql.as_primitive::<datafusion::arrow::datatypes::Int64Type>();
    assert_eq!(usize::try_from(by_sql.value(0)), Ok(terms));
    Ok(())
}
