//! Vigie against a Discord of its own, for people who want to see it work: no token, no network, no other
//! program. Invariants: the Vigie in it is the one that `vigie run` runs, on the same path through socket and
//! disk; nothing is kept when it ends.

mod backends;
mod http;
mod stage;
mod story;
mod watch;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, response::Redirect, routing};
use discord_sim::{Action, Options, Sim};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{
    backends::Backends,
    stage::{CHANNELS, Stage},
    story::Story,
};
use crate::{app::AppError, clock::Clock};

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The page's port can't be had.
    #[error("can't listen on {0}: {1}; choose another address with --listen")]
    Bind(SocketAddr, io::Error),
    /// There is no room for its files.
    #[error("can't make a folder for the demo's files: {0}; set TMPDIR to one that can be written to")]
    Folder(io::Error),
    /// There is no port on loopback.
    #[error("can't listen on loopback: {0}")]
    Loopback(io::Error),
    /// A part of the demo did not do what the demo needs of it.
    #[error("the demo failed: {0}")]
    Broken(String),
    /// The channels do not show what the story tells.
    #[error("the channels do not show what was expected:\n{}", .0.join("\n"))]
    Wrong(Vec<String>),
    /// Vigie itself ended.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Serves the page on `listen` until `shutdown`.
pub async fn page(listen: SocketAddr, shutdown: CancellationToken) -> Result<(), DemoError> {
    let listener = TcpListener::bind(listen).await.map_err(|error| DemoError::Bind(listen, error))?;
    let story = Arc::new(tokio::sync::Mutex::new(Story::default()));
    let actions = Story::CHAPTERS.map(|chapter| Action {
        label: chapter.label().to_owned(),
        path: format!("/_demo/{}", chapter.name()),
    });
    let hooks = Arc::new(tokio::sync::OnceCell::new());
    let backends = Arc::new(Backends::start().await.map_err(DemoError::Loopback)?);
    let routes = Router::new()
        .route("/", routing::get(|| async { Redirect::to("/_sim/") }))
        .route("/_demo/{chapter}", routing::post(tell))
        .with_state((story, Arc::clone(&backends), hooks.clone()));
    let sim = Sim::new(Options { actions: actions.to_vec(), routes, ..Options::default() });
    let stage = Stage::set(&sim, listener, &backends, &shutdown).await?;
    // The cell is filled once, here.
    let _: Result<(), _> = hooks.set(stage.hooks());
    println!("listening on http://{}", stage.discord());
    println!("Open it in a browser. Ctrl-C ends the demo.");
    stage.play(shutdown).await
}

type Telling = (Arc<tokio::sync::Mutex<Story>>, Arc<Backends>, Arc<tokio::sync::OnceCell<String>>);

/// `POST /_demo/CHAPTER`: the next thing of a chapter happens.
async fn tell(
    State((story, backends, hooks)): State<Telling>,
    axum::extract::Path(chapter): axum::extract::Path<String>,
) -> Result<StatusCode, (StatusCode, String)> {
    let Some(chapter) = Story::CHAPTERS.into_iter().find(|one| one.name() == chapter) else {
        return Err((StatusCode::NOT_FOUND, "no such chapter".into()));
    };
    let hooks = hooks.get().ok_or((StatusCode::SERVICE_UNAVAILABLE, "Vigie is not up yet".to_owned()))?;
    // One telling after the other, so that each click tells what follows.
    let mut story = story.lock().await;
    for hook in story.next(chapter, &backends, Clock::system().now()).await {
        http::deliver(hooks, &hook).await.map_err(|error| (StatusCode::BAD_GATEWAY, error))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Plays the whole story, prints each message that reached a channel, and fails if one is missing.
pub async fn once(listen: SocketAddr, shutdown: CancellationToken) -> Result<(), DemoError> {
    let listener = TcpListener::bind(listen).await.map_err(|error| DemoError::Bind(listen, error))?;
    let sim = Sim::default();
    let backends = Backends::start().await.map_err(DemoError::Loopback)?;
    let stage = Stage::set(&sim, listener, &backends, &shutdown).await?;
    let played = async {
        let mut story = Story::default();
        stage.until_followed(&backends).await?;
        for chapter in Story::WHOLE {
            for hook in story.next(*chapter, &backends, Clock::system().now()).await {
                http::deliver(&stage.hooks(), &hook).await.map_err(DemoError::Broken)?;
            }
        }
        let outcome = stage.wait_for(&story::EXPECTED).await?;
        for (channel, message) in &outcome.shown {
            println!("#{channel}\n{message}\n");
        }
        for answer in stage.ask(&["ping", "status", "help"]).await? {
            println!("{answer}\n");
        }
        if outcome.wrong.is_empty() {
            println!(
                "{} messages in {} channels, all that were expected",
                outcome.shown.len(),
                CHANNELS.len()
            );
            Ok(())
        } else {
            Err(DemoError::Wrong(outcome.wrong))
        }
    };
    let played = tokio::select! {
        played = played => played,
        () = shutdown.cancelled() => Err(DemoError::Broken("it was interrupted".into())),
    };
    shutdown.cancel();
    stage.play(shutdown).await?;
    played
}
