{
  description = "Vigie: a Raspberry Pi as a self-hosted forge that a team runs from Discord";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    crane.url = "github:ipetkov/crane";
    treefmt-nix.url = "github:numtide/treefmt-nix";
    treefmt-nix.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    {
      self,
      nixpkgs,
      crane,
      treefmt-nix,
    }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = eachSystem (pkgs: import ./nix/packages.nix { inherit crane pkgs; });

      checks = eachSystem (pkgs: import ./nix/checks.nix { inherit self crane pkgs; });

      apps = eachSystem (
        pkgs:
        let
          inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) vigie;
          demo = pkgs.writeShellScriptBin "vigie-demo" ''exec ${lib.getExe vigie} demo "$@"'';
        in
        {
          default = self.apps.${pkgs.stdenv.hostPlatform.system}.demo;
          demo = {
            type = "app";
            program = lib.getExe demo;
            meta.description = "Vigie against a Discord of its own, on one page";
          };
        }
      );

      devShells = eachSystem (pkgs: {
        default = (crane.mkLib pkgs).devShell {
          packages = [
            pkgs.cargo-deny
            pkgs.cargo-insta
            pkgs.cargo-nextest
            pkgs.nixfmt
            pkgs.sqlite
          ];
        };
      });

      formatter = eachSystem (
        pkgs: (treefmt-nix.lib.evalModule pkgs ./nix/treefmt.nix).config.build.wrapper
      );

      nixosModules = {
        default = self.nixosModules.vigie;
        vigie = lib.modules.importApply ./nixos/modules/vigie.nix { inherit self; };
      };
    };
}
