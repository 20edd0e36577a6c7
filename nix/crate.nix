# The Rust workspace, built with crane. Dependencies are compiled apart from the sources, so that a change
# of ours does not compile them again; packages and checks see only the files that they need.
{
  craneLib,
  dbus,
  lib,
}:
let
  root = ../.;
  built = lib.fileset.unions [
    ../.cargo
    ../Cargo.lock
    ../Cargo.toml
    ../benches
    ../build.rs
    ../crates
    ../locales
    ../src
  ];
  checked = lib.fileset.unions [
    built
    ../clippy.toml
    ../deny.toml
    ../rustfmt.toml
    (lib.fileset.difference ../tests (
      lib.fileset.unions [
        (lib.fileset.maybeMissing ../tests/clients)
        (lib.fileset.maybeMissing ../tests/browser)
        (lib.fileset.maybeMissing ../tests/nixos)
      ]
    ))
  ];
  source = fileset: lib.fileset.toSource { inherit root fileset; };

  common = {
    inherit (craneLib.crateNameFromCargoToml { cargoToml = ../Cargo.toml; }) pname version;
    src = source built;
    strictDeps = true;
    cargoExtraArgs = "--locked";
    doCheck = false;
  };

  package =
    name: description:
    craneLib.buildPackage (
      dist
      // {
        pname = name;
        cargoExtraArgs = "--locked --package ${name}";
        meta = {
          inherit description;
          license = [
            lib.licenses.mit
            lib.licenses.asl20
          ];
          mainProgram = name;
          platforms = lib.platforms.linux;
        };
      }
    );

  dist =
    let
      profile = common // {
        CARGO_PROFILE = "dist";
      };
    in
    profile
    // {
      cargoArtifacts = craneLib.buildDepsOnly (
        profile
        // {
          # Not what tests and benchmarks need besides.
          buildPhaseCargoCommand = "cargoWithProfile build --locked --package vigie --package discord-sim";
        }
      );
    };

  dev =
    let
      profile = common // {
        CARGO_PROFILE = "dev";
        src = source checked;
      };
    in
    profile // { cargoArtifacts = craneLib.buildDepsOnly profile; };
in
{
  vigie = package "vigie" "Tells a team on Discord what happens on its forge, and loses nothing";
  discord-sim = package "discord-sim" "A Discord for one machine, for tests and demos";

  clippy = craneLib.cargoClippy (
    dev // { cargoClippyExtraArgs = "--workspace --all-targets -- --deny warnings"; }
  );
  deny = craneLib.cargoDeny {
    inherit (dev) pname version src;
    # Advisories change without a change of ours, and there is no network here.
    cargoDenyChecks = "bans licenses sources";
  };
  doc = craneLib.cargoDoc (
    dev
    // {
      cargoDocExtraArgs = "--workspace --no-deps";
      RUSTDOCFLAGS = "--deny warnings";
    }
  );
  fmt = craneLib.cargoFmt { inherit (dev) pname version src; };
  nextest = craneLib.cargoNextest (
    dev
    // {
      doCheck = true;
      # A bus for a test's own systemd.
      nativeCheckInputs = [ dbus ];
      cargoNextestExtraArgs = "--workspace";
    }
  );
}
