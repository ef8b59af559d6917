//! `messplus._core.Controller`: the core's controller behind one short lock, in memory or on file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use messplus_core::{
    Config, Controller, Decision, Error, Failure, ListedCost, ModelSpec, Request, Result, Shadow,
    ZooChange,
};
use messplus_journal::{Recorded, Store};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyAny, PyBytes, PyString};

use super::decision::PyDecision;
use super::folder::FoundFolder;
use super::logged_data::LoggedData;
use super::names::{Names, as_dict};
use super::report::CoreReport;
use super::timing::{Clock, Delays};
use super::{folder, ids, outcome};
use crate::convert;
use crate::error::{FeedbackError, InputError, folder_error, to_py};

#[pyclass(frozen, name = "Controller", module = "messplus._core")]
pub struct PyController {
    store: Store,
    /// The models, those that left the zoo included: replaced when one joins or leaves.
    names: RwLock<Arc<Names>>,
    /// Held while the zoo changes.
    changing: Mutex<()>,
    levels: Names,
    delays: Delays,
    clock: Clock,
}

impl PyController {
    fn wrap(py: Python<'_>, store: Store) -> Self {
        // No Python object is made, and no thread waits attached, while the core is locked.
        let (config, now) =
            py.detach(|| store.read(|controller| (controller.config().clone(), controller.now())));
        let levels = config.agreement.levels.iter().map(|level| level.name.as_str());
        let (names, levels) = (Names::of_zoo(py, &config.models), Names::new(py, levels));
        Self {
            store,
            names: RwLock::new(Arc::new(names)),
            changing: Mutex::new(()),
            levels,
            delays: Delays::new(),
            clock: Clock::from(now),
        }
    }

    /// Microseconds of work are done at once; a thread that would have to wait for the lock or for a
    /// file detaches from the interpreter first, and so blocks no Python.
    fn enter<T: Send>(
        &self,
        py: Python<'_>,
        transition: impl FnOnce(&mut Recorded) -> Result<T> + Send,
    ) -> PyResult<T> {
        let result = match self.store.try_enter(transition) {
            Ok(result) => result,
            Err(transition) => py.detach(|| self.store.enter(transition)),
        };
        self.log_news(py);
        result.map_err(|error| to_py(&error))
    }

    fn read<T: Send>(&self, py: Python<'_>, look: impl FnOnce(&Controller) -> T + Send) -> T {
        py.detach(|| self.store.read(look))
    }

    /// Say what failed to be written. A broken log handler must not fail the request either.
    fn log_news(&self, py: Python<'_>) {
        for words in self.store.news() {
            let logger =
                py.import("logging").and_then(|m| m.call_method1("getLogger", ("messplus",)));
            if let Err(error) = logger.and_then(|log| log.call_method1("error", ("%s", words))) {
                error.write_unraisable(py, None);
            }
        }
    }
}

#[pymethods]
impl PyController {
    #[new]
    fn new(py: Python<'_>, config: &str) -> PyResult<Self> {
        let config = Config::from_json(config).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, py.detach(|| Store::in_memory(Controller::new(config)))))
    }

    #[staticmethod]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        config: Option<&str>,
        durability: &str,
        journal_bytes: u64,
    ) -> PyResult<(Self, Option<FoundFolder>)> {
        let (store, found) = folder::open(py, path, config, durability, journal_bytes)?;
        Ok((Self::wrap(py, store), found))
    }

    #[staticmethod]
    fn recover(py: Python<'_>, path: PathBuf) -> PyResult<(Self, FoundFolder)> {
        let (controller, found) = folder::recover(py, path)?;
        Ok((Self::wrap(py, Store::in_memory(controller)), found))
    }

    fn checkpoint(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.store.checkpoint()).map_err(folder_error)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.store.close()).map_err(folder_error)
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, state: &[u8]) -> PyResult<Self> {
        let inner = py.detach(|| Controller::from_bytes(state)).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, Store::in_memory(inner)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.read(py, Controller::to_bytes))
    }

    #[getter]
    fn is_new(&self, py: Python<'_>) -> bool {
        self.read(py, Controller::is_new)
    }

    #[getter]
    fn config(&self, py: Python<'_>) -> String {
        self.read(py, |controller| controller.config().to_json())
    }

    #[pyo3(signature = (features=None, costs=None, allowed=None, sla=None, session=None, input_tokens=None, shadow=None))]
    #[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
    fn decide(
        &self,
        py: Python<'_>,
        features: Option<&Bound<'_, PyAny>>,
        costs: Option<&Bound<'_, PyAny>>,
        allowed: Option<&Bound<'_, PyAny>>,
        sla: Option<&Bound<'_, PyAny>>,
        session: Option<&Bound<'_, PyAny>>,
        input_tokens: Option<&Bound<'_, PyAny>>,
        shadow: Option<(Bound<'_, PyAny>, f64)>,
    ) -> PyResult<PyDecision> {
        let names = self.names();
        let features = features.map(convert::features).transpose()?;
        let costs = costs.map(|costs| by_model(&names, costs)).transpose()?;
        let allowed = allowed.map(|allowed| names.set("allowed", allowed)).transpose()?;
        let input_tokens = input_tokens.map(convert::tokens).transpose()?;
        let shadow = shadow
            .map(|(model, explore)| {
                Ok::<_, PyErr>(Shadow { model: names.index("shadow", &model)?, explore })
            })
            .transpose()?;
        let request = Request {
            id: ids::fresh(),
            features: features.as_deref(),
            input_tokens,
            costs: costs.as_deref(),
            allowed,
            level: self.level(sla)?,
            session: session.map(session_hash).transpose()?,
            shadow,
        };
        let mut decision = Decision::with_capacity(names.len());
        self.enter(py, |controller| {
            self.tell_time(controller);
            controller.decide(&request, &mut decision)
        })?;
        self.delays.begin(request.id);
        // Looked up again: a model may have joined while this thread waited for the lock.
        Ok(PyDecision::new(decision, self.names()))
    }

    #[pyo3(signature = (decision, satisfied=None, cost=None, latency=None))]
    fn observe(
        &self,
        py: Python<'_>,
        decision: &Bound<'_, PyAny>,
        satisfied: Option<&Bound<'_, PyAny>>,
        cost: Option<&Bound<'_, PyAny>>,
        latency: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (id, served) = self.identify(py, decision)?;
        let outcomes = outcome::gather(&self.names(), served, satisfied, cost, latency)?;
        self.enter(py, |controller| {
            self.tell_time(controller);
            controller.observe(id, &outcomes)
        })?;
        self.delays.end(id);
        Ok(())
    }

    fn feedback_delays(&self) -> (Vec<f64>, Vec<u64>, f64) {
        self.delays.histogram.read()
    }

    /// Learn the rows of logged data: all of them, or none where one breaks a rule. NaN and zero
    /// tokens stand for what is not known. With metadata, which only a controller to which nothing
    /// has happened takes, the features are those it describes.
    #[pyo3(signature = (features, input_tokens, models, satisfied, costs, latencies, metadata=None))]
    #[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
    fn warm_start(
        &self,
        py: Python<'_>,
        features: &Bound<'_, PyAny>,
        input_tokens: &Bound<'_, PyAny>,
        models: &Bound<'_, PyAny>,
        satisfied: &Bound<'_, PyAny>,
        costs: &Bound<'_, PyAny>,
        latencies: &Bound<'_, PyAny>,
        metadata: Option<String>,
    ) -> PyResult<()> {
        let features = convert::borrowed_matrix::<f32>("features", features)?;
        let input_tokens = convert::borrowed_vector::<u32>("input_tokens", input_tokens)?;
        let models = convert::borrowed_vector::<u32>("models", models)?;
        let satisfied = convert::borrowed_vector::<f64>("satisfied", satisfied)?;
        let costs = convert::borrowed_vector::<f64>("costs", costs)?;
        let latencies = convert::borrowed_vector::<f64>("latencies", latencies)?;
        let data = LoggedData {
            features: features.as_slice()?,
            input_tokens: input_tokens.as_slice()?,
            models: models.as_slice()?,
            satisfied: satisfied.as_slice()?,
            costs: costs.as_slice()?,
            latencies: latencies.as_slice()?,
        };
        let refused = self.read(py, |controller| {
            data.examples()
                .map(|example| controller.check_example(&example))
                .zip(1..)
                .find_map(|(checked, row)| checked.err().map(|error| (row, error)))
        });
        if let Some((row, error)) = refused {
            let error = to_py(&error);
            let message = format!("row {row}: {}", error.value(py));
            return Err(PyErr::from_type(error.get_type(py), message));
        }
        if let Some(metadata) = metadata {
            self.describe(py, metadata)?;
        }
        let examples: Vec<_> = data.examples().collect();
        // Requests are routed between parts of long data.
        for part in examples.chunks(LoggedData::PART) {
            self.enter(py, |controller| {
                part.iter().try_for_each(|example| controller.warm_start(example))
            })?;
        }
        Ok(())
    }

    /// The model that failed, the chosen one by default, and the one to call instead.
    #[pyo3(signature = (decision, model=None, kind="error", retry_after=None))]
    fn fail<'py>(
        &self,
        py: Python<'py>,
        decision: &Bound<'py, PyAny>,
        model: Option<&Bound<'py, PyAny>>,
        kind: &str,
        retry_after: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyString>, Option<Bound<'py, PyString>>)> {
        let (id, chosen) = self.identify(py, decision)?;
        let names = self.names();
        let model = model.map_or(Ok(chosen), |model| names.index("model", model))?;
        let kind =
            kind.parse::<Failure>().map_err(|error| InputError::new_err(error.to_string()))?;
        let retry_after = retry_after.map(outcome::seconds).transpose()?;
        let next = self.enter(py, |controller| {
            controller.check_failure(id, model)?;
            controller.advance(self.clock.seconds());
            controller.fail(id, model, kind, retry_after)
        })?;
        Ok((names.name(py, model), next.map(|next| names.name(py, next))))
    }

    /// A model joins, described by JSON.
    fn add_model(&self, py: Python<'_>, model: &str) -> PyResult<()> {
        let _one_by_one = self.one_by_one(py);
        let model = ModelSpec::from_json(model).map_err(|error| to_py(&error))?;
        // Named before it can be chosen, so that no decision speaks of a model without a name.
        let known = self.names();
        self.set_names(known.with(py, &model.name));
        let result = self.enter(py, |controller| controller.change_zoo(&ZooChange::Add { model }));
        self.follow_zoo(py);
        result
    }

    fn remove_model(&self, py: Python<'_>, model: &Bound<'_, PyAny>) -> PyResult<()> {
        let _one_by_one = self.one_by_one(py);
        let index = self.names().index("model", model)?;
        self.enter(py, |controller| controller.change_zoo(&ZooChange::Remove { index }))?;
        self.follow_zoo(py);
        Ok(())
    }

    /// The listed cost of a model changes, as JSON.
    fn reprice(&self, py: Python<'_>, model: &Bound<'_, PyAny>, cost: &str) -> PyResult<()> {
        let index = self.names().index("model", model)?;
        let cost = ListedCost::from_json(cost).map_err(|error| to_py(&error))?;
        self.enter(py, |controller| controller.change_zoo(&ZooChange::Reprice { index, cost }))
    }

    fn advance(&self, py: Python<'_>, now: u64) -> PyResult<()> {
        self.enter(py, |controller| {
            controller.advance(now);
            Ok(())
        })
    }

    fn report(&self, py: Python<'_>) -> CoreReport {
        let state_errors = folder::failures(self.store.troubles());
        self.read(py, |controller| CoreReport::of(controller, state_errors))
    }
}

impl PyController {
    /// Metadata is in no journal, so it counts once a snapshot has it.
    fn describe(&self, py: Python<'_>, metadata: String) -> PyResult<()> {
        let before = self.read(py, |controller| controller.config().metadata.clone());
        self.enter(py, |controller| controller.describe(metadata))?;
        py.detach(|| self.store.checkpoint()).map_err(|error| {
            // Nobody has routed since, or the next snapshot tells.
            let _ = self.enter(py, |controller| controller.describe(before));
            folder_error(error)
        })
    }

    /// The id of a decision, and the model chosen to serve it.
    fn identify(&self, py: Python<'_>, decision: &Bound<'_, PyAny>) -> PyResult<(u128, usize)> {
        if let Ok(decision) = decision.cast::<PyDecision>() {
            return Ok((decision.get().inner.id, decision.get().inner.model));
        }
        let id = parse_id(decision)?;
        let served = self.read(py, |controller| controller.served(id));
        Ok((id, served.ok_or_else(|| to_py(&Error::UnknownDecision { id }))?))
    }

    /// Only where something depends on it: else equal calls lead to equal states whenever they are made.
    fn tell_time(&self, controller: &mut Recorded) {
        if controller.needs_time() {
            controller.advance(self.clock.seconds());
        }
    }

    fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_names(&self, names: Names) {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
    }

    /// Take the names that the zoo has now.
    fn follow_zoo(&self, py: Python<'_>) {
        let models = self.read(py, |controller| controller.config().models.clone());
        self.set_names(Names::of_zoo(py, &models));
    }

    /// Held while names and zoo differ.
    fn one_by_one(&self, py: Python<'_>) -> MutexGuard<'_, ()> {
        self.changing.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a service level, which may be left out where there is one.
    fn level(&self, sla: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
        match sla {
            Some(sla) => self.levels.index_of("sla", "must name a service level", sla),
            None if self.levels.len() == 1 => Ok(0),
            None => {
                let rule = "must name one of the service levels";
                Err(InputError::new_err(format!("sla: {rule}, got None")))
            }
        }
    }
}

fn by_model(names: &Names, costs: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
    let Some(by_model) = as_dict(costs)? else {
        let message = format!("costs: must be {{model: cost}}, got {}", costs.repr()?);
        return Err(InputError::new_err(message));
    };
    let mut costs = vec![None; names.len()];
    for (name, cost) in by_model {
        costs[names.index("costs", &name)?] = Some(outcome::number("costs", &cost)?);
    }
    // The zoo may not have grown as far as its names yet.
    let known = costs.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    costs.truncate(known);
    Ok(costs)
}

/// FNV-1a of a conversation's key: the same in every process.
fn session_hash(key: &Bound<'_, PyAny>) -> PyResult<u64> {
    let Ok(text) = key.cast::<PyString>() else {
        let message = format!("session: must be a string, got {}", key.repr()?);
        return Err(InputError::new_err(message));
    };
    let bytes = text.to_cow()?;
    Ok(bytes.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

fn parse_id(decision: &Bound<'_, PyAny>) -> PyResult<u128> {
    let text = decision.cast::<PyString>().ok().map(ToString::to_string);
    text.as_deref().and_then(ids::from_hex).ok_or_else(|| match decision.repr() {
        Ok(repr) => {
            let rule = "must be a Decision or its id of 32 hexadecimal digits";
            FeedbackError::new_err(format!("decision: {rule}, got {repr}"))
        }
        Err(error) => error,
    })
}
