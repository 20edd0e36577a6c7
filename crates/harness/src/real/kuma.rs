//! A real Uptime Kuma with its database. Invariant: both are empty at first and keep what they know in folders of
//! their own.

use std::{
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{free_address, program, silent};
use crate::eventually;

/// Sets up a running Kuma.
const SETUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/services/kuma.mjs");

/// What a Kuma is made of.
#[derive(Debug)]
pub struct KumaParts {
    kuma: PathBuf,
    mariadb: PathBuf,
    node: PathBuf,
}

/// A Kuma. It ends when this is dropped.
#[derive(Debug)]
pub struct Kuma {
    /// Where it listens.
    pub address: SocketAddr,
    /// What `tests/services/kuma.mjs` printed when it set it up.
    pub made: Value,
    _processes: [Child; 2],
    _folder: TempDir,
}

impl KumaParts {
    /// What is on `PATH`; without one of them it is said that what needs it is skipped.
    pub fn find() -> Option<Self> {
        let found = (program(&["uptime-kuma"]), program(&["mariadbd"]), program(&["node"]));
        let (Some(kuma), Some(mariadb), Some(node)) = found else { return None };
        Some(Self { kuma, mariadb, node })
    }

    /// The version, as npm knows it.
    pub fn version(&self) -> String {
        let package = std::fs::read(self.packages().join("uptime-kuma/package.json")).unwrap();
        let package: Value = serde_json::from_slice(&package).unwrap();
        package["version"].as_str().unwrap().to_owned()
    }

    /// Starts a Kuma and sets it up with what is `wanted`, in the words of `tests/services/kuma.mjs`.
    pub async fn start(&self, wanted: &Value) -> Kuma {
        let folder = TempDir::new().unwrap();
        let [database, address] = [free_address(), free_address()];
        let [tables, data] = ["mariadb", "kuma"].map(|name| folder.path().join(name));
        for folder in [&tables, &data] {
            std::fs::create_dir(folder).unwrap();
        }
        let one = self.database(&tables, database);
        eventually("MariaDB listens", async || TcpStream::connect(database).ok()).await;
        let other = self.kuma(&data, database, address);
        let made = self.set_up(address, wanted).await;
        Kuma { address, made, _processes: [one, other], _folder: folder }
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
        let mut command = Command::new(&self.node);
        command.env("NODE_PATH", self.packages()).args([
            SETUP,
            &format!("http://{address}"),
            &wanted.to_string(),
        ]);
        let output = command.kill_on_drop(true).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Where Kuma lies, with the socket's client beside it: the program is a link into its folder.
    fn packages(&self) -> PathBuf {
        self.kuma.canonicalize().unwrap().ancestors().nth(3).unwrap().to_owned()
    }
}
