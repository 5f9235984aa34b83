//! Programs that are refused.

use coreml_proto::proto::mil_spec::{DataType, Operation, Program, ValueType};

use super::build::*;
use crate::error::Error;
use crate::session::portable::interpreter;
use crate::session::portable::tensor::Tensor;

fn float(shape: &[usize]) -> ValueType {
    of_type(DataType::Float32, shape)
}

/// What lowering a program with the input `input`, two floats, says.
fn refusal(operations: Vec<Operation>) -> Error {
    graph(&program(&[("input", &numbers(&[2]))], operations)).unwrap_err()
}

#[track_caller]
fn assert_invalid(operations: Vec<Operation>, op: &str, words: &[&str]) {
    match refusal(operations) {
        Error::Op {
            file,
            op: found,
            place,
            reason,
        } => {
            assert_eq!(file, "model.mlmodel");
            assert_eq!(found, op, "{place}: {reason}");
            assert!(place.contains("operation"), "{place}");
            for word in words {
                assert!(reason.contains(word), "`{word}` is not in `{reason}`");
            }
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn assert_unsupported(operations: Vec<Operation>, op: &str, word: &str) {
    match refusal(operations) {
        Error::UnsupportedOp {
            file,
            op: found,
            place,
            reason,
        } => {
            assert_eq!(file, "model.mlmodel");
            assert_eq!(found, op, "{place}: {reason}");
            assert!(reason.contains(word), "`{word}` is not in `{reason}`");
        }
        other => panic!("{other}"),
    }
}

fn x(arguments: Vec<(&'static str, Arg)>) -> Vec<(&'static str, Arg)> {
    let mut all = vec![("x", Arg::from("input"))];
    all.extend(arguments);
    all
}

#[test]
fn an_unknown_operation_names_itself_and_its_place() {
    let operations = vec![
        op("relu", x(vec![]), &[("a", float(&[2]))]),
        op("conv", x(vec![]), &[("out", float(&[2]))]),
    ];
    assert_eq!(
        refusal(operations).to_string(),
        "model.mlmodel: operation `conv` at `out` (operation 1 of function `main`) is not supported: \
         the portable session does not have this operation"
    );
}

#[test]
fn an_unknown_operation_is_refused_even_where_nobody_reads_it() {
    let operations = vec![
        op("conv", x(vec![]), &[("unread", float(&[2]))]),
        op("relu", x(vec![]), &[("out", float(&[2]))]),
    ];
    assert_unsupported(operations, "conv", "does not have");
}

#[test]
fn names_must_be_defined_once_and_before_they_are_read() {
    assert_invalid(
        vec![op(
            "relu",
            vec![("x", "nowhere".into())],
            &[("out", float(&[2]))],
        )],
        "relu",
        &["`nowhere`, which nothing defines"],
    );
    // A cycle: each reads the other.
    assert_invalid(
        vec![
            op("relu", vec![("x", "b".into())], &[("a", float(&[2]))]),
            op("tanh", vec![("x", "a".into())], &[("b", float(&[2]))]),
        ],
        "relu",
        &["`b` before it is defined"],
    );
    assert_invalid(
        vec![op(
            "relu",
            vec![("x", "out".into())],
            &[("out", float(&[2]))],
        )],
        "relu",
        &["`out` before it is defined"],
    );
    assert_invalid(
        vec![
            op("relu", x(vec![]), &[("out", float(&[2]))]),
            op("tanh", x(vec![]), &[("out", float(&[2]))]),
        ],
        "tanh",
        &["`out` a second time"],
    );
    assert_invalid(
        vec![op("relu", x(vec![]), &[("input", float(&[2]))])],
        "relu",
        &["`input` a second time"],
    );
}

#[test]
fn the_declared_type_must_be_the_result() {
    for declared in [
        of_type(DataType::Int32, &[2]),
        of_type(DataType::Bool, &[2]),
        float(&[3]),
        float(&[2, 1]),
        float(&[]),
    ] {
        assert_invalid(
            vec![op("relu", x(vec![]), &[("out", declared)])],
            "relu",
            &["declares the result as", "float [2]"],
        );
    }
    assert_invalid(
        vec![op(
            "relu",
            x(vec![]),
            &[("out", ValueType { r#type: None })],
        )],
        "relu",
        &["expected a type"],
    );
    assert_invalid(
        vec![op(
            "relu",
            x(vec![]),
            &[("out", of_type(DataType::Float8e5m2, &[2]))],
        )],
        "relu",
        &["FLOAT8E5M2"],
    );
    assert_invalid(
        vec![op(
            "relu",
            x(vec![]),
            &[("out", float(&[2])), ("more", float(&[2]))],
        )],
        "relu",
        &["expected 1 outputs, found 2"],
    );
    assert_invalid(
        vec![op("relu", x(vec![]), &[])],
        "relu",
        &["expected an output"],
    );
}

#[test]
fn operands_must_have_the_right_type_and_shape() {
    let out = || [("out", float(&[2]))];
    assert_invalid(
        vec![op("add", x(vec![("y", [1, 2].into())]), &out())],
        "add",
        &["one kind", "int [2]"],
    );
    assert_invalid(
        vec![op(
            "add",
            x(vec![("y", floats(&[3], &[0.0; 3]).into())]),
            &out(),
        )],
        "add",
        &["[2]", "[3]"],
    );
    assert_invalid(
        vec![op(
            "linear",
            x(vec![("weight", floats(&[2, 3], &[0.0; 6]).into())]),
            &out(),
        )],
        "linear",
        &["do not go together"],
    );
    assert_invalid(
        vec![op("linear", x(vec![("weight", 1.0.into())]), &out())],
        "linear",
        &["weight"],
    );
    assert_invalid(
        vec![op("gather", x(vec![("indices", 0.5.into())]), &out())],
        "gather",
        &["`indices`: expected integers"],
    );
    assert_invalid(
        vec![op("softmax", x(vec![("axis", 1.into())]), &out())],
        "softmax",
        &["expected an axis of 1 dimensions, found 1"],
    );
    assert_invalid(
        vec![op("reduce_sum", x(vec![("axes", [0, -1].into())]), &out())],
        "reduce_sum",
        &["twice"],
    );
    for shape in [[0, 0], [-1, -1], [-2, 1], [3, 1], [-1, 3]] {
        assert_invalid(
            vec![op("reshape", x(vec![("shape", shape.into())]), &out())],
            "reshape",
            &[],
        );
    }
    assert_invalid(
        vec![op(
            "slice_by_index",
            x(vec![("begin", [1].into()), ("end", [1].into())]),
            &out(),
        )],
        "slice_by_index",
        &[],
    );
    assert_invalid(
        vec![op(
            "slice_by_index",
            x(vec![("begin", [0, 0].into()), ("end", [1].into())]),
            &out(),
        )],
        "slice_by_index",
        &["each of 1 dimensions"],
    );
    assert_invalid(
        vec![op(
            "split",
            x(vec![("axis", 0.into()), ("num_splits", 3.into())]),
            &out(),
        )],
        "split",
        &["3 equal parts"],
    );
    assert_invalid(
        vec![op(
            "split",
            x(vec![("axis", 0.into()), ("split_sizes", [1, 2].into())]),
            &out(),
        )],
        "split",
        &["[1, 2]"],
    );
}

#[test]
fn arguments_must_be_there_known_and_constant() {
    let out = || [("out", float(&[2]))];
    assert_invalid(
        vec![op("relu", vec![], &out())],
        "relu",
        &["`x` is missing"],
    );
    assert_invalid(
        vec![op("transpose", x(vec![]), &out())],
        "transpose",
        &["`perm` is missing"],
    );
    assert_unsupported(
        vec![op("relu", x(vec![("slope", 0.1.into())]), &out())],
        "relu",
        "`slope`",
    );
    assert_unsupported(
        vec![op(
            "clip",
            x(vec![("alpha", "input".into()), ("beta", 1.0.into())]),
            &out(),
        )],
        "clip",
        "`alpha`: expected a constant",
    );
    assert_invalid(
        vec![op(
            "softmax",
            x(vec![("axis", text("last").into())]),
            &out(),
        )],
        "softmax",
        &["`axis`", "found a string"],
    );
    assert_invalid(
        vec![op("gelu", x(vec![("mode", 1.into())]), &out())],
        "gelu",
        &["`mode`: expected a string"],
    );
    assert_invalid(
        vec![op(
            "relu",
            vec![("x", Arg::Names(vec!["input", "input"]))],
            &out(),
        )],
        "relu",
        &["expected one value, found 2"],
    );
    assert_unsupported(
        vec![op("gelu", x(vec![("mode", text("ROUGH").into())]), &out())],
        "gelu",
        "ROUGH",
    );
    assert_unsupported(
        vec![op(
            "cast",
            x(vec![("dtype", text("complex").into())]),
            &out(),
        )],
        "cast",
        "complex",
    );
    let interleaved = vec![
        ("values", Arg::Names(vec!["input", "input"])),
        ("axis", 0.into()),
        ("interleave", true.into()),
    ];
    assert_unsupported(
        vec![op("concat", interleaved, &out())],
        "concat",
        "interleaves",
    );
    let backwards = vec![
        ("begin", [1].into()),
        ("end", [0].into()),
        ("stride", [-1].into()),
    ];
    assert_unsupported(
        vec![op("slice_by_index", x(backwards), &out())],
        "slice_by_index",
        "stride -1",
    );
    assert_unsupported(
        vec![op("select", vec![("cond", true.into())], &out())],
        "select",
        "`a`",
    );
    let mut nested = op("relu", x(vec![]), &out());
    nested.blocks.push(Default::default());
    assert_unsupported(vec![nested], "relu", "blocks");
}

#[test]
fn sizes_are_bounded() {
    let out = || [("out", float(&[2]))];
    for shape in [[i32::MAX; 4], [1 << 27, 2, 1, 1]] {
        assert_invalid(
            vec![op("fill", vec![("shape", shape.into())], &out())],
            "fill",
            &["at most 134217728 elements"],
        );
    }
    assert_invalid(
        vec![op("tile", x(vec![("reps", [i32::MAX].into())]), &out())],
        "tile",
        &["at most 134217728 elements"],
    );
    assert_invalid(
        vec![op(
            "range_1d",
            vec![
                ("start", 0.into()),
                ("end", i32::MAX.into()),
                ("step", 1.into()),
            ],
            &out(),
        )],
        "range_1d",
        &["at most 134217728 elements"],
    );
    assert_invalid(
        vec![op(
            "expand_dims",
            x(vec![("axes", [0, 1, 2, 3, 4, 5, 6, 7].into())]),
            &out(),
        )],
        "expand_dims",
        &["at most 8 dimensions"],
    );
    // Each is small enough, all together are not; the inputs keep them from being evaluated.
    let size = 1 << 26;
    let mut operations = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        operations.push(op(
            "tile",
            x(vec![("reps", [size].into())]),
            &[(name, float(&[1 << 27]))],
        ));
    }
    assert_invalid(
        operations,
        "tile",
        &["the values of the program", "for a package of this size"],
    );
}

#[test]
fn work_is_bounded() {
    let side = 1 << 13;
    let square = || float(&[side, side]);
    let operations = vec![
        op(
            "slice_by_index",
            x(vec![("begin", [0].into()), ("end", [1].into())]),
            &[("one", float(&[1]))],
        ),
        op(
            "expand_dims",
            vec![("x", "one".into()), ("axes", [0].into())],
            &[("point", float(&[1, 1]))],
        ),
        op(
            "tile",
            vec![("x", "point".into()), ("reps", [side as i32; 2].into())],
            &[("a", square())],
        ),
        op(
            "matmul",
            vec![("x", "a".into()), ("y", "a".into())],
            &[("out", square())],
        ),
    ];
    assert_invalid(
        operations,
        "matmul",
        &["multiplications", "for a package of this size"],
    );
}

#[test]
fn a_constant_must_have_the_elements_that_its_type_says() {
    let out = |value| vec![constant_op("out", value)];
    assert_invalid(
        out(bytes(DataType::Float16, &[2], &[0; 3])),
        "const",
        &["expected 4 bytes", "found 3"],
    );
    assert_invalid(
        out(bytes(DataType::Float32, &[0], &[])),
        "const",
        &["size 0"],
    );
    assert_invalid(
        out(bytes(DataType::Bool, &[1], &[1])),
        "const",
        &["found bytes"],
    );
    let mut value = constant(&floats(&[2], &[1.0, 2.0]));
    value.r#type = Some(float(&[3]));
    assert_invalid(out(value), "const", &["expected 3 elements", "found 2"]);
    let mut value = constant(&floats(&[2], &[1.0, 2.0]));
    value.r#type = Some(of_type(DataType::Int32, &[2]));
    assert_invalid(out(value), "const", &["INT32", "32-bit floats"]);
    let mut value = constant(&floats(&[2], &[1.0, 2.0]));
    value.value = None;
    assert_invalid(out(value), "const", &["expected a value"]);
    let mut nothing = constant_op("out", constant(&floats(&[1], &[1.0])));
    nothing.attributes.clear();
    assert_invalid(vec![nothing], "const", &["`val`"]);
}

#[test]
fn compressed_weights_must_fit_their_shape() {
    let decompress = |name: &str, arguments: Vec<(&'static str, Arg)>| {
        vec![op(name, arguments, &[("out", float(&[5]))])]
    };
    let five = || Arg::from([5]);
    let lut = || Arg::from(floats(&[4], &[0.0; 4]));
    let short = vec![("indices", [0].into()), ("lut", lut()), ("shape", five())];
    assert_invalid(
        decompress("constexpr_lut_to_dense", short),
        "constexpr_lut_to_dense",
        &["expected 2 bytes"],
    );
    let odd = vec![
        ("indices", [0, 0].into()),
        ("lut", floats(&[3], &[0.0; 3]).into()),
        ("shape", five()),
    ];
    assert_invalid(
        decompress("constexpr_lut_to_dense", odd),
        "constexpr_lut_to_dense",
        &["table of 2, 4"],
    );
    assert_unsupported(
        decompress(
            "constexpr_lut_to_dense",
            vec![("indices", [0, 0].into()), ("lut", lut())],
        ),
        "constexpr_lut_to_dense",
        "macOS 15",
    );
    let huge = vec![
        ("indices", [0].into()),
        ("lut", lut()),
        ("shape", [i32::MAX, i32::MAX].into()),
    ];
    assert_invalid(
        decompress("constexpr_lut_to_dense", huge),
        "constexpr_lut_to_dense",
        &["at most"],
    );
    for (mask, word) in [(0b111, "more bits"), (0b1, "left over")] {
        let sparse = vec![
            ("nonzero_data", floats(&[2], &[1.0, 2.0]).into()),
            ("mask", [mask].into()),
            ("shape", five()),
        ];
        assert_invalid(
            decompress("constexpr_sparse_to_dense", sparse),
            "constexpr_sparse_to_dense",
            &[word],
        );
    }
    let affine = vec![
        ("quantized_data", [1, 2, 3, 4, 5].into()),
        ("scale", floats(&[2], &[1.0; 2]).into()),
        ("zero_point", 0.into()),
        ("axis", 0.into()),
    ];
    assert_invalid(
        decompress("constexpr_affine_dequantize", affine),
        "constexpr_affine_dequantize",
        &["`scale`"],
    );
    let blocks = vec![
        ("data", [1, 2, 3, 4, 5].into()),
        ("scale", floats(&[2], &[1.0; 2]).into()),
    ];
    assert_invalid(
        decompress("constexpr_blockwise_shift_scale", blocks),
        "constexpr_blockwise_shift_scale",
        &["do not divide"],
    );
}

#[test]
fn an_index_outside_a_table_is_found_at_load_or_in_the_run() {
    let lookup = |indices: Arg| {
        vec![op(
            "gather",
            vec![("x", numbers(&[3]).into()), ("indices", indices)],
            &[("out", float(&[1]))],
        )]
    };
    assert_invalid(lookup([3].into()), "gather", &["3 rows", "found 3"]);
    let run_with = |index: i32| {
        let input = ints(&[1], &[index]);
        run(&[("input", &input)], lookup("input".into()))
    };
    assert_eq!(run_with(2).unwrap(), floats(&[1], &[2.0]));
    match run_with(3).unwrap_err() {
        Error::Op {
            op, place, reason, ..
        } => {
            assert_eq!(op, "gather");
            assert!(place.contains("`out`"), "{place}");
            assert!(reason.contains("found 3"), "{reason}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn integer_division_by_zero_is_an_error() {
    let input = ints(&[2], &[1, 0]);
    let operations = vec![op(
        "floor_div",
        vec![("x", 5.into()), ("y", "input".into())],
        &[("out", of_type(DataType::Int32, &[2]))],
    )];
    let message = run(&[("input", &input)], operations)
        .unwrap_err()
        .to_string();
    assert!(message.contains("divided by zero"), "{message}");
}

#[test]
fn the_program_must_have_the_function_and_the_output() {
    let operations = || vec![op("relu", x(vec![]), &[("out", float(&[2]))])];
    let whole = || program(&[("input", &numbers(&[2]))], operations());
    let message = |program: &Program| graph(program).unwrap_err().to_string();

    let mut other = whole();
    let main = other.functions.remove("main").unwrap();
    other.functions.insert("other".to_owned(), main);
    assert!(
        message(&other).contains("[\"other\"]"),
        "{}",
        message(&other)
    );

    let mut opset = whole();
    opset.functions.get_mut("main").unwrap().opset = "CoreML9".to_owned();
    assert!(message(&opset).contains("`CoreML9`"), "{}", message(&opset));

    for outputs in [vec![], vec!["input".to_owned()]] {
        let mut changed = whole();
        let main = changed.functions.get_mut("main").unwrap();
        main.block_specializations
            .get_mut("CoreML6")
            .unwrap()
            .outputs = outputs;
        assert!(
            message(&changed).contains("the output `out`"),
            "{}",
            message(&changed)
        );
    }

    let mut input = whole();
    input.functions.get_mut("main").unwrap().inputs[0].r#type =
        Some(of_type(DataType::String, &[]));
    assert!(message(&input).contains("STRING"), "{}", message(&input));
}

#[test]
fn inputs_must_be_given_and_fit() {
    let x = numbers(&[2]);
    let graph = graph(&program(
        &[("input", &x)],
        vec![op(
            "relu",
            vec![("x", "input".into())],
            &[("out", float(&[2]))],
        )],
    ))
    .unwrap();
    let message =
        |inputs: &[(&str, &Tensor)]| interpreter::run(&graph, inputs).unwrap_err().to_string();
    assert!(message(&[]).contains("`input` has no value"));
    assert!(message(&[("input", &numbers(&[3]))]).contains("float [2]"));
    assert!(message(&[("input", &ints(&[2], &[1, 2]))]).contains("int [2]"));
    assert_eq!(
        interpreter::run(&graph, &[("input", &x), ("other", &x)]).unwrap(),
        x
    );
}
