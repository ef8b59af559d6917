//! Streams of requests for the benchmarks.

use messplus_core::{
    Agreement, Config, Controller, Decision, ModelSpec, Operation, Outcome, PolicyConfig, Request,
};

/// Decisions kept pending, and the length of one timed chunk.
pub const CHUNK: usize = 1024;

/// A controller in the middle of a synthetic stream.
#[derive(Debug)]
pub struct Stream {
    controller: Controller,
    prompts: Vec<Vec<f32>>,
    decision: Decision,
    next: u128,
}

impl Stream {
    /// `n_models` models, cheapest first, and `n_features` features; a thousand requests are behind.
    ///
    /// # Panics
    ///
    /// Never: the settings are valid.
    pub fn new(policy: PolicyConfig, n_models: usize, n_features: usize) -> Self {
        if cfg!(debug_assertions) {
            eprintln!("benchmarks need a release build: their times would mean nothing");
            std::process::exit(2);
        }
        let models =
            (0..n_models).map(|model| ModelSpec::new(format!("m{model}"), 1.0 + model as f64));
        let config = Config {
            models: models.collect(),
            agreement: Agreement::target(0.8),
            switching_cost: 0.0,
            n_features,
            policy,
            seed: 1,
            pending_capacity: CHUNK,
            operation: Operation::default(),
            metadata: String::new(),
        };
        let controller = Controller::new(config.try_into().expect("settings in range"));
        // Unit-length pseudo-random prompts from a Weyl sequence.
        let scale = 1.7 / (n_features.max(1) as f32).sqrt();
        let prompts = (0..64_u32).map(|row| {
            (0..n_features as u32)
                .map(|column| ((row * 7919 + column) as f32 * 0.618_034).fract() - 0.5)
                .map(|x| 2.0 * x * scale)
                .collect()
        });
        let prompts = prompts.collect();
        let decision = Decision::with_capacity(n_models);
        let mut stream = Self { controller, prompts, decision, next: 0 };
        for _ in 0..1000 {
            stream.decide();
            stream.observe(stream.next - 1);
        }
        stream
    }

    /// Decide on the next request.
    ///
    /// # Panics
    ///
    /// Never: the request is valid.
    pub fn decide(&mut self) {
        let features = &self.prompts[self.next as usize % self.prompts.len()];
        // An odd multiplier spreads the counter over the id's low bits, as random ids are.
        let id = self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let request = Request { id, features: Some(features), ..Request::default() };
        self.controller.decide(&request, &mut self.decision).expect("a valid request");
        self.next += 1;
    }

    /// Report satisfaction and cost of a request decided earlier.
    ///
    /// # Panics
    ///
    /// If the request is not pending.
    pub fn observe(&mut self, request: u128) {
        let id = request.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let model = self.controller.served(id).expect("pending");
        let satisfaction = if request % 10 < 7 + model as u128 % 3 { 1.0 } else { 0.0 };
        let outcome = Outcome {
            model,
            satisfaction: Some(satisfaction),
            cost: Some(1.0 + model as f64),
            latency: None,
        };
        self.controller.observe(id, &[outcome]).expect("a valid outcome");
    }

    /// Requests decided so far.
    pub fn decided(&self) -> u128 {
        self.next
    }
}
