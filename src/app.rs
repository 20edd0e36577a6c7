//! Wires the parts of `vigie run`, supervises them and stops them in order. Invariants: the store is open and
//! the port is bound before readiness is told to systemd; Discord's trouble ends no part; the store closes
//! last, after everything that writes to it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    config::Config,
    delivery::{Dispatcher, Rest, RestSettings},
    discord,
    halt::Halt,
    health::Health,
    incident::worker::Worker,
    store::{self, Store},
    supervisor::{Ended, Stage, Supervisor},
    telemetry::Metrics,
    watchdog, web,
};

mod backing;

/// How long each stage may take to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(3);
