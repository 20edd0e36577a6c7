//! The command line. Invariants: it only says what was asked for; exit codes are those of sysexits(3);
//! what is meant for a program to read goes to stdout, what is meant for a person to stderr.

mod explain;

use std::{
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

pub use self::explain::explain_route;
use crate::{
    config::{self, ConfigError, Files},
    telemetry::LogFormat,
};

/// The command line was wrong (`EX_USAGE`).
pub const USAGE: u8 = 64;
/// What was given to be read is not what it should be (`EX_DATAERR`).
pub const DATA: u8 = 65;
/// A file that was to be read can't be (`EX_NOINPUT`).
pub const INPUT: u8 = 66;
/// Something that Vigie needs is not to be had, such as its port (`EX_UNAVAILABLE`).
pub const UNAVAILABLE: u8 = 69;
/// Vigie itself failed (`EX_SOFTWARE`).
pub const INTERNAL: u8 = 70;
/// The store can not be opened (`EX_IOERR`).
pub const STORE: u8 = 74;
/// The configuration is wrong (`EX_CONFIG`).
pub const CONFIG: u8 = 78;

/// The lookout of your forge: tells a team on Discord what happens, loses nothing.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, propagate_version = true)]
pub struct Cli {
    /// The form of the log, which goes to stderr; `RUST_LOG` sets what is logged.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take webhooks and tell Discord.
    Run {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a configuration without network or ports, and name every mistake.
    CheckConfig {
        /// The configuration.
        file: PathBuf,
        /// Leave out whether the files that it names exist.
        #[arg(long)]
        no_files: bool,
    },
    /// Say which route takes a sample body, and why the ones before it do not: no network, no secrets.
    ExplainRoute(Sample),
    /// Run against a Discord of its own, which a page shows: no token, no network.
    Demo {
        /// Where the page is served, as IP:PORT; port 0 takes a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
        /// Play a scripted scenario without a page; success only if every expected message came.
        #[arg(long)]
        once: bool,
    },
}

/// What `explain-route` explains.
#[derive(Debug, Args)]
pub struct Sample {
    /// The configuration.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Who would send the body: gitea, alertmanager, grafana, kuma, woodpecker, deploy, systemd or generic.
    #[arg(long, value_name = "NAME")]
    pub source: String,
    /// The kind of event that Gitea names in its header X-Gitea-Event-Type, such as `push`.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Which of the generic hooks it would be sent to.
    #[arg(long, value_name = "HOOK")]
    pub name: Option<String>,
    /// The file with the body; - is stdin.
    pub body: PathBuf,
}

/// The parsed command line, or the exit code of what was printed instead (help, version, a mistake).
pub fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| {
        // Whoever closed the terminal does not read the rest.
        let _ = error.print();
        ExitCode::from(if error.use_stderr() { USAGE } else { 0 })
    })
}

/// `vigie check-config`: says what it finds; succeeds if there is no mistake.
pub fn check_config(
    file: &Path,
    files: Files,
    out: &mut impl Write,
    err: &mut impl Write,
) -> std::io::Result<ExitCode> {
    match config::check(file, files) {
        Ok(warnings) => {
            for warning in &warnings {
                writeln!(err, "warning: {warning}")?;
            }
            writeln!(out, "{}: ok", file.display())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            report(&error, err)?;
            Ok(ExitCode::from(CONFIG))
        }
    }
}

/// Says everything that is wrong with a configuration, one line a mistake.
pub fn report(error: &ConfigError, err: &mut impl Write) -> std::io::Result<()> {
    for line in error.to_string().lines() {
        writeln!(err, "error: {line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_log_format_stands_before_or_behind_the_command() {
        for line in ["vigie --log-format json check-config f", "vigie check-config f --log-format json"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.log_format, LogFormat::Json);
        }
    }
}
