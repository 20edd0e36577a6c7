//! `check-config` on whole files.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use vigie::{
    cli,
    config::{self, ConfigError, Files},
};

/// A folder with a configuration and the secrets that it names.
struct Folder(TempDir);

impl Folder {
    fn with(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("vigie.toml", config);
        for name in ["token", "secret"] {
            folder.write(name, &format!("the-{name}\n"));
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("vigie.toml")
    }

    /// What `check-config` prints.
    fn check(&self, files: Files) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = cli::check_config(&self.config(), files, &mut out, &mut err).unwrap();
        let said = [err, out].concat();
        let said = String::from_utf8(said).unwrap().replace(self.0.path().to_str().unwrap(), "");
        format!("{said}{code:?}")
    }
}

const LEAST: &str = "[discord]\ntoken_file = \"token\"\nguild = 1000\nfallback_channel = 2000\n";

/// Everything that the design lists.
const WHOLE: &str = include_str!("whole.toml");

#[test]
fn the_least_configuration_has_defaults_for_the_rest() {
    let loaded = config::load(&Folder::with(LEAST).config()).unwrap();
    let config = loaded.config;
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.path, Path::new("/var/lib/vigie/vigie.db"));
    assert_eq!(config.store.keep.as_secs(), 90 * 86_400);
    assert!(config.discord.endpoint.is_none() && config.sources.gitea.is_none() && config.routes.is_empty());
}

#[test]
fn a_whole_configuration_is_right_and_what_does_nothing_yet_is_said() {
    insta::assert_snapshot!(Folder::with(WHOLE).check(Files::Read));
}

#[test]
fn secrets_are_read_without_the_end_of_their_line() {
    use secrecy::ExposeSecret;
    let config = config::load(&Folder::with(WHOLE).config()).unwrap().config;
    assert_eq!(config.discord.token.expose_secret(), "the-token");
    assert_eq!(config.sources.gitea.unwrap().secret.expose_secret(), "the-secret");
    assert!(!format!("{:?}", config.discord).contains("the-token"));
}

#[test]
fn all_mistakes_are_said_at_once() {
    insta::assert_snapshot!(Folder::with(include_str!("mistakes.toml")).check(Files::Read));
}

#[test]
fn what_is_no_toml_does_not_hide_other_mistakes() {
    let folder = Folder::with(&format!(
        "{LEAST}guild = 3\nthis is not TOML\n[http]\nlisten = \"nowhere\"\n[roles\noperators = 3000\n"
    ));
    insta::assert_snapshot!(folder.check(Files::Read));
}

#[test]
fn secrets_in_the_wrong_form_are_mistakes_and_never_shown() {
    let folder = Folder::with(
        "[discord]\ntoken_file = \"SECRET.in.place.of.a.path\"\ntoken = \"SECRET\"\nguild = 1000\nfallback_channel = 2000\n\
         [sources.gitea]\nsecret_file = \"./empty\"\nurl = \"http://me:SECRET@host\"\n\
         [sources.alertmanager]\ntoken_file = \"./bearer\"\n[sources.kuma]\ntoken_file = \".\"\n\
         [sources.deploy]\nsecret_file = \"./lines\"\n[sources.grafana]\nsecret_file = \"./binary\"\n\
         [health]\nchannel = 1\nping_url = \"SECRET\"\n",
    );
    folder.write("empty", "\n");
    folder.write("bearer", "Bearer SECRET\n");
    folder.write("lines", "SECRET\nSECRET\n");
    std::fs::write(folder.0.path().join("binary"), [0xff, 0xfe]).unwrap();
    let said = folder.check(Files::Read);
    assert!(!said.contains("SECRET"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn without_files_their_absence_is_no_mistake() {
    let folder =
        Folder::with(&WHOLE.replace("\"token\"", "\"/run/none\"").replace("\"secret\"", "\"/run/none\""));
    assert!(folder.check(Files::Read).contains("no such file (/run/none)"));
    assert!(folder.check(Files::Ignore).ends_with(": ok\nExitCode(unix_exit_status(0))"));
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_too() {
    let folder = Folder::with("");
    std::fs::remove_file(folder.config()).unwrap();
    insta::assert_snapshot!(folder.check(Files::Read));
}

/// The mistakes of a configuration.
fn mistakes(text: &str) -> Vec<String> {
    match config::check(&Folder::with(text).config(), Files::Ignore) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Mistakes(mistakes)) => mistakes.iter().map(|one| one.text.clone()).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_route_behind_one_that_takes_everything_of_it_is_a_mistake() {
    let routes = |first: &str, second: &str| {
        mistakes(&format!(
            "{LEAST}[[routes]]\nchannels = [1]\n{first}\n[[routes]]\nchannels = [2]\n{second}\n"
        ))
    };
    for (first, second) in [
        ("", "kind = \"push\""),
        ("source = \"gitea\"", "source = \"gitea\"\nkind = \"push\""),
        ("severity = [\"info\", \"warning\", \"critical\"]", ""),
        ("severity = [\"info\", \"warning\"]", "severity = \"info\""),
        ("repository = \"harbor/*\"", "repository = \"Harbor/crane\""),
        ("labels = { a = \"1\" }", "labels = { a = \"1\", b = \"2\" }"),
    ] {
        assert_eq!(routes(first, second).len(), 1, "{first} / {second}");
    }
    for (first, second) in [
        ("kind = \"push\"", ""),
        ("severity = \"info\"", "severity = [\"info\", \"warning\"]"),
        ("repository = \"harbor/*\"", "repository = \"harbour/crane\""),
        ("labels = { a = \"1\" }", "labels = { a = \"2\" }"),
    ] {
        assert_eq!(routes(first, second), Vec::<String>::new(), "{first} / {second}");
    }
}

#[test]
fn a_role_is_named_out_of_roles() {
    let route = "[[routes]]\nchannels = [1]\nmention = { roles = [\"operators\"] }\n";
    assert_eq!(mistakes(&format!("{LEAST}[roles]\noperators = 3000\n{route}")), Vec::<String>::new());
    insta::assert_snapshot!(mistakes(&format!("{LEAST}[roles]\nadmins = 3000\n{route}")).join("\n"));
}

#[test]
fn a_permission_to_silence_says_if_nothing_can_be_asked_to() {
    let said = |more: &str| {
        Folder::with(&format!("{LEAST}[permissions]\nsilence = {{ users = [4000] }}\n{more}"))
            .check(Files::Ignore)
    };
    let warning = "[permissions.silence] is valid, but has no effect without url in [sources.alertmanager]";
    let source = "[sources.alertmanager]\ntoken_file = \"token\"\n";
    assert!(said("").contains(warning) && said(source).contains(warning), "{}", said(""));
    let whole = said(&format!("{source}url = \"http://127.0.0.1:9093\"\n"));
    assert!(!whole.contains(warning), "{whole}");
}

#[test]
fn durations_have_a_unit_and_an_end() {
    for right in ["1s", "90m", "24h", "90d", "2w", "36500d"] {
        assert_eq!(mistakes(&format!("{LEAST}[store]\nkeep = \"{right}\"")), Vec::<String>::new());
    }
    for wrong in ["", "90", "d", "0d", "-1d", "+1d", "1.5d", "1 d", "36501d", "99999999999999999999d", "1é"]
    {
        assert_eq!(mistakes(&format!("{LEAST}[store]\nkeep = \"{wrong}\"")).len(), 1, "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_text_is_either_a_configuration_or_has_mistakes_that_lie_in_it(text in "[\\PC\n]{0,300}") {
        located(&text)?;
    }

    /// Real lines in any order reach further than random characters do.
    #[test]
    fn any_mix_of_lines_is_read_without_harm(lines in proptest::sample::subsequence(
        WHOLE.lines().chain(include_str!("mistakes.toml").lines()).collect::<Vec<_>>(), 0..80).prop_shuffle()) {
        located(&lines.join("\n"))?;
    }
}

fn located(text: &str) -> Result<(), TestCaseError> {
    if let Err(ConfigError::Mistakes(mistakes)) = config::check(&Folder::with(text).config(), Files::Ignore) {
        prop_assert!(!mistakes.is_empty());
        for mistake in mistakes {
            prop_assert!(mistake.line >= 1 && mistake.line <= text.matches('\n').count() + 1);
        }
    }
    Ok(())
}
