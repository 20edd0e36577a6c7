//! Where events come in.

pub mod gitea;
