//! What the manual says about JSON that comes in, looked up rule by rule in the types of a contract.
//! Slow, and nothing of the runtime is used.

pub(crate) mod documents;
pub(crate) mod places;
pub(crate) mod rules;
pub(crate) mod sent;
pub(crate) mod shape;
