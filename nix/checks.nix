# What `nix flake check` runs. Each file of tests/nixos is a test of a whole system, found by its name.
{
  self,
  crane,
  pkgs,
}:
let
  inherit (pkgs) lib;
  crate = pkgs.callPackage ./crate.nix { craneLib = crane.mkLib pkgs; };
  nixFiles = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.fileFilter (file: file.hasExt "nix") ../.;
  };
  systemTests = lib.mapAttrs' (file: _: {
    name = lib.removeSuffix ".nix" file;
    value = pkgs.testers.runNixOSTest (import (../tests/nixos + "/${file}") { inherit self; });
  }) (builtins.readDir ../tests/nixos);
in
{
  inherit (crate)
    clippy
    deny
    doc
    fmt
    nextest
    ;
  nixfmt = pkgs.runCommand "nixfmt" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    find ${nixFiles} -name '*.nix' -exec nixfmt --check {} +
    touch $out
  '';
}
// systemTests
