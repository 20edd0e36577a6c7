//! Whole-program tests at the wire.

mod scripted;
mod session;
