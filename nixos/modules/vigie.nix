# The bot as a service: its configuration is checked while the system is built, its secrets are credentials,
# and it runs confined, without a user of its own.
{ self }:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.vigie;
  hardening = import ../lib/hardening.nix;
  format = pkgs.formats.toml { };
  credentials = "/run/credentials/vigie.service";

  # The build host's own Vigie reads the file, so that a system for another architecture is checked too.
  builder = self.packages.${pkgs.stdenv.buildPlatform.system}.vigie;
  unchecked = format.generate "vigie.toml" (
    lib.filterAttrsRecursive (_: value: value != null) cfg.settings
  );
  configFile = pkgs.runCommandLocal "vigie-checked.toml" { } ''
    ${lib.getExe builder} check-config --no-files ${unchecked}
    cp ${unchecked} $out
  '';
in
{
  options.services.vigie = {
    enable = lib.mkEnableOption "Vigie, which tells a team on Discord what happens on its forge";

    package = lib.mkOption {
      type = lib.types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.vigie;
      defaultText = lib.literalExpression "vigie.packages.\${system}.vigie";
      description = "The Vigie to run.";
    };

    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example = {
        discord-token = "/run/secrets/discord-token";
        gitea-secret = "/run/secrets/gitea-webhook-secret";
      };
      description = ''
        Files with secrets, by name. systemd reads them as root and shows them to Vigie alone, as
        {file}`${credentials}/NAME`. The names `discord-token` and `gitea-secret` are put into the settings
        by themselves; others are named there by hand.
      '';
    };

    settings = lib.mkOption {
      description = "Vigie's configuration, as in its documentation. It is checked while the system is built.";
      default = { };
      type = lib.types.submodule {
        freeformType = format.type;
        options = {
          language = lib.mkOption {
            type = lib.types.enum [
              "en"
              "fr"
            ];
            default = "en";
            description = "Language of channel messages; commands answer in the language of who calls them.";
          };
          discord = {
            token_file = lib.mkOption {
              type = lib.types.str;
              default = "${credentials}/discord-token";
              description = "File with the bot's token.";
            };
            guild = lib.mkOption {
              type = lib.types.nullOr lib.types.ints.positive;
              default = null;
              description = "Id of the Discord server.";
            };
            fallback_channel = lib.mkOption {
              type = lib.types.nullOr lib.types.ints.positive;
              default = null;
              description = "Id of the channel for what no route takes and for Vigie's own complaints.";
            };
          };
          http.listen = lib.mkOption {
            type = lib.types.str;
            default = "127.0.0.1:8080";
            description = "Address and port on which webhooks and the status page are served.";
          };
          store.path = lib.mkOption {
            type = lib.types.str;
            default = "/var/lib/vigie/vigie.db";
            description = "The database. The service can write below {file}`/var/lib/vigie` only.";
          };
        };
      };
    };
  };

  config = lib.mkIf cfg.enable {
    assertions =
      let
        inStore = lib.filterAttrs (_: lib.isStorePath) cfg.credentials;
        relative = lib.filterAttrs (_: path: !lib.hasPrefix "/" path) cfg.credentials;
        names = set: lib.concatStringsSep ", " (lib.attrNames set);
      in
      [
        {
          assertion = cfg.settings.discord.guild != null;
          message = "services.vigie.settings.discord.guild is not set: give it the id of your Discord server.";
        }
        {
          assertion = cfg.settings.discord.fallback_channel != null;
          message = "services.vigie.settings.discord.fallback_channel is not set: give it the id of a channel that Vigie may write to.";
        }
        {
          assertion =
            cfg.credentials ? discord-token
            || cfg.settings.discord.token_file != "${credentials}/discord-token";
          message = "services.vigie.credentials.discord-token is not set: give it the path of a file that holds the bot's token.";
        }
        {
          assertion = inStore == { };
          message = "services.vigie.credentials (${names inStore}) lie in the Nix store, which every user can read: name a file outside it, such as one made by sops-nix.";
        }
        {
          assertion = relative == { };
          message = "services.vigie.credentials (${names relative}) must be absolute paths.";
        }
        {
          assertion = lib.hasPrefix "/var/lib/vigie/" cfg.settings.store.path;
          message = "services.vigie.settings.store.path is '${cfg.settings.store.path}', but the service can write below /var/lib/vigie only.";
        }
      ];

    services.vigie.settings.sources = lib.mkIf (cfg.credentials ? gitea-secret) {
      gitea.secret_file = lib.mkDefault "${credentials}/gitea-secret";
    };

    systemd.services.vigie = {
      description = "Vigie, the lookout of the forge";
      documentation = [ "https://forge.example.org/vigie/vigie" ];
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      startLimitIntervalSec = 0;
      serviceConfig =
        hardening.default
        // hardening.network
        // {
          Type = "notify";
          ExecStart = "${lib.getExe cfg.package} run --config ${configFile}";
          LoadCredential = lib.mapAttrsToList (name: path: "${name}:${path}") cfg.credentials;
          StateDirectory = "vigie";
          StateDirectoryMode = "0700";
          WorkingDirectory = "/var/lib/vigie";
          WatchdogSec = "60s";
          Restart = "always";
          RestartSec = "5s";
          # A wrong configuration does not mend itself.
          RestartPreventExitStatus = 78;
          TimeoutStopSec = "30s";
        };
    };
  };
}
