//! Whatever settings are accepted, and whatever happens then: the state can be saved and read back.

use std::num::NonZeroU32;

use messplus_core::{
    Agreement, Config, Controller, Decision, DefaultConfig, EpsilonGreedyConfig, Example, Limit,
    ListedCost, Missing, ModelSpec, Objective, Operation, Outcome, PaperConfig, PolicyConfig,
    Request, Resource, ServiceLevel, SgdConfig, TokenPrice, ValidConfig, ZooChange,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::{option, prop_oneof};

/// Numbers `>= 0` of every magnitude, most of them near what any rule accepts.
fn magnitude() -> impl Strategy<Value = f64> {
    let named = [0.0, 5e-324, 1e-320, 1e-300, 1e-18, 1e-12, 1.0, 1e12, 1e18, f64::MAX];
    prop_oneof![
        1 => (-324.0..308.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        8 => (-18.0..18.0_f64).prop_map(|exponent| 10_f64.powf(exponent)),
        1 => prop::sample::select(named.to_vec()),
    ]
}

/// Numbers in `[0, 1]` that lean to both ends.
fn share() -> impl Strategy<Value = f64> {
    let small = || (-324.0..0.0_f64).prop_map(|exponent| 10_f64.powf(exponent));
    prop_oneof![0.0..=1.0_f64, small(), small().prop_map(|x| 1.0 - x)]
}

fn listed() -> impl Strategy<Value = ListedCost> {
    let tokens = || (0.0..=9.0_f64).prop_map(|exponent| 10_f64.powf(exponent));
    prop_oneof![
        magnitude().prop_map(ListedCost::from),
        (magnitude(), magnitude(), tokens(), tokens()).prop_map(
            |(input, output, output_tokens, input_tokens)| ListedCost::PerToken(TokenPrice {
                input,
                output,
                output_tokens,
                input_tokens,
                cached_input: (input > 1.0).then_some(input / 2.0),
            })
        ),
    ]
}

fn policy() -> impl Strategy<Value = PolicyConfig> {
    prop_oneof![
        3 => (magnitude(), magnitude(), 0.9..=1.0).prop_map(|(exploration, credit, forgetting)| {
            PolicyConfig::Default(DefaultConfig { exploration, credit, forgetting })
        }),
        1 => (share(), magnitude()).prop_map(|(epsilon, credit)| {
            PolicyConfig::EpsilonGreedy(EpsilonGreedyConfig { epsilon, credit })
        }),
        2 => (magnitude(), magnitude(), magnitude(), share(), share(), magnitude()).prop_map(
            |(v, exploration, lr, momentum, l2, clip)| PolicyConfig::Paper(PaperConfig {
                v,
                exploration,
                sgd: SgdConfig { lr, momentum, l2, clip },
            })
        ),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Decide {
        features: Option<[f32; 3]>,
        tokens: u32,
        cost: Option<f64>,
        level: usize,
    },
    Observe {
        back: u128,
        model: usize,
        satisfaction: Option<f64>,
        cost: Option<f64>,
        latency: Option<f64>,
    },
    WarmStart {
        features: [f32; 3],
        model: usize,
        satisfaction: f64,
        cost: Option<f64>,
    },
    Add(ListedCost),
    Reprice(usize, ListedCost),
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let feature = prop_oneof![
        -1.0..1.0_f32,
        (-45.0..38.0_f32).prop_map(|exponent| 10_f32.powf(exponent)),
        (-45.0..38.0_f32).prop_map(|exponent| -10_f32.powf(exponent)),
        Just(f32::MAX),
    ];
    let features = [feature.clone(), feature.clone(), feature];
    prop_oneof![
        6 => (option::of(features.clone()), any::<u32>(), option::of(magnitude()), 0..2_usize)
            .prop_map(|(features, tokens, cost, level)| Step::Decide { features, tokens, cost, level }),
        6 => (0..4_u128, 0..4_usize, option::of(share()), option::of(magnitude()), option::of(magnitude()))
            .prop_map(|(back, model, satisfaction, cost, latency)| Step::Observe {
                back, model, satisfaction, cost, latency
            }),
        2 => (features, 0..4_usize, share(), option::of(magnitude()))
            .prop_map(|(features, model, satisfaction, cost)| Step::WarmStart {
                features, model, satisfaction, cost
            }),
        1 => listed().prop_map(Step::Add),
        1 => (0..4_usize, listed()).prop_map(|(model, cost)| Step::Reprice(model, cost)),
        1 => prop_oneof![0..1000_u64, any::<u64>()].prop_map(Step::Advance),
    ]
}

fn run(controller: &mut Controller, step: &Step, decision: &mut Decision) {
    // What breaks a rule is refused; only what is let in concerns us.
    let _ = match step {
        Step::Decide { features, tokens, cost, level } => controller.decide(
            &Request {
                id: u128::from(controller.step()),
                features: features.as_ref().map(<[f32; 3]>::as_slice),
                input_tokens: NonZeroU32::new(*tokens),
                costs: cost.as_ref().map(|_| std::slice::from_ref(cost)),
                level: *level,
                ..Request::default()
            },
            decision,
        ),
        &Step::Observe { back, model, satisfaction, cost, latency } => controller.observe(
            u128::from(controller.step()).saturating_sub(1 + back),
            &[Outcome { model, satisfaction, cost, latency }],
        ),
        Step::WarmStart { features, model, satisfaction, cost } => {
            controller.warm_start(&Example {
                features: Some(features),
                input_tokens: None,
                outcome: Outcome {
                    model: *model,
                    satisfaction: Some(*satisfaction),
                    cost: *cost,
                    latency: None,
                },
            })
        }
        Step::Add(cost) => controller.change_zoo(&ZooChange::Add {
            model: ModelSpec { cost: cost.clone(), ..ModelSpec::new("joined", 1.0) },
        }),
        Step::Reprice(model, cost) => {
            controller.change_zoo(&ZooChange::Reprice { index: *model, cost: cost.clone() })
        }
        Step::Advance(now) => {
            controller.advance(*now);
            Ok(())
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_global_rejects: 1 << 20,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_accepted_can_be_saved_and_read_back(
        models in vec((listed(), option::of(share())), 1..4),
        targets in vec(share(), 2),
        limits in (option::of(magnitude()), option::of(magnitude())),
        satisfaction in any::<bool>(),
        switching_cost in magnitude(),
        policy in policy(),
        missing in prop::sample::select(vec![Missing::Ignore, Missing::Predicted, Missing::Unsatisfied]),
        pending_age in option::of(1..u64::MAX),
        audit in share(),
        steps in vec(step(), 0..40),
    ) {
        let limit = |resource, mean: Option<f64>| mean.map(|mean| Limit { resource, mean });
        let config = Config {
            models: models.into_iter().enumerate().map(|(index, (cost, quality))| {
                ModelSpec { quality, cost, ..ModelSpec::new(format!("m{index}"), 1.0) }
            }).collect(),
            agreement: Agreement {
                levels: targets.iter().enumerate().map(|(index, &alpha)| {
                    ServiceLevel::new(format!("l{index}"), alpha)
                }).collect(),
                limits: limit(Resource::Cost, limits.0).into_iter().chain(limit(Resource::Latency, limits.1)).collect(),
                objective: if satisfaction { Objective::Satisfaction } else { Objective::Cost },
            },
            switching_cost,
            n_features: 3,
            policy,
            seed: 1,
            pending_capacity: 5,
            operation: Operation { pending_age, missing, audit, ..Operation::default() },
            metadata: String::new(),
        };
        let Ok(config) = ValidConfig::try_from(config) else {
            return Err(TestCaseError::reject("refused"));
        };
        let mut controller = Controller::new(config);
        let mut decision = Decision::with_capacity(4);
        for step in std::iter::once(&Step::Advance(0)).chain(&steps) {
            run(&mut controller, step, &mut decision);
            let bytes = controller.to_bytes();
            let read = Controller::from_bytes(&bytes).map(|controller| controller.to_bytes());
            prop_assert!(read == Ok(bytes), "{:?} after {step:?}", read.err());
        }
    }
}

/// Each of these was accepted once, and what it led to could not be read back.
#[test]
fn amounts_too_small_to_reckon_with_are_refused() {
    let valid = || Config {
        models: vec![ModelSpec::new("a", 1.0), ModelSpec::new("b", 1e4)],
        agreement: Agreement::target(0.7),
        switching_cost: 0.0,
        n_features: 0,
        policy: PolicyConfig::Default(DefaultConfig::default()),
        seed: 0,
        pending_capacity: 1,
        operation: Operation::default(),
        metadata: String::new(),
    };
    let refusal = |change: &dyn Fn(&mut Config)| {
        let mut config = valid();
        change(&mut config);
        ValidConfig::try_from(config).expect_err("refused").to_string()
    };
    assert_eq!(
        refusal(&|config| config.models[0].cost = 1e-320.into()),
        "models[0].cost: must be 0 or in [1e-18, 1e18], got 1e-320"
    );
    let price = TokenPrice {
        input: 1e-300,
        output: 1.0,
        output_tokens: 1.0,
        input_tokens: 1.0,
        cached_input: None,
    };
    assert_eq!(
        refusal(&|config| config.models[0].cost = ListedCost::PerToken(price.clone())),
        "models[0].cost.input: must be 0 or in [1e-12, 1e12], got 1e-300"
    );
    let limit = Limit { resource: Resource::Cost, mean: 1e-300 };
    assert_eq!(
        refusal(&|config| config.agreement.limits = vec![limit.clone()]),
        "limits[0].mean: must be in [1e-18, 1e18], got 1e-300"
    );
    ValidConfig::try_from(valid()).expect("valid");
}
