//! Saved files of every format load forever.

use messplus_offload::{Agent, Algorithm, Conversation, OffloadRouter};

macro_rules! saved {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/data/offload_v1_", $name, ".bin")).as_slice()
    };
}

#[test]
fn a_saved_router_is_the_same_router() {
    let router = OffloadRouter::from_bytes(saved!("router")).unwrap();
    assert_eq!((router.config().modalities, router.config().tasks, router.seen()), (2, 2, 121));
    assert_eq!(router.to_bytes(), saved!("router"));
}

#[test]
fn a_saved_conversation_goes_on() {
    let mut router = OffloadRouter::from_bytes(saved!("router")).unwrap();
    let mut conversation = Conversation::from_bytes(saved!("conversation")).unwrap();
    assert_eq!(conversation.to_bytes(), saved!("conversation"));
    assert_eq!(conversation.turn(), 1);
    // Its second decision awaits a record.
    assert!(router.decide(&mut conversation, 0, None).is_err());
    router.record(&mut conversation, 0.5, 0.001, Some(1.0)).unwrap();
    assert!(router.decide(&mut conversation, 0, None).is_ok());
}

#[test]
fn a_saved_agent_is_the_same_agent() {
    let agent = Agent::from_bytes(saved!("agent")).unwrap();
    assert_eq!((agent.algorithm(), agent.shape()), (Algorithm::A2c, (2, 2, 5)));
    assert_eq!(agent.to_bytes(), saved!("agent"));
}
