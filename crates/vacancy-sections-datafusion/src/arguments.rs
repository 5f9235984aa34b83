//! The one argument that every function takes: a string, as a column or as a constant.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// Evaluates a function of one string: a column gives a column, a constant gives a constant and is
/// evaluated once.
pub(crate) fn evaluate(
    name: &str,
    arguments: ScalarFunctionArgs,
    function: impl Fn(&[Option<&str>]) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    match arguments.args.as_slice() {
        [ColumnarValue::Array(column)] => {
            Ok(ColumnarValue::Array(function(&texts(name, column)?)?))
        }
        [ColumnarValue::Scalar(constant)] => {
            let column = constant.to_array()?;
            let result = function(&texts(name, &column)?)?;
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &result, 0,
            )?))
        }
        other => exec_err!("{name}: expected one argument, found {}", other.len()),
    }
}

/// The strings of a column, whichever way Arrow lays them out.
fn texts<'a>(name: &str, column: &'a ArrayRef) -> Result<Vec<Option<&'a str>>> {
    Ok(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().collect(),
        DataType::Utf8View => column.as_string_view().iter().collect(),
        DataType::Null => vec![None; column.len()],
        other => {
            return exec_err!("{name}: expected Utf8, LargeUtf8 or Utf8View, found {other}");
        }
    })
}
