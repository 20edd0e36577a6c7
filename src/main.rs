//! The `vigie` program: parses the command line, calls the library, maps errors to exit codes.

use std::{io, net::SocketAddr, path::Path, process::ExitCode};

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::Level;
use vigie::{
    app::{self, AppError},
    cli::{self, Command},
    clock::Clock,
    config::{self, Files},
    demo::{self, DemoError},
    telemetry,
};

fn main() -> anyhow::Result<ExitCode> {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return Ok(code),
    };
    // Who watches a demo or checks a file wants to know of trouble only.
    let level = if matches!(cli.command, Command::Run { .. }) { Level::INFO } else { Level::WARN };
    telemetry::start_log(cli.log_format, level);
    match cli.command {
        Command::CheckConfig { file, no_files } => {
            let files = if no_files { Files::Ignore } else { Files::Read };
            Ok(cli::check_config(&file, files, &mut io::stdout(), &mut io::stderr())?)
        }
        Command::ExplainRoute(sample) => {
            Ok(cli::explain_route(&sample, &mut io::stdin(), &mut io::stdout(), &mut io::stderr())?)
        }
        Command::Run { config } => run(&config),
        Command::Demo { listen, once } => in_runtime(async move |shutdown| {
            let played =
                if once { demo::once(listen, shutdown).await } else { demo::page(listen, shutdown).await };
            played.map_err(|error| demo_code(&error))
        }),
    }
}

fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let loaded = match config::load(path) {
        Ok(loaded) => loaded,
        Err(error) => {
            cli::report(&error, &mut io::stderr())?;
            return Ok(ExitCode::from(cli::CONFIG));
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    in_runtime(async move |shutdown| {
        app::run(loaded.config, Clock::system(), shutdown, listening).await.map_err(|error| app_code(&error))
    })
}

/// The line by which programs learn the address.
fn listening(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// Runs `work` until it ends; its token is cancelled by SIGTERM and Ctrl-C.
fn in_runtime(
    work: impl AsyncFnOnce(CancellationToken) -> Result<(), u8> + 'static,
) -> anyhow::Result<ExitCode> {
    // One thread, beside the store's own: nothing here computes for long, and each more costs memory.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the system gives no threads")?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let told = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            tracing::info!("stopping");
            told.cancel();
        });
        Ok(match work(shutdown).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(code) => ExitCode::from(code),
        })
    })
}

/// Says what ended Vigie, and how the process ends for it (sysexits(3)).
fn app_code(error: &AppError) -> u8 {
    eprintln!("error: {error}");
    match error {
        AppError::Bind(_) => cli::UNAVAILABLE,
        AppError::Store(_) => cli::STORE,
        AppError::Backend(_) | AppError::Delivery(_) => cli::CONFIG,
        AppError::Ended(_) => cli::INTERNAL,
    }
}

fn demo_code(error: &DemoError) -> u8 {
    match error {
        DemoError::App(error) => app_code(error),
        DemoError::Bind(..) => {
            eprintln!("error: {error}");
            cli::UNAVAILABLE
        }
        DemoError::Wrong(_) | DemoError::Folder(_) | DemoError::Loopback(_) | DemoError::Broken(_) => {
            eprintln!("error: {error}");
            cli::INTERNAL
        }
    }
}
