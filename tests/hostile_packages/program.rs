//! The ML Program.

use coreml_proto::proto::mil_spec::tensor_value::{RepeatedBytes, Value as Elements};
use coreml_proto::proto::mil_spec::value::Value as Kind;
use coreml_proto::proto::mil_spec::{Block, DataType, Operation, Value};

use crate::sound::{
    Case, Files, declare, immediate, ints, named, operation, position, tensor_type, text,
    with_block, with_op, with_ops, with_program,
};

const INT: DataType = DataType::Int32;
const HALF: DataType = DataType::Float16;

fn case(name: &'static str, files: Files, says: &'static str) -> Case {
    Case { name, files, says }
}

/// The first constant of the weight file, with its reference changed.
fn blob(change: impl FnOnce(&mut Operation, &mut Value)) -> Files {
    with_block(|block| {
        let at = block.operations.iter().position(|o| {
            matches!(
                o.attributes.get("val").and_then(|v| v.value.as_ref()),
                Some(Kind::BlobFileValue(_))
            )
        });
        let operation = &mut block.operations[at.unwrap()];
        let mut value = operation.attributes.remove("val").unwrap();
        change(operation, &mut value);
        operation.attributes.insert("val".to_owned(), value);
    })
}

fn file_name(name: &str) -> Files {
    blob(|_, value| match &mut value.value {
        Some(Kind::BlobFileValue(reference)) => reference.file_name = name.to_owned(),
        _ => panic!("a constant of the weight file"),
    })
}

fn offset(offset: u64) -> Files {
    blob(|_, value| match &mut value.value {
        Some(Kind::BlobFileValue(reference)) => reference.offset = offset,
        _ => panic!("a constant of the weight file"),
    })
}

/// A tensor of these sizes made of nothing but its sizes.
fn fill(output: &str, sizes: &[i32]) -> Operation {
    let shape: Vec<u64> = sizes.iter().map(|&size| size as u64).collect();
    operation(
        "fill",
        &[("shape", ints(sizes))],
        (output, DataType::Float32, &shape),
    )
}

/// A constant whose type says this shape and whose elements are these bytes.
fn constant(name: &str, dtype: DataType, shape: &[u64], bytes: &[u8]) -> Operation {
    let mut constant = operation("const", &[], (name, dtype, shape));
    let elements = Elements::Bytes(RepeatedBytes {
        values: bytes.to_vec(),
    });
    let value = immediate(tensor_type(dtype, shape), elements);
    constant.attributes.insert("val".to_owned(), value);
    constant
}

fn chain(first: &str, second: &str) -> Files {
    let relu = |x, out| operation("relu", &[("x", named(x))], (out, HALF, &[1]));
    with_ops(vec![relu(second, first), relu(first, second)])
}

pub fn cases() -> Vec<Case> {
    vec![
        case(
            "program: no functions",
            with_program(|p| p.functions.clear()),
            "model.mlmodel: function `main`: expected this function, found []",
        ),
        case(
            "program: another function",
            with_program(|p| {
                let main = p.functions.remove("main").unwrap();
                p.functions.insert("other".to_owned(), main);
            }),
            "model.mlmodel: function `main`: expected this function, found [\"other\"]",
        ),
        case(
            "program: another operation set",
            with_program(|p| p.functions.get_mut("main").unwrap().opset = "CoreML99".to_owned()),
            "model.mlmodel: function `main`: expected a block for the operation set `CoreML99`, found none",
        ),
        case(
            "program: no operations",
            with_block(|b| b.operations.clear()),
            "model.mlmodel: function `main`: expected an operation that makes the output `logits`",
        ),
        case(
            "program: no outputs",
            with_block(|b| b.outputs.clear()),
            "model.mlmodel: function `main`: expected the output `logits`, found []",
        ),
        case(
            "program: an output that nothing makes",
            with_block(|b| b.outputs = vec!["nothing".to_owned()]),
            "model.mlmodel: function `main`: expected the output `logits`, found [\"nothing\"]",
        ),
        case(
            "program: an unknown operation",
            with_op("gather", |o| o.r#type = "conv".to_owned()),
            "model.mlmodel: operation `conv` at `gather_0` (operation 3 of function `main`) is not supported: the portable session does not have this operation",
        ),
        case(
            "program: an operation without a name",
            with_op("gather", |o| o.r#type.clear()),
            "model.mlmodel: operation `` at `gather_0` (operation 3 of function `main`) is not supported: the portable session does not have this operation",
        ),
        case(
            "program: an operation without output",
            with_op("gather", |o| o.outputs.clear()),
            "model.mlmodel: operation `gather` at `` (operation 3 of function `main`): expected an output, found none",
        ),
        case(
            "program: an operation of two outputs",
            with_op("gather", |o| {
                let mut again = o.outputs[0].clone();
                again.name = "more".to_owned();
                o.outputs.push(again);
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): expected 1 outputs, found 2",
        ),
        case(
            "program: an undefined name",
            with_op("gather", |o| {
                drop(o.inputs.insert("indices".to_owned(), named("nobody")))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): reads `nobody`, which nothing defines",
        ),
        case(
            "program: a name defined later",
            with_op("gather", |o| {
                drop(o.inputs.insert("indices".to_owned(), named("logits")))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): reads `logits` before it is defined",
        ),
        case(
            "program: an operation that reads itself",
            with_op("gather", |o| {
                let own = o.outputs[0].name.clone();
                o.inputs.insert("indices".to_owned(), named(&own));
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): reads `gather_0` before it is defined",
        ),
        case(
            "program: a circle of two",
            chain("a", "b"),
            "model.mlmodel: operation `relu` at `a` (operation 0 of function `main`): reads `b` before it is defined",
        ),
        case(
            "program: a name defined twice",
            with_block(|b| {
                let at = position(b, "gather");
                let again = b.operations[at].clone();
                b.operations.insert(at, again);
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 4 of function `main`): defines `gather_0` a second time",
        ),
        case(
            "program: an argument missing",
            with_op("gather", |o| drop(o.inputs.remove("x"))),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): argument `x` is missing",
        ),
        case(
            "program: an argument too many",
            with_op("gather", |o| {
                drop(o.inputs.insert("colour".to_owned(), ints(&[1])))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`) is not supported: the portable session does not know its argument `colour`",
        ),
        case(
            "program: an axis beyond the rank",
            with_op("gather", |o| {
                drop(o.inputs.insert("axis".to_owned(), ints(&[7])))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): expected an axis of 2 dimensions, found 7",
        ),
        case(
            "program: the smallest axis",
            with_op("gather", |o| {
                drop(o.inputs.insert("axis".to_owned(), ints(&[i32::MIN])))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): expected an axis of 2 dimensions, found -2147483648",
        ),
        case(
            "program: nested blocks",
            with_op("gather", |o| o.blocks.push(Block::default())),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`) is not supported: it has blocks of its own",
        ),
        case(
            "program: a declared rank that is wrong",
            with_op("gather", |o| declare(o, HALF, &[1, 8])),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): the program declares the result as FLOAT16 [1, 8], the operands make it float [1, 8, 8]",
        ),
        case(
            "program: a declared shape that is wrong",
            with_op("gather", |o| declare(o, HALF, &[1, 8, 9])),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): the program declares the result as FLOAT16 [1, 8, 9], the operands make it float [1, 8, 8]",
        ),
        case(
            "program: a declared type that is wrong",
            with_op("gather", |o| declare(o, INT, &[1, 8, 8])),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): the program declares the result as INT32 [1, 8, 8], the operands make it float [1, 8, 8]",
        ),
        case(
            "program: no declared type",
            with_op("gather", |o| o.outputs[0].r#type = None),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): expected a type, found none",
        ),
        case(
            "program: a thousand dimensions",
            with_op("gather", |o| declare(o, HALF, &[1; 1000])),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): expected as many dimensions as the rank says, 8 at most, found 1000 of 1000",
        ),
        case(
            "program: a size of 2^64 - 1",
            with_op("gather", |o| declare(o, HALF, &[1, 8, u64::MAX])),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): the program declares the result as FLOAT16 [1, 8, 18446744073709551615], the operands make it float [1,",
        ),
        case(
            "program: an input of another shape",
            with_program(|p| {
                p.functions.get_mut("main").unwrap().inputs[0].r#type =
                    Some(tensor_type(INT, &[1, 9]))
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): the program declares the result as FLOAT16 [1, 8, 8], the operands make it float [1, 9, 8]",
        ),
        case(
            "program: an input without type",
            with_program(|p| p.functions.get_mut("main").unwrap().inputs[0].r#type = None),
            "model.mlmodel: operation `input` at `input_ids` of function `main`: expected a type, found none",
        ),
        case(
            "program: an input that no session gives",
            with_program(|p| {
                p.functions.get_mut("main").unwrap().inputs[0].name = "pixels".to_owned()
            }),
            "model.mlmodel: operation `gather` at `gather_0` (operation 3 of function `main`): reads `input_ids`, which nothing defines",
        ),
        case(
            "program: a constant without value",
            with_op("const", |o| o.attributes.clear()),
            "model.mlmodel: operation `const` at `gather_0_x_0` (operation 0 of function `main`): expected the attribute `val`, found none",
        ),
        case(
            "program: a constant of four elements that has two",
            with_ops(vec![constant("c", HALF, &[4], &[0; 4])]),
            "model.mlmodel: operation `const` at `c` (operation 0 of function `main`): expected 8 bytes for [4] elements of 16 bits, found 4",
        ),
        case(
            "program: a constant of 2^60 elements",
            with_ops(vec![constant("c", HALF, &[1 << 30, 1 << 30], &[0; 4])]),
            "model.mlmodel: operation `const` at `c` (operation 0 of function `main`): expected at most 134217728 elements, found the shape [1073741824, 1073741824]",
        ),
        case(
            "program: a constant whose size overflows",
            with_ops(vec![constant("c", HALF, &[1 << 33, 1 << 33], &[0; 4])]),
            "model.mlmodel: operation `const` at `c` (operation 0 of function `main`): expected at most 134217728 elements, found the shape [8589934592, 8589934592]",
        ),
        case(
            "program: a constant of no elements",
            with_ops(vec![constant("c", HALF, &[0], &[])]),
            "model.mlmodel: operation `const` at `c` (operation 0 of function `main`): expected no dimension of size 0, found [0]",
        ),
        case(
            "program: terabytes",
            with_ops(vec![fill("c", &[1 << 20, 1 << 20])]),
            "model.mlmodel: operation `fill` at `c` (operation 0 of function `main`): expected at most 134217728 elements, found the shape [1048576, 1048576]",
        ),
        case(
            "program: half a gigabyte",
            with_ops(vec![fill("c", &[1 << 14, 1 << 13])]),
            "model.mlmodel: operation `fill` at `c` (operation 0 of function `main`): up to here the constants of the program have 134217732 elements, expected at most 301544 for a package of this s",
        ),
        case(
            "program: many megabytes",
            with_ops(
                (0..40)
                    .map(|i| fill(&format!("c{i}"), &[1 << 9, 1 << 9]))
                    .collect(),
            ),
            "model.mlmodel: operation `fill` at `c1` (operation 1 of function `main`): up to here the constants of the program have 524296 elements, expected at most 325800 for a package of this siz",
        ),
        case(
            "program: a negative size",
            with_ops(vec![fill("c", &[-1, 2])]),
            "model.mlmodel: operation `fill` at `c` (operation 0 of function `main`): expected sizes, found [-1, 2]",
        ),
        case(
            "program: all numbers that there are",
            with_ops(vec![operation(
                "range_1d",
                &[
                    ("start", ints(&[0])),
                    ("end", ints(&[i32::MAX])),
                    ("step", ints(&[1])),
                ],
                ("c", INT, &[i32::MAX as u64]),
            )]),
            "model.mlmodel: operation `range_1d` at `c` (operation 0 of function `main`): expected at most 134217728 elements, found the shape [2147483647]",
        ),
        case(
            "program: hours of work",
            with_ops({
                let square: &[u64] = &[2048, 2048];
                vec![
                    operation(
                        "cast",
                        &[("x", named("input_ids")), ("dtype", text("fp32"))],
                        ("p1", DataType::Float32, &[1, 8]),
                    ),
                    operation(
                        "tile",
                        &[("x", named("p1")), ("reps", ints(&[2048, 256]))],
                        ("p2", DataType::Float32, square),
                    ),
                    operation(
                        "matmul",
                        &[("x", named("p2")), ("y", named("p2"))],
                        ("p3", DataType::Float32, square),
                    ),
                ]
            }),
            "model.mlmodel: operation `matmul` at `p3`",
        ),
        case(
            "program: a weight file outside",
            file_name("@model_path/../../../etc/passwd"),
            "model.mlmodel: program: blob file name: path `../../../etc/passwd` leaves the package",
        ),
        case(
            "program: an absolute weight file",
            file_name("/etc/passwd"),
            "model.mlmodel: program: blob file name: expected a name that starts with @model_path/, found `/etc/passwd`",
        ),
        case(
            "program: a weight file that is not there",
            file_name("@model_path/weights/other.bin"),
            "Data/com.apple.CoreML/weights/other.bin: package: missing, the program of Data/com.apple.CoreML/model.mlmodel reads it",
        ),
        case(
            "program: weights where there are none",
            offset(65),
            "Data/com.apple.CoreML/weights/weight.bin: byte 65: the program expects a blob here, the file has none",
        ),
        case(
            "program: weights beyond the end",
            offset(u64::MAX),
            "Data/com.apple.CoreML/weights/weight.bin: byte 18446744073709551615: the program expects a blob here, the file has none",
        ),
        case(
            "program: weights of another size",
            offset(64 + 64 + 256),
            "model.mlmodel: operation `const` at `gather_0_x_0` (operation 0 of function `main`): expected 128 elements of FLOAT16 [16, 8] at byte 384 of the weights, found 16 of Float16",
        ),
    ]
}
