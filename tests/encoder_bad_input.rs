//! Tokenizer files that are missing, damaged or of another kind give errors that say so.
#![cfg(feature = "model")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vacancy_sections::{Encoder, Error, WordPieceEncoder};

type TestResult = std::result::Result<(), Box<dyn std::error::Error>>;

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/encoder/uncased")
}

fn tokenizer() -> Result<Value, Box<dyn std::error::Error>> {
    Ok(serde_json::from_slice(&std::fs::read(
        dir().join("tokenizer.json"),
    )?)?)
}

fn config() -> Result<Value, Box<dyn std::error::Error>> {
    Ok(serde_json::from_slice(&std::fs::read(
        dir().join("tokenizer_config.json"),
    )?)?)
}

fn load(tokenizer: &Value, config: &Value) -> Result<WordPieceEncoder, Error> {
    WordPieceEncoder::from_bytes(
        tokenizer.to_string().as_bytes(),
        config.to_string().as_bytes(),
    )
}

/// The message of the error with which the good files are refused after a change to
/// `tokenizer.json`.
fn refusal(change: impl FnOnce(&mut Value)) -> Result<String, Box<dyn std::error::Error>> {
    let mut changed = tokenizer()?;
    change(&mut changed);
    message(load(&changed, &config()?))
}

/// The same for `tokenizer_config.json`.
fn config_refusal(change: impl FnOnce(&mut Value)) -> Result<String, Box<dyn std::error::Error>> {
    let mut changed = config()?;
    change(&mut changed);
    message(load(&tokenizer()?, &changed))
}

fn message(result: Result<WordPieceEncoder, Error>) -> Result<String, Box<dyn std::error::Error>> {
    match result {
        Err(error @ Error::Tokenizer { .. }) => Ok(error.to_string()),
        Err(other) => Err(other.into()),
        Ok(_) => Err("the files were accepted".into()),
    }
}

#[test]
fn a_missing_file_is_named() -> TestResult {
    let empty = tempfile::tempdir()?;
    for (present, missing) in [
        (None, "tokenizer.json"),
        (Some("tokenizer.json"), "tokenizer_config.json"),
    ] {
        if let Some(name) = present {
            std::fs::copy(dir().join(name), empty.path().join(name))?;
        }
        match WordPieceEncoder::from_dir(empty.path()) {
            Err(Error::Io { path, .. }) => assert_eq!(path, empty.path().join(missing)),
            other => return Err(format!("{missing}: {other:?}").into()),
        }
    }
    Ok(())
}

#[test]
fn errors_name_the_file_as_given() -> TestResult {
    let copy = tempfile::tempdir()?;
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(dir().join(name), copy.path().join(name))?;
    }
    let broken = copy.path().join("tokenizer_config.json");
    std::fs::write(&broken, "{")?;
    let error = message(WordPieceEncoder::from_dir(copy.path()))?;
    assert!(error.starts_with(&broken.display().to_string()), "{error}");
    Ok(())
}

#[test]
fn damaged_json() -> TestResult {
    let good = std::fs::read(dir().join("tokenizer.json"))?;
    let good_config = std::fs::read(dir().join("tokenizer_config.json"))?;
    let deep = "[".repeat(100_000);
    for (bad, expected) in [
        (&b""[..], "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (&good[..good.len() / 2], "not JSON"),
        (deep.as_bytes(), "not JSON"),
        (b"[1]", "expected a JSON object, found a list"),
        (b"null", "expected a JSON object, found null"),
    ] {
        let error = message(WordPieceEncoder::from_bytes(bad, &good_config))?;
        assert!(error.starts_with("tokenizer.json: "), "{error}");
        assert!(error.contains(expected), "{error}");
        let error = message(WordPieceEncoder::from_bytes(&good, bad))?;
        assert!(error.starts_with("tokenizer_config.json: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn other_models() -> TestResult {
    let bpe = json!({"type": "BPE", "vocab": {"a": 0}, "merges": []});
    for (model, expected) in [
        (bpe, "expected a WordPiece model, found BPE"),
        (json!({"type": "Unigram", "vocab": []}), "found Unigram"),
        (json!({"vocab": {}}), "found one without type"),
        (Value::Null, "found none"),
        (json!({"type": "WordPiece"}), "`model.vocab`"),
    ] {
        let error = refusal(|root| root["model"] = model)?;
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn missing_special_tokens() -> TestResult {
    for (token, attribute) in [("[CLS]", "cls_token"), ("[SEP]", "sep_token")] {
        let error = config_refusal(|root| root[attribute] = json!("<nowhere>"))?;
        assert!(
            error.contains(&format!("lacks `<nowhere>`, the {attribute}")),
            "{error}"
        );

        let error = refusal(|root| remove_token(root, token))?;
        assert!(
            error.contains(&format!("the vocabulary lacks `{token}`, the {attribute}")),
            "{error}"
        );
    }
    let error = refusal(|root| remove_token(root, "[UNK]"))?;
    assert!(
        error.contains("the unknown token `[UNK]` is missing"),
        "{error}"
    );

    let error = refusal(|root| remove_token(root, "[PAD]"))?;
    assert!(error.contains("lacks `[PAD]`"), "{error}");
    Ok(())
}

fn remove_token(root: &mut Value, token: &str) {
    if let Some(vocab) = root["model"]["vocab"].as_object_mut() {
        vocab.remove(token);
    }
    if let Some(added) = root["added_tokens"].as_array_mut() {
        added.retain(|entry| entry["content"] != token);
    }
}

#[test]
fn templates_of_other_models() -> TestResult {
    let special = |name: &str, kind: u32| json!({"SpecialToken": {"id": name, "type_id": kind}});
    let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    let (cls, sep) = (special("[CLS]", 0), special("[SEP]", 0));
    for (single, found) in [
        (json!([cls, text("A", 0)]), "found `[CLS]:0 $A:0`"),
        (
            json!([text("A", 0), sep, cls]),
            "found `$A:0 [SEP]:0 [CLS]:0`",
        ),
        (
            json!([cls, text("B", 0), sep]),
            "found `[CLS]:0 $B:0 [SEP]:0`",
        ),
        (
            json!([cls, text("A", 1), sep]),
            "found `[CLS]:0 $A:1 [SEP]:0`",
        ),
        (
            json!([special("[CLS]", 2), text("A", 0), sep]),
            "found `[CLS]:2 $A:0 [SEP]:0`",
        ),
        (
            json!([cls, cls, text("A", 0), sep]),
            "found `[CLS]:0 [CLS]:0 $A:0 [SEP]:0`",
        ),
        (json!([cls, {"Other": 1}, sep]), "found `[CLS]:0 ? [SEP]:0`"),
        (json!([]), "found ``"),
        (
            json!([special("<s>", 0), text("A", 0), sep]),
            "expected one id for `<s>`",
        ),
        (
            json!([sep, text("A", 0), cls]),
            "expected id 2 of `[CLS]`, the cls_token of",
        ),
    ] {
        let error = refusal(|root| root["post_processor"]["single"] = single)?;
        assert!(error.contains(found), "{error}");
    }
    for (processor, expected) in [
        (Value::Null, "expected `[CLS] text [SEP]`, found none"),
        (
            json!({"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}),
            "found RobertaProcessing",
        ),
        (
            json!({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 3]}),
            "expected id 2 of `[CLS]`, the cls_token of tokenizer_config.json, found 3",
        ),
        (
            json!({"type": "BertProcessing", "sep": ["[SEP]"]}),
            "for `cls`, found null",
        ),
    ] {
        let error = refusal(|root| root["post_processor"] = processor)?;
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn a_template_with_damaged_parts_is_an_error() -> TestResult {
    let error =
        refusal(|root| root["post_processor"]["special_tokens"]["[CLS]"]["ids"] = json!([2, 2]))?;
    assert!(error.contains("expected one id for `[CLS]`"), "{error}");
    let error = refusal(|root| root["post_processor"]["pair"] = json!("?"))?;
    assert!(error.contains("not a tokenizer"), "{error}");
    Ok(())
}

#[test]
fn vocabularies() -> TestResult {
    let error = refusal(|root| root["model"]["vocab"]["опыт"] = json!(7))?;
    assert!(error.contains("id 7 belongs to both"), "{error}");
    for id in [
        json!(-1),
        json!(1.5),
        json!("7"),
        json!(2_147_483_648_u32),
        Value::Null,
    ] {
        let error = refusal(|root| root["model"]["vocab"]["опыт"] = id.clone())?;
        assert!(
            error.contains(&format!("for `опыт`, found {id}")),
            "{error}"
        );
    }

    // Ids with holes between them are valid; the size covers the last of them.
    let mut sparse = tokenizer()?;
    sparse["model"]["vocab"]["опыт"] = json!(2_147_483_647_u32);
    let encoder = load(&sparse, &config()?)?;
    assert_eq!(encoder.vocab_size(), 2_147_483_648);
    assert_eq!(
        encoder.encode("опыт")?.windows[0].input_ids,
        [2, i32::MAX, 3]
    );
    Ok(())
}

#[test]
fn added_tokens() -> TestResult {
    let token = |id: u32, content: &str, strip: bool| {
        json!({"id": id, "content": content, "single_word": false, "lstrip": strip, "rstrip": strip,
               "normalized": false, "special": false})
    };
    let refused = |tokens: Vec<Value>| {
        refusal(|root| {
            if let Some(added) = root["added_tokens"].as_array_mut() {
                added.extend(tokens);
            }
        })
    };
    // The library would give the token the next id, and the model another row.
    let error = refused(vec![token(900, "<new>", false)])?;
    assert!(
        error.contains("expected id 800 for `<new>`, found 900"),
        "{error}"
    );
    let error = refused(vec![token(5, "[SEP]", false)])?;
    assert!(
        error.contains("expected id 3 for `[SEP]`, found 5"),
        "{error}"
    );
    let error = refused(vec![json!({"id": 800})])?;
    assert!(error.contains("expected tokens with `content`"), "{error}");
    let error = refused(vec![token(800, "<x>", true), token(801, " ", true)])?;
    assert!(error.contains("tokens that contain spaces"), "{error}");
    let error = refusal(|root| root["added_tokens"] = json!({}))?;
    assert!(error.contains("`added_tokens`: expected a list"), "{error}");

    // A token with a space is fine by itself: it is found across the words of a text.
    let mut spaced = tokenizer()?;
    if let Some(added) = spaced["added_tokens"].as_array_mut() {
        added.push(token(800, "a b", false));
    }
    let encoder = load(&spaced, &config()?)?;
    assert_eq!(encoder.encode("a b")?.windows[0].input_ids, [2, 800, 3]);
    Ok(())
}

#[test]
fn stages_of_other_tokenizers() -> TestResult {
    for (key, stage, expected) in [
        (
            "pre_tokenizer",
            Value::Null,
            "expected BertPreTokenizer, found none",
        ),
        (
            "pre_tokenizer",
            json!({"type": "ByteLevel"}),
            "found ByteLevel",
        ),
        ("pre_tokenizer", json!({}), "found one without type"),
        (
            "normalizer",
            json!({"type": "Precompiled", "precompiled_charsmap": "AA"}),
            "found Precompiled",
        ),
        (
            "normalizer",
            json!({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend", "prepend": "_"}]}),
            "found Prepend",
        ),
        (
            "normalizer",
            json!({"type": "Replace", "pattern": {"Regex": "("}, "content": ""}),
            "found Replace",
        ),
        (
            "normalizer",
            json!({"type": "BertNormalizer"}),
            "not a tokenizer",
        ),
        ("version", json!("2.0"), "not a tokenizer"),
    ] {
        let error = refusal(|root| root[key] = stage)?;
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}

#[test]
fn configurations() -> TestResult {
    for (key, value, expected) in [
        (
            "tokenizer_class",
            json!("XLMRobertaTokenizer"),
            "found XLMRobertaTokenizer",
        ),
        (
            "tokenizer_class",
            json!(7),
            "expected a string, found a number",
        ),
        (
            "do_lower_case",
            json!("yes"),
            "expected true or false, found a string",
        ),
        (
            "do_lower_case",
            Value::Null,
            "expected true or false, found null",
        ),
        ("tokenize_chinese_chars", json!([]), "found a list"),
        (
            "cls_token",
            json!(1),
            "`cls_token`: expected a string or a token",
        ),
        (
            "cls_token",
            json!({"lstrip": true}),
            "expected a token with `content`",
        ),
        (
            "additional_special_tokens",
            json!("x"),
            "expected a list, found a string",
        ),
        (
            "added_tokens_decoder",
            json!([]),
            "expected an object, found a list",
        ),
        (
            "added_tokens_decoder",
            json!({"x": {"content": "a"}}),
            "expected token ids, found `x`",
        ),
        (
            "added_tokens_decoder",
            json!({"7": "a"}),
            "expected a token, found a string",
        ),
        (
            "padding_side",
            json!("left"),
            "`padding_side`: expected right",
        ),
        (
            "truncation_side",
            json!("left"),
            "`truncation_side`: expected right",
        ),
    ] {
        let error = config_refusal(|root| root[key] = value)?;
        assert!(error.starts_with("tokenizer_config.json: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    // The side stored with the padding in tokenizer.json is the default of the configuration.
    let error = refusal(|root| root["padding"]["direction"] = json!("Left"))?;
    assert!(error.contains("`padding_side`: expected right"), "{error}");
    Ok(())
}

#[test]
fn window_sizes_without_room_for_text() -> TestResult {
    for size in [0, 1, 2] {
        match WordPieceEncoder::from_dir(dir())?.with_max_seq_len(size) {
            Err(error @ Error::Shape { .. }) => assert_eq!(
                error.to_string(),
                format!("max_seq_len: expected at least 3, found {size}")
            ),
            other => return Err(format!("{size}: {other:?}").into()),
        }
    }
    let smallest = WordPieceEncoder::from_dir(dir())?.with_max_seq_len(3)?;
    assert_eq!(smallest.encode("a b")?.windows.len(), 2);
    Ok(())
}

/// Cuts and changes of single bytes never make the loader panic, and what still loads encodes.
#[test]
fn damaged_bytes_never_panic() -> TestResult {
    let good = std::fs::read(dir().join("tokenizer.json"))?;
    let config = std::fs::read(dir().join("tokenizer_config.json"))?;
    let mut state = 1_u32;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % bound
    };
    let (mut loaded, mut refused) = (0, 0);
    for round in 0..400 {
        let mut files = [good.clone(), config.clone()];
        let file = &mut files[round % 2];
        // The head of the file holds the settings, the rest the vocabulary.
        let at = next(file.len().min(2500));
        file[at] = b"0129{}[]\",:aZ \xd0"[next(15)];
        match WordPieceEncoder::from_bytes(&files[0], &files[1]) {
            Ok(encoder) => {
                loaded += 1;
                assert!(
                    !encoder
                        .encode("Опыт [SEP] работы\u{301}")?
                        .windows
                        .is_empty()
                );
            }
            Err(Error::Tokenizer { .. }) => refused += 1,
            Err(other) => return Err(other.into()),
        }
    }
    assert!(
        loaded > 20 && refused > 20,
        "{loaded} loaded, {refused} refused"
    );
    Ok(())
}
