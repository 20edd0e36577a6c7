//! `discord-openapi LOG`: holds a log of discord-sim (`GET /_sim/log`) against Discord's own description.
//! Exits 0 if all fits or the description is not at hand, 1 if something does not fit, 64 on wrong use.

use std::{env, fs, process::ExitCode};

use discord_openapi::OpenApi;

fn main() -> ExitCode {
    let Some(path) = env::args().nth(1) else {
        eprintln!("usage: discord-openapi LOG");
        return ExitCode::from(64);
    };
    let log = match fs::read_to_string(&path).map(|text| serde_json::from_str(&text)) {
        Ok(Ok(log)) => log,
        Ok(Err(error)) => return refuse(&format!("{path} is no JSON: {error}")),
        Err(error) => return refuse(&format!("{path}: {error}")),
    };
    let Some(description) = OpenApi::load() else { return ExitCode::SUCCESS };
    let violations = description.check_log(&log);
    for violation in &violations {
        println!("{violation:?}");
    }
    println!("{} exchanges, {} violations", log.as_array().map_or(0, Vec::len), violations.len());
    ExitCode::from(u8::from(!violations.is_empty()))
}

fn refuse(reason: &str) -> ExitCode {
    eprintln!("discord-openapi: {reason}");
    ExitCode::from(64)
}
