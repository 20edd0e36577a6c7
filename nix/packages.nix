{ crane, pkgs }:
let
  inherit (pkgs) lib;
  crate = pkgs': pkgs'.callPackage ./crate.nix { craneLib = crane.mkLib pkgs'; };
  native = crate pkgs;
  aarch64 = crate pkgs.pkgsCross.aarch64-multiplatform;
  image = pkgs.callPackage ./image.nix;
in
{
  inherit (native) vigie discord-sim;
  default = native.vigie;
  image = image { inherit (native) vigie; };
}
// lib.optionalAttrs pkgs.stdenv.hostPlatform.isx86_64 {
  vigie-aarch64 = aarch64.vigie;
  image-aarch64 = image {
    inherit (aarch64) vigie;
    architecture = "arm64";
  };
}
