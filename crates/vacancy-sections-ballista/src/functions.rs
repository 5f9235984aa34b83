//! Makes the functions known to the three kinds of process of a cluster.
//!
//! A plan travels as the names of its functions, so that each process looks them up in a registry of its
//! own: the client when it plans, the scheduler when it cuts the plan into tasks, the executor when it
//! evaluates them. Only the executor loads the model, but for a function of a constant, which is evaluated
//! where the query is planned.

use std::sync::Arc;

use ballista::extension::SessionConfigExt;
use ballista::prelude::SessionContextExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_scheduler::scheduler_server::SessionBuilder;
use datafusion::common::Result;
use datafusion::execution::{FunctionRegistry, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use vacancy_sections_datafusion::VacancyFunctions;

/// The functions of an executor: Ballista's and these, for
/// [`override_function_registry`](ballista_executor::executor_process::ExecutorProcessConfig::override_function_registry).
///
/// ```
/// use datafusion::execution::FunctionRegistry;
/// use vacancy_sections_ballista::executor_functions;
/// use vacancy_sections_datafusion::VacancyFunctions;
///
/// let registry = executor_functions(&VacancyFunctions::new());
/// assert!(registry.udf("vacancy_sections").is_ok());
/// assert!(registry.udf("abs").is_ok());
/// ```
#[must_use]
pub fn executor_functions(functions: &VacancyFunctions) -> Arc<BallistaFunctionRegistry> {
    let mut registry = BallistaFunctionRegistry::default();
    for function in functions.udfs() {
        let name = function.name().to_owned();
        registry.scalar_functions.insert(name, function);
    }
    Arc::new(registry)
}

/// The sessions of a scheduler that knows the functions, for
/// [`with_override_session_builder`](ballista_scheduler::config::SchedulerConfig::with_override_session_builder).
///
/// ```
/// use datafusion::prelude::SessionConfig;
/// use vacancy_sections_ballista::scheduler_sessions;
/// use vacancy_sections_datafusion::VacancyFunctions;
///
/// let session = scheduler_sessions(VacancyFunctions::new())(SessionConfig::new())?;
/// assert!(session.scalar_functions().contains_key("vacancy_sections"));
/// # Ok::<(), datafusion::common::DataFusionError>(())
/// ```
#[must_use]
pub fn scheduler_sessions(functions: VacancyFunctions) -> SessionBuilder {
    Arc::new(move |config| {
        let mut state = default_session_builder(config)?;
        for function in functions.udfs() {
            state.register_udf(function)?;
        }
        Ok(state)
    })
}

/// A context whose queries run on the cluster of a scheduler, such as `df://127.0.0.1:50050`.
///
/// Takes `config` as it is but for what Ballista needs; NULL or an error for failing rows is the
/// executors' option.
///
/// # Errors
///
/// When the address is no URL. Nothing is sent before the first query.
///
/// ```no_run
/// use datafusion::prelude::SessionConfig;
/// use vacancy_sections_ballista::connect;
///
/// # async fn query() -> datafusion::common::Result<()> {
/// let cluster = connect("df://127.0.0.1:50050", SessionConfig::new()).await?;
/// let table = cluster.sql("SELECT section('ДМС со стоматологией')").await?;
/// println!("{}", table.to_string().await?);
/// # Ok(()) }
/// ```
pub async fn connect(scheduler: &str, config: SessionConfig) -> Result<SessionContext> {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config.upgrade_for_ballista())
        .build();
    let context = SessionContext::remote_with_state(scheduler, state).await?;
    VacancyFunctions::new().register(&context);
    Ok(context)
}
