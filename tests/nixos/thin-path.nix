# The path of one webhook on a whole system: a signed Gitea push reaches Vigie, becomes a row on disk, and
# shows once in a Discord channel, also when Vigie is killed on the way; and a unit of that system that fails.
{ self }:
let
  secret = "a secret for this test only";
  body = builtins.readFile ../bodies/gitea/push.json;
in
{
  name = "thin-path";

  nodes.pi =
    { lib, pkgs, ... }:
    let
      packages = self.packages.${pkgs.stdenv.hostPlatform.system};
    in
    {
      imports = [ self.nixosModules.vigie ];

      environment.etc = {
        "secrets/discord-token".text = "token";
        "secrets/gitea".text = secret;
        "push.json".text = body;
      };
      environment.systemPackages = [
        pkgs.curl
        pkgs.jq
        pkgs.openssl
      ];

      systemd.services.discord-sim = {
        wantedBy = [ "multi-user.target" ];
        before = [ "vigie.service" ];
        serviceConfig = {
          DynamicUser = true;
          ExecStart = "${lib.getExe packages.discord-sim} --listen 127.0.0.1:4000";
        };
      };

      services.vigie = {
        enable = true;
        credentials = {
          discord-token = "/etc/secrets/discord-token";
          gitea-secret = "/etc/secrets/gitea";
        };
        settings = {
          discord = {
            guild = 1000;
            fallback_channel = 2000;
            endpoint = {
              rest = "http://127.0.0.1:4000";
              gateway = "ws://127.0.0.1:4000/gateway";
            };
          };
          routes = [ { channels = [ 2001 ]; } ];
          sources.systemd.enable = true;
        };
      };
      systemd.services.backup.serviceConfig = {
        Type = "oneshot";
        ExecStart = lib.getExe' pkgs.coreutils "false";
      };
      # The guild must be there before the bot looks for it.
      systemd.services.vigie.wantedBy = lib.mkForce [ ];
    };

  testScript = ''
    import json

    sim = "http://127.0.0.1:4000/_sim"
    guild = json.dumps({
        "id": "1000",
        "name": "harbor",
        "channels": [{"id": "2000", "name": "vigie"}, {"id": "2001", "name": "forge"}],
    })


    def post(delivery):
        """Sends the push as Gitea does, and returns the HTTP status."""
        return pi.succeed(
            "signature=$(openssl dgst -sha256 -hmac '${secret}' -r /etc/push.json | cut -d ' ' -f 1); "
            "curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' "
            "-H 'X-Gitea-Event: push' -H 'X-Gitea-Event-Type: push' "
            f"-H 'X-Gitea-Delivery: {delivery}' -H \"X-Gitea-Signature: $signature\" "
            "--data-binary @/etc/push.json http://127.0.0.1:8080/hooks/gitea"
        )


    def shown():
        """How many messages the channel shows."""
        return int(pi.succeed(f"curl -sf {sim}/channels/2001/messages | jq length"))


    def says(text):
        """Whether a message of the channel has this in its title."""
        title = f"any(.[]; .embeds[0].title | contains(\"{text}\"))"
        return f"curl -sf {sim}/channels/2001/messages | jq -e '{title}'"


    start_all()
    pi.wait_for_unit("discord-sim.service")
    pi.wait_for_open_port(4000)
    pi.succeed(f"curl -sf --json '{guild}' {sim}/guilds")
    pi.succeed("systemctl start vigie.service")
    pi.wait_until_succeeds("curl -sf http://127.0.0.1:8080/readyz")

    with subtest("a signed push becomes one message"):
        assert post("first") == "204"
        pi.wait_until_succeeds(f"curl -sf {sim}/channels/2001/messages | jq -e 'length == 1'")

    with subtest("a repeat shows nothing new"):
        assert post("first") == "204"
        assert post("second") == "204"

    with subtest("a kill loses nothing and repeats nothing"):
        pi.succeed("systemctl kill --signal=SIGKILL vigie.service")
        pi.wait_until_succeeds("curl -sf http://127.0.0.1:8080/readyz")
        assert post("third") == "204"
        assert shown() == 1

    with subtest("a push with a wrong signature is refused"):
        status = pi.succeed(
            "curl -s -o /dev/null -w '%{http_code}' -H 'X-Gitea-Event: push' "
            "-H 'X-Gitea-Signature: 00' --data '{}' http://127.0.0.1:8080/hooks/gitea"
        )
        assert status == "401", status

    with subtest("a unit that fails is one message, which its end edits"):
        pi.fail("systemctl start backup.service")
        pi.wait_until_succeeds(says("backup.service failed"))
        pi.succeed("systemctl reset-failed backup.service")
        pi.wait_until_succeeds(says("backup.service no longer counts as failed"))
        assert shown() == 2

    with subtest("the store is private, and the unit is confined"):
        assert pi.succeed("stat -c %a /var/lib/vigie/vigie.db").strip() == "600"
        assert "ProtectSystem=strict" in pi.succeed("systemctl show vigie.service")
  '';
}
