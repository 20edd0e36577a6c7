//! Where events come in: a webhook is read whole, proven, understood and stored, in this order.

pub mod body;
pub mod client;
pub mod endpoint;
pub mod gitea;
pub mod signature;
pub mod tally;
