//! The forms that MIL operations come in: arguments given, left out, below zero.

use coreml_proto::proto::mil_spec::{DataType, Value};

use super::build::*;
use crate::session::portable::ops::Op;
use crate::session::portable::tensor::Tensor;

#[test]
fn reshape_inherits_and_infers() {
    let x = numbers(&[2, 3, 4]);
    check(
        "reshape",
        &x,
        vec![("shape", [6, 4].into())],
        &numbers(&[6, 4]),
    );
    check(
        "reshape",
        &x,
        vec![("shape", [0, -1, 2].into())],
        &numbers(&[2, 6, 2]),
    );
    check("reshape", &x, vec![("shape", [-1].into())], &numbers(&[24]));
    check("reshape", &x, vec![("shape", [0, 0, 0].into())], &x);
}

#[test]
fn dimensions_of_size_one_come_and_go() {
    let x = numbers(&[2, 3]);
    check(
        "expand_dims",
        &x,
        vec![("axes", [0, -1].into())],
        &numbers(&[1, 2, 3, 1]),
    );
    check(
        "expand_dims",
        &x,
        vec![("axes", [1].into())],
        &numbers(&[2, 1, 3]),
    );
    let x = numbers(&[1, 2, 1, 3]);
    check("squeeze", &x, vec![], &numbers(&[2, 3]));
    check(
        "squeeze",
        &x,
        vec![("axes", [-2].into())],
        &numbers(&[1, 2, 3]),
    );
    // An axis of another size stays.
    check(
        "squeeze",
        &x,
        vec![("axes", [0, 1].into())],
        &numbers(&[2, 1, 3]),
    );
}

#[test]
fn transpose_counts_from_the_end() {
    let x = numbers(&[2, 3]);
    let expected = floats(&[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    check("transpose", &x, vec![("perm", [-1, 0].into())], &expected);
    check("transpose", &x, vec![("perm", [1, 0].into())], &expected);
}

#[test]
fn slice_by_index_follows_numpy() {
    let x = numbers(&[4, 5]);
    let slice =
        |extra: Vec<(&str, Arg)>, expected: &Tensor| check("slice_by_index", &x, extra, expected);
    // x[1:3, 0:2]
    slice(
        vec![("begin", [1, 0].into()), ("end", [3, 2].into())],
        &floats(&[2, 2], &[5.0, 6.0, 10.0, 11.0]),
    );
    // x[-1:, :-3]
    slice(
        vec![
            ("begin", [-1, 0].into()),
            ("end", [0, -3].into()),
            ("end_mask", [true, false].into()),
        ],
        &floats(&[1, 2], &[15.0, 16.0]),
    );
    // x[:, 1::3], bounds behind the end are cut
    slice(
        vec![
            ("begin", [9, 1].into()),
            ("end", [99, 99].into()),
            ("stride", [1, 3].into()),
            ("begin_mask", [true, false].into()),
        ],
        &floats(&[4, 2], &[1.0, 4.0, 6.0, 9.0, 11.0, 14.0, 16.0, 19.0]),
    );
    // x[-2, 0:2]: the end of a squeezed dimension is ignored
    slice(
        vec![
            ("begin", [-2, 0].into()),
            ("end", [0, 2].into()),
            ("squeeze_mask", [true, false].into()),
        ],
        &floats(&[2], &[10.0, 11.0]),
    );
    // x[0, 0]
    slice(
        vec![
            ("begin", [0, 0].into()),
            ("end", [0, 0].into()),
            ("squeeze_mask", [true, true].into()),
        ],
        &floats(&[], &[0.0]),
    );
}

#[test]
fn slice_by_size_takes_the_rest() {
    check(
        "slice_by_size",
        &numbers(&[3, 3]),
        vec![("begin", [1, 0].into()), ("size", [-1, 2].into())],
        &floats(&[2, 2], &[3.0, 4.0, 6.0, 7.0]),
    );
}

#[test]
fn tile_fill_shape_and_range() {
    check(
        "tile",
        &numbers(&[1, 2]),
        vec![("reps", [2, 2].into())],
        &floats(&[2, 4], &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
    );
    check(
        "shape",
        &numbers(&[3, 1, 2]),
        vec![],
        &ints(&[3], &[3, 1, 2]),
    );
    let made = |name, arguments, expected: &Tensor| {
        let declared = match expected {
            Tensor::Float(_) => DataType::Float32,
            _ => DataType::Int32,
        };
        let operation = op(
            name,
            arguments,
            &[("out", of_type(declared, expected.shape()))],
        );
        assert_eq!(&run(&[], vec![operation]).unwrap(), expected, "{name}");
    };
    made(
        "fill",
        vec![("shape", [2, 2].into()), ("value", 7.into())],
        &ints(&[2, 2], &[7; 4]),
    );
    made(
        "fill",
        vec![("shape", [3].into())],
        &floats(&[3], &[0.0; 3]),
    );
    made(
        "range_1d",
        vec![("start", 1.into()), ("end", 8.into()), ("step", 3.into())],
        &ints(&[3], &[1, 4, 7]),
    );
}

/// Runs an operation on the inputs `a` and `b`.
fn of_two(
    name: &str,
    a: &Tensor,
    b: &Tensor,
    mut arguments: Vec<(&str, Arg)>,
    names: [&'static str; 2],
    expected: &Tensor,
) {
    for (name, input) in names.into_iter().zip(["a", "b"]) {
        arguments.push((name, input.into()));
    }
    let declared = match expected {
        Tensor::Float(_) => DataType::Float32,
        Tensor::Int(_) => DataType::Int32,
        Tensor::Bool(_) => DataType::Bool,
    };
    let operation = op(
        name,
        arguments,
        &[("out", of_type(declared, expected.shape()))],
    );
    let found = run(&[("a", a), ("b", b)], vec![operation]).unwrap();
    assert_close(name, &found, expected);
}

#[test]
fn concat_and_stack() {
    let (a, b) = (numbers(&[2, 1]), floats(&[2, 1], &[8.0, 9.0]));
    let joined = |name, axis: i32, extra: Option<(&'static str, Arg)>, expected: &Tensor| {
        let mut arguments = vec![
            ("values", Arg::Names(vec!["a", "b"])),
            ("axis", axis.into()),
        ];
        arguments.extend(extra);
        let operation = op(
            name,
            arguments,
            &[("out", of_type(DataType::Float32, expected.shape()))],
        );
        let found = run(&[("a", &a), ("b", &b)], vec![operation]).unwrap();
        assert_eq!(&found, expected, "{name} {axis}");
    };
    joined("concat", -1, None, &floats(&[2, 2], &[0.0, 8.0, 1.0, 9.0]));
    let not_interleaved = Some(("interleave", false.into()));
    joined(
        "concat",
        0,
        not_interleaved,
        &floats(&[4, 1], &[0.0, 1.0, 8.0, 9.0]),
    );
    joined("stack", 0, None, &floats(&[2, 2, 1], &[0.0, 1.0, 8.0, 9.0]));
    joined(
        "stack",
        -1,
        None,
        &floats(&[2, 1, 2], &[0.0, 8.0, 1.0, 9.0]),
    );
}

#[test]
fn split_by_number_and_by_sizes() {
    let x = numbers(&[2, 4]);
    for (arguments, sizes, second) in [
        (
            vec![("num_splits", 2.into())],
            [2, 2],
            floats(&[2, 2], &[2.0, 3.0, 6.0, 7.0]),
        ),
        (
            vec![("split_sizes", [3, 1].into())],
            [3, 1],
            floats(&[2, 1], &[3.0, 7.0]),
        ),
        (
            vec![("split_sizes", [1, 3].into()), ("num_splits", 2.into())],
            [1, 3],
            floats(&[2, 3], &[1.0, 2.0, 3.0, 5.0, 6.0, 7.0]),
        ),
    ] {
        let mut arguments: Vec<(&str, Arg)> = arguments;
        arguments.extend([("x", "input".into()), ("axis", (-1).into())]);
        let outputs = ["first", "out"].map(|name| {
            let size = sizes[usize::from(name == "out")];
            (name, of_type(DataType::Float32, &[2, size]))
        });
        let found = run(&[("input", &x)], vec![op("split", arguments, &outputs)]).unwrap();
        assert_eq!(found, second);
    }
}

#[test]
fn gather_defaults_and_batches() {
    let table = numbers(&[3, 2]);
    let at = ints(&[2], &[2, -3]);
    let rows = floats(&[2, 2], &[4.0, 5.0, 0.0, 1.0]);
    of_two("gather", &table, &at, vec![], ["x", "indices"], &rows);
    let validated = vec![("axis", (-2).into()), ("validate_indices", true.into())];
    of_two("gather", &table, &at, validated, ["x", "indices"], &rows);
    of_two(
        "gather",
        &table,
        &ints(&[3, 1], &[1, 0, 1]),
        vec![("axis", 1.into()), ("batch_dims", 1.into())],
        ["x", "indices"],
        &floats(&[3, 1], &[1.0, 2.0, 5.0]),
    );
}

#[test]
fn products() {
    let x = numbers(&[2, 3]);
    let weight = floats(&[1, 3], &[1.0, 10.0, 100.0]);
    let no_bias = floats(&[2, 1], &[210.0, 543.0]);
    of_two("linear", &x, &weight, vec![], ["x", "weight"], &no_bias);
    let bias = vec![("bias", floats(&[1], &[0.5]).into())];
    of_two(
        "linear",
        &x,
        &weight,
        bias,
        ["x", "weight"],
        &floats(&[2, 1], &[210.5, 543.5]),
    );
    let turned = vec![("transpose_y", true.into()), ("transpose_x", false.into())];
    of_two("matmul", &x, &weight, turned, ["x", "y"], &no_bias);
    let turned = vec![("transpose_x", true.into())];
    of_two(
        "matmul",
        &x,
        &floats(&[2, 1], &[1.0, -1.0]),
        turned,
        ["x", "y"],
        &floats(&[3, 1], &[-3.0, -3.0, -3.0]),
    );
    of_two(
        "matmul",
        &x,
        &floats(&[3, 1], &[1.0; 3]),
        vec![],
        ["x", "y"],
        &floats(&[2, 1], &[3.0, 12.0]),
    );
}

#[test]
fn reductions_over_some_axes_and_over_all() {
    let x = numbers(&[2, 3]);
    check("reduce_sum", &x, vec![], &floats(&[], &[15.0]));
    check(
        "reduce_mean",
        &x,
        vec![("axes", [-1].into())],
        &floats(&[2], &[1.0, 4.0]),
    );
    let kept = vec![("axes", [0].into()), ("keep_dims", true.into())];
    check("reduce_max", &x, kept, &floats(&[1, 3], &[3.0, 4.0, 5.0]));
    check(
        "reduce_min",
        &x,
        vec![("axes", [1, 0].into())],
        &floats(&[], &[0.0]),
    );
    check(
        "reduce_prod",
        &x,
        vec![("axes", [1].into())],
        &floats(&[2], &[0.0, 60.0]),
    );
    check(
        "reduce_sum_square",
        &x,
        vec![("axes", [1].into())],
        &floats(&[2], &[5.0, 50.0]),
    );
    check(
        "reduce_l2_norm",
        &x,
        vec![("axes", [1].into())],
        &floats(&[2], &[5.0_f32.sqrt(), 50.0_f32.sqrt()]),
    );
}

#[test]
fn normalisations() {
    let x = floats(&[2, 2], &[0.0, 3.0_f32.ln(), 5.0, 5.0]);
    check(
        "softmax",
        &x,
        vec![],
        &floats(&[2, 2], &[0.25, 0.75, 0.5, 0.5]),
    );
    let x = floats(&[2, 2], &[1.0, 5.0, 15.0, 5.0]);
    let plain = floats(&[2, 2], &[-1.0, 1.0, 1.0, -1.0]);
    let axes = || vec![("axes", [-1].into()), ("epsilon", 0.0.into())];
    check("layer_norm", &x, axes(), &plain);
    let mut scaled = axes();
    scaled.push(("gamma", floats(&[2], &[2.0, 3.0]).into()));
    scaled.push(("beta", floats(&[2], &[1.0, 0.0]).into()));
    check(
        "layer_norm",
        &x,
        scaled,
        &floats(&[2, 2], &[-1.0, 3.0, 3.0, -3.0]),
    );
    // Without axes all dimensions, without epsilon 1e-5: mean 2, variance 1.
    let x = floats(&[2, 1], &[1.0, 3.0]);
    let one = 1.0 / 1.00001_f32.sqrt();
    check("layer_norm", &x, vec![], &floats(&[2, 1], &[-one, one]));
}

#[test]
fn element_by_element() {
    let x = floats(&[2], &[4.0, 0.25]);
    for (name, expected) in [
        ("abs", [4.0, 0.25]),
        ("ceil", [4.0, 1.0]),
        ("erf", [1.0, 0.276_326_4]),
        ("exp", [54.598_15, 1.284_025_4]),
        ("floor", [4.0, 0.0]),
        ("identity", [4.0, 0.25]),
        ("inverse", [1.0 / 4.0001, 1.0 / 0.2501]),
        ("log", [1.386_294_4, -1.386_294_4]),
        ("relu", [4.0, 0.25]),
        ("round", [4.0, 0.0]),
        ("rsqrt", [0.5, 2.0]),
        ("sigmoid", [0.982_013_8, 0.562_176_5]),
        ("sign", [1.0, 1.0]),
        ("silu", [3.928_055_2, 0.140_544_13]),
        ("sqrt", [2.0, 0.5]),
        ("square", [16.0, 0.0625]),
        ("tanh", [0.999_329_3, 0.244_918_66]),
        ("gelu", [3.999_873_4, 0.149_676_6]),
    ] {
        check(name, &x, vec![], &floats(&[2], &expected));
    }
    // PyTorch 2.7 at 0.25; the last is x · sigmoid(1.702 x).
    let x = floats(&[1], &[0.25]);
    for (mode, expected) in [
        ("EXACT", 0.149_676_6),
        ("TANH_APPROXIMATION", 0.149_675_15),
        ("SIGMOID_APPROXIMATION", 0.151_199_65),
    ] {
        check(
            "gelu",
            &x,
            vec![("mode", text(mode).into())],
            &floats(&[1], &[expected]),
        );
    }
    let bounds = vec![("alpha", 0.5.into()), ("beta", 1.0.into())];
    check("clip", &x, bounds, &floats(&[1], &[0.5]));
    check(
        "log",
        &x,
        vec![("epsilon", 0.75.into())],
        &floats(&[1], &[0.0]),
    );
    check(
        "inverse",
        &x,
        vec![("epsilon", 0.25.into())],
        &floats(&[1], &[2.0]),
    );
    check(
        "rsqrt",
        &x,
        vec![("epsilon", 3.75.into())],
        &floats(&[1], &[0.5]),
    );
    check(
        "logical_not",
        &bools(&[2], &[true, false]),
        vec![],
        &bools(&[2], &[false, true]),
    );
}

#[test]
fn two_operands() {
    let (a, b) = (floats(&[2], &[7.0, -7.0]), floats(&[1], &[2.0]));
    for (name, expected) in [
        ("add", [9.0, -5.0]),
        ("sub", [5.0, -9.0]),
        ("mul", [14.0, -14.0]),
        ("real_div", [3.5, -3.5]),
        ("floor_div", [3.0, -4.0]),
        ("mod", [1.0, 1.0]),
        ("pow", [49.0, 49.0]),
        ("maximum", [7.0, 2.0]),
        ("minimum", [2.0, -7.0]),
    ] {
        of_two(name, &a, &b, vec![], ["x", "y"], &floats(&[2], &expected));
    }
    let (a, b) = (ints(&[3], &[1, 2, 3]), ints(&[1], &[2]));
    for (name, expected) in [
        ("equal", [false, true, false]),
        ("not_equal", [true, false, true]),
        ("less", [true, false, false]),
        ("less_equal", [true, true, false]),
        ("greater", [false, false, true]),
        ("greater_equal", [false, true, true]),
    ] {
        of_two(name, &a, &b, vec![], ["x", "y"], &bools(&[3], &expected));
    }
    let (a, b) = (
        bools(&[4], &[false, false, true, true]),
        bools(&[4], &[false, true, false, true]),
    );
    for (name, expected) in [
        ("logical_and", [false, false, false, true]),
        ("logical_or", [false, true, true, true]),
        ("logical_xor", [false, true, true, false]),
    ] {
        of_two(name, &a, &b, vec![], ["x", "y"], &bools(&[4], &expected));
    }
    of_two(
        "select",
        &bools(&[2, 1], &[true, false]),
        &floats(&[2], &[1.0, 2.0]),
        vec![("a", (-1.0).into())],
        ["cond", "b"],
        &floats(&[2, 2], &[-1.0, -1.0, 1.0, 2.0]),
    );
}

#[test]
fn casts() {
    let x = floats(&[2], &[-1.5, 0.0]);
    let to = |dtype| vec![("dtype", text(dtype).into())];
    check("cast", &x, to("int32"), &ints(&[2], &[-1, 0]));
    check("cast", &x, to("bool"), &bools(&[2], &[true, false]));
    check("cast", &x, to("fp16"), &x);
    check("cast", &x, to("fp32"), &x);
    check(
        "cast",
        &ints(&[1], &[70_000]),
        to("int16"),
        &ints(&[1], &[4464]),
    );
    check("cast", &ints(&[1], &[3]), to("fp16"), &floats(&[1], &[3.0]));
}

/// Runs a decompression whose arguments are attributes, as coremltools writes them.
fn decompressed(
    name: &str,
    dtype: DataType,
    shape: &[usize],
    arguments: Vec<(&str, Value)>,
) -> Tensor {
    let mut operation = op(name, vec![], &[("out", of_type(dtype, shape))]);
    for (name, value) in arguments {
        operation.attributes.insert(name.to_owned(), value);
    }
    operation
        .attributes
        .insert("name".to_owned(), text("weights"));
    run(&[], vec![operation]).unwrap()
}

#[test]
fn compressed_weights() {
    let int = |number| constant(&ints(&[], &[number]));
    // One scale for each row; in half precision, of which 2049 has one bit too many.
    let found = decompressed(
        "constexpr_affine_dequantize",
        DataType::Float16,
        &[2, 2],
        vec![
            (
                "quantized_data",
                bytes(DataType::Int8, &[2, 2], &[0x7F, 0xFF, 2, 3]),
            ),
            ("zero_point", bytes(DataType::Int8, &[2], &[0, 1])),
            ("scale", constant(&floats(&[2], &[0.5, 1024.5]))),
            ("axis", int(0)),
        ],
    );
    assert_eq!(found, floats(&[2, 2], &[63.5, -0.5, 1024.0, 2048.0]));
    let found = decompressed(
        "constexpr_affine_dequantize",
        DataType::Float32,
        &[2],
        vec![
            ("quantized_data", bytes(DataType::Uint8, &[2], &[255, 128])),
            ("zero_point", bytes(DataType::Uint8, &[], &[128])),
            ("scale", constant(&floats(&[], &[0.1]))),
            ("axis", int(0)),
        ],
    );
    assert_close("affine", &found, &floats(&[2], &[12.7, 0.0]));
    // Two bits each: 0, 3, 2, 1, 3.
    let shape = || bytes(DataType::Uint32, &[1], &[5, 0, 0, 0]);
    let found = decompressed(
        "constexpr_lut_to_dense",
        DataType::Float32,
        &[5],
        vec![
            (
                "indices",
                bytes(DataType::Uint8, &[2], &[0b0110_1100, 0b11]),
            ),
            ("lut", constant(&floats(&[4], &[0.0, 1.5, 2.5, 3.5]))),
            ("shape", shape()),
        ],
    );
    assert_eq!(found, floats(&[5], &[0.0, 3.5, 2.5, 1.5, 3.5]));
    let found = decompressed(
        "constexpr_sparse_to_dense",
        DataType::Float32,
        &[5],
        vec![
            ("nonzero_data", constant(&floats(&[2], &[7.0, 8.0]))),
            ("mask", bytes(DataType::Uint8, &[1], &[0b0_1100])),
            ("shape", shape()),
        ],
    );
    assert_eq!(found, floats(&[5], &[0.0, 0.0, 7.0, 8.0, 0.0]));
    // Two blocks of two columns.
    let found = decompressed(
        "constexpr_blockwise_shift_scale",
        DataType::Float32,
        &[1, 4],
        vec![
            ("data", bytes(DataType::Int4, &[1, 4], &[0x21, 0xF8])),
            ("scale", constant(&floats(&[1, 2], &[10.0, 1.0]))),
            ("offset", bytes(DataType::Int4, &[1, 2], &[0x01])),
        ],
    );
    assert_eq!(found, floats(&[1, 4], &[0.0, 10.0, -8.0, -1.0]));
    let found = decompressed(
        "constexpr_cast",
        DataType::Float32,
        &[1],
        vec![
            ("source_val", bytes(DataType::Float16, &[1], &[0, 0x3C])),
            ("output_dtype", text("fp32")),
        ],
    );
    assert_eq!(found, floats(&[1], &[1.0]));
}

/// The mask of BERT with eager attention: `(1 - mask) × finfo.min`, where float16 made minus infinity
/// of the constant.
#[test]
fn a_mask_constant_that_overflowed_masks() {
    let mask = floats(&[3], &[1.0, 0.0, 1.0]);
    let three = || of_type(DataType::Float16, &[3]);
    let operations = vec![
        constant_op("lowest", bytes(DataType::Float16, &[], &[0x00, 0xFC])),
        op(
            "sub",
            vec![("x", 1.0.into()), ("y", "mask".into())],
            &[("inverted", three())],
        ),
        op(
            "mul",
            vec![("x", "inverted".into()), ("y", "lowest".into())],
            &[("bias", three())],
        ),
        op(
            "add",
            vec![
                ("x", floats(&[3], &[0.0, 9.0, 3.0_f32.ln()]).into()),
                ("y", "bias".into()),
            ],
            &[("scores", three())],
        ),
        op("softmax", vec![("x", "scores".into())], &[("out", three())]),
    ];
    let found = run(&[("mask", &mask)], operations.clone()).unwrap();
    assert_close("masked", &found, &floats(&[3], &[0.25, 0.0, 0.75]));
    // With nothing left the weights are even, as PyTorch's are.
    let found = run(&[("mask", &floats(&[3], &[0.0; 3]))], operations).unwrap();
    assert_close("all masked", &found, &floats(&[3], &[1.0 / 3.0; 3]));
}

#[test]
fn what_depends_on_constants_only_is_gone_and_so_is_what_nobody_reads() {
    let x = numbers(&[2]);
    let two = || of_type(DataType::Float32, &[2]);
    let operations = vec![
        op(
            "fill",
            vec![("shape", [2].into()), ("value", 2.0.into())],
            &[("twos", two())],
        ),
        op("square", vec![("x", "twos".into())], &[("fours", two())]),
        op("exp", vec![("x", "input".into())], &[("unread", two())]),
        op("identity", vec![("x", "input".into())], &[("same", two())]),
        op(
            "mul",
            vec![("x", "same".into()), ("y", "fours".into())],
            &[("out", two())],
        ),
    ];
    let graph = graph(&program(&[("input", &x)], operations)).unwrap();
    let [node] = &graph.nodes[..] else {
        panic!("{:?}", graph.nodes);
    };
    assert!(matches!(node.op, Op::Arithmetic(_)));
    let fours = graph.value(node.inputs[1]).unwrap();
    assert_eq!(
        (fours.name.as_str(), &fours.constant),
        ("fours", &Some(floats(&[2], &[4.0; 2])))
    );
    let kept = graph
        .values
        .iter()
        .filter(|value| value.constant.is_some())
        .count();
    assert_eq!(kept, 1);
}
