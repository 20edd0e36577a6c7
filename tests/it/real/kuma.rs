//! Uptime Kuma: a monitor that goes down and up, told by its webhook; and, while Vigie was dead, found in its metrics.

use std::{
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::BASE64;
use harness::{Lab, Vigie, eventually};
use hyper::{Request, header::AUTHORIZATION};
use serde_json::{Value, json};
use stack_sim::programs::Programs;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{CHANNEL, free_address, program, shown, silent};
use crate::vigie;

/// Sets up a running Kuma.
const SETUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/kuma.mjs");

const ACCEPTED: &str = "vigie_events_total{source=\"kuma\",outcome=\"accepted\"}";
const FOUND: &str = "vigie_events_total{source=\"kuma\",outcome=\"found\"}";

/// What the real one is made of.
struct Installed {
    kuma: PathBuf,
    mariadb: PathBuf,
    node: PathBuf,
}

impl Installed {
    fn find() -> Option<Self> {
        let found = (program(&["uptime-kuma"]), program(&["mariadbd"]), program(&["node"]));
        let (Some(kuma), Some(mariadb), Some(node)) = found else { return None };
        Some(Self { kuma, mariadb, node })
    }

    /// An empty database server that believes everyone, so that it needs none of its own tables.
    fn database(&self, folder: &Path, address: SocketAddr) -> Child {
        let mut command = silent(&self.mariadb);
        // As root it insists on being told so; others may not choose, which it only remarks.
        command.args(["--no-defaults", "--user=root", "--skip-grant-tables", "--bind-address=127.0.0.1"]);
        command.arg(format!("--datadir={}", folder.display())).args(["--socket=socket", "--pid-file=pid"]);
        command.arg(format!("--port={}", address.port())).spawn().unwrap()
    }

    /// A Kuma that keeps what it knows in the database at `address`.
    fn kuma(&self, folder: &Path, database: SocketAddr, address: SocketAddr) -> Child {
        let login = json!({
            "type": "mariadb", "hostname": "127.0.0.1", "port": database.port(), "dbName": "kuma", "username": "root",
            "password": "anything",
        });
        std::fs::write(folder.join("db-config.json"), login.to_string()).unwrap();
        let mut command = silent(&self.kuma);
        // It puts names right behind the folder's.
        command.env("DATA_DIR", format!("{}/", folder.display()));
        command.args(["--run", "--host=127.0.0.1"]).arg(format!("--port={}", address.port())).spawn().unwrap()
    }

    /// Sets up the Kuma at `address`; what the set-up prints.
    async fn set_up(&self, address: SocketAddr, wanted: &Value) -> Value {
        // The socket's client lies beside Kuma, to whose folder the program is a link.
        let packages = self.kuma.canonicalize().unwrap().ancestors().nth(3).unwrap().to_owned();
        let mut command = Command::new(&self.node);
        command.env("NODE_PATH", packages).args([SETUP, &format!("http://{address}"), &wanted.to_string()]);
        let output = command.kill_on_drop(true).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A Kuma that looks at a blog every 20 seconds, more often than which it can't.
struct Harbor {
    lab: Lab,
    target: Programs,
    kuma: SocketAddr,
    hooks: SocketAddr,
    key: String,
    _processes: [Child; 2],
    _folder: TempDir,
}

impl Harbor {
    async fn new(installed: &Installed) -> Self {
        let (lab, target, folder) =
            (Lab::new(1).await, Programs::start().await.unwrap(), TempDir::new().unwrap());
        target.answer("blog", &"Ahoy");
        let [database, kuma, hooks] = [free_address(), free_address(), free_address()];
        let [tables, data] = ["mariadb", "kuma"].map(|name| folder.path().join(name));
        for folder in [&tables, &data] {
            std::fs::create_dir(folder).unwrap();
        }
        let one = installed.database(&tables, database);
        eventually("MariaDB listens", async || TcpStream::connect(database).ok()).await;
        let other = installed.kuma(&data, database, kuma);
        let wanted = json!({
            "notification": {
                "type": "webhook", "webhookURL": format!("http://{hooks}/hooks/kuma"), "webhookContentType": "json",
                "webhookAdditionalHeaders": json!({ "Authorization": "Bearer simulated" }).to_string(),
            },
            "monitor": { "name": "blog", "url": target.url("blog") },
            "apiKey": true,
        });
        let done = installed.set_up(kuma, &wanted).await;
        let key = done["apiKey"].as_str().unwrap().to_owned();
        std::fs::write(lab.folder().join("key"), &key).unwrap();
        let harbor = Self { lab, target, kuma, hooks, key, _processes: [one, other], _folder: folder };
        harbor.kuma_says(1).await;
        harbor
    }

    /// Waits until Kuma's own metrics say `status` of its monitor.
    async fn kuma_says(&self, status: u8) {
        let authorization = format!("Basic {}", BASE64.encode(format!(":{}", self.key).as_bytes()));
        let mut turn = 0_u32;
        eventually("Kuma has looked at the blog", async || {
            turn += 1;
            // About each second: it answers sixty times a minute, Vigie's questions among them.
            if turn % 200 != 1 {
                return None;
            }
            let request = Request::get(format!("http://{}/metrics", self.kuma));
            let request = request.header(AUTHORIZATION, &authorization).body(http_body_util::Full::default());
            let metrics = self.lab.client.try_request(request.unwrap()).await?.text();
            let said = metrics.lines().find(|line| line.starts_with("monitor_status{"))?;
            said.ends_with(&format!("}} {status}")).then_some(())
        })
        .await;
    }

    async fn vigie(&self) -> Vigie {
        let more = format!(
            "[sources.kuma]\ntoken_file = \"token\"\nurl = \"http://{}\"\napi_token_file = \"key\"\n\
             [[routes]]\nchannels = [{CHANNEL}]",
            self.kuma
        );
        let configuration = self.lab.configuration(&more).replace("127.0.0.1:0", &self.hooks.to_string());
        // A bot may begin one session in five seconds.
        self.lab.discord_ages(Duration::from_secs(6));
        let vigie = self.lab.vigie_with(vigie(), &configuration).await;
        vigie.ready().await;
        vigie
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn a_monitor_of_a_real_uptime_kuma_goes_down_and_up() {
    let Some(installed) = Installed::find() else { return };
    let harbor = Harbor::new(&installed).await;
    let vigie = harbor.vigie().await;
    harbor.target.refuse("blog", Some(503));
    let first = shown(&harbor.lab, &["blog is down", "Request failed with status code 503"]).await;
    harbor.target.refuse("blog", None);
    let up = shown(&harbor.lab, &["blog is up again", "200 - OK"]).await;
    assert_eq!(up["id"], first["id"]);
    vigie.reaches(ACCEPTED, 2.0).await;
    assert!(!up.to_string().contains("Found late"), "{up:#}");
    vigie.kill().await;

    harbor.target.refuse("blog", Some(503));
    harbor.kuma_says(0).await;
    let vigie = harbor.vigie().await;
    shown(&harbor.lab, &["blog is down", "down when it was asked", "Found late"]).await;
    harbor.target.refuse("blog", None);
    let up = shown(&harbor.lab, &["blog is up again", "200 - OK"]).await;
    // Within the hour it is the same incident.
    assert_eq!(up["id"], first["id"]);
    vigie.reaches(FOUND, 1.0).await;
    vigie.reaches(ACCEPTED, 1.0).await;
    let messages = harbor.lab.messages(CHANNEL).await;
    let own = messages.iter().filter(|one| one["message_reference"].is_null()).count();
    assert_eq!(own, 1, "{messages:#?}");
}
