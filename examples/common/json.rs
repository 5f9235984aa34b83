//! Results as JSON, without the feature `serde`: the same objects that it makes.

use serde_json::{Map, Value, json};
use vacancy_sections::{
    Fragment, Heading, Passage, Prediction, Probabilities, Span, VacancySections,
};

pub fn sections(sections: &VacancySections) -> Value {
    let passages = |passages: &[Passage]| -> Vec<Value> { passages.iter().map(passage).collect() };
    json!({
        "responsibilities": passages(&sections.responsibilities),
        "requirements": passages(&sections.requirements),
        "terms": passages(&sections.terms),
        "notes": passages(&sections.notes),
        "orphans": passages(&sections.orphans),
        "headings": sections.headings.iter().map(heading).collect::<Vec<_>>(),
        "fragments": sections.fragments.iter().map(fragment).collect::<Vec<_>>(),
    })
}

pub fn prediction(prediction: &Prediction) -> Value {
    json!({
        "section": prediction.section.name(),
        "probabilities": probabilities(&prediction.probabilities),
        "margin": prediction.margin,
        "windows": prediction.windows,
        "truncated": prediction.truncated,
    })
}

fn passage(passage: &Passage) -> Value {
    json!({
        "text": passage.text,
        "span": span(passage.span),
        "block": passage.block,
        "fragments": {"start": passage.fragments.start, "end": passage.fragments.end},
        "heading": passage.heading,
    })
}

fn heading(heading: &Heading) -> Value {
    json!({
        "text": heading.text,
        "span": span(heading.span),
        "block": heading.block,
        "section": heading.section.name(),
        "fragments": {"start": heading.fragments.start, "end": heading.fragments.end},
    })
}

fn fragment(fragment: &Fragment) -> Value {
    json!({
        "text": fragment.text,
        "span": span(fragment.span),
        "block": fragment.block,
        "section": fragment.section.name(),
        "probabilities": probabilities(&fragment.probabilities),
        "heading": fragment.heading,
        "prediction": prediction(&fragment.prediction),
    })
}

fn span(span: Span) -> Value {
    json!({"start": span.start, "end": span.end})
}

fn probabilities(probabilities: &Probabilities) -> Map<String, Value> {
    let entries = probabilities.iter();
    entries
        .map(|(section, probability)| (section.name().to_owned(), probability.into()))
        .collect()
}
