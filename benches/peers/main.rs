//! Programs that post to Discord by themselves, each with Vigie beside it: `benches/peers/run`. Invariants: a program
//! and the Vigie beside it are told by the very same process; what is not on `PATH` is named and left out.
#![expect(clippy::unwrap_used, reason = "a measurement that can't go on ends the run")]
#![expect(clippy::disallowed_methods, reason = "real programs keep real time")]

mod alertmanager;
mod gitea;
mod kuma;
mod script;
mod stage;
mod verdict;

use std::path::{Path, PathBuf};

use alertmanager::Alertmanager;
use clap::Parser;
use harness::{
    Client,
    real::{Kuma, KumaParts, program},
};
use stage::Stage;

/// What stands beside the others.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program `vigie`.
    #[arg(long)]
    vigie: PathBuf,
}

#[tokio::main]
async fn main() {
    let Arguments { vigie } = Arguments::parse();
    // By itself, since it takes minutes and most of the machine.
    let kuma = set_up_kuma().await;
    let stories = tokio::join!(
        beside_alertmanager(&vigie, "alertmanager"),
        beside_alertmanager(&vigie, "prometheus-alertmanager"),
        beside_gitea(&vigie),
        beside_kuma(&vigie, kuma),
    );
    println!("| program | sent | lost | repeated | rejected | late |\n|---|---|---|---|---|---|");
    for row in [stories.0, stories.1, stories.2, stories.3].into_iter().flatten() {
        println!("{row}");
    }
}

async fn beside_alertmanager(vigie: &Path, name: &str) -> Vec<String> {
    let Some(program) = program(&[name]) else { return Vec::new() };
    let stage = Stage::new().await;
    let alertmanager = Alertmanager::start(&program, &stage).await;
    let version = &alertmanager.version;
    let names = [
        format!("Alertmanager {version}, Discord receiver"),
        format!("Vigie, told by Alertmanager {version}"),
    ];
    let configuration = alertmanager.vigie(&stage);
    stage.play(vigie, names, &configuration, async |happening| alertmanager.tell(happening).await).await
}

async fn beside_gitea(vigie: &Path) -> Vec<String> {
    let Some(program) = program(&["gitea"]) else { return Vec::new() };
    let stage = Stage::new().await;
    let (gitea, version) = gitea::start(&program, &stage).await;
    let names = [format!("Gitea {version}, Discord webhook"), format!("Vigie, told by Gitea {version}")];
    let configuration = gitea::vigie(&gitea, &stage);
    stage.play(vigie, names, &configuration, async |happening| gitea::tell(&gitea, happening).await).await
}

/// A Kuma, its version, and where it stands.
async fn set_up_kuma() -> Option<(Kuma, String, Stage)> {
    let parts = KumaParts::find()?;
    let stage = Stage::new().await;
    let kuma = kuma::start(&parts, &stage).await;
    Some((kuma, parts.version(), stage))
}

async fn beside_kuma(vigie: &Path, kuma: Option<(Kuma, String, Stage)>) -> Vec<String> {
    let Some((kuma, version, stage)) = kuma else { return Vec::new() };
    let names = [
        format!("Uptime Kuma {version}, Discord notification"),
        format!("Vigie, told by Uptime Kuma {version}"),
    ];
    let (configuration, client) = (kuma::vigie(&kuma, &stage), Client::default());
    stage
        .play(vigie, names, &configuration, async |happening| kuma::tell(&kuma, &client, happening).await)
        .await
}
