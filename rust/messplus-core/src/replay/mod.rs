//! Replay of recorded outcomes: what a controller would have chosen, and what that would have cost.

mod table;

pub use table::OutcomeTable;

use crate::config::ValidConfig;
use crate::controller::Controller;
use crate::error::Result;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Outcome, Reason, Request};

/// What happened to each request of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Model that served.
    pub model: Vec<u8>,
    /// Recorded satisfaction with its answer, rated or not.
    pub satisfaction: Vec<f64>,
    /// Cost of the step: of the serving model and of those queried as well.
    pub cost: Vec<f64>,
    /// Whether the request was picked for exploration.
    pub explored: Vec<bool>,
    /// Probability with which the model was to serve.
    pub propensity: Vec<f64>,
    /// Backlog of the virtual queue after the step.
    pub backlog: Vec<f64>,
}

/// A controller on its way through an outcome table.
#[derive(Debug)]
pub struct Replay<'a> {
    table: OutcomeTable<'a>,
    controller: Controller,
    decision: Decision,
    outcomes: Vec<Outcome>,
    also_query: Vec<ModelSet>,
    trace: Trace,
}

impl<'a> Replay<'a> {
    /// A fresh controller before the first request of a table.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) or [`Error::Input`](crate::Error::Input) for arrays that
    /// do not fit together, rows or models that do not exist, and logged data the controller refuses.
    pub fn new(config: ValidConfig, table: OutcomeTable<'a>) -> Result<Self> {
        let (n_models, n_features) = (config.models.len(), config.n_features);
        table.check(n_models, n_features)?;
        let n_requests = table.order.len();
        let mut controller = Controller::new(config);
        for (&row, &model) in table.past.iter().zip(table.past_models) {
            controller.warm_start(&table.example(row as usize, model as usize, n_models))?;
        }
        Ok(Self {
            table,
            controller,
            decision: Decision::with_capacity(n_models),
            outcomes: Vec::with_capacity(n_models),
            also_query: Vec::with_capacity(n_requests),
            trace: Trace {
                model: Vec::with_capacity(n_requests),
                satisfaction: Vec::with_capacity(n_requests),
                cost: Vec::with_capacity(n_requests),
                explored: Vec::with_capacity(n_requests),
                propensity: Vec::with_capacity(n_requests),
                backlog: Vec::with_capacity(n_requests),
            },
        })
    }

    /// Requests decided so far.
    pub fn done(&self) -> usize {
        self.trace.model.len()
    }

    /// Go on by at most `steps` requests; `false` once the stream has ended.
    ///
    /// # Errors
    ///
    /// Where the controller refuses a row, such as one without a usable model.
    pub fn advance(&mut self, steps: usize) -> Result<bool> {
        let end = self.table.order.len().min(self.done().saturating_add(steps));
        for t in self.done()..end {
            self.step(t)?;
        }
        Ok(end < self.table.order.len())
    }

    /// Deliver the ratings still to come; return what happened and the controller.
    ///
    /// # Errors
    ///
    /// Where the controller refuses a rating: out of range, or of a decision evicted meanwhile.
    pub fn finish(mut self) -> Result<(Trace, Controller)> {
        let done = self.done();
        for t in done.saturating_sub(self.table.delay)..done {
            self.rate(t)?;
        }
        Ok((self.trace, self.controller))
    }

    fn step(&mut self, t: usize) -> Result<()> {
        let (k, m) = (self.controller.config().n_features, self.controller.config().models.len());
        let row = self.table.order[t] as usize;
        let scores = &self.table.scores[row * m..][..m];
        let costs = &self.table.costs[row * m..][..m];
        let request = Request {
            id: t as u128,
            features: Some(&self.table.features[row * k..][..k]),
            input_tokens: self.table.input_tokens(row),
            costs: None,
            allowed: Some((0..m).filter(|&model| !scores[model].is_nan()).collect()),
            ..Request::default()
        };
        self.controller.decide(&request, &mut self.decision)?;
        let Decision { model, also_query, reason, .. } = self.decision;
        self.outcomes.clear();
        self.outcomes.extend(also_query.with(model).iter().map(|model| Outcome {
            model,
            satisfaction: None,
            cost: Some(costs[model]),
            latency: None,
        }));
        self.trace.model.push(model as u8);
        self.trace.satisfaction.push(scores[model]);
        self.trace.cost.push(also_query.with(model).iter().map(|model| costs[model]).sum());
        self.trace.explored.push(reason == Reason::Explore);
        self.trace.propensity.push(self.decision.propensity);
        self.also_query.push(also_query);
        if self.table.delay == 0 && self.table.rated[t] {
            for outcome in &mut self.outcomes {
                outcome.satisfaction = Some(scores[outcome.model]);
            }
        }
        self.controller.observe(t as u128, &self.outcomes)?;
        if let Some(earlier) = t.checked_sub(self.table.delay).filter(|&earlier| earlier < t) {
            self.rate(earlier)?;
        }
        self.trace.backlog.push(self.controller.levels()[0].backlog());
        Ok(())
    }

    /// Deliver the rating of request `t` after its cost.
    fn rate(&mut self, t: usize) -> Result<()> {
        if !self.table.rated[t] {
            return Ok(());
        }
        let m = self.controller.config().models.len();
        let scores = &self.table.scores[self.table.order[t] as usize * m..][..m];
        let queried = self.also_query[t].with(self.trace.model[t].into());
        self.outcomes.clear();
        self.outcomes.extend(queried.iter().map(|model| Outcome {
            model,
            satisfaction: Some(scores[model]),
            cost: None,
            latency: None,
        }));
        self.controller.observe(t as u128, &self.outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::{OutcomeTable, Replay, Trace};
    use crate::config::{Config, Operation, ValidConfig};
    use crate::error::Error;
    use crate::policy::paper::PaperConfig;
    use crate::policy::presets::PolicyConfig;
    use crate::types::agreement::Agreement;
    use crate::types::zoo::ModelSpec;

    const SCORES: [f64; 8] = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, f64::NAN, 1.0];
    const COSTS: [f64; 8] = [1.0, 4.0, 1.0, 4.0, 1.0, 4.0, f64::NAN, 4.0];

    fn config(exploration: f64) -> ValidConfig {
        let policy =
            PolicyConfig::Paper(PaperConfig { v: 1.0, exploration, ..PaperConfig::default() });
        Config {
            models: vec![ModelSpec::new("small", 1.0), ModelSpec::new("large", 4.0)],
            agreement: Agreement::target(0.75),
            switching_cost: 0.0,
            n_features: 0,
            policy,
            seed: 1,
            pending_capacity: 64,
            operation: Operation::default(),
            metadata: String::new(),
        }
        .try_into()
        .expect("valid")
    }

    fn table<'a>(order: &'a [u32], rated: &'a [bool], delay: usize) -> OutcomeTable<'a> {
        OutcomeTable {
            features: &[],
            input_tokens: &[],
            scores: &SCORES,
            costs: &COSTS,
            order,
            rated,
            delay,
            past: &[],
            past_models: &[],
        }
    }

    fn run(exploration: f64, table: OutcomeTable<'_>, chunk: usize) -> (Trace, f64) {
        let mut replay = Replay::new(config(exploration), table).expect("valid");
        while replay.advance(chunk).expect("valid") {}
        let (trace, controller) = replay.finish().expect("valid");
        (trace, controller.levels()[0].backlog())
    }

    #[test]
    fn serves_the_cheapest_usable_model_while_nothing_is_owed() {
        let (trace, backlog) = run(0.0, table(&[0, 1, 3], &[true; 3], 0), 9);
        assert_eq!(trace.model, [0, 0, 1]);
        assert_eq!(trace.satisfaction, [1.0, 0.0, 1.0]);
        assert_eq!(trace.cost, [1.0, 1.0, 4.0]);
        assert_eq!(trace.backlog, [0.0, 0.75, 0.5]);
        assert_eq!(backlog, 0.5);
    }

    #[test]
    fn counts_the_cost_of_every_model_an_exploration_queries() {
        // c = 100 makes the exploration probability one.
        let (trace, _) = run(100.0, table(&[0, 1, 2, 3], &[true; 4], 0), 9);
        assert_eq!(trace.cost, [5.0, 5.0, 5.0, 4.0]);
        assert_eq!(trace.explored, [true, true, true, false]);
        assert_eq!(trace.satisfaction, [1.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn late_ratings_arrive_and_unrated_requests_do_not_count() {
        let order = [1, 1, 1, 0];
        let rated = [true, false, true, true];
        let (trace, backlog) = run(0.0, table(&order, &rated, 2), 9);
        assert_eq!(trace.backlog[..3], [0.0, 0.0, 0.75]);
        assert_eq!(backlog, run(0.0, table(&order, &rated, 0), 9).1);
    }

    #[test]
    fn an_old_log_is_learned_before_the_stream() {
        let stream = table(&[0, 1], &[true; 2], 0);
        let past = OutcomeTable { past: &[2, 1], past_models: &[1, 0], ..stream };
        let labels = |table| {
            let mut replay = Replay::new(config(0.0), table).expect("valid");
            replay.advance(9).expect("valid");
            let (trace, controller) = replay.finish().expect("valid");
            (trace.model.len(), controller.stats().rated(), controller.to_bytes())
        };
        let ((steps, rated, with), (_, _, without)) = (labels(past), labels(stream));
        assert_eq!((steps, rated), (2, 2));
        assert_ne!(with, without);
        let bad = OutcomeTable { past_models: &[1, 2], ..past };
        let error = Replay::new(config(0.0), bad).expect_err("model 2");
        assert_eq!(error.to_string(), "past_models: must be in the zoo, got 2");
    }

    #[test]
    fn chunks_change_nothing() {
        let order: Vec<u32> = (0..40).map(|t| t * 7 % 4).collect();
        let table = table(&order, &[true; 40], 3);
        assert_eq!(run(0.5, table, 1), run(0.5, table, 1000));
    }

    #[test]
    fn refuses_arrays_that_do_not_fit() {
        let order = [4];
        let error = Replay::new(config(0.0), table(&order, &[true], 0)).expect_err("row 4");
        assert_eq!(error.to_string(), "order: must be a row of the outcome table, got 4");
        let error = Replay::new(config(0.0), table(&[0], &[], 0)).expect_err("no mask");
        assert_eq!(error, Error::Shape { field: "rated", expected: 1, found: 0 });
    }
}
