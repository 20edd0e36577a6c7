//! The simulator as its users see it: over HTTP and web sockets.

mod control;
mod faults;
mod gateway;
mod interactions;
mod limits;
mod rest;
mod serenity;
mod support;
