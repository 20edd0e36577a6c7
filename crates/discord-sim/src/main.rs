//! `discord-sim --listen ADDR`: a Discord for one machine, until it is interrupted.

use std::{net::SocketAddr, process::ExitCode};

use clap::Parser;
use discord_sim::Sim;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A Discord for one machine: REST v10, gateway, faults, a control plane and a page at /_sim/.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:4000")]
    listen: SocketAddr,
    /// What goes to stderr: error, warn, info, debug or trace.
    #[arg(long, default_value = "info")]
    log: tracing::Level,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_max_level(arguments.log).with_writer(std::io::stderr).init();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("discord-sim: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> std::io::Result<()> {
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        let text = format!("can't listen on {}: {error}; choose another with --listen", arguments.listen);
        std::io::Error::new(error.kind(), text)
    })?;
    println!("listening on http://{}", listener.local_addr()?);
    let shutdown = CancellationToken::new();
    let server = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { Sim::default().serve(listener, shutdown).await }
    });
    interrupted().await?;
    shutdown.cancel();
    server.await?.map_err(std::io::Error::other)
}

/// Waits for SIGINT or SIGTERM.
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}
