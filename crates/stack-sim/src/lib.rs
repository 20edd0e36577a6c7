//! The programs that report to Vigie, as far as its demo and its tests need them. Invariant: what a
//! simulated program says is what the real one says in the version named there; nothing is random, so that
//! the same story gives the same bodies.

pub mod alertmanager;
pub mod gitea;
pub mod hooks;
pub mod programs;
pub mod systemd;
pub mod woodpecker;
