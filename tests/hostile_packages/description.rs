//! What the specification says of inputs, output and labels.

use coreml_proto::proto::array_feature_type::ArrayDataType;
use coreml_proto::proto::{FeatureDescription, feature_type};

use crate::sound::{Case, with_description};

fn array(
    feature: &mut FeatureDescription,
    change: impl FnOnce(&mut coreml_proto::proto::ArrayFeatureType),
) {
    match &mut feature.r#type.as_mut().unwrap().r#type {
        Some(feature_type::Type::MultiArrayType(array)) => change(array),
        _ => panic!("the features are arrays"),
    }
}

fn input(
    name: &'static str,
    change: impl FnOnce(&mut FeatureDescription),
    says: &'static str,
) -> Case {
    Case {
        name,
        files: with_description(|d| change(&mut d.input[0])),
        says,
    }
}

fn shape(name: &'static str, shape: &[i64], says: &'static str) -> Case {
    input(name, |f| array(f, |a| a.shape = shape.to_vec()), says)
}

fn metadata(name: &'static str, key: &str, value: &str, says: &'static str) -> Case {
    let files = with_description(|d| {
        let metadata = d.metadata.as_mut().unwrap();
        metadata
            .user_defined
            .insert(key.to_owned(), value.to_owned());
    });
    Case { name, files, says }
}

fn output(name: &'static str, shape: &[i64], says: &'static str) -> Case {
    let files = with_description(|d| array(&mut d.output[0], |a| a.shape = shape.to_vec()));
    Case { name, files, says }
}

pub fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "description: no inputs",
            files: with_description(|d| d.input.clear()),
            says: "model.mlmodel: inputs: expected input_ids, attention_mask and optionally token_type_ids, found no `input_ids`",
        },
        Case {
            name: "description: an input twice",
            files: with_description(|d| {
                let again = d.input[0].clone();
                d.input.push(again);
            }),
            says: "model.mlmodel: inputs: expected input_ids, attention_mask and optionally token_type_ids, found `input_ids` twice",
        },
        input(
            "description: an input of another name",
            |f| f.name = "pixels".to_owned(),
            "model.mlmodel: inputs: expected input_ids, attention_mask and optionally token_type_ids, found `pixels`",
        ),
        input(
            "description: an input of floats",
            |f| array(f, |a| a.data_type = ArrayDataType::Float32 as i32),
            "model.mlmodel: input `input_ids`: expected 32-bit integers, found 32-bit floats",
        ),
        input(
            "description: an input of a type that there is not",
            |f| array(f, |a| a.data_type = 77),
            "model.mlmodel: input `input_ids`: expected 32-bit integers, found element type 77",
        ),
        input(
            "description: an input without type",
            |f| f.r#type = None,
            "model.mlmodel: input `input_ids`: expected an array, found no type",
        ),
        input(
            "description: an input with a name of a million letters",
            |f| f.name = "x".repeat(1_000_000),
            "model.mlmodel: inputs: expected input_ids, attention_mask and optionally token_type_ids, found `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`",
        ),
        shape(
            "description: rows of no token",
            &[1, 0],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, 0]",
        ),
        shape(
            "description: rows of a negative length",
            &[1, -8],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, -8]",
        ),
        shape(
            "description: rows of 2^40 tokens",
            &[1, 1 << 40],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, 1099511627776]",
        ),
        shape(
            "description: rows of the largest length",
            &[1, i64::MAX],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, 9223372036854775807]",
        ),
        shape(
            "description: two rows",
            &[2, 8],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [2, 8]",
        ),
        shape(
            "description: three dimensions",
            &[1, 8, 1],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, 8, 1]",
        ),
        shape(
            "description: no dimensions",
            &[],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found no shape",
        ),
        shape(
            "description: a million dimensions",
            &[1; 1_000_000],
            "model.mlmodel: input `input_ids`: expected shape [1, 3 to 32768], found [1, 1, 1, 1, 1, 1, 1, 1, …]",
        ),
        shape(
            "description: inputs of two lengths",
            &[1, 16],
            "model.mlmodel: input `attention_mask`: expected shape [1, 16] as of the inputs before it, found [1, 8]",
        ),
        Case {
            name: "description: no output",
            files: with_description(|d| d.output.clear()),
            says: "model.mlmodel: outputs: expected one output, found 0",
        },
        Case {
            name: "description: two outputs",
            files: with_description(|d| {
                let again = d.output[0].clone();
                d.output.push(again);
            }),
            says: "model.mlmodel: outputs: expected one output, found 2",
        },
        output(
            "description: six logits",
            &[1, 6],
            "model.mlmodel: output `logits`: expected shape [1, 5], found [1, 6]",
        ),
        output(
            "description: logits of 2^62 rows",
            &[1 << 62, 5],
            "model.mlmodel: output `logits`: expected shape [1, 5], found [4611686018427387904, 5]",
        ),
        metadata(
            "max_seq_len: 0",
            "max_seq_len",
            "0",
            "model.mlmodel: metadata `max_seq_len`: expected 8, the length of an input row, found `0`",
        ),
        metadata(
            "max_seq_len: 2^64",
            "max_seq_len",
            "18446744073709551616",
            "model.mlmodel: metadata `max_seq_len`: expected 8, the length of an input row, found `18446744073709551616`",
        ),
        metadata(
            "max_seq_len: another than the inputs'",
            "max_seq_len",
            "128",
            "model.mlmodel: metadata `max_seq_len`: expected 8, the length of an input row, found `128`",
        ),
        metadata(
            "max_seq_len: a word",
            "max_seq_len",
            "eight",
            "model.mlmodel: metadata `max_seq_len`: expected 8, the length of an input row, found `eight`",
        ),
        metadata(
            "labels: four",
            "labels",
            "responsibilities,requirements,terms,notes",
            "model.mlmodel: metadata `labels`: expected 5 labels, found 4",
        ),
        metadata(
            "labels: six",
            "labels",
            "responsibilities,requirements,terms,notes,junk,junk",
            "model.mlmodel: metadata `labels`: expected 5 labels, found 6",
        ),
        metadata(
            "labels: one twice",
            "labels",
            "responsibilities,requirements,terms,notes,notes",
            "model.mlmodel: metadata `labels`: expected each label once, found `notes` twice",
        ),
        metadata(
            "labels: a foreign one",
            "labels",
            "responsibilities,requirements,terms,notes,spam",
            "model.mlmodel: metadata `labels`: expected responsibilities, requirements, terms, notes, junk, found `spam`",
        ),
        metadata(
            "labels: none",
            "labels",
            "",
            "model.mlmodel: metadata `labels`: expected 5 labels, found 1",
        ),
        metadata(
            "labels: a list that does not end",
            "labels",
            "[\"responsibilities\"",
            "model.mlmodel: metadata `labels`: expected a list or an object of names, found the end of the text where ']' was expected",
        ),
        metadata(
            "labels: a million brackets",
            "labels",
            &"[".repeat(1_000_000),
            "model.mlmodel: metadata `labels`: expected a list or an object of names, found `[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…`",
        ),
        metadata(
            "labels: two orders",
            "classes",
            "junk,requirements,terms,notes,responsibilities",
            "model.mlmodel: metadata `labels`: expected the order of `classes`, found another one",
        ),
    ]
}
