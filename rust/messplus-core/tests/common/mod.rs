//! Small zoos for the laws.

use messplus_core::{Agreement, Config, Controller, ModelSpec, Operation, PolicyConfig};

/// Length of every feature vector here.
pub const N_FEATURES: usize = 3;

/// A policy over models of these listed costs.
pub fn config(costs: &[f64], policy: PolicyConfig, seed: u64) -> Config {
    let name = |index: usize| format!("model-{index}");
    let models = costs.iter().enumerate();
    Config {
        models: models.map(|(index, &cost)| ModelSpec::new(name(index), cost)).collect(),
        agreement: Agreement::target(0.7),
        switching_cost: 0.0,
        n_features: N_FEATURES,
        policy,
        seed,
        pending_capacity: 8,
        operation: Operation::default(),
        metadata: String::new(),
    }
}

pub fn controller(config: Config) -> Controller {
    Controller::new(config.try_into().expect("settings in range"))
}
