//! The bot's memory and start. Invariant: Vigie and the bot it stands beside are measured the same way.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use harness::{Lab, eventually, resident_bytes};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{Arguments, Figure, percentile, size::mebibytes};

const STARTS: usize = 7;
/// How long a bot rests before its memory is read: what it needs at start is given back by then.
const REST: Duration = Duration::from_secs(10);

/// Memory at rest and the time to READY, beside a minimal bot on discord.py.
pub(crate) async fn measure(arguments: &Arguments) -> Vec<Figure> {
    let (memory, start) = vigie(&arguments.vigie).await;
    let peer = match &arguments.python {
        Some(python) => Some(discord_py(python).await),
        None => None,
    };
    let beside = |own: f64, other: Option<f64>, unit: &str| match other {
        Some(other) => format!("{own:.1} {unit}; discord.py {other:.1} {unit}, {:.1} times", other / own),
        None => format!("{own:.1} {unit}; discord.py not measured"),
    };
    vec![
        Figure {
            what: "idle memory (RSS), connected",
            measured: beside(memory, peer.map(|peer| peer.0), "MiB"),
            wanted: "≤ 15 MiB, ≥ 3 times smaller",
        },
        Figure {
            what: "start to READY, median of 7",
            measured: beside(start, peer.map(|peer| peer.1), "ms"),
            wanted: "≤ 150 ms, ≥ 5 times faster",
        },
    ]
}

async fn vigie(program: &Path) -> (f64, f64) {
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..STARTS {
        let lab = Lab::new(2).await;
        let vigie = lab.vigie(program).await;
        eventually("the session is up", async || connected(&vigie.get("/metrics").await.text())).await;
        times.push(vigie.started.elapsed());
        if times.len() == STARTS {
            tokio::time::sleep(REST).await;
            memory = resident_bytes(vigie.id());
        }
    }
    (mebibytes(memory), milliseconds(&mut times))
}

fn connected(metrics: &str) -> Option<()> {
    metrics.contains("vigie_gateway_connected 1\n").then_some(())
}

async fn discord_py(python: &Path) -> (f64, f64) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("minimal_bot.py");
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..STARTS {
        let lab = Lab::new(2).await;
        let started = Instant::now();
        let mut bot = Command::new(python)
            .arg(&script)
            .arg(format!("http://{}", lab.discord))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(bot.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        assert_eq!(line.as_deref(), Some("ready"));
        times.push(started.elapsed());
        if times.len() == STARTS {
            tokio::time::sleep(REST).await;
            memory = resident_bytes(bot.id().unwrap());
        }
        bot.kill().await.unwrap();
    }
    (mebibytes(memory), milliseconds(&mut times))
}

fn milliseconds(times: &mut [Duration]) -> f64 {
    percentile(times, 50).as_secs_f64() * 1000.0
}
