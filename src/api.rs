//! Vacancies as the hh.ru API sends them.
//!
//! Field names and meanings follow the API's public documentation (`GET /vacancies/{id}` and the
//! items of `GET /vacancies`). Only what tells about the text of a vacancy is kept; other fields are
//! ignored, and any field may be missing or `null`.

mod lenient;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A vacancy of the hh.ru API: a full one, or an item of a search result.
///
/// ```
/// use vacancy_sections::api::Vacancy;
///
/// let json = r#"{
///     "id": "1001",
///     "name": "Пекарь",
///     "description": "<p>Печь хлеб на закваске.</p>",
///     "key_skills": [{"name": "Ржаное тесто"}],
///     "salary": null,
///     "premium": false
/// }"#;
/// let vacancy: Vacancy = serde_json::from_str(json)?;
/// assert_eq!(vacancy.id, "1001");
/// assert_eq!(vacancy.key_skills[0].name, "Ржаное тесто");
/// assert_eq!(vacancy.html(), "<p>Печь хлеб на закваске.</p>");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Vacancy {
    /// The vacancy's id; a number is read as its digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// The job title.
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The description, HTML. Absent in search results.
    pub description: Option<String>,
    /// The description in the employer's design, HTML with styles.
    pub branded_description: Option<String>,
    /// The skills that the employer chose.
    #[serde(deserialize_with = "lenient::or_default")]
    pub key_skills: Vec<KeySkill>,
    /// The excerpts shown in search results.
    #[serde(deserialize_with = "lenient::or_default")]
    pub snippet: Snippet,
    /// Who is hiring.
    #[serde(deserialize_with = "lenient::or_default")]
    pub employer: Employer,
    /// The pay, if it is told.
    pub salary: Option<Salary>,
    /// Required years of work.
    pub experience: Option<Entry>,
    /// The working hours.
    pub schedule: Option<Entry>,
    /// Full time, part time, a project, …
    pub employment: Option<Entry>,
    /// The vacancy's page on the site.
    pub alternate_url: Option<String>,
}

/// A skill chosen from the site's list.
///
/// ```
/// let skill: vacancy_sections::api::KeySkill = serde_json::from_str(r#"{"name": "SQL"}"#)?;
/// assert_eq!(skill.name, "SQL");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct KeySkill {
    /// The skill, in the employer's words.
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
}

/// Excerpts of a vacancy in a search result; found words stand in `<highlighttext>` tags.
///
/// ```
/// use vacancy_sections::api::Snippet;
///
/// let json = r#"{"requirement": "Знание <highlighttext>SQL</highlighttext>.", "responsibility": null}"#;
/// let snippet: Snippet = serde_json::from_str(json)?;
/// assert!(snippet.responsibility.is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Snippet {
    /// From what the candidate must have.
    pub requirement: Option<String>,
    /// From what the employee will do.
    pub responsibility: Option<String>,
}

/// Who is hiring.
///
/// ```
/// let employer: vacancy_sections::api::Employer = serde_json::from_str(r#"{"id": 7, "name": "Печь"}"#)?;
/// assert_eq!((employer.id.as_str(), employer.name.as_str()), ("7", "Печь"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Employer {
    /// The employer's id; empty if the employer is anonymous.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// The employer's name.
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
}

/// The pay.
///
/// ```
/// let json = r#"{"from": 85000, "to": null, "currency": "RUR", "gross": true}"#;
/// let salary: vacancy_sections::api::Salary = serde_json::from_str(json)?;
/// assert_eq!((salary.from, salary.to), (Some(85000.0), None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Salary {
    /// The least that is paid, in `currency` per month.
    pub from: Option<f64>,
    /// The most that is paid, in `currency` per month.
    pub to: Option<f64>,
    /// The currency's code in the API, such as `RUR`.
    pub currency: Option<String>,
    /// Whether taxes are still to be paid from it.
    pub gross: Option<bool>,
}

/// An entry of one of the API's dictionaries.
///
/// ```
/// let json = r#"{"id": "remote", "name": "Удаленная работа"}"#;
/// let schedule: vacancy_sections::api::Entry = serde_json::from_str(json)?;
/// assert_eq!(schedule.id, "remote");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Entry {
    /// The entry's key.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// The entry's name, in the language of the request.
    #[serde(deserialize_with = "lenient::or_default")]
    pub name: String,
}

impl Vacancy {
    /// The vacancy's text as HTML, empty if there is none: the description; without one, the
    /// branded description; without that, a paragraph for each part of the snippet.
    ///
    /// ```
    /// use vacancy_sections::api::Vacancy;
    ///
    /// let json = r#"{"snippet": {"requirement": "Знание SQL...", "responsibility": "Печь хлеб."}}"#;
    /// let vacancy: Vacancy = serde_json::from_str(json)?;
    /// assert_eq!(vacancy.html(), "<p>Печь хлеб.</p>\n<p>Знание SQL...</p>");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn html(&self) -> Cow<'_, str> {
        let descriptions = [&self.description, &self.branded_description];
        if let Some(description) = descriptions.into_iter().find_map(told) {
            return Cow::Borrowed(description);
        }
        let parts = [&self.snippet.responsibility, &self.snippet.requirement];
        let parts = parts.into_iter().filter_map(told);
        let paragraphs: Vec<String> = parts.map(|part| format!("<p>{part}</p>")).collect();
        Cow::Owned(paragraphs.join("\n"))
    }
}

/// The text, unless it is missing or blank.
fn told(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}
