//! Vigie as a whole, in one test binary.

mod config;
mod hooks;
mod pages;
mod server;
mod site;
