//! The policies there are.

use serde::{Deserialize, Serialize};

use super::Preset;
use super::default::DefaultConfig;
use super::epsilon_greedy::EpsilonGreedyConfig;
use super::paper::PaperConfig;

/// One variant per policy; JSON names it by the key `preset`, in kebab case.
macro_rules! presets {
    ($($(#[$doc:meta])* $preset:ident($config:ident),)+) => {
        /// How requests are routed.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "preset", rename_all = "kebab-case")]
        pub enum PolicyConfig {
            $($(#[$doc])* $preset($config),)+
        }

        impl PolicyConfig {
            pub(crate) fn preset(&self) -> &dyn Preset {
                match self {
                    $(Self::$preset(config) => config,)+
                }
            }
        }
    };
}

presets! {
    /// MESS+ as published (arXiv 2505.19947).
    Paper(PaperConfig),
    /// Bayesian heads, predicted costs and a multiplier without a scale.
    Default(DefaultConfig),
    /// Ridge regression and a fixed share of exploration: a baseline.
    EpsilonGreedy(EpsilonGreedyConfig),
}
