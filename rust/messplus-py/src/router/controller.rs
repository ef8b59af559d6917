//! `messplus._core.Controller`: the core's controller behind one short lock, in memory or on file.

use std::path::PathBuf;

use messplus_core::{
    Amendment, Config, Controller, Decision, Error, Example, Failure, Feedback, ListedCost,
    ModelSpec, Request, Shadow, USER, ZooChange,
};
use messplus_journal::Store;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyString, PyTuple};

use super::asked::Asked;
use super::calendar::CoreCalendar;
use super::decision::PyDecision;
use super::folder::FoundFolder;
use super::logged_data::LoggedData;
use super::pending::{self, PendingRecord};
use super::report::CoreReport;
use super::shared::Shared;
use super::timing::Reading;
use super::{arguments, folder, ids, outcome};
use crate::convert;
use crate::error::{InputError, folder_error, to_py};

/// Decides and learns: the state machine behind a router.
///
/// Every method is one atomic transition, or a look at the state between two of them. Arguments are
/// those of `messplus.Router`, whose methods call these; settings and models cross as JSON.
#[pyclass(frozen, name = "Controller", module = "messplus._core")]
pub struct PyController {
    pub(super) shared: Shared,
}

impl PyController {
    fn wrap(py: Python<'_>, store: Store) -> Self {
        Self { shared: Shared::new(py, store) }
    }
}

#[pymethods]
impl PyController {
    #[new]
    fn new(py: Python<'_>, config: &str) -> PyResult<Self> {
        let config = Config::from_json(config).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, py.detach(|| Store::in_memory(Controller::new(config)))))
    }

    /// Open a folder, or make one for these settings: the controller, and how the folder was found.
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

    /// Read a folder into memory, in use or not.
    #[staticmethod]
    fn recover(py: Python<'_>, path: PathBuf) -> PyResult<(Self, FoundFolder)> {
        let (controller, found) = folder::recover(py, path)?;
        Ok((Self::wrap(py, Store::in_memory(controller)), found))
    }

    /// Make a folder of what `to_bytes` wrote, where there is none yet.
    #[staticmethod]
    fn write_folder(py: Python<'_>, path: PathBuf, state: &[u8]) -> PyResult<()> {
        folder::write(py, path, state)
    }

    /// Write a snapshot and begin a new journal.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.shared.store.checkpoint()).map_err(folder_error)
    }

    /// Write a snapshot and release the folder.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.shared.store.close()).map_err(folder_error)
    }

    /// Read what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, state: &[u8]) -> PyResult<Self> {
        let inner = py.detach(|| Controller::from_bytes(state)).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, Store::in_memory(inner)))
    }

    /// Everything needed to go on bit for bit, versioned and checksummed.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.shared.settled(py, Controller::to_bytes))
    }

    /// Whether nothing has happened yet.
    #[getter]
    fn is_new(&self, py: Python<'_>) -> bool {
        self.shared.read(py, Controller::is_new)
    }

    /// Whether this is a replica of a fleet: decisions not known here may be known to others.
    #[getter]
    fn is_replica(&self) -> bool {
        self.shared.replica.get().is_some()
    }

    /// The settings as they are now, as JSON.
    #[getter]
    fn config(&self, py: Python<'_>) -> String {
        self.shared.read(py, |controller| controller.config().to_json())
    }

    /// Choose a model for a request.
    #[pyo3(signature = (features=None, asked=None, shadow=None, given=None))]
    fn decide(
        &self,
        py: Python<'_>,
        features: Option<&Bound<'_, PyAny>>,
        asked: Option<&Bound<'_, PyDict>>,
        shadow: Option<(Bound<'_, PyAny>, f64)>,
        given: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyDecision> {
        let names = self.shared.names();
        let asked = Asked::read(&self.shared, &names, features, asked)?;
        let shadow = shadow
            .map(|(model, explore)| {
                Ok::<_, PyErr>(Shadow { model: names.index("shadow", &model)?, explore })
            })
            .transpose()?;
        let id = given.map_or_else(|| Ok(ids::fresh()), arguments::id)?;
        let request = Request { id, shadow, ..asked.request() };
        let mut decision = Decision::with_capacity(names.len());
        self.shared.enter(py, |controller| {
            self.shared.tell_time(controller, |known| known.check_request(&request))?;
            controller.decide(&request, &mut decision)
        })?;
        self.shared.delays.begin(id);
        // Looked up again: a model may have joined while this thread waited for the lock.
        Ok(PyDecision::new(decision, self.shared.names()))
    }

    /// What would be decided, with nothing changed.
    #[pyo3(signature = (features=None, asked=None))]
    fn predict(
        &self,
        py: Python<'_>,
        features: Option<&Bound<'_, PyAny>>,
        asked: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PyDecision> {
        let names = self.shared.names();
        let asked = Asked::read(&self.shared, &names, features, asked)?;
        let request = Request { id: ids::fresh(), ..asked.request() };
        let mut decision = Decision::with_capacity(names.len());
        let predicted = self.shared.read(py, |controller| {
            controller.predict(&request, self.shared.clock.seconds(), &mut decision)
        });
        predicted.map_err(|error| to_py(&error))?;
        Ok(PyDecision::new(decision, self.shared.names()))
    }

    /// Take in what became of a decision.
    #[pyo3(signature = (decision, satisfied=None, cost=None, latency=None, source=None, key=None, rater=None, replace=false, cached_tokens=None))]
    #[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
    fn observe(
        &self,
        py: Python<'_>,
        decision: &Bound<'_, PyAny>,
        satisfied: Option<&Bound<'_, PyAny>>,
        cost: Option<&Bound<'_, PyAny>>,
        latency: Option<&Bound<'_, PyAny>>,
        source: Option<&str>,
        key: Option<&Bound<'_, PyAny>>,
        rater: Option<&Bound<'_, PyAny>>,
        replace: bool,
        cached_tokens: Option<u32>,
    ) -> PyResult<()> {
        let (id, served) = arguments::decision(py, &self.shared, decision)?;
        let outcomes = outcome::gather(&self.shared.names(), served, satisfied, cost, latency)?;
        let feedback = Feedback {
            outcomes: &outcomes,
            source: source.unwrap_or(USER),
            key: key.map(|key| arguments::hash("id", key)).transpose()?,
            rater: rater.map(|rater| arguments::hash("rater", rater)).transpose()?,
            replace,
            cached_tokens,
        };
        self.shared.enter(py, |controller| {
            let checked =
                self.shared.tell_time(controller, |known| known.check_observation(id, &feedback));
            match checked.and_then(|()| controller.observe(id, feedback)) {
                Err(Error::UnknownDecision { .. }) if self.shared.replica.get().is_some() => {
                    controller.forward(id, &feedback)
                }
                result => result,
            }
        })?;
        self.shared.delays.end(id);
        Ok(())
    }

    /// Names of the service levels whose requests nobody has rated for long.
    fn unrated<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let levels = self.shared.read(py, |controller| {
            let levels = 0..controller.levels().len();
            levels.filter(|&level| controller.is_unrated(level)).collect::<Vec<_>>()
        });
        self.shared.levels.tuple(py, levels)
    }

    /// Take in that a call failed: the model, the chosen one by default, and the one to call instead.
    #[pyo3(signature = (decision, model=None, kind="error", retry_after=None))]
    fn fail<'py>(
        &self,
        py: Python<'py>,
        decision: &Bound<'py, PyAny>,
        model: Option<&Bound<'py, PyAny>>,
        kind: &str,
        retry_after: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyString>, Option<Bound<'py, PyString>>)> {
        let (id, chosen) = arguments::decision(py, &self.shared, decision)?;
        let names = self.shared.names();
        let model = model.map_or(Ok(chosen), |model| names.index("model", model))?;
        let kind =
            kind.parse::<Failure>().map_err(|error| InputError::new_err(error.to_string()))?;
        let retry_after = retry_after.map(arguments::seconds).transpose()?;
        let next = self.shared.enter(py, |controller| {
            controller.check_failure(id, model)?;
            controller.advance(self.shared.clock.seconds());
            self.shared.tell_time(controller, |_| Ok(()))?;
            controller.fail(id, model, kind, retry_after)
        })?;
        Ok((names.name(py, model), next.map(|next| names.name(py, next))))
    }

    /// Learn the rows of logged data: all of them, or none where one breaks a rule.
    ///
    /// NaN and zero tokens stand for what is not known. With metadata, which only a controller to
    /// which nothing has happened takes, the features are those it describes.
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
        data.check(py, &self.shared)?;
        if let Some(metadata) = metadata {
            self.shared.describe(py, metadata)?;
        }
        data.learn(py, &self.shared)
    }

    /// What is known of a decision, while it is held.
    fn pending<'py>(
        &self,
        py: Python<'py>,
        decision: &Bound<'py, PyAny>,
    ) -> PyResult<Option<PendingRecord<'py>>> {
        let id = arguments::id(decision)?;
        let found = self.shared.read(py, |controller| pending::find(controller, id));
        let (names, levels) = (self.shared.names(), &self.shared.levels);
        found.map(|found| PendingRecord::of(py, &found, &names, levels)).transpose()
    }

    /// Take a decision back.
    fn cancel(&self, py: Python<'_>, decision: &Bound<'_, PyAny>) -> PyResult<()> {
        let (id, _) = arguments::decision(py, &self.shared, decision)?;
        self.shared.enter(py, |controller| {
            self.shared.tell_time(controller, |known| known.check_cancellation(id))?;
            controller.cancel(id)
        })
    }

    /// Change what was agreed, as JSON says.
    fn amend(&self, py: Python<'_>, amendment: &str) -> PyResult<()> {
        let amendment =
            Amendment::from_json(amendment.as_bytes()).map_err(|error| to_py(&error))?;
        self.shared.enter(py, |controller| controller.amend(&amendment))
    }

    /// Learn from a request that was routed elsewhere; perhaps it counts as well.
    #[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
    #[pyo3(signature = (features, model, sla, input_tokens, satisfied, cost, latency, count))]
    fn learn_elsewhere(
        &self,
        py: Python<'_>,
        features: Option<&Bound<'_, PyAny>>,
        model: &Bound<'_, PyAny>,
        sla: Option<&Bound<'_, PyAny>>,
        input_tokens: Option<&Bound<'_, PyAny>>,
        satisfied: Option<&Bound<'_, PyAny>>,
        cost: Option<&Bound<'_, PyAny>>,
        latency: Option<&Bound<'_, PyAny>>,
        count: bool,
    ) -> PyResult<()> {
        let names = self.shared.names();
        let features = features.map(convert::features).transpose()?;
        let served = names.index("model", model)?;
        let outcomes = outcome::gather(&names, served, satisfied, cost, latency)?;
        let [outcome] = outcomes[..] else {
            return Err(InputError::new_err("satisfied: must be of one model, got several"));
        };
        let example = Example {
            features: features.as_deref(),
            input_tokens: input_tokens.map(convert::tokens).transpose()?,
            outcome,
        };
        if !count {
            return self.shared.enter(py, |controller| controller.warm_start(&example));
        }
        let level = arguments::level(&self.shared.levels, sla)?;
        self.shared.enter(py, |controller| {
            self.shared.tell_time(controller, |known| known.check_elsewhere(level, &example))?;
            controller.count_elsewhere(level, &example)
        })
    }

    /// Let a model join the zoo.
    fn add_model(&self, py: Python<'_>, model: &str) -> PyResult<()> {
        let _one_by_one = self.shared.one_by_one(py);
        let model = ModelSpec::from_json(model).map_err(|error| to_py(&error))?;
        // Named before it can be chosen, so that no decision speaks of a model without a name.
        let known = self.shared.names();
        self.shared.set_names(known.with(py, &model.name));
        let change = ZooChange::Add { model };
        let result = self.shared.enter(py, |controller| controller.change_zoo(&change));
        self.shared.follow_zoo(py);
        result
    }

    /// Let a model leave the zoo.
    fn remove_model(&self, py: Python<'_>, model: &Bound<'_, PyAny>) -> PyResult<()> {
        let _one_by_one = self.shared.one_by_one(py);
        let index = self.shared.names().index("model", model)?;
        let change = ZooChange::Remove { index };
        self.shared.enter(py, |controller| controller.change_zoo(&change))?;
        self.shared.follow_zoo(py);
        Ok(())
    }

    /// Change the listed cost of a model.
    fn reprice(&self, py: Python<'_>, model: &Bound<'_, PyAny>, cost: &str) -> PyResult<()> {
        let index = self.shared.names().index("model", model)?;
        let cost = ListedCost::from_json(cost).map_err(|error| to_py(&error))?;
        let change = ZooChange::Reprice { index, cost };
        self.shared.enter(py, |controller| controller.change_zoo(&change))
    }

    /// Change what a model can serve, as the JSON of a model says.
    fn equip(&self, py: Python<'_>, model: &str) -> PyResult<()> {
        let ModelSpec { name, max_input_tokens, supports, .. } =
            ModelSpec::from_json(model).map_err(|error| to_py(&error))?;
        let index = self.shared.names().index("model", PyString::new(py, &name).as_any())?;
        let change = ZooChange::Equip { index, max_input_tokens, supports };
        self.shared.enter(py, |controller| controller.change_zoo(&change))
    }

    /// Let time pass until `now`, in seconds since 1970.
    fn advance(&self, py: Python<'_>, now: u64) -> PyResult<()> {
        self.shared.enter(py, |controller| {
            controller.advance(now);
            Ok(())
        })
    }

    /// Every counter.
    fn report(&self, py: Python<'_>) -> CoreReport {
        let state_errors = folder::failures(self.shared.store.failures());
        self.shared.settled(py, |controller| CoreReport::of(controller, state_errors))
    }

    /// What happened in the latest minutes, hours and days.
    fn calendar(&self, py: Python<'_>) -> CoreCalendar {
        self.shared.settled(py, CoreCalendar::of)
    }

    /// How long feedback took to come, in this process.
    fn feedback_delays(&self) -> Reading {
        self.shared.delays.histogram.read()
    }
}
