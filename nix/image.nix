# An OCI image with Vigie and nothing else: no shell, no package manager, a user without a name. It is put
# together by the build host's own tools, also for another architecture.
{
  cacert,
  dockerTools,
  lib,
  vigie,
  architecture ? dockerTools.defaultArchitecture or "amd64",
}:
dockerTools.buildLayeredImage {
  name = "vigie";
  tag = vigie.version;
  inherit architecture;
  contents = [ cacert ];
  # What the demo and the store write, for a run without a volume.
  extraCommands = "mkdir -m 1777 tmp";
  config = {
    Entrypoint = [ (lib.getExe vigie) ];
    Cmd = [ "--help" ];
    User = "65532:65532";
    Env = [ "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt" ];
    Labels = {
      "org.opencontainers.image.licenses" = "MIT OR Apache-2.0";
      "org.opencontainers.image.source" = "https://forge.example.org/vigie/vigie";
      "org.opencontainers.image.version" = vigie.version;
    };
  };
}
