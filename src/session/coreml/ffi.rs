//! Objective-C: the calls into CoreML, and nothing else.
//!
//! Every call runs inside an autorelease pool, so that a long loop does not grow, and inside an
//! exception handler. Nothing that Objective-C owns leaves this file but the model itself.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::slice;

use block2::StackBlock;
use objc2::AnyThread;
use objc2::rc::{Retained, autoreleasepool};
use objc2::runtime::{AnyObject, ProtocolObject};
use objc2_core_ml::{
    MLArrayBatchProvider, MLBatchProvider, MLComputeUnits, MLDictionaryFeatureProvider,
    MLFeatureDescription, MLFeatureProvider, MLFeatureValue, MLModel, MLModelConfiguration,
    MLModelCreatorDefinedKey, MLMultiArray, MLMultiArrayDataType,
};
use objc2_foundation::{NSArray, NSDictionary, NSError, NSNumber, NSProcessInfo, NSString, NSURL};

use super::engine::{
    Description, ElementType, Engine, Failure, Feature, Features, Framework, RawOutput, TokenRow,
};
use super::options::ComputeUnits;
use super::strided;

type Found<T> = Result<T, Failure>;

/// A provider of features, ours or a prediction's.
type Provider = Retained<ProtocolObject<dyn MLFeatureProvider>>;

/// CoreML of this system.
#[derive(Debug)]
pub(super) struct CoreMl;

impl Framework for CoreMl {
    type Engine = Model;

    fn system_version(&self) -> String {
        autoreleasepool(|_| {
            NSProcessInfo::processInfo()
                .operatingSystemVersionString()
                .to_string()
        })
    }

    fn compile(&self, package: &Path) -> Found<PathBuf> {
        guarded(|| {
            let url = file_url(package)?;
            // The method that is not deprecated calls back on another thread, only to be waited for.
            #[allow(deprecated)]
            // SAFETY: `url` is a live file URL; the method has no other precondition.
            let compiled = unsafe { MLModel::compileModelAtURL_error(&url) }.map_err(failure)?;
            compiled.to_file_path().ok_or_else(|| {
                Failure::Unexpected("the compiled model has no path on disk".to_owned())
            })
        })
    }

    fn load(&self, compiled: &Path, units: ComputeUnits) -> Found<Model> {
        guarded(|| {
            let url = file_url(compiled)?;
            // SAFETY: a plain initialiser without preconditions.
            let configuration = unsafe { MLModelConfiguration::new() };
            // SAFETY: the value is one of the constants of the framework's own enumeration.
            unsafe { configuration.setComputeUnits(compute_units(units)) };
            // SAFETY: both arguments are live objects of the declared classes.
            let model = unsafe {
                MLModel::modelWithContentsOfURL_configuration_error(&url, &configuration)
            }
            .map_err(failure)?;
            Ok(Model { model })
        })
    }
}

fn compute_units(units: ComputeUnits) -> MLComputeUnits {
    match units {
        ComputeUnits::All => MLComputeUnits::All,
        ComputeUnits::CpuAndNeuralEngine => MLComputeUnits::CPUAndNeuralEngine,
        ComputeUnits::CpuAndGpu => MLComputeUnits::CPUAndGPU,
        ComputeUnits::CpuOnly => MLComputeUnits::CPUOnly,
    }
}

/// A loaded `MLModel`.
#[derive(Debug)]
pub(super) struct Model {
    model: Retained<MLModel>,
}

// SAFETY: Apple's documentation of MLModel asks for calls on one thread or dispatch queue at a time and
// allows the thread to change. `Model` is not `Sync`, so `&Model` stays on one thread at a time; its one
// user keeps it behind a mutex. Reference counts are atomic, and every other object of a call is created
// and released within it.
unsafe impl Send for Model {}

impl Engine for Model {
    fn description(&self) -> Found<Description> {
        guarded(|| {
            // SAFETY: the model is live; its description is immutable.
            let description = unsafe { self.model.modelDescription() };
            // SAFETY: as above.
            let inputs = unsafe { description.inputDescriptionsByName() };
            // SAFETY: as above.
            let outputs = unsafe { description.outputDescriptionsByName() };
            // SAFETY: as above.
            let metadata = unsafe { description.metadata() };
            Ok(Description {
                inputs: features(&inputs)?,
                outputs: features(&outputs)?,
                metadata: creator_defined(&metadata),
            })
        })
    }

    fn predict(&self, features: &Features, rows: &[TokenRow<'_>]) -> Found<Vec<Option<RawOutput>>> {
        guarded(|| {
            let inputs: Vec<Retained<NSString>> = features
                .inputs
                .iter()
                .map(|name| NSString::from_str(name))
                .collect();
            let output = NSString::from_str(&features.output);
            let providers = rows
                .iter()
                .map(|row| provider(&inputs, row))
                .collect::<Found<Vec<_>>>()?;

            if let [single] = providers.as_slice() {
                // SAFETY: the provider is live, and only this thread uses the model.
                let result =
                    unsafe { self.model.predictionFromFeatures_error(single) }.map_err(failure)?;
                return Ok(vec![read_output(&result, &output)?]);
            }
            let providers = NSArray::from_retained_slice(&providers);
            // SAFETY: the array holds live feature providers, as its element type says.
            let batch = unsafe {
                MLArrayBatchProvider::initWithFeatureProviderArray(
                    MLArrayBatchProvider::alloc(),
                    &providers,
                )
            };
            let batch = ProtocolObject::from_ref(&*batch);
            // SAFETY: the batch is live, and only this thread uses the model.
            let results =
                unsafe { self.model.predictionsFromBatch_error(batch) }.map_err(failure)?;
            // SAFETY: the results are live.
            let count = unsafe { results.count() };
            (0..count)
                .map(|index| {
                    // SAFETY: the index is below the count.
                    let result = unsafe { results.featuresAtIndex(index) };
                    read_output(&result, &output)
                })
                .collect()
        })
    }
}

/// Runs Objective-C calls in an autorelease pool and turns what they throw into failures.
fn guarded<T>(calls: impl FnOnce() -> Found<T>) -> Found<T> {
    autoreleasepool(|_| {
        // The bindings panic where a method returns nil against its declaration; the panic passes through
        // the exception handler and stops here. Nothing is used after either: what was half built is
        // dropped, and the model itself has no state of ours.
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            objc2::exception::catch(AssertUnwindSafe(calls))
        }));
        match outcome {
            Ok(Ok(found)) => found,
            Ok(Err(Some(exception))) => Err(Failure::Exception(format!("{exception:?}"))),
            Ok(Err(None)) => Err(Failure::Exception("nil".to_owned())),
            Err(panic) => Err(Failure::Unexpected(panic_message(&*panic))),
        }
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "panic without a message".to_owned())
}

fn failure(error: Retained<NSError>) -> Failure {
    Failure::Error {
        domain: error.domain().to_string(),
        code: error.code() as i64,
        description: error.localizedDescription().to_string(),
    }
}

fn file_url(path: &Path) -> Found<Retained<NSURL>> {
    NSURL::from_file_path(path).ok_or_else(|| {
        Failure::Unexpected(format!(
            "{}: not a path that a URL can name",
            path.display()
        ))
    })
}

/// Sizes or strides; none is negative.
fn sizes(numbers: &NSArray<NSNumber>) -> Found<Vec<usize>> {
    numbers
        .iter()
        .map(|number| {
            let number = number.as_isize();
            usize::try_from(number)
                .map_err(|_| Failure::Unexpected(format!("a size or stride of {number}")))
        })
        .collect()
}

fn element_type(dtype: MLMultiArrayDataType) -> ElementType {
    ElementType::from_code(dtype.0 as i64)
}

fn features(descriptions: &NSDictionary<NSString, MLFeatureDescription>) -> Found<Vec<Feature>> {
    let (names, descriptions) = descriptions.to_vecs();
    names
        .iter()
        .zip(&descriptions)
        .map(|(name, description)| {
            // SAFETY: the description is live and immutable.
            let array = match unsafe { description.multiArrayConstraint() } {
                None => None,
                Some(constraint) => {
                    // SAFETY: the constraint is live and immutable.
                    let shape = unsafe { constraint.shape() };
                    // SAFETY: as above.
                    let dtype = unsafe { constraint.dataType() };
                    Some((element_type(dtype), sizes(&shape)?))
                }
            };
            Ok(Feature {
                name: name.to_string(),
                array,
                // SAFETY: the description is live and immutable.
                optional: unsafe { description.isOptional() },
            })
        })
        .collect()
}

/// The metadata that whoever made the model defined; values that are not text are left out.
fn creator_defined(metadata: &NSDictionary<NSString, AnyObject>) -> HashMap<String, String> {
    // SAFETY: a constant of the framework, set before any code of ours runs.
    let key = unsafe { MLModelCreatorDefinedKey };
    let Some(defined) = key.and_then(|key| metadata.objectForKey(key)) else {
        return HashMap::new();
    };
    let Some(defined) = defined.downcast_ref::<NSDictionary>() else {
        return HashMap::new();
    };
    let (keys, values) = defined.to_vecs();
    keys.iter()
        .zip(&values)
        .filter_map(|(key, value)| {
            let key = key.downcast_ref::<NSString>()?;
            let value = value.downcast_ref::<NSString>()?;
            Some((key.to_string(), value.to_string()))
        })
        .collect()
}

/// The inputs of one prediction. A model without token types has one name less than there are arrays.
fn provider(names: &[Retained<NSString>], row: &TokenRow<'_>) -> Found<Provider> {
    let mut keys: Vec<&NSString> = Vec::with_capacity(names.len());
    let mut values: Vec<Retained<AnyObject>> = Vec::with_capacity(names.len());
    for (name, tokens) in names.iter().zip(row) {
        let array = int32_array(tokens)?;
        keys.push(name);
        // SAFETY: the array is live; the value retains it.
        let value = unsafe { MLFeatureValue::featureValueWithMultiArray(&array) };
        values.push(value.into());
    }
    let dictionary = NSDictionary::from_retained_objects(&keys, &values);
    // SAFETY: every key is a string and every value a feature value, as the initialiser demands.
    let provider = unsafe {
        MLDictionaryFeatureProvider::initWithDictionary_error(
            MLDictionaryFeatureProvider::alloc(),
            &dictionary,
        )
    }
    .map_err(failure)?;
    Ok(ProtocolObject::from_retained(provider))
}

/// An Int32 array `[1, n]` of these tokens.
fn int32_array(tokens: &[i32]) -> Found<Retained<MLMultiArray>> {
    let shape = [1, tokens.len()];
    let numbers = shape.map(NSNumber::new_usize);
    // SAFETY: the shape is an array of whole numbers above zero, the type is one of the constants.
    let array = unsafe {
        MLMultiArray::initWithShape_dataType_error(
            MLMultiArray::alloc(),
            &NSArray::from_retained_slice(&numbers),
            MLMultiArrayDataType::Int32,
        )
    }
    .map_err(failure)?;

    let outcome = Cell::new(Err("the array was not handed out".to_owned()));
    let write = StackBlock::new(
        |memory: NonNull<c_void>, bytes: isize, strides: NonNull<NSArray<NSNumber>>| {
            // SAFETY: the strides are live while the handler runs.
            let strides = unsafe { strides.as_ref() };
            // SAFETY: CoreML hands out `bytes` writable bytes at `memory` for as long as the handler
            // runs, to nobody else; as they may be uninitialised, they are not typed as bytes.
            let memory = unsafe {
                slice::from_raw_parts_mut(
                    memory.cast::<MaybeUninit<u8>>().as_ptr(),
                    usize::try_from(bytes).unwrap_or(0),
                )
            };
            outcome.set(
                sizes(strides)
                    .map_err(|failure| failure.to_string())
                    .and_then(|strides| strided::write_i32(tokens, &shape, &strides, memory)),
            );
        },
    );
    // SAFETY: the handler has the declared signature, is called before the method returns, and borrows
    // only what outlives the call.
    unsafe { array.getMutableBytesWithHandler(&write) };
    outcome
        .into_inner()
        .map_err(|reason| Failure::Unexpected(format!("input array: {reason}")))?;
    Ok(array)
}

/// A copy of an output array, if there is one of that name.
fn read_output(
    result: &ProtocolObject<dyn MLFeatureProvider>,
    name: &NSString,
) -> Found<Option<RawOutput>> {
    // SAFETY: the result and the name are live.
    let Some(value) = (unsafe { result.featureValueForName(name) }) else {
        return Ok(None);
    };
    // SAFETY: the value is live; it gives nil if it holds anything else.
    let Some(array) = (unsafe { value.multiArrayValue() }) else {
        return Ok(None);
    };
    // SAFETY: the array is live, and so it is in the calls below.
    let dtype = unsafe { array.dataType() };
    // SAFETY: as above.
    let shape = unsafe { array.shape() };
    // SAFETY: as above.
    let strides = unsafe { array.strides() };

    let copy = Cell::new(None);
    let read = StackBlock::new(|memory: NonNull<c_void>, bytes: isize| {
        // SAFETY: CoreML hands out `bytes` readable bytes at `memory` for as long as the handler runs.
        // They were allocated and written by the framework, and any byte pattern is a `u8`.
        let bytes = unsafe {
            slice::from_raw_parts(
                memory.cast::<u8>().as_ptr(),
                usize::try_from(bytes).unwrap_or(0),
            )
        };
        copy.set(Some(bytes.to_vec()));
    });
    // SAFETY: the handler has the declared signature, is called before the method returns, and borrows
    // only what outlives the call.
    unsafe { array.getBytesWithHandler(&read) };
    let bytes = copy
        .into_inner()
        .ok_or_else(|| Failure::Unexpected("output array: it was not handed out".to_owned()))?;
    Ok(Some(RawOutput {
        dtype: element_type(dtype),
        shape: sizes(&shape)?,
        strides: sizes(&strides)?,
        bytes,
    }))
}
