//! The `vigie` program: parses the command line, calls the library, maps errors to exit codes.

use std::process::ExitCode;

use vigie::{
    cli::{self, Command},
    config::Files,
    telemetry,
};

fn main() -> anyhow::Result<ExitCode> {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return Ok(code),
    };
    telemetry::start_log(cli.log_format);
    match cli.command {
        Command::CheckConfig { file, no_files } => {
            let files = if no_files { Files::Ignore } else { Files::Read };
            Ok(cli::check_config(&file, files, &mut std::io::stdout(), &mut std::io::stderr())?)
        }
        Command::Run { config } => todo!(),
        Command::Demo { listen, once } => todo!(),
    }
}
