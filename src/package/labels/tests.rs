use super::*;

/// Junk first, then the card's order.
const ORDER: Order = [
    Section::Junk,
    Section::Responsibilities,
    Section::Requirements,
    Section::Terms,
    Section::Notes,
];

const LIST: &str = r#"["junk", "responsibilities", "requirements", "terms", "notes"]"#;

fn labels(metadata: &[(&str, &str)]) -> Result<(Order, LabelSource)> {
    let metadata = metadata
        .iter()
        .map(|&(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    read("model.mlmodel", &metadata)
}

fn refusal(value: &str) -> String {
    labels(&[("labels", value)]).unwrap_err().to_string()
}

#[test]
fn without_labels_the_model_cards_order_holds() {
    for metadata in [
        &[][..],
        &[("max_seq_len", "128"), ("author", LIST)],
        // Preview parameters that hold no labels.
        &[(PREVIEW_KEY, r#"{"colors": []}"#)],
        &[(PREVIEW_KEY, "?")],
    ] {
        assert_eq!(
            labels(metadata).unwrap(),
            (Section::ALL, LabelSource::ModelCard)
        );
    }
}

#[test]
fn every_form_is_read() {
    for value in [
        LIST,
        "[\"Junk\",\n\t\"RESPONSIBILITIES\", \"\\u0072equirements\", \"terms\", \"notes\"]\n",
        "['junk', 'responsibilities', 'requirements', 'terms', 'notes']",
        "['junk', 'responsibilities', 'requirements', 'terms', 'notes',]",
        "('junk', 'responsibilities', 'requirements', 'terms', 'notes')",
        r#"{"0": "junk", "1": "responsibilities", "2": "requirements", "3": "terms", "4": "notes"}"#,
        r#"{"4": "notes", "3": "terms", "2": "requirements", "1": "responsibilities", "0": "junk"}"#,
        "{0: 'junk', 1: 'responsibilities', 2: 'requirements', 3: 'terms', 4: 'notes'}",
        r#"{"junk": 0, "responsibilities": 1, "requirements": 2, "terms": 3, "notes": 4}"#,
        r#"{"responsibilities": "1", "junk": "0", "requirements": "2", "terms": "3", "notes": "4"}"#,
        "{'junk': 0, 'responsibilities': 1, 'requirements': 2, 'terms': 3, 'notes': 4}",
        "junk,responsibilities,requirements,terms,notes",
        " junk, responsibilities , requirements, terms, notes\n",
    ] {
        let (order, source) = labels(&[("labels", value)]).unwrap();
        assert_eq!(order, ORDER, "{value}");
        assert_eq!(source, LabelSource::Metadata("labels".to_owned()));
    }
}

#[test]
fn every_key_is_found() {
    for key in [
        "labels",
        "Labels",
        "label_names",
        "labelNames",
        "LABEL_NAMES",
        "classes",
        "id2label",
        "label2id",
        "com.apple.coreml.model.labels",
        "com.apple.coreml.model.label_names",
        "com.apple.coreml.model.labelNames",
        "com.github.apple.coremltools.classes",
        "com.apple.id2label",
    ] {
        let (order, source) = labels(&[(key, LIST)]).unwrap();
        assert_eq!(order, ORDER, "{key}");
        assert_eq!(source, LabelSource::Metadata(key.to_owned()));
    }
    for key in ["label", "my labels", "labels.com", "sublabels", ""] {
        assert_eq!(labels(&[(key, LIST)]).unwrap().1, LabelSource::ModelCard);
    }
}

#[test]
fn the_labels_of_the_preview_are_read() {
    let params = format!(r#"{{"labels": {LIST}, "colors": []}}"#);
    assert_eq!(
        labels(&[(PREVIEW_KEY, &params)]).unwrap(),
        (ORDER, LabelSource::Metadata(PREVIEW_KEY.to_owned()))
    );
}

#[test]
fn keys_that_agree_are_one_and_keys_that_do_not_an_error() {
    let list = "junk,responsibilities,requirements,terms,notes";
    let (order, source) = labels(&[("labels", list), ("classes", LIST)]).unwrap();
    assert_eq!(order, ORDER);
    assert_eq!(source, LabelSource::Metadata("classes".to_owned()));

    let card = "responsibilities,requirements,terms,notes,junk";
    let error = labels(&[("labels", card), ("id2label", LIST)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "model.mlmodel: metadata `labels`: expected the order of `id2label`, found another one"
    );
}

#[test]
fn wrong_sets_of_labels_are_errors() {
    for (value, expected) in [
        ("", "5 labels, found 1"),
        ("[]", "5 labels, found 0"),
        ("{}", "5 labels, found 0"),
        ("junk,terms,notes,requirements", "5 labels, found 4"),
        (
            "junk,responsibilities,requirements,terms,notes,other",
            "5 labels, found 6",
        ),
        (
            "junk,responsibilities,requirements,terms,benefits",
            "responsibilities, requirements, terms, notes, junk, found `benefits`",
        ),
        (
            "junk,responsibilities,requirements,terms,",
            "responsibilities, requirements, terms, notes, junk, found ``",
        ),
        (
            "[0, 1, 2, 3, 4]",
            "responsibilities, requirements, terms, notes, junk, found 0",
        ),
        (
            "junk,terms,requirements,terms,notes",
            "each label once, found `terms` twice",
        ),
        (
            r#"{"0":"junk","1":"responsibilities","2":"requirements","3":"terms","5":"notes"}"#,
            "ids from 0 to 4, found id 5",
        ),
        (
            r#"{"0":"junk","1":"responsibilities","2":"requirements","3":"terms","3":"notes"}"#,
            "each id once, found id 3 twice",
        ),
        (
            r#"{"0":"junk","1":"responsibilities","2":"requirements","3":"terms","-1":"notes"}"#,
            "an id from 0 to 4 and a name, found `-1`: `notes`",
        ),
        (
            r#"{"0":"junk","1":"responsibilities","2":"requirements","3":"terms","4":4}"#,
            "an id from 0 to 4 and a name, found `4`: 4",
        ),
    ] {
        assert_eq!(
            refusal(value),
            format!("model.mlmodel: metadata `labels`: expected {expected}")
        );
    }
}

#[test]
fn broken_collections_are_errors() {
    for (value, found) in [
        ("[", "the end of the text"),
        ("[\"junk\"", "the end of the text where ']' was expected"),
        (
            "[\"junk\" \"terms\"]",
            "`\"terms\"]` where ']' was expected",
        ),
        ("[\"junk\"] x", "`x`"),
        ("[junk, terms]", "`junk, terms]`"),
        ("[\"junk", "`\"junk` without its closing \""),
        ("['junk\\'", "`'junk\\\\'` without its closing '"),
        ("[\"\\x\"]", "`\"\\\\x\"`"),
        ("[[\"junk\"]]", "`[\"junk\"]]`"),
        ("{\"0\" \"junk\"}", "`\"junk\"}` where ':' was expected"),
        ("{\"0\": }", "`}`"),
        ("[,]", "`,]`"),
        ("[null]", "`null]`"),
        ("[99999999999999999999999]", "`99999999999999999999999`"),
    ] {
        let refusal = refusal(value);
        let expected = "model.mlmodel: metadata `labels`: expected a list or an object of names";
        assert_eq!(refusal, format!("{expected}, found {found}"), "{value}");
    }
}
