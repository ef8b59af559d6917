//! Decisions that were made before are made again as they were.

mod common;

use messplus_core::{Controller, Decision, DefaultConfig, ModelSet, PolicyConfig, Request};

fn controller() -> Controller {
    let policy = PolicyConfig::Default(DefaultConfig::default());
    common::controller(common::config(&[0.1, 1.0], policy, 3))
}

#[test]
fn what_would_be_chosen_is_chosen_bit_for_bit() {
    let (mut first, mut again) = (controller(), controller());
    let (mut made, mut redone) = (Decision::with_capacity(2), Decision::with_capacity(2));
    for id in 1..50 {
        let request = Request { id, ..Request::default() };
        first.decide(&request, &mut made).expect("a valid request");
        assert_eq!(again.redo(&request, made.model, &mut redone), Ok(true));
        assert_eq!(made, redone);
    }
    assert!(first.to_bytes() == again.to_bytes());
}

#[test]
fn another_model_serves_as_before_and_is_the_one_credited() {
    let mut controller = controller();
    let mut decision = Decision::with_capacity(2);
    let request = Request { id: 1, ..Request::default() };
    controller.clone().decide(&request, &mut decision).expect("a valid request");
    let served = 1 - decision.model;
    assert_eq!(controller.redo(&request, served, &mut decision), Ok(false));
    assert_eq!((decision.model, decision.ranking[0]), (served, served));
    assert_eq!(controller.served(1), Some(served));
    let before = controller.to_bytes();
    let only = Request { id: 2, allowed: Some(ModelSet::from_bits(1)), ..Request::default() };
    assert!(controller.redo(&only, 1, &mut decision).is_err());
    assert!(controller.to_bytes() == before);
}

#[test]
fn a_model_that_is_no_longer_affordable_serves_as_before() {
    let mut controller = controller();
    let mut decision = Decision::with_capacity(2);
    let request = Request { id: 1, max_cost: Some(0.5), ..Request::default() };
    assert_eq!(controller.redo(&request, 1, &mut decision), Ok(false));
    assert_eq!((decision.model, decision.ranking.as_slice()), (1, [1, 0].as_slice()));
    assert_eq!(controller.served(1), Some(1));
}
