//! A Woodpecker for one machine, as far as those who read it see it: REST and the event stream, in the dialect of 2.8
//! or of 3.x (`server/router/api.go`, `server/api/stream.go`, `server/model/*.go` at v2.8.3 and v3.17.0).
//!
//! Invariants: what happens to a pipeline is in REST before the stream tells of it; a stream tells only of the
//! repositories that there were when it began, and repeats nothing; a step's log comes only when it is told to.

mod server;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::mpsc;

/// Which version it speaks as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// 2.8: times are called `created_at`, `started_at`, `finished_at`.
    V2,
    /// 3.x: times are called `created`, `started`, `finished`.
    V3,
}

/// How it is set up.
pub struct Options {
    /// Which version it speaks as.
    pub dialect: Dialect,
    /// The personal token that it takes.
    pub token: String,
    /// The time, in seconds since the Unix epoch.
    pub now: Box<dyn Fn() -> i64 + Send + Sync>,
    /// How often a stream says `: ping`; 30 s in the real one.
    pub ping: Duration,
}

/// A simulated Woodpecker. Clones are one.
#[derive(Clone)]
pub struct Woodpecker(Arc<Shared>);

struct Shared {
    options: Options,
    world: Mutex<World>,
}

#[derive(Default)]
struct World {
    repositories: BTreeMap<i64, Repository>,
    streams: Vec<Stream>,
    steps: i64,
    requests: Vec<String>,
    muted: bool,
}

struct Repository {
    full_name: String,
    pipelines: BTreeMap<u64, Pipeline>,
}

/// A stream that somebody reads.
struct Stream {
    out: mpsc::UnboundedSender<Said>,
    topics: BTreeSet<i64>,
}

/// What a stream says.
enum Said {
    Event(String),
    /// The connection breaks.
    Break,
}

/// What starts a pipeline.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// `push`, `pull_request`, `tag`, `cron`, …
    pub event: &'a str,
    /// The branch; of a pull request the one that it goes to.
    pub branch: &'a str,
    /// The ref.
    pub git_ref: &'a str,
    /// Who starts it.
    pub author: &'a str,
    /// The commit's message.
    pub message: &'a str,
}

impl<'a> Start<'a> {
    /// `author` pushes to `main`.
    pub const fn push(author: &'a str, message: &'a str) -> Self {
        Self { event: "push", branch: "main", git_ref: "refs/heads/main", author, message }
    }
}

struct Pipeline {
    event: String,
    branch: String,
    git_ref: String,
    author: String,
    message: String,
    status: String,
    errors: Vec<String>,
    created: i64,
    started: i64,
    finished: i64,
    steps: Vec<Step>,
}

struct Step {
    id: i64,
    name: String,
    state: &'static str,
    exit_code: i64,
    log: Vec<String>,
}

impl Woodpecker {
    /// A Woodpecker without repositories.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Shared { options, world: Mutex::default() }))
    }

    /// Activates the repository `full_name` (`owner/name`); its number.
    pub fn activate(&self, full_name: &str) -> i64 {
        let mut world = self.world();
        let id = world.repositories.last_key_value().map_or(1, |(id, _)| id + 1);
        let repository = Repository { full_name: full_name.to_owned(), pipelines: BTreeMap::new() };
        world.repositories.insert(id, repository);
        id
    }

    /// Starts a pipeline, which then waits for an agent; its number.
    pub fn start(&self, repository: i64, start: &Start<'_>) -> u64 {
        let pipeline = Pipeline {
            event: start.event.to_owned(),
            branch: start.branch.to_owned(),
            git_ref: start.git_ref.to_owned(),
            author: start.author.to_owned(),
            message: start.message.to_owned(),
            status: "pending".to_owned(),
            errors: Vec::new(),
            created: (self.0.options.now)(),
            started: 0,
            finished: 0,
            steps: Vec::new(),
        };
        let number = {
            let mut world = self.world();
            let Some(known) = world.repositories.get_mut(&repository) else { return 0 };
            let number = known.pipelines.len() as u64 + 1;
            known.pipelines.insert(number, pipeline);
            number
        };
        self.say(repository, number);
        number
    }

    /// An agent runs it: its steps are `clone` and `test`.
    pub fn run(&self, repository: i64, number: u64) {
        let now = (self.0.options.now)();
        self.change(repository, number, |pipeline, next_step| {
            pipeline.started = now;
            "running".clone_into(&mut pipeline.status);
            let step = |(name, state): (&str, _)| {
                let (id, name) = (next_step(), name.to_owned());
                Step { id, name, state, exit_code: 0, log: Vec::new() }
            };
            pipeline.steps = [("clone", "success"), ("test", "running")].map(step).into();
        });
    }

    /// Its step `test` ends with `exit_code`, and it with that; the log does not come by itself.
    pub fn end(&self, repository: i64, number: u64, exit_code: i64) {
        let state = if exit_code == 0 { "success" } else { "failure" };
        let now = (self.0.options.now)();
        self.change(repository, number, |pipeline, _| {
            pipeline.finished = now;
            state.clone_into(&mut pipeline.status);
            if let Some(test) = pipeline.steps.last_mut() {
                (test.state, test.exit_code) = (state, exit_code);
            }
        });
    }

    /// It gets another status (`killed`, `declined`, …), with errors of the pipeline as a whole.
    pub fn set(&self, repository: i64, number: u64, status: &str, errors: &[&str]) {
        let now = (self.0.options.now)();
        self.change(repository, number, |pipeline, _| {
            status.clone_into(&mut pipeline.status);
            pipeline.errors = errors.iter().map(|&error| error.to_owned()).collect();
            pipeline.finished = now;
        });
    }

    /// Lines of the step `test` come, after those that are there.
    pub fn write(&self, repository: i64, number: u64, lines: &[&str]) {
        let mut world = self.world();
        let pipeline = world.repositories.get_mut(&repository).and_then(|one| one.pipelines.get_mut(&number));
        if let Some(test) = pipeline.and_then(|pipeline| pipeline.steps.last_mut()) {
            test.log.extend(lines.iter().map(|&line| line.to_owned()));
        }
    }

    /// A pipeline of `main` fails from beginning to end, with its log; its number. For the demo.
    pub fn play_failure(&self, repository: i64, author: &str, message: &str, log: &[&str]) -> u64 {
        let number = self.start(repository, &Start::push(author, message));
        self.run(repository, number);
        self.end(repository, number, 3);
        self.write(repository, number, log);
        number
    }

    /// A pipeline of `main` succeeds from beginning to end; its number. For the demo.
    pub fn play_success(&self, repository: i64, author: &str, message: &str) -> u64 {
        let number = self.start(repository, &Start::push(author, message));
        self.run(repository, number);
        self.end(repository, number, 0);
        number
    }

    /// Breaks the connections of all streams.
    pub fn break_streams(&self) {
        for stream in self.world().streams.drain(..) {
            // Whoever is gone needs no break.
            let _ = stream.out.send(Said::Break);
        }
    }

    /// From now on streams say nothing, not even `: ping`.
    pub fn fall_silent(&self) {
        self.world().muted = true;
    }

    /// Streams speak again.
    pub fn speak(&self) {
        self.world().muted = false;
    }

    /// How many streams are read.
    pub fn streams(&self) -> usize {
        let mut world = self.world();
        world.streams.retain(|stream| !stream.out.is_closed());
        world.streams.len()
    }

    /// What was asked so far, as `GET /api/…?…`.
    pub fn requests(&self) -> Vec<String> {
        self.world().requests.clone()
    }

    fn change(
        &self,
        repository: i64,
        number: u64,
        change: impl FnOnce(&mut Pipeline, &mut dyn FnMut() -> i64),
    ) {
        {
            let mut world = self.world();
            let World { repositories, steps, .. } = &mut *world;
            let pipeline = repositories.get_mut(&repository).and_then(|one| one.pipelines.get_mut(&number));
            let Some(pipeline) = pipeline else { return };
            change(pipeline, &mut || {
                *steps += 1;
                *steps
            });
        }
        self.say(repository, number);
    }

    /// Tells the streams of a pipeline.
    fn say(&self, id: i64, number: u64) {
        let mut world = self.world();
        let World { repositories, streams, muted, .. } = &mut *world;
        let Some(repository) = repositories.get(&id).filter(|_| !*muted) else { return };
        let Some(event) = wire::event(self.0.options.dialect, id, repository, number) else { return };
        let event = format!("data: {event}\n\n");
        streams.retain(|stream| {
            !stream.topics.contains(&id) || stream.out.send(Said::Event(event.clone())).is_ok()
        });
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Woodpecker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Woodpecker").field("dialect", &self.0.options.dialect).finish_non_exhaustive()
    }
}
