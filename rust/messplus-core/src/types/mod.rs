//! What callers hand in and get back.

pub(crate) mod agreement;
pub(crate) mod amendment;
pub(crate) mod feedback;
pub(crate) mod model_set;
pub(crate) mod name;
pub(crate) mod price;
pub(crate) mod randomisation;
pub(crate) mod ranking;
pub(crate) mod request;
pub(crate) mod served;
pub(crate) mod shadow;
pub(crate) mod zoo;
